"""Sets up what every test needs before Django reads its settings, and decides which tests run."""

import os

os.environ["ROSTER_ENV"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django
import hypothesis
import pytest

from config import servers

# A change is judged by the same examples each time; who looks for new ones runs the tests by hand
hypothesis.settings.register_profile("ci", derandomize=True, database=None, deadline=None)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

servers.ensure()
django.setup()  # conftest files of the folders named on the command line are read before pytest-django would do it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    browser_tests = config.rootpath / "tests/browser"
    for item in items:
        if browser_tests in item.path.parents:
            item.add_marker(pytest.mark.browser)
    if not config.getoption("--long"):
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_sessionfinish() -> None:
    from django.core.cache import cache

    cache.clear()  # this process's keys only, also on a server that others use
