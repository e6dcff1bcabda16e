from customers.models.bulk_edit import AccountBulkEdit, BulkEdit
from customers.models.customer import Customer, CustomerValue
from customers.models.duplicate import DuplicateCandidate
from customers.models.identifier import Identifier
from customers.models.login import Login
from customers.models.membership import Membership
from customers.models.merge import Merge
from customers.models.note import Note
from customers.models.segment import Segment, SegmentCount, SegmentMember
from customers.models.suppression import Erasure, KeyProof, Suppression
from customers.models.tag import CustomerTag, Tag
from customers.models.tag_rewrite import TagRewrite

__all__ = [
    "AccountBulkEdit",
    "BulkEdit",
    "Customer",
    "CustomerTag",
    "CustomerValue",
    "DuplicateCandidate",
    "Erasure",
    "Identifier",
    "KeyProof",
    "Login",
    "Membership",
    "Merge",
    "Note",
    "Segment",
    "SegmentCount",
    "SegmentMember",
    "Suppression",
    "Tag",
    "TagRewrite",
]
