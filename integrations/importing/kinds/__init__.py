"""The kinds of rows by name, each in a module of its own, and which one a file probably has."""

from dataclasses import replace

from core.text import fold
from integrations.importing.checking import check
from integrations.importing.guessing import plain_name, uses_of_export
from integrations.importing.kind import Kind
from integrations.importing.kinds.accounts import Accounts
from integrations.importing.kinds.customers import Customers
from integrations.importing.kinds.documents import Documents
from integrations.importing.kinds.memberships import Memberships
from integrations.importing.kinds.surveys import Surveys
from integrations.importing.kinds.usage import Usage
from integrations.importing.mapping import Plan
from integrations.importing.reading import Layout

KINDS: dict[str, type[Kind]] = {
    one.name: one for one in (Documents, Customers, Accounts, Memberships, Usage, Surveys)
}  # fmt: skip
_SAYING = {
    "subject", "description", "body", "text", "message", "content", "review", "feedback", "comment", "comments",
    "details", "summary", "ticket id", "ticket", "conversation", "case number",
}  # fmt: skip
_PERSON_ID = {"email", "emails", "e mail", "email address", "user id", "customer id", "user", "phone", "handle"}
_ACCOUNT_ID = {"account id", "organisation id", "organization id", "company id", "org id", "tenant id"}


def kind_of(plan: Plan) -> type[Kind]:
    return KINDS[plan.kind]


def checked(plan: Plan) -> Plan:
    """The plan, when nothing is wrong with it. Raises MappingProblem."""
    check(plan, kind_of(plan))
    return plan


def guess(layout: Layout, kind: str = "") -> Plan:
    """A start for a mapping: a use for the columns, as rows of `kind`, or of the kind that they look like."""
    chosen = KINDS[kind or likely(layout)]
    if uses := uses_of_export(layout.columns, chosen):
        return Plan(uses, kind=chosen.name)
    return replace(chosen.guess(layout), kind=chosen.name)


def likely(layout: Layout) -> str:
    """What the rows probably are, by the names of the columns."""
    ours = [kind for kind in KINDS.values() if uses_of_export(layout.columns, kind)]
    if ours:
        return max(ours, key=lambda kind: len(kind.exported)).name
    names = {plain_name(column) for column in layout.columns}
    person, account = bool(names & _PERSON_ID), bool(names & _ACCOUNT_ID)
    if {"survey"} & names and {"score", "rating", "answer"} & names:
        return Surveys.name
    if names & _SAYING:
        return Documents.name
    if {"module", "feature"} & names or ({"event", "activity"} & names and person | account):
        return Usage.name
    if {"contact", "key contact", "is contact"} & names and account and person:
        return Memberships.name
    if account and not person:
        return Accounts.name
    if person and any(fold(name) in {"name", "full name", "first name"} or name in _PERSON_ID for name in names):
        return Documents.name if names & {"subject", "via", "channel", "status"} else Customers.name
    return Documents.name
