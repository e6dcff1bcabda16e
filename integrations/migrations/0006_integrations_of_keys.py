from django.db import migrations


def make(apps, schema_editor):
    """An integration for every source that a key opens already."""
    Integration = apps.get_model("integrations", "Integration")
    sources = apps.get_model("integrations", "ApiKey").objects.values_list("source", flat=True).distinct()
    Integration.objects.bulk_create(Integration(source_id=source) for source in sources)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_integrations_and_deliveries")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop, elidable=True)]
