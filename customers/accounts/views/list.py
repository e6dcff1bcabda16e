"""The list of accounts: searched, filtered, sorted, changed in bulk, exported (3.1)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Account
from audit.actor import Actor
from core import addresses, clock, htmx, schedules
from core.paging import Page, capped_count, keyset
from core.ui import capped_text, checked, number_text, reading_of
from customers import setting_many
from customers.accounts import exporting, listing
from customers.accounts.bulk import ACCOUNTS
from customers.accounts.chips import chips
from customers.accounts.filters import CONTACTS, OWNED, AccountsFilter
from customers.accounts.forms import FILTER_FORMS, MORE
from customers.chips import Chip, address
from customers.filters import FEEDBACK
from customers.models import AccountBulkEdit
from customers.views.export import Answer, of_selection
from customers.views.selecting import BulkPages
from staff.permissions import may, requires

IN_THE_BAR = {"contact": "Contacts", "owner": "Owner", "feedback": "Feedback"}
OWN = ("apply", "csrfmiddlewaretoken")
PAGES = BulkPages(
    ACCOUNTS, AccountBulkEdit, "accounts:list", "accounts:bulk_edit", "accounts:undo_bulk", "accounts:undo_delete",
    "account-changed",
)  # fmt: skip


@require_GET
@requires("accounts.view", "customers.view")
def show(request: HttpRequest) -> HttpResponse:
    """The accounts that the address asks for; 422 with the reason where a filter cannot be understood."""
    filters = filters_of(request)
    shown, wrong = chips(filters, request.user), filters.errors
    deleted = "deleted" in shown
    sort = listing.sort_of(request.GET.get("sort", ""), deleted=deleted)
    matching = filters.matching(now=timezone.now())
    page = Page() if wrong else keyset(matching, sort, request.GET.get("cursor"))
    beside, reading = listing.beside(page.rows), reading_of(request)
    keys = [] if deleted else listing.key_properties()
    alone = not (page.next or page.previous)
    context = {
        "page": page,
        "rows": listing.finished_deleted(page.rows, beside, reading)
        if deleted
        else listing.finished(page.rows, beside, keys, reading),
        "keys": [definition.label for definition in keys],
        "sort": sort.text,
        "q": request.GET.get("q", "") if "q" in wrong else filters.form.cleaned_data.get("q", ""),
        "q_error": wrong.get("q", [""])[0],
        "wrong": [(filters.filters[name].label, texts[0]) for name, texts in wrong.items()],
        "deleted": deleted,
        "picking": may(request.user, "accounts.delete") or (not deleted and may(request.user, "exports.run")),
        "kept": schedules.kept_days("accounts") if deleted else None,
        "count": len(page.rows) if alone and not wrong else None,
        "query": request.GET.urlencode(),
        **_bar(request, filters, shown),
    }
    partials = (htmx.RESULTS,)
    response = htmx.page(request, "accounts/list.html", context, partials=partials, status=422 if wrong else 200)
    if htmx.wanted(request, partials) and context["count"] is not None:
        htmx.announce(response, _announcement(len(page.rows)))
    return response


@require_GET
@requires("accounts.view", "customers.view")
def count(request: HttpRequest) -> HttpResponse:
    """How many accounts match, after the list itself is on the screen."""
    filters = filters_of(request)
    if filters.errors:
        return HttpResponse(status=422)
    number = capped_count(filters.matching(now=timezone.now()))
    response = render(request, "customers/_count.html", {"count": number})
    if "say" in request.GET:
        htmx.announce(response, _announcement(number))
    return response


@require_GET
@requires("accounts.view", "customers.view")
def choose(request: HttpRequest, kind: str) -> HttpResponse:
    """A filter that needs more room than a menu: a dialog of the list, and a page where there is no script."""
    if kind not in FILTER_FORMS:
        raise Http404
    applying = "apply" in request.GET
    initial = request.GET.dict() if "property" in request.GET else {}
    form = FILTER_FORMS[kind](request.GET if applying else None, initial=initial)
    kept = request.GET.copy()
    for name in [*form.fields, *OWN]:
        kept.pop(name, None)
    if applying and form.is_valid():
        changes: dict[str, Any] = form.changes(kept)
        return htmx.redirect(request, resolve_url("accounts:list") + address(kept, **changes))
    context = {
        "form": form,
        "kind": kind,
        "title": form.title,
        "kept": [(name, value) for name, values in kept.lists() for value in values if value and name != "cursor"],
        "back": resolve_url("accounts:list") + address(kept),
    }
    return htmx.page(request, "accounts/filter.html", context, partials=("dialog",), status=422 if applying else 200)


@require_POST
@requires("accounts.view", "accounts.edit")
def act(request: HttpRequest) -> HttpResponse:
    """Changes the selected accounts: at once when a page holds them, otherwise in the background."""
    return PAGES.act(request)


@require_POST
@requires("accounts.view", "accounts.edit")
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Gives the accounts back what `act` changed of a property."""
    put_back = setting_many.put_back(Account, entry_id, actor=Actor.of_staff(request.user), now=clock.now())
    if put_back is None:
        raise Http404
    key, ids = put_back
    text = f"Undone: property “{key}” on {number_text(len(ids))} account{'' if len(ids) == 1 else 's'}."
    return htmx.back(request, "accounts:list", toast=text)


@requires("accounts.view", "accounts.edit")
@require_http_methods(["GET", "POST"])
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a bulk edit is, and what it left out; POST stops it."""
    return PAGES.progress(request, pk)


@require_POST
@requires("accounts.view", "exports.run")
def export(request: HttpRequest) -> Answer:
    """The selected accounts, or all that the list shows, as CSV."""
    return of_selection(request, ACCOUNTS, exporting.stream, listing.sort_of, "accounts.exported")


@require_POST
@requires("accounts.view", "customers.view", "exports.run")
def export_members(request: HttpRequest) -> Answer:
    """Who belongs to the selected accounts, or to all that the list shows, as CSV."""
    return of_selection(request, ACCOUNTS, exporting.stream_memberships, listing.sort_of, "memberships.exported")


def filters_of(request: HttpRequest) -> AccountsFilter:
    """The filters in the address; staff see what they may see."""
    accounts = Account.objects.visible_to(request.user)
    return AccountsFilter(request.GET, accounts, zone=timezone.get_current_timezone())


def _bar(request: HttpRequest, filters: AccountsFilter, shown: dict[str, Chip]) -> dict[str, Any]:
    """What the filter bar shows: its menus, which are checked, and chips for the filters without a menu."""
    values = {name: filters.form.cleaned_data.get(name) or [] for name in IN_THE_BAR}
    offered = {"contact": CONTACTS, "owner": OWNED, "feedback": FEEDBACK}
    # The filter form is on the page already when only the results are asked for by it: its menus stay as they are
    own = request.htmx.trigger == "filters" or request.htmx.trigger == "q"  # type: ignore[attr-defined]
    return {
        "in_bar": [(name, label, shown.get(name)) for name, label in IN_THE_BAR.items()],
        "others": [chip for key, chip in shown.items() if key not in IN_THE_BAR],
        "clear_all": len(shown) > 1,
        "active": len(shown),
        "menus": [
            (name, label, [(code, text, checked(code in values[name])) for code, text in offered[name].items()])
            for name, label in IN_THE_BAR.items()
        ],
        "menus_again": not own,
        "more_filters": [(addresses.fixed("accounts:filter", kind), label) for kind, label in MORE],
        "deleted_url": address(request.GET, deleted=[] if "deleted" in shown else ["true"]),
    }


def _announcement(number: int) -> str:
    return f"{capped_text(number)} {'account' if number == 1 else 'accounts'}"
