"""One stylesheet and one script a page, from many sources, without a build.

`css/roster.css` and `js/roster.js` do not exist as files in static/: this staticfiles finder joins them from the
sources below whenever one has changed, so `collectstatic` hashes and compresses them like any other file, and
development serves them fresh. First paint then needs one HTML and one CSS request (performance.md).
"""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

SOURCES = settings.BASE_DIR / "static"
BUNDLES = {
    "css/roster.css": ["css/tokens.css", "css/base.css", "css/layout.css", "css/components/*.css", "css/print.css"],
    "js/roster.js": [f"js/{name}.js" for name in ("page", "dialogs", "lists", "keys", "combobox", "answers", "acting")],
}

# A comment that begins its line, or ends it after two spaces: nothing that could stand inside a string
COMMENT = re.compile(r"(?:^|(?<=  ))[ \t]*(?:/\*.*?\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE)


def sources(bundle: str) -> list[Path]:
    """The files of a bundle in their order; a pattern stands for its files by name."""
    return [path for pattern in BUNDLES[bundle] for path in sorted(SOURCES.glob(pattern))]


def joined(bundle: str) -> str:
    """The sources one after another, without comments and indentation: they are for those who read the sources."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources(bundle))
    lines = COMMENT.sub("", text).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) + "\n"


def kept(bundle: str) -> Path:
    """The bundle as a file, made again when a source has changed."""
    path = settings.STATE / "bundles" / bundle
    if not path.exists() or path.read_text(encoding="utf-8") != joined(bundle):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(joined(bundle))
        os.chmod(name, 0o644)
        os.replace(name, path)  # whoever reads at this moment has the old one or the new one, never half of it
    return path


class BundleFinder(BaseFinder):
    def find(self, path: str, find_all: bool = False, **old: Any) -> Any:
        if path not in BUNDLES:
            return []
        found = str(kept(path))
        return [found] if find_all or old.get("all") else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for bundle in BUNDLES:
            kept(bundle)
            yield bundle, FileSystemStorage(location=settings.STATE / "bundles")

    def check(self, **options: Any) -> Any:
        return []
