from django.db import migrations

from customers.triggers import tag_ids_function
from feedback.triggers import FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("feedback", "0001_initial"), ("customers", "0003_functions")]

    operations = [
        migrations.RunSQL(FUNCTIONS),
        migrations.RunSQL(tag_ids_function("document", "feedback_document", "feedback_documenttag")),
    ]
