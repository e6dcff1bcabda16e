"""The OpenAPI 3.1 document, and what of it the lists say by themselves: their filters are those of the pages."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django_filters import FilterSet

from api.paging import MOST, USUAL
from api.schemas.common import RECORD

BY_PROPERTY = {
    "p.": "`p.<key>=<operator>:<value>`: a property of the record itself, such as `p.plan=is:Team`",
    "ap.": "`ap.<key>=<operator>:<value>`: a property of its account",
    "cp.": "`cp.<key>=<operator>:<value>`: a property of its customer",
}


def filters_of(filters: type[FilterSet], *prefixes: str) -> list[tuple[str, str]]:
    """(name, what it says) of every filter of a list; properties are named by `prefixes`."""
    known = vars(filters)["base_filters"]
    said = [(name, f"{one.label}; several with commas" if "field_class" in vars(type(one)) else str(one.label))
            for name, one in known.items()]  # fmt: skip
    return said + [(f"{prefix}key", BY_PROPERTY[prefix]) for prefix in prefixes]


def paging(
    sorts: Mapping[str, Any], filters: Iterable[tuple[str, str]] = (), *, pages: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """The parameters of a list: its filters, orders, and where it goes on."""
    found = [_parameter(name, {"type": "string"}, said) for name, said in filters]
    if pages:
        limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
        found.append(_parameter("limit", limit, "How many records a page has"))
        found.append(_parameter("cursor", {"type": "string"}, "The `next` of the page before"))
    if sorts:
        names = [sign + name for name in sorts for sign in ("", "-")]
        found.append(_parameter("sort", {"type": "string", "enum": names}, "- in front: the other way round"))
    return {"parameters": found}


def _parameter(name: str, schema: dict[str, Any], said: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": said}


@cache
def document() -> dict[str, Any]:
    """The whole document: the same for everybody, made once."""
    from api.calls import api  # once every call is declared
    from api.schemas.reports import RECORDS

    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="/api/v1"))
    made["info"] |= {"summary": "Customers, feedback and accounts of this Roster", "description": DESCRIPTION}
    made["servers"] = [{"url": "/"}]
    for shape in RECORDS:  # of bulk calls, where each record is looked at by itself
        own = shape.model_json_schema(ref_template="#/components/schemas/{model}")
        made["components"]["schemas"] |= {shape.__name__: own} | own.pop("$defs", {})
    for path in made["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    for shape in made["components"]["schemas"].values():
        for one in shape.get("properties", {}).values():
            if RECORD in one.get("items", {}):
                one["items"] = {"$ref": f"#/components/schemas/{one['items'][RECORD]}"}
    made["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key of a REST API integration"}
    }
    return made


DESCRIPTION = """Send a key as `Authorization: Bearer roster_…`. Lists go on with `?cursor=<next>`. Every answer has
`X-RateLimit-Limit`, `-Remaining` and `-Reset`. `Idempotency-Key` on a POST: the same key within 24 hours gives the
first answer again."""

LIMITS = {
    "X-RateLimit-Limit": "Requests a minute that this key may make",
    "X-RateLimit-Remaining": "How many are left",
    "X-RateLimit-Reset": "When the minute ends, in Unix seconds",
}


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Adds what every call has: the key, the headers of its limit, and the header that makes a repeat harmless."""
    operation["security"] = [{"key": []}]
    if method == "post":
        schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
        said = "Any text of your own: sent again within 24 hours, the first answer comes again"
        header = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema, "description": said}
        operation.setdefault("parameters", []).append(header)
    if operation["operationId"] == "get_export_customer":
        operation["responses"][200]["content"]["application/zip"] = {"schema": {"type": "string", "format": "binary"}}
    operation["responses"] = {str(status): one for status, one in operation["responses"].items()}
    for status, one in operation["responses"].items():
        if status in {"400", "401", "403", "413"}:  # may be said before the key was counted
            continue
        headers = {name: {"schema": {"type": "string"}, "description": said} for name, said in LIMITS.items()}
        one.setdefault("headers", {}).update(headers)
