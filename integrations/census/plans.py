"""The plan of a sync, which comes with every batch: what is written, how, and by which field it is recognised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.census.fields import ACCOUNT, OBJECTS, OPERATIONS, TYPES, USER, fields_of, folded
from integrations.census.rpc import INVALID_PARAMS, RpcError
from integrations.keys import property_key

IDENTIFIERS = {USER: ("user_id", "email"), ACCOUNT: ("account_id",)}


@dataclass(frozen=True)
class SyncPlan:
    """`identifier` is the field that names each record, `by` what it means; `types` are those of new properties."""

    kind: str
    operation: str  # upsert, insert, update or delete
    identifier: str
    by: str
    uses: dict[str, str]  # what a field means, by its name folded
    types: dict[str, str]  # of properties, by their keys
    facts: dict[str, Any]

    def use(self, name: str) -> str:
        """What the field of this name means; "" for a property."""
        return self.by if name == self.identifier else self.uses.get(folded(name), "")


def object_of(params: dict[str, Any]) -> str:
    """The object that the parameters name. Raises RpcError."""
    named = params.get("object")
    kind = named.get("object_api_name") if isinstance(named, dict) else None
    if not isinstance(kind, str) or kind not in OBJECTS:
        raise RpcError(INVALID_PARAMS, f"object: object_api_name must be one of: {', '.join(OBJECTS)}.")
    return kind


def plan_of(params: dict[str, Any], mapping: Mapping[str, Any]) -> SyncPlan:
    """Raises RpcError."""
    plan = params.get("sync_plan")
    if not isinstance(plan, dict):
        raise RpcError(INVALID_PARAMS, "sync_plan: Must be an object.")
    kind = object_of(plan)
    operation = plan.get("operation")
    if operation not in (*OPERATIONS, "delete"):
        raise RpcError(INVALID_PARAMS, f"sync_plan.operation: Must be one of: {', '.join(OPERATIONS)}, delete.")
    schema = plan.get("schema")
    if not isinstance(schema, dict) or not all(isinstance(one, dict) for one in schema.values()):
        raise RpcError(INVALID_PARAMS, "sync_plan.schema: Must be an object of objects.")
    active = [name for name, one in schema.items() if one.get("active_identifier") is True]
    if len(active) != 1:
        raise RpcError(INVALID_PARAMS, "sync_plan.schema: Exactly one field must be the active identifier.")
    uses = {folded(one.name): one.use for one in fields_of(kind, mapping)}
    uses = {**_OTHER_NAMES[kind], **uses}
    by = uses.get(folded(active[0]), "")
    if by not in IDENTIFIERS[kind]:
        raise RpcError(
            INVALID_PARAMS, f"sync_plan.schema: The active identifier must be {' or '.join(IDENTIFIERS[kind])}."
        )
    ids = {name: plan[name] for name in ("sync_id", "sync_run_id") if isinstance(plan.get(name), int)}
    return SyncPlan(
        kind, "upsert" if operation == "mirror" else operation, active[0], by, uses, dict(_types(schema)), ids
    )


def _types(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """The types of properties that the schema names. Raises RpcError for a type that the protocol does not have."""
    found = []
    for name, one in schema.items():
        field = one.get("field")
        said = field.get("type", "string") if isinstance(field, dict) else "string"
        if not isinstance(said, str) or said not in TYPES:
            raise RpcError(INVALID_PARAMS, f"sync_plan.schema: A type must be one of: {', '.join(TYPES)}.")
        found.append((property_key(name), TYPES[said]))
    return found


_OTHER_NAMES = {
    USER: {"id": "user_id", "externalid": "user_id", "accountid": "account", "account": "account"},
    ACCOUNT: {"id": "account_id", "externalid": "account_id"},
}
