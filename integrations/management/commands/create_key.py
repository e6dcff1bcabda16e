from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Team
from audit.actor import Actor
from integrations.issuing import issue_key
from integrations.models import ApiKey


class Command(BaseCommand):
    help = "Makes a key for another system and prints it, once, as the last word of the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", required=True, choices=ApiKey.Kind.values)
        parser.add_argument("--name", required=True)
        parser.add_argument("--scopes", default="", help="comma-separated, for keys of kind api")
        parser.add_argument("--team", default="", help="the name of a team: the key sees and changes what that may see")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        name = options["name"].strip()
        if not 1 <= len(name) <= 120:
            raise CommandError("The name must have 1 to 120 characters.")
        team = Team.objects.filter(name=options["team"]).first() if options["team"] else None
        if options["team"] and team is None:
            names = ", ".join(Team.objects.values_list("name", flat=True)[:50]) or "none yet"
            raise CommandError(f"No such team: {options['team']}. There are: {names}.")
        try:
            key, text = issue_key(
                kind=options["kind"], name=name, scopes=scopes, team=team, actor=Actor.of_system("command")
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Key {key.pk} for {key.get_kind_display()} '{key.name}'. It is shown this once: {text}")
