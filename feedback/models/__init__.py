from feedback.models.document import Document, DocumentTag

__all__ = ["Document", "DocumentTag"]
