"""The pages of a merge: whom with whom, side by side, confirmed, undone; old addresses lead to the survivor (7)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from audit.history import phrase
from audit.recording import recorded
from core import clock
from customers import history, merging
from customers.editing import rename
from customers.models import Customer, Merge, Note
from customers.noting import add_note
from tests.customers.merge_cast import pair
from tests.customers.people import STAFF, mina, person, signed_in, user
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina_browses() -> Client:
    return signed_in("support")


def fingerprint_of(text: str) -> str:
    return re.search(r'name="fingerprint" value="(\w+)"', text)[1]  # type: ignore[index]


def address(kept: Customer, *sources: Customer) -> str:
    return f"/customers/{kept.pk}/merge/?" + "&".join(f"with={one.pk}" for one in sources)


def confirmed(client: Client, kept: Customer, *sources: Customer, **picks: Any) -> Any:
    seen = client.get(address(kept, *sources)).content.decode()
    said = {f"pick.{key}": pk for key, pk in picks.items()}
    return client.post(address(kept, *sources), {"fingerprint": fingerprint_of(seen), **said})


def test_the_other_one_is_searched_and_likely_ones_are_offered_first(mina_browses: Client) -> None:
    kept, source = pair()
    page = mina_browses.get(f"/customers/{kept.pk}/merge/").content.decode()
    assert "Possible duplicates" in page
    assert f"?with={source.pk}" in page
    found = mina_browses.get(f"/customers/{kept.pk}/merge/?q=a.kovac@ex").content.decode()
    assert f"?with={source.pk}" in found
    assert f"?with={kept.pk}" not in mina_browses.get(f"/customers/{kept.pk}/merge/?q=ana@ex.test").content.decode()
    assert "Nobody else matches" in mina_browses.get(f"/customers/{kept.pk}/merge/?q=zzzz").content.decode()


def test_side_by_side_and_merged_as_picked(mina_browses: Client) -> None:
    kept, source = pair()
    page = mina_browses.get(address(kept, source)).content.decode()
    assert "5 fields differ" in page
    assert re.search(r"<th scope=\"row\">Feedback</th><td class=\"num\">2</td><td class=\"num\">4</td>", page)
    answer = confirmed(mina_browses, kept, source, name=source.pk, primary_email=source.pk)
    assert (answer.status_code, answer["Location"]) == (303, f"/customers/{kept.pk}/")
    kept.refresh_from_db()
    assert (kept.name, kept.primary_email) == ("A. Kovac", "a.kovac@ex.test")
    assert Merge.objects.get().actor_id == mina().user_id


def test_sides_are_swapped_with_the_picks_kept(mina_browses: Client) -> None:
    kept, source = pair()
    answer = mina_browses.post(address(kept, source), {"keep": source.pk, "pick.name": source.pk})
    assert answer["Location"] == f"/customers/{source.pk}/merge/?with={kept.pk}&pick.name={source.pk}"
    assert Merge.objects.count() == 0
    page = mina_browses.get(answer["Location"]).content.decode()
    assert re.search(rf'name="pick.name" value="{source.pk}" checked', page)


def test_a_change_meanwhile_answers_409_with_the_picks_kept(mina_browses: Client) -> None:
    kept, source = pair()
    seen = mina_browses.get(address(kept, source)).content.decode()
    rename(source, "Ana K.", actor=STAFF)
    answer = mina_browses.post(address(kept, source), {"fingerprint": fingerprint_of(seen), "pick.name": source.pk})
    text = answer.content.decode()
    assert (answer.status_code, Merge.objects.count()) == (409, 0)
    assert "was changed since you opened this page" in text
    assert re.search(rf'name="pick.name" value="{source.pk}" checked', text)
    again = {"fingerprint": fingerprint_of(text), "pick.name": source.pk}
    assert mina_browses.post(address(kept, source), again).status_code == 303


def test_a_post_without_a_fingerprint_merges_nobody(mina_browses: Client) -> None:
    kept, source = pair()
    assert mina_browses.post(address(kept, source)).status_code == 409
    assert Merge.objects.count() == 0


def test_refusals_are_explained_and_offer_no_button(mina_browses: Client) -> None:
    kept, source = pair()
    Customer.objects.filter(pk=source.pk).update(legal_hold="Case 12")
    page = mina_browses.get(address(kept, source)).content.decode()
    assert "Case 12" in page
    assert 'id="merge"' not in page
    assert confirmed(mina_browses, kept, source).status_code == 409
    assert "with itself" in mina_browses.get(address(kept, kept)).content.decode()
    assert mina_browses.get(f"/customers/{kept.pk}/merge/?with=999999").status_code == 404


def test_selected_rows_lead_to_the_preview(mina_browses: Client) -> None:
    kept, source = pair()
    answer = mina_browses.post("/customers/merge/", {"id": [kept.pk, source.pk]})
    assert answer["Location"] == f"/customers/{source.pk}/merge/?with={kept.pk}", "who wrote most is proposed to stay"
    for ids in ([kept.pk], [], [kept.pk, 999_999]):
        refused = mina_browses.post("/customers/merge/", {"id": ids})
        assert refused.status_code == 422
    third = CustomerFactory.create()
    three = mina_browses.post("/customers/merge/", {"id": [kept.pk, source.pk, third.pk]})
    page = mina_browses.get(three["Location"]).content.decode()
    assert "Merge 3 customers" in page


def test_the_banner_says_how_long_a_merge_can_be_undone(mina_browses: Client) -> None:
    kept, source = pair()
    confirmed(mina_browses, kept, source)
    page = mina_browses.get(f"/customers/{kept.pk}/").content.decode()
    assert "was merged into this profile by Mina Okafor" in page
    assert "It can be undone for 30 more days" in page
    done = Merge.objects.get()
    answer = mina_browses.post(f"/customers/merges/{done.pk}/undo/", follow=True)
    assert "Undone: A. Kovac has a profile again." in answer.content.decode()
    assert 'id="undo-merge"' not in answer.content.decode()
    again = mina_browses.post(f"/customers/merges/{done.pk}/undo/")
    assert (again.status_code, "undone already" in again.content.decode()) == (409, True)


def test_after_the_window_the_page_says_that_it_is_permanent(mina_browses: Client) -> None:
    kept, source = pair()
    merging.merge(kept.pk, [source.pk], actor=mina())
    Merge.objects.update(undo_until=clock.now() - timedelta(days=1))
    page = mina_browses.get(f"/customers/{kept.pk}/").content.decode()
    assert 'id="undo-merge"' not in page
    assert "permanent" in page
    assert (
        "This one is permanent"
        in mina_browses.post(f"/customers/merges/{Merge.objects.get().pk}/undo/").content.decode()
    )


def test_the_absorbed_address_leads_to_the_survivor_and_is_never_stored(mina_browses: Client) -> None:
    kept, source = pair()
    done = merging.merge(kept.pk, [source.pk], actor=STAFF)
    answer = mina_browses.get(f"/customers/{source.pk}/?focus=tags")
    assert (answer.status_code, answer["Location"]) == (301, f"/customers/{kept.pk}/?focus=tags")
    assert "no-store" in answer["Cache-Control"]
    for part in ("edit/", "notes/", "properties/", "merge/"):
        assert mina_browses.get(f"/customers/{source.pk}/{part}")["Location"] == f"/customers/{kept.pk}/{part}"
    for part in ("documents/of", "surveys/of"):
        assert mina_browses.get(f"/{part}/{source.pk}/")["Location"] == f"/{part}/{kept.pk}/"
    assert mina_browses.post(f"/customers/{source.pk}/edit/", {"name": "X"}).status_code == 404
    Customer.objects.filter(pk=kept.pk).update(state="deleted", deleted_at=clock.now())
    assert mina_browses.get(f"/customers/{source.pk}/").status_code == 301
    Customer.objects.filter(pk=kept.pk).update(state="active", deleted_at=None)
    merging.undo(done, actor=STAFF)
    assert mina_browses.get(f"/customers/{source.pk}/").status_code == 200


def test_every_page_and_panel_of_the_absorbed_leads_to_the_survivors() -> None:
    kept, source = pair()
    identifier, note = source.identifiers.first(), Note.objects.create(customer=source, body="Call her.")
    assert identifier
    merging.merge(kept.pk, [source.pk], actor=STAFF)
    admin = signed_in("admin")
    parts = (
        "export/", "permanent-deletion/", "legal-hold/", f"identifiers/{identifier.pk}/", f"notes/{note.pk}/",
        "properties/plan/", "tags/suggestions/",
    )  # fmt: skip
    for part in parts:
        answer = admin.get(f"/customers/{source.pk}/{part}", headers={"HX-Request": "true"})
        assert (answer.status_code, answer["Location"]) == (301, f"/customers/{kept.pk}/{part}"), part
    answer = admin.get(f"/audit/history/customer/{source.pk}/?before=12.0", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["Location"]) == (301, f"/audit/history/customer/{kept.pk}/")
    assert "no-store" in answer["Cache-Control"]
    assert admin.get(f"/audit/history/customer/{kept.pk}/").status_code == 200


def test_the_survivors_history_tells_the_absorbed_ones_until_the_merge_is_undone(mina_browses: Client) -> None:
    kept, source = pair()
    add_note(source, "Only ever about the other record", actor=STAFF)
    with recorded(STAFF, "customer.data_exported", source):
        pass

    def told(customer: Customer) -> str:
        return mina_browses.get(f"/audit/history/customer/{customer.pk}/").content.decode()

    assert "Only ever about" not in told(kept)
    done = merging.merge(kept.pk, [source.pk], actor=STAFF)
    page = told(kept)
    assert "Only ever about the other record" in page
    assert phrase("customer.data_exported") in page
    merging.undo(done, actor=STAFF)
    assert "Only ever about the other record" in told(source)
    assert phrase("customer.data_exported") not in told(kept)


def test_a_colleague_who_may_not_see_the_absorbed_is_not_told_of_it() -> None:
    kept, source = pair()
    add_note(source, "Only ever about the other record", actor=STAFF)
    merging.merge(kept.pk, [source.pk], actor=STAFF)
    assert history.absorbed_by(kept.pk, user("viewer")) == [source.pk]
    assert history.absorbed_by(kept.pk, AnonymousUser()) == []
    assert history.survivor_of(source.pk, AnonymousUser()) is None


def test_who_was_never_there_stays_not_found(mina_browses: Client) -> None:
    assert mina_browses.get("/customers/999999/").status_code == 404


def test_viewers_neither_see_nor_do_it() -> None:
    kept, source = pair()
    vera = signed_in("viewer")
    page = vera.get(f"/customers/{kept.pk}/").content.decode()
    assert "/merge/" not in page
    assert vera.get(address(kept, source)).status_code == 403
    assert vera.post("/customers/merge/", {"id": [kept.pk, source.pk]}).status_code == 403


def test_nonsense_in_the_address_is_not_an_error(mina_browses: Client) -> None:
    one, other = person(), person("Bo", "bo@ex.test")
    for query in (
        f"with=x&with={other.pk}",
        f"with={other.pk}&pick.name=zz",
        f"with={other.pk}&pick.=9&pick.a=99999999999999999999",
    ):
        assert mina_browses.get(f"/customers/{one.pk}/merge/?{query}").status_code == 200
