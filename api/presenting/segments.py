"""Which segments customers are in, static and dynamic, in two questions whatever the number of either."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from core.lookup import Kept
from customers.models import Customer, Segment, SegmentMember
from customers.segment_filters import meanings, together

DYNAMIC = Kept(lambda: Segment.objects.filter(kind=Segment.Kind.DYNAMIC).values_list("pk", "name", "query"))


def segments_of(ids: Sequence[int], viewer: Any, *, now: datetime) -> dict[int, list[str]]:
    """The names of the segments of each of these customers, static ones first; filters find what `viewer` may see."""
    found: dict[int, list[str]] = defaultdict(list)
    members = SegmentMember.objects.filter(customer__in=ids).order_by("segment__folded")
    for customer_id, name in members.values_list("customer_id", "segment__name"):
        found[customer_id].append(name)
    dynamic = DYNAMIC()
    if dynamic:
        meant = meanings([query for _, _, query in dynamic], Customer.objects.visible_to(viewer))
        this = Customer.objects.filter(pk=OuterRef("pk"))
        asked: dict[str, Any] = {
            f"in_{pk}": Exists(this.filter(together(one.conditions(now), of_one=True)))
            for (pk, _, _), one in zip(dynamic, meant, strict=True) if not one.fault
        }  # fmt: skip
        names = {f"in_{pk}": name for pk, name, _ in dynamic}
        if asked:
            for row in Customer.objects.active().filter(pk__in=ids).values("pk", **asked):
                found[row["pk"]] += [name for key, name in names.items() if row.get(key)]
    return found
