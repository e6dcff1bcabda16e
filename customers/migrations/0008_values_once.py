from django.db import migrations

from customers.triggers import FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_cheaper_triggers")]

    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
