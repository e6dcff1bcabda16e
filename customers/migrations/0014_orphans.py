from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("customers", "0013_bulk_delete")]

    operations = [
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                models.F("created_at"),
                models.F("id"),
                condition=models.Q(("feedback_count", 0), ("origin", "document"), ("state", "active")),
                name="customers_orphans",
            ),
        ),
    ]
