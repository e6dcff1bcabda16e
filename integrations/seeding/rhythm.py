"""When people write: more on weekdays and in office hours, a little more every month."""

from datetime import UTC, datetime, timedelta
from random import Random

DAYS = 730
_PLACES = 1 << 17
_WEEKDAYS = (1.25, 1.15, 1.1, 1.05, 0.95, 0.35, 0.3)
_HOURS = (2, 2, 1, 1, 2, 4, 9, 20, 44, 60, 64, 58, 46, 54, 62, 58, 50, 42, 32, 24, 17, 11, 7, 4)


class Rhythm:
    """Moments of the last two years, in order and as dense as people are busy; as whole seconds since 1970."""

    def __init__(self, until: datetime) -> None:
        self.end = int(until.timestamp())
        self.hours = self._spread(until)

    def _spread(self, until: datetime) -> list[int]:
        """The starts of hours, each as often as it is busy, in order: a place in the list is a share of all writing."""
        first = until.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
        starts: list[int] = []
        weights: list[float] = []
        for number in range(DAYS * 24):
            hour = first + timedelta(hours=number)
            growth = 1 + 1.3 * number / (DAYS * 24)
            holiday = 0.3 if (hour.month, hour.day) in {(12, 24), (12, 25), (12, 26), (12, 31), (1, 1)} else 1.0
            starts.append(int(hour.timestamp()))
            weights.append(_WEEKDAYS[hour.weekday()] * _HOURS[hour.hour] * growth * holiday)
        step, reached = sum(weights) / _PLACES, 0.0
        spread: list[int] = []
        for start, weight in zip(starts, weights, strict=True):
            reached += weight
            spread += [start] * (round(reached / step) - len(spread))
        return spread

    def place(self, share: float) -> int:
        """The place in `hours` at which `share` of all writing, from 0 to 1, has happened."""
        return min(int(share * len(self.hours)), len(self.hours) - 1)

    def moment(self, random: Random, first: int, last: int) -> int:
        """A moment between two places."""
        hour = self.hours[first + int(random.random() * (last - first))]
        return min(hour + int(random.random() * 3600), self.end - 60)
