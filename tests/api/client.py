"""How the tests call the REST API: as another system does, with a key and nothing else."""

import json
from typing import Any

from django.test import Client

from accounts.models import Account, Team, TeamAccount
from audit.actor import Actor
from integrations.issuing import SCOPES, issue_key
from integrations.models import ApiKey

READING = [scope for scope in sorted(SCOPES) if scope.endswith(":read")]


class Api:
    """Calls with one key; answers are those of Django's test client."""

    def __init__(self, scopes: Any = None, *, team: Team | None = None, name: str = "Shop") -> None:
        wanted = sorted(SCOPES) if scopes is None else list(scopes)
        self.key, self.text = issue_key(kind="api", name=name, scopes=wanted, actor=Actor.of_system("command"))
        if team:
            ApiKey.objects.filter(pk=self.key.pk).update(team=team)
            self.key.refresh_from_db()

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        headers = {"authorization": f"Bearer {self.text}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        client = Client(enforce_csrf_checks=True)
        if body is None:
            return client.generic(method, f"/api/v1{path}", headers=headers)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.generic(method, f"/api/v1{path}", raw, "application/json", headers=headers)

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self("POST", path, body, **headers)


def team_of(*accounts: Account) -> Team:
    team = Team.objects.create(name="Few", reach="list")
    for account in accounts:
        TeamAccount.objects.create(team=team, account=account)
    return team
