from django.http import HttpRequest, HttpResponse

from core import clock
from customers.suppressing import IntakeStopped
from integrations import answers
from integrations.answers import Refused, answer, body_of, endpoint
from integrations.deliveries import log_refused
from integrations.models import ApiKey, Delivery
from integrations.webhooks.receiving import RECORDS_LIMIT, receive
from integrations.webhooks.verdicts import answered


def key_of(request: HttpRequest) -> str:
    return request.headers.get("api-key", "").strip()


def refusal(request: HttpRequest, refused: Refused, reference: str) -> HttpResponse:
    """As everywhere, but that the key is wanted in another header."""
    if refused.code == "unauthorized":
        refused = Refused(401, "unauthorized", "Send a valid key in the header api-key: roster_…")
    return answers.refusal(request, refused, reference)


@endpoint(ApiKey.Kind.USER, key_of=key_of, refusal_of=refusal)
def users(request: HttpRequest, key: ApiKey, *, reference: str) -> HttpResponse:
    """Up to 15 users of another system, with a verdict for each (contracts 1)."""
    return _received(request, key, "users")


@endpoint(ApiKey.Kind.ACCOUNT, key_of=key_of, refusal_of=refusal)
def accounts(request: HttpRequest, key: ApiKey, *, reference: str) -> HttpResponse:
    """Up to 15 accounts of another system, with a verdict for each (contracts 1)."""
    return _received(request, key, "accounts")


def _received(request: HttpRequest, key: ApiKey, operation: str) -> HttpResponse:
    try:
        records = _records(body_of(request), operation)
        delivery, verdicts = receive(records, operation=operation, key=key)
    except IntakeStopped as stopped:
        return _logged(request, key, operation, Refused(503, "intake_stopped", str(stopped), Retry_After="60"))
    except Refused as refused:
        return _logged(request, key, operation, refused)
    results = [answered(one) for one in verdicts]
    return answer({"received": len(records), "results": results, "reference": delivery.reference})


def _records(body: dict[str, object], operation: str) -> list[object]:
    records = body.get(operation)
    if not isinstance(records, list):
        raise Refused(400, "malformed", f"{operation}: Must be a list.", {operation: ["Must be a list."]})
    if len(records) > RECORDS_LIMIT:
        what = f"At most {RECORDS_LIMIT} records a request; this has {len(records):,}."
        raise Refused(400, "too_many_records", what, {operation: [what]})
    return records


def _logged(request: HttpRequest, key: ApiKey, operation: str, refused: Refused) -> HttpResponse:
    """The refusal of a whole request, of which nothing is kept but that it was."""
    told = refused.message if refused.code != "malformed" else "The answer said where."  # in names that were sent
    delivery = log_refused(
        source=key.source, key=key, via=Delivery.Via.WEBHOOK, operation=operation, now=clock.now(), code=refused.code,
        message=told,
    )  # fmt: skip
    response = refusal(request, refused, delivery.reference)
    for name, value in refused.headers.items():
        response[name] = value
    return response
