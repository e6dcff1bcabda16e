from celery import shared_task

from portal import impersonating


@shared_task(ignore_result=True)
def end_impersonations() -> None:
    impersonating.end_those_over()
