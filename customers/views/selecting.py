"""The pages of a change to many rows of a list: at once when a page holds them, otherwise in the background."""

from dataclasses import dataclass
from typing import cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render, resolve_url
from django.urls import reverse
from django.utils.html import escape

from audit.actor import Actor
from core import clock, htmx
from core.ui import number_text
from customers.models.bulk_edit import BulkJob
from customers.selecting import AT_ONCE, Applied, Kind, Selection, of_action
from customers.views.deleting import kept
from staff.models import User
from staff.permissions import may, teams_of


@dataclass(frozen=True)
class BulkPages:
    """What is particular to one list: names of its addresses, and the event after which it is asked for again."""

    kind: Kind
    job: type[BulkJob]
    list_name: str
    job_name: str
    undo_tag: str
    undo_delete: str
    event: str

    def act(self, request: HttpRequest) -> HttpResponse:
        """Changes the selected rows."""
        action = request.POST.get("action", "")
        now = clock.now()
        if action in self.kind.actions and not may(request.user, self.kind.needs(action)):
            raise PermissionDenied
        try:
            if action not in self.kind.actions:
                raise ValidationError(f"Choose what to do with the selected {self.kind.noun}s.")
            selection = Selection.of(request.POST, self.kind)
            user = cast(User, request.user)
            tag_name = self.kind.named(action, self.kind.typed(action, request.POST))
            chosen = selection.rows(user, now).filter(state=of_action(action))
            ids = list(chosen.values_list("pk", flat=True)[: AT_ONCE + 1])
        except ValidationError as error:
            return self.refused(request, error.messages[0])
        if max(len(ids), len(selection.ids)) > AT_ONCE:
            return htmx.redirect(request, self.job_name, self._begin(user, action, tag_name, selection).pk)
        applied = self.kind.apply(action, tag_name, ids, actor=Actor.of_staff(user), now=now)
        return self._done(request, action, tag_name, applied, len(selection.ids) or len(ids))

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far a bulk edit is, and what it left out; POST stops it."""
        jobs = self.job.objects.all()
        if teams_of(request.user) is not None:  # what others changed may be of anybody
            jobs = jobs.filter(actor_id=request.user.pk)
        job = get_object_or_404(jobs, pk=pk)
        if request.method == "POST":
            job.cancel(clock.now())
            return htmx.redirect(request, self.job_name, pk)
        here = resolve_url(self.list_name)
        context = {
            "job": job,
            "noun": self.kind.noun,
            "url": reverse(self.job_name, args=[pk]),
            "list_url": here,
            "back": f"{here}?{job.query}" if job.query else here,
        }
        return htmx.page(request, "customers/bulk_edit.html", context, partials=("progress",))

    def refused(self, request: HttpRequest, text: str) -> HttpResponse:
        """Why nothing was done: beside what was pressed, or as a page."""
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(escape(text), status=422)
        context = {"text": text, "back": resolve_url(self.list_name), "back_to": f"the {self.kind.noun}s"}
        return render(request, "customers/refused.html", context, status=422)

    def _begin(self, user: User, action: str, tag_name: str, selection: Selection) -> BulkJob:
        filters = [] if selection.query is None else list(selection.filters(user).active())
        job = self.job.objects.create(
            actor=user, action=action, tag_name=tag_name, ids=list(selection.ids), query=selection.query,
            filter_count=len(filters), total=len(selection.ids) or None,
        )  # fmt: skip
        job.enqueue()
        return job

    def _done(self, request: HttpRequest, action: str, tag_name: str, applied: Applied, asked: int) -> HttpResponse:
        text, undo_url = self._said(action, tag_name, applied, asked), None
        if applied.number and action != "restore":
            undo = self.undo_delete if action == "delete" else self.undo_tag
            undo_url = reverse(undo, args=[applied.entry_id])
        if not request.htmx:  # type: ignore[attr-defined]
            query = QueryDict(request.POST.get("query", "")[:5_000]).urlencode()
            return htmx.redirect(request, f"{resolve_url(self.list_name)}?{query}", toast=text, undo_url=undo_url)
        response = HttpResponse(status=204)
        htmx.toast(response, text, undo_url)
        htmx.trigger(response, "selection-clear")
        return htmx.trigger(response, self.event)

    def _said(self, action: str, tag_name: str, applied: Applied, asked: int) -> str:
        numbers = f"{number_text(applied.number)} of {number_text(asked)}"
        why = f" {next(iter(applied.skipped.values()))}." if applied.skipped else ""
        text = self.kind.said(action, tag_name, numbers)
        if action == "delete" and applied.number:
            text = f"{text} {kept(f'{self.kind.noun}s')}".rstrip()
        return f"{text}{why}"
