"""Definitions of properties, and what happens to stored values when they change (2.7)."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import Account
from audit.actor import Actor
from audit.models import Entry
from audit.recording import recorded
from core import clock, jobs
from customers import creating
from customers.models import Customer, CustomerValue
from properties import defining
from properties.defining import Wanted
from properties.models import Definition, PropertyRewrite
from properties.rewriting import coverage

pytestmark = pytest.mark.django_db

ACTOR = Actor.of_system("command")


def define(key: str, type_: str = "text", **more: object) -> Definition:
    return defining.define(key, "customer", Wanted(label=key.title(), type=type_, **more), actor=ACTOR)  # type: ignore[arg-type]


def customer(**properties: list[object]) -> Customer:
    made = creating.create(creating.Draft("Ana"), actor=ACTOR)
    with recorded(ACTOR, "customer.edited", made):
        made.properties = properties
        made.provenance = {
            key: {"by": "sync", "at": "2026-01-01T00:00:00Z", "synced": values} for key, values in properties.items()
        }
        made.save()
    return made


def retype(definition: Definition, type_: str) -> defining.Done:
    return defining.edit(definition, Wanted(label=definition.label, type=type_), actor=ACTOR)


def run(job: PropertyRewrite) -> PropertyRewrite:
    jobs.run(PropertyRewrite, job.pk)
    job.refresh_from_db()
    return job


def test_a_new_definition_comes_last() -> None:
    define("plan")
    define("seats", "number")
    assert list(Definition.objects.values_list("key", flat=True)) == ["plan", "seats"]


def test_a_key_that_differs_in_letter_case_only_is_taken() -> None:
    define("plan")
    with pytest.raises(defining.KeyTaken):
        define("PLAN")


@pytest.mark.parametrize("key", ["", "two words", "é", "a" * 101, "a-b", "x\0", ".", "..", "....", "plan\n", "..\n"])
def test_a_key_of_the_wrong_shape_is_refused(key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        defining.define(key, "customer", Wanted(label="X", type="text"), actor=ACTOR)
    assert "key" in refused.value.message_dict


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("label", {"label": " ", "type": "text"}),
        ("label", {"label": "x" * 121, "type": "text"}),
        ("label", {"label": "a\0b", "type": "text"}),
        ("type", {"label": "X", "type": "colour"}),
        ("choices", {"label": "X", "type": "choice"}),
        ("choices", {"label": "X", "type": "choice", "choices": [str(n) for n in range(201)]}),
        ("choices", {"label": "X", "type": "choice", "choices": ["x" * 2001]}),
    ],
)
def test_a_definition_says_which_field_is_wrong(field: str, wanted: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        Wanted(**wanted)  # type: ignore[arg-type]
    assert field in refused.value.message_dict


def test_saving_what_was_there_records_nothing() -> None:
    plan = define("plan")
    before = Entry.objects.count()
    defining.edit(plan, Wanted(label="Plan", type="text"), actor=ACTOR)
    assert Entry.objects.count() == before


def test_another_type_recasts_what_is_stored_and_leaves_what_does_not_fit() -> None:
    seats = define("seats")
    fits, partly = customer(seats=["1,200", "12.50"]), customer(seats=["7", "many"])
    done = retype(seats, "number")
    fits.refresh_from_db()
    partly.refresh_from_db()
    assert (fits.properties, partly.properties) == ({"seats": [1200, Decimal("12.5")]}, {"seats": [7, "many"]})
    assert fits.provenance["seats"]["synced"] == [1200, Decimal("12.5")]
    assert (done.outcome.changed, done.outcome.unfit) == (2, 1)


def test_ranges_follow_the_type_even_where_the_value_looks_the_same() -> None:
    since = define("since")
    owner = customer(since=["2026-01-02"])
    assert not CustomerValue.objects.filter(customer=owner).exists()
    retype(since, "date")
    assert CustomerValue.objects.filter(customer=owner, definition=since).exists()
    retype(since, "text")
    assert not CustomerValue.objects.filter(customer=owner).exists()


def test_deleting_takes_the_values_with_it_and_the_history_keeps_them() -> None:
    plan = define("plan")
    owner = customer(plan=["Pro"], other=["x"])
    defining.delete(plan, actor=ACTOR)
    owner.refresh_from_db()
    assert (owner.properties, list(owner.provenance)) == ({"other": ["x"]}, ["other"])
    assert not Definition.objects.exists()
    entry = Entry.objects.filter(verb="property.deleted").get()
    assert entry.changes.get(table="customers_customer").before["properties"]["plan"] == ["Pro"]


def test_merging_adds_the_values_that_are_not_there_yet() -> None:
    seats, places = define("seats", "number"), define("places")
    both, one = customer(seats=[5], places=["5", "six"]), customer(places=["7"])
    done = defining.merge(places, seats, actor=ACTOR)
    both.refresh_from_db()
    one.refresh_from_db()
    assert both.properties == {"seats": [5, "six"]}
    assert one.properties == {"seats": [7]}
    assert one.provenance["seats"]["by"] == "sync"
    assert (done.outcome.changed, done.outcome.unfit) == (2, 1)
    assert list(Definition.objects.values_list("key", flat=True)) == ["seats"]


def test_merging_with_itself_or_with_another_kind_of_record_is_refused() -> None:
    plan = define("plan")
    other = defining.define("plan", "account", Wanted(label="Plan", type="text"), actor=ACTOR)
    for target in (plan, other):
        with pytest.raises(ValidationError):
            defining.merge(plan, target, actor=ACTOR)


def test_values_of_accounts_follow_their_own_definitions() -> None:
    arr = defining.define("ARR", "account", Wanted(label="ARR", type="text"), actor=ACTOR)
    with recorded(ACTOR, "account.created"):
        account = Account.objects.create(name="Lumen", properties={"ARR": ["1200"]})
    retype(arr, "number")
    account.refresh_from_db()
    assert account.properties == {"ARR": [1200]}


class TestInTheBackground:
    @pytest.fixture(autouse=True)
    def _small_pages(self, settings) -> None:
        settings.PAGE_SIZE = 2
        PropertyRewrite.BATCH = 2
        yield
        PropertyRewrite.BATCH = 2_000

    def test_more_than_a_page_of_records_waits_for_a_worker(self) -> None:
        plan = define("plan")
        owners = [customer(plan=["Pro"]) for _ in range(5)]
        done = defining.delete(plan, actor=ACTOR)
        assert done.job is not None
        owners[0].refresh_from_db()
        assert owners[0].properties == {"plan": ["Pro"]}
        job = run(done.job)
        assert (job.status, job.changed) == ("done", 5)
        assert not Definition.objects.exists()
        assert not Customer.objects.filter(properties__has_key="plan").exists()

    def test_what_arrives_behind_the_walk_is_found_by_walking_again(self) -> None:
        plan = define("plan")
        first = customer(plan=["Pro"])
        for _ in range(4):
            customer(plan=["Pro"])
        job = defining.delete(plan, actor=ACTOR).job
        assert job is not None
        claimed = PropertyRewrite.claim(job.pk, clock.now())
        assert claimed is not None
        jobs.one_batch(claimed)
        with recorded(ACTOR, "customer.edited", first):
            Customer.objects.filter(pk=first.pk).update(properties={"plan": ["Scale"]})
        while jobs.one_batch(claimed):
            pass
        assert not Customer.objects.filter(properties__has_key="plan").exists()
        assert not Definition.objects.exists()

    def test_a_property_that_is_being_changed_is_not_changed_otherwise(self) -> None:
        plan, tier = define("plan"), define("tier")
        for _ in range(3):
            customer(plan=["Pro"])
        defining.merge(plan, tier, actor=ACTOR)
        with pytest.raises(defining.Busy):
            retype(plan, "number")
        with pytest.raises(defining.Busy):
            defining.delete(tier, actor=ACTOR)

    def test_each_step_is_in_the_audit_log(self) -> None:
        plan = define("plan")
        for _ in range(3):
            customer(plan=["7"])
        job = retype(plan, "number").job
        assert job is not None
        run(job)
        steps = Entry.objects.filter(verb="property.values_recast")
        assert [step.facts["changed"] for step in steps.order_by("pk")] == [2, 1]


def test_moving_up_and_down_changes_the_order_and_ends_at_the_edges() -> None:
    a, b, c = define("a"), define("b"), define("c")
    assert defining.move(c, by=-1, actor=ACTOR)
    assert list(Definition.objects.values_list("key", flat=True)) == ["a", "c", "b"]
    assert not defining.move(a, by=-1, actor=ACTOR)
    assert not defining.move(b, by=1, actor=ACTOR)


def test_coverage_counts_keys_of_small_tables_exactly() -> None:
    customer(plan=["Pro"], seats=[1])
    customer(plan=["Pro"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert coverage("customer") == ({"plan": 2, "seats": 1}, 2, False)
