"""How much comes in a second: documents by the intake endpoint, rows of a CSV file. Both write to the database."""

import csv
import json
import os
import random
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from bench.client import Client
from bench.environment import PYTHON, ROOT
from bench.processor import backends, used

IMPORTED_ROWS = 60_000  # of a smaller file the start of the process is a fifth


def intake(port: int, *, clients: int = 4, seconds: float = 8.0) -> tuple[float, str]:
    """Documents a second that several senders get stored, or 0 and the reason."""
    command = [
        PYTHON,
        "manage.py",
        "create_key",
        "--kind",
        "feedback",
        "--name",
        f"Bench {time.time_ns()}",
        "--skip-checks",
    ]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if made.returncode:
        return 0, "no key: " + (made.stderr.strip().splitlines() or ["create_key failed"])[-1]
    key = made.stdout.split()[-1]
    done, answers = [0] * clients, [0] * clients
    stop = threading.Event()

    def send(number: int) -> None:
        client, chance = Client(port), random.Random(number)  # noqa: S311
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        while not stop.is_set():
            person = chance.randrange(10**6)
            body = {
                "external_id": f"bench-{time.time_ns()}-{number}",
                "channel": "email",
                "title": "Export stops",
                "body": f"The file ends after {person} rows without any message.",
                "author": {"name": "Bench Sender", "email": f"bench.{person}@intake.example"},
            }
            answer = client.request("POST", "/intake/feedback", body=json.dumps(body).encode(), headers=headers)
            answers[number] = answer.status
            if answer.status == 202:
                done[number] += 1
            elif answer.status != 429:
                return

    threads = [threading.Thread(target=send, args=(number,)) for number in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    refused = {status for status in answers if status != 202}
    return sum(done) / (time.perf_counter() - started), f"answered {refused}" if refused else ""


def imported(kind: str = "documents") -> tuple[float, str]:
    """Rows of a CSV file of this kind a second, from the start of the command to its end, and what to say of it; or 0
    and why."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / f"bench{time.time_ns()}.csv"
        (write_customers if kind == "customers" else write_csv)(file)
        started = time.perf_counter()
        done, processor_seconds = _run([PYTHON, "manage.py", "import_csv", str(file), "--kind", kind, "--skip-checks"])
        taken = time.perf_counter() - started
    if done.returncode:
        return 0, (done.stderr.strip().splitlines() or ["import_csv failed"])[-1]
    said = " ".join(done.stdout.split())
    left_out = re.search(r"([\d,]+) left out", said)
    if left_out and left_out[1] != "0":
        return IMPORTED_ROWS / taken, said[-200:]
    return IMPORTED_ROWS / taken, f"{IMPORTED_ROWS / processor_seconds:,.0f} for a second of processor time"


def _run(command: list[str]) -> tuple["subprocess.CompletedProcess[str]", float]:
    """How the command ended, and the processor time that it and its database backends used: what it cost, also where
    others keep the machine busy. Of a backend's last tenth of a second nothing is known."""
    before, theirs = os.times(), dict[int, float]()
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        while True:
            try:
                out, err = process.communicate(timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                theirs |= {pid: used([pid]) for pid in backends("roster command", connection)}
    after = os.times()
    own = after.children_user + after.children_system - before.children_user - before.children_system
    done = subprocess.CompletedProcess(command, process.returncode, out, err)
    return done, own + sum(theirs.values()) / 1000


def write_customers(file: Path) -> None:
    """Customers, most of them new, a tenth twice: with an email, a user ID, an account and three properties."""
    chance = random.Random(file.name)  # noqa: S311
    with file.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["Name", "Email", "User ID", "Account ID", "Bench plan", "Bench seats", "Bench city"])
        for number in range(IMPORTED_ROWS):
            person = number if number % 10 else chance.randrange(number + 1)
            rows.writerow(
                [f"Import Person {person}", f"{file.stem}.{person}@import.example", f"{file.stem}-{person}",
                 f"bench-org-{person % 500}", ("Pro", "Team", "Free")[person % 3], person % 50, f"City {person % 90}"]
            )  # fmt: skip


def write_csv(file: Path) -> None:
    chance = random.Random(file.name)  # noqa: S311
    with file.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(
            [
                "Ticket ID",
                "Subject",
                "Description",
                "Channel",
                "Created at",
                "Customer name",
                "Customer email",
                "Status",
            ]
        )
        for number in range(IMPORTED_ROWS):
            person = chance.randrange(IMPORTED_ROWS // 2)
            rows.writerow(
                [f"{file.stem}-{number}", f"Question {number}", f"The report of {person} shows {number} rows.", "email",
                 f"2026-0{1 + number % 9}-1{number % 9} 10:00:00", f"Import Person {person}",
                 f"{file.stem}.{person}@import.example", "closed"]
            )  # fmt: skip
