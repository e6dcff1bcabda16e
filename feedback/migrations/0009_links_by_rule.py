from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """Looks at every document once, while others read and write them."""

    dependencies = [("feedback", "0008_link_rules")]

    operations = [ValidateConstraint(model_name="document", name="feedback_document_link_agrees")]
