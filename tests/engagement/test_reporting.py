"""`manage.py report`: usage, answers and deliveries from a file of JSON lines; what is wrong is left out and said."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from audit.actor import Actor
from customers import creating
from customers.identifying import identity
from customers.models import Customer
from engagement.models import Delivery, SurveyResponse, UsageEvent
from engagement.reporting import LINE_LIMIT

pytestmark = pytest.mark.django_db


@pytest.fixture
def lumen() -> Account:
    return Account.objects.create(name="Lumen", external_id="org-7")


@pytest.fixture
def ana(lumen: Account) -> Customer:
    draft = creating.Draft("Ana", [identity("email", "Ana@lumen.example"), identity("user_id", "p-1")])
    return creating.create(draft, actor=Actor.of_system("command"))


def report(tmp_path: Path, kind: str, *rows: Any) -> tuple[str, str]:
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    call_command("report", kind, str(file), source="App", stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_usage_comes_in_once_for_whom_it_names(tmp_path: Path, lumen: Account, ana: Customer) -> None:
    rows = [
        {"module": "Reports", "activity": "Opened", "occurred_at": "2026-03-01T12:00:00Z", "account_id": "org-7",
         "user_id": "p-1", "external_id": "m1"},
        {"module": "Reports", "activity": "Opened", "occurred_at": 1772366400, "email": "ANA@lumen.example",
         "external_id": "m2"},
    ]  # fmt: skip
    assert report(tmp_path, "usage", *rows) == ("2 written, 0 unchanged, 0 left out.", "")
    assert report(tmp_path, "usage", *rows)[0] == "0 written, 2 unchanged, 0 left out."
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert sorted(UsageEvent.objects.values_list("account", "customer", "occurred_at"), key=str) == sorted(
        [(lumen.pk, ana.pk, noon), (None, ana.pk, noon)], key=str
    )


def test_answers_and_deliveries_come_in(tmp_path: Path, lumen: Account, ana: Customer) -> None:
    answer = {"survey": "Relationship", "kind": "nps", "score": 9, "email": "ana@lumen.example", "external_id": "a1"}
    assert report(tmp_path, "answers", answer)[0] == "1 written, 0 unchanged, 0 left out."
    assert SurveyResponse.objects.get().score == Decimal(9)
    sent = {"campaign": "Spring", "user_id": "p-1", "sent_at": "2026-03-01T12:00:00Z"}
    assert report(tmp_path, "deliveries", sent, {**sent, "viewed_at": 1772366400000})[0].startswith("1 written")
    assert Delivery.objects.get().viewed_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "row", "why"),
    [
        ("usage", "{broken", "not JSON"), ("usage", "[1]", "not a JSON object"), ("usage", "[" * 5000, "not JSON"),
        ("usage", '{"module": "' + "x" * LINE_LIMIT + '"}', "at most 32,768 characters"),
        ("usage", {"module": "", "activity": "x"}, "module is missing"),
        ("usage", {"module": "a\0b", "activity": "x"}, "module is not text"),
        ("usage", {"module": ["a"], "activity": "x"}, "module is not text"),
        ("usage", {"module": "a", "activity": "x", "occurred_at": "yesterday"}, "occurred_at is not a moment"),
        ("usage", {"module": "a", "activity": "x", "occurred_at": 10**30}, "occurred_at is not a moment"),
        ("usage", {"module": "a", "activity": "x", "account_id": "org-9"}, "No account has this account_id"),
        ("usage", {"module": "a", "activity": "x", "email": "nobody@ex.test"}, "No customer has this"),
        ("answers", {"survey": "S", "score": "many"}, "score is not a number"),
        ("answers", '{"survey": "S", "score": NaN}', "not JSON"),
        ("answers", {"survey": "S", "kind": "nps", "score": 11}, "from 0 to 10"),
        ("deliveries", {"campaign": "Spring"}, "Name the customer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_left_out_with_its_line_and_the_others_come_in(
    tmp_path: Path, ana: Customer, kind: str, row: Any, why: str
) -> None:
    good = {
        "usage": {"module": "a", "activity": "b"},
        "answers": {"survey": "S", "kind": "nps", "score": 9},
        "deliveries": {"campaign": "Spring", "user_id": "p-1"},
    }[kind]
    out, err = report(tmp_path, kind, good, row, "")
    assert out == "1 written, 0 unchanged, 1 left out."
    assert err.startswith("Line 2: ")
    assert why in err


def test_a_file_that_is_not_there_or_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("report", "usage", str(tmp_path / "none"), source="App")
    (tmp_path / "picture").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("report", "usage", str(tmp_path / "picture"), source="App")
