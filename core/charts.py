"""Charts drawn by the server: SVG with attributes only, because the Content-Security-Policy allows no inline style.

Text stays outside the SVG, so that it neither stretches nor shrinks. Every chart has a name, a legend where there is
more than one colour, and its figures as a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core.ui import number_text

WIDTH, HEIGHT = 600.0, 100.0


@dataclass(frozen=True)
class Series:
    """One colour of a chart: `tone` is a class of tokens.css, `hue-3` or `tone-ok`."""

    name: str
    tone: str
    values: Sequence[int]
    url: str = ""


@dataclass(frozen=True)
class Count:
    """One bar of grouped counts. `more` says that counting stopped there: "10,000+"."""

    label: str
    value: int
    url: str = ""
    tone: str = "hue-5"
    more: bool = False

    @property
    def text(self) -> str:
        return number_text(self.value) + "+" * self.more


def stacked_bars(
    labels: Sequence[str], series: Sequence[Series], title: str, *, unit: str = "", level: bool = False
) -> SafeString:
    """A bar a label (mostly a day), made of one piece a series. `level`: what stood there each day, never added up."""
    totals = [sum(one.values[at] for one in series) for at in range(len(labels))]
    top = round_top(max(totals, default=0))
    step = WIDTH / max(len(labels), 1)
    width = step * 0.78 if len(labels) <= 45 else step * 0.9
    days = []
    for at, label in enumerate(labels):
        pieces, base = [], HEIGHT
        for one in series:
            height = one.values[at] / top * HEIGHT
            if height:
                base -= height
                x = at * step + (step - width) / 2
                pieces.append(_rect(one.tone, x, base, width, height))
        told = ", ".join(f"{one.name} {one.values[at]:,}" for one in series if one.values[at]) or "none"
        days.append(
            f'<g class="chart__day"><title>{escape(label)}: {escape(told)}</title>'
            f"{_rect('chart__hit', at * step, 0, step, HEIGHT)}{''.join(pieces)}</g>"
        )
    return render_to_string(
        "components/chart.html",
        {
            "title": title,
            "summary": _summary(labels, totals, title, unit, level=level),
            "width": WIDTH,
            "height": HEIGHT,
            "days": mark_safe("".join(days)),  # noqa: S308  (escaped above)
            "rises": [number_text(top), number_text(top // 2) if top > 1 else "", "0"],
            "axis": _axis(labels),
            "series": series,
            "rows": list(zip(labels, zip(*(one.values for one in series), strict=True), totals, strict=True))[::-1],
            "many": len(series) > 1,
        },
    )


def _rect(classes: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{escape(classes)}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>'


def counts(
    rows: Sequence[Count], title: str, *, label: str = "Group", value: str = "Documents", empty: str = ""
) -> SafeString:
    """A horizontal bar a group: a table that draws itself, so it needs no second one."""
    top = max((row.value for row in rows), default=0) or 1
    context = {
        "title": title,
        "label": label,
        "value": value,
        "empty": empty or "Nothing to count.",
        "rows": [(row, f"{max(row.value / top * 100, 0.5 if row.value else 0):.1f}%") for row in rows],
    }
    return render_to_string("components/counts.html", context)


def spark(values: Sequence[float], label: str = "") -> SafeString:
    """A small line without axes. `label` says it in words; without one it is decoration beside a number."""
    if not values:
        return SafeString()
    low, high = min(values), max(values)
    step, span = 72 / max(len(values) - 1, 1), (high - low) or 1
    points = " ".join(f"{at * step:.1f},{18.5 - (value - low) / span * 17:.1f}" for at, value in enumerate(values))
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="spark" viewBox="0 0 72 20" preserveAspectRatio="none" {}><polygon points="0,20 {} 72,20"/>'
        '<polyline points="{}"/></svg>',
        role, points, points,
    )  # fmt: skip


def round_top(highest: int) -> int:
    """The end of an axis that holds `highest`: the next 1, 2, 4, 5, 6, 8 or 10 times a power of ten."""
    if highest <= 2:
        return 2
    power = 10 ** int(log10(highest))
    return (
        next(step * power for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= highest)
        if power > 1
        else ceil(highest / 2) * 2
    )


def _axis(labels: Sequence[str]) -> list[str]:
    """The first, the last, and what stands evenly between them."""
    if len(labels) <= 7:
        return list(labels)
    last = len(labels) - 1
    return [labels[round(last * part / 4)] for part in range(5)]


def _summary(labels: Sequence[str], totals: Sequence[int], title: str, unit: str, *, level: bool = False) -> str:
    """The chart in one sentence, for those who hear it."""
    if not totals or not any(totals):
        return f"{title}: none"
    peak = max(range(len(totals)), key=totals.__getitem__)
    what = f" {unit}" if unit else ""
    if level:
        return f"{title}: {totals[-1]:,}{what} on {labels[-1]}, most on {labels[peak]} with {totals[peak]:,}"
    return f"{title}: {sum(totals):,}{what} in all, most on {labels[peak]} with {totals[peak]:,}"
