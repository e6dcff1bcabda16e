from celery import shared_task

from core import clock
from integrations.importing.forgetting import forget_files


@shared_task(ignore_result=True)
def forget_import_files() -> None:
    forget_files(clock.now())
