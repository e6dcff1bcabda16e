"""What an email says, in the shape of the intake (contracts 6)."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from django.core.exceptions import ValidationError

from core.text import tidy
from customers.identifying import identity
from customers.models.customer import NAME_LIMIT
from integrations.intake import BODY_LIMIT, EARLIEST, TITLE_LIMIT
from integrations.mail.automatic import TAGS, automatic
from integrations.mail.parsing import Mail, decoded, header, kind, leaves, parameter, parse, payload, text

ID_LIMIT = 200
LISTED = 50  # attachments, and messages that it refers to
NO_SUBJECT = "(no subject)"


def read(raw: bytes, now: datetime) -> dict[str, Any]:
    """The email as feedback: attachments by name and size only, quoted replies as they stand."""
    message = parse(raw)
    body, body_format = _body(message)
    what = automatic(message)
    author, addresses = _author(message)
    metadata: dict[str, Any] = {
        **addresses,
        "in_reply_to": next(iter(_ids(text(message, "In-Reply-To"))), ""),
        "references": _ids(text(message, "References"))[-LISTED:],
        "automatic": what,
        "attachments": _attachments(message),
        "cut": len(body) > BODY_LIMIT,
    }
    found = {
        "external_id": _external_id(message, raw),
        "channel": "email",
        "title": tidy(text(message, "Subject"))[:TITLE_LIMIT],
        "body": body[:BODY_LIMIT],
        "body_format": body_format,
        "occurred_at": _sent_at(message, now),
        "author": {} if what == "bounce" else author,  # what a server says is not the customer's
        "tags": [TAGS[what]] if what in TAGS else [],
        "metadata": {name: value for name, value in metadata.items() if value},
    }
    if not found["title"] and not body.strip():
        found["title"] = NO_SUBJECT
    return found


def _body(message: Mail) -> tuple[str, str]:
    """The text, else the HTML, of what is no attachment; of a message that holds only another one, that one's."""
    plain, html = _texts(message)
    if not plain and not html:
        inner = next((part.get_payload() for part in leaves(message) if kind(part) == "message/rfc822"), None)
        if isinstance(inner, list) and inner and not isinstance(inner[0], str):
            plain, html = _texts(inner[0])
    return ("\n\n".join(plain), "text") if plain else ("\n".join(html), "html")


def _texts(message: Mail) -> tuple[list[str], list[str]]:
    plain: list[str] = []
    html: list[str] = []
    for part in leaves(message):
        if kind(part) not in {"text/plain", "text/html"} or _is_attached(part):
            continue
        content = decoded(payload(part), parameter(part, "content-type", "charset") or "utf-8").replace("\r\n", "\n")
        if content.strip():
            (plain if kind(part) == "text/plain" else html).append(content.strip("\n"))
    return plain, html


def _is_attached(part: Mail) -> bool:
    return bool(_filename(part)) or text(part, "Content-Disposition").lower().startswith("attachment")


def _filename(part: Mail) -> str:
    return parameter(part, "content-disposition", "filename") or parameter(part, "content-type", "name")


def _attachments(message: Mail) -> list[dict[str, Any]]:
    found = []
    for part in leaves(message):
        if kind(part) in {"text/plain", "text/html"} and not _is_attached(part):
            continue
        name, size = _filename(part), len(payload(part))
        if kind(part) == "message/rfc822":
            inner = part.get_payload()
            inside: Mail = inner[0] if isinstance(inner, list) and inner else part  # type: ignore[assignment]
            name = name or text(inside, "Subject")
            size = sum(len(payload(one)) for one in leaves(inside))
        found.append({"name": tidy(name)[:200], "type": kind(part)[:100], "bytes": size})
    return found[:LISTED]


def _external_id(message: Mail, raw: bytes) -> str:
    """The Message-ID; of a message without, or with an endless one, a digest: sent again it is the same."""
    found = next(iter(_ids(text(message, "Message-ID"))), "")
    return found if 0 < len(found) <= ID_LIMIT else f"sha256:{hashlib.sha256(found.encode() or raw).hexdigest()}"


def _ids(value: str) -> list[str]:
    return [one.strip("<>")[:ID_LIMIT] for one in value.replace("><", "> <").split() if one.strip("<>")]


def _sent_at(message: Mail, now: datetime) -> str | None:
    """When it says that it was sent, unless that cannot be."""
    try:
        sent = parsedate_to_datetime(text(message, "Date"))
        sent = (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return sent.isoformat() if EARLIEST <= sent <= now + timedelta(days=1) else None


def _author(message: Mail) -> tuple[dict[str, str], dict[str, str]]:
    """Who is to be answered: Reply-To, which forms set to the person who filled them in, unless a list set it."""
    sender, answer_to = _address(message, "From"), _address(message, "Reply-To")
    by_list = bool(text(message, "List-Id") or text(message, "List-Post"))
    name, email = answer_to if answer_to[1] and not by_list else sender
    name = name or (sender[0] if email.lower() == sender[1].lower() else "")
    author = {"name": tidy(name)[:NAME_LIMIT], "email": email}
    addresses = {"from": sender[1], "reply_to": answer_to[1]}
    return {key: value for key, value in author.items() if value}, addresses


def _address(message: Mail, name: str) -> tuple[str, str]:
    """(display name, address) of the first one that is well-formed; ("", "") without."""
    found = header(message, name)
    pairs: list[tuple[str, str]] = []
    try:
        pairs = [(one.display_name, one.addr_spec) for one in found.addresses]
    except Exception:
        with suppress(Exception):  # of comments within comments without end
            pairs = getaddresses([str(found)])
    return next(_well_formed(pairs), ("", ""))


def _well_formed(pairs: Iterable[tuple[str, str]]) -> Any:
    for name, email in pairs:
        try:
            identity("email", email)
        except (ValidationError, ValueError):
            continue
        yield name, email
