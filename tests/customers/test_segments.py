"""Segments: static ones by hand, dynamic ones from a saved filter, in filters and on pages, day by day (2.3, 2.9)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Team, TeamAccount, TeamMember
from audit.models import Change, Entry
from core import clock, jobs
from customers import listing, segmenting
from customers.filters import CustomerFilter
from customers.models import BulkEdit, Customer, Membership, Segment, SegmentCount, SegmentMember, Tag
from customers.segment_counts import count_due
from customers.segment_filters import meaning
from staff.models import User
from tests.customers.people import mina, part, signed_in, user
from tests.factories import CustomerFactory, DefinitionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Client:
    return signed_in("support")


def static(name: str, *members: Customer) -> Segment:
    segment = segmenting.create(name, actor=mina())
    segmenting.put_in(segment, [one.pk for one in members], actor=mina())
    return segment


def dynamic(name: str, query: str) -> Segment:
    return segmenting.create(name, query, actor=mina())


def found(query: str, viewer: User | None = None) -> set[str]:
    """Names of the customers that the list finds, both as a plain queryset and the way the list does."""
    filters = CustomerFilter(QueryDict(query), Customer.objects.visible_to(viewer or user("support")))
    assert not filters.errors
    now = clock.now()
    plain = {one.name for one in filters.matching(now=now)}
    page = listing.find(filters.listed(), filters.conditions(now=now), listing.sort_of("")).page
    assert {one.name for one in page.rows} == plain
    assert listing.count(filters.listed(), filters.conditions(now=now)) == len(plain)
    return plain


def test_customers_are_put_in_and_taken_out_once_and_their_history_says_so() -> None:
    ana, ben = CustomerFactory(name="Ana"), CustomerFactory(name="Ben")
    segment = static("Beta testers", ana)
    assert segmenting.put_in(segment, [ana.pk, ben.pk, 987_654], actor=mina()).number == 1
    assert found(f"segment={segment.pk}") == {"Ana", "Ben"}
    assert segmenting.take_out(segment, [ana.pk], actor=mina()).number == 1
    assert segmenting.take_out(segment, [ana.pk], actor=mina()).number == 0
    assert found(f"segment={segment.pk}") == {"Ben"}
    verbs = ["segment.created", "segment.customers_added", "segment.customers_added", "segment.customers_removed"]
    assert (
        list(Entry.objects.filter(verb__startswith="segment.").order_by("pk").values_list("verb", flat=True)) == verbs
    )
    assert Change.objects.filter(table="customers_segmentmember", customer_id=ana.pk).count() == 2


def test_names_are_compared_without_letter_case_and_refused_twice() -> None:
    static("Beta testers")
    with pytest.raises(segmenting.NameTaken):
        static("BETA TESTERS")
    with pytest.raises(ValidationError):
        static("  ")


def test_a_saved_filter_finds_whom_it_matches_now_without_order_and_place() -> None:
    DefinitionFactory(key="plan", label="Plan", type="choice")
    CustomerFactory(name="Ana", properties={"plan": ["Pro"]})
    CustomerFactory(name="Ben", properties={"plan": ["Free"]})
    segment = dynamic("Paying", "p.plan=is%3APro&sort=name&cursor=abc&tag=")
    assert segment.query == "p.plan=is%3APro"
    assert found(f"segment={segment.pk}") == {"Ana"}
    Customer.objects.filter(name="Ben").update(properties={"plan": ["Pro"]})
    assert found(f"segment={segment.pk}") == {"Ana", "Ben"}
    assert found(f"segment={segment.pk}&q=ben") == {"Ben"}


def test_segments_are_joined_and_none_means_no_static_one() -> None:
    ana, ben = CustomerFactory(name="Ana"), CustomerFactory(name="Ben", tags=["VIP"])
    CustomerFactory(name="Cara")
    beta, other = static("Beta", ana), static("Other", ben)
    vip = dynamic("Important", f"tag={Tag.objects.get(name='VIP').pk}")
    assert found(f"segment={beta.pk},{vip.pk}") == {"Ana", "Ben"}
    assert found(f"segment={beta.pk}&segment={other.pk}") == {"Ana", "Ben"}
    assert found("segment=none") == {"Cara"}
    assert found("segment=987654") == set()
    assert found(f"segment={other.pk}&tag={ben.tag_ids[0] if ben.tag_ids else Tag.objects.get().pk}") == {"Ben"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("deleted=true", "Deleted customers are in no segment."),
        ("sort=name", "It has no filter."),
        ("p.nothing=is:1", "A property that it names is gone."),
        ("ap.nothing=is:1", "A property that it names is gone."),
        ("tag=987654", "A tag that it names is gone."),
        ("account=987654", "An account that it names is gone."),
        ("last_seen=soon", "Must be a number of days"),
    ],
)
def test_what_is_not_a_filter_is_not_saved(query: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        segmenting.create("One", query, actor=mina())
    assert not Segment.objects.exists()


def test_a_saved_filter_may_name_a_static_segment_but_no_dynamic_one() -> None:
    ana = CustomerFactory(name="Ana", tags=["VIP"])
    beta = static("Beta", ana, CustomerFactory(name="Ben"))
    both = dynamic("Both", f"segment={beta.pk}&tag={Tag.objects.get().pk}")
    assert found(f"segment={both.pk}") == {"Ana"}
    with pytest.raises(ValidationError, match="dynamic segment"):
        dynamic("Circle", f"segment={both.pk}")
    Segment.objects.filter(pk=both.pk).update(query=f"segment={both.pk}")  # as only raw SQL can
    assert found(f"segment={both.pk}") == set()


def test_a_filter_that_names_what_is_gone_says_so_and_finds_nobody(support: Client) -> None:
    definition = DefinitionFactory(key="plan", label="Plan", type="choice")
    CustomerFactory(name="Ana", tags=["VIP", "EU"], properties={"plan": ["Pro"]})
    vip, eu = Tag.objects.get(name="VIP").pk, Tag.objects.get(name="EU").pk
    tagged, paying = dynamic("Tagged", f"tag={vip},{eu}"), dynamic("Paying", "p.plan=Pro&feedback=no")
    assert found(f"segment={tagged.pk}") == found(f"segment={paying.pk}") == {"Ana"}
    Tag.objects.get(pk=vip).delete()
    definition.delete()
    assert found(f"segment={tagged.pk}") == found(f"segment={paying.pk}") == set()
    page = support.get(f"/segments/{tagged.pk}/").content.decode()
    assert "cannot be understood any more" in page
    assert "A tag that it names is gone." in page
    assert "A property that it names is gone." in support.get(f"/segments/{paying.pk}/").content.decode()


def test_every_segment_is_counted_once_a_day_and_the_page_draws_it(support: Client) -> None:
    ana = CustomerFactory(name="Ana")
    deleted = CustomerFactory(name="Ben")
    beta = static("Beta", ana, deleted)
    Customer.objects.filter(pk=deleted.pk).update(state="deleted", deleted_at=clock.now(), deletion_requested_at=None)
    silent = dynamic("Silent", "feedback=no")
    now = clock.now()
    assert count_due(now) == 2
    assert count_due(now) == 0
    assert count_due(now + timedelta(days=1)) == 2
    counts = SegmentCount.objects.order_by("on").values_list("segment", "count")
    assert sorted(counts[:2]) == [(beta.pk, 1), (silent.pk, 1)]
    assert "Customers by day: 1" in support.get(f"/segments/{silent.pk}/").content.decode()


def test_a_filtered_list_is_saved_as_a_segment_in_its_words(support: Client) -> None:
    CustomerFactory(name="Ana", tags=["VIP"])
    tag = Tag.objects.get().pk
    assert f"/segments/new/?tag={tag}" in support.get(f"/customers/?tag={tag}").content.decode()
    assert "save-segment" not in support.get("/customers/").content.decode()
    dialog = support.get(f"/segments/new/?tag={tag}", **part("dialog")).content.decode()
    assert "VIP" in dialog
    assert f'value="tag={tag}"' in dialog
    assert support.post("/segments/new/", {"name": " ", "query": f"tag={tag}"}).status_code == 422
    answer = support.post("/segments/new/", {"name": "Important", "query": f"tag={tag}&cursor=x"})
    segment = Segment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/segments/{segment.pk}/")
    assert (segment.kind, segment.query, segment.created_by) == ("dynamic", f"tag={tag}", user("support"))
    assert "Ana" in support.get(f"/segments/{segment.pk}/").content.decode()
    assert "Deleted customers are in no segment." in support.get("/segments/new/?deleted=true").content.decode()
    assert support.post("/segments/new/", {"name": "Gone", "query": "deleted=true"}).status_code == 422
    assert support.post("/segments/new/", {"name": "IMPORTANT"}).status_code == 422


def test_pages_list_rename_add_remove_and_delete(support: Client) -> None:
    ana = CustomerFactory(name="Ana Kovač")
    segment = static("Beta")
    url = f"/segments/{segment.pk}/"
    assert "Beta" in support.get("/segments/").content.decode()
    assert "Ana Kovač" in support.get(url, {"q": "kovac"}, **part("members")).content.decode()
    support.post(f"{url}add/", {"customer": ana.pk})
    assert SegmentMember.objects.get().customer == ana
    assert ">1<" in support.get(f"{url}count/").content.decode()
    assert "remove-" in support.post(f"{url}add/", {"customer": ana.pk}, **part("members")).content.decode()
    support.post(f"{url}remove/", {"customer": ana.pk})
    assert not SegmentMember.objects.exists()
    support.post(f"{url}rename/", {"name": "Beta 2"})
    named = dynamic("Follows", f"segment={segment.pk}")
    assert "Follows" in support.get(f"{url}delete/").content.decode()
    support.post(f"{url}delete/")
    assert list(Segment.objects.all()) == [named]
    assert support.post(f"{url}add/", {"customer": ana.pk}).status_code == 404
    assert support.post(f"/segments/{named.pk}/add/", {"customer": ana.pk}).status_code == 404


def test_who_only_reads_changes_nothing() -> None:
    viewer, segment = signed_in("viewer"), static("Beta", CustomerFactory())
    assert viewer.get(f"/segments/{segment.pk}/").status_code == 200
    for name in ("rename", "delete", "add", "remove"):
        assert viewer.post(f"/segments/{segment.pk}/{name}/", {"name": "x", "customer": 1}).status_code == 403
    assert viewer.get("/segments/new/").status_code == 403


def test_limited_staff_count_and_see_whom_they_may_see(support: Client) -> None:
    mine, other = Account.objects.create(name="Mine"), Account.objects.create(name="Other")
    ana, ben = CustomerFactory(name="Ana"), CustomerFactory(name="Zebediah")
    Membership.objects.create(customer=ana, account=mine)
    Membership.objects.create(customer=ben, account=other)
    team = Team.objects.create(name="Mine")
    TeamAccount.objects.create(team=team, account=mine)
    TeamMember.objects.create(team=team, user=user("support"))
    admin = signed_in("admin")
    admin.post("/segments/new/", {"name": "Anybody", "query": "q=a&feedback=no"})
    hands = segmenting.create("By hand", actor=mina())
    segmenting.put_in(hands, [ana.pk, ben.pk], actor=mina())
    count_due(clock.now())
    everybody = Segment.objects.get(name="Anybody")
    Segment.objects.filter(pk=everybody.pk).update(query="q=zebediah&feedback=no")
    for segment in (everybody, hands):
        page = support.get(f"/segments/{segment.pk}/").content.decode()
        assert "zebediah" not in page.lower()
        assert "Customers by day:" not in page
    assert "Ana" in support.get(f"/segments/{hands.pk}/").content.decode()
    assert ">1<" in support.get(f"/segments/{hands.pk}/count/").content.decode()
    assert "Zebediah" in admin.get(f"/segments/{everybody.pk}/").content.decode()
    assert support.post(f"/segments/{hands.pk}/remove/", {"customer": ben.pk}).status_code == 404
    assert support.post(f"/segments/{everybody.pk}/delete/").status_code == 403


@pytest.mark.parametrize("count", [1, 25])
def test_pages_cost_the_same_queries_whatever_there_is(
    support: Client, count: int, django_assert_max_num_queries: Any
) -> None:
    people = [CustomerFactory(name=f"Person {number}", tags=["VIP"]) for number in range(count)]
    for number in range(count):
        static(f"Static {number}", *people)
    segment = dynamic("VIP", f"tag={Tag.objects.get().pk}")
    for url in ("/segments/", f"/segments/{segment.pk}/", f"/segments/{Segment.objects.filter(kind='static')[0].pk}/"):
        support.get(url)
        with django_assert_max_num_queries(14):
            assert support.get(url).status_code == 200


def test_days_of_a_saved_filter_are_utc_whoever_reads() -> None:
    CustomerFactory(name="Ana", first_seen_at=datetime(2026, 2, 3, 0, 30, tzinfo=UTC))
    segment = dynamic("February", "first_seen_from=2026-02-03&first_seen_to=2026-02-03")
    asked = meaning(segment.query, Customer.objects.all()).filters
    assert str(asked.zone) == "UTC"
    assert found(f"segment={segment.pk}") == {"Ana"}
    assert date(2026, 2, 3) in [value for _, _, value in asked.active()]


def bulk(client: Client, **given: Any) -> Any:
    return client.post("/customers/bulk/", given, headers={"HX-Request": "true"})


def test_selected_customers_are_put_into_a_segment_and_that_is_undone(support: Client) -> None:
    ana, ben = CustomerFactory(name="Ana"), CustomerFactory(name="Ben")
    static("Beta", ben)
    answer = bulk(support, action="add_segment", tag=" beta ", id=[ana.pk, ben.pk])
    assert answer.status_code == 204
    assert "1 of 2 added to the segment “Beta”." in answer["HX-Trigger"].encode().decode("unicode-escape")
    assert set(SegmentMember.objects.values_list("customer", flat=True)) == {ana.pk, ben.pk}
    entry = Entry.objects.filter(verb="segment.customers_added").latest("pk")
    support.post(f"/customers/bulk/{entry.pk}/undo/")
    assert set(SegmentMember.objects.values_list("customer", flat=True)) == {ben.pk}
    bulk(support, action="remove_segment", tag="Beta", id=[ana.pk, ben.pk])
    assert not SegmentMember.objects.exists()
    entry = Entry.objects.filter(verb="segment.customers_removed").latest("pk")
    support.post(f"/customers/bulk/{entry.pk}/undo/")
    assert set(SegmentMember.objects.values_list("customer", flat=True)) == {ben.pk}
    Segment.objects.all().delete()
    assert support.post(f"/customers/bulk/{entry.pk}/undo/").status_code == 404


def test_nobody_is_put_into_what_is_not_there_or_follows_a_filter(support: Client) -> None:
    ana = CustomerFactory(name="Ana")
    dynamic("Silent", "feedback=no")
    assert "There is no segment called “Nothing”." in bulk(support, action="add_segment", tag="Nothing", id=ana.pk).text
    assert "follows a filter" in bulk(support, action="add_segment", tag="silent", id=ana.pk).text
    assert bulk(signed_in("viewer"), action="add_segment", tag="x", id=ana.pk).status_code == 403
    assert not SegmentMember.objects.exists()


def test_all_that_match_are_put_into_a_segment_in_the_background(support: Client) -> None:
    for number in range(60):
        CustomerFactory(name=f"Person {number}")
    CustomerFactory(name="Ana")
    static("Beta")
    answer = bulk(support, action="add_segment", tag="Beta", matching="true", query="q=person")
    job = BulkEdit.objects.get()
    assert answer["HX-Redirect"] == f"/customers/bulk/{job.pk}/"
    jobs.run(BulkEdit, job.pk)
    job.refresh_from_db()
    assert (job.status, job.changed, SegmentMember.objects.count()) == ("done", 60, 60)
    assert "Add to segment “Beta”" in support.get(f"/customers/bulk/{job.pk}/").content.decode()


def test_the_profile_shows_every_segment_the_customer_is_in(support: Client) -> None:
    DefinitionFactory(key="plan", label="Plan", type="choice")
    DefinitionFactory(key="seats", label="Seats", type="number")
    acme = Account.objects.create(name="Acme")
    ana = CustomerFactory(name="Ana", tags=["VIP"], properties={"plan": ["Pro"]}, email="ana@ex.test")
    Membership.objects.create(customer=ana, account=acme)
    static("Beta", ana)
    static("Not her")
    tag = Tag.objects.get().pk
    beta = Segment.objects.get(name="Beta").pk
    inside = {
        "Tagged": f"tag={tag}", "Paying": "p.plan=Pro", "At Acme": f"account={acme.pk}", "Named": "q=ana",
        "Small": "p.seats=empty", "Silent": "feedback=no&first_seen=30d", "Betas": f"segment={beta}",
    }  # fmt: skip
    outside = {
        "Free": "p.plan=Free", "Big": "p.seats=greater:3", "Elsewhere": "account=none", "Other": "q=zoe",
        "By mail": "channel=email",
    }  # fmt: skip
    for name, query in [*inside.items(), *outside.items()]:
        dynamic(name, query)
    gone = dynamic("Gone", f"tag={tag}")
    Segment.objects.filter(pk=gone.pk).update(query="tag=987654")
    shown = support.get(f"/customers/{ana.pk}/").context["profile"].segments
    assert {one.name for one in shown} == {*inside, "Beta"}
    assert {one.name for one in shown} == {
        one.name for one in Segment.objects.all() if "Ana" in found(f"segment={one.pk}")
    }
    assert "At Acme" in support.get(f"/customers/{ana.pk}/").content.decode()


def test_a_profile_asks_twice_more_for_any_number_of_dynamic_segments(
    support: Client, django_assert_max_num_queries: Any
) -> None:
    ana = CustomerFactory(name="Ana", tags=["VIP"])
    url, tag = f"/customers/{ana.pk}/", Tag.objects.get().pk
    support.get(url)
    with CaptureQueriesContext(connection) as before:
        support.get(url)
    for number in range(25):
        dynamic(f"Segment {number}", f"tag={tag}&q=person{number}")
    with django_assert_max_num_queries(len(before) + 2):
        support.get(url)


def test_limited_staff_are_not_told_that_a_customer_belongs_to_an_account_they_may_not_see(support: Client) -> None:
    mine, other = Account.objects.create(name="Mine"), Account.objects.create(name="Other")
    ana = CustomerFactory(name="Ana")
    Membership.objects.bulk_create(Membership(customer=ana, account=one) for one in (mine, other))
    dynamic("At the other", f"account={other.pk}")
    dynamic("At mine", f"account={mine.pk}")
    team = Team.objects.create(name="Mine")
    TeamAccount.objects.create(team=team, account=mine)
    TeamMember.objects.create(team=team, user=user("support"))
    shown = support.get(f"/customers/{ana.pk}/").context["profile"].segments
    assert [one.name for one in shown] == ["At mine"]
