"""How changes of keys and imports read."""

from typing import Any

from audit.history import Named, Wording, address, names, verbs, words
from integrations.models import ApiKey, Delivery, Import, ImportMapping, Integration


def load_keys(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = ApiKey.objects.filter(pk__in=ids).select_related("source")
    places = dict(Integration.objects.filter(source__in=[key.source_id for key in found]).values_list("source", "pk"))
    return {key.pk: Named(f"“{key}”", address("integrations:detail", places.get(key.source_id, 0))) for key in found}


def load_imports(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Import.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: Named(name, f"{address('imports:list')}{pk}/") for pk, name in found}


def load_integrations(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Integration.objects.filter(pk__in=ids).select_related("source")
    return {one.pk: Named(f"“{one}”", address("integrations:detail", one.pk)) for one in found}


def load_deliveries(ids: set[int], viewer: Any) -> dict[int, Named]:
    found = Delivery.objects.filter(pk__in=ids)
    return {one.pk: Named(one.reference, address("integrations:delivery", one.pk)) for one in found}


def load_mappings(ids: set[int], viewer: Any) -> dict[int, Named]:
    return {pk: Named(name) for pk, name in ImportMapping.objects.filter(pk__in=ids).values_list("pk", "name")}


words("integrations_importmapping", Wording(thing="mapping", kind="importmapping", labels={"plan": "Columns"}))
names("import", load_imports)
names("importmapping", load_mappings)
verbs(
    {
        "users.synced": "synced users of", "accounts.synced": "synced accounts of",
        "import.uploaded": "uploaded", "import.mapped": "mapped the columns of", "import.started": "started importing",
        "import.batch": "imported rows of", "import.finished": "finished importing", "import.cancelled": "cancelled",
        "import.continued": "continued", "import.discarded": "removed", "import.file_deleted": "deleted the file of",
        "import.previewed": "tried", "mapping.saved": "saved the mapping",
    }
)  # fmt: skip
words("integrations_integration", Wording(thing="integration", kind="integration", refers={"source_id": "source"}))
names("integration", load_integrations)
names("delivery", load_deliveries)
words("integrations_apikey", Wording(thing="key", kind="apikey", refers={"source_id": "source"}))
names("apikey", load_keys)
verbs(
    {
        "key.issued": "made the key", "key.revoked": "revoked the key", "key.rotated": "rotated the key",
        "key.limited": "changed the limits of the key", "key.renamed": "renamed the key",
        "integration.renamed": "renamed the integration", "integration.closed": "closed the integration",
        "integration.reopened": "reopened the integration", "integration.mapped": "changed the fields of",
        "integration.origins_changed": "changed the sites that may embed",
        "integration.site_key_issued": "made a site key for", "integration.site_key_removed": "removed the site key of",
        "integration.inbox_issued": "made an inbound address for",
        "integration.inbox_removed": "removed the inbound address of",
        "delivery.replayed": "replayed records of the delivery", "replay.started": "replayed what had failed of",
        "replay.cancelled": "stopped a replay of",
    }
)  # fmt: skip
verbs({"demo.seeded": "made the demo data", "demo.logins_made": "made the demo logins"})
verbs({"tracking.received": "took in calls of", "census.synced": "took in a sync of"})
verbs(
    {
        "integration.signing_issued": "made a secret for signed feedback of",
        "integration.signing_removed": "removed the secret for signed feedback of",
    }
)
