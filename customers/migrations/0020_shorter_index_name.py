from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0019_members_of_accounts")]

    operations = [
        migrations.RenameIndex(
            model_name="membership",
            old_name="customers_membership_of_account",
            new_name="customers_members_by_account",
        )
    ]
