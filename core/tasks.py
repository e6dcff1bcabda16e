from importlib import import_module

from celery import shared_task
from django.apps import apps
from django.conf import settings

from core import clock, heartbeat, jobs

heartbeat.connect()


@shared_task(ignore_result=True)
def run_job(label: str, pk: int) -> None:
    jobs.run(apps.get_model(label), pk)


@shared_task(ignore_result=True)
def sweep() -> None:
    jobs.sweep(clock.now())


@shared_task(ignore_result=True)
def forget_sessions() -> None:
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
