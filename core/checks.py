"""System checks that hold for every app."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.urls import URLPattern, URLResolver, get_resolver

# Pages of others that guard themselves; ours say what they require.
GUARDED_BY_OTHERS = ("django.contrib.admin", "django.contrib.staticfiles", "django.views.static", "allauth.")
GUARDED_ROUTES = ("admin/",)  # Django's own admin, for superusers


@register(Tags.urls)
def every_view_says_what_it_requires(**_: Any) -> list[CheckMessage]:
    """A page that forgot its permission fails here, not in front of a stranger (reliability 16)."""
    return [
        Error(
            f"The view {view.__module__}.{view.__qualname__} at /{route} does not say what it requires.",
            hint="Decorate it with @requires(…), @public or @by_key from staff.permissions.",
            id="core.E001",
        )
        for route, view in views(get_resolver())
        if not hasattr(view, "requires")
        and not view.__module__.startswith(GUARDED_BY_OTHERS)
        and not route.startswith(GUARDED_ROUTES)
    ]


def views(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every (route, view) below `resolver`."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


@register(Tags.security, deploy=True)
def production_is_complete(**_: Any) -> list[CheckMessage]:
    """What only `manage.py check --deploy` asks: the things that a demo may lack and a team may not."""
    lacks = [
        ("core.W001", settings.EMBEDDED_DATABASE, "The database is the embedded one.", "Set DATABASE_URL."),
        ("core.W002", not settings.HTTPS, "Pages are served without TLS.", "Set ROSTER_HTTPS behind a TLS proxy."),
        ("core.W003", "console" in settings.EMAIL_BACKEND, "Mail is printed, not sent.", "Set EMAIL_HOST."),
        (
            "core.W004",
            not settings.SUPPRESSION_KEY_GIVEN,
            "The suppression key lies in a file beside the uploads.",
            "Set ROSTER_SUPPRESSION_KEY, and keep it where a restore of the database does not reach.",
        ),
    ]
    return [Warning(problem, hint=hint, id=id_) for id_, is_lacking, problem, hint in lacks if is_lacking]
