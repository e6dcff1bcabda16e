"""Identifiers as they are compared: the one place that normalises and digests them (2.2, reliability 13)."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from core.text import problem
from customers.models import Identifier

EMAIL_LIMIT, USER_ID_LIMIT, HANDLE_LIMIT = 254, 200, 200
MATCHING_ORDER = ("user_id", "email", "handle", "anonymous_id", "phone")

_email = EmailValidator()
_HANDLE = re.compile(r"([a-z0-9._-]{1,40}):@?(\S.*)")


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """An identifier before it belongs to anybody: `value` as typed, `normalized` as compared."""

    kind: str
    normalized: str
    value: str

    @property
    def digest(self) -> bytes:
        return digest(self.kind, self.normalized)


def identity(kind: str, value: str) -> Identity:
    """The identity that `value` stands for. Raises ValidationError with a sentence that says how to fix it."""
    if kind not in _NORMALIZERS:
        raise ValidationError(f"No such kind of identifier: {kind}.", code="unknown_kind")
    if not isinstance(value, str):
        raise ValidationError("Must be text.", code="wrong_type")
    fault = problem(value, limit=320)
    if fault:
        raise ValidationError(fault, code="invalid_text")
    typed = unicodedata.normalize("NFC", value).strip()
    return Identity(kind, _NORMALIZERS[kind](typed), typed)


def identities(found: Iterable[tuple[str, str | None]]) -> list[Identity]:
    """The identities among (kind, value) pairs, each once, blanks left out. Raises ValidationError keyed by kind."""
    kept: dict[tuple[str, str], Identity] = {}
    for kind, value in found:
        if value is None or not str(value).strip():
            continue
        try:
            one = identity(kind, value)
        except ValidationError as error:
            raise ValidationError({kind: error}) from None
        kept.setdefault((one.kind, one.normalized), one)
    return list(kept.values())


def digest(kind: str, normalized: str) -> bytes:
    """HMAC-SHA-256 with the suppression key, 32 bytes: what is remembered of an identifier after its deletion."""
    return hmac.digest(_key(settings.SUPPRESSION_KEY), f"{kind}:{normalized}".encode(), hashlib.sha256)


def phone_digits(text: str) -> str:
    """The digits of anything written like a phone number; '' for other text."""
    return re.sub(r"\D", "", text) if re.fullmatch(r"[\d\s+().\-/]+", text) else ""


@lru_cache(maxsize=4)
def _key(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def _normalized_email(typed: str) -> str:
    """Well-formed is enough (2.2): no look-up, made-up domains pass, and so do letters of any script."""
    local, at, domain = typed.rpartition("@")
    # Django's validator knows ASCII local parts only: any other letter counts as a letter.
    plain = (
        local
        if local.isascii()
        else "".join("a" if ord(c) > 127 and c.isprintable() and not c.isspace() else c for c in local)
    )
    try:
        if not at:
            raise ValidationError("")
        _email(f"{plain}@{domain}")
    except (ValidationError, UnicodeError):
        raise ValidationError("Must be an email address, such as name@company.com.", code="invalid_email") from None
    normalized = unicodedata.normalize("NFKC", typed).casefold()
    if len(typed) > EMAIL_LIMIT or len(normalized) > EMAIL_LIMIT:
        raise ValidationError(f"Must be at most {EMAIL_LIMIT} characters.", code="too_long")
    return normalized


def _normalized_phone(typed: str) -> str:
    """E.164 where the number can be understood, else its digits."""
    digits = re.sub(r"\D", "", typed)
    if not 3 <= len(digits) <= 32 or len(typed) > 64:
        raise ValidationError(
            "Must be a phone number of 3 to 32 digits, such as +34 600 111 222.", code="invalid_phone"
        )
    try:
        number = phonenumbers.parse(typed, settings.DEFAULT_PHONE_REGION)
    except phonenumbers.NumberParseException:
        return digits
    if not phonenumbers.is_possible_number(number):
        return digits
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _normalized_user_id(typed: str) -> str:
    if not typed or len(typed) > USER_ID_LIMIT:
        raise ValidationError(f"Must be 1 to {USER_ID_LIMIT} characters.", code="invalid_user_id")
    return typed


def _normalized_handle(typed: str) -> str:
    lower = unicodedata.normalize("NFKC", typed).casefold()
    parts = _HANDLE.fullmatch(lower)
    if not parts or len(lower) > HANDLE_LIMIT:
        raise ValidationError("Must be network:name, such as twitter:ana.", code="invalid_handle")
    return f"{parts[1]}:{parts[2].strip()}"


_NORMALIZERS = {
    Identifier.Kind.EMAIL.value: _normalized_email,
    Identifier.Kind.PHONE.value: _normalized_phone,
    Identifier.Kind.USER_ID.value: _normalized_user_id,
    Identifier.Kind.HANDLE.value: _normalized_handle,
    Identifier.Kind.ANONYMOUS_ID.value: _normalized_user_id,
}
