"""What cannot come back: counts of what was kept out, and the way to let an identifier in again (6.3)."""

from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from audit.actor import Actor
from core import htmx
from core.paging import Sort, keyset
from customers import suppressing
from customers.models import Identifier, Suppression
from retention.purge_forms import LiftForm
from staff.permissions import requires

NEWEST = Sort("since", "since", descending=True)


@requires("suppressions.manage")
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind, value = form.cleaned_data["kind"], form.cleaned_data["value"]
        try:
            suppressing.lift(kind, value, actor=Actor.of_staff(request.user))
        except ValidationError as error:
            form.add_error("value", error)
        else:
            return htmx.redirect(request, "retention:suppressions", toast="Lifted: the identifier may come back")
    kinds = dict(Identifier.Kind.choices)
    sums = Suppression.objects.values("kind").annotate(
        number=Count("pk"), kept_out=Sum("kept_out"), last=Max("last_kept_out_at")
    )
    context = {
        "form": form,
        "kinds": [(kinds[row["kind"]], row) for row in sums.order_by("kind")],
        "rows": keyset(Suppression.objects.all(), NEWEST, request.GET.get("cursor")),
        "problem": suppressing.intake_problem(),
    }
    return htmx.page(
        request, "retention/suppressions.html", context, partials=("results",), status=422 if form.errors else 200
    )
