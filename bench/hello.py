"""The least that a page can cost here: Django, one row of the database, three words."""

import os
from typing import Any

import dj_database_url
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

DATABASE: dict[str, Any] = dict(dj_database_url.parse(os.environ["DATABASE_URL"]))
DATABASE |= {"CONN_MAX_AGE": 0, "OPTIONS": {"application_name": "roster web", "pool": {"min_size": 2, "max_size": 8}}}


def hello(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM customers_tag WHERE id = (SELECT min(id) FROM customers_tag)")
        row = cursor.fetchone()
    return HttpResponse(f"Hello, {row[0] if row else 'world'}!")


urlpatterns = [re_path("", hello)]
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": DATABASE},
    SECRET_KEY="hello",  # noqa: S106
)
application = get_wsgi_application()
