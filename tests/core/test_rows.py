"""`{% rows %}` gives what `{% for %}` would, only faster."""

from types import SimpleNamespace

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils.safestring import mark_safe

BLOCK = '<tr>{% if picking %}<td>{{ id }}</td>{% else %}-{% endif %}<th title="100%">{{ name }}</th>{{ unit }}</tr>'
ROWS = [(1, "Ana <b>", "x"), (2, mark_safe("<i>Bo</i>"), "y"), (3, None, "z")]


@pytest.mark.parametrize("picking", [True, False])
def test_rows_of_parts_are_what_a_loop_would_show(picking: bool) -> None:
    context = Context({"rows": ROWS, "picking": picking, "unit": "<u>"})
    fast = Template("{% load rows %}{% rows rows as id name other %}" + BLOCK + "{% endrows %}").render(context)
    context["rows"] = [(pk, "" if name is None else name, other) for pk, name, other in ROWS]
    slow = Template("{% for id, name, other in rows %}" + BLOCK + "{% endfor %}").render(context)
    assert fast == slow
    assert "Ana &lt;b&gt;" in fast
    assert "<i>Bo</i>" in fast


def test_rows_that_are_objects_show_their_attributes_escaped() -> None:
    rows = [SimpleNamespace(title='"><script>', customer=SimpleNamespace(name="Ana"))]
    block = Template("{% load rows %}{% rows rows as row %}{{ row.title }} {{ row.customer.name }}{% endrows %}")
    assert block.render(Context({"rows": rows})) == "&quot;&gt;&lt;script&gt; Ana"


def test_no_rows_show_nothing() -> None:
    assert Template("{% load rows %}{% rows rows as a b %}x{% endrows %}").render(Context({"rows": []})) == ""


def test_a_block_without_names_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="rows LIST as NAME"):
        Template("{% load rows %}{% rows rows %}x{% endrows %}")
