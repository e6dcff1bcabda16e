"""The page of one document: what was said, shown safely; status and tags, edited in place (5.1, reliability 21)."""

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.models import Account
from audit.models import Change, Entry
from customers.models import Tag
from feedback.models import Document, DocumentTag
from feedback.sanitising import sanitised
from tests.feedback.conftest import htmx, person, write

pytestmark = pytest.mark.django_db


def page(client: Client, document: Document, query: str = "") -> str:
    response = client.get(f"/documents/{document.pk}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_plain_text_keeps_its_lines_and_its_links_are_safe(mina: Client) -> None:
    text = page(
        mina, write(body="First <b>line</b>\nsecond https://ex.test/a?b=1&c=2.\njavascript:alert(1) ana@ex.test")
    )
    assert "First &lt;b&gt;line&lt;/b&gt;\nsecond" in text
    assert '<a href="https://ex.test/a?b=1&amp;c=2" rel="noopener noreferrer nofollow" target="_blank">' in text
    assert 'href="mailto:ana@ex.test"' in text
    assert 'href="javascript' not in text


def test_html_is_shown_as_html_without_what_acts_or_loads(mina: Client) -> None:
    body = '<h1 id="main">Hi</h1><p onclick="x()" style="color:red">There</p><img src="https://evil.test/pixel.png">'
    text = page(mina, write(body=body, body_format="html"))
    assert "<p><strong>Hi</strong></p><p>There</p>" in text
    assert "evil.test" not in text
    assert "1 picture is not shown" in text


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='JaVaScRiPt:alert(1)'>x</a>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "<a href=' &#1; javascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href='vbscript:x'>x</a>",
        "<a href='/customers/1/delete/'>x</a>",
        "<a href='//evil.test'>x</a>",
        "<p hx-get='/customers/' hx-trigger='load'>x</p>",
        "<p data-hx-post='/customers/1/delete/' data-hx-trigger='load'>x</p>",
        "<p id='doc-customer' class='btn' style='position:fixed'>x</p>",
        "<form action='https://evil.test'><input name=password><button>Sign in</button></form>",
        "<meta http-equiv=refresh content='0;url=https://evil.test'>",
        "<base href='https://evil.test/'>",
        "<link rel=stylesheet href='https://evil.test/x.css'>",
        "<style>body{background:url(https://evil.test)}</style>",
        "<video src='https://evil.test' autoplay></video><audio src=x></audio><picture><source srcset=x></picture>",
        "<table background='https://evil.test'><tr><td>x</td></tr></table>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<b popover id=x>y</b><p popovertarget=x data-open=dialog data-close data-shortcut=a>z</p>",
        "<!--><script>alert(1)</script>-->",
        "<dialog open>x</dialog><template><script>alert(1)</script></template>",
        "<x-y onmouseover=alert(1)>z</x-y>",
        '<p title="\'><script>alert(1)</script>">x</p>',
    ],
)
def test_no_attack_survives_alone_or_among_many_tags(attack: str) -> None:
    for markup in (attack, attack + "<p>x</p>" * 600):
        shown = sanitised(markup).lower()
        for forbidden in (
            "<script", "<img", "<svg", "<iframe", "<form", "<input", "<button", "<style", "<link", "<meta", "<base",
            "<video",
            "<math", "<dialog", "<template",
            " on", '="javascript:', '="vbscript:', '="data:', " hx-", "data-", " id=", " class=",
            " style=",
            "evil.test", 'href="/', "popover",
        ):  # fmt: skip
            assert forbidden not in shown.replace("alert(1)", ""), (forbidden, shown[:300])


def test_a_hundred_thousand_nested_tags_are_shown_within_a_second(mina: Client, time_limit: Any) -> None:
    with time_limit(3):
        page(mina, write(body="<div>" * 100_000 + "deep", body_format="html"))


def test_right_to_left_and_emoji_are_shown_as_they_are(mina: Client) -> None:
    text = page(mina, write(title="שלום 👩‍👩‍👧 \u202eabc", body="مرحبا\n🙂"))
    assert "مرحبا\n🙂" in text
    assert "שלום" in text


def test_a_huge_body_is_cut_and_says_so(mina: Client) -> None:
    document = write(body="x" * 300_000)
    assert "100,000 more characters are not shown" in page(mina, document)
    assert "more characters" not in page(mina, document, "?whole=1")


def test_a_document_without_title_is_called_by_its_beginning(mina: Client) -> None:
    assert "<h1>It broke again</h1>" in page(mina, write(title="", body="It broke\nagain"))


def test_the_author_is_shown_as_received_with_a_note_when_only_claimed(mina: Client) -> None:
    told = page(mina, write(author={"name": "Ana <i>", "email": "ana@ex.test", "handle": "x:ana"}))
    assert escape("Ana <i>") in told
    assert "Unverified" not in told
    assert "Unverified" in page(mina, write(author={"name": "Ana", "verified": False}))


def test_metadata_and_custom_fields_are_folded_away(mina: Client) -> None:
    text = page(
        mina,
        write(
            metadata={"url": "https://ex.test", "deep": {"a": [1, {"b": None}]}},
            custom_fields={"team": "Ops", "n": [1, 2]},
        ),
    )
    assert "Metadata" in text
    assert "&quot;deep&quot;" not in text
    assert "Ops" in text
    assert "1, 2" in text


@pytest.mark.parametrize("odd", [[], "text", 5, None, {"": {}}, {"a" * 500: "b" * 50_000}])
def test_metadata_and_authors_of_any_shape_are_no_error(mina: Client, odd: Any) -> None:
    page(
        mina,
        write(
            metadata=odd if odd is not None else {},
            custom_fields=odd if odd is not None else {},
            author=odd if odd is not None else {},
        ),
    )


def test_the_account_is_named(mina: Client) -> None:
    assert "Lumenworks" in page(mina, write(account=Account.objects.create(name="Lumenworks")))


def test_an_unknown_document_or_one_being_permanently_deleted_is_absent(mina: Client) -> None:
    assert mina.get(f"/documents/{write(state='purging').pk}/").status_code == 404
    assert mina.get("/documents/999999/").status_code == 404
    assert mina.get("/documents/99999999999999999999999/").status_code == 404


def test_the_status_is_set_in_place_and_recorded(mina: Client, document: Document) -> None:
    response = mina.post(f"/documents/{document.pk}/status/", {"status": " Solved "}, headers=htmx("document-status"))
    document.refresh_from_db()
    assert (response.status_code, document.status) == (200, "Solved")
    assert 'id="document-status"' in response.content.decode()
    entry = Entry.objects.get(verb="document.status_set")
    assert Change.objects.get(entry=entry).after == {"status": "Solved"}


def test_without_javascript_the_status_form_comes_back_to_the_page(mina: Client, document: Document) -> None:
    response = mina.post(f"/documents/{document.pk}/status/", {"status": "open"})
    assert (response.status_code, response["Location"]) == (303, f"/documents/{document.pk}/")


@pytest.mark.parametrize("bad", ["x" * 61, "a\0b", "x" * 100_000])
def test_a_status_that_cannot_be_kept_is_refused_beside_the_field(mina: Client, document: Document, bad: str) -> None:
    response = mina.post(f"/documents/{document.pk}/status/", {"status": bad}, headers=htmx("document-status"))
    assert response.status_code == 422
    assert "status-error" in response.content.decode()


def test_tags_are_added_and_removed_in_place(mina: Client, document: Document) -> None:
    added = mina.post(f"/documents/{document.pk}/tags/", {"tag": "Billing"}, headers=htmx("document-tags"))
    tag = Tag.objects.get(folded="billing")
    assert "Billing" in added.content.decode()
    mina.post(f"/documents/{document.pk}/tags/", {"tag": "BILLING"}, headers=htmx("document-tags"))
    assert DocumentTag.objects.filter(document=document).count() == 1
    mina.post(f"/documents/{document.pk}/tags/{tag.pk}/remove/", headers=htmx("document-tags"))
    assert not DocumentTag.objects.filter(document=document).exists()


@pytest.mark.parametrize("bad", ["", "  ", "x" * 61, "\0"])
def test_a_tag_that_cannot_be_is_refused_beside_the_field(mina: Client, document: Document, bad: str) -> None:
    response = mina.post(f"/documents/{document.pk}/tags/", {"tag": bad}, headers=htmx("document-tags"))
    assert response.status_code == 422
    assert "tag-error" in response.content.decode()


def test_a_viewer_reads_but_sees_no_controls_and_may_not_post(vera: Client, document: Document) -> None:
    text = page(vera, document)
    assert "Add Customer" not in text
    assert "status-save" not in text
    for action in (
        "status/",
        "tags/",
        "tags/1/remove/",
        "customer/add/",
        "customer/new/",
        "customer/remove/",
        "customer/undo/",
    ):
        assert vera.post(f"/documents/{document.pk}/{action}").status_code == 403, action
    assert vera.get(f"/documents/{document.pk}/customer/add/").status_code == 403


def test_anonymous_visitors_are_sent_to_sign_in_from_every_address(client: Client, document: Document) -> None:
    for action in ("", "customer/", "customer/add/", "customer/new/", "customer/new/known/"):
        response = client.get(f"/documents/{document.pk}/{action}")
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/sign-in/"), action
    for action in ("status/", "tags/", "customer/add/", "customer/remove/", "customer/undo/", "customer/properties/"):
        assert client.post(f"/documents/{document.pk}/{action}").status_code == 302, action


def test_safe_methods_change_nothing(mina: Client, document: Document) -> None:
    for action in ("status/", "tags/", "customer/remove/", "customer/undo/", "customer/properties/"):
        assert mina.get(f"/documents/{document.pk}/{action}").status_code == 405


def test_the_page_takes_few_queries_however_much_it_shows(mina: Client, django_assert_max_num_queries: Any) -> None:
    document = write(customer=person("Ana"))
    for number in range(25):
        DocumentTag.objects.create(document=document, tag=Tag.objects.named(f"t{number}"))
    page(mina, document)
    with django_assert_max_num_queries(9):
        page(mina, document)
