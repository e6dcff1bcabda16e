"""What a merge of customers does with what this app keeps about them."""

from api.models import Answer
from customers.merge_rules import Stays, register

register(Stays(Answer, "customer", why="Goes with whom it is about, who goes with the survivor, and after a day"))
