"""Reports a person, their organisation and what they did, with the public tracking client.

ROSTER_URL=http://localhost:8000 ROSTER_KEY=roster_… python examples/tracking.py
"""

import os

from segment.analytics import Client


def complain(error: Exception, calls: list[dict[str, object]]) -> None:
    print(f"{len(calls)} calls were not taken: {error}")


analytics = Client(
    os.environ["ROSTER_KEY"], host=os.environ.get("ROSTER_URL", "http://localhost:8000"), gzip=True, on_error=complain
)
analytics.identify("p-1007", {"name": "Ana Ruiz", "email": "ana@ex.test", "plan": "Team"})
analytics.group("p-1007", "org-77", {"name": "Ex Ltd", "seats": 40})
analytics.track("p-1007", "Report Exported", {"module": "Reports", "format": "csv"})
analytics.page("p-1007", "Docs", "Getting started")
analytics.shutdown()  # waits until everything is sent
print("Sent.")
