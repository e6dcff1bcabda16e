"""Form fields as every form shows them: label, hint, error above the input (GOV.UK's pattern)."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class LongSelect(forms.Select):
    """A select of hundreds of options: Django renders a template for each of them, 100 ms for all time zones."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = str(value) if value is not None else ""
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, SafeString(" selected") if str(key) == chosen else "", label) for key, label in self.choices),
        )
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>{}</select>', name, attributes, options)


CHOICES = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def render(
    bound: BoundField, *, label: str = "", hint: str = "", optional: bool | None = None, **attrs: Any
) -> SafeString:
    """The field with everything around it. Further `attrs` go to the input, underscores as hyphens: `hx_get="…"`."""
    bound.form.use_required_attribute = False  # the server says what is missing, in its own words
    widget = bound.field.widget
    hint = hint or str(bound.help_text or "")
    identity = bound.id_for_label or bound.auto_id or bound.html_name
    about = [f"{identity}-hint"] * bool(hint) + [f"{identity}-error"] * bool(bound.errors)
    extra = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
    choices = isinstance(widget, CHOICES)
    check = isinstance(widget, forms.CheckboxInput)
    if not (choices or check):
        own = [str(widget.attrs.get("class", "")), str(extra.pop("class", ""))]
        extra["class"] = " ".join(["input", *(name for name in own if name)])
    if about:
        extra["aria-describedby"] = " ".join(about)
    if bound.errors:
        extra["aria-invalid"] = "true"
    if optional is None:
        optional = not (bound.field.required or check or choices)
    return render_to_string(
        "components/field.html",
        {
            "input": bound.as_widget(attrs=extra),
            "choices": [_choice(option) for option in bound.subwidgets] if choices else [],
            "check": check,
            "hidden": bound.is_hidden,
            "id": identity,
            "name": bound.html_name,
            "label": label or bound.label,
            "optional": optional,
            "hint": hint,
            "errors": bound.errors,
            "about": " ".join(about),
        },
    )


def _choice(option: Any) -> dict[str, Any]:
    return {"tag": option.tag(), "label": option.choice_label, "id": option.id_for_label}


def summary(form: forms.BaseForm | None, title: str) -> SafeString:
    """The list of all errors, or nothing. Each says what its field says, and leads to it unless it has a link."""
    if form is None or not form.is_bound or not form.errors:
        return SafeString()
    entries = [{"text": text, "id": ""} for text in form.non_field_errors()]
    for bound in form:
        entries += [{"text": text, "id": "" if _has_link(text) else _first_input(bound)} for text in bound.errors]
    return render_to_string("components/errors.html", {"title": title, "entries": entries})


def _has_link(text: object) -> bool:
    """Whether an error leads somewhere by itself: a link within a link is none."""
    return isinstance(text, SafeString) and "<a " in text


def _first_input(bound: BoundField) -> str:
    """The id of the input that an error's link should focus; "" for one that nobody sees."""
    if bound.is_hidden:
        return ""
    if isinstance(bound.field.widget, CHOICES):
        return f"{bound.auto_id}_0"
    return bound.id_for_label
