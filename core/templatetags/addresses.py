"""Django's `{% url %}` for every template, by the patterns of `core.addresses`."""

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape

from core.addresses import fixed

register = template.Library()


@register.tag
def url(parser: Parser, token: Token) -> URLNode:
    node = django_url(parser, token)
    return node if node.kwargs else PatternURLNode(node.view_name, node.args, node.kwargs, node.asvar)


class PatternURLNode(URLNode):
    def render(self, context: Context) -> str:
        try:
            found = fixed(self.view_name.resolve(context), *(arg.resolve(context) for arg in self.args))
        except NoReverseMatch:
            return super().render(context)  # which knows the namespace of the request, and when to be silent
        if self.asvar:
            context[self.asvar] = found
            return ""
        return conditional_escape(found) if context.autoescape else found
