"""Addresses of pages that need no argument, or fixed words only, looked up once: a page asks for thirty of them."""

from functools import lru_cache

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix, reverse


def fixed(url_name: str, *words: str) -> str:
    """The address of this page. Raises NoReverseMatch."""
    return _fixed(settings.ROOT_URLCONF, get_script_prefix(), url_name, *words)


def address(url_name: str, *words: str) -> str:
    """The address of this page, or "" while there is no such page."""
    try:
        return fixed(url_name, *words)
    except NoReverseMatch:
        return ""


@lru_cache(maxsize=512)
def _fixed(urlconf: str, prefix: str, url_name: str, *words: str) -> str:
    return reverse(url_name, urlconf, words)
