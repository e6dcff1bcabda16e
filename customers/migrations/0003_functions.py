from django.db import migrations

from customers.triggers import FUNCTIONS, tag_ids_function


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS),
        migrations.RunSQL(tag_ids_function("customer", "customers_customer", "customers_customertag")),
    ]
