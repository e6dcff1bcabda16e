"""What people fill in to import a file: the file, then what its columns mean."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.forms import BoundField

from core.text import fold
from engagement.models import Survey
from feedback.models import Document
from integrations.importing.guessing import key_of
from integrations.importing.kinds import checked, kind_of
from integrations.importing.kinds.ticket_words import CHANNELS
from integrations.importing.mapping import DATE_ORDERS, PROPERTIES, MappingProblem, Plan, Use
from integrations.importing.reading import Layout
from integrations.models import Import
from properties.models import Definition

WORDS_LIMIT = 60
_TYPED = {"property": "type", "p": "type", "survey": "kind"}


class UploadForm(forms.Form):
    """The file; what is wrong inside it is found when it is kept."""

    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,
        max_length=300,
        help_text="Separated by commas, semicolons, tabs or bars; in UTF-8 or UTF-16. The first row names the columns.",
        error_messages={"required": "Choose a file.", "max_length": "The file's name is too long."},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    kind = forms.ChoiceField(
        label="What its rows are", choices=[("", "Find out from the columns"), *Import.Kind.choices], required=False
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One column of the file on the page, with its fields."""

    number: int
    column: str
    samples: list[str]
    target: BoundField
    name: BoundField
    type: BoundField
    kind: BoundField
    order: BoundField
    words: list[tuple[str, BoundField]]
    errors: list[str]


class MapForm(forms.Form):
    """What each column of a file is for."""

    source = forms.CharField(
        label="Source", max_length=120,
        help_text="Rows are recognised by their ID within this source. Import the same file under the same name.",
        error_messages={"required": "Give the source a name."},
    )  # fmt: skip
    channel = forms.ChoiceField(label="Channel of rows without one", choices=Document.Channel.choices)
    keep_rest = forms.BooleanField(label="Keep the columns left out in the document's metadata", required=False)
    save_as = forms.CharField(
        label="Save this mapping as", max_length=120, required=False, help_text="To use it for the next file like this."
    )

    def __init__(self, data: Any = None, *, layout: Layout, plan: Plan) -> None:
        initial = {"source": plan.source, "channel": plan.channel, "keep_rest": plan.keep_rest}
        super().__init__(data, initial=initial, prefix=None)
        self.layout, self.plan, self.kind = layout, plan, kind_of(plan)
        if plan.kind != Import.Kind.DOCUMENTS:
            del self.fields["channel"], self.fields["keep_rest"]
        self.shown = list(_uses(layout, plan))
        self.words: dict[int, list[str]] = {}
        for number, use in enumerate(self.shown):
            self._add_line(number, use)

    def _add_line(self, number: int, use: Use) -> None:
        def choice(name: str, label: str, choices: Any, value: str) -> None:
            self.fields[f"{name}-{number}"] = forms.ChoiceField(
                label=f"{label} of {use.column}", choices=choices, required=False, initial=value
            )

        choice("target", "Use", [("", "Leave out"), *self.kind.targets().items()], use.target)
        self.fields[f"name-{number}"] = forms.CharField(
            label=f"Name for {use.column}", max_length=100, required=False, initial=use.name or key_of(use.column)
        )
        is_property, is_survey = use.target in PROPERTIES, use.target == "survey"
        choice("type", "Type", Definition.Type.choices, use.type if is_property and use.type else Definition.Type.TEXT)
        choice("kind", "Kind of score", Survey.Kind.choices, use.type if is_survey and use.type else Survey.Kind.OTHER)
        choice("order", "Order of dates", list(DATE_ORDERS.items()), use.type if use.target in self.kind.dated else "")
        words = self.layout.distinct.get(use.column, []) if use.target == "channel" else []
        self.words[number] = words[:WORDS_LIMIT]
        for place, word in enumerate(self.words[number]):
            known = self.plan.channel_values.get(word) or CHANNELS.get(fold(word), "")
            self.fields[f"word-{number}-{place}"] = forms.ChoiceField(
                label=f"Channel for {word}", required=False, initial=known,
                choices=[("", "Leave these rows out"), *Document.Channel.choices],
            )  # fmt: skip

    def lines(self) -> Iterator[Line]:
        for number, use in enumerate(self.shown):
            fields = {name: self[f"{name}-{number}"] for name in ("target", "name", "type", "kind", "order")}
            words = [(word, self[f"word-{number}-{place}"]) for place, word in enumerate(self.words[number])]
            errors = [str(text) for bound in fields.values() for text in bound.errors]
            samples = list(dict.fromkeys(self.layout.samples.get(use.column, [])))[:3]
            yield Line(number, use.column, samples, **fields, words=words, errors=errors)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        uses: list[Use] = []
        numbers: list[int] = []
        values = dict(self.plan.channel_values)
        for number, shown in enumerate(self.shown):
            target = cleaned.get(f"target-{number}", "")
            for place, word in enumerate(self.words[number]):
                chosen = cleaned.get(f"word-{number}-{place}", "")
                values.pop(word, None)
                if chosen:
                    values[word] = chosen
            if not target:
                continue
            name = cleaned.get(f"name-{number}", "") if target in self.kind.named else ""
            by = "order" if target in self.kind.dated else _TYPED.get(target)
            uses.append(Use(shown.column, target, name, cleaned.get(f"{by}-{number}", "") if by else ""))
            numbers.append(number)
        plan = Plan(
            uses, cleaned.get("channel", Document.Channel.IMPORT), values, cleaned.get("keep_rest", False),
            cleaned.get("source", ""), self.plan.kind,
        )  # fmt: skip
        try:
            checked(plan)
        except MappingProblem as problem:
            for at, text in problem.problems:
                if at is None:
                    self.add_error(None, text)
                else:
                    self.add_error(f"target-{numbers[at]}", text)
        self.chosen = plan
        return cleaned


def with_source(plan: Plan, source: str) -> Plan:
    return replace(plan, source=plan.source or source)


def _uses(layout: Layout, plan: Plan) -> Iterator[Use]:
    """A use for every column of the file, in its order; several where the mapping has several."""
    for column in layout.columns:
        mine = [use for use in plan.uses if use.column == column]
        yield from mine or [Use(column, "")]
