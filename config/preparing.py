"""Before Roster serves: migrations, demo data at the first start, static files.

python -m config.preparing [--demo]
"""

import hashlib
import os
import shutil
import sys

import django

from config import prepared

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main(*, demo: bool) -> None:
    django.setup()
    migrate()
    seed(demo=demo)
    collect_static()
    prepared.remember()


def migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        print(f"Bringing the database up to date ({len(plan)} migrations) …", flush=True)
        call_command("migrate", interactive=False, verbosity=0)


def seed(*, demo: bool) -> None:
    """Demo data, once: on the embedded database, and on another only when asked for (contracts.md 8)."""
    from django.conf import settings
    from django.core.management import call_command, get_commands

    mark = settings.STATE / "demo"  # says that the demo logins exist
    if not demo and (not settings.EMBEDDED_DATABASE or mark.exists()):
        return
    if "seed" in get_commands():
        print("Making the demo data …", flush=True)
        call_command("seed", if_empty=True, demo=True)
        mark.touch()


def collect_static() -> None:
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    if settings.DEBUG:  # served from where they are
        return
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path)}\n".encode())
    mark = settings.STATE / "static.sha256"
    if mark.exists() and mark.read_text() == digest.hexdigest():
        return
    print("Collecting static files …", flush=True)
    shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(digest.hexdigest())


if __name__ == "__main__":
    main(demo="--demo" in sys.argv)
