"""Servers, a database of the size asked, and the processes that are measured."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
START_SECONDS = 60


def settle() -> None:
    """DATABASE_URL and REDIS_URL name servers: those given, else embedded ones under `var/bench`."""
    os.environ.setdefault("ROSTER_VAR", str(ROOT / "var/bench"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config import servers

    servers.ensure()


def name_of(customers: int, documents: int) -> str:
    """One database for each size: `roster_bench_100000_500000`."""
    return f"roster_bench_{customers}_{documents}"


def url_of(database: str) -> str:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{database}"))


def exists(database: str) -> bool:
    """Whether the database was made and seeded to its end."""
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            return False
    with psycopg.connect(url_of(database)) as connection:
        if not connection.execute("SELECT to_regclass('customers_customer')").fetchone()[0]:
            return False
        return bool(connection.execute("SELECT EXISTS (SELECT FROM customers_customer)").fetchone()[0])


def prepare(database: str, *, customers: int, documents: int) -> float:
    """Makes and seeds the database unless it is there, and migrates it. Returns the seconds that seeding took."""
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            server.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(database))
            )
    os.environ["DATABASE_URL"] = url_of(database)
    manage("migrate", "--verbosity=0")
    started = time.monotonic()
    if not exists(database):
        manage(
            "seed", f"--customers={customers}", f"--documents-per-customer={documents / customers}", "--demo", nice=True
        )
    return time.monotonic() - started


def manage(*arguments: str, nice: bool = False) -> None:
    command = [PYTHON, "manage.py", *arguments, "--skip-checks"]
    subprocess.run(["nice", *command] if nice else command, cwd=ROOT, check=True)


@contextmanager
def serving(application: str, *, workers: int = 2, **environment: str) -> Iterator[tuple[int, int]]:
    """The production server as bin/run starts it, on a free port. Yields (port, process id)."""
    port = free_port()
    environment = {**os.environ, "ROSTER_PROCESS": "web", "HOST": "127.0.0.1", "PORT": str(port), **environment}
    environment |= {"WEB_CONCURRENCY": str(workers)}
    command = [PYTHON, "-m", "gunicorn", "-c", "config/gunicorn.py", "--chdir", str(ROOT), application]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_for(port, server)
        yield port, server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()


def collect_static() -> None:
    manage("collectstatic", "--noinput", "--verbosity=0")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The web server did not start; its words are above.") from None
            time.sleep(0.1)


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown processor",
    )
    return f"{os.cpu_count()} × {model}"
