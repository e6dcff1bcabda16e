from feedback.models.document import Document, DocumentTag
from feedback.models.document_edit import DocumentEdit

__all__ = ["Document", "DocumentEdit", "DocumentTag"]
