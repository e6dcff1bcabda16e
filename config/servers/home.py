"""Where embedded servers keep their data, sockets and locks: one directory for each environment."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_PATH = 90  # the kernel takes 107 characters, PostgreSQL adds /.s.PGSQL.5432


@dataclass(frozen=True)
class Home:
    path: Path
    durable: bool = True  # tests do not wait for the disk

    @classmethod
    def of_environment(cls) -> "Home":
        """The home that ROSTER_VAR and ROSTER_ENV name."""
        base = Path(os.environ.get("ROSTER_VAR") or Path(__file__).resolve().parent.parent.parent / "var").resolve()
        return cls.at(base / ("test" if os.environ.get("ROSTER_ENV") == "test" else "main"))

    @classmethod
    def at(cls, path: Path) -> "Home":
        return cls(path, durable=path.name != "test")

    @property
    def users_lock(self) -> Path:
        return self.path / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        return self.path / "keeper.lock"

    @property
    def ready(self) -> Path:
        """Holds the keeper's process id from when both servers answer until they stop."""
        return self.path / "servers.pid"

    @property
    def log(self) -> Path:
        return self.path / "servers.log"

    @property
    def sockets(self) -> Path:
        """A directory with a path that is short and plain enough for sockets and addresses."""
        near = self.path / "sockets"
        if len(str(near)) <= LONGEST_SOCKET_PATH and re.fullmatch(r"[\w/.+-]+", str(near), re.ASCII):
            return near
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"roster-{os.getuid()}-{name}"

    def make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.sockets.stat().st_uid != os.getuid():
            raise SystemExit(f"{self.sockets} belongs to another user. Run Roster as that user, or set ROSTER_VAR.")
        self.sockets.chmod(0o700)

    def forget_sockets(self) -> None:
        """Removes the directory of the sockets when it is not one of ours under the home."""
        if self.sockets.parent != self.path:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def is_kept(self) -> bool:
        """Whether a keeper lives: it holds its lock as long as it does."""
        try:
            descriptor = os.open(self.keeper_lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    def keeper_pid(self) -> int | None:
        """The keeper whose servers are ready."""
        if not self.is_kept():
            return None
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
            pid = int(self.ready.read_text())
            os.kill(pid, 0)
            return pid
        return None
