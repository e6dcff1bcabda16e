"""The table: printed, kept as JSON under `var/bench/results`, and put into docs/performance.md when asked for."""

import json
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.environment import ROOT, machine
from bench.measuring import Measured, limit_of_ratio

RESULTS = ROOT / "var/bench/results"
PAGE = ROOT / "docs/performance.md"
GROWTH = 1.5
FLAT_MILLISECONDS = 5  # differences as small as that are noise
BEGIN, END = "<!-- figures: bin/bench --write -->", "<!-- end of figures -->"


@dataclass
class Report:
    customers: int
    documents: int
    postgresql: str
    measured: list[Measured] = field(default_factory=list)
    least: Measured = field(default_factory=lambda: Measured("hello world"))
    ratios: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)  # throughput, ingestion, memory, weights: as sentences
    load: tuple[float, float] = (0, 0)

    @property
    def broken(self) -> list[str]:
        return [f"{one.name}: {problem}" for one in self.measured for problem in one.problems]


def judge(report: Report, before: dict[str, Any] | None) -> None:
    """Adds what breaks the ratios: to hello world and SQL, and to the same case with fewer customers."""
    for one in report.measured:
        if one.name in report.ratios and one.p50 > limit_of_ratio(one, report.least):
            one.problems.append(f"p50 over 3 × (hello + SQL + 2 ms) = {limit_of_ratio(one, report.least):.0f} ms")
        then = (before or {}).get(one.name)
        if then and one.p50 > then["p50"] * GROWTH + FLAT_MILLISECONDS:
            one.problems.append(f"{one.p50 / then['p50']:.1f} times of {then['p50']:.1f} ms with fewer customers")


def smaller(customers: int) -> dict[str, Any] | None:
    """The latest figures of a database with fewer customers, by case."""
    found = sorted(RESULTS.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found:
        kept = json.loads(path.read_text())
        if 10_000 <= kept["customers"] < customers:
            return {one["name"]: one for one in kept["measured"]}
    return None


def keep(report: Report) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{report.customers}.json"
    content = {
        "customers": report.customers, "documents": report.documents, "versions": versions(report), "load": report.load,
        "hello": report.least.as_json(), "measured": [one.as_json() for one in report.measured], "lines": report.lines,
    }  # fmt: skip
    path.write_text(json.dumps(content, indent=1))
    return path


def versions(report: Report) -> str:
    import django

    ask = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return (
        f"{machine()}, PostgreSQL {report.postgresql}, Python {platform.python_version()}, Django {django.__version__},"
        f" commit {commit or 'unknown'}"
    )


def table(report: Report) -> str:
    """Markdown, which also reads well in a terminal."""
    header = ["case", "p50", "p95", "CPU", "SQL", "budget", "kB", ""]
    rows = [
        [one.name, f"{one.p50:.1f}", f"{one.p95:.1f}", f"{one.processor:.1f}", f"{one.sql:.1f}",
         f"{one.budget[0]} / {one.budget[1]}",
         f"{one.kilobytes:.0f}", "; ".join([*([one.notes] if one.notes else []), *one.problems])]
        if not one.skipped
        else [one.name, "", "", "", "", f"{one.budget[0]} / {one.budget[1]}", "", f"skipped: {one.skipped}"]
        for one in report.measured
    ]  # fmt: skip
    rows.insert(
        0,
        [
            "hello world",
            f"{report.least.p50:.1f}",
            f"{report.least.p95:.1f}",
            f"{report.least.processor:.1f}",
            "",
            "",
            "",
            "",
        ],
    )
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header) - 1)]

    def line(cells: list[str]) -> str:
        padded = [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=False))
        ]
        return f"| {' | '.join(padded)} | {cells[-1]} |"

    rule = (
        "| "
        + " | ".join("-" * width if not place else "-" * (width - 1) + ":" for place, width in enumerate(widths))
        + " | --- |"
    )
    return "\n".join([line(header), rule, *map(line, rows)])


def text(report: Report) -> str:
    said = [
        f"### {report.customers:,} customers, {report.documents:,} documents, {datetime.now(UTC):%d %B %Y}",
        "",
        versions(report) + f"; load average {report.load[0]:.1f} before and {report.load[1]:.1f} after."
        + (" **The machine was busy: read the figures as upper bounds.**" if report.load[0] > 1 else ""),
        "",
        table(report),
        "",
        *(f"- {line}" for line in report.lines),
    ]  # fmt: skip
    return "\n".join(said).rstrip()


def write(report: Report) -> None:
    """Puts the figures of this size into the page, in the place of older ones of the same size."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    kept, _, after = rest.partition(END)
    title = f"### {report.customers:,} customers,"
    sections = [part for part in ("\n" + kept.strip()).split("\n### ") if part.strip()]
    others = [f"### {part.strip()}" for part in sections if not f"### {part}".startswith(title)]
    figures = "\n\n".join([*others, text(report)])
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}")


def weights(report: Report, page: bytes, files: dict[str, int]) -> None:
    """What a browser has to fetch for a list page, before compression."""
    css = sum(size for name, size in files.items() if name.endswith(".css"))
    javascript = sum(size for name, size in files.items() if name.endswith(".js"))
    for what, size, most in (("HTML of a list page", len(page), 60), ("CSS", css, 60), ("JavaScript", javascript, 80)):
        over = f", over {most} kB" if size > most * 1000 else ""
        report.lines.append(f"{what}: {size / 1000:.0f} kB{over}.")


def bench_page(path: Path) -> bool:
    return path.exists() and BEGIN in path.read_text()
