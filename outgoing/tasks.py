from celery import shared_task
from kombu.exceptions import OperationalError as BrokerAway

from core import clock
from outgoing import forgetting, sending


@shared_task(ignore_result=True)
def send(endpoint_id: int) -> None:
    sending.run(endpoint_id)


@shared_task(ignore_result=True)
def send_due() -> None:
    for endpoint_id in sending.with_work(clock.now()):
        try:
            send.apply_async([endpoint_id], expires=30)
        except (BrokerAway, OSError):
            return  # the rows stay, and the next tick comes


@shared_task(ignore_result=True)
def forget() -> None:
    forgetting.forget(clock.now())
