"""`{% load surveys %}`: for pages of apps below this one, which cannot import it."""

from django import template

from core.paging import Page
from customers.models import Customer
from engagement.models import SurveyResponse
from engagement.views.surveys import answers_of

register = template.Library()


@register.simple_tag
def answerer(answer: SurveyResponse, people: dict[int, Customer]) -> Customer | None:
    """Who of `people` answered; None when it is nobody that the reader may see."""
    return people.get(answer.customer_id or 0)


@register.simple_tag(takes_context=True)
def latest_answers(context: template.Context, customer: Customer) -> Page:
    """`{% latest_answers customer as page %}`: the newest page of answers, for the partial `surveys`."""
    return answers_of(customer, context["request"].user)
