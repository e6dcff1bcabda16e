"""Small pieces of a page as ready strings: moments, numbers, icons, names.

Templates reach them through `{% load ui %}`. A list of fifty rows calls them from Python, once a row, and hands the
template finished strings: that is where a list page's time goes (performance.md).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from html import escape
from typing import Any

import lucide
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MINUTE, HOUR, DAY = 60, 3600, 86_400
NOTHING: SafeString = mark_safe('<span class="muted" aria-hidden="true">–</span><span class="sr">empty</span>')


@dataclass(frozen=True)
class Reading:
    """How one viewer reads moments: their time zone, and relative or exact."""

    now: datetime
    zone: tzinfo
    exact: bool = False

    def text(self, moment: datetime) -> str:
        return exact_text(moment, self.zone) if self.exact else when_text(moment, self.now, self.zone)

    def time(self, moment: datetime | None, missing: str = NOTHING) -> SafeString:
        """`<time>` for `moment`: the short form, with the full one as its title."""
        if moment is None:
            return mark_safe(missing)  # noqa: S308
        stamp = moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
        title = full_text(moment, self.zone)
        return SafeString(f'<time datetime="{stamp}Z" title="{title}">{self.text(moment)}</time>')


def reading_of(request: HttpRequest | None) -> Reading:
    """The reading of whoever asked; made once a request."""
    if request is None:
        return Reading(timezone.now(), timezone.get_current_timezone())
    kept: Reading | None = getattr(request, "_reading", None)
    if kept is None:
        exact = getattr(getattr(request, "user", None), "times", "") == "exact"
        kept = Reading(timezone.now(), timezone.get_current_timezone(), exact)
        request._reading = kept  # type: ignore[attr-defined]
    return kept


def when_text(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """ "just now", "4 min ago", "3 hours ago", "yesterday", "5 days ago", "12 Sep", "12 Sep 2025"; "in 4 min" ahead."""
    seconds = (now - moment).total_seconds()
    ahead, distance = seconds < 0, abs(seconds)
    if distance < MINUTE:
        return "just now"
    if distance < HOUR:
        return _apart(f"{int(distance // MINUTE)} min", ahead)
    here, today = moment.astimezone(zone), now.astimezone(zone)
    days = abs((today.date() - here.date()).days)
    if distance < DAY and (days == 0 or distance < 12 * HOUR):
        return _apart(_many(int(distance // HOUR), "hour"), ahead)
    if days <= 1:
        return "tomorrow" if ahead else "yesterday"
    if days < 7 or (ahead and days <= 90):
        return _apart(f"{days} days", ahead)
    return day_text(here, today)


def day_text(day: datetime, today: datetime) -> str:
    """ "12 Sep", or "12 Sep 2025" in another year."""
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return text if day.year == today.year else f"{text} {day.year}"


def exact_text(moment: datetime, zone: tzinfo) -> str:
    """ "17 Sep 2026, 14:27"."""
    here = moment.astimezone(zone)
    return f"{here.day} {MONTHS[here.month - 1]} {here.year}, {here.hour:02}:{here.minute:02}"


def full_text(moment: datetime, zone: tzinfo) -> str:
    """ "17 Sep 2026, 14:27:41 UTC+2"."""
    here = moment.astimezone(zone)
    minutes = int((here.utcoffset() or timedelta()).total_seconds() // 60)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60}" if minutes else ""
    if minutes % 60:
        offset += f":{abs(minutes) % 60:02d}"
    return f"{exact_text(here, zone)}:{here.second:02} UTC{offset}"


def _apart(text: str, ahead: bool) -> str:
    return f"in {text}" if ahead else f"{text} ago"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def number_text(number: Any) -> str:
    """12480 → "12,480"; text passes as it is."""
    return f"{number:,}" if isinstance(number, int | float) and not isinstance(number, bool) else str(number)


def capped_text(number: int, cap: int | None = None) -> str:
    """ "9,999", or "10,000+" for a count that stopped at the cap."""
    cap = cap or settings.COUNT_LIMIT
    return f"{cap:,}+" if number > cap else f"{number:,}"


def initials(name: str) -> str:
    """Of the first and the last word: "Ana Maria Kovač" → "AK"; an address gives its first letter."""
    words = [word for word in (name or "").replace("@", " @").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()[:2]


def hue(number: int | None) -> int:
    """The colour, 1 to 8, of the record with this id: always the same one."""
    return (number or 0) % 8 + 1


def avatar(name: str, pk: int | None, extra: str = "") -> SafeString:
    """The round initials of a record, for rows made in Python."""
    classes = f"avatar hue-{hue(pk)} {extra}".rstrip()
    return SafeString(f'<span class="{classes}" aria-hidden="true">{escape(initials(name))}</span>')


CHECKED: SafeString = mark_safe(" checked")


def checked(yes: bool) -> str:
    """The attribute of a box in a menu, for `{% rows %}`."""
    return CHECKED if yes else ""


def soft(text: Any) -> SafeString:
    """Lets long addresses break after @ and before dots instead of inside a word."""
    safe = conditional_escape(text)
    return mark_safe(safe.replace("@", "@<wbr>").replace(".", "<wbr>.")) if "@" in safe else safe  # noqa: S308


_BEGIN, _END = '<path d="', '"/>'
_PATH = re.compile(r'<path d="[^"]*"/>')
_PARTS = re.compile(r"(<[^>]*>)")
_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)"
_MOVE = re.compile(rf"m({_NUMBER}[ ,]?{_NUMBER}) ?")


@lru_cache(maxsize=512)
def icon(name: str, extra: str = "") -> SafeString:
    """A lucide icon as SVG. Cached: lucide reads its XML again at each call (0.2 ms). Size and stroke are in base.css:
    as attributes they would be half of the icon."""
    svg = " ".join(lucide._render_icon(name, None).split()).replace("> <", "><").replace(" />", "/>")
    shape = _together(svg[svg.index(">") + 1 :])
    return mark_safe(f'<svg class="{f"icon {extra}".strip()}" viewBox="0 0 24 24" aria-hidden="true">{shape}')  # noqa: S308


def _together(shape: str) -> str:
    """Paths side by side as one path: a seventh of what icons weigh on a page."""
    parts: list[str] = []
    for part in _PARTS.split(shape):
        if parts and _PATH.fullmatch(part) and _PATH.fullmatch(parts[-1]):
            parts[-1] = f"{parts[-1].removesuffix(_END)}{_from_where(part.removeprefix(_BEGIN))}"
        elif part:
            parts.append(part)
    return "".join(parts)


def _from_where(beginning: str) -> str:
    """The beginning of a path, as it reads behind another one: a first `m` is from the origin, a later one is not."""
    found = _MOVE.match(beginning)
    if not found:
        return beginning
    rest = beginning[found.end() :]
    return f"M{found[1]}{'' if not rest or rest[0].isalpha() else 'l'}{rest}"
