"""A directory of which Eve of support sees one account, while every word about all the rest has QUOKKA in it (3.5)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.actor import Actor
from audit.models import Entry, Source
from core import clock
from customers import joining, noting
from customers.creating import create_by_hand
from customers.deleting import delete
from customers.identifying import identities
from customers.models import BulkEdit, Customer, CustomerTag, DuplicateCandidate, Membership, Tag
from engagement.models import Survey, SurveyResponse, UsageEvent
from feedback.editing import add_tag, set_status
from feedback.models import Document, LinkRule
from integrations.deliveries import Verdict, log
from integrations.issuing import issue_key
from integrations.models import Import, Integration
from properties.models import Definition
from staff.models import User

SECRET = "quokka"  # in every letter case
WORD = "zebra"  # stands beside it, to search for
PLAIN_EMAIL = "plain@elsewhere.test"  # of the hidden customer, without the secret: it may be sent and echoed


@dataclass(frozen=True)
class Cast:
    """By kind of record, an id that Eve sees and one that she does not; `objects` are the rows themselves."""

    eve: User
    seen: dict[str, int]
    hidden: dict[str, int]


def secret(word: str) -> str:
    return f"{WORD} {SECRET.upper()} {word}"


def assemble() -> Cast:
    ada = User.objects.create_user("ada@roster.example", name="Ada Admin", role="admin")
    eve = User.objects.create_user("eve@roster.example", name="Eve", role="support")
    actor = Actor.of_staff(ada)
    Definition.objects.create(subject="customer", key="plan", label="Plan", type="text")
    Definition.objects.create(subject="account", key="region", label="Region", type="text")
    Definition.objects.create(subject="membership", key="desk", label="Desk", type="text")
    mine = Account.objects.create(name="Open Ltd", external_id="open-1", properties={"region": ["EMEA"]})
    other = Account.objects.create(
        name=secret("Ltd"), external_id=f"{SECRET}-1", properties={"region": [secret("region")]}
    )
    team = Team.objects.create(name="Open team", reach="list")
    TeamAccount.objects.create(team=team, account=mine)
    TeamMember.objects.create(team=team, user=eve)
    eve.refresh_from_db()

    ana = create_by_hand(
        name=f"Ana {WORD}", identities=identities([("email", "ana@open.test")]), account=other, actor=actor
    )
    joining.join(ana, mine, actor=actor)
    place, hidden_place = Membership.objects.get(account=mine), Membership.objects.get(account=other)
    joining.set_attribute(hidden_place, "desk", [secret("desk")], actor=actor)
    joining.set_contact(hidden_place, contact=True, key_contact=True, actor=actor)
    bob = create_by_hand(
        name=secret("Bob"), identities=identities([("email", f"{WORD}.{SECRET}@ex.test"), ("email", PLAIN_EMAIL)]),
        properties={"plan": [secret("plan")]}, account=other, actor=actor,
    )  # fmt: skip
    gone = create_by_hand(name=secret("Gone"), identities=[], account=other, actor=actor)
    delete(gone, actor=actor)
    Account.objects.filter(pk=other.pk).update(legal_hold=secret("hold"))
    note, hidden_note = (
        noting.add_note(one, text, actor=actor) for one, text in ((ana, "Hello"), (bob, secret("note")))
    )

    source = Source.objects.create(kind="user", name="Desk")
    documents = {
        "seen": _document(mine, ana, "Of the account", source),
        "mixed": _document(mine, bob, "Of a stranger, about the account", source),
        "hidden": _document(other, ana, secret("of the other account"), source),
        "alone": _document(None, bob, secret("of a stranger"), source),
    }
    set_status(documents["hidden"], secret("status"), actor=actor)
    tag = Tag.objects.named("vip")
    for customer in (ana, bob):
        CustomerTag.objects.create(customer=customer, tag=tag)
    for document in documents.values():
        add_tag(document, "vip", actor=actor)

    survey = Survey.objects.create(name="How likely", kind="nps")
    for account, customer, comment in (
        (mine, ana, "Fine"),
        (other, ana, secret("answer")),
        (None, bob, secret("other")),
    ):
        SurveyResponse.objects.create(
            survey=survey, account=account, customer=customer, score=7, comment=comment, answered_at=clock.now()
        )
    for account, customer, name in (
        (mine, ana, "opened"),
        (other, ana, secret("used")),
        (other, bob, secret("clicked")),
    ):
        UsageEvent.objects.create(**_usage(account, customer, name))
    first, second = sorted((ana.pk, bob.pk))
    pair = DuplicateCandidate.objects.create(
        first_id=first, second_id=second, score=0.9, evidence=[{"rule": "phone"}], found_at=clock.now()
    )
    job = BulkEdit.objects.create(actor=ada, action="add_tag", tag_name="vip", ids=[bob.pk], skipped=1, status="done",
                                  skipped_why=[[bob.pk, secret("skipped")]])  # fmt: skip
    upload = Import.objects.create(name=secret("file.csv"), file="x", file_bytes=1, encoding="utf-8",
                                   layout={"delimiter": ",", "rows": 1, "columns": ["a"]})  # fmt: skip
    apikey, _ = issue_key(kind="user", name="Warehouse", scopes=[], actor=actor)
    link_rule = LinkRule.objects.create(source=apikey.source, subject="customer", path="metadata.mail", by="email")
    delivered = log([Verdict("rejected", secret("p-1"), customer_id=bob.pk, body={"Name": secret("Bob")})],
                    source=apikey.source, key=apikey, via="webhook", now=clock.now())  # fmt: skip
    entry = Entry.objects.filter(actor=ada).latest("pk")
    seen = {
        "customer": ana.pk, "account": mine.pk, "document": documents["seen"].pk, "membership": place.pk,
        "note": note.pk, "identifier": ana.identifiers.get().pk, "tag": tag.pk,
    }  # fmt: skip
    hidden = {
        "customer": bob.pk, "account": other.pk, "document": documents["hidden"].pk, "membership": hidden_place.pk,
        "note": hidden_note.pk, "identifier": bob.identifiers.first().pk, "duplicate": pair.pk, "bulk": job.pk,
        "import": upload.pk, "entry": entry.pk, "gone": gone.pk, "mixed": documents["mixed"].pk,
        "alone": documents["alone"].pk, "apikey": apikey.pk, "delivery": delivered.pk,
        "integration": Integration.objects.get(source=apikey.source).pk, "linkrule": link_rule.pk,
    }  # fmt: skip
    return Cast(eve, seen, hidden)


def _document(account: Account | None, customer: Customer, title: str, source: Source) -> Document:
    return Document.objects.create(
        title=title, body=f"{title}, at length", account=account, customer=customer, link="staff", channel="email",
        source=source, occurred_at=clock.now() - timedelta(hours=3), status="open",
    )  # fmt: skip


def _usage(account: Account, customer: Customer, name: str) -> dict[str, Any]:
    names = {field.name for field in UsageEvent._meta.fields}
    given = {"account": account, "customer": customer, "name": name, "event": name, "occurred_at": clock.now()}
    return {key: value for key, value in given.items() if key in names}
