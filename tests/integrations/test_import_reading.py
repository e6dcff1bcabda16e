"""Files of every kind that people bring, read in constant memory, or refused with a sentence that helps."""

import csv
import io
import tracemalloc
from pathlib import Path

import pytest

from core.spreadsheets import plain, safe
from integrations.importing import reading
from integrations.importing.keeping import FileProblem, keep
from integrations.importing.reading import Layout, Row, layout_of, rows

TEXT = "ID,Name,Comment\n1,Ana Kovač,Fails\n2,Bo,“Why?”\n"


def kept(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> tuple[Path, str]:
    path = tmp_path / "kept.csv"
    data = content.encode(encoding) if isinstance(content, str) else content
    return path, keep(io.BytesIO(data), path)


def read(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> tuple[Layout, list[Row]]:
    path, _ = kept(tmp_path, content, encoding)
    layout = layout_of(path)
    return layout, list(rows(path, layout))


def refused(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(FileProblem) as problem:
        read(tmp_path, content)
    assert not list(tmp_path.iterdir()) or problem.value.args
    return str(problem.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings_with_and_without_a_mark_read_the_same(tmp_path: Path, encoding: str) -> None:
    text = TEXT if encoding != "cp1252" else TEXT.replace("č", "ç")
    layout, found = read(tmp_path, text, encoding)
    assert layout.columns == ["ID", "Name", "Comment"]
    assert [row.cells[1] for row in found] == [text.split(",")[3], "Bo"]


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_both_byte_orders_of_utf_16_read_the_same(tmp_path: Path, mark: str) -> None:
    layout, found = read(tmp_path, ("\ufeff" + TEXT).encode(mark))
    assert (layout.columns[0], found[0].cells[1]) == ("ID", "Ana Kovač")


def test_a_file_that_is_not_utf_8_is_said_to_be_read_as_windows_1252(tmp_path: Path) -> None:
    assert kept(tmp_path, "a,b\ncafé,1\n", "cp1252")[1] == "cp1252"


def test_a_late_letter_that_is_not_utf_8_changes_the_whole_reading(tmp_path: Path) -> None:
    content = b"a,b\n" + b"x,1\n" * 400_000 + "é,2\n".encode("cp1252")
    path, encoding = kept(tmp_path, content)
    assert encoding == "cp1252"
    assert path.read_text(encoding="utf-8").endswith("é,2\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    line = delimiter.join
    content = "\n".join([line(["ID", "Said, or so"]), line(["1", '"a;b,c|d"']), line(["2", "x"])])
    content = content.replace("Said, or so", '"Said, or so"')
    layout, found = read(tmp_path, content)
    assert (layout.delimiter, layout.columns) == (delimiter, ["ID", "Said, or so"])
    assert found[0].cells == ["1", "a;b,c|d"]


def test_the_line_by_which_excel_names_the_delimiter_is_no_row(tmp_path: Path) -> None:
    layout, found = read(tmp_path, "sep=;\nID;Said\n1;a,b\n")
    assert (layout.columns, found[0].cells) == (["ID", "Said"], ["1", "a,b"])


def test_a_file_of_one_column_is_a_file(tmp_path: Path) -> None:
    layout, found = read(tmp_path, "Comment\nFails\nAgain\n")
    assert (layout.columns, len(found)) == (["Comment"], 2)


def test_bodies_span_lines_and_rows_keep_their_spreadsheet_number(tmp_path: Path) -> None:
    _, found = read(tmp_path, 'ID,Body\r\n1,"one\r\n\r\ntwo ""quoted"""\r\n\r\n2,x\r\n')
    assert [(row.number, row.cells[1]) for row in found] == [(2, 'one\r\n\r\ntwo "quoted"'), (4, "x")]


def test_lines_may_end_as_on_old_macintoshes(tmp_path: Path) -> None:
    assert [row.cells for row in read(tmp_path, "a,b\r1,2\r3,4\r")[1]] == [["1", "2"], ["3", "4"]]


def test_reading_goes_on_from_any_row(tmp_path: Path) -> None:
    content = "ID,Body\n" + "".join(f'{n},"böse {n}\nzwei"\n' for n in range(50))
    path, _ = kept(tmp_path, content)
    layout = layout_of(path)
    found = list(rows(path, layout))
    for stop in (0, 17, 48):
        after = list(rows(path, layout, position=found[stop].position, number=found[stop].number))
        assert after == found[stop + 1 :]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("  \n\n", "is empty"),
        (b"\xff\xfe", "is empty"),
        ("a,b\n", "no rows below"),
        ("a,b\n,\n", "no rows below"),
        ("a,,c\n1,2,3\n", "Column 2 has no name"),
        ("Mail,mail\n1,2\n", "Columns 1 and 2 are both called 'mail'"),
        (",".join(f"c{n}" for n in range(201)) + "\n" + "1," * 200 + "1\n", "201 columns; 200 are the most"),
        ("x" * 300 + ",b\n1,2\n", "column 1 has 300 characters"),
        (b"PK\x03\x04" + b"\x00" * 100, "ZIP file or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 100, "old Excel workbook"),
        (b"\x1f\x8b\x08" + b"\x00" * 100, "compressed file"),
        (b"%PDF-1.7 ...", "PDF"),
        (bytes(range(256)) * 50, "does not look like text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(1, 32)) * 90, "does not look like text"),
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-16 without a mark"),
        (b"\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8x\x00", "part of it is not"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_refused_with_a_sentence(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    assert sentence in refused(tmp_path, content)


def test_a_row_with_another_number_of_cells_is_wrong_by_itself(tmp_path: Path) -> None:
    _, found = read(tmp_path, "a,b\n1,2\n1,2,3\n4,5\n6\n")
    assert [row.fault for row in found] == [
        "", "Has 3 cells where the first row names 2 columns.", "", "Has 1 cells where the first row names 2 columns.",
    ]  # fmt: skip


def test_a_cell_that_is_too_long_makes_its_row_wrong(tmp_path: Path) -> None:
    _, found = read(tmp_path, f"a,b\n1,{'x' * 1_000_001}\n2,y\n")
    assert [bool(row.fault) for row in found] == [True, False]
    assert "1,000,000 are the most" in found[0].fault


def test_a_quotation_mark_that_never_closes_does_not_eat_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "RECORD_LIMIT", 20_000)
    assert "never closed" in refused(tmp_path, 'a,b\n1,"open\n' + "2,x\n" * 20_000)


def test_files_over_the_limit_are_refused(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    settings.UPLOAD_MAX_BYTES = 1024**2  # type: ignore[attr-defined]
    assert "over 1 MB" in refused(tmp_path, "a,b\n" + "1,2\n" * 400_000)


def test_rows_over_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_LIMIT", 3)
    assert "over 3 rows" in refused(tmp_path, "a\n" + "1\n" * 4)


def test_a_kept_file_is_for_nobody_else(tmp_path: Path) -> None:
    path, _ = kept(tmp_path, TEXT)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "cell", ["=1+1", "+34600", "-5", "@x", "'=1", "''+x", "'quoted'", "", "'", "plain", "\tx", "=", "''"]
)
def test_neutralised_cells_come_back_exactly(cell: str) -> None:
    assert plain(safe(cell)) == cell
    assert not safe(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_columns_with_few_values_are_known_as_choices(tmp_path: Path) -> None:
    layout, _ = read(tmp_path, "ID,Size\n" + "".join(f"{n},{'SML'[n % 3]}\n" for n in range(100)))
    assert layout.distinct == {"Size": ["L", "M", "S"]}
    assert layout.samples["ID"][:2] == ["0", "1"]


@pytest.mark.long
def test_memory_stays_the_same_however_long_the_file_is(tmp_path: Path) -> None:
    source = tmp_path / "long.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ID", "Mail", "Body"])
        for number in range(200_000):
            writer.writerow([number, f"{number}@ex.test", "It fails.\n" * 30])
    target = tmp_path / "kept.csv"
    tracemalloc.start()
    with source.open("rb") as stream:
        keep(stream, target)
    layout = layout_of(target)
    count = sum(1 for _ in rows(target, layout))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (layout.rows, count) == (200_000, 200_000)
    assert peak < 12 * 1024**2, f"{peak / 1024**2:.1f} MB for {source.stat().st_size / 1024**2:.0f} MB"
