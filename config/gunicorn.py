"""How gunicorn serves Roster: `gunicorn -c config/gunicorn.py config.wsgi`."""

import gc
import os
from pathlib import Path

gc.disable()  # while the code is read, nothing becomes garbage
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "2"))
preload_app = True  # the code is read once, and its memory shared
timeout = 60
graceful_timeout = 10
keepalive = 5
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190
control_socket_disable = True
loglevel = "warning"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (a heartbeat file: never on a slow disk)
# The path without its query string, and nobody's address (reliability 25).
accesslog = "-" if os.environ.get("ROSTER_ACCESS_LOG") else None
access_log_format = '{"method": "%(m)s", "path": "%(U)s", "status": %(s)s, "bytes": "%(B)s", "milliseconds": %(M)s}'


def pre_fork(server: object, worker: object) -> None:
    """What was read before the workers fork is never looked through for garbage, and so stays shared."""
    gc.freeze()


def post_fork(server: object, worker: object) -> None:
    gc.enable()
