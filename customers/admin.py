from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from audit.actor import Actor
from audit.admin import RecordAdmin
from customers import deleting
from customers.models import Customer
from customers.search import conditions

MOST_AT_ONCE = 200


@admin.register(Customer)
class CustomerAdmin(RecordAdmin):
    """Customers, with the commands of the dashboard for those that are selected."""

    list_display = ("pk", "display_name", "primary_email", "state", "feedback_count", "last_seen_at")
    list_filter = ("state", "origin")
    search_help_text = "Name, email, phone, user ID or handle, or any part of one"
    actions = ("delete_them", "restore_them", "merge_them", "delete_them_permanently")

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self.list_filter

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        try:
            return queryset.filter(*[one.q for one in conditions(search_term)]), False
        except ValidationError as error:
            messages.warning(request, error.messages[0])
            return queryset.none(), False

    def view_on_site(self, obj: Customer) -> str:
        return reverse("customers:detail", args=[obj.pk])

    @admin.action(description="Delete (they can be restored)")
    def delete_them(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        run(request, queryset, deleting.delete_many, "deleted")

    @admin.action(description="Restore")
    def restore_them(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        run(request, queryset, deleting.restore_many, "restored")

    @admin.action(description="Merge…")
    def merge_them(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        ids = list(queryset.values_list("pk", flat=True)[:11])
        if not 2 <= len(ids) <= 10:
            messages.error(request, "Select two to ten customers to merge.")
            return None
        rest = "&".join(f"with={pk}" for pk in ids[1:])
        return redirect(f"{reverse('customers:merge', args=[ids[0]])}?{rest}")

    @admin.action(description="Delete permanently…")
    def delete_them_permanently(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        ids = list(queryset.values_list("pk", flat=True)[:2])
        if len(ids) != 1:
            messages.error(request, "Select one customer: its page asks for the name and counts what goes.")
            return None
        return redirect("retention:permanent_deletion", ids[0])


def run(request: HttpRequest, queryset: QuerySet[Any], command: Any, done: str) -> None:
    """Runs a command of many on what is selected, as this superuser through the admin, and says what it did."""
    ids = list(queryset.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    if len(ids) > MOST_AT_ONCE:
        messages.error(request, f"At most {MOST_AT_ONCE} at once; the dashboard's lists do more in the background.")
        return
    outcome = command(ids, actor=Actor.of_staff(request.user, via="admin"))
    messages.success(request, f"{len(outcome.changed)} {done}.")
    for pk, why in outcome.skipped.items():
        messages.warning(request, f"{pk}: {why}")
