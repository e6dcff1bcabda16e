"""What an event is called in the list of usage: its module and its activity (3.4, contracts 3)."""

import re
from typing import Any

from core.text import tidy
from engagement.usage import ACTIVITY_LIMIT, MODULE_LIMIT
from integrations.tracking.calls import Call

_FIRST_WORD = re.compile(r"[^\s_:./]+")


def named(call: Call, module_from: str = "module") -> tuple[str, str]:
    """(module, activity): of page and screen the kind and the name, of track the property `module_from`, or the first
    word of the event, and the event."""
    if call.type != "track":
        said = [_said(call.body.get("category")), _said(call.body.get("name") or call.traits.get("name"))]
        name = " ".join(part for part in said if part)
        return call.type.capitalize(), (name or _said(call.traits.get("title")) or "Viewed")[:ACTIVITY_LIMIT]
    activity = _said(call.body.get("event")) or "Event"
    module = _said(call.traits.get(module_from))
    if not module:
        first = _FIRST_WORD.search(activity)
        module = first[0] if first else activity
    return module[:MODULE_LIMIT], activity[:ACTIVITY_LIMIT]


def _said(value: Any) -> str:
    return tidy(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""
