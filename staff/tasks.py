"""Mail that a worker sends, so that no answer's time tells whether there was somebody to send it to."""

from smtplib import SMTPException

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError as BrokerAway

from staff.inviting import send_reset
from staff.models import User

logger = structlog.get_logger(__name__)


def post_reset(email: str, base_url: str) -> bool:
    """Has a worker mail a link to whoever has this email, if anybody does; False while there is no broker."""
    user_id = User.objects.with_email(email).filter(is_active=True).values_list("pk", flat=True).first()
    try:
        mail_reset.delay(user_id or 0, base_url)
    except (BrokerAway, OSError) as problem:
        logger.warning("The broker is away: a mail was not sent.", problem=type(problem).__name__)
        return False
    return True


@shared_task(ignore_result=True, autoretry_for=(OSError, SMTPException), retry_backoff=20, max_retries=5)
def mail_reset(user_id: int, base_url: str) -> None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        send_reset(user, base_url=base_url)
