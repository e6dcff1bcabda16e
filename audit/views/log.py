"""The audit log (8.5): everything that anybody did, filtered, and each entry with all that it changed."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from audit.actor import Actor
from audit.exporting import stream
from audit.filters import SYSTEM, WAYS, EntryFilter, things
from audit.history import LOADERS, Book, phrase, tell
from audit.log import did, page_of, with_names
from audit.models import Entry, Source
from audit.recording import recorded
from core import clock, htmx
from staff.models import Role, User
from staff.permissions import requires

PAGE = "audit/list.html"
IN_BAR = {"who": "Who", "action": "Action", "way": "Through", "when": "Time", "impersonated": "Impersonated"}
OFFERED = 60


@requires("audit.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    asked = EntryFilter(request.GET, Entry.objects.all())
    wrong = asked.wrong
    found, told, changed = page_of(Entry.objects.none() if wrong else asked.qs, request.GET.get("cursor"), request.user)
    chips = _chips(request, asked)
    context = {
        "rows": [
            (one, WAYS.get(entry.via, entry.via), changed.get(entry.pk, 0))
            for one, entry in zip(told, found.rows, strict=True)
        ],
        "page": found,
        "wrong": wrong,
        "in_bar": [(name, label, chips.get(name)) for name, label in IN_BAR.items()],
        "about": chips.get("about"),
        "active": len(chips),
        "menus": _menus(asked),
        "menus_again": request.headers.get("HX-Trigger") != "filters",  # else whoever is choosing would lose the menu
        "query": request.GET.urlencode(),
        "nothing_url": reverse("audit:list"),
        "announcement": f"{len(told)} entries" if told else "No entries",
    }
    return htmx.page(request, PAGE, context, partials={htmx.RESULTS})


@requires("audit.view")
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with every row that it changed, a hundred at a time."""
    entry = get_object_or_404(with_names(Entry.objects.all()), pk=min(pk, 2**63 - 1))
    after = request.GET.get("after", "")
    rows, more = did(entry, request.user, after=int(after[:18]) if after.isascii() and after.isdigit() else 0)
    (told,) = tell([entry], {}, Book(request.user))
    context = {"entry": entry, "told": told, "rows": rows, "more": more, "way": WAYS.get(entry.via, entry.via)}
    return htmx.page(request, "audit/entry.html", context, partials={"drawer"})


@requires("audit.view", "exports.run")
@require_POST
def export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The entries that the list shows as CSV; that they were exported is an entry, too."""
    now = clock.now()
    asked = EntryFilter(QueryDict(request.POST.get("query", "")[:5_000]), Entry.objects.all())
    if asked.wrong:
        texts = " ".join(text for texts in asked.wrong.values() for text in texts)
        context = {"text": texts, "back": reverse("audit:list"), "back_to": "the audit log"}
        return render(request, "customers/refused.html", context, status=422)
    with recorded(
        Actor.of_staff(cast(User, request.user)),
        "audit.exported",
        now=now,
        facts={"filters": len(list(asked.active()))},
    ):
        pass
    response = StreamingHttpResponse(stream(asked.qs), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{now:%Y-%m-%d}.csv"'
    response["X-Accel-Buffering"] = "no"
    return response


def _menus(asked: EntryFilter) -> dict[str, Any]:
    """What the menus of the filter bar offer, as (value, label, chosen)."""
    given = asked.data
    staff = User.objects.exclude(role=Role.PORTAL).order_by("name", "email")[:OFFERED]
    who = [(SYSTEM, "Roster itself"), *((f"user:{user.pk}", str(user)) for user in staff)]
    who += [(f"source:{pk}", name) for pk, name in Source.objects.order_by("name").values_list("pk", "name")[:OFFERED]]
    lists = {"who": who, "action": list(things().items()), "way": list(WAYS.items())}
    return {
        "lists": [
            (name, IN_BAR[name], [("", "Any", not given.get(name))] + [
                (value, label, given.get(name) == value) for value, label in pairs
            ])
            for name, pairs in lists.items()
        ],
        "since": given.get("since", ""),
        "until": given.get("until", ""),
        "impersonated": bool(asked.form.cleaned_data.get("impersonated")) if asked.is_valid() else False,
    }  # fmt: skip


def _chips(request: HttpRequest, asked: EntryFilter) -> dict[str, dict[str, str]]:
    """The filters that are set, in words, each with the address of the list without it."""
    values = dict(asked.active())
    said: dict[str, tuple[str, str]] = {}
    if "who" in values:
        said["who"] = "Who is", _named(request, *values["who"])
    if "action" in values:
        given = request.GET.get("action", "")
        said["action"] = "Action is", things().get(given) or phrase(given)
    if "way" in values:
        said["way"] = "Through", WAYS[values["way"]]
    if "about" in values:
        said["about"] = "About", _named(request, *values["about"])
    if "impersonated" in values:
        said["impersonated"] = "", "Impersonated"
    days = [
        f"{word} {values[name]:%d %b %Y}" for name, word in (("since", "since"), ("until", "until")) if name in values
    ]
    if days:
        said["when"] = "Time", ", ".join(days)
    return {
        name: {
            "label": label,
            "value": value,
            "without": _without(request, ["since", "until"] if name == "when" else [name]),
        }
        for name, (label, value) in said.items()
    }


def _named(request: HttpRequest, kind: str, number: int) -> str:
    if kind == SYSTEM:
        return "Roster itself"
    named = LOADERS[kind]({number}, request.user).get(number) if kind in LOADERS else None
    return named.text if named else f"{kind} {number}"


def _without(request: HttpRequest, names: list[str]) -> str:
    query = request.GET.copy()
    for name in [*names, "cursor"]:
        query.pop(name, None)
    return f"{reverse('audit:list')}?{query.urlencode()}"
