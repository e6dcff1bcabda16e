"""Small casts for tests. What triggers keep (search text, counts, tags) is there as it would be in life."""

from datetime import UTC
from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import Account
from customers.creating import search_text_of
from customers.identifying import identity
from customers.models import Customer, CustomerTag, Identifier, Membership, Tag
from feedback.models import Document
from properties.models import Definition
from staff.models import User


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"staff{n}@roster.example")
    name = "Mina Okafor"
    role = "support"


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Account {n}")


class TagFactory(DjangoModelFactory):
    class Meta:
        model = Tag
        django_get_or_create = ("name",)

    name = factory.Sequence(lambda n: f"tag {n}")


class DefinitionFactory(DjangoModelFactory):
    class Meta:
        model = Definition

    key = factory.Sequence(lambda n: f"property_{n}")
    label = factory.LazyAttribute(lambda one: one.key.capitalize())


class CustomerFactory(DjangoModelFactory):
    """`email`, `phone`, `user_id`, `handle`: one or a list of each; `tags`: names; `account`: the primary one."""

    class Meta:
        model = Customer
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Customer {n}")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **values: Any) -> Customer:
        given = {kind: values.pop(kind, None) for kind in ("email", "phone", "user_id", "handle")}
        tags, account, times = values.pop("tags", []), values.pop("account", None), {}
        for kept in ("first_seen_at", "last_seen_at", "feedback_count", "channels", "source_ids"):
            if kept in values:
                times[kept] = values.pop(kept)
        identities = {
            kind: [identity(kind, value) for value in (found if isinstance(found, list) else [found])]
            for kind, found in given.items()
            if found
        }
        every = [one for found in identities.values() for one in found]
        values["search_text"] = search_text_of(values["name"], every)
        customer = super()._create(model_class, *args, **values)
        Identifier.objects.bulk_create(
            Identifier(
                customer=customer, kind=kind, value=one.value, normalized=one.normalized, digest=one.digest,
                primary=place == 0 and kind in Identifier.RANKED,
            )
            for kind, found in identities.items()
            for place, one in enumerate(found)
        )  # fmt: skip
        for name in tags:
            CustomerTag.objects.create(customer=customer, tag=Tag.objects.named(name))
        if account:
            Membership.objects.create(customer=customer, account=account, primary=True)
        if times:
            Customer.objects.filter(pk=customer.pk).update(**times)
        customer.refresh_from_db()
        return customer


class DocumentFactory(DjangoModelFactory):
    class Meta:
        model = Document

    title = "The export stops"
    channel = "email"
    occurred_at = factory.Faker("date_time_this_year", tzinfo=UTC)
    customer = None
    link = factory.LazyAttribute(lambda one: "staff" if one.customer else "none")
