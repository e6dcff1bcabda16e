from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.text import fold
from dashboard import searching
from feedback.rows import rows_of
from staff.navigation import MAIN, WORKSPACE, address, shown
from staff.permissions import may, requires

PEOPLE, FEEDBACK, ACCOUNTS, RECENT = 6, 4, 3, 5


@dataclass(frozen=True)
class Command:
    label: str
    url: str
    icon: str
    keys: str = ""


@requires("search.view", "customers.view", "documents.view")
@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """The options of the palette: people, feedback, pages and commands; before typing, who was heard of last."""
    text = request.GET.get("q", "").strip()
    results = searching.search(text, request.user, people=PEOPLE, feedback=FEEDBACK, accounts=ACCOUNTS)
    context = {
        "q": text,
        "results": results,
        "people": results.people if text else searching.last_seen(request.user, most=RECENT),
        "documents": rows_of(request, results.feedback, text),
        "commands": [command for command in commands_of(request) if _means(command, text)],
    }
    return render(request, "dashboard/palette.html", context, status=422 if results.fault else 200)


def commands_of(request: HttpRequest) -> list[Command]:
    """What this user can do and open from anywhere."""
    acts = [
        ("Add customer", "customers:new", "user-plus", "customers.edit", "C"),
        ("Add organisation", "accounts:new", "building-2", "accounts.edit", ""),
        ("Import feedback", "imports:list", "upload", "imports.run", ""),
        ("Preferences", "staff:preferences", "settings", "preferences.edit", ""),
    ]
    found = [
        Command(label, address(name), icon, keys)
        for label, name, icon, permission, keys in acts
        if may(request.user, permission) and address(name)
    ]
    pages = shown(request, [*MAIN, *WORKSPACE])
    return found + [
        Command(f"Go to {one.label}", one.url, one.icon, f"G {one.key}".upper() if one.key else "") for one in pages
    ]


def _means(command: Command, text: str) -> bool:
    return all(word in fold(command.label) for word in fold(text).split())
