"""The pages of one account, and the answers of everything that is edited on its overview (3.1, 3.3).

Each part of the overview is a partial. A form stands open inside its part; without scripts the same address shows the
whole page with that form open.
"""

from typing import Any

from django.db.models import Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.models import Account
from core import htmx
from core.addresses import address
from core.paging import Sort, keyset
from core.ui import reading_of
from customers import listing, rows
from customers.accounts.page import PROPERTIES_SUGGESTED, AccountPage
from customers.accounts.views.standing import facts_of
from customers.models import Customer, Membership
from customers.search import Condition
from customers.views.profile import Opened
from properties.models import Definition
from staff.permissions import requires

PAGE = "accounts/overview.html"
PARTS = ("account-header", "properties")
BY_PLACE = Sort("place", "place")


@requires("accounts.view", "customers.view")
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The overview, read-only for a deleted account; `focus` is what gets the keyboard when a form is cancelled."""
    return show(request, readable_for(request, pk), focus=request.GET.get("focus", ""))


@requires("accounts.view", "customers.view")
@require_GET
def customers(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody who belongs to the account, in the order of the customers list (3.3)."""
    account = readable_for(request, pk)
    sort = listing.sort_of(request.GET.get("sort", ""))
    members = Membership.objects.filter(account=account).values("customer")
    inside = [Condition(Q(pk__in=members), probe=members)]
    visible = Customer.objects.visible_to(request.user).active()
    page = listing.find(visible, inside, sort, request.GET.get("cursor"), shape=rows.columns).page
    roles = _roles(account, [row.id for row in page.rows])
    finished = rows.finished(page.rows, rows.beside(page.rows, request.user), reading_of(request))
    context = {
        **context_of(request, account, "customers"),
        "page": page,
        "rows": [(*row, roles.get(row[0], "")) for row in finished],
        "sort": sort.text,
        "list_url": f"{reverse('customers:list')}?account={account.pk}",
    }
    return htmx.page(request, "accounts/customers.html", context, partials=(htmx.RESULTS,))


@requires("accounts.view", "customers.view")
@require_GET
def activity(request: HttpRequest, pk: int) -> HttpResponse:
    """Who changed what about the account, its people and what hangs on it (3.1)."""
    account = readable_for(request, pk)
    context = {
        **context_of(request, account, "activity"),
        "history_url": address("audit:history", "account", account.pk),
    }
    return htmx.page(request, "accounts/activity.html", context)


def account_for(request: HttpRequest, pk: int) -> Account:
    """The active account with this id, or 404."""
    return get_object_or_404(Account.objects.visible_to(request.user).active(), pk=pk)


def readable_for(request: HttpRequest, pk: int) -> Account:
    """The account with this id, deleted or not, or 404."""
    return get_object_or_404(Account.objects.visible_to(request.user).readable(), pk=pk)


def context_of(request: HttpRequest, account: Account, tab: str) -> dict[str, Any]:
    """What every page of an account shows: its head, its tabs, its banners."""
    return {
        "account": account,
        "about": AccountPage(account, request.user, tab),
        **facts_of(request, account),
    }


def show(
    request: HttpRequest, account: Account, *, opened: Opened | None = None, status: int = 200, focus: str = ""
) -> HttpResponse:
    """The overview, or the part of it that was asked for. `focus` is the id of what gets the keyboard after an edit."""
    context = {
        **context_of(request, account, "overview"),
        "opened": opened,
        "form": opened.form if opened else None,
        "focus": focus,
        "types": Definition.Type.choices,
        "keys": lambda: _keys(opened.form if opened else None),
        "surveys_url": address("surveys:of_account", account.pk),
        "channels_url": address("account_feedback:channels", account.pk),
    }
    return htmx.page(request, PAGE, context, partials=PARTS, status=status)


def done(request: HttpRequest, account: Account, text: str, *, part: str, focus: str = "") -> HttpResponse:
    """The answer to an edit: the part as it is now, or the page."""
    if not htmx.wanted(request, PARTS):
        return htmx.redirect(request, f"{reverse('accounts:detail', args=[account.pk])}#{part}", toast=text)
    response = show(request, Account.objects.get(pk=account.pk), focus=focus)
    htmx.announce(response, text)
    return htmx.trigger(response, "account-changed")


def _roles(account: Account, ids: list[int]) -> dict[int, str]:
    """What each of these customers is in the account."""
    found = Membership.objects.filter(account=account, customer__in=ids)
    return {
        customer: "Owner" if owner else "Key contact" if key else "Contact" if contact else "Member"
        for customer, owner, key, contact in found.values_list("customer_id", "owner", "key_contact", "contact")
    }


def contacts_page(about: AccountPage, cursor: str | None) -> Any:
    """A page of contacts, key contacts first, then by name."""
    return keyset(about.contacts, BY_PLACE, cursor)


def _keys(form: Form | None) -> list[tuple[str, str]]:
    """What the open form suggests as (key, label)."""
    subject = getattr(form, "subject", "")
    known = Definition.objects.filter(subject=subject).values_list("key", "label")
    return list(known[:PROPERTIES_SUGGESTED]) if subject else []
