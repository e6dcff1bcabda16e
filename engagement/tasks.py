from celery import shared_task

from core import clock
from engagement import messages


@shared_task(ignore_result=True)
def forget_messages() -> None:
    messages.forget_old(clock.now())
