"""bin/bench: seeds or reuses a database, serves it as in production, and measures every case. --help lists options."""

import argparse
import os
import re
import sys
from pathlib import Path

import psycopg

from bench import environment, ingestion, lifecycle, measuring, memory, report
from bench.cases import Case, cases
from bench.client import Client, signed_in
from bench.facts import look_up

BUSY = 1.0  # load average from which figures are called upper bounds
BLEND = (
    "list by -last_seen",
    "search, common",
    "search, rare",
    "search, two words",
    "list by name",
    "filter, common tag",
)


def main() -> None:
    options = options_of(sys.argv[1:])
    os.chdir(environment.ROOT)
    environment.settle()
    database = options.database or environment.name_of(options.customers, options.documents)
    if options.database and not environment.exists(database):
        raise SystemExit(f"There is no database {database} with customers.")
    seconds = environment.prepare(database, customers=options.customers, documents=options.documents)
    if seconds > 1:
        print(f"Seeding took {seconds:.0f} s.")
    if options.seed_only:
        return
    environment.collect_static()
    set_up_django()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        facts = look_up(connection)
        chosen = [case for case in cases(facts) if re.search(options.cases, case.name)]
        connection.execute("SET statement_timeout = '20s'")
        found = report.Report(facts.customers, facts.documents, connection.execute("SHOW server_version").fetchone()[0])
        before = measuring.load()
        if before > BUSY:
            print(f"The load average is {before:.1f}: others use this machine, so the figures are upper bounds.")
        with environment.serving("bench.hello:application") as (port, server):
            found.least = measuring.hello(port, connection, requests=options.requests, server=server)
            hellos = measuring.throughput(port, [Case("hello", "/hello", (0, 0))], seconds=3)
            found.lines.append(f"Hello world with 4 clients: {hellos:,.0f} a second.")
        with environment.serving("config.wsgi:application") as (port, server):
            client = signed_in(port)
            for case in chosen:
                one = measuring.measure(case, client, connection, requests=options.requests, server=server)
                found.measured.append(one)
                show(one)
            found.ratios = {case.name for case in chosen if case.ratio}
            blend = [case for case in chosen if case.name in BLEND]
            if blend:
                rate = measuring.throughput(port, blend)
                found.lines.append(f"List pages and searches with 4 clients: {rate:.0f} a second{under(rate, 60)}.")
            if not options.cases:
                page = client.get("/customers/").body
                report.weights(found, page, files_of(client, page.decode()))
            if options.memory:
                weigh(found, port, server, chosen)
            if options.ingestion:
                ingest(found, port)
            if options.lifecycle:
                every = list(cases(facts))
                for one in lifecycle.measure(server, connection, every, client, requests=options.requests):
                    found.measured.append(one)
                    show(one)
        found.load = (before, measuring.load())
    report.judge(found, report.smaller(facts.customers))
    print(f"\n{report.text(found)}\n\nKept in {report.keep(found).relative_to(environment.ROOT)}.")
    if options.write:
        report.write(found)
    if found.broken:
        print("\nOver budget or wrong:\n" + "\n".join(f"  {line}" for line in found.broken))
    sys.exit(1 if found.broken and options.strict else 0)


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measures Roster; docs/performance.md explains.")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--documents", type=int, help="default: five for each customer")
    parser.add_argument("--database", help="this one instead, which has customers already")
    parser.add_argument("--cases", default="", help="a regular expression of names; default all")
    parser.add_argument("--requests", type=int, default=40, help="measured ones for each case")
    parser.add_argument("--memory", action="store_true", help="weigh the web server over 10,000 requests")
    parser.add_argument("--ingestion", action="store_true", help="measure intake and import, which write")
    parser.add_argument(
        "--lifecycle", action="store_true", help="merges, deletions and retention runs, on people made for it"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a budget is broken")
    parser.add_argument("--seed-only", action="store_true")
    options = parser.parse_args(arguments)
    options.documents = options.documents or options.customers * 5
    return options


def set_up_django() -> None:
    """For the cases: they make cursors as the pages do."""
    import django

    django.setup()


def show(one: measuring.Measured) -> None:
    figures = one.skipped or f"{one.p50:7.1f} {one.p95:7.1f} ms, CPU {one.processor:6.1f}, SQL {one.sql:6.1f}"
    print(f"{one.name:46} {figures}  {'; '.join([one.notes, *one.problems])}", flush=True)


def under(rate: float, least: float) -> str:
    return f", under {least:,.0f}" if rate < least else ""


def files_of(client: Client, page: str) -> dict[str, int]:
    names = set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page))
    return {name: len(client.get(name).body) for name in names}


def weigh(found: report.Report, port: int, server: int, chosen: list[Case]) -> None:
    quick = {one.name for one in found.measured if not one.skipped and one.p50 < 150}
    weighed = memory.weigh(port, server, [case for case in chosen if case.name in quick])
    rounds = ", ".join(f"{size:.0f}" for size in weighed.rounds)
    found.lines.append(
        f"Memory of a web process over {memory.REQUESTS:,} mixed requests: {rounds} MB."
        + "".join(f" Problem: {problem}." for problem in weighed.problems)
    )


def ingest(found: report.Report, port: int) -> None:
    for what, (rate, fault), least in (
        ("Intake, documents with 4 clients", ingestion.intake(port), 0),
        (f"Import of {ingestion.IMPORTED_ROWS:,} documents as CSV", ingestion.imported(), 3_000),
        (f"Import of {ingestion.IMPORTED_ROWS:,} customers as CSV", ingestion.imported("customers"), 3_000),
    ):
        said = f"{rate:,.0f} a second{under(rate, least)}" if rate else "skipped"
        found.lines.append(f"{what}: {said}{f' ({fault})' if fault else ''}.")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
