"""One POST to an address that somebody typed: looked up once, refused where it leads inside, and never for long
(reliability 24).

The connection goes to the very address that was looked at, so a name that answers differently the second time gains
nothing. Redirects are not followed; of the answer only its status is read.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

CONNECT_SECONDS = 5.0
SECONDS = 10.0  # for everything together
ADDRESSES_TRIED = 3
GLOBAL_V6 = ipaddress.ip_network("2000::/3")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """Roster sends nothing there; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """What the endpoint answered (`code`), or the `problem` that kept it from answering."""

    code: int | None
    problem: str
    took_ms: int

    @property
    def delivered(self) -> bool:
        return self.code is not None and 200 <= self.code < 300


class _Checked:
    """A connection over the socket that it was given, whatever its host's name leads to now."""

    given: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.given


class CheckedHTTP(_Checked, HTTPConnection):
    pass


class CheckedHTTPS(_Checked, HTTPSConnection):
    pass


def post(url: str, body: bytes, headers: dict[str, str], *, seconds: float = SECONDS) -> Outcome:
    """Sends it and waits for a status, at most `seconds`. Never raises."""
    began = time.monotonic()
    code, problem = None, ""
    try:
        code = _post(url, body, headers, seconds)
        problem = (
            "" if 200 <= code < 300 else "A redirect is not followed." if 300 <= code < 400 else f"Answered {code}."
        )
    except Refused as refused:
        problem = str(refused)
    except ssl.SSLCertVerificationError:
        problem = "Its certificate is not valid for this name."
    except ssl.SSLError:
        problem = "No TLS connection."
    except TimeoutError:
        problem = "No answer in time."
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        out_of_time = time.monotonic() - began >= seconds
        problem = "No answer in time." if out_of_time else _said(error)
    return Outcome(code, problem, int((time.monotonic() - began) * 1000))


def _post(url: str, body: bytes, headers: dict[str, str], seconds: float) -> int:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    given = _connected(addresses_of(host, port), port)
    # A dead line of its own: each read may be in time and the whole never end
    handle = given.dup()
    watch = threading.Timer(seconds, _shut, [handle])
    watch.daemon = True
    watch.start()
    connection = _connection(parts.scheme, host, port, given)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers, preload_content=False, decode_content=False)
        return int(connection.getresponse().status)
    finally:
        watch.cancel()
        connection.close()
        given.close()
        handle.close()


def _connection(scheme: str, host: str, port: int, given: socket.socket) -> Any:
    connection: CheckedHTTP | CheckedHTTPS
    if scheme == "https":
        connection = CheckedHTTPS(host, port, timeout=CONNECT_SECONDS, ssl_context=ssl.create_default_context())
    elif scheme == "http":
        connection = CheckedHTTP(host, port, timeout=SECONDS)
    else:
        raise Refused("Only https addresses are sent to.")
    connection.given = given
    return connection


def addresses_of(host: str, port: int) -> list[str]:
    """What the name leads to now. Raises Refused when any of it lies inside, unless a setting allows that."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("There is no such host.") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not settings.WEBHOOKS_TO_PRIVATE_ADDRESSES and not all(map(is_public, addresses)):
        raise Refused("It leads to a private address, where Roster sends nothing.")
    return addresses


def is_public(text: str) -> bool:
    """Whether this address is somewhere on the internet, also behind what wraps one address in another."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(str(address.ipv4_mapped))
        wrapped = address.sixtofour or (address.teredo and address.teredo[1])
        if wrapped and not is_public(str(wrapped)):
            return False
        if address not in GLOBAL_V6:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _connected(addresses: list[str], port: int) -> socket.socket:
    problem: OSError = TimeoutError()
    for address in addresses[:ADDRESSES_TRIED]:
        try:
            return socket.create_connection((address, port), timeout=CONNECT_SECONDS / min(len(addresses), 3))
        except OSError as error:
            problem = error
    raise problem


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended by itself
        handle.shutdown(socket.SHUT_RDWR)


def _said(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "Nobody listens there."
    return "The connection broke." if isinstance(error, OSError) else "It did not answer as HTTP."
