"""Files do not stay: a day after an import's end its file goes, and drafts that nobody started (reliability 22)."""

import time
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from audit.actor import Actor
from audit.recording import recorded
from integrations.models import Import

KEPT_FOR = timedelta(days=1)


def forget_files(now: datetime) -> int:
    """Deletes the files whose time has come, the values that were sampled from them too; how many. Errors stay."""
    old = now - KEPT_FOR
    drafts = Import.objects.filter(status="draft", created_at__lt=old)
    ended = Import.objects.filter(finished_at__lt=old, file_deleted_at=None).exclude(status__in=["queued", "running"])
    gone = 0
    for job in [*drafts, *ended]:
        job.path.unlink(missing_ok=True)
        with recorded(Actor.of_system(), "import.file_deleted", job, now=now):
            if job.is_draft:
                Import.objects.filter(pk=job.pk, status="draft").delete()
            else:
                layout = {**job.layout, "samples": {}, "distinct": {}}
                Import.objects.filter(pk=job.pk).update(file_deleted_at=now, layout=layout)
        gone += 1
    return gone + _forget_strays()


def _forget_strays() -> int:
    """Files without a row, which a process that died left behind."""
    folder = Path(settings.MEDIA_ROOT) / "imports"
    if not folder.is_dir():
        return 0
    known = set(Import.objects.filter(~Q(file="")).values_list("file", flat=True))
    oldest = time.time() - KEPT_FOR.total_seconds()
    strays = [path for path in folder.iterdir() if path.name not in known and path.stat().st_mtime < oldest]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)
