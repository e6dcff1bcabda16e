from django.db import migrations

from feedback.triggers import ADOPTION


class Migration(migrations.Migration):
    dependencies = [("feedback", "0002_functions")]

    operations = [migrations.RunSQL(ADOPTION)]
