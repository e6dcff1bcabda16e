from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from core import clock
from customers.suppressing import IntakeStopped, intake_problem
from integrations.answers import Refused, endpoint
from integrations.census.fields import OBJECTS, OPERATIONS, told
from integrations.census.plans import object_of, plan_of
from integrations.census.rpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    NO_METHOD,
    SERVER,
    RpcError,
    call_of,
    error,
    key_of,
    refusal,
    result,
)
from integrations.census.syncing import VIA, sync
from integrations.deliveries import Verdict, log_refused
from integrations.models import ApiKey, Integration

BATCH, PARALLEL, RECORDS_A_SECOND = 500, 4, 1_000
KEPT_OUT = "suppressed: this person was permanently deleted and does not come back."

Method = Callable[[dict[str, Any], ApiKey], dict[str, Any]]


@endpoint(ApiKey.Kind.CENSUS, key_of=key_of, refusal_of=refusal)
def census(request: HttpRequest, key: ApiKey, *, reference: str) -> HttpResponse:
    """A call of Census, answered with what the method gives or with an error of the protocol (contracts 2)."""
    try:
        call = call_of(request)
        method = METHODS.get(call.method)
        if method is None:
            raise RpcError(NO_METHOD, f"There are the methods {', '.join(METHODS)}.")
        return result(call, method(call.params, key))
    except Refused as refused:
        _log(key, refused.code, refused.message)
        raise
    except RpcError as wrong:
        _log(key, str(wrong.code), wrong.message)
        return error(request, wrong.code, wrong.message, 400 if wrong.code == INVALID_REQUEST else 200)
    except IntakeStopped as stopped:
        return error(request, SERVER, str(stopped), 503, {"code": "intake_stopped", "reference": reference})


def _test_connection(params: dict[str, Any], key: ApiKey) -> dict[str, Any]:
    problem = intake_problem()
    return {"success": False, "error_message": problem} if problem else {"success": True}


def _list_objects(params: dict[str, Any], key: ApiKey) -> dict[str, Any]:
    return {
        "objects": [
            {"object_api_name": name, "label": label, "can_create_fields": "on_write"}
            for name, label in OBJECTS.items()
        ]
    }


def _list_fields(params: dict[str, Any], key: ApiKey) -> dict[str, Any]:
    return {"fields": told(object_of(params), _mapping(key))}


def _supported_operations(params: dict[str, Any], key: ApiKey) -> dict[str, Any]:
    object_of(params)
    return {"operations": OPERATIONS}


def _get_sync_speed(params: dict[str, Any], key: ApiKey) -> dict[str, Any]:
    return {
        "maximum_batch_size": BATCH, "maximum_parallel_batches": PARALLEL,
        "maximum_records_per_second": RECORDS_A_SECOND,
    }  # fmt: skip


def _sync_batch(params: dict[str, Any], key: ApiKey) -> dict[str, Any]:
    plan = plan_of(params, _mapping(key))
    records = params.get("records")
    if not isinstance(records, list):
        raise RpcError(INVALID_PARAMS, "records: Must be a list.")
    verdicts = sync(plan, records, key=key, now=clock.now())
    names = [record.get(plan.identifier) if isinstance(record, dict) else None for record in records]
    return {"record_results": [_told(name, one) for name, one in zip(names, verdicts, strict=True)]}


def _told(name: Any, verdict: Verdict) -> dict[str, Any]:
    if verdict.status == "suppressed":
        return {"identifier": name, "success": False, "error_message": KEPT_OUT}
    if verdict.status == "rejected":
        message = f"{verdict.field}: {verdict.message}" if verdict.field else verdict.message
        return {"identifier": name, "success": False, "error_message": message}
    return {"identifier": name, "success": True}


def _mapping(key: ApiKey) -> dict[str, Any]:
    integration = Integration.objects.filter(source=key.source_id).first()
    return integration.mapping if integration else {}


def _log(key: ApiKey, code: str, message: str) -> None:
    log_refused(source=key.source, key=key, via=VIA, now=clock.now(), code=code, message=message)


METHODS: dict[str, Method] = {
    "test_connection": _test_connection, "list_objects": _list_objects, "list_fields": _list_fields,
    "supported_operations": _supported_operations, "get_sync_speed": _get_sync_speed, "sync_batch": _sync_batch,
}  # fmt: skip
