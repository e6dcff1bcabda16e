from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from audit.actor import Actor
from customers.suppressing import IntakeStopped
from feedback.receiving import receive
from integrations.answers import Refused, answer, body_of, endpoint, invalid
from integrations.intake import as_sent, incoming_of
from integrations.models import ApiKey


@endpoint(ApiKey.Kind.FEEDBACK)
def feedback(request: HttpRequest, key: ApiKey, *, reference: str) -> HttpResponse:
    """One document from another system: 202 once it is stored, whether new, changed or known already (contracts 6)."""
    data = body_of(request)
    try:
        received = receive(incoming_of(data), source=key.source, actor=Actor.of_source(key.source, via="intake"))
    except ValidationError as error:
        raise invalid(as_sent(error, data)) from None
    except IntakeStopped as stopped:
        raise Refused(503, "intake_stopped", str(stopped), Retry_After="60") from None
    customer = received.customer
    body = {
        "id": received.document.pk,
        "status": received.status,
        "customer_id": customer.pk if customer else None,
        "reference": reference,
    }
    if (customer and not customer.is_active) or not received.document.is_active:
        body["deleted"] = True
    return answer(body, 202)
