"""Addresses of pages. Django makes each anew in 0.1 ms and a page asks for fifty, so each pattern is made once."""

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix, reverse

NUMBER, WORD = "700000000{}", "stands-in-{}"  # arguments that no route has in it
PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def fixed(url_name: str, *args: Any) -> str:
    """The address of this page, as `reverse` makes it. Raises NoReverseMatch."""
    kinds = tuple(map(_kind, args))
    pattern = None if None in kinds else _pattern(settings.ROOT_URLCONF, get_script_prefix(), url_name, kinds)
    return reverse(url_name, args=args) if pattern is None else pattern.format(*args)


def address(url_name: str, *args: Any) -> str:
    """The address of this page, or "" while there is no such page."""
    try:
        return fixed(url_name, *args)
    except NoReverseMatch:
        return ""


def _kind(argument: Any) -> str | None:
    if type(argument) is int and argument >= 0:
        return NUMBER
    return WORD if isinstance(argument, str) and PLAIN.fullmatch(argument) and not argument.isdigit() else None


@lru_cache(maxsize=512)
def _pattern(urlconf: str, prefix: str, url_name: str, kinds: tuple[str, ...]) -> str | None:
    """The address with {} for each argument; None where arguments decide the route, so that only Django knows it."""
    stand_ins = [kind.format(place) for place, kind in enumerate(kinds)]
    try:
        found = reverse(url_name, urlconf, [int(text) if text.isdigit() else text for text in stand_ins])
    except NoReverseMatch:
        return None
    pattern = found.replace("{", "{{").replace("}", "}}")
    for place, stand_in in enumerate(stand_ins):
        if pattern.count(stand_in) != 1:
            return None
        pattern = pattern.replace(stand_in, f"{{{place}}}")
    return pattern
