from typing import Any

from integrations.management.commands import import_csv


class Command(import_csv.Command):
    help = "Imports documents and their authors: `import_csv --kind documents`."

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **{**options, "kind": "documents"})
