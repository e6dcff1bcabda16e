"""Charts: attributes only, names, legends, tables."""

import re

import pytest

from core.charts import Count, Series, counts, round_top, spark, stacked_bars

DAYS = ["1 Nov", "2 Nov", "3 Nov"]
SERIES = [Series("Email", "hue-5", [3, 0, 12_000], "/documents/?channel=email"), Series("<Chat>", "hue-4", [1, 0, 0])]


def test_bars_stack_to_their_total() -> None:
    html = stacked_bars(DAYS, SERIES, "Feedback")
    pieces = re.findall(r'<rect class="(hue-\d)" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', html)
    assert [tone for tone, _, _ in pieces] == ["hue-5", "hue-4", "hue-5"]
    (_, email_y, _), (_, chat_y, chat_height), _ = pieces
    assert float(chat_y) + float(chat_height) == pytest.approx(float(email_y), abs=0.02)


def test_a_chart_says_itself_in_a_sentence_and_as_a_table() -> None:
    html = stacked_bars(DAYS, SERIES, "Feedback per day", unit="documents")
    assert 'aria-label="Feedback per day: 12,004 documents in all, most on 3 Nov with 12,000"' in html
    assert "<title>1 Nov: Email 3, &lt;Chat&gt; 1</title>" in html
    assert "Show as table" in html
    assert html.count("<tr>") == 4
    assert '<td class="n">12,000</td>' in html


def test_a_legend_names_every_colour_and_leads_on() -> None:
    html = stacked_bars(DAYS, SERIES, "Feedback")
    assert '<i class="hue-5" aria-hidden="true"></i><a class="link" href="/documents/?channel=email">Email</a>' in html
    assert "&lt;Chat&gt;" in html
    assert "<Chat>" not in html


def test_one_series_needs_no_legend() -> None:
    assert "legend" not in stacked_bars(DAYS, SERIES[:1], "Feedback")


@pytest.mark.parametrize("labels", [[], DAYS])
def test_nothing_is_drawn_as_nothing(labels: list[str]) -> None:
    html = stacked_bars(labels, [Series("Email", "hue-5", [0] * len(labels))], "Feedback")
    assert 'aria-label="Feedback: none"' in html
    assert 'class="hue-5" x=' not in html


def test_counts_are_a_table_whose_longest_bar_fills_its_cell() -> None:
    html = counts(
        [Count("Email", 10_000, "/documents/", more=True), Count("Chat", 5_000), Count("None", 0)], "By channel"
    )
    assert re.findall(r'class="hue-5" width="([\d.]+%)"', html) == ["100.0%", "50.0%", "0.0%"]
    assert "10,000+" in html
    assert '<a class="name" href="/documents/">Email</a>' in html


def test_no_counts_say_so() -> None:
    assert "No documents match." in counts([], "By channel", empty="No documents match.")


def test_a_spark_without_words_is_decoration() -> None:
    assert 'aria-hidden="true"' in spark([1, 2])
    assert 'role="img" aria-label="Rising"' in spark([1, 2], "Rising")
    assert spark([]) == ""
    assert "NaN" not in spark([5])


def test_charts_carry_no_style() -> None:
    everything = stacked_bars(DAYS, SERIES, "F") + counts([Count("a", 1)], "C") + spark([1, 2, 3])
    assert "style=" not in everything


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 2), (1, 2), (3, 4), (7, 8), (9, 10), (11, 20), (36, 40), (99, 100), (1_001, 2_000), (7_500, 8_000)],
)
def test_an_axis_ends_at_a_round_number(highest: int, top: int) -> None:
    assert round_top(highest) == top
