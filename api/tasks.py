from celery import shared_task

from api import idempotency
from core import clock


@shared_task(ignore_result=True)
def forget_answers() -> None:
    idempotency.forget(clock.now())
