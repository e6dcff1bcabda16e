"""An uploaded file made ready: checked to be text, and kept as UTF-8, so that everything after reads one encoding."""

import codecs
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

BLOCK = 1024 * 1024
_PROBE = 64 * 1024
_MARKS = (  # longest first: the UTF-32 mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_OTHER_KINDS = (
    (b"PK\x03\x04", "This is a ZIP file or an Excel workbook. Save the sheet as CSV, or unpack it, and choose that."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel workbook. Save the sheet as CSV and choose that."),
    (b"\x1f\x8b", "This is a compressed file. Unpack it and choose the CSV file in it."),
    (b"%PDF", "This is a PDF file. Roster imports CSV files."),
)  # fmt: skip
SHOWN = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32",
    "cp1252": "Windows-1252 (it is not UTF-8; check that accented letters look right)",
}  # fmt: skip


class FileProblem(Exception):
    """Why the whole file cannot be imported, as a sentence for people that says what to do."""


def keep(source: BinaryIO, target: Path) -> str:
    """Writes the text of `source` to `target` as UTF-8 without a mark, in constant memory. Returns its encoding.

    `source` must be seekable. Nobody but this user can read `target`. Raises FileProblem, and leaves no file then.
    """
    head = source.read(_PROBE)
    encoding = _encoding(head)
    lone_returns = b"\n" not in head and b"\r" in head and not encoding.startswith(("utf-16", "utf-32"))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        try:
            _write(source, target, encoding, lone_returns)
        except UnicodeDecodeError:
            if encoding != "utf-8":
                raise FileProblem(
                    f"The file says it is {SHOWN[encoding]}, but part of it is not. Save it again as UTF-8."
                ) from None
            encoding = "cp1252"
            _write(source, target, encoding, lone_returns)
    except UnicodeDecodeError:
        target.unlink(missing_ok=True)
        raise FileProblem("This does not look like text. Roster imports CSV files, best in UTF-8.") from None
    except FileProblem:
        target.unlink(missing_ok=True)
        raise
    return encoding


def _encoding(head: bytes) -> str:
    if not head.strip():
        raise FileProblem("The file is empty. Choose one with a row of column names and at least one row below it.")
    for beginning, sentence in _OTHER_KINDS:
        if head.startswith(beginning):
            raise FileProblem(sentence)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if head.count(0) > len(head) / 10:
        raise FileProblem(
            "This does not look like text, or it is UTF-16 without a mark at its beginning. Save it as UTF-8."
        )
    strange = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\x00\x0b\x0c")
    if strange > len(head) / 100:
        raise FileProblem("This does not look like text. Roster imports CSV files, best in UTF-8.")
    return "utf-8"


def _write(source: BinaryIO, target: Path, encoding: str, lone_returns: bool) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as out:
        for text in _decoded(source, encoding):
            out.write((text.replace("\r", "\n") if lone_returns else text).encode("utf-8", "surrogatepass"))


def _decoded(source: BinaryIO, encoding: str) -> Iterator[str]:
    source.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    while block := source.read(BLOCK):
        read += len(block)
        if read > settings.UPLOAD_MAX_BYTES:
            most = settings.UPLOAD_MAX_BYTES // 1024**2
            raise FileProblem(f"The file has over {most:,} MB. Split it into several files.")
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)
