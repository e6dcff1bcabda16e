"""Django's `{% url %}`, for every template: where its arguments are all literals, its address is looked up once."""

from typing import Any

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.utils.html import conditional_escape

from core.addresses import fixed

register = template.Library()


@register.tag
def url(parser: Parser, token: Token) -> URLNode:
    node = django_url(parser, token)
    words = [node.view_name, *node.args]
    if node.kwargs or not all(isinstance(word.var, str) and not word.filters for word in words):
        return node
    return FixedURLNode(node.view_name, node.args, node.kwargs, node.asvar)


class FixedURLNode(URLNode):
    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.words = [str(word.var) for word in (self.view_name, *self.args)]

    def render(self, context: Context) -> str:
        found = fixed(*self.words)
        if self.asvar:
            context[self.asvar] = found
            return ""
        return conditional_escape(found) if context.autoescape else found
