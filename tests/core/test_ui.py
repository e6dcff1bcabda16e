"""Moments, numbers, names, icons, links, fields and the files behind every page."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines
from django.test import RequestFactory
from django.utils.html import format_html

from core import assets, fields, ui

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 9, 17, 12, 27, 41, tzinfo=UTC)
STATIC = settings.BASE_DIR / "static"


def render(text: str, **context: Any) -> str:
    request = context.pop("request", RequestFactory().get(context.pop("path", "/customers/")))
    return engines["django"].from_string("{% load ui %}" + text).render(context, request)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW, "just now"),
        (NOW - timedelta(seconds=59), "just now"),
        (NOW + timedelta(seconds=20), "just now"),
        (NOW - timedelta(minutes=4), "4 min ago"),
        (NOW - timedelta(minutes=59, seconds=59), "59 min ago"),
        (NOW - timedelta(hours=1), "1 hour ago"),
        (NOW - timedelta(hours=3, minutes=50), "3 hours ago"),
        (NOW - timedelta(hours=13), "13 hours ago"),  # still today in Berlin
        (NOW - timedelta(hours=16), "yesterday"),
        (NOW - timedelta(days=1, hours=10), "yesterday"),
        (NOW - timedelta(days=2), "2 days ago"),
        (NOW - timedelta(days=5), "5 days ago"),
        (NOW - timedelta(days=8), "9 Sep"),
        (NOW - timedelta(days=370), "12 Sep 2025"),
        (NOW + timedelta(minutes=4), "in 4 min"),
        (NOW + timedelta(hours=2), "in 2 hours"),
        (NOW + timedelta(days=1), "tomorrow"),
        (NOW + timedelta(days=12), "in 12 days"),
        (NOW + timedelta(days=200), "5 Apr 2027"),
    ],
)
def test_moments_are_told_as_people_tell_them(moment: datetime, said: str) -> None:
    assert ui.when_text(moment, NOW, BERLIN) == said


def test_the_small_hours_of_today_are_hours_ago_and_not_yesterday() -> None:
    night = datetime(2026, 9, 17, 1, 0, tzinfo=UTC)
    assert ui.when_text(night - timedelta(hours=3), night, UTC) == "3 hours ago"


def test_a_time_element_has_the_moment_the_full_form_and_the_short_one() -> None:
    html = ui.Reading(NOW, BERLIN).time(NOW - timedelta(minutes=4))
    assert html == '<time datetime="2026-09-17T12:23:41Z" title="17 Sep 2026, 14:23:41 UTC+2">4 min ago</time>'


def test_who_prefers_exact_times_gets_them_in_their_zone() -> None:
    request = RequestFactory().get("/")
    request.user = SimpleNamespace(times="exact", is_authenticated=False)
    assert render("{% when moment %}", moment=NOW, request=request).endswith(">17 Sep 2026, 12:27</time>")


def test_evidence_is_exact_whatever_the_preference() -> None:
    assert ">17 Sep 2026, 12:27<" in render("{% exactly moment %}", moment=NOW)


@pytest.mark.parametrize(
    ("zone", "offset"), [("UTC", "UTC"), ("Asia/Kolkata", "UTC+5:30"), ("America/St_Johns", "UTC-2:30")]
)
def test_the_full_form_names_the_offset(zone: str, offset: str) -> None:
    assert ui.full_text(NOW, ZoneInfo(zone)).endswith(f" {offset}")


def test_a_missing_moment_is_a_dash_with_a_word_for_those_who_hear() -> None:
    assert 'class="sr">empty<' in render("{% when None %}")


@pytest.mark.parametrize(("count", "said"), [(0, "0"), (9_999, "9,999"), (10_000, "10,000"), (10_001, "10,000+")])
def test_counts_stop_at_the_cap(count: int, said: str) -> None:
    assert render("{% capped n %}", n=count) == said


def test_one_is_singular() -> None:
    assert (
        render('{% plural 1 "document" %}, {% plural 12 "document" %}, {% plural 2 "reply" "replies" %}')
        == "1 document, 12 documents, 2 replies"
    )


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Kovač", "AK"), ("Ana Maria de la Cruz", "AC"), ("élodie marchand", "ÉM"), ("Cher", "C"),
        ("ana@ex.test", "A"),
        ("", "?"), ("  ", "?"), ("— 🙂", "?"), ("李 小龙", "李小"), ("ßtraße", "SS"), ("<b> x", "X"),
    ],
)  # fmt: skip
def test_initials_come_from_the_first_and_the_last_word(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_what_people_type_is_escaped_everywhere() -> None:
    evil = '<script>"@x.y'
    assert "<script>" not in ui.soft(evil)
    assert "<script>" not in ui.avatar("<", 1)
    assert "<script" not in render("{{ name|soft }}{{ name|initials }}{% avatar name 1 %}", name=evil)


def test_addresses_break_after_the_at_sign_and_before_dots() -> None:
    assert ui.soft("ana.k@ex.test") == "ana<wbr>.k@<wbr>ex<wbr>.test"
    assert ui.soft("12.5 apples") == "12.5 apples"


def test_a_record_keeps_its_colour() -> None:
    assert {ui.hue(pk) for pk in range(100)} == set(range(1, 9))


def test_every_icon_that_a_template_names_exists() -> None:
    named = {
        name
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([^"]+)"', path.read_text())
    }
    assert named
    for name in named:
        assert ui.icon(name).startswith("<svg")


def test_an_icon_is_read_once() -> None:
    assert ui.icon("users") is ui.icon("users")


def test_a_link_keeps_the_filters_and_begins_at_the_first_page() -> None:
    path = "/customers/?q=ana&tag=3&tag=4&empty=&cursor=abc"
    assert render('{% link sort="-name" %}', path=path) == "?q=ana&amp;tag=3&amp;tag=4&amp;sort=-name"
    assert render("{% link tag=None %}", path=path) == "?q=ana"
    assert render("{% link q=None tag=None %}", path=path) == "?"


def test_a_column_sorts_its_own_way_first_and_then_turns_round() -> None:
    header = '{% sort_header "seen" "Last seen" sort first="-" %}{% aria_sort "seen" sort %}'
    assert 'href="?sort=-seen"' in render(header, sort="name")
    assert "aria-sort" not in render(header, sort="name")
    assert 'href="?sort=seen"' in render(header, sort="-seen")
    assert 'aria-sort="descending"' in render(header, sort="-seen")
    assert 'href="?sort=-seen"' in render(header, sort="seen")


class PersonForm(forms.Form):
    email = forms.EmailField(
        help_text="Shown to staff only.", error_messages={"invalid": "Enter an email like name@example.com"}
    )
    name = forms.CharField(required=False)
    agree = forms.BooleanField(required=False)
    role = forms.ChoiceField(choices=[("a", "Reader"), ("b", "Writer")], widget=forms.RadioSelect)


def test_a_field_has_its_label_hint_and_error_above_the_input() -> None:
    html = render("{% field form.email %}", form=PersonForm({"email": "<x>"}))
    assert html.index("<label") < html.index("field__hint") < html.index("field__error") < html.index("<input")
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_email-hint id_email-error"' in html
    assert 'value="&lt;x&gt;"' in html
    assert "required" not in html


def test_optional_fields_say_so() -> None:
    form = PersonForm()
    assert "(optional)" in render("{% field form.name %}", form=form)
    assert "(optional)" not in render("{% field form.email %}{% field form.agree %}", form=form)


def test_choices_are_a_named_group() -> None:
    html = render("{% field form.role %}", form=PersonForm())
    assert html.startswith("<fieldset")
    assert "<legend" in html
    assert html.count("<label") == 2


def test_a_field_takes_attributes_for_its_input() -> None:
    html = render('{% field form.name hint="As said" hx_get="/x/" class="input--short" %}', form=PersonForm())
    assert 'class="input input--short"' in html
    assert 'hx-get="/x/"' in html
    assert "As said" in html


def test_the_summary_says_what_the_fields_say_and_leads_to_them() -> None:
    html = render("{% errors form %}", form=PersonForm({"email": "x", "role": "a"}))
    assert '<a href="#id_email">Enter an email like name@example.com</a>' in html
    assert 'role="alert"' in html


def test_an_error_with_a_link_of_its_own_is_not_put_into_another() -> None:
    form = PersonForm({"email": "a@b.example", "role": "a"})
    form.add_error("email", format_html('{} uses it. <a href="/customers/1/">Open</a>', "<Bo>"))
    html = render("{% errors form %}", form=form)
    assert '<li>&lt;Bo&gt; uses it. <a href="/customers/1/">Open</a></li>' in html
    assert 'href="#id_email"' not in html


def test_text_that_only_looks_like_a_link_still_leads_to_its_field() -> None:
    form = PersonForm({"email": "a@b.example", "role": "a"})
    form.add_error("name", '“<a href="/x">” is no name')
    html = render("{% errors form %}", form=form)
    assert '<a href="#id_name">“&lt;a href=&quot;/x&quot;&gt;” is no name</a>' in html


def test_an_error_of_a_field_that_nobody_sees_leads_nowhere() -> None:
    class Seen(PersonForm):
        seen = forms.CharField(widget=forms.HiddenInput)

    html = render("{% errors form %}", form=Seen({"email": "a@b.example", "role": "a"}))
    assert "<li>This field is required.</li>" in html


def test_a_form_without_errors_has_no_summary() -> None:
    assert render("{% errors form %}", form=PersonForm()) == ""
    assert render("{% errors form %}", form=None) == ""


def test_a_choice_error_leads_to_the_first_choice() -> None:
    assert '<a href="#id_role_0">' in render("{% errors form %}", form=PersonForm({"email": "a@b.example"}))


def test_no_stylesheet_but_the_tokens_names_a_colour() -> None:
    for path in STATIC.glob("css/**/*.css"):
        if path.name != "tokens.css":
            named = re.search(r"(oklch|rgba?|hsla?)\(|#[0-9a-fA-F]{3,8}\b(?!.*{)", path.read_text())
            assert not named, f"{path.name}: {named.group()}"


def test_every_class_of_a_tone_or_hue_is_defined() -> None:
    tokens = (STATIC / "css/tokens.css").read_text()
    used = {
        name
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for name in re.findall(r'[" ](tone-[a-z]+|hue-\d)\b', path.read_text())
    }
    assert {name for name in used if f".{name} " not in tokens} == set()


def test_no_template_has_inline_style_or_script() -> None:
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = re.sub(r"{%.*?%}", "", path.read_text())
        assert not re.search(
            r"""\sstyle=|<style|\shx-on|\son[a-z]+=|<script(?![^>]*src=)|hx-trigger="[^"]*\[""", text
        ), path


def test_a_page_loads_one_stylesheet_and_both_weigh_little() -> None:
    css, js = assets.joined("css/roster.css"), assets.joined("js/roster.js")
    htmx = Path(finders.find("django_htmx/htmx-2.min.js")).stat().st_size
    assert css.startswith("@layer reset, tokens, base, layout, components, utilities, print;")
    assert len(css.encode()) < 60_000
    assert len(js.encode()) + htmx < 80_000
    assert len(js.encode()) < 16_000


def test_bundles_follow_their_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "css/components").mkdir(parents=True)
    tokens = tmp_path / "css/tokens.css"
    tokens.write_text('/* why */\n  .a { content: "/* not a comment */"; }  /* why */\n\n')
    monkeypatch.setattr(assets, "SOURCES", tmp_path)
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    assert Path(assets.BundleFinder().find("css/roster.css")).read_text() == '.a { content: "/* not a comment */"; }\n'
    tokens.write_text(".b {}")
    assert assets.kept("css/roster.css").read_text() == ".b {}\n"
    assert assets.BundleFinder().find("css/tokens.css") == []


def test_sources_keep_every_rule_in_the_bundle() -> None:
    def selectors(text: str) -> int:
        return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).count("{")

    sources = "\n".join(path.read_text() for path in assets.sources("css/roster.css"))
    assert selectors(assets.joined("css/roster.css")) == selectors(sources)


def test_a_long_select_chooses_and_escapes_like_a_short_one() -> None:
    choices = [("a", "A"), ("b&", "<B>")]
    short, long = forms.Select(choices=choices), fields.LongSelect(choices=choices)
    for value in ("b&", "", None, "nothing"):
        assert "".join(long.render("zone", value, {"id": "z"}).split()) == "".join(
            short.render("zone", value, {"id": "z"}).split()
        )


@pytest.mark.parametrize(
    ("shape", "together"),
    [
        ('<path d="M1 2v3"/><path d="M4 5h6"/></svg>', '<path d="M1 2v3M4 5h6"/></svg>'),
        ('<path d="M1 2"/><path d="m21 21-4.34-4.34"/></svg>', '<path d="M1 2M21 21l-4.34-4.34"/></svg>'),
        ('<path d="M1 2"/><path d="m5.5.5 1 1"/></svg>', '<path d="M1 2M5.5.5l1 1"/></svg>'),
        ('<path d="M1 2"/><path d="m5 6v3"/></svg>', '<path d="M1 2M5 6v3"/></svg>'),
        ('<circle r="5"/><path d="M4 5"/><path d="M6 7"/></svg>', '<circle r="5"/><path d="M4 5M6 7"/></svg>'),
        ('<path d="M1 2" fill="none"/><path d="M4 5"/></svg>', '<path d="M1 2" fill="none"/><path d="M4 5"/></svg>'),
        ('<rect ry="2"/><path d="M4 5"/></svg>', '<rect ry="2"/><path d="M4 5"/></svg>'),
    ],
)
def test_the_paths_of_an_icon_are_drawn_as_one(shape: str, together: str) -> None:
    assert ui._together(shape) == together
