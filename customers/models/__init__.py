from customers.models.bulk_edit import BulkEdit
from customers.models.customer import Customer, CustomerValue
from customers.models.duplicate import DuplicateCandidate
from customers.models.identifier import Identifier
from customers.models.membership import Membership
from customers.models.note import Note
from customers.models.tag import CustomerTag, Tag

__all__ = [
    "BulkEdit",
    "Customer",
    "CustomerTag",
    "CustomerValue",
    "DuplicateCandidate",
    "Identifier",
    "Membership",
    "Note",
    "Tag",
]
