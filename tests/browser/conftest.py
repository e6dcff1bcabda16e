"""What every browser test shares: a page of somebody signed in, that fails on whatever the browser complains about."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SLOW_MACHINE_MS = 30_000  # for a machine that does much else; a test that passes does not wait for it
LOOKS = [("light", 1920), ("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]
SETTLED = """async () => {
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
    for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish();
}"""  # colours of another theme are there after a frame, and after what fades
# What htmx logs beside the event that names the cause, and requests that a newer one replaced
HARMLESS = ("net::ERR_INTERNET_DISCONNECTED", "htmx:afterRequest", "htmx:sendAbort", "htmx:abort")
REFUSED = "Failed to load resource: the server responded with a status of 4"  # a 4xx that the test asked for

expect.set_options(timeout=SLOW_MACHINE_MS)


@pytest.fixture(scope="session", autouse=True)
def _django_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread; Django would refuse the database beside it."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: that event loop, and what it makes Django allow, lives until the end of the run."""
    items.sort(key=lambda item: "/tests/browser/" in item.path.as_posix())


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    return {**browser_type_launch_args, "args": FLAGS, **({"executable_path": path} if path else {})}


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts, and after the test asserts that none of their pages met an error or broke the CSP."""
    made: list[BrowserContext] = []
    problems: list[str] = []

    def make(
        *, width: int = 1440, theme: str = "light", expected: tuple[str, ...] = (), **options: Any
    ) -> BrowserContext:
        def told(message: ConsoleMessage) -> None:
            wrong = message.type == "error" or "Content Security Policy" in message.text
            if wrong and not any(part in message.text for part in (REFUSED, *HARMLESS, *expected)):
                problems.append(f"{message.type}: {message.text} ({message.page.url if message.page else ''})")

        options = {
            "reduced_motion": "reduce",
            "color_scheme": theme,
            "viewport": {"width": width, "height": 900},
            **options,
        }
        context = browser.new_context(**options)
        context.set_default_timeout(SLOW_MACHINE_MS)
        context.on("console", told)
        context.on("weberror", lambda error: problems.append(f"script: {error.error}"))
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
    assert not problems, "The browser complained:\n" + "\n".join(problems)


@pytest.fixture
def page_as(live_server: Any, contexts: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """`page_as("support")` is a page of a signed-in member of staff with that role, `page_as(user)` one of that user,
    `page_as(None)` one of nobody. Addresses are relative: `page.goto("/customers/")`.

    It takes `width`, `theme`, Playwright's options (`java_script_enabled=False`), and in `expected` parts of messages
    in the console that belong to the test.
    """

    def make(who: Any = "support", **options: Any) -> Page:
        context = contexts(base_url=live_server.url, **options)
        if who is not None:
            client = Client()
            client.force_login(member(who) if isinstance(who, str) else who)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        return context.new_page()

    return make


def member(role: str) -> Any:
    """The member of staff with this role ("superuser" is one too)."""
    from staff.models import User

    email = f"{role}@roster.example"
    if found := User.objects.filter(email=email).first():
        return found
    if role == "superuser":
        return User.objects.create_superuser(email, "roster-demo", name="Ruth Root")
    return User.objects.create_user(email, "roster-demo", name=f"Mina {role.title()}", role=role)


def travel(page: Page, direction: str) -> None:
    """Goes `back` or `forward` in the history, and waits for the page that htmx then asks the server for."""
    page.wait_for_load_state("networkidle")  # a request cut off by leaving is an error in the console
    with page.expect_event("load"):
        page.evaluate(f"void setTimeout(() => history.{direction}(), 50)")  # after this call has come back
    page.wait_for_load_state("networkidle")


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now."""
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    return [f"{v['id']}: {node['target']} {node['failureSummary'][:300]}" for v in found for node in v["nodes"]]


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """`axe(page)` asserts that the page as it is now breaks no rule of WCAG 2.2 AA, and that nothing sticks out."""

    def check(page: Page) -> None:
        page.wait_for_load_state("networkidle")
        expect(page.locator('[aria-busy="true"]')).to_have_count(0)  # dimmed until its panel has come
        where = f"{page.url} {page.viewport_size}"
        assert not (wrong := violations(page)), f"{where}\n" + "\n".join(wrong)
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, f"{where}: {beyond} px wider than the window"

    return check


@pytest.fixture
def looks_right(axe: Callable[[Page], None]) -> Callable[..., None]:
    """`looks_right(page, "/customers/")` opens the page and runs axe on it in both themes, wide and narrow."""

    def check(page: Page, path: str, looks: list[tuple[str, int]] = LOOKS) -> None:
        page.goto(path)
        for theme, width in looks:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(SETTLED)
            axe(page)

    return check
