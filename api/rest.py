"""The REST API's frame (contracts 4): what every call shares, so that a call only says what it does.

django-ninja reads the parameters and writes the OpenAPI document; keys, limits, bodies and errors are those of every
other endpoint (`integrations.answers`). Answers are written by `answer`, not through the schemas: these describe them,
and tests hold every answer to them.
"""

import functools
import inspect
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer

from api.idempotency import once
from api.schemas.common import Error
from audit.actor import Actor
from customers.suppressing import IntakeStopped
from integrations.answers import Refused, answer, body_of, endpoint
from integrations.models import ApiKey

View = Callable[..., HttpResponse]
VERSION = "1"


class ApiRequest(HttpRequest):
    """A request whose key was checked."""

    key: ApiKey
    reference: str
    json: dict[str, Any]


def actor_of(request: ApiRequest) -> Actor:
    """Who gives the command: values that the API sets win over those of syncs (2.7)."""
    return Actor.of_source(request.key.source, via="api", rank="api")


class Bodies(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        return cast(ApiRequest, request).json


class Key(HttpBearer):
    """Lets in whose key has one of `scopes`, and reads the body, before anything else is looked at."""

    def __init__(self, *scopes: str, reads_body: bool) -> None:
        super().__init__()
        self.scopes, self.reads_body = scopes, reads_body

    def __call__(self, request: HttpRequest) -> bool:
        asked = cast(ApiRequest, request)
        if not set(self.scopes) & set(asked.key.scopes):
            raise Refused(403, "missing_scope", f"This key lacks the scope {' or '.join(self.scopes)}.")
        if self.reads_body:
            asked.json = body_of(request)
        return True

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        raise NotImplementedError  # `endpoint` has looked at the key


api = NinjaAPI(title="Roster", version=VERSION, urls_namespace="api", docs_url=None, openapi_url=None, parser=Bodies())
METHODS: dict[str, set[str]] = defaultdict(set)


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    raise error  # `endpoint` answers it


@api.exception_handler(IntakeStopped)
def stopped(request: HttpRequest, error: IntakeStopped) -> HttpResponse:
    raise Refused(503, "intake_stopped", str(error), Retry_After="60")


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for one in error.errors:
        where = [str(part) for part in one["loc"]]
        if where[:1] == ["body"]:
            where = where[2:]  # the name of the parameter says nothing to the sender
        elif where[:1] in (["query"], ["path"]):
            where = where[-1:]
        fields.setdefault(".".join(where), []).append(f"{one['msg'].removeprefix('Value error, ')}.")
    first, messages = next(iter(fields.items()))
    raise Refused(422, "invalid", f"{first or 'body'}: {messages[0]}", fields)


def call(
    router: Router, method: str, route: str, *scopes: str, answers: Mapping[int, Any], name: str,
    **options: Any,
) -> Callable[[View], View]:  # fmt: skip
    """One call of the API: who may make it and what it answers. A POST with an Idempotency-Key is done once."""

    def decorate(view: View) -> View:
        reads_body = "body" in inspect.signature(view).parameters
        wrapped = functools.wraps(view)(functools.partial(once, view)) if method == "POST" else view
        METHODS[name].add(method)
        said = {**answers, **dict.fromkeys(_refusals(method, route, reads_body), Error)}
        options["openapi_extra"] = {**options.get("openapi_extra", {}), "x-scopes": list(scopes)}
        register = router.api_operation(
            [method], route, auth=Key(*scopes, reads_body=reads_body), response=said, url_name=name,
            operation_id=f"{method.lower()}_{name}", **options,
        )  # fmt: skip
        register(wrapped)
        return view

    return decorate


def _refusals(method: str, route: str, reads_body: bool) -> list[int]:
    """The statuses with which a call can say no."""
    found = [400, 401, 403, 422, 429]
    found += [404] if "{" in route else []
    found += [413, 415] if reads_body else []
    return sorted(found + ([409, 503] if method != "GET" else []))


def patterns() -> list[URLPattern]:
    """The addresses of every call, each behind its key."""
    return [
        path(str(one.pattern), _guarded(one.callback, METHODS[one.name]), name=one.name)
        for one in api.urls[0]
        if isinstance(one, URLPattern) and one.name in METHODS
    ]


def _guarded(view: Callable[..., Any], methods: set[str]) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def shown(request: HttpRequest, key: ApiKey, *, reference: str, **kwargs: Any) -> HttpResponse:
        asked = cast(ApiRequest, request)
        asked.key, asked.reference = key, reference
        return cast(HttpResponse, view(request, **kwargs))

    return endpoint(ApiKey.Kind.API, methods=tuple(sorted(methods)))(shown)


def reply(body: Mapping[str, Any], status: int = 200, **headers: str) -> HttpResponse:
    return answer(body, status, {name.replace("_", "-"): value for name, value in headers.items()})
