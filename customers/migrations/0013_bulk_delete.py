from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0012_suppression")]

    operations = [
        migrations.RemoveConstraint(model_name="bulkedit", name="customers_bulkedit_action_known"),
        migrations.AlterField(
            model_name="bulkedit",
            name="action",
            field=models.CharField(
                choices=[
                    ("add_tag", "Add tag"),
                    ("remove_tag", "Remove tag"),
                    ("delete", "Delete"),
                    ("restore", "Restore"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="bulkedit", name="tag_name", field=models.CharField(blank=True, max_length=60)
        ),
        migrations.AddConstraint(
            model_name="bulkedit",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ["add_tag", "remove_tag", "delete", "restore"])),
                name="customers_bulkedit_action_known",
            ),
        ),
    ]
