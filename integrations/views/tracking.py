from django.http import HttpRequest, HttpResponse

from core import clock
from customers.suppressing import IntakeStopped
from integrations.answers import Refused, answer, endpoint
from integrations.deliveries import log_refused
from integrations.models import ApiKey
from integrations.tracking.reading import BATCHES, calls_of, key_of
from integrations.tracking.taking import VIA, take


def refusal(request: HttpRequest, refused: Refused, reference: str) -> HttpResponse:
    """The usual shape of an error, and beside it what the protocol's clients read."""
    error = {"code": refused.code, "message": refused.message, **refused.facts}
    fields = {"fields": dict(refused.fields)} if refused.fields else {}
    body = {"success": False, "code": refused.code, "message": refused.message, "error": error | fields}
    return answer({**body, "reference": reference}, refused.status)


@endpoint(ApiKey.Kind.TRACKING, key_of=key_of, refusal_of=refusal)
def call(request: HttpRequest, key: ApiKey, *, kind: str, reference: str) -> HttpResponse:
    """One call or a batch of them: 200 once they are stored (contracts 3). 422 when none of them could be."""
    now = clock.now()
    try:
        calls = calls_of(request, kind)
    except Refused as refused:
        log_refused(
            source=key.source, key=key, via=VIA, now=now, code=refused.code, message=refused.message, operation=kind
        )
        raise
    try:
        taken = take(calls, key=key, operation=kind, now=now)
    except IntakeStopped as stopped:
        raise Refused(503, "intake_stopped", str(stopped), Retry_After="60") from None
    rejected = [(place, one) for place, one in enumerate(taken.verdicts) if one.status == "rejected"]
    if rejected and len(rejected) == len(calls):
        fields: dict[str, list[str]] = {}
        for place, one in rejected[:20]:
            path = f"batch.{place}.{one.field}".rstrip(".") if kind in BATCHES else one.field
            fields.setdefault(path, []).append(one.message)
        first = rejected[0][1]
        raise Refused(422, first.code, f"{first.field}: {first.message}".lstrip(": "), fields)
    told = {"rejected": len(rejected)} if rejected else {}
    return answer({"success": True, "reference": taken.references[-1], **told})
