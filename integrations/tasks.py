from celery import shared_task

from core import clock
from integrations.counting import count_hours
from integrations.importing.forgetting import forget_files


@shared_task(ignore_result=True)
def forget_import_files() -> None:
    forget_files(clock.now())


@shared_task(ignore_result=True)
def count_delivery_hours() -> None:
    count_hours(clock.now())
