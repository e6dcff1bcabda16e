"""Bodies that no endpoint may take, for tests of every one: `@pytest.mark.parametrize("bad", MALFORMED)`.

Send `bad.body` with `bad.headers` as application/json; the answer is 4xx (`assert_refused`), and nothing is written.
"""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True)
class Malformed:
    """A body, the headers that go with it, and the path that the answer names, where the body has one."""

    body: bytes
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def _deep(opening: bytes, closing: bytes, levels: int) -> bytes:
    return b'{"deep": ' + opening * levels + b"1" + closing * levels + b"}"


_BOMB = gzip.compress(b'{"users": [' + b" " * 20_000_000 + b"]}", mtime=0)
_ZIPPED = {"content-encoding": "gzip"}

CORPUS = {
    "nothing": Malformed(b""),
    "white space": Malformed(b" \n\t"),
    "cut short": Malformed(b'{"users": [{"id": "p-1"'),
    "a trailing comma": Malformed(b'{"users": [1,]}'),
    "two values": Malformed(b"{} {}"),
    "single quotes": Malformed(b"{'users': []}"),
    "a comment": Malformed(b'{"users": [] /* none */}'),
    "a list": Malformed(b"[]"),
    "a text": Malformed(b'"users"'),
    "a number": Malformed(b"12"),
    "null": Malformed(b"null"),
    "NaN": Malformed(b'{"n": NaN}'),
    "Infinity": Malformed(b'{"n": -Infinity}'),
    "a huge exponent": Malformed(b'{"n": 1e999999999}', "n"),
    "a tiny exponent": Malformed(b'{"a": {"n": 1e-999999999}}', "a.n"),
    "a long number": Malformed(b'{"a": [1, ' + b"9" * 400 + b"]}", "a.1"),
    "a number of 5,000 digits": Malformed(b'{"n": ' + b"9" * 5_000 + b"}"),
    "a long fraction": Malformed(b'{"n": 0.' + b"1" * 3_000 + b"}", "n"),
    "NUL in a text": Malformed(b'{"users": [{"id": "a\\u0000b"}]}', "users.0.id"),
    "NUL in a key": Malformed(b'{"a": {"\\u0000": 1}}', "a"),
    "a bare NUL": Malformed(b'{"id": "a\x00b"}'),
    "half a surrogate pair": Malformed(b'{"users": [{"id": "\\ud83d"}]}', "users.0.id"),
    "half a pair in a key": Malformed(b'{"\\udc00": 1}'),
    "bytes that are not UTF-8": Malformed(b'{"id": "\xff\xfe"}'),
    "UTF-16": Malformed('{"id": "p-1"}'.encode("utf-16")),
    "latin 1": Malformed('{"name": "Müller"}'.encode("latin-1")),
    "deep lists": Malformed(_deep(b"[", b"]", 40), "deep" + ".0" * 31),
    "deep objects": Malformed(_deep(b'{"a":', b"}", 40), "deep" + ".a" * 31),
    "very deep lists": Malformed(_deep(b"[", b"]", 100_000)),
    "very deep objects": Malformed(_deep(b'{"a":', b"}", 100_000)),
    "lists never closed": Malformed(b"[" * 100_000),
    "a list of 20,000": Malformed(b'{"a": [' + b"1," * 20_000 + b"1]}", "a"),
    "an object of 20,000": Malformed(json.dumps({"a": {str(n): n for n in range(20_000)}}).encode(), "a"),
    "a key twice": Malformed(b'{"users": [], "users": [{"id": "p-1"}]}', "users"),
    "a key twice, deep": Malformed(b'{"users": [{"id": "p-1", "id": "p-2"}]}', "users.0.id"),
    "zipped and said so": Malformed(gzip.compress(b'{"users": 1}', mtime=0), headers=_ZIPPED),
    "zipped and not said so": Malformed(gzip.compress(b'{"users": []}', mtime=0)),
    "a bomb of gzip": Malformed(_BOMB, headers=_ZIPPED),
    "said to be zipped": Malformed(b'{"users": 1}' * 2, headers=_ZIPPED),
    "three megabytes": Malformed(b'{"a": "' + b"x" * 3_000_000 + b'"}'),
}  # fmt: skip

MALFORMED = [pytest.param(bad, id=name) for name, bad in CORPUS.items()]


def assert_refused(answer: Any, bad: Malformed) -> None:
    """Refused with an answer of 4xx in JSON that says where, in the shape that most endpoints have."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.content[:300])
    error = answer.json()["error"]
    assert error["code"]
    assert error["message"]
    if bad.path:
        assert bad.path in error["fields"], error
