"""`python -m bench.limited`: the cases of docs/performance.md as people of three teams meet them (3.5).

Whom a team sees little, what it looks for is rarer: its searches and filters count as several filters combined.
"""

import argparse
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg

from bench import environment, measuring
from bench.__main__ import set_up_django, show
from bench.cases import COMBINED, LIST, PAGE, Case, cases
from bench.client import Client
from bench.facts import Facts, look_up

OWN = ("profile", "profile with its panels", "document", "customer's drawer over a document")  # of one they may see


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.limited")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--people", default="", help="a regular expression of what they see; default all")
    parser.add_argument("--cases", default="", help="a regular expression of names; default all")
    parser.add_argument("--requests", type=int, default=20)
    options = parser.parse_args()
    os.chdir(environment.ROOT)
    environment.settle()
    environment.prepare(
        environment.name_of(options.customers, options.customers * 5),
        customers=options.customers, documents=options.customers * 5,
    )  # fmt: skip
    environment.collect_static()
    set_up_django()
    from bench.limited_teams import PASSWORD, ready

    people = [one for one in ready() if re.search(options.people, one.name)]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("ANALYZE accounts_visibleaccount")
        facts = look_up(connection)
        with environment.serving("config.wsgi:application") as (port, server):
            for person in people:
                print(f"\n{person.name}", flush=True)
                client = Client(port)
                client.sign_in(person.email, PASSWORD)
                for case in _of_team(facts, connection, person.email):
                    if re.search(options.cases, case.name):
                        one = measuring.measure(case, client, connection, requests=options.requests, server=server)
                        show(one)


def _of_team(facts: Facts, connection: "psycopg.Connection[Any]", email: str) -> Iterator[Case]:
    """The cases, about somebody whom this person may see, without the SQL of those who see everybody."""
    seen = connection.execute(_SEEN, [email]).fetchone()
    assert seen is not None
    customer, document = int(seen[0]), int(seen[1])
    for case in cases(facts):
        about = case.path
        if case.name in OWN:
            about = re.sub(r"/customers/\d+/", f"/customers/{customer}/", about)
            about = re.sub(r"/documents/\d+/", f"/documents/{document}/", about)
        elif case.budget == PAGE or case.name.startswith("Add Customer"):
            continue
        budget = COMBINED if case.budget == LIST and "?" in about and "sort=" not in about else case.budget
        yield replace(case, path=about, sql=(), ids_in="", expect=(), ratio=False, budget=budget)


_SEEN = """
    SELECT d.customer_id, d.id FROM staff_user u
    JOIN accounts_visibleaccount v ON v.team_id = ANY(u.team_ids)
    JOIN feedback_document d ON d.account_id = v.account_id AND d.state = 'active'
    JOIN customers_customer c ON c.id = d.customer_id AND c.state = 'active'
    WHERE u.email = %s ORDER BY c.feedback_count DESC LIMIT 1
"""

if __name__ == "__main__":
    main()
