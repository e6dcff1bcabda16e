"""Who calls in the authorisation matrix, and the real records that the numbers in its addresses name.

`here` is what a caller may meet. `hidden` is its like that limited staff may not, nor customers of elsewhere.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.actor import Actor
from audit.models import Entry
from core import clock
from customers import deleting, editing, joining, merging, noting, setting_many, tagging
from customers.accounts import deleting as account_deleting
from customers.creating import create_by_hand
from customers.identifying import identities
from customers.logins import give_login
from customers.models import (
    AccountBulkEdit,
    BulkEdit,
    Customer,
    DuplicateCandidate,
    Membership,
    Merge,
    Segment,
    SegmentMember,
    Tag,
    TagRewrite,
)  # fmt: skip
from engagement.models import Campaign, Delivery, Survey, SurveyResponse
from feedback import deleting as document_deleting
from feedback import tagging as document_tagging
from feedback.models import Document, DocumentEdit, LinkRule
from integrations.deliveries import Verdict, log
from integrations.issuing import issue_key
from integrations.models import ApiKey, Import, Integration, Replay
from integrations.models import Delivery as Delivered
from outgoing.models import Delivery as WebhookDelivery
from outgoing.models import Endpoint
from portal import impersonating
from properties.models import Definition, PropertyRewrite
from retention import policies
from retention.models import Policy, Purge, Run
from staff.models import Impersonation, User

STAFF = ("viewer", "support", "admin", "superuser", "limited support", "limited admin")
IMPERSONATING = ("looking", "acting", "expired")
CUSTOMERS = ("owner", "member", "stranger")
CALLERS = ("anonymous", "deactivated", *STAFF, *IMPERSONATING, *CUSTOMERS)
ABSENT = 987_654_321


@dataclass
class Cast:
    """`client` is the caller's browser; `user` who is signed in there, None for strangers."""

    client: Client
    user: User | None
    here: dict[str, int] = field(default_factory=dict)
    hidden: dict[str, int] = field(default_factory=dict)


def assemble(caller: str) -> Cast:
    ada = User.objects.create_user("ada@roster.example", name="Ada Admin", role="admin")
    open_account, closed_account = Account.objects.create(name="Open Ltd"), Account.objects.create(name="Closed Ltd")
    team = Team.objects.create(name="Open team", reach="list")
    TeamAccount.objects.create(team=team, account=open_account)
    user = _staff(caller, team) if caller in {*STAFF, *IMPERSONATING, "deactivated"} else None
    _shared(ada, team)
    here = _world("open", open_account, _actor(user or ada))
    hidden = _world("closed", closed_account, _actor(ada))
    del hidden["lost_tag"]  # tags are everybody's
    owner, member, stranger = _people(open_account, closed_account)
    ours = _in_portal(open_account, member if caller == "member" else owner, here["customer"])
    theirs = _in_portal(closed_account, stranger, hidden["customer"])
    if caller == "stranger":
        ours, theirs = theirs, ours
    user = user or {"owner": owner, "member": member, "stranger": stranger}.get(caller)
    cast = Cast(Client(raise_request_exception=False), user, here | _everybodys(user or ada) | ours, hidden | theirs)
    for place, whose in ((cast.here, user or ada), (cast.hidden, ada)):
        place["passkey"] = Authenticator.objects.create(user=whose, type="webauthn", data=_passkey()).pk
    _enter(cast, caller, owner)
    return cast


def _staff(caller: str, team: Team) -> User:
    role = {"viewer": "viewer", "support": "support", "limited support": "support"}.get(caller, "admin")
    more = {"is_superuser": True, "is_staff": True} if caller == "superuser" else {}
    user = User.objects.create_user("caller@roster.example", name="Mina", role=role, **more)
    if caller.startswith("limited"):
        TeamMember.objects.create(team=team, user=user)
    return User.objects.get(pk=user.pk)


def _actor(user: User) -> Actor:
    return Actor.of_staff(user)


def _shared(ada: User, team: Team) -> None:
    """What no team limits."""
    for subject, key in (("customer", "plan"), ("account", "region"), ("membership", "desk")):
        Definition.objects.create(subject=subject, key=key, label=key.capitalize(), type="text")
    TeamMember.objects.create(
        team=team, user=User.objects.create_user("eve@roster.example", name="Eve", role="support")
    )
    tag = Tag.objects.named("vip")
    TagRewrite.objects.create(tag=tag, name="important", actor=ada)
    PropertyRewrite.objects.create(action="recast", definition=Definition.objects.first(), label="Plan", actor=ada)
    layout = {"delimiter": ",", "rows": 1, "columns": ["title"], "header": ["title"]}
    Import.objects.create(name="file.csv", file="none", file_bytes=1, encoding="utf-8", layout=layout, status="failed")
    Purge.objects.create(ids=[ABSENT], actor=ada, status="failed", finished_at=clock.now())
    policy = policies.every()[0]
    Run.objects.create(policy=policy, cutoff=clock.now(), status="failed", finished_at=clock.now())
    Segment.objects.create(name="Churned", kind="static")
    Campaign.objects.create(name="Spring")
    _integrations()
    Survey.objects.create(name="How likely", kind="nps")
    webhook = Endpoint.objects.create(name="CRM", url="https://crm.example/", secret="whsec_eA==")
    webhook.deliveries.create(event="webhook.test", status="failed", finished_at=clock.now())


def _integrations() -> None:
    for kind in ("feedback", "user"):
        issue_key(kind=kind, name="Elsewhere", scopes=[], actor=Actor.of_system("command"))
    integration = Integration.objects.get(source__kind="feedback", source__name="Elsewhere")
    verdict = Verdict("rejected", "z-1", body={"external_id": "z-1"})
    log([verdict], source=integration.source, key=None, via="intake", now=clock.now())
    Replay.objects.create(integration=integration, total=1)
    LinkRule.objects.create(source=integration.source, subject="customer", path="metadata.mail", by="email")


def _everybodys(user: User) -> dict[str, int]:
    models = {
        "tag": Tag, "property": Definition, "tag_rewrite": TagRewrite, "property_rewrite": PropertyRewrite,
        "team": Team, "import": Import, "purge": Purge, "policy": Policy, "run": Run, "segment": Segment,
        "campaign": Campaign, "survey": Survey, "webhook": Endpoint, "webhook_delivery": WebhookDelivery,
    }  # fmt: skip
    found = {
        kind: model._default_manager.order_by("pk").values_list("pk", flat=True)[0] for kind, model in models.items()
    }
    found |= {
        "integration": Integration.objects.get(source__kind="feedback", source__name="Elsewhere").pk,
        "link_rule": LinkRule.objects.get().pk,
        "mapped_integration": Integration.objects.get(source__kind="user", source__name="Elsewhere").pk,
        "apikey": ApiKey.objects.get(kind="feedback", name="Elsewhere").pk, "delivery": Delivered.objects.get().pk,
        "replay": Replay.objects.get().pk,
    }  # fmt: skip
    eve = User.objects.get(email="eve@roster.example")
    own = Segment.objects.create(name="Mine", kind="static", created_by=user)
    return found | {"colleague": eve.pk, "own_segment": own.pk}


def _world(word: str, account: Account, actor: Actor) -> dict[str, int]:
    """One of each kind of record in `account`; what can be undone was done by `actor`."""
    person, other, gone, twin = (
        _customer(f"{name} {word}", account, actor) for name in ("Ana", "Ben", "Gus", "Ana B.")
    )
    place = Membership.objects.get(customer=person)
    joining.set_attribute(place, "desk", ["4"], actor=actor)
    editing.set_property(person, "plan", ["pro"], actor=actor)
    documents = [
        Document.objects.create(title=f"{word} {n}", channel="email", occurred_at=clock.now() - timedelta(hours=n),
                                account=account, customer=person, link="staff")
        for n in range(3)
    ]  # fmt: skip
    note, lost_note = (noting.add_note(person, text, actor=actor) for text in ("Hello", "Lost"))
    lost_note_id = lost_note.pk
    noting.delete_note(lost_note, actor=actor)
    lost = editing.add_identifier(person, "handle", f"twitter:ana-{word}", actor=actor)
    lost_id = lost.pk
    editing.remove_identifier(lost, actor=actor)
    worn, lost_tag = Tag.objects.named("vip"), Tag.objects.named("lost")
    tagged = tagging.add_tag([person.pk], worn.name, actor=actor)
    document_tagged = document_tagging.add_tag([documents[0].pk], worn.name, actor=actor)
    Definition.objects.for_key("tier", subject="account")
    _, account_setting = setting_many.change(Account, "tier = gold", [account.pk], actor=actor, now=clock.now())
    tagging.add_tag([person.pk], lost_tag.name, actor=actor)
    tagging.remove_tag([person.pk], lost_tag, actor=actor)
    old = Account.objects.create(name=f"Old {word}")
    for team_account in TeamAccount.objects.filter(account=account):
        TeamAccount.objects.create(team=team_account.team, account=old)
    done = merging.merge(person.pk, [twin.pk], actor=actor)
    first, second = sorted((person.pk, other.pk))
    pair = DuplicateCandidate.objects.create(first_id=first, second_id=second, score=0.9, evidence=[{"rule": "phone"}])
    survey, campaign = Survey.objects.get(), Campaign.objects.get()
    SurveyResponse.objects.create(survey=survey, account=account, customer=person, score=7, answered_at=clock.now())
    Delivery.objects.create(campaign=campaign, customer=person, sent_at=clock.now())
    SegmentMember.objects.create(segment=Segment.objects.get(), customer=person)
    bulk = {"actor_id": actor.user_id, "action": "add_tag", "tag_name": "vip", "ids": [person.pk]}
    return {
        "account": account.pk, "customer": person.pk, "other_customer": other.pk, "document": documents[0].pk,
        "membership": place.pk, "identifier": person.identifiers.order_by("pk")[0].pk, "note": note.pk,
        "lost_identifier": lost_id, "lost_note": lost_note_id, "lost_tag": lost_tag.pk,
        "tagging": tagged.entry_id, "document_tagging": document_tagged.entry_id,
        "account_setting": account_setting,
        "deletion": deleting.delete(gone, actor=actor).entry_id, "deleted_customer": gone.pk,
        "document_deletion": document_deleting.delete(documents[2], actor=actor).entry_id,
        "deleted_document": documents[2].pk,
        "account_deletion": account_deleting.delete(old, actor=actor).entry_id, "deleted_account": old.pk,
        "merge": Merge.objects.get(pk=done.pk).pk, "duplicate": pair.pk,
        "bulk": BulkEdit.objects.create(**bulk).pk, "document_bulk": DocumentEdit.objects.create(**bulk).pk,
        "account_bulk": AccountBulkEdit.objects.create(**bulk | {"action": "delete"}).pk,
        "entry": Entry.objects.latest("pk").pk,
    }  # fmt: skip


def _customer(name: str, account: Account, actor: Actor) -> Customer:
    email = f"{name.lower().replace(' ', '.').replace('..', '.')}@ex.test"
    return create_by_hand(name=name, identities=identities([("email", email)]), account=account, actor=actor)


def _people(ours: Account, theirs: Account) -> tuple[User, User, User]:
    """The owner and a member of one organisation, and the owner of another, each of whom signs in to the portal."""
    ada = _actor(User.objects.get(email="ada@roster.example"))
    found = []
    for name, account, owner in (
        ("Olga Owner", ours, True),
        ("Max Member", ours, False),
        ("Sam Stranger", theirs, True),
    ):
        person = _customer(name, account, ada)
        editing.add_identifier(person, "phone", f"+38591234{person.pk % 10_000:04}", actor=ada)
        Membership.objects.filter(customer=person).update(owner=owner)
        found.append(
            give_login(person, email=person.primary_email or f"{person.pk}@ex.test", name=name, actor=ada).user
        )
    return found[0], found[1], found[2]


def _in_portal(account: Account, user: User, fellow: int) -> dict[str, int]:
    """What `user` of this organisation finds in the portal."""
    feedback = Document.objects.create(
        title="Slow",
        channel="widget",
        occurred_at=clock.now(),
        account=account,
        customer=user.login.customer,
        link="staff",
    )
    return {
        "organisation": account.pk, "fellow": fellow, "own_feedback": feedback.pk,
        "own_detail": user.login.customer.identifiers.get(kind="phone").pk,
        "customer_with_login": user.login.customer_id, "owned_account": account.pk,
    }  # fmt: skip


def _passkey() -> dict[str, Any]:
    """What allauth keeps of a passkey."""
    key = AttestedCredentialData.create(
        Aaguid(bytes(16)), b"key", ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    )
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    attested = AttestationObject.create("none", AuthenticatorData.create(bytes(32), flags, 0, key), {})
    said = b'{"type":"webauthn.create","challenge":"AA","origin":"http://testserver"}'
    response = {"clientDataJSON": websafe_encode(said), "attestationObject": websafe_encode(bytes(attested))}
    credential = {
        "id": "a2V5",
        "rawId": "a2V5",
        "type": "public-key",
        "response": response,
        "clientExtensionResults": {},
    }
    return {"name": "Key", "credential": credential}


def _enter(cast: Cast, caller: str, owner: User) -> None:
    """Signs in, by a session alone; deactivated staff are signed in still when it happens to them."""
    if cast.user is None:
        return
    TOTP.activate(cast.user, generate_totp_secret())
    RecoveryCodes.activate(cast.user)
    cast.client.force_login(cast.user)
    session = cast.client.session
    session["account_authentication_methods_user"] = str(cast.user.pk)
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]  # as allauth remembers it
    session.save()
    if caller == "deactivated":
        User.objects.filter(pk=cast.user.pk).update(is_active=False)
    if caller in IMPERSONATING:
        begun = SimpleNamespace(long_ago=clock.now() - timedelta(days=1), now=clock.now())
        options: dict[str, Any] = {"mode": "act" if caller == "acting" else "look", "return_to": "/customers/"}
        impersonating.start(
            cast.user, owner.login.customer, reason="Ticket 7", session_key=cast.client.session.session_key or "",
            now=begun.long_ago if caller == "expired" else begun.now, **options,
        )  # fmt: skip
        assert Impersonation.objects.get().ended_at is None
