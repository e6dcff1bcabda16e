"""Two records of one person become one, and come apart again exactly (7)."""

from datetime import timedelta
from typing import Any

import pytest

from audit.models import Change, Entry
from core.invariants import findings
from customers import merging
from customers.creating import create, draft_of
from customers.editing import rename, set_property
from customers.holding import hold
from customers.identifying import identities, identity
from customers.matching import lock
from customers.merge_rules import FIELDS, RELATIONS, count_rows, undeclared
from customers.models import Customer, DuplicateCandidate, Identifier, Membership, Merge, Tag
from customers.noting import add_note
from customers.suppressing import suppress
from feedback.models import Document
from tests.customers.merge_cast import ana, documents_of, duplicate, feedback, pair, state, sync
from tests.customers.people import STAFF, mina, user
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db


def merged(kept: Customer, *sources: Customer, **options: Any) -> Merge:
    return merging.merge(kept.pk, [source.pk for source in sources], actor=STAFF, **options)


def fresh(customer: Customer) -> Customer:
    return Customer.objects.get(pk=customer.pk)


def nothing_broken() -> None:
    assert not [finding.line for finding in findings() if finding.broken and finding.rule.app != "audit"]


def test_every_field_and_relation_of_a_customer_has_a_rule() -> None:
    assert undeclared() == []


def test_no_rule_is_for_what_is_not_there() -> None:
    assert {field.name for field in Customer._meta.concrete_fields} == set(FIELDS)
    for relation in RELATIONS.values():
        assert relation.model._meta.get_field(relation.field).related_model is Customer


def test_the_survivor_has_everything_once() -> None:
    kept, source = pair()
    merged(kept, source)
    now = fresh(kept)
    assert set(now.identifiers.values_list("kind", "normalized")) == {
        ("email", "ana@ex.test"), ("email", "a.kovac@ex.test"), ("user_id", "u-1"), ("user_id", "u-2"),
        ("handle", "x:ana"), ("phone", "+34600111222"), ("phone", "600111222"),
    }  # fmt: skip
    assert set(Tag.objects.filter(pk__in=now.tag_ids).values_list("name", flat=True)) == {"vip", "beta", "churn"}
    assert sorted(now.notes.values_list("body", flat=True)) == ["Called twice", "Prefers mail"]
    assert (now.feedback_count, now.first_seen_at.day, now.last_seen_at.day) == (6, 1, 9)
    assert set(now.channels) == {"email", "chat", "api"}
    assert now.survey_responses.count() == 1
    north = Membership.objects.get(customer=now, account__name="North")
    assert (north.primary, north.contact, north.key_contact) == (True, True, True)
    assert Membership.objects.get(customer=now, account__name="South").primary is False
    assert now.created_at == min(kept.created_at, source.created_at)
    assert "a.kovac@ex.test" in now.search_text


def test_single_values_are_the_survivors_or_what_provenance_says() -> None:
    kept, source = pair()
    merged(kept, source)
    now = fresh(kept)
    assert (now.name, now.primary_email) == ("Ana Kovač", "ana@ex.test")
    assert now.properties == {"plan": ["Pro"], "seat": [1], "city": ["Split"]}
    assert (now.provenance["plan"]["by"], now.provenance["city"]["by"]) == ("staff", "sync")
    assert now.provenance["plan"]["synced"] == ["Free"], "reset to synced gives what the source's sync sent"


def test_the_stronger_value_wins_whichever_side_is_kept() -> None:
    kept, source = pair()
    merged(source, kept)
    now = fresh(source)
    assert (now.name, now.properties["plan"]) == ("Ana Kovač", ["Pro"])
    assert now.primary_email == "a.kovac@ex.test", "without provenance the survivor's comes first"


def test_values_are_picked_field_by_field() -> None:
    kept, source = pair()
    picks = {"name": source.pk, "primary_email": source.pk, "property:plan": source.pk, "primary_account": source.pk}
    merging.merge(kept.pk, [source.pk], actor=mina(), picks=picks)
    now = fresh(kept)
    assert (now.name, now.primary_email, now.properties["plan"]) == ("A. Kovac", "a.kovac@ex.test", ["Free"])
    assert now.provenance["plan"]["actor_id"] == mina().user_id, "who picks decides"
    assert Membership.objects.get(customer=now, primary=True).account.name == "South"


def test_a_pick_of_nobody_or_nothing_changes_nothing() -> None:
    kept, source = pair()
    plan = merging.preview(
        kept.pk, [source.pk], viewer=None, picks={"name": 999, "primary_phone": 0, "nonsense": kept.pk}
    )
    assert all(field.chosen == field.by_itself for field in plan.fields)


def test_the_source_is_absorbed_and_keeps_nothing() -> None:
    kept, source = pair()
    merged(kept, source)
    now = fresh(source)
    assert (now.state, now.merged_into_id) == ("merged", kept.pk)
    for relation in RELATIONS.values():
        if relation.label:
            assert not relation.model._base_manager.filter(**{relation.field: source.pk}).exists(), relation.key
    others = DuplicateCandidate.objects.values_list("first__name", "second__name")
    assert list(others) == [("Ana Kovač", "Third")]


def test_the_preview_says_what_the_merge_does_and_changes_nothing() -> None:
    kept, source = pair()
    before = state(kept, source)
    plan = merging.preview(kept.pk, [source.pk], viewer=user("support"))
    assert state(kept, source) == before
    assert not plan.refusals
    merged(kept, source)
    now = fresh(kept)
    results = {field.key: field.result for field in plan.fields}
    assert (now.name, now.primary_email) == (results["name"].text, results["primary_email"].text)
    for count in plan.counts:
        assert count_rows([RELATIONS[count.key]], [kept.pk])[0][0][kept.pk] == count.after, count.label


def test_more_than_two_at_once() -> None:
    kept, source = pair()
    third = create(
        draft_of(name="Ana", identities=identities([("phone", "+34600111222"), ("email", "3@ex.test")])), actor=STAFF
    )
    before = state(kept, source, third)
    plan = merging.preview(kept.pk, [source.pk, third.pk], viewer=None)
    merge = merged(kept, source, third)
    now = fresh(kept)
    assert now.identifiers.filter(normalized="+34600111222").count() == 1
    assert now.identifiers.count() == 8
    assert next(count.after for count in plan.counts if count.label == "Contact details") == 8
    merging.undo(merge, actor=STAFF)
    after = state(kept, source, third)
    for table, rows in before.items():
        assert after[table] == rows, table


@pytest.mark.parametrize("picked", [(), ("name", "primary_email", "property:plan", "primary_account")])
@pytest.mark.parametrize("swapped", [False, True])
def test_undo_brings_both_back_exactly(picked: tuple[str, ...], swapped: bool) -> None:
    source, kept = pair() if swapped else reversed(pair())
    before = state(kept, source)
    merge = merged(kept, source, picks=dict.fromkeys(picked, source.pk))
    assert state(kept, source) != before
    merging.undo(merge, actor=STAFF)
    assert state(kept, source) == before
    merge.refresh_from_db()
    assert merge.snapshot == {}
    assert merge.undone_at is not None


def test_chains_compress_and_come_apart_in_the_opposite_order() -> None:
    first, second, third = (CustomerFactory.create(email=f"{n}@ex.test") for n in range(3))
    before = state(first, second, third)
    inner = merged(second, third)
    between = state(first, second, third)
    outer = merged(first, second)
    assert fresh(third).merged_into_id == fresh(second).merged_into_id == first.pk
    with pytest.raises(merging.CannotUndo, match="Undo that merge first"):
        merging.undo(inner, actor=STAFF)
    merging.undo(outer, actor=STAFF)
    assert fresh(third).merged_into_id == second.pk
    assert state(first, second, third) == between
    merging.undo(inner, actor=STAFF)
    assert state(first, second, third) == before


def test_of_two_merges_into_one_the_latest_is_undone_first() -> None:
    kept, one, two = (CustomerFactory.create(email=f"{n}@ex.test") for n in range(3))
    early, late = merged(kept, one), merged(kept, two)
    with pytest.raises(merging.CannotUndo, match="latest"):
        merging.undo(early, actor=STAFF)
    merging.undo(late, actor=STAFF)
    merging.undo(early, actor=STAFF)
    assert Customer.objects.active().filter(pk__in=[kept.pk, one.pk, two.pk]).count() == 3


def test_what_arrived_since_goes_where_its_identity_says() -> None:
    kept, source = pair()
    merge = merged(kept, source)
    feedback("By the source's email", email="A.Kovac@ex.test")
    feedback("By the source's user ID", user_id="u-2", email="new@ex.test")
    feedback("By the survivor's email", email="ana@ex.test")
    feedback("By both: the user ID comes first", user_id="u-1", email="a.kovac@ex.test")
    by_hand = DocumentFactory.create(title="By hand", customer=fresh(kept), link="staff")
    assert Document.objects.filter(customer=kept).count() == 11
    merging.undo(merge, actor=STAFF)
    assert {"By the source's email", "By the source's user ID"} <= documents_of(source)
    assert {"By the survivor's email", "By both: the user ID comes first", by_hand.title} <= documents_of(kept)
    assert Identifier.objects.get(normalized="new@ex.test").customer_id == source.pk
    assert fresh(source).feedback_count == 6
    nothing_broken()


def test_what_somebody_changed_since_stays_changed() -> None:
    kept, source = pair()
    merge = merged(kept, source, picks={"name": source.pk})
    survivor = rename(fresh(kept), "Ana Horvat", actor=STAFF)
    set_property(survivor, "plan", ["Scale"], actor=STAFF)
    add_note(survivor, "Married", actor=STAFF)
    merging.undo(merge, actor=STAFF)
    now = fresh(kept)
    assert (now.name, now.properties) == ("Ana Horvat", {"plan": ["Scale"], "seat": [1]})
    assert "Married" in now.notes.values_list("body", flat=True)
    assert (fresh(source).name, fresh(source).properties) == ("A. Kovac", {"plan": ["Free"], "city": ["Split"]})
    nothing_broken()


def test_what_is_gone_since_stays_gone() -> None:
    kept, source = pair()
    merge = merged(kept, source)
    Tag.objects.get(name="vip").delete()
    Identifier.objects.get(normalized="a.kovac@ex.test").delete()
    kept.documents.filter(channel="chat").first().delete()  # type: ignore[union-attr]
    merging.undo(merge, actor=STAFF)
    assert fresh(source).primary_email == ""
    assert Tag.objects.filter(pk__in=fresh(source).tag_ids).values_list("name", flat=True).get() == "churn"
    assert fresh(source).feedback_count == 3
    nothing_broken()


def test_a_shared_phone_that_was_suppressed_since_does_not_come_back() -> None:
    kept, source = pair()
    merge = merged(kept, source)
    kept.identifiers.filter(normalized="+34600111222").delete()
    phone = identity("phone", "+34600111222")
    lock([phone], exclusive=True)
    suppress([phone], merge.merged_at)
    merging.undo(merge, actor=STAFF)
    assert list(source.identifiers.filter(kind="phone").values_list("normalized", "primary")) == [("600111222", True)]
    nothing_broken()


def test_feedback_and_syncs_of_the_source_reach_the_survivor() -> None:
    kept, source = pair()
    merged(kept, source)
    for said in ({"email": "a.kovac@ex.test"}, {"user_id": "u-2"}, {"handle": "x:ana"}):
        assert feedback(f"By {said}", **said).customer == kept


def test_after_the_window_a_merge_is_permanent() -> None:
    kept, source = pair()
    merge = merged(kept, source)
    late = merge.undo_until + timedelta(seconds=1)
    with pytest.raises(merging.CannotUndo, match="permanent"):
        merging.undo(merge, actor=STAFF, now=late)
    assert merging.forget_snapshots(merge.undo_until - timedelta(seconds=1)) == 0
    assert merging.forget_snapshots(late) == 1
    merge.refresh_from_db()
    assert merge.snapshot == {}
    with pytest.raises(merging.CannotUndo, match="permanent"):
        merging.undo(merge, actor=STAFF)


def test_an_undone_merge_is_undone_once() -> None:
    merge = merged(*pair())
    merging.undo(merge, actor=STAFF)
    with pytest.raises(merging.CannotUndo, match="already"):
        merging.undo(merge, actor=STAFF)


def test_undo_is_refused_while_the_survivor_is_deleted_or_held() -> None:
    kept, source = pair()
    merge = merged(kept, source)
    hold(kept, "Case 12", actor=STAFF)
    with pytest.raises(merging.CannotUndo, match="Case 12"):
        merging.undo(merge, actor=STAFF)
    Customer.objects.filter(pk=kept.pk).update(legal_hold="", state="deleted")
    with pytest.raises(merging.CannotUndo, match="Restore"):
        merging.undo(merge, actor=STAFF)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "deleted"}, "Restore it first"),
        ({"state": "purging"}, "being permanently deleted"),
        ({"legal_hold": "Case 12"}, "Case 12"),
        ({"deletion_requested_at": "2026-01-01T00:00Z"}, "asked for the deletion"),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_refusals_say_why(change: dict[str, str], reason: str, side: int) -> None:
    both = pair()
    Customer.objects.filter(pk=both[side].pk).update(**change)
    before = state(*both)
    with pytest.raises(merging.Refused, match=reason):
        merged(*both)
    assert state(*both) == before
    assert not Entry.objects.filter(verb="customer.merged").exists()


def test_nobody_is_merged_with_themselves_or_twice_or_with_nobody() -> None:
    kept, source = pair()
    with pytest.raises(merging.Refused, match="with itself"):
        merged(kept, kept)
    with pytest.raises(merging.Refused):
        merged(kept)
    merged(kept, source)
    with pytest.raises(merging.Refused, match="merged into another customer already"):
        merged(kept, source)
    with pytest.raises(merging.Refused, match="merged into another customer already"):
        merged(source, kept)
    with pytest.raises(Customer.DoesNotExist):
        merging.merge(kept.pk, [999_999], actor=STAFF)


def test_a_change_after_the_preview_is_noticed_and_new_feedback_is_not() -> None:
    kept, source = pair()
    seen = merging.preview(kept.pk, [source.pk], viewer=None).fingerprint
    feedback("Meanwhile", email="ana@ex.test")
    assert merging.preview(kept.pk, [source.pk], viewer=None).fingerprint == seen
    rename(source, "Ana K.", actor=STAFF)
    with pytest.raises(merging.Changed) as changed:
        merged(kept, source, fingerprint=seen)
    merged(kept, source, fingerprint=changed.value.plan.fingerprint)


def test_a_merge_is_one_entry_of_the_audit_log() -> None:
    kept, source = pair()
    last = Entry.objects.latest("pk").pk
    merge = merged(kept, source)
    entry = Entry.objects.get(pk__gt=last)
    assert (entry.verb, entry.subject_id) == ("customer.merged", kept.pk)
    assert entry.facts == {"source_ids": [source.pk], "merge_id": merge.pk}
    assert Change.objects.filter(entry=entry, table="customers_customer", row_id=source.pk).exists()
    merging.undo(merge, actor=STAFF)
    assert Entry.objects.latest("pk").verb == "customer.unmerged"


def test_moved_documents_are_in_the_audit_log_as_their_triggers_would_have_it() -> None:
    kept, source = pair()
    paper = source.documents.first()
    assert paper is not None
    Document.objects.filter(pk=paper.pk).update(customer=kept)
    by_trigger = Change.objects.filter(table="feedback_document").latest("pk")
    Document.objects.filter(pk=paper.pk).update(customer=source)
    last = Change.objects.latest("pk").pk
    merge = merged(kept, source)
    seen = ("table", "row_id", "operation", "before", "after", "customer_id", "document_id", "account_id")
    moved = Change.objects.filter(pk__gt=last, table="feedback_document")
    assert moved.count() == len(set(moved.values_list("row_id", flat=True))) == 4
    by_merge = moved.get(row_id=paper.pk)
    assert [getattr(by_merge, name) for name in seen] == [getattr(by_trigger, name) for name in seen]
    last = Change.objects.latest("pk").pk
    merging.undo(merge, actor=STAFF)
    assert Change.objects.filter(pk__gt=last, table="feedback_document", after={"customer_id": source.pk}).count() == 4
    Document.objects.filter(pk=paper.pk).update(status="open")
    assert Change.objects.latest("pk").after == {"status": "open"}, "row detail is on again"


def test_whoever_came_only_from_feedback_does_so_after_merging_with_another_like_that() -> None:
    one, two = (CustomerFactory.create(origin="document") for _ in range(2))
    synced = CustomerFactory.create(origin="sync")
    merged(one, two)
    assert fresh(one).origin == "document"
    merged(one, synced)
    assert fresh(one).origin == "sync"


def test_two_who_never_wrote_are_first_seen_when_the_first_came_to_exist() -> None:
    late, early = ana(), duplicate()
    Document.objects.all().delete()
    Customer.objects.filter(pk=early.pk).update(created_at="2020-01-01T00:00Z", first_seen_at="2020-01-01T00:00Z")
    Customer.objects.filter(pk=early.pk).update(last_seen_at="2020-01-01T00:00Z")
    merge = merged(late, early)
    assert fresh(late).first_seen_at.year == 2020
    nothing_broken()
    merging.undo(merge, actor=STAFF)
    assert fresh(late).first_seen_at.year > 2020
    nothing_broken()


def test_all_invariants_hold_after_a_merge_and_after_its_undo() -> None:
    kept, source = pair()
    merge = merged(kept, source)
    nothing_broken()
    merging.undo(merge, actor=STAFF)
    nothing_broken()


def test_a_removal_by_staff_is_not_undone_by_the_other_sides_sync() -> None:
    kept, source = pair()
    set_property(kept, "plan", [], actor=STAFF)
    set_property(source, "city", ["Zadar"], actor=sync())
    merged(kept, source)
    assert fresh(kept).properties == {"seat": [1], "city": ["Zadar"]}
    assert fresh(kept).provenance["plan"]["removed"] is True
