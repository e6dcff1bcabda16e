from django.db import migrations

from core.triggers import CHANGED_FUNCTION, ENTRY_FUNCTION


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_initial")]

    operations = [migrations.RunSQL(ENTRY_FUNCTION), migrations.RunSQL(CHANGED_FUNCTION)]
