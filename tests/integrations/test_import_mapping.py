"""What columns mean: written, guessed, checked, and read row by row."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.importing.cells import Wrong, moment_of, score_of
from integrations.importing.kind import Fault, Meaning
from integrations.importing.kinds import checked, guess
from integrations.importing.kinds.documents import Documents
from integrations.importing.mapping import MappingProblem, Plan, Use
from integrations.importing.reading import Layout, Row
from integrations.importing.starting import plan_of_specs


def meaning(specs: list[str], cells: dict[str, str], **plan: Any) -> Meaning:
    chosen = checked(plan_of_specs(specs, base=Plan(**plan)).fit(cells))
    return Documents(chosen, list(cells)).meaning(Row(2, list(cells.values()), 0))


def problems(*specs: str, **plan: Any) -> str:
    with pytest.raises(MappingProblem) as problem:
        checked(plan_of_specs(specs, base=Plan(**plan)))
    return str(problem.value)


def test_a_spec_says_target_name_type_and_column() -> None:
    assert Use.of_spec("title=Ticket Subject") == Use("Ticket Subject", "title")
    assert Use.of_spec("author.email=E-mail") == Use("E-mail", "author.email")
    assert Use.of_spec("property.company.size:number=Size = of it") == Use(
        "Size = of it", "property", "company.size", "number"
    )
    assert Use.of_spec("survey.Satisfaction:csat=Rating") == Use("Rating", "survey", "Satisfaction", "csat")
    assert Use.of_spec("custom.a:b=X") == Use("X", "custom", "a:b")
    for spec in ("title=Subject", "property.age:number=Age", "survey.CSAT=Rating", "occurred_at:dmy=Date"):
        assert Use.of_spec(spec).spec == spec


@pytest.mark.parametrize(
    ("specs", "sentence"),
    [
        (["status=S"], "has to say something"),
        (["title=A", "title=B", "body=B"], ""),
        (["nonsense=A", "body=B"], "is nothing a column can be"),
        (["property.a b=A", "body=B"], "letters, digits"), (["property...=A", "body=B"], "more than dots"),
        (["property.age:numeric=A", "body=B"], "is no type of property"),
        (["survey.X:stars=A", "body=B"], "is no kind of survey"),
        (["occurred_at:ymd=A", "body=B"], "order of day and month"),
        (["title:text=A"], "Only properties and surveys"),
        (["property.age=A", "property.Age=B", "body=C"], "is 'Age' already"),
    ],
)  # fmt: skip
def test_mappings_that_make_no_sense_are_refused_with_a_sentence(specs: list[str], sentence: str) -> None:
    if sentence:
        assert sentence in problems(*specs)
    else:
        assert [use.column for use in plan_of_specs(specs).of("title")] == ["A", "B"]
        assert "is the document: title already" in problems(*specs)


def test_a_malformed_spec_or_channel_is_refused() -> None:
    with pytest.raises(MappingProblem, match="TARGET=COLUMN"):
        Use.of_spec("title")
    assert "'fax' is no channel" in problems("body=B", channel="fax")
    assert "Map 'Fax' to one of" in problems("body=B", channel_values={"Fax": "fax"})


def test_columns_are_found_whatever_their_letter_case_and_lacking_ones_are_named() -> None:
    assert plan_of_specs(["title=ticket SUBJECT"]).fit(["Ticket Subject"]).uses[0].column == "Ticket Subject"
    with pytest.raises(MappingProblem, match=r"The file has no column 'Betreff'\. It has 'Subject'"):
        plan_of_specs(["title=Betreff"]).fit(["Subject"])


def test_a_mapping_survives_being_kept() -> None:
    plan = plan_of_specs(["title=A", "property.age:number=B"], base=Plan(channel="chat", channel_values={"x": "email"}))
    assert Plan.of_json(plan.as_json()) == plan


def test_the_usual_columns_of_a_help_desk_are_guessed() -> None:
    columns = {
        "Ticket ID": ["1", "2"], "Subject": ["Fails", "Why"], "Description": ["It fails", "Why?"], "Requester": ["Ana"],
        "Requester Email": ["ana@ex.test"], "Customer ID": ["p-1"], "Phone": ["+34 600 111 222"],
        "Via": ["Phone", "Web"],
        "Status": ["open"], "Created At": ["13/02/2026 10:00"], "Tags": ["a,b"], "Plan": ["Pro", "Team"],
        "Customer Age": ["31"], "NPS score": ["9"], "Assignee": ["Mina"],
    }  # fmt: skip
    plan = guess(Layout(",", list(columns), 0, 2, {"Plan": ["Pro", "Team"], "Via": ["Phone", "Web"]}, columns))
    assert [use.spec for use in plan.uses] == [
        "external_id=Ticket ID", "title=Subject", "body=Description", "author.name=Requester",
        "author.email=Requester Email", "author.user_id=Customer ID", "author.phone=Phone",
        "channel=Via", "status=Status",
        "occurred_at:dmy=Created At", "tags=Tags", "property.plan:choice=Plan", "property.age:number=Customer Age",
        "survey.Nps score:nps=NPS score", "custom.assignee=Assignee",
    ]  # fmt: skip
    assert plan.channel_values == {"Phone": "voice", "Web": "widget"}
    checked(plan)


def test_a_row_becomes_what_its_columns_are_for() -> None:
    found = meaning(
        ["external_id=ID", "title=T", "body=B", "channel=C", "status=S", "occurred_at=W", "account_id=O", "tags=G",
         "tags=H",
         "author.name=N", "author.email=E", "property.age:number=A", "custom.team=X", "metadata.raw=M",
         "survey.CSAT:csat=R"],
        {"ID": "7", "T": " Export\nfails ", "B": " Line\r\ntwo", "C": "Social media", "S": "Open",
         "W": "2026-02-03 14:30",
         "O": "org-1", "G": "billing; vip", "H": "vip", "N": "Ana", "E": "ana@ex.test", "A": "31", "X": "Ops", "M": "m",
         "R": "4.0"},
    )  # fmt: skip
    said = found.item.incoming
    assert not found.faults
    assert (said.external_id, said.title, said.body, said.channel) == ("7", "Export fails", " Line\r\ntwo", "social")
    assert (said.status, said.account_external_id, said.tags) == ("Open", "org-1", ["billing", "vip"])
    assert said.occurred_at == datetime(2026, 2, 3, 14, 30, tzinfo=UTC)
    assert said.author == {"name": "Ana", "email": "ana@ex.test"}
    assert (said.properties, said.custom_fields, said.metadata) == ({"age": ["31"]}, {"team": "Ops"}, {"raw": "m"})
    assert found.item.scores == {"CSAT": Decimal("4.00")}


@pytest.mark.parametrize(
    ("spec", "cell", "sentence"),
    [
        ("title=X", "x" * 501, "at most 500 characters"),
        ("status=X", "x" * 61, "at most 60 characters"),
        ("title=X", "a\x00b", "NUL"),
        ("title=X", "half \ud800 pair", "surrogate"),
        ("external_id=X", "", "Must not be empty"),
        ("external_id=X", "x" * 201, "at most 200"),
        ("channel=X", "Carrier pigeon", "'Carrier pigeon' is no channel"),
        ("occurred_at=X", "soon", "Must be a time"),
        ("occurred_at=X", "3/2/2026", "day or the month comes first"),
        ("occurred_at:dmy=X", "31/2/2026", "a time that exists"),
        ("occurred_at=X", "0001-01-01", "between the years 1970 and 2200"),
        ("tags=X", "t" * 61, "1 to 60 characters"),
        ("tags=X", ",".join(map(str, range(51))), "At most 50 tags"),
        ("survey.S:csat=X", "6", "from 1 to 5"),
        ("survey.S:nps=X", "-1", "from 0 to 10"),
        ("survey.S=X", "NaN", "Must be a score"),
        ("survey.S=X", "good", "Must be a score"),
        ("survey.S=X", "1.234", "two decimal places"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_what_its_column_is_for_says_why(spec: str, cell: str, sentence: str) -> None:
    found = meaning([spec, "body=Body"], {"X": cell, "Body": "Fails"})
    assert [fault.column for fault in found.faults] == ["X"]
    assert sentence in found.faults[0].message


def test_every_fault_of_a_row_is_told_at_once() -> None:
    found = meaning(["title=T", "occurred_at=W", "channel=C"], {"T": "x", "W": "soon", "C": "fax"})
    assert [fault.column for fault in found.faults] == ["W", "C"]


def test_a_row_that_says_nothing_is_left_out() -> None:
    assert meaning(["title=T", "status=S"], {"T": " ", "S": "Open"}).faults == [
        Fault("", "Has neither a title nor a body: a document has to say something.")
    ]


def test_without_an_id_column_the_row_itself_is_its_id() -> None:
    one, same, other = (meaning(["title=T"], {"T": "x", "U": last}) for last in ("1", "1", "2"))
    assert one.item.incoming.external_id == same.item.incoming.external_id != other.item.incoming.external_id


def test_columns_left_out_can_be_kept_in_the_metadata() -> None:
    assert meaning(["title=T"], {"T": "x", "Extra": "y", "None": ""}, keep_rest=True).item.incoming.metadata == {
        "Extra": "y"
    }


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-02-03", "", datetime(2026, 2, 3, tzinfo=UTC)),
        ("2026-02-03T14:30:00+02:00", "", datetime(2026, 2, 3, 12, 30, tzinfo=UTC)),
        ("2026/02/03 14:30", "", datetime(2026, 2, 3, 14, 30, tzinfo=UTC)),
        ("3/2/2026 2:05 PM", "dmy", datetime(2026, 2, 3, 14, 5, tzinfo=UTC)),
        ("2/3/26", "mdy", datetime(2026, 2, 3, tzinfo=UTC)),
        ("1770129000", "", datetime(2026, 2, 3, 14, 30, tzinfo=UTC)),
        ("1770129000000", "", datetime(2026, 2, 3, 14, 30, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_times_are_understood_as_people_and_systems_write_them(text: str, order: str, expected: datetime) -> None:
    assert moment_of(text, order) == expected


def test_scores_are_read_with_either_decimal_mark() -> None:
    assert (score_of("3.0", "csat"), score_of("4,5", "csat")) == (Decimal("3"), Decimal("4.5"))
    with pytest.raises(Wrong):
        score_of("1,000.5.5", "other")
