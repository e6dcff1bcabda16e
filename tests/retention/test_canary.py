"""A person with a string of their own in every field, who used every feature, is purged: no dump holds one of them."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from accounts.models import Account
from audit.actor import Actor
from audit.models import Source
from core import clock, heartbeat, jobs
from core.text import fold
from customers import editing, joining, merging, noting, tagging
from customers.deleting import delete, restore
from customers.holding import hold, lift
from customers.identifying import identities, identity
from customers.logins import give_login, take_login
from customers.models import BulkEdit, Customer, CustomerTag, DuplicateCandidate, Suppression
from engagement.models import Survey, SurveyResponse
from feedback.deleting import delete as delete_document
from feedback.linking import create_and_link, link, unlink
from feedback.models import Document
from feedback.receiving import Incoming, receive
from integrations.importing.mapping import Plan
from integrations.importing.starting import plan_of_specs, start, upload
from integrations.models import Import, RowError
from retention import purging, traces
from retention.models import Purge
from staff.models import User
from staff.sessions import Session
from tests.customers.people import mina, signed_in, user
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)

# Who they are: blanked wherever it stands. What is written of them: goes with what it stands in
NAMES = ["Zqanna", "Zqkanarie", "Zqälter", "Zqsynced", "Zqmerged"]
IDENTIFIERS = {
    "email": ["zq-one@canary.test", "zq-old@canary.test", "zq-merged@canary.test", "zq-hand@canary.test"],
    "phone": ["+34 611 222 333"],
    "user_id": ["zq-user-4711"],
    "handle": ["twitter:zq_handle"],
}
PRIVATE = [
    "zqnote",
    "zqproperty",
    "zqattribute",
    "zqcomment",
    "zqholdreason",
    "zqliftreason",
    "zqchanged",
    "zqsurveyid",
    "zqlogin",
    "zqearlier",
    "zqimpersonated",
]


def intake(number: int, **said: Any) -> Document:
    source, _ = Source.objects.get_or_create(name="Helpdesk", kind="feedback")
    author = {
        "name": "Zqanna Zqkanarie", "email": "ZQ-One@canary.test", "phone": "+34 611 222 333",
        "user_id": "zq-user-4711", "handle": "twitter:zq_handle",
    }  # fmt: skip
    told = {
        "title": f"Zqanna writes {number}", "body": "I am Zqanna Zqkanarie, 611 222 333, zq-one@canary.test @zq_handle",
        "metadata": {"userEmail": "zq-one@canary.test", "deep": [{"who": "ZQ-USER-4711", "u": "zq-one%40canary.test"}]},
        "custom_fields": {"agent": "x", "from": "Zqkanarie"},
    }  # fmt: skip
    incoming = Incoming(external_id=f"c-{number}", **({"author": author} | told | said))
    return receive(incoming, source=source, actor=Actor.of_source(source, via="intake")).document


def live() -> Customer:
    """The person, after everything that can be done with a customer was done with them."""
    ada = mina()
    documents = [intake(number) for number in range(4)]
    person = documents[0].customer
    assert person is not None
    editing.rename(person, "Zqälter Zqkanarie", actor=ada)
    intake(5, author={"name": "Zqsynced", "user_id": "zq-user-4711"})
    editing.set_property(person, "secret", ["zqproperty"], actor=ada)
    editing.set_property(person, "secret", ["zqchanged"], actor=ada)
    old = editing.add_identifier(person, "email", "zq-old@canary.test", actor=ada)
    editing.remove_identifier(old, actor=ada)
    noting.add_note(person, "zqnote", actor=ada)
    noting.delete_note(noting.add_note(person, "zqnote of Zqanna", actor=ada), actor=ada)
    account = Account.objects.create(name="Ex Ltd")
    joining.set_attribute(joining.join(person, account, actor=ada), "role", ["zqattribute"], actor=ada)
    tagging.add_tag([person.pk], "beta", actor=ada)
    survey = Survey.objects.create(name="NPS", kind="nps")
    SurveyResponse.objects.create(
        survey=survey, customer=person, document=documents[0], score=9, comment="zqcomment", answered_at=clock.now()
    )
    SurveyResponse.objects.create(
        survey=survey, customer=person, score=1, external_id="zq-user-4711:zqsurveyid", answered_at=clock.now()
    )
    unlink(documents[1], actor=ada)
    link(documents[2], CustomerFactory(name="Bo", email="bo@ex.test"), actor=ada)
    create_and_link(DocumentFactory(), email="zq-hand@canary.test", name="Zqmerged", actor=ada)
    other = Customer.objects.get(identifiers__normalized="zq-hand@canary.test")
    editing.add_identifier(other, "email", "zq-merged@canary.test", actor=ada)
    DuplicateCandidate.objects.create(
        first=min(person, other, key=lambda one: one.pk), second=max(person, other, key=lambda one: one.pk),
        evidence=[{"rule": "name", "value": "Zqmerged"}],
    )  # fmt: skip
    merging.merge(person.pk, [other.pk], actor=ada, viewer=user("support"))
    logins(person)
    hold(person, "zqholdreason", actor=ada)
    lift(person, "zqliftreason", actor=ada)
    pages(person)
    imports()
    bulk()
    delete(person, actor=ada)
    restore(person, actor=ada)
    delete_document(documents[3], actor=ada)
    delete(person, actor=ada)
    return person


def logins(person: Customer) -> None:
    """A login that was taken away, another one that is used, and somebody who impersonated them."""
    ada, email = mina(), "zq-one@canary.test"
    give_login(person, email=email, name="Zqearlier", actor=ada)
    take_login(person, actor=ada)
    login = give_login(person, email=email, name="Zqlogin", password="zq-4711-zq-4711", actor=ada)
    theirs = Client()
    theirs.force_login(login.user)
    assert theirs.get("/portal/").status_code == 200
    admin = signed_in("admin")
    told = {"reason": "zqimpersonated for Zqanna", "mode": "look"}
    assert admin.post(f"/customers/{person.pk}/impersonate/", told)["Location"] == "/portal/"
    assert admin.get("/portal/").status_code == 200


def pages(person: Customer) -> None:
    """What people look at: searches fill caches, pages fill sessions."""
    client = signed_in("admin")
    for path in (
        f"/customers/{person.pk}/", "/customers/?q=zqkanarie", "/customers/count/?q=zqkanarie", "/documents/?q=zqanna",
        "/search?q=zq-one@canary.test", f"/customers/{person.pk}/export/", f"/audit/history/customer/{person.pk}/", "/",
    ):  # fmt: skip
        assert client.get(path).status_code < 500, path


def imports() -> None:
    text = "ID,Mail,Who,T,When\n1,zq-one@canary.test,Zqanna Zqkanarie,x,soon\n2,bo@ex.test,Bo,y,2026-01-01\n"
    specs = ("external_id=ID", "author.email=Mail", "author.name=Who", "title=T", "occurred_at=When")
    job = upload(io.BytesIO(text.encode()), "t.csv", user=None, actor=mina())
    plan = plan_of_specs(specs, base=Plan())
    plan.source = "Tickets"
    assert start(job, plan, actor=mina())
    jobs.run(Import, job.pk)
    assert RowError.objects.count() == 1


def bulk() -> None:
    query = "q=zqkanarie&x=zq-one%40canary.test"
    BulkEdit.objects.create(actor=user("support"), action="add_tag", tag_name="beta", query=query, status="done")


def purge(person: Customer, documents: str) -> Purge:
    job = purging.start([person.pk], actor=mina(), documents=documents)
    jobs.run(Purge, job.pk)
    job.refresh_from_db()
    return job


def dump(folder: Path, logs: str) -> str:
    """Everything that is kept anywhere, in lower case."""
    parts = [logs]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                parts += [bytes(block).decode() for block in copy]
    with heartbeat.client() as redis:
        for key in redis.scan_iter(f"{django_settings.REDIS_PREFIX}*"):
            parts.append(key.decode(errors="replace"))
            if redis.type(key) == b"string":
                parts.append((redis.get(key) or b"").decode(errors="replace"))
    parts += [path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()]
    return "\n".join(parts).lower()


def forms(text: str) -> Iterator[str]:
    """A text in the common encodings, in lower case: base64 at each of its three alignments."""
    for one in {text, text.lower(), text.upper(), fold(text)}:
        raw = one.encode()
        yield from (one, raw.hex(), quote(one), quote(one, safe=""))
        for shift in range(3):
            whole = base64.b64encode(b"x" * shift + raw).decode()
            yield whole[4 if shift else 0 : -4]


def found(everything: str) -> list[str]:
    wanted = [*NAMES, *PRIVATE, *(text for texts in IDENTIFIERS.values() for text in texts), "34611222333", "zq_handle"]
    return [text for text in wanted if any(len(form) > 5 and form.lower() in everything for form in forms(text))]


@pytest.mark.parametrize("documents", ["delete", "anonymise"])
def test_nothing_of_a_purged_person_is_left_anywhere(
    documents: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    person = live()
    before = found(dump(tmp_path, caplog.text))
    assert set(before) >= {*NAMES, "zqnote", "zqproperty", "zqcomment", *PRIVATE[-3:], *IDENTIFIERS["email"]}, (
        "the canaries sing"
    )
    job = purge(person, documents)
    assert (job.status, job.deleted_count, job.error) == ("done", 1, "")
    assert found(dump(tmp_path, caplog.text)) == []
    assert SurveyResponse.objects.count() == 2
    assert not User.objects.filter(role="portal").exists()
    assert not Session.objects.exclude(user__role__in=["admin", "support"]).exists()
    assert not CustomerTag.objects.filter(customer_id=person.pk).exists()
    assert Suppression.objects.count() >= 5
    every = identities([(kind, text) for kind, texts in IDENTIFIERS.items() for text in texts if "old" not in text])
    assert Suppression.objects.filter(digest__in=[one.digest for one in every]).count() == len(every)
    assert identity("email", "zq-one@canary.test").digest.hex() in dump(tmp_path, "")


LONG = [pytest.param(step, marks=pytest.mark.long) for step in ("_row_errors", "_imports", "_bulk_edits")]


@pytest.mark.parametrize("step", ["empty_changes", *LONG])
def test_a_purge_that_skips_one_step_leaves_something(
    step: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = live()
    monkeypatch.setattr(traces, step, lambda *args, **options: None)
    monkeypatch.setattr(traces, "values_of", lambda ids: False)
    assert purge(person, "delete").status == "done"
    assert found(dump(tmp_path, caplog.text)) != []


def test_a_purge_that_leaves_values_in_the_history_undoes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    person = live()
    monkeypatch.setattr(traces, "empty_changes", lambda **options: None)
    job = purge(person, "delete")
    assert (job.status, job.error) == ("queued", "The last attempt ended with Leftover.")
    assert Customer.objects.get(pk=person.pk).state == "purging"
