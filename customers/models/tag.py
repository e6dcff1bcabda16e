from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from core.text import fold
from core.triggers import audited
from customers.triggers import keep_tag_ids

HUES = range(1, 9)


class TagManager(models.Manager["Tag"]):
    def named(self, name: str) -> "Tag":
        """The tag with this name in any letter case, made when there is none (2.8)."""
        folded = fold(name)
        tag, _ = self.get_or_create(folded=folded, defaults={"name": name, "hue": hue_of(folded)})
        return tag


class Tag(models.Model):
    """A label that staff put on customers and documents."""

    name = models.CharField(max_length=60)
    folded = models.CharField(max_length=60, unique=True, db_collation="C", editable=False)
    hue = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(8)])
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TagManager()

    class Meta:
        ordering = ("folded",)
        constraints = [
            models.CheckConstraint(condition=models.Q(hue__gte=1, hue__lte=8), name="customers_tag_hue_of_palette"),
            models.CheckConstraint(condition=~models.Q(folded=""), name="customers_tag_not_empty"),
        ]
        triggers = audited(hidden=("folded",))

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.folded = fold(self.name)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


def hue_of(folded: str) -> int:
    """The colour that a new tag gets, the same for the same name."""
    return HUES[sum(folded.encode()) % len(HUES)]


class CustomerTag(models.Model):
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="customer_tags", db_index=False
    )
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="customer_tags")

    class Meta:
        constraints = [models.UniqueConstraint("customer", "tag", name="customers_customertag_once")]
        triggers = [*keep_tag_ids("customer", "customers_customer"), *audited(customer="customer_id")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.customer_id}"
