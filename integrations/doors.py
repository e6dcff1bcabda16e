"""Addresses that take feedback without an API key: by a site key, a secret address, a signature."""

import functools
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from audit.models import Source
from integrations.answers import Refused, refusal
from integrations.models import Integration
from integrations.models.api_key import USED_EVERY
from staff.permissions import by_key

Door = Callable[..., HttpResponse]


def door(*methods: str) -> Callable[[Door], Callable[..., HttpResponseBase]]:
    """A view for programs that show something else than a key; they get JSON whatever happens. Cookies are ignored."""

    def decorate(view: Door) -> Callable[..., HttpResponseBase]:
        @by_key
        @csrf_exempt
        @functools.wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            reference = f"r_{secrets.token_hex(6)}"
            try:
                if request.method not in methods:
                    raise Refused(405, "method_not_allowed", f"Use {' or '.join(methods)}.", Allow=", ".join(methods))
                return view(request, *args, **kwargs)
            except Refused as refused:
                response = refusal(request, refused, reference)
                for name, value in refused.headers.items():
                    response[name] = value
                return response

        return answered

    return decorate


def integration_by(**found_by: Any) -> Integration:
    """The open feedback integration with this site key or inbox. Raises Refused 404, also for one that is closed."""
    open_ones = Integration.objects.filter(source__kind=Source.Kind.FEEDBACK, closed_at=None).select_related("source")
    found = open_ones.filter(**found_by).first()
    if found is None:
        raise Refused(404, "not_found", "Nothing is taken at this address.")
    return found


def within(name: str, most: int) -> None:
    """Counts one more of `name` in this minute. Raises Refused 429; without Redis nobody is limited."""
    now = int(time.time())
    place, ends = f"door:{name}:{now // 60}", (now // 60 + 1) * 60
    cache.add(place, 0, timeout=120)
    try:
        used = cache.incr(place)
    except ValueError:  # it expired in between
        used = 1
    if used > most:
        raise Refused(429, "too_many", "Too many requests this minute.", Retry_After=str(ends - now))


def body_within(request: HttpRequest, most: int) -> bytes:
    """The whole body. Raises Refused 413 and 400."""
    too_large = Refused(413, "too_large", f"The body must be at most {most:,} bytes.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise too_large
    try:
        raw = request.read(most + 1)
    except UnreadablePostError:
        raise Refused(400, "malformed", "The body ended early.") from None
    if len(raw) > most:
        raise too_large
    return raw


def heard(source: Source, now: datetime) -> None:
    """Remembers that the source sent something, about now."""
    before = Q(last_received_at=None) | Q(last_received_at__lt=now - USED_EVERY)
    Source.objects.filter(before, pk=source.pk).update(last_received_at=now)
