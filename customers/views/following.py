"""The address of somebody who was merged leads to whom they were merged into (7.2)."""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import reverse

from customers.merging import survivor_of
from customers.models import Customer

View = Callable[..., HttpResponseBase]


def following(view: View, *, name: str = "pk") -> View:
    """A page about the customer in the argument `name`: for one who was merged, 301 to the survivor's instead of 404.

    Never stored, because an undo gives the address back. Only for whoever may see the survivor, and only for reading.
    """

    @functools.wraps(view)
    def follow(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            survivor_id = survivor_of(kwargs[name]) if request.method in {"GET", "HEAD"} else None
            if not survivor_id or not Customer.objects.visible_to(request.user).filter(pk=survivor_id).exists():
                raise
        match = request.resolver_match
        assert match is not None
        url = reverse(match.view_name, kwargs={**kwargs, name: survivor_id})
        query = urlencode([(key, value) for key, values in request.GET.lists() for value in values])
        response = HttpResponsePermanentRedirect(f"{url}?{query}" if query else url)
        response["Cache-Control"] = "no-store, private"
        return response

    return follow
