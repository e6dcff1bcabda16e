"""Django's own admin for superusers (8.6): every model can be found and looked at, with its history of the audit log.

Rows are changed by the commands of the dashboard alone, so that no rule, lock, hold or audit entry is passed by: they
are read-only here. What has a command that fits a selection offers it as an action; the rest links to the dashboard.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode

from audit.history import Book, tell
from audit.log import with_names
from audit.models import Change, Entry
from staff.permissions import permissions_of

MOST_COUNTED = 10_000
SECRETS = frozenset({
    "password", "secret_hash", "session_data", "session_digest", "token", "data", "secret", "old_secret",
})  # fmt: skip
SHOWN = 6  # columns of a list
HISTORY = 50
SHORT = (
    models.IntegerField, models.BooleanField, models.DateTimeField, models.DateField, models.DecimalField,
    models.ForeignKey,
)  # fmt: skip
SUBJECTS = ("customer_id", "document_id", "account_id")


class Site(admin.AdminSite):
    """For superusers who signed in where everybody does, with whatever that asks of them."""

    site_header = site_title = "Roster"
    index_title = "Everything there is"
    site_url = "/"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        following = request.GET.get("next", reverse("admin:index"))
        return redirect(f"{reverse('staff:sign_in')}?{urlencode({'next': following})}")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("staff:sign_out")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("staff:preferences")


class CappedPaginator(Paginator):
    """Counts no further than anybody pages: tables have millions of rows."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MOST_COUNTED].count())


class RecordAdmin(admin.ModelAdmin):
    """A model as it is stored: list, search, filters, every column but secrets, and the history of each row."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 200
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.opts.get_fields() if field.name in SECRETS]

    def get_list_display(self, request: HttpRequest) -> Any:
        """The number and the first short columns; relations as numbers, so that a list is one query."""
        texts = [field for field in self._columns if isinstance(field, models.CharField) and not field.primary_key]
        others = [field for field in self._columns if isinstance(field, SHORT) and not field.primary_key]
        return ["pk", *(field.attname for field in [*texts[:2], *others][:SHOWN])]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [field.name for field in self._columns if field.choices or isinstance(field, models.BooleanField)]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Numbers and beginnings, which indexes or short tables answer."""
        names = [
            field.name for field in self._columns
            if isinstance(field, models.CharField) and not field.choices and field.name not in SECRETS
        ]  # fmt: skip
        return ["=pk", *(f"{name}__startswith" for name in names)]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if "\0" in search_term or len(search_term) > 200:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the audit log knows of this row, newest first."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if "audit.view" not in permissions_of(request.user):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {self.opts.verbose_name} {obj.pk}",
            "opts": self.opts, "object": obj, "told": self._history(obj, request.user), **(extra_context or {}),
        }  # fmt: skip
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/history_of_row.html", context)

    def _history(self, obj: Any, viewer: Any) -> list[Any]:
        changes = list(self._changes(obj)[:HISTORY])
        about = Q(pk__in=[change.entry_id for change in changes])
        if isinstance(obj.pk, int):
            about |= Q(subject_type=self.opts.model_name, subject_id=obj.pk)
        entries = list(with_names(Entry.objects.filter(about)).order_by("-at", "-id")[:HISTORY])
        of_entry: dict[int, list[Change]] = {entry.pk: [] for entry in entries}
        for change in changes:
            if change.entry_id in of_entry:
                of_entry[change.entry_id].append(change)
        return tell(entries, of_entry, Book(viewer))

    def _changes(self, obj: Any) -> Any:
        """The changes of the row, found through the record that it belongs to: the log has no index of all rows."""
        if not isinstance(obj.pk, int):
            return Change.objects.none()
        own = Change.objects.filter(table=self.opts.db_table, row_id=obj.pk).order_by("-id")
        column = f"{self.opts.model_name}_id"
        if column in SUBJECTS:
            return own.filter(**{column: obj.pk})
        for name in SUBJECTS:
            if getattr(obj, name, None):
                return own.filter(**{name: getattr(obj, name)})
        entries = Entry.objects.filter(subject_type=self.opts.model_name, subject_id=obj.pk)
        return own.filter(entry__in=entries.values("pk"))

    @cached_property
    def _columns(self) -> list[Any]:
        return [field for field in self.opts.concrete_fields if field.name not in SECRETS]
