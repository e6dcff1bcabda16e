"""What holds for every answer, whatever page it is."""

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from core import checks


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("A page")


urlpatterns = [path("page/", page, name="page")]


@pytest.fixture(autouse=True)
def _one_page() -> None:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def test_browsers_may_load_from_here_only(client: Client) -> None:
    policy = client.get("/page/")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_nobody_stores_a_page(client: Client) -> None:
    assert client.get("/page/")["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize("address", ["/page/%00", "/page/?q=a%00b"])
def test_a_nul_in_the_address_is_refused(client: Client, address: str) -> None:
    assert client.get(address).status_code == 400


@pytest.mark.parametrize(
    ("length", "kind", "status"),
    [
        (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, "application/x-www-form-urlencoded", 413),
        (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, "application/json", 413),
        (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, "multipart/form-data; boundary=x", 200),
        (settings.UPLOAD_MAX_BYTES + 1, "multipart/form-data; boundary=x", 413),
        ("much", "application/json", 400),
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    client: Client, length: object, kind: str, status: int
) -> None:
    response = client.post("/page/", data="x", content_type=kind, CONTENT_LENGTH=str(length))

    assert response.status_code == status


def test_a_view_that_does_not_say_what_it_requires_fails_the_check() -> None:
    problems = checks.every_view_says_what_it_requires()

    assert [problem.id for problem in problems] == ["core.E001"]
    assert "page at /page/" in problems[0].msg
