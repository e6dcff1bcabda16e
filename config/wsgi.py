"""What a web server imports: `gunicorn config.wsgi`."""

import os

from config import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("ROSTER_PROCESS", "web")
servers.ensure()

from django.core.wsgi import get_wsgi_application  # noqa: E402  (settings read what ensure() has set)

application = get_wsgi_application()
