"""What the web server's processes weigh after many requests, and whether they still grow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case
from bench.client import signed_in
from bench.processor import children

REQUESTS, ROUNDS = 10_000, 5
LIMIT_MB, GROWTH = 200, 1.02


@dataclass(frozen=True)
class Memory:
    """Megabytes of the heaviest worker after each of ROUNDS equal parts of the requests."""

    rounds: list[float]

    @property
    def problems(self) -> list[str]:
        found = []
        if self.rounds[-1] > LIMIT_MB:
            found.append(f"a worker takes {self.rounds[-1]:.0f} MB, over {LIMIT_MB}")
        if self.rounds[-1] > self.rounds[-2] * GROWTH:
            found.append(f"it still grows: {self.rounds[-2]:.0f} to {self.rounds[-1]:.0f} MB")
        return found


def weigh(port: int, server: int, cases: Sequence[Case]) -> Memory:
    client, rounds = signed_in(port), []
    for number in range(REQUESTS):
        case = cases[number % len(cases)]
        client.get(case.path, case.headers)
        if number % 50 == 49:  # another connection, perhaps to the other worker
            client.connection.close()
        if (number + 1) % (REQUESTS // ROUNDS) == 0:
            rounds.append(max(megabytes(pid) for pid in children(server)))
    return Memory(rounds)


def megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
