from feedback.models.document import Document, DocumentTag
from feedback.models.document_edit import DocumentEdit
from feedback.models.link_rule import Linking, LinkRule

__all__ = ["Document", "DocumentEdit", "DocumentTag", "LinkRule", "Linking"]
