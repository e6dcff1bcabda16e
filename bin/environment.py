"""Makes .venv hold what a lock file says. Standard library only: nothing is installed yet.

python bin/environment.py requirements.txt
"""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"  # a copy of the lock file it was made from
EVERYTHING = "requirements-dev.txt"  # holds all that requirements.txt does


def main(lock: str) -> None:
    with (ROOT / lock).open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two commands at once install once
        if installed() not in {(ROOT / lock).read_text(), (ROOT / EVERYTHING).read_text()}:
            install(lock)


def installed() -> str:
    """What the environment was made from; nothing when it does not work any more, because it was moved say."""
    try:
        works = subprocess.run([VENV / "bin/python", "-c", "import django"], capture_output=True).returncode == 0
        return STAMP.read_text() if works else ""
    except OSError:
        return ""


def install(lock: str) -> None:
    if not python_works():
        print(f"Making .venv with Python {sys.version.split()[0]} …", flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)], "The virtual environment was not made.")
    print(f"Installing the packages of {lock} …", flush=True)
    STAMP.unlink(missing_ok=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", str(ROOT / lock)], "The packages were not installed; pip says why above.")
    shutil.copyfile(ROOT / lock, STAMP)


def python_works() -> bool:
    ask = [str(VENV / "bin/python"), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(ask, capture_output=True, text=True)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() in {"3.11", "3.12"}


def run(command: list[str], otherwise: str) -> None:
    if subprocess.run(command).returncode != 0:
        sys.exit(otherwise)


if __name__ == "__main__":
    main(sys.argv[1])
