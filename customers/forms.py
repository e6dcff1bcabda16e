"""What staff type about a customer: the new customer, names, contact details, property values, notes, tags."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.models import Account
from core.text import fold, problem, tidy
from customers import noting
from customers.creating import clean_name
from customers.identifying import Identity, identity
from customers.models import Identifier
from customers.models.customer import NAME_LIMIT
from properties.models import KEY, Definition
from properties.values import VALUES_LIMIT, as_input, cast_all
from staff.permissions import teams_of

TAG_LIMIT = 60
ROWS_LIMIT = 20
EXAMPLES = {
    "number": "A number, such as 12 or 12.5",
    "date": "A date, such as 2026-02-03",
    "url": "A web address that begins with http:// or https://",
}
MODES = {"number": "decimal", "url": "url"}  # the keyboard that a phone shows
KIND_EXAMPLES = {"email": "name@company.com", "phone": "+34 600 111 222", "handle": "twitter:ana"}


class Name(forms.CharField):
    """A customer's name, in any script."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"})
        super().__init__(**{"label": "Name", "required": False, "widget": widget, **options})

    def clean(self, value: Any) -> str:
        return clean_name(str(value or ""))


class Contact(forms.CharField):
    """An identifier of one kind; its clean value is an Identity, or None when it is blank."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        inputmode = {"email": "email", "phone": "tel"}.get(kind, "text")
        widget = forms.TextInput(attrs={"inputmode": inputmode, "autocomplete": "off", "spellcheck": "false"})
        super().__init__(**{"widget": widget, "strip": True, **options})

    def clean(self, value: Any) -> Identity | None:
        text = str(value or "").strip()
        if not text:
            if self.required:
                raise ValidationError("Type it first.", code="required")
            return None
        return identity(self.kind, text)


class ValuesInput(forms.TextInput):
    """One input for each value and one more; Enter saves, as in any other field."""

    template_name = "forms/values.html"

    def __init__(self, type_: str = Definition.Type.TEXT, *, spare: int = 1) -> None:
        super().__init__()
        self.type_, self.spare = type_, spare

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if isinstance(data, QueryDict) else list(data.get(name, []))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        filled = [text for text in value or [] if text.strip()]
        inputs = [*filled, *[""] * (self.spare if filled else max(self.spare, 1))]
        whole_days = all(len(text) == 10 for text in filled)
        context["widget"] |= {
            "inputs": inputs,
            "type": "date" if self.type_ == Definition.Type.DATE and whole_days else "text",
            "inputmode": MODES.get(self.type_, ""),
        }
        return context


class Values(forms.Field):
    """Values of one property as typed, blanks left out; a value a line where a line break was pasted."""

    widget = ValuesInput

    def clean(self, value: Any) -> list[str]:
        return [line for text in value or [] for line in str(text).splitlines() if line.strip()]


class ValuesForm(forms.Form):
    """The values of one property. `was` is what the form showed, so that a change meanwhile is noticed."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, definition: Definition, *args: Any, spare: int = 1, **options: Any) -> None:
        super().__init__(*args, **options)
        self.definition = definition
        self.fields["values"] = _field_of(definition, spare)

    def clean_values(self) -> list[str]:
        raws: list[str] = self.cleaned_data["values"]
        cast_all(self.definition, raws)
        return raws


class NewPropertyForm(forms.Form):
    """A property that the customer does not have yet. The type counts only for a key that nobody has."""

    key = forms.CharField(
        label="Property",
        help_text="A property you have, or a new key: letters, digits, _ and .",
        error_messages={"required": "Type a property, such as plan or company.size."},
        widget=forms.TextInput(attrs={"list": "property-keys", "autocomplete": "off", "spellcheck": "false"}),
    )
    type = forms.ChoiceField(
        label="Type", choices=Definition.Type.choices, required=False, help_text="Used when the key is new."
    )
    values = Values(label="Value", widget=ValuesInput)

    def __init__(self, *args: Any, subject: str = Definition.Subject.CUSTOMER, spare: int = 1, **options: Any) -> None:
        super().__init__(*args, **options)
        self.subject = subject
        self.definition: Definition | None = None
        self.fields["values"].widget.spare = spare

    def clean_key(self) -> str:
        key = self.cleaned_data["key"]
        by_label = Definition.objects.filter(subject=self.subject, label__iexact=key).first() if _sane(key) else None
        key = by_label.key if by_label and not KEY.fullmatch(key) else key
        return Definition.objects.expected(key, subject=self.subject).key

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        data["type"] = data.get("type") or Definition.Type.TEXT
        if "key" in data and "values" in data:
            self.definition = Definition.objects.expected(data["key"], subject=self.subject, type_=data["type"])
            try:
                if not cast_all(self.definition, data["values"]):
                    raise ValidationError("Type a value.", code="required")
            except ValidationError as error:
                self.add_error("values", error)
        return data


class NameForm(forms.Form):
    name = Name(max_length=NAME_LIMIT)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)


class IdentifierForm(forms.Form):
    """A contact detail to add; with `kind` given, one to correct."""

    kind = forms.ChoiceField(label="Kind", choices=Identifier.Kind.choices)
    value = forms.CharField(
        label="Contact detail",
        error_messages={"required": "Type the contact detail first."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.fixed_kind = kind
        if kind:
            del self.fields["kind"]
            self.fields["value"].label = Identifier.Kind(kind).label
            self.fields["value"].help_text = f"Such as {KIND_EXAMPLES[kind]}" if kind in KIND_EXAMPLES else ""

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        kind = self.fixed_kind or data.get("kind")
        if kind and data.get("value"):
            try:
                identity(kind, data["value"])
            except ValidationError as error:
                self.add_error("value", error)
        return data


class NoteForm(forms.Form):
    body = forms.CharField(
        label="Note", required=False, strip=False, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"})
    )

    def clean_body(self) -> str:
        return noting.clean_body(self.cleaned_data["body"])


class TagForm(forms.Form):
    name = forms.CharField(label="Tag", required=False)

    def clean_name(self) -> str:
        name = tidy(self.cleaned_data["name"])
        fault = problem(name, limit=TAG_LIMIT) or (None if fold(name) else "Type the tag’s name.")
        if fault:
            raise ValidationError(fault, code="invalid_name")
        if len(fold(name)) > TAG_LIMIT:  # one character may fold to several
            raise ValidationError("Type a shorter name.", code="too_long")
        return name


class AccountForm(forms.Form):
    """The account picked from the list; its name as typed is enough when only one has it."""

    account = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label="Account", required=False)

    def __init__(self, *args: Any, viewer: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.viewer = viewer

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        data["found"] = account_named(data.get("name", ""), data.get("account", ""), self.viewer)
        if data.get("name", "").strip() and data["found"] is None:
            self.add_error("name", "No account has this name. Choose one from the list.")
        elif not data.get("name", "").strip():
            self.add_error("name", "Type the account’s name and choose it from the list.")
        return data


class CustomerForm(forms.Form):
    """A new customer: at least a name, an email or a phone (2.5). `rows` are further properties."""

    email = Contact("email", label="Email", required=False)
    name = Name(max_length=NAME_LIMIT)
    phone = Contact("phone", label="Phone", required=False)
    company = forms.CharField(
        label="Company", required=False, help_text="An account you have, or just the company’s name.",
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )  # fmt: skip
    account = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, viewer: Any, **options: Any) -> None:
        super().__init__(data, **options)
        self.viewer = viewer
        self.rows = _rows_of(data)

    def more_rows(self) -> None:
        """One more line for a property, as 'Another property' asks."""
        if len(self.rows) < ROWS_LIMIT:
            self.rows.append(_row())

    def clean_company(self) -> str:
        company = tidy(self.cleaned_data["company"])
        if fault := problem(company, limit=NAME_LIMIT):
            raise ValidationError(fault, code="too_long")
        return company

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        data["found"] = account_named(data.get("company", ""), data.get("account", ""), self.viewer)
        if teams_of(self.viewer) is not None and not data["found"]:
            self.add_error("company", "Choose an account that you may see: otherwise you would not see the customer.")
        if not self.errors and not (data["email"] or data["name"] or data["phone"]):
            self.add_error("email", "Type an email, a name or a phone number: one of them is needed.")
        self._clean_rows()
        return data

    def refuse(self, errors: dict[str, list[str]]) -> None:
        """Puts what a command said about properties beside them."""
        for key, messages in errors.items():
            row = next((row for row in self.rows if row["key"].lower() == key.lower()), None)
            if row:
                row["error"] = " ".join(messages)
            self.add_error("company" if key == "company.name" and not row else None, messages)

    @property
    def properties(self) -> dict[str, list[str]]:
        """Raw values by key, those of a key typed twice together."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            if row["key"]:
                found.setdefault(row["key"], []).extend(row["value"].splitlines())
        if self.cleaned_data["company"] and not self.cleaned_data["found"]:
            found.setdefault("company.name", [self.cleaned_data["company"]])
        return found

    @property
    def types(self) -> dict[str, str]:
        return {row["key"]: row["type"] for row in self.rows if row["key"]}

    @property
    def identities(self) -> list[Identity]:
        return [one for one in (self.cleaned_data["email"], self.cleaned_data["phone"]) if one]

    def _clean_rows(self) -> None:
        for row in self.rows:
            row["error"] = _fault_of(row)
            if row["error"]:
                self.add_error(None, f"{row['key'] or 'Property'}: {row['error']}")


def account_named(name: str, picked: str, viewer: Any) -> Account | None:
    """The account picked from the list, while its name still stands in the field; else the only one with that name."""
    if not (_sane(name) and name.strip()):
        return None
    visible = Account.objects.visible_to(viewer).active().filter(sort_name=fold(name)[:300])
    if picked.isascii() and picked.isdigit() and len(picked) < 19:
        found = visible.filter(pk=int(picked)).first()
        if found:
            return found
    several = list(visible[:2])
    return several[0] if len(several) == 1 else None


def initial_values(values: Sequence[object]) -> list[str]:
    return [as_input(value) for value in values]


def _field_of(definition: Definition, spare: int) -> forms.Field:
    label, hint = definition.label, EXAMPLES.get(definition.type, "")
    if definition.type == Definition.Type.BOOLEAN:
        choices = [("", "–"), ("yes", "Yes"), ("no", "No")]
        return Values(label=label, required=False, widget=_OneOf(choices=choices))
    if definition.type == Definition.Type.CHOICE and definition.choices:
        choices = [(str(choice), str(choice)) for choice in definition.choices]
        return Values(label=label, required=False, widget=forms.CheckboxSelectMultiple(choices=choices))
    return Values(label=label, required=False, help_text=hint, widget=ValuesInput(definition.type, spare=spare))


class _OneOf(forms.Select):
    """A select whose value is a list of one, like that of every other property."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return (data.getlist(name) if isinstance(data, QueryDict) else data.get(name, []))[:1]

    def format_value(self, value: Any) -> list[str]:
        return [str(one) for one in value or [""]][:1]


def _rows_of(data: QueryDict | None) -> list[dict[str, str]]:
    if data is None:
        return [_row()]
    columns = (data.getlist("property_key"), data.getlist("property_type"), data.getlist("property_value"))
    rows = [_row(key, type_, value) for key, type_, value in zip(*columns, strict=False)]
    return rows[:ROWS_LIMIT] or [_row()]


def _row(key: str = "", type_: str = "", value: str = "") -> dict[str, str]:
    return {"key": key.strip(), "type": type_ or Definition.Type.TEXT, "value": value, "error": ""}


def _fault_of(row: dict[str, str]) -> str:
    if not row["key"]:
        return "Type the property’s key." if row["value"].strip() else ""
    if row["type"] not in Definition.Type.values:
        return "Choose a type."
    try:
        definition = Definition.objects.expected(row["key"], type_=row["type"])
        cast_all(definition, row["value"].splitlines()[: VALUES_LIMIT + 1])
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _sane(text: str) -> bool:
    return problem(text, limit=NAME_LIMIT) is None
