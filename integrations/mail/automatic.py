"""Which emails no person wrote: bounces, automatic replies, lists (RFC 3834, RFC 3464)."""

from integrations.mail.parsing import Mail, kind, parameter, text

TAGS = {"bounce": "Bounce", "auto-reply": "Automatic reply"}
_SERVERS = ("mailer-daemon@", "postmaster@")


def automatic(message: Mail) -> str:
    """`bounce`, `auto-reply`, `list`, or "" for what somebody wrote to us."""
    if _is_bounce(message):
        return "bounce"
    said, precedence = text(message, "Auto-Submitted").lower(), text(message, "Precedence").lower()
    if (said and not said.startswith("no")) or precedence == "auto_reply":
        return "auto-reply"
    if any(text(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")):
        return "auto-reply"
    if precedence in {"bulk", "list", "junk"} or text(message, "List-Id"):
        return "list"
    return ""


def _is_bounce(message: Mail) -> bool:
    report = parameter(message, "content-type", "report-type").lower()
    if kind(message) == "multipart/report" and report in {"delivery-status", "disposition-notification"}:
        return report == "delivery-status"
    sender = text(message, "From").lower()
    nobody = text(message, "Return-Path") == "<>"
    return bool(text(message, "X-Failed-Recipients")) or any(f"{one}" in sender for one in _SERVERS) or (
        nobody and not text(message, "Auto-Submitted").lower().startswith("auto-replied")
    )  # fmt: skip
