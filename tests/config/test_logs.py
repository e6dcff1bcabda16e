"""Nothing about people reaches the logs (reliability 25)."""

from config.logs import scrub

REFUSED = """duplicate key value violates unique constraint "one_owner"
DETAIL:  Key (kind, normalized)=(email, ada@example.com) already exists.
CONTEXT:  COPY customers_identifier, line 3
    column normalized: "ada@example.com"
Traceback follows"""


def test_what_postgresql_quotes_is_left_out() -> None:
    event = scrub(None, "error", {"event": "It failed.", "exception": REFUSED})

    assert "ada" not in event["exception"]
    assert 'constraint "one_owner"' in event["exception"]
    assert event["exception"].endswith("Traceback follows")


def test_query_strings_are_left_out() -> None:
    event = scrub(None, "warning", {"event": "Not Found: /customers/?q=ada@example.com"})

    assert event["event"] == "Not Found: /customers/"
