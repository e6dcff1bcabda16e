"""The Celery app, and what its worker processes need to know about each other."""

import os
import signal
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_process_init

from config.servers.children import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Root is a risk with pickled tasks; ours are JSON, and as root in a container there is nobody else to be.
warnings.simplefilter("ignore", SecurityWarning)

app = Celery("roster")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _log_as_django_does(**_: Any) -> None:
    """A receiver is all it takes: Celery then leaves the logs as the settings made them."""


@worker_process_init.connect
def _end_with_the_worker(**_: Any) -> None:
    """A killed worker leaves no process behind that would go on with its task."""
    die_with_parent(signal.SIGKILL)
    os.nice(5)  # pages come first where both want the processor
