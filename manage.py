#!/usr/bin/env python3
"""Roster's commands. Without DATABASE_URL and REDIS_URL, they use the embedded servers under var/."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def main() -> None:
    python = Path(__file__).resolve().parent / ".venv/bin/python"
    if not find_spec("django") and python.exists():  # called outside the environment that bin/run has made
        os.execv(python, [str(python), *sys.argv])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("ROSTER_PROCESS", "web" if sys.argv[1:2] == ["runserver"] else "command")
    if sys.argv[1:2] not in ([], ["help"], ["version"], ["--help"], ["--version"]):
        from config import servers

        servers.ensure()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
