"""Keys that are made once and kept outside the database, in files that only their owner reads."""

import os
import secrets
from pathlib import Path


def kept(path: Path) -> str:
    """The key in `path`; the first to ask makes it, and of several at once all get the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when another process was first: its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
