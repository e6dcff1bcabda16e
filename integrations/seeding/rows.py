"""Accounts, customers and what belongs to them, as rows."""

from collections.abc import Iterator

from core.text import fold
from customers.identifying import digest
from integrations.seeding.catalogue import Catalogue
from integrations.seeding.companies import Company
from integrations.seeding.copying import NULL, array, day, dumps, moment, text
from integrations.seeding.people import Person

ACCOUNT = "id, name, sort_name, external_id, state, properties, provenance, created_at, updated_at"
CUSTOMER = (
    "id, name, sort_name, state, origin, properties, provenance, created_elsewhere_at, last_imported_at, created_at,"
    " updated_at, primary_email, primary_phone, search_text, tag_ids, channels, source_ids, feedback_count,"
    " first_seen_at, last_seen_at, last_linked_at, deleted_at"
)
IDENTIFIER = 'customer_id, kind, value, normalized, digest, "primary", verified, source_id, created_at'
VALUE = "customer_id, definition_id, value"
TAG = "customer_id, tag_id"


def account_row(company: Company) -> str:
    properties = {
        "plan": [company.plan], "ARR": [company.arr], "region": [company.region], "seats": [company.seats],
        "industry": [company.industry], "website": [f"https://www.{company.domain}"],
        "renewal_on": [day(company.renewal // 86400)], "sso": [company.sso],
    }  # fmt: skip
    if company.number % 5 == 0:
        del properties["website"]
    created = moment(company.created)
    return (
        f"{company.id}\t{text(company.name)}\t{text(fold(company.name))}\t{company.external_id}\tactive\t"
        f"{text(dumps(properties))}\t{{}}\t{created}\t{created}"
    )


def customer_row(person: Person, known: Catalogue) -> str:
    assert person.attributes
    created = moment(person.created)
    moments = [at for at, _ in person.documents]
    channels = sorted({channel for _, channel in person.documents})
    provenance = person.attributes.provenance(known.sources["users"], origin=person.origin, named=bool(person.name))
    imported = created if person.origin in {"sync", "import"} else NULL
    return (
        f"{person.id}\t{text(person.name)}\t{text(person.sort_name)}\t{person.state}\t{person.origin}\t"
        f"{text(person.attributes.properties)}\t{text(provenance)}\t{moment(person.elsewhere)}\t{imported}\t{created}\t{created}\t"
        f"{person.first('email')}\t{person.first('phone')}\t{text(person.search_text)}\t{array(person.tags)}\t{array(channels)}\t"
        f"{array(sorted(known.sources[channel] for channel in channels))}\t{len(moments)}\t"
        f"{moment(moments[0]) if moments else created}\t{moment(moments[-1]) if moments else created}\t"
        f"{moment(moments[-1] + 5) if moments else NULL}\t{moment(person.deleted)}"
    )


def identifier_rows(person: Person, known: Catalogue) -> Iterator[str]:
    ranked: set[str] = set()
    source = str(known.sources["users"]) if person.origin == "sync" else NULL
    created = moment(person.created)
    for kind, value, normalized in person.identifiers:
        primary = kind in {"email", "phone"} and kind not in ranked
        ranked.add(kind)
        hashed = digest(kind, normalized).hex()
        flags = f"{'t' if primary else 'f'}\t{'f' if kind == 'phone' and not primary else 't'}"
        yield (f"{person.id}\t{kind}\t{text(value)}\t{text(normalized)}\t\\\\x{hashed}\t{flags}\t{source}\t{created}")


def value_rows(person: Person, known: Catalogue) -> Iterator[str]:
    assert person.attributes
    for key, value in person.attributes.numbers:
        if key in known.values:
            yield f"{person.id}\t{known.values[key]}\t{value}"
