"""Feedback of one account: the tab of its page, and how it arrived, for its overview (3.1)."""

from django.db.models import Count as Number
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.models import Account
from core import htmx
from core.charts import Count, counts
from core.paging import keyset
from customers.accounts.views.page import context_of, readable_for
from feedback.appearance import CHANNEL_LABELS
from feedback.listing import NEWEST
from feedback.models import Document
from feedback.rows import rows_of, shaped
from feedback.search import query_of
from staff.permissions import requires

COUNTED = 20_000  # of the newest documents, how many came through each channel


@requires("accounts.view", "customers.view", "documents.view")
@require_GET
def feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """All feedback of the account, newest first."""
    account = readable_for(request, pk)
    typed, channel = request.GET.get("q", "")[:300], request.GET.get("channel", "")
    found = _documents(request, account)
    if channel in CHANNEL_LABELS:
        found = found.filter(channel=channel)
    query = query_of(typed)
    if query is not None:
        found = found.filter(query)
    page = keyset(shaped(found), NEWEST, request.GET.get("cursor"))
    context = {
        **context_of(request, account, "feedback"),
        "page": page,
        "rows": rows_of(request, page.rows, typed),
        "typed": typed,
        "channel": channel,
        "channels": CHANNEL_LABELS.items(),
        "filtered": bool(channel or query),
        "list_url": f"{reverse('documents:list')}?account={account.pk}",
    }
    return htmx.page(request, "documents/of_account.html", context, partials=(htmx.RESULTS,))


@requires("accounts.view", "customers.view", "documents.view")
@require_GET
def channels(request: HttpRequest, pk: int) -> HttpResponse:
    """Through which channels the account's feedback came, the most used first."""
    account = get_object_or_404(Account.objects.visible_to(request.user).readable(), pk=pk)
    newest = _documents(request, account).order_by("-occurred_at", "-id").values("channel")[:COUNTED]
    found = Document.objects.filter(pk__in=newest.values("pk")).order_by().values_list("channel")
    here = reverse("documents:list")
    rows = [
        Count(CHANNEL_LABELS.get(channel, channel), number, f"{here}?account={pk}&channel={channel}")
        for channel, number in sorted(found.annotate(number=Number("pk")), key=lambda one: (-one[1], one[0]))
    ]
    context = {"account": account, "chart": counts(rows, "Feedback by channel", label="Channel") if rows else ""}
    return htmx.page(request, "documents/channels_of_account.html", context, partials=("channels",))


def _documents(request: HttpRequest, account: Account) -> QuerySet[Document]:
    return Document.objects.visible_to(request.user).active().filter(account=account)
