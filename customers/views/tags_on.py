"""The tags on a customer: added, made on the way if need be, taken off (2.8)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.actor import Actor
from core import htmx
from core.text import fold, problem, tidy
from customers.forms import TAG_LIMIT, TagForm
from customers.models import Tag
from customers.tagging import add_tag, remove_tag
from customers.views.profile import Opened, customer_for, done, show
from staff.permissions import requires

PART = "customer-header"
SUGGESTED = 8


@requires("customers.view", "customers.edit", "tags.create")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    customer = customer_for(request, pk)
    if request.method == "GET":
        return show(request, customer, opened=Opened("tag", TagForm()))
    form = TagForm(request.POST)
    if not form.is_valid():
        return show(request, customer, opened=Opened("tag", form), status=422)
    tagged = add_tag([customer.pk], form.cleaned_data["name"], actor=Actor.of_staff(request.user))
    told = f"Tag {tagged.tag.name} {'added' if tagged.number else 'was there already'}"
    return done(request, customer, told, part=PART, focus="add-tag")


@requires("customers.view", "customers.edit", "tags.create")
@require_GET
def suggestions(request: HttpRequest, pk: int) -> HttpResponse:
    """The tags whose name holds what is typed, those that begin with it first."""
    customer = customer_for(request, pk)
    typed = tidy(request.GET.get("name", "")[: TAG_LIMIT + 1])
    typed = "" if problem(typed, limit=TAG_LIMIT) else typed
    folded = fold(typed)
    tags = Tag.objects.exclude(pk__in=customer.tag_ids).filter(folded__contains=folded).order_by("folded")
    found = sorted(tags[:200], key=lambda tag: (not tag.folded.startswith(folded), tag.folded))[:SUGGESTED]
    is_new = bool(folded) and not Tag.objects.filter(folded=folded).exists()
    context = {"tags": found, "typed": typed, "is_new": is_new}
    return htmx.page(request, "customers/tag_suggestions.html", context)


@requires("customers.view", "customers.edit")
@require_POST
def remove(request: HttpRequest, pk: int, tag_id: int) -> HttpResponse:
    customer = customer_for(request, pk)
    tag = get_object_or_404(Tag, pk=tag_id)
    remove_tag([customer.pk], tag, actor=Actor.of_staff(request.user))
    undo_url = reverse("customers:restore_tag", args=[pk, tag_id])
    return done(request, customer, f"Tag {tag.name} removed", part=PART, focus="add-tag", undo_url=undo_url)


@requires("customers.view", "customers.edit")
@require_POST
def restore(request: HttpRequest, pk: int, tag_id: int) -> HttpResponse:
    """Undoes `remove`."""
    customer = customer_for(request, pk)
    tag = get_object_or_404(Tag, pk=tag_id)
    add_tag([customer.pk], tag.name, actor=Actor.of_staff(request.user))
    return done(request, customer, f"Tag {tag.name} is back", part=PART)
