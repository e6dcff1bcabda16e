"""Grouped counts and the chart of what the documents list shows (5.1)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from audit.models import Source
from customers.models import Tag
from feedback import grouping
from feedback.models import DocumentTag
from properties.models import Definition
from tests.feedback.conftest import htmx, person, write

pytestmark = pytest.mark.django_db


def counted(client: Client, query: str) -> dict[str, str]:
    """Label → count, as the panel shows them."""
    response = client.get(f"/documents/groups/?{query}", headers=htmx("groups"))
    assert response.status_code == 200
    found = re.findall(
        r'<th scope="row">(?:<a[^>]*>)?(.*?)(?:</a>)?</th><td>.*?<td class="num">(.*?)</td>', response.content.decode()
    )
    return dict(found)


def test_counts_by_channel_respect_the_filters(mina: Client) -> None:
    write(channel="email", title="crash")
    write(channel="email")
    write(channel="voice", title="crash")
    assert counted(mina, "by=channel") == {"Email": "2", "Voice": "1"}
    assert counted(mina, "by=channel&q=crash") == {"Email": "1", "Voice": "1"}


def test_counts_by_everything_else(mina: Client) -> None:
    ana = person("Ana", plan="pro")
    Definition.objects.filter(key="plan").update(type="choice")
    source, account = Source.objects.create(name="Desk", kind="feedback"), Account.objects.create(name="Lumen")
    document = write(customer=ana, source=source, account=account, status="open")
    for name in ("Billing", "Churn"):
        DocumentTag.objects.create(document=document, tag=Tag.objects.named(name))
    write(title="Bare")
    assert counted(mina, "by=source") == {"Desk": "1", "No source": "1"}
    assert counted(mina, "by=status") == {"open": "1", "No status": "1"}
    assert counted(mina, "by=tag") == {"Billing": "1", "Churn": "1", "No tag": "1"}
    assert counted(mina, "by=customer") == {"Ana": "1", "No customer": "1"}
    assert counted(mina, "by=account") == {"Lumen": "1", "No account": "1"}
    assert counted(mina, "by=cp.plan") == {"pro": "1", "Empty": "1"}


def test_groups_lead_to_their_documents(mina: Client) -> None:
    write(channel="voice")
    write(channel="email", hours=30)
    text = mina.get("/documents/groups/?by=channel&status=none").content.decode()
    assert "/documents/?status=none&amp;channel=voice" in text


def test_the_chart_has_a_bar_a_day_and_a_bar_a_month_over_years(mina: Client) -> None:
    start = datetime(2026, 2, 1, 12, tzinfo=UTC)
    for days in (0, 1, 5):
        write(occurred_at=start + timedelta(days=days))
    text = mina.get("/documents/groups/?by=day").content.decode()
    assert "Documents per day" in text
    assert text.count('class="chart__day"') == 6
    write(occurred_at=start - timedelta(days=400))
    assert "Documents per month" in mina.get("/documents/groups/?by=channel").content.decode()


def test_a_cut_that_leaves_documents_out_is_said(mina: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(5):
        write(channel="email" if at < 3 else "voice", hours=at)
    monkeypatch.setattr(grouping, "LOOKED_AT", 3)
    monkeypatch.setattr(grouping, "total", lambda: 5)
    text = mina.get("/documents/groups/?by=channel", headers=htmx("groups")).content.decode()
    assert "of the newest" in text
    assert counted(mina, "by=channel") == {"Email": "3"}
    assert counted(mina, "by=channel&status=none&time=7d") == {"Email": "3"}


@pytest.mark.parametrize("by", ["", "nonsense", "cp.unknown", "cp.", "ap.plan", "id; DROP TABLE", "cp.%00"])
def test_what_cannot_be_grouped_by_is_absent(mina: Client, by: str) -> None:
    assert mina.get(f"/documents/groups/?by={by}").status_code in {400, 404}


def test_nothing_to_count_is_said(mina: Client) -> None:
    assert "No documents match" in mina.get("/documents/groups/?by=channel").content.decode()


def test_the_list_loads_the_panel_when_it_is_asked_for(mina: Client) -> None:
    write()
    assert (
        'hx-get="/documents/groups/?by=channel&amp;channel=email"'
        in mina.get("/documents/?by=channel&channel=email").content.decode()
    )
    assert "/documents/groups/" not in mina.get("/documents/").content.decode()


def test_grouping_takes_few_queries(mina: Client, django_assert_max_num_queries: Any) -> None:
    for at in range(20):
        write(customer=person(f"P{at}"), hours=at)
    mina.get("/documents/groups/?by=customer")
    with django_assert_max_num_queries(8):
        mina.get("/documents/groups/?by=customer", headers=htmx("groups"))
