from celery import shared_task

from audit.actor import Actor
from core import clock
from customers import duplicates, merging, segment_counts


@shared_task(ignore_result=True)
def find_duplicates() -> None:
    duplicates.find(actor=Actor.of_system())


@shared_task(ignore_result=True)
def forget_merges() -> None:
    """Merges whose window has closed become permanent: what undoing them would need is emptied."""
    merging.forget_snapshots(clock.now())


@shared_task(ignore_result=True)
def count_segments() -> None:
    """Once a day for each segment, as soon as it can be."""
    segment_counts.count_due(clock.now())
