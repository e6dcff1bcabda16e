from django.db import migrations

from accounts.triggers import FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_teams"), ("staff", "0004_portal_and_impersonation")]

    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
