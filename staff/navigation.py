"""What the sidebar offers: one list, each entry with the permission its page needs."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from core.addresses import address
from staff.permissions import EVERY_PERMISSION, permissions_of


@dataclass(frozen=True)
class Entry:
    label: str
    url_name: str
    icon: str
    permission: str
    key: str = ""  # pressed after g
    whole_app: bool = True  # the entry is the current one on every page of its app
    also: tuple[str, ...] = ()  # and on those of these namespaces

    @property
    def url(self) -> str:
        return address(self.url_name)

    def is_current(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        if match is None:
            return False
        own = {self.url_name.partition(":")[0], *self.also} if self.whole_app else set()
        return match.view_name == self.url_name or match.namespace in own


MAIN = [
    Entry("Overview", "dashboard:overview", "layout-dashboard", "overview.view", key="o", whole_app=False),
    Entry("Customers", "customers:list", "users", "customers.view", key="c"),
    Entry("Accounts", "accounts:list", "building-2", "accounts.view", key="n"),
    Entry("Documents", "documents:list", "file-text", "documents.view", key="d"),
    Entry("Segments", "segments:list", "shapes", "customers.view", key="e"),
    Entry("Surveys", "surveys:list", "gauge", "customers.view", key="v"),
    Entry("Usage", "usage:list", "activity", "usage.view", key="u"),
    Entry("Campaigns", "campaigns:list", "megaphone", "campaigns.view", key="b"),
    Entry("Imports", "imports:list", "upload", "imports.run", key="i"),
]
WORKSPACE = [
    Entry("Properties", "properties:list", "sliders-horizontal", "customers.edit", key="p"),
    Entry("Tags", "tags:list", "tags", "customers.view", key="t"),
    Entry("Teams", "teams:list", "shield-check", "teams.manage", key="m"),
    Entry("Retention", "policies:list", "timer", "retention.manage", key="r"),
    Entry("Integrations", "integrations:list", "plug", "integrations.manage", key="w", also=("outgoing", "link-rules")),
    Entry("Staff", "colleagues:list", "users-round", "staff.manage", key="s"),
    Entry("Audit log", "audit:list", "scroll-text", "audit.view", key="a"),
]


@dataclass(frozen=True)
class Shown:
    label: str
    url: str
    icon: str
    key: str
    current: bool


def shown(request: HttpRequest, entries: list[Entry]) -> list[Shown]:
    """The entries that exist and that this user may open."""
    held = permissions_of(request.user)
    return [
        Shown(entry.label, entry.url, entry.icon, entry.key, entry.is_current(request))
        for entry in entries
        if entry.permission in held and entry.url
    ]


class May:
    """`{% if may.customers_edit %}`: what the user of this page may do. An unknown permission is a mistake."""

    def __init__(self, user: Any) -> None:
        self.held = permissions_of(user)

    def __getitem__(self, name: str) -> bool:
        permission = name.replace("_", ".", 1)
        if permission not in EVERY_PERMISSION:
            raise RuntimeError(f"No such permission: {permission}")
        return permission in self.held
