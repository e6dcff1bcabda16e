"""The cases of docs/performance.md: what is asked of Roster, the SQL that it comes down to, and the budget."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from bench.client import PARTIAL
from bench.facts import Facts

LIST, SEARCH, ADVERSARIAL, COMBINED = (30, 60), (30, 60), (120, 200), (60, 150)
PAGE, FULL_TEXT, PICKER = (40, 80), (80, 200), (20, 40)
_SHOWN = (
    "id, name, primary_email, primary_phone, tag_ids, channels, feedback_count, first_seen_at, last_seen_at, sort_name"
)
_DOCUMENT = "id, title, left(body, 200), channel, customer_id, account_id, status, tag_ids, occurred_at"


@dataclass(frozen=True)
class Case:
    """`sql` are ways to the same ids, of which the fastest is the floor; `ids_in` names the links that show them.

    With `panels` the case is the page and everything that it loads by itself when it opens.
    """

    name: str
    path: str
    budget: tuple[int, int]
    sql: tuple[str, ...] = ()
    parameters: tuple[Any, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    ids_in: str = ""
    expect: tuple[str, ...] = ()
    panels: bool = False
    ratio: bool = False  # whether the ratio to hello world is a budget too


def cases(facts: Facts) -> Iterator[Case]:
    yield from _lists(facts)
    yield from _searches(facts)
    yield from _filters(facts)
    yield from _pages(facts)
    yield from _documents(facts)


def _customers(where: str = "TRUE", order: str = "last_seen_at DESC, id DESC", limit: int = 50) -> str:
    return f"SELECT {_SHOWN} FROM customers_customer WHERE state = 'active' AND {where} ORDER BY {order} LIMIT {limit}"


def _gathered(where: str, order: str = "last_seen_at DESC, id DESC") -> str:
    """Everything that matches first, then the order."""
    return (
        f"WITH m AS MATERIALIZED (SELECT {_SHOWN} FROM customers_customer WHERE state = 'active' AND {where})"
        f" SELECT * FROM m ORDER BY {order} LIMIT 50"
    )


def _lists(facts: Facts) -> Iterator[Case]:
    from core.paging import Sort, encode

    for name, column in (
        ("last_seen", "last_seen_at"),
        ("first_seen", "first_seen_at"),
        ("feedback", "feedback_count"),
    ):
        for sign, word in (("-", "DESC"), ("", "ASC")):
            yield Case(
                f"list by {sign}{name}", f"/customers/?sort={sign}{name}", LIST,
                (_customers(order=f"{column} {word}, id {word}"),), ids_in="customers", ratio=True,
            )  # fmt: skip
        cursor = encode(
            Sort(name, column, descending=True), {"pk": facts.deep[column].id, column: facts.deep[column].value}
        )
        yield Case(
            f"list by -{name}, deep", f"/customers/?sort=-{name}&cursor={quote(cursor)}", LIST,
            (_customers(f"({column}, id) < (%s, %s)", f"{column} DESC, id DESC"),),
            (facts.deep[column].value, facts.deep[column].id), ids_in="customers", ratio=True,
        )  # fmt: skip
    for sign, word in (("", "ASC"), ("-", "DESC")):
        yield Case(
            f"list by {sign}name", f"/customers/?sort={sign}name", LIST,
            (_customers(order=f"sort_name {word}, id {word}"),),
            ids_in="customers", ratio=True,
        )  # fmt: skip
    yield Case("list, partial", "/customers/", LIST, (_customers(),), headers=PARTIAL, ids_in="customers", ratio=True)


def _searches(facts: Facts) -> Iterator[Case]:
    middle = facts.middle
    digits = "".join(c for c in middle.primary_phone if c.isdigit())
    words = middle.sort_name.split(" ")
    terms = (
        ("search, common", "ana", SEARCH, "ana"),
        ("search, common domain", "postbox", SEARCH, "postbox"),
        ("search, rare", middle.user_id.lower(), SEARCH, middle.user_id.lower()),
        ("search, none", "zzyzxq", SEARCH, "zzyzxq"),
        ("search, email", middle.primary_email, SEARCH, middle.primary_email),
        (
            "search, part of an email",
            middle.primary_email.rpartition(".")[0],
            SEARCH,
            middle.primary_email.rpartition(".")[0],
        ),
        ("search, part of a phone", digits[-7:], SEARCH, digits[-7:].lstrip("0")),
        ("search, 2 characters", "li", SEARCH, "li"),
        ("search, adversarial", "oldpost", ADVERSARIAL, "oldpost"),
    )
    for name, typed, budget, term in terms:
        where = "search_text LIKE %s"
        yield Case(
            name, f"/customers/?{urlencode({'q': typed})}", budget, (_customers(where), _gathered(where)),
            (f"%{term}%",),
            headers=PARTIAL, ids_in="customers",
        )  # fmt: skip
    where = "search_text LIKE %s AND search_text LIKE %s"
    yield Case(
        "search, two words", f"/customers/?{urlencode({'q': middle.name})}", SEARCH,
        (_customers(where), _gathered(where)),
        (f"%{words[0]}%", f"%{words[1]}%"), headers=PARTIAL, ids_in="customers",
    )  # fmt: skip
    yield Case("count of a common search", "/customers/count/?q=ana", COMBINED, (
        "SELECT count(*) FROM (SELECT FROM customers_customer WHERE state = 'active' AND search_text LIKE '%%ana%%'"
        " LIMIT 10001) m",
    ))  # fmt: skip


def _filters(facts: Facts) -> Iterator[Case]:
    tags = facts.tags
    one_tag = "tag_ids && ARRAY[%s]::int[]"
    value = "id IN (SELECT customer_id FROM customers_customervalue WHERE definition_id = %s AND value > %s)"
    exists = (
        "EXISTS (SELECT FROM customers_customervalue v"
        " WHERE v.customer_id = customers_customer.id AND definition_id = %s AND value > %s)"
    )
    plan = 'properties @> \'{"plan": ["Enterprise"]}\''
    since = "last_seen_at >= now() - interval '90 days'"
    kinds = (
        ("filter, common tag", f"tag={tags['Power user']}", LIST, (one_tag,), (tags["Power user"],)),
        ("filter, rare tag", f"tag={tags['Legal hold']}", LIST, (one_tag,), (tags["Legal hold"],)),
        ("filter, channel", "channel=voice", LIST, ("channels && ARRAY['voice']::varchar[]",), ()),
        ("filter, account", f"account={facts.account}", LIST,
         ("id IN (SELECT customer_id FROM customers_membership WHERE account_id = %s)",), (facts.account,)),
        ("filter, no feedback", "feedback=no", LIST, ("feedback_count = 0",), ()),
        ("filter, property", "p.plan=is:Enterprise", COMBINED, (plan,), ()),
        ("filter, number over", "p.mrr=greater:500", COMBINED, (value, exists),
         (facts.definitions["customer.mrr"], 500)),
        ("filter, number over, many", "p.health_score=greater:50", COMBINED, (value, exists),
         (facts.definitions["customer.health_score"], 50)),
        ("filter, tag and channel", f"tag={tags['VIP']}&channel=email", COMBINED,
         (f"{one_tag} AND channels && ARRAY['email']::varchar[]",), (tags["VIP"],)),
        ("filter, tag, channel and time", f"tag={tags['Beta tester']}&channel=chat&last_seen=90d", COMBINED,
         (f"{one_tag} AND channels && ARRAY['chat']::varchar[] AND {since}",), (tags["Beta tester"],)),
        ("filter, property, number and search", "p.plan=is:Scale&p.mrr=greater:200&q=ana", COMBINED,
         (f"properties @> '{{\"plan\": [\"Scale\"]}}' AND {value} AND search_text LIKE '%%ana%%'",),
         (facts.definitions["customer.mrr"], 200)),
    )  # fmt: skip
    for name, query, budget, wheres, parameters in kinds:
        sql = tuple(make(where) for where in wheres for make in (_customers, _gathered))
        yield Case(name, f"/customers/?{query}", budget, sql, parameters, ids_in="customers")


def _pages(facts: Facts) -> Iterator[Case]:
    of_customer = (
        f"SELECT {_DOCUMENT} FROM feedback_document WHERE state = 'active' AND customer_id = %s"
        " ORDER BY occurred_at DESC, id DESC LIMIT 10"
    )
    yield Case(
        "profile",
        f"/customers/{facts.middle.id}/",
        PAGE,
        (of_customer,),
        (facts.middle.id,),
        expect=(facts.middle.name,),
    )
    yield Case("profile with its panels", f"/customers/{facts.busy}/", PAGE, (of_customer,), (facts.busy,), panels=True)
    for name, path in (  # asked for when somebody scrolls to them
        ("campaigns", f"/campaigns/of/{facts.reached}/"),
        ("usage", f"/usage/of/{facts.user}/"),
        ("history", f"/audit/history/customer/{facts.busy}/"),
    ):
        headers = {"HX-Request": "true", "HX-Target": name}
        yield Case(f"profile, its {name} when scrolled to", path, PAGE, headers=headers)
    yield Case(
        "document",
        f"/documents/{facts.document}/",
        PAGE,
        ("SELECT * FROM feedback_document WHERE id = %s",),
        (facts.document,),
    )
    yield Case("customer's drawer over a document", f"/documents/{facts.document}/customer/", PAGE)
    yield Case(
        f"account with {facts.members:,} members", f"/accounts/{facts.account}/", PAGE,
        ("SELECT * FROM customers_membership WHERE account_id = %s ORDER BY id LIMIT 50",), (facts.account,),
    )  # fmt: skip
    for name, typed in (("Add Customer, a name", "ana k"), ("Add Customer, an email", facts.middle.primary_email)):
        yield Case(
            name, f"/documents/{facts.unassigned}/customer/add/?{urlencode({'q': typed})}", PICKER,
            headers={"HX-Request": "true", "HX-Target": "picker-list"},
        )  # fmt: skip
    yield Case("search page", "/search?q=export", FULL_TEXT)
    yield Case("palette", "/palette?q=ana", SEARCH, headers={"HX-Request": "true"})
    yield Case("overview", "/", FULL_TEXT)


def _documents(facts: Facts) -> Iterator[Case]:
    def listed(where: str) -> tuple[str, ...]:
        chosen = f"SELECT {_DOCUMENT} FROM feedback_document WHERE state = 'active' AND {where}"
        return (
            f"{chosen} ORDER BY occurred_at DESC, id DESC LIMIT 50",
            "WITH m AS MATERIALIZED"
            f" (SELECT id, occurred_at FROM feedback_document WHERE state = 'active' AND {where}),"
            " p AS (SELECT id FROM m ORDER BY occurred_at DESC, id DESC LIMIT 50)"
            f" SELECT {_DOCUMENT} FROM feedback_document WHERE id IN (SELECT id FROM p)"
            " ORDER BY occurred_at DESC, id DESC",
        )

    words = "search_vector @@ ('export'::tsquery && 'accented'::tsquery)"
    of_account = 'account_id IN (SELECT id FROM accounts_account WHERE properties @> \'{"plan": ["Freemium"]}\')'
    for name, query, budget, where in (
        ("documents", "", LIST, "TRUE"),
        ("documents, channel", "?channel=voice", LIST, "channel = 'voice'"),
        ("documents, unassigned", "?unassigned=true", LIST, "customer_id IS NULL"),
        ("documents, full text, common", "?q=export", FULL_TEXT, "search_vector @@ 'export:*'::tsquery"),
        ("documents, full text, two words", "?q=export+accented+", FULL_TEXT, words),
        ("documents, full text, none", "?q=zzyzxq", FULL_TEXT, "search_vector @@ 'zzyzxq:*'::tsquery"),
        ("documents, account property", "?ap.plan=is:Freemium", FULL_TEXT, of_account),
        ("documents, full text and account property", "?q=export+&ap.plan=is:Freemium", FULL_TEXT,
         f"search_vector @@ 'export'::tsquery AND {of_account}"),
        ("documents, rare words and account number", "?q=accented+stops+&ap.ARR=greater:100000", FULL_TEXT,
         "search_vector @@ ('accented'::tsquery && 'stops'::tsquery) AND account_id IN (SELECT id FROM accounts_account"
         " WHERE (properties -> 'ARR' ->> 0)::numeric > 100000)"),
    ):  # fmt: skip
        yield Case(name, f"/documents/{query}", budget, listed(where), ids_in="documents")
