from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from audit.admin import RecordAdmin
from customers.admin import run
from feedback import deleting
from feedback.models import Document
from feedback.search import query_of


@admin.register(Document)
class DocumentAdmin(RecordAdmin):
    """Documents, with the commands of the dashboard for those that are selected."""

    list_display = ("pk", "title", "channel", "state", "customer_id", "account_id", "occurred_at")
    list_filter = ("state", "channel", "link")
    search_help_text = "Words of title and body"
    actions = ("delete_them", "restore_them")

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self.list_filter

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return super().get_queryset(request).defer("search_vector")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        query = None if "\0" in search_term else query_of(search_term[:200])
        return (queryset if query is None else queryset.filter(Q(query))), False

    def view_on_site(self, obj: Document) -> str:
        return reverse("documents:detail", args=[obj.pk])

    @admin.action(description="Delete (they can be restored)")
    def delete_them(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        run(request, queryset, deleting.delete_many, "deleted")

    @admin.action(description="Restore")
    def restore_them(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        run(request, queryset, deleting.restore_many, "restored")
