from typing import TYPE_CHECKING

from customers.models.bulk_edit import BulkJob

if TYPE_CHECKING:
    from customers.selecting import Kind


class DocumentEdit(BulkJob):
    """A change to many documents."""

    @property
    def kind(self) -> "Kind":
        from feedback.bulk import DOCUMENTS

        return DOCUMENTS
