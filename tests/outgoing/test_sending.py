"""Deliveries to a real server that behaves well, badly, or not at all."""

import itertools
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from standardwebhooks import Webhook, WebhookVerificationError

from audit.actor import Actor
from core import clock
from outgoing import managing, posting, sending, tasks
from outgoing.forgetting import forget
from outgoing.models import EVENTS, Attempt, Delivery, Endpoint
from tests.outgoing.receiver import Receiver, receiving

ACTOR = Actor.of_system("command")
Status = Delivery.Status


@pytest.fixture(autouse=True)
def _inside(settings: Any) -> None:
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def endpoint(db: None, receiver: Receiver) -> Endpoint:
    return managing.add(name="CRM", url=receiver.url, events=list(EVENTS), actor=ACTOR)[0]


def tell(endpoint: Endpoint, *subjects: int, event: str = "customer.updated") -> list[Delivery]:
    return [
        Delivery.objects.create(endpoint=endpoint, event=event, subject="customer", subject_id=pk) for pk in subjects
    ]


def later(**time: int) -> None:
    """As if so much time had gone by."""
    ago = timedelta(**time)
    for row in Delivery.objects.all():
        row.next_attempt_at -= ago
        row.retry_since = row.retry_since and row.retry_since - ago
        row.save()
    Endpoint.objects.update(resting_until=None)


def subjects(receiver: Receiver) -> list[int]:
    return [json.loads(body)["data"]["id"] for _, body in receiver.came]


def test_what_is_sent_is_signed_as_the_standard_says(endpoint: Endpoint, receiver: Receiver) -> None:
    (row,) = tell(endpoint, 81)
    assert sending.run(endpoint.pk) == 1
    ((headers, body),) = receiver.came
    said = Webhook(endpoint.secret).verify(body, headers)
    assert said["type"] == "customer.updated"
    assert said["data"] == {"object": "customer", "id": 81, "url": "/api/v1/customers/81"}
    assert headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body + b" ", headers)
    row.refresh_from_db()
    assert (row.status, row.attempts.get().code) == (Status.DELIVERED, 204)
    assert sending.run(endpoint.pk) == 0


def test_a_purge_sends_the_number_and_nothing_else(endpoint: Endpoint, receiver: Receiver) -> None:
    tell(endpoint, 81, event="customer.purged")
    sending.run(endpoint.pk)
    assert json.loads(receiver.came[0][1])["data"] == {"object": "customer", "id": 81}


def test_a_replaced_secret_signs_for_a_day_beside_the_new_one(endpoint: Endpoint, receiver: Receiver) -> None:
    old = endpoint.secret
    new = managing.rotate(endpoint, actor=ACTOR)
    tell(endpoint, 1)
    sending.run(endpoint.pk)
    headers, body = receiver.came.pop()
    assert Webhook(new).verify(body, headers) == Webhook(old).verify(body, headers)
    Endpoint.objects.update(old_secret_until=clock.now() - timedelta(seconds=1))
    tell(endpoint, 2)
    sending.run(endpoint.pk)
    headers, body = receiver.came.pop()
    Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)


def test_events_of_one_record_arrive_in_order_and_others_do_not_wait_for_them(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    first, second, other = tell(endpoint, 1, 1, 2)
    receiver.usual = lambda body: 500 if b'"id": 1,' in body else 204
    sending.run(endpoint.pk)
    assert sorted(subjects(receiver)) == [1, 2]  # the second of 1 waits for the first
    assert [row.pk for row in Delivery.objects.filter(status=Status.DELIVERED)] == [other.pk]
    receiver.came.clear()
    receiver.usual = 204
    later(seconds=60)
    sending.run(endpoint.pk)
    assert [headers["webhook-id"] for headers, _ in receiver.came] == [one.webhook_id for one in _fresh(first, second)]


def _fresh(*rows: Delivery) -> list[Delivery]:
    return [Delivery.objects.get(pk=row.pk) for row in rows]


def test_many_go_out_at_once_and_all_arrive_once(endpoint: Endpoint, receiver: Receiver) -> None:
    tell(endpoint, *range(100))
    sending.run(endpoint.pk)
    assert sorted(subjects(receiver)) == list(range(100))
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 100


@pytest.mark.parametrize(
    ("how", "code", "problem"),
    [
        (500, 500, "Answered 500."), (404, 404, "Answered 404."), (302, 302, "A redirect is not followed."),
        (307, 307, "A redirect is not followed."), ("garbage", None, "It did not answer as HTTP."),
        ("cut", None, "The connection broke."), ("endless headers", None, "It did not answer as HTTP."),
    ],
)  # fmt: skip
def test_whatever_else_it_answers_is_logged_and_tried_again(
    endpoint: Endpoint, receiver: Receiver, how: Any, code: int | None, problem: str
) -> None:
    (row,) = tell(endpoint, 1)
    receiver.usual = how
    sending.run(endpoint.pk)
    row.refresh_from_db(), endpoint.refresh_from_db()
    attempt = row.attempts.get()
    assert (attempt.code, attempt.problem) == (code, problem)
    assert (row.status, row.attempt_count, endpoint.standing) == (Status.PENDING, 1, "retrying")
    assert len(receiver.came) == 1  # no redirect was followed
    assert 3 < (row.next_attempt_at - clock.now()).total_seconds() < 6
    receiver.usual = 204
    later(minutes=1)
    sending.run(endpoint.pk)
    row.refresh_from_db(), endpoint.refresh_from_db()
    assert (row.status, endpoint.standing) == (Status.DELIVERED, "active")
    assert receiver.came[0][0]["webhook-id"] == receiver.came[1][0]["webhook-id"]


@pytest.mark.parametrize("how", ["hang", "trickle"])
def test_one_that_does_not_come_to_an_end_is_left_after_a_while(receiver: Receiver, how: str) -> None:
    receiver.usual = how
    began = time.monotonic()
    outcome = posting.post(receiver.url, b"{}", {}, seconds=0.5)
    assert (outcome.code, outcome.problem) == (None, "No answer in time.")
    assert time.monotonic() - began < 2


def test_an_endless_answer_is_not_read(receiver: Receiver) -> None:
    receiver.usual = "endless body"
    began = time.monotonic()
    assert posting.post(receiver.url, b"{}", {}).delivered
    assert time.monotonic() - began < 2


def test_nobody_there_and_no_such_host_are_told_apart() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert posting.post(f"http://127.0.0.1:{port}/", b"", {}).problem == "Nobody listens there."
    assert posting.post("http://no-such-host.invalid/", b"", {}).problem == "There is no such host."


def test_waits_grow_for_a_day_then_the_endpoint_is_failing_until_something_gets_through(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = tell(endpoint, 1)
    receiver.usual = 500
    start, waits = clock.now(), []
    now = start
    monkeypatch.setattr(clock, "now", lambda: now)
    while Delivery.objects.pending().exists():
        Endpoint.objects.update(resting_until=None)
        assert sending.run(endpoint.pk) == 1
        row.refresh_from_db()
        if row.status == Status.PENDING:
            waits.append((row.next_attempt_at - now).total_seconds())
            now = row.next_attempt_at
    assert 4 < waits[0] < 6
    assert all(later > sooner for sooner, later in itertools.pairwise(waits[:8]))
    assert now == start + timedelta(days=1)
    assert 10 < row.attempt_count < 20
    endpoint.refresh_from_db()
    assert (row.status, endpoint.standing, row.attempts.count()) == (Status.FAILED, "failing", row.attempt_count)
    assert managing.replay(endpoint, actor=ACTOR) == 1
    receiver.usual = 204
    sending.run(endpoint.pk)
    row.refresh_from_db(), endpoint.refresh_from_db()
    assert (row.status, endpoint.standing) == (Status.DELIVERED, "active")


def test_an_endpoint_to_which_nothing_gets_through_is_probed_by_one_and_then_gets_all(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    tell(endpoint, *range(30))
    receiver.usual = 503
    sending.run(endpoint.pk)
    assert len(receiver.came) == sending.AT_ONCE
    assert sending.run(endpoint.pk) == 0  # it rests
    assert sending.with_work(clock.now()) == []
    later(minutes=10)
    sending.run(endpoint.pk)
    assert len(receiver.came) == sending.AT_ONCE + 1
    receiver.usual = 204
    later(minutes=10)
    sending.run(endpoint.pk)
    assert not Delivery.objects.pending().exists()
    assert set(subjects(receiver)) == set(range(30))


def test_what_was_delivered_can_be_sent_again_and_keeps_its_id(endpoint: Endpoint, receiver: Receiver) -> None:
    one, two = tell(endpoint, 1, 2)
    sending.run(endpoint.pk)
    assert managing.replay(endpoint, one.pk, actor=ACTOR) == 1
    assert managing.replay(endpoint, 987_654, actor=ACTOR) == 0
    sending.run(endpoint.pk)
    assert [headers["webhook-id"] for headers, _ in receiver.came].count(one.webhook_id) == 2
    assert two.attempts.count() == 1


def test_while_paused_things_wait_and_a_test_says_only_that_it_is_one(endpoint: Endpoint, receiver: Receiver) -> None:
    managing.pause(endpoint, actor=ACTOR)
    tell(endpoint, 1)
    managing.send_test(endpoint, actor=ACTOR)
    assert sending.run(endpoint.pk) == 0
    managing.resume(endpoint, actor=ACTOR)
    sending.run(endpoint.pk)
    types = {json.loads(body)["type"]: json.loads(body)["data"] for _, body in receiver.came}
    assert types["webhook.test"] == {}
    assert "customer.updated" in types


def test_a_worker_given_up_for_dead_changes_nothing(endpoint: Endpoint, receiver: Receiver) -> None:
    (row,) = tell(endpoint, 1)
    now = clock.now()
    token = sending.claim(endpoint.pk, now)
    assert token
    assert sending.claim(endpoint.pk, now) is None
    batch = sending.begin(endpoint.pk, token, now)
    other = sending.claim(endpoint.pk, now + timedelta(seconds=sending.LEASE_SECONDS + 1))
    assert other
    sent = [sending.Sent(batch[0], posting.Outcome(204, "", 1))]
    assert not sending.finish(endpoint.pk, token, sent, now)
    row.refresh_from_db()
    assert (row.status, Attempt.objects.count()) == (Status.PENDING, 0)
    assert row.next_attempt_at > now  # it comes again, and not at once
    later(minutes=2)
    Endpoint.objects.update(lease_until=None)
    sending.run(endpoint.pk)
    assert subjects(receiver) == [1]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_at_any_statement_loses_nothing(receiver: Receiver) -> None:
    from tests.killing import killed_at

    endpoint = managing.add(name="CRM", url=receiver.url, events=list(EVENTS), actor=ACTOR)[0]
    for number in range(40):
        Delivery.objects.all().delete()
        receiver.came.clear()
        tell(endpoint, 1, 2)
        try:
            with killed_at(number):
                sending.run(endpoint.pk)
        except Exception:
            connections.close_all()
            later(minutes=10)
            Endpoint.objects.update(lease_until=None)
            while Delivery.objects.pending().exists():
                sending.run(endpoint.pk)
                later(minutes=10)
            assert set(subjects(receiver)) == {1, 2}
            continue
        assert number > 5
        return
    raise AssertionError("it never got through")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_event_once(receiver: Receiver) -> None:
    endpoint = managing.add(name="CRM", url=receiver.url, events=list(EVENTS), actor=ACTOR)[0]
    tell(endpoint, *range(40))

    def work() -> None:
        sending.run(endpoint.pk)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(subjects(receiver)) == list(range(40))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "fec0::1",
        "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused_however_they_are_written(address: str) -> None:
    assert not posting.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_outside_are_not(address: str) -> None:
    assert posting.is_public(address)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]"])
def test_nothing_is_sent_inside_unless_a_setting_allows_it(receiver: Receiver, settings: Any, name: str) -> None:
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    url = receiver.url.replace("127.0.0.1", name)
    assert posting.post(url, b"{}", {}).problem in {
        "It leads to a private address, where Roster sends nothing.", "There is no such host.",
    }  # fmt: skip
    assert receiver.came == []


def test_a_name_that_answers_differently_the_second_time_gains_nothing(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was looked at, whatever the name says next."""
    asked: list[str] = []

    def rebinding(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "93.184.216.34"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    went: list[Any] = []

    def connect(address: Any, timeout: float = 0) -> socket.socket:
        went.append(address[0])
        raise ConnectionRefusedError

    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert posting.post("http://rebind.example/", b"{}", {}).problem == "Nobody listens there."
    assert (asked, went) == (["rebind.example"], ["93.184.216.34"])


def test_a_name_of_which_one_address_lies_inside_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **kwargs: Any) -> Any:
        return [(socket.AF_INET, 1, 6, "", (one, port)) for one in ("93.184.216.34", "10.0.0.1")]

    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(posting.Refused):
        posting.addresses_of("both.example", 443)


def test_a_certificate_must_be_valid_for_the_name(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, served = certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served)
    with receiving(context) as there:
        url = there.url.replace("http://127.0.0.1", "https://localhost")
        assert posting.post(url, b"{}", {}).problem == "Its certificate is not valid for this name."
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert posting.post(url, b"{}", {}).delivered
        other = url.replace("localhost", "127.0.0.1")
        assert posting.post(other, b"{}", {}).problem == "Its certificate is not valid for this name."
        assert len(there.came) == 1


def certificates(folder: Any) -> tuple[Any, Any]:
    """A self-signed certificate for localhost, and the same with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(tz=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "served.pem").write_bytes(pem + secret)
    return folder / "ca.pem", folder / "served.pem"


def test_the_log_is_forgotten_after_a_while(endpoint: Endpoint, receiver: Receiver, settings: Any) -> None:
    old, new = tell(endpoint, 1, 2)
    sending.run(endpoint.pk)
    Delivery.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=settings.WEBHOOK_LOG_DAYS + 1))
    tasks.forget()
    assert list(Delivery.objects.values_list("pk", flat=True)) == [new.pk]
    assert Attempt.objects.count() == 1
    assert forget(clock.now()) == 0
