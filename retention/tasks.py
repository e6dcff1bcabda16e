from celery import shared_task

from core import clock
from retention.running import start_due


@shared_task(ignore_result=True)
def start_due_runs() -> None:
    start_due(clock.now())
