"""Emails as feedback: what mail programs send, built with Python's own email package, and what breaks them."""

import random
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Any

import pytest
from django.test import Client

from core import clock
from customers.models import Customer
from feedback.models import Document
from integrations import configuring
from integrations.mail.reading import read
from integrations.models import Integration
from tests.integrations.intake_doors import ADMIN, an_inbox, an_integration, last_delivery, permanently_deleted

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> Integration:
    return an_integration()


@pytest.fixture
def inbox(integration: Integration) -> str:
    return an_inbox(integration)


def send(inbox: str, message: Any, content_type: str = "message/rfc822") -> Any:
    raw = message if isinstance(message, bytes) else bytes(message)
    return Client(enforce_csrf_checks=True).post(inbox, raw, content_type=content_type)


def a_message(**headers: str) -> EmailMessage:
    message = EmailMessage()
    given = {
        "From": "Ana Kovač <ana@ex.test>", "To": "help@roster.example", "Subject": "Größe des Exports",
        "Message-ID": "<m-1@mail.ex.test>", "Date": "Tue, 03 Feb 2026 14:30:00 +0100", **headers,
    }  # fmt: skip
    for name, value in given.items():
        if value:
            message[name] = value
    message.set_content("It stops.\n\n> On Monday you wrote:\n> Try again.\n")
    return message


def test_an_email_becomes_a_document_of_its_author(inbox: str) -> None:
    message = a_message(**{"In-Reply-To": "<m-0@ex.test>", "References": "<m-9@ex.test> <m-0@ex.test>"})
    message.add_alternative("<p>It <b>stops</b>.</p>", subtype="html")
    message.add_attachment(b"a,b\n" * 10, maintype="text", subtype="csv", filename="Überblick.csv")
    answer = send(inbox, message)
    ana, document = Customer.objects.get(), Document.objects.get()
    assert answer.status_code == 202, answer.content
    assert answer.json() | {"reference": ""} == {
        "id": document.pk, "status": "created", "customer_id": ana.pk, "reference": "",
    }  # fmt: skip
    assert (ana.name, ana.primary_email) == ("Ana Kovač", "ana@ex.test")
    assert (document.title, document.body_format, document.channel) == ("Größe des Exports", "text", "email")
    assert document.body == "It stops.\n\n> On Monday you wrote:\n> Try again."
    assert (document.external_id, document.occurred_at.isoformat()) == ("m-1@mail.ex.test", "2026-02-03T13:30:00+00:00")
    assert document.metadata == {
        "from": "ana@ex.test", "in_reply_to": "m-0@ex.test", "references": ["m-9@ex.test", "m-0@ex.test"],
        "attachments": [{"name": "Überblick.csv", "type": "text/csv", "bytes": 40}],
    }  # fmt: skip


def test_the_same_message_again_changes_nothing(inbox: str) -> None:
    assert [send(inbox, a_message()).json()["status"] for _ in range(2)] == ["created", "unchanged"]
    nameless = a_message(**{"Message-ID": ""})
    assert [send(inbox, nameless).json()["status"] for _ in range(2)] == ["created", "unchanged"]


def test_every_email_is_logged_with_what_became_of_it(inbox: str) -> None:
    send(inbox, a_message())
    delivery, record = last_delivery()
    assert (delivery.via, delivery.created_count) == ("email", 1)
    assert record
    assert record.body["title"] == "Größe des Exports"


def test_only_the_secret_of_an_open_integration_opens_the_door(inbox: str, integration: Integration) -> None:
    assert send("/intake/email/guessed", a_message()).status_code == 404
    assert Client().get(inbox).status_code == 405
    assert inbox.split("/")[-1].encode() not in bytes(Integration.objects.get().inbox_hash or b"")
    configuring.close(integration, actor=ADMIN)
    assert send(inbox, a_message()).status_code == 404
    assert not Document.objects.exists()


def test_what_is_no_message_or_too_large_is_refused(inbox: str, settings: Any) -> None:
    assert send(inbox, a_message(), "application/json").status_code == 415
    assert send(inbox, b"\r\n").status_code == 400
    settings.EMAIL_INTAKE_MAX_BYTES = 1_000
    assert send(inbox, b"Subject: x\n\n" + b"x" * 1_001).status_code == 413
    assert not Document.objects.exists()


def test_attachments_make_a_message_larger_than_other_bodies_may_be(inbox: str) -> None:
    message = a_message()
    message.add_attachment(b"x" * 3_000_000, maintype="application", subtype="zip", filename="log.zip")
    assert send(inbox, message).status_code == 202
    assert Document.objects.get().metadata["attachments"] == [
        {"name": "log.zip", "type": "application/zip", "bytes": 3_000_000}
    ]


def test_reply_to_is_the_author_of_a_form_but_not_of_a_list(inbox: str) -> None:
    send(inbox, a_message(**{"From": "Shop <noreply@shop.test>", "Reply-To": "Bo <bo@ex.test>"}))
    assert Customer.objects.get().primary_email == "bo@ex.test"
    of_list = {"Reply-To": "list@ex.test", "List-Id": "<list.ex.test>", "Message-ID": "<m-2@ex.test>"}
    send(inbox, a_message(**of_list))
    assert Document.objects.get(external_id="m-2@ex.test").customer.primary_email == "ana@ex.test"


def bounce() -> MIMEMultipart:
    report = MIMEMultipart("report", **{"report-type": "delivery-status"})
    report["From"], report["Subject"], report["Message-ID"] = "MAILER-DAEMON@ex.test", "Undelivered", "<b@ex.test>"
    report.attach(MIMEText("The address is unknown."))
    return report


@pytest.mark.parametrize(
    ("message", "said", "tags", "known"),
    [
        (bounce(), "bounce", ["Bounce"], False),
        (a_message(**{"Return-Path": "<>"}), "bounce", ["Bounce"], False),
        (a_message(**{"Auto-Submitted": "auto-replied"}), "auto-reply", ["Automatic reply"], True),
        (a_message(Precedence="bulk"), "list", [], True),
        (a_message(**{"Auto-Submitted": "no"}), "", [], True),
    ],
)
def test_what_no_person_wrote_is_marked(inbox: str, message: Any, said: str, tags: list[str], known: bool) -> None:
    assert send(inbox, message).status_code == 202
    document = Document.objects.get()
    assert document.metadata.get("automatic", "") == said
    assert [one.tag.name for one in document.document_tags.select_related("tag")] == tags
    assert Customer.objects.exists() == known


def text_of(raw: bytes) -> str:
    return str(read(raw, clock.now())["body"])


@pytest.mark.parametrize(
    ("charset", "content", "expected"),
    [
        ("iso-8859-1", "Größe".encode("latin-1"), "Größe"),
        ("us-ascii", "Größe".encode(), "Größe"),
        ("utf-8", "Größe".encode("latin-1"), "Größe"),
        ("x-unknown", "Größe".encode(), "Größe"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("shift_jis", "こんにちは".encode("shift_jis"), "こんにちは"),
        ("windows-1252", b"\x93Hi\x94", "“Hi”"),
        ("utf-8", b"\x81\x8d", "\x81\x8d"),
        ("unicode_escape", b"a\\x00b", "a\\x00b"),
        ("zlib_codec", b"plain", "plain"),
        ("", b"\xef\xbb\xbfHi", "\ufeffHi"),
    ],
)
def test_the_text_is_read_whatever_its_charset_says(charset: str, content: bytes, expected: str) -> None:
    head = f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: 8bit\n\n'.encode()
    assert text_of(head + content) == expected


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        (b"=?utf-8?B?R3LDtsOfZQ==?=", "Größe"),
        (b"=?iso-8859-1?Q?Gr=F6=DFe?= und =?utf-8?q?mehr?=", "Größe und mehr"),
        ("Größe".encode(), "Größe"),
        ("Größe".encode("latin-1"), "Größe"),
        (b"=?x-none?Q?a=FFb?=", None),
        (b"=?utf-8?B?!!!?=", None),
        (b"a\x00b", "ab"),
    ],
)
def test_subjects_are_decoded_as_far_as_that_goes(written: bytes, subject: str | None) -> None:
    found = read(b"Subject: " + written + b"\n\nx", clock.now())["title"]
    assert found == subject if subject else "\0" not in found


def test_html_alone_stays_html_and_plain_text_wins() -> None:
    message = a_message()
    message.set_content("<p>Hi</p><script>x</script>", subtype="html")
    assert (read(bytes(message), clock.now())["body_format"], "<p>Hi</p>" in text_of(bytes(message))) == ("html", True)
    both = MIMEMultipart("alternative")
    both.attach(MIMEText("  \n", "plain"))
    both.attach(MIMEText("<p>Only here</p>", "html"))
    assert read(bytes(both), clock.now())["body"] == "<p>Only here</p>"


def test_a_message_within_a_message_is_named_and_read_when_there_is_nothing_else() -> None:
    outer = MIMEMultipart()
    inner = a_message(Subject="Forwarded")
    outer.attach(MIMEApplication(b"x", name="a.bin"))
    forwarded = EmailMessage()
    forwarded["Subject"] = "Fwd"
    forwarded.set_content(inner)
    outer.attach(forwarded)
    found = read(bytes(outer), clock.now())
    assert found["body"].startswith("It stops.")
    assert [one["name"] for one in found["metadata"]["attachments"]] == ["a.bin", "Forwarded"]
    assert found["author"] == {}


@pytest.mark.parametrize(
    "date", ["yesterday", "Tue, 99 Feb 2026 14:30:00 +0100", "Tue, 03 Feb 1066 14:30:00 +0100", ""]
)
def test_a_date_that_cannot_be_is_the_time_of_arrival(inbox: str, date: str) -> None:
    before = clock.now()
    message = bytes(a_message(Date="")).replace(b"To:", f"Date: {date}\nTo:".encode(), 1)
    assert send(inbox, message).status_code == 202
    assert before <= Document.objects.get().occurred_at <= clock.now()


def test_a_date_in_the_future_is_the_time_of_arrival() -> None:
    sent = format_datetime(clock.now().replace(year=2199))
    assert read(bytes(a_message(Date=sent)), clock.now())["occurred_at"] is None


def test_an_email_of_somebody_permanently_deleted_is_kept_without_them(inbox: str) -> None:
    permanently_deleted("email", "ana@ex.test")
    answer = send(inbox, a_message(Subject="ana@ex.test asks"))
    document = Document.objects.get()
    assert (answer.status_code, answer.json()["status"], answer.json()["customer_id"]) == (202, "suppressed", None)
    assert not Customer.objects.exists()
    assert (document.author, document.title) == ({}, "[removed] asks")
    _, record = last_delivery()
    assert record
    assert "ana@ex.test" not in str(record.body)
    assert "ana@ex.test" not in str(document.metadata)


# What breaks parsers


HOSTILE = {
    "nothing but bytes": bytes(range(256)) * 50,
    "no head": b"Hello",
    "only a head": b"Subject: Hi",
    "a boundary that never comes": b'Content-Type: multipart/mixed; boundary="x"\n\nHi\n',
    "no boundary": b"Content-Type: multipart/mixed\n\n--x\n\nHi\n--x--",
    "an empty boundary": b'Content-Type: multipart/mixed; boundary=""\n\n--\n\nHi\n----',
    "broken base64": b"Content-Transfer-Encoding: base64\n\n!!!notbase64===\xff",
    "an unknown encoding": b"Content-Transfer-Encoding: x-rot13\n\nHi",
    "two content types": b"Content-Type: text/html\nContent-Type: multipart/mixed; boundary=a\n\nHi",
    "a type that is none": b"Content-Type: ;;;===\n\nHi",
    "parameters without end": b"Content-Type: text/plain; " + b"a*0*=utf-8''x; " * 2_000 + b"\n\nHi",
    "an address that nests": b"From: " + b"(" * 20_000 + b"\n\nHi",
    "an address of quotes": b'From: "' + b"\\" * 20_000 + b"\n\nHi",
    "a group of nobody": b"From: friends:;\nReply-To: <>\n\nHi",
    "an address with a line break": b"From: =?utf-8?q?a=0A=0Db?= <a@ex.test>\n\nHi",
    "a subject of a megabyte": b"Subject: " + b"=?utf-8?q?=20?= " * 60_000 + b"\n\nHi",
    "ten thousand headers": b"X-A: b\n" * 10_000 + b"\nHi",
    "deep parts": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)),
    "messages in messages": b"Content-Type: message/rfc822\n\n" * 2_000 + b"Subject: x\n\nHi",
    "a million lines": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"\n" * 1_000_000,
    "a million parts": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 90_000,
    "a date of digits": b"Date: " + b"9" * 5_000 + b"\n\nHi",
    "a filename of half a pair": b"Content-Type: text/csv; name*=utf-16''%D8%00\n\nHi",
    "carriage returns": b"Subject: x\r\rHi\r\r",
    "a status without a report": b"Content-Type: message/delivery-status\n\n\n\n",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_message_is_an_error(inbox: str, raw: bytes) -> None:
    began = clock.now()
    answer = send(inbox, raw)
    assert answer.status_code == 202, answer.content
    assert (clock.now() - began).total_seconds() < 10
    document = Document.objects.get()
    assert document.title or document.body


@pytest.mark.parametrize("seed", range(6))
def test_no_damage_to_a_message_is_an_error(seed: int) -> None:
    dice = random.Random(seed)
    message = a_message(**{"Reply-To": "Bo <bo@ex.test>", "References": "<a@b> <c@d>"})
    message.add_alternative("<p>It <b>stops</b>.</p>", subtype="html")
    message.add_attachment(b"a,b\n" * 10, maintype="text", subtype="csv", filename="Überblick.csv")
    message.add_attachment(a_message(Subject="Within"))
    whole = bytes(message)
    for _ in range(60):
        raw = bytearray(whole)
        for _ in range(dice.randint(1, 12)):
            at = dice.randrange(len(raw))
            match dice.randint(0, 3):
                case 0:
                    raw[at] = dice.randrange(256)
                case 1:
                    del raw[at : at + dice.randint(1, 40)]
                case 2:
                    raw[at:at] = dice.choice([b"\n", b"\0", b";", b'"', b"=?", b"?=", b"--", b"\xff", b"(", b"<", b":"])
                case _:
                    raw[at:at] = raw[at : at + 200]
        found = read(bytes(raw), clock.now())
        assert found["title"] or found["body"].strip()
        assert "\0" not in str(found)
        str(found).encode()
