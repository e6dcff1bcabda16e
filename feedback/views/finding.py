"""Looking a document up, the same way everywhere: invisible and deleted means absent."""

from collections.abc import Collection

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from customers.models import Customer
from feedback.models import Document
from staff.permissions import teams_of


def document_for(request: HttpRequest, pk: int, states: Collection[str] = (Document.State.ACTIVE,)) -> Document:
    visible = Document.objects.visible_to(request.user).filter(state__in=states)
    related = visible.select_related("customer", "account", "source").defer("search_vector", "content_digest")
    return get_object_or_404(related, pk=pk)


def is_visible(request: HttpRequest, customer: Customer) -> bool:
    """Whether the reader may see this customer, whose document they may see."""
    if teams_of(request.user) is None:
        return True
    return Customer.objects.visible_to(request.user).filter(pk=customer.pk).exists()


def document_to_assign(request: HttpRequest, pk: int) -> Document:
    """The document, for giving it another customer; 404 where it has one that the reader may not see."""
    document = document_for(request, pk)
    if document.customer is not None and not is_visible(request, document.customer):
        raise Http404
    return document
