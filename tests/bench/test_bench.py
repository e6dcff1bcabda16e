"""The benchmark itself: its cases ask for pages that exist and expect the rows that they show."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from bench import measuring, report
from bench.cases import Case, cases
from bench.facts import look_up
from bench.measuring import Measured
from staff.models import Role, User


@pytest.mark.django_db
def test_every_case_asks_for_a_page_that_shows_what_its_sql_finds() -> None:
    call_command("seed", customers=400, verbosity=0)
    client = Client()
    client.force_login(User.objects.create_user("tom@roster.example", "x", name="Tom", role=Role.SUPPORT))
    raw: Any = connection.connection
    wrong = []
    for case in cases(look_up(raw)):
        headers = {name.replace("HX-", "hx-"): value for name, value in case.headers.items()}
        answer = client.get(case.path, headers=headers)
        if answer.status_code == 404:  # a page that does not exist yet is skipped in measuring, too
            continue
        _, ids = measuring.floor(case, raw)
        wrong += [f"{case.name}: {answer.status_code}"] if answer.status_code != 200 else []
        wrong += [f"{case.name}: {problem}" for problem in measuring.wrong(case, answer.content.decode(), ids)]
    assert not wrong


def test_a_page_that_shows_other_rows_is_wrong() -> None:
    case = Case("list", "/customers/", (30, 60), ids_in="customers", expect=("Ana",))
    page = '<a href="/customers/3/">Ana</a><a href="/customers/3/">again</a><a href="/customers/2/">Ben</a>'
    assert not measuring.wrong(case, page, [3, 2])
    assert measuring.wrong(case, page, [2, 3])
    assert measuring.wrong(case, page, [3, 2, 1])
    assert measuring.wrong(case, page.replace("Ana", ""), [3, 2])


def test_growth_and_the_ratio_to_hello_world_are_judged() -> None:
    found = report.Report(1_000_000, 5_000_000, "18.6", least=Measured("hello world", p50=1))
    found.measured = [Measured("list", p50=20, sql=1), Measured("search", p50=12), Measured("profile", p50=30)]
    found.ratios = {"list"}
    report.judge(found, {"search": {"p50": 10}, "profile": {"p50": 10}})
    assert [one.name for one in found.measured if one.problems] == ["list", "profile"]


def test_figures_of_one_size_replace_older_ones_and_leave_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"Before\n\n{report.BEGIN}\n{report.END}\n\nAfter\n")
    monkeypatch.setattr(report, "PAGE", page)
    for customers, name in ((100_000, "first"), (1_000_000, "second"), (100_000, "third")):
        report.write(report.Report(customers, customers * 5, "18.6", measured=[Measured(name, p50=1)]))
    text = page.read_text()
    assert text.startswith("Before\n")
    assert text.endswith("After\n")
    assert "first" not in text
    assert "second" in text
    assert "third" in text
