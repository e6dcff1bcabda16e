"""A worker of one job in a process of its own: `python -m bench.worker retention.Run 7`."""

import os
import sys


def main() -> None:
    import django

    django.setup()
    from django.apps import apps

    from core import jobs

    os.nice(5)  # as config/celery.py does
    label, pk = sys.argv[1:]
    jobs.run(apps.get_model(label), int(pk))


if __name__ == "__main__":
    main()
