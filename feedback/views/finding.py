"""Looking a document up, the same way everywhere: invisible and deleted means absent."""

from collections.abc import Collection

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from feedback.models import Document


def document_for(request: HttpRequest, pk: int, states: Collection[str] = (Document.State.ACTIVE,)) -> Document:
    visible = Document.objects.visible_to(request.user).filter(state__in=states)
    related = visible.select_related("customer", "account", "source").defer("search_vector", "content_digest")
    return get_object_or_404(related, pk=pk)
