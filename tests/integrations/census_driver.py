"""What the public specification of Census custom destinations says that Census does, against a server.

It sets the connection up as their pages do, and then syncs: batches of the size that it was told, in parallel, and
again whatever was not reported as a success, a few times.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

TYPES = {"boolean", "integer", "float", "decimal", "string", "date", "date_time"}
FIELD = {"field_api_name", "label", "identifier", "required", "createable", "updateable", "type", "array"}
MOST_PARALLEL = 50

Post = Callable[[dict[str, Any]], dict[str, Any]]


class RpcFailed(Exception):
    """The server answered with an error of the protocol."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def over_http(url: str, token: str = "") -> Post:
    """Calls as Census makes them; without a token the address holds the key."""
    session = requests.Session()
    headers = {"User-Agent": "Census https://www.getcensus.com", "Accept": "*/*"}
    if token:
        headers["Authorization"] = f"Bearer {token}"

    def post(body: dict[str, Any]) -> dict[str, Any]:
        return dict(session.post(url, json=body, headers=headers, timeout=60).json())

    return post


@dataclass
class Outcome:
    """What a run ended with: errors by the identifier of the record, and how many calls it took."""

    synced: int = 0
    failed: dict[Any, str] = field(default_factory=dict)
    calls: int = 0


class Connection:
    """A custom destination as Census sees it."""

    def __init__(self, post: Post, most_parallel: int = MOST_PARALLEL) -> None:
        self._post, self._most_parallel = post, most_parallel
        self._ids = itertools.count(1)

    def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result of a method. Raises RpcFailed, and AssertionError for an answer that the protocol forbids."""
        number = f"{next(self._ids):032x}"
        said = self._post({"jsonrpc": "2.0", "method": method, "id": number, "params": params or {}})
        assert said["jsonrpc"] == "2.0"
        assert ("result" in said) != ("error" in said), said
        if "error" in said:
            raise RpcFailed(said["error"]["code"], said["error"]["message"])
        assert said["id"] == number
        return dict(said["result"])

    def set_up(self) -> dict[str, list[dict[str, Any]]]:
        """Tests the connection and reads what there is to write to: the fields of each object."""
        tested = self.call("test_connection")
        assert tested == {"success": True}, tested
        objects = self.call("list_objects")["objects"]
        assert objects
        return {one["object_api_name"]: self.fields(one) for one in objects}

    def fields(self, described: dict[str, Any]) -> list[dict[str, Any]]:
        assert described["label"]
        fields = list(self.call("list_fields", {"object": described})["fields"])
        assert len({one["field_api_name"] for one in fields}) == len(fields)
        identifiers = [one for one in fields if one["identifier"]]
        assert identifiers
        assert all(one["type"] in ("string", "integer") and not one["array"] for one in identifiers)
        assert all(one.keys() >= FIELD and one["type"] in TYPES for one in fields)
        return fields

    def sync(
        self, name: str, records: Iterable[dict[str, Any]], fields: Sequence[dict[str, Any]], by: str,
        operation: str = "upsert", *, attempts: int = 3, run: int = 1,
    ) -> Outcome:  # fmt: skip
        """One run of a sync; `operation` is what it is set to, or `delete` for what a mirror takes away."""
        offered = self.call("supported_operations", {"object": {"object_api_name": name, "label": name}})["operations"]
        assert operation in (*offered, "delete")
        speed = self.call("get_sync_speed")
        plan = {
            "object": {"object_api_name": name, "label": name.title()},
            "operation": "upsert" if operation == "mirror" else operation, "sync_id": 309, "sync_run_id": run,
            "schema": {
                one["field_api_name"]: {"active_identifier": one["field_api_name"] == by, "field": one}
                for one in fields
            },
        }  # fmt: skip
        outcome, waiting = Outcome(), list(records)
        for _ in range(attempts):
            waiting = self._send(plan, waiting, by, speed, outcome)
            if not waiting:
                break
        return outcome

    def _send(
        self, plan: dict[str, Any], records: list[dict[str, Any]], by: str, speed: dict[str, Any], outcome: Outcome
    ) -> list[dict[str, Any]]:
        """Sends all batches; returns what was not reported as a success."""
        size, parallel = speed["maximum_batch_size"], min(speed["maximum_parallel_batches"], self._most_parallel)
        batches = [records[start : start + size] for start in range(0, len(records), size)]
        if parallel == 1:
            answers = [self._batch(plan, batch) for batch in batches]
        else:
            with ThreadPoolExecutor(parallel) as pool:
                answers = list(pool.map(lambda batch: self._batch(plan, batch), batches))
        again: list[dict[str, Any]] = []
        for batch, results in zip(batches, answers, strict=True):
            outcome.calls += 1
            told = {one["identifier"]: one for one in results}
            for record in batch:
                result = told.get(record.get(by), {"success": False, "error_message": "not reported"})
                if result["success"] is True:
                    outcome.synced += 1
                    outcome.failed.pop(record.get(by), None)
                else:
                    outcome.failed[record.get(by)] = result.get("error_message", "")
                    again.append(record)
        return again

    def _batch(self, plan: dict[str, Any], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        try:
            return list(self.call("sync_batch", {"sync_plan": plan, "records": records})["record_results"])
        except (requests.RequestException, RpcFailed):
            return []  # the whole batch again


def field_of(name: str, type_: str = "string", *, array: bool = False) -> dict[str, Any]:
    """A field that the destination did not list: it is made on write."""
    return {
        "field_api_name": name, "label": name, "identifier": False, "required": False, "createable": True,
        "updateable": True, "type": type_, "array": array,
    }  # fmt: skip
