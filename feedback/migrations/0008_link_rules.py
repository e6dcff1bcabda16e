import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_pages'),
        ('audit', '0008_reading_the_log'),
        ('customers', '0020_shorter_index_name'),
        ('feedback', '0007_bulk_edits'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Linking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('quarantined', 'Set aside after five attempts')], default='queued', max_length=12)),
                ('done', models.BigIntegerField(default=0, verbose_name='units done')),
                ('total', models.BigIntegerField(blank=True, null=True, verbose_name='units in all')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_token', models.UUIDField(editable=False, null=True)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('enqueue_at', models.DateTimeField(editable=False, null=True, verbose_name='not enqueued before')),
                ('enqueued_at', models.DateTimeField(editable=False, null=True)),
                ('started_at', models.DateTimeField(editable=False, null=True)),
                ('finished_at', models.DateTimeField(editable=False, null=True)),
                ('error', models.TextField(blank=True)),
                ('position_at', models.DateTimeField(editable=False, null=True)),
                ('position_id', models.BigIntegerField(editable=False, null=True)),
                ('linked', models.BigIntegerField(default=0, verbose_name='given a customer')),
                ('moved', models.BigIntegerField(default=0, verbose_name='given another customer')),
                ('filed', models.BigIntegerField(default=0, verbose_name='given an account')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='LinkRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(choices=[('customer', 'Customer'), ('account', 'Account')], max_length=8)),
                ('path', models.CharField(max_length=200, verbose_name='field of the document')),
                ('by', models.CharField(choices=[('email', 'Email'), ('phone', 'Phone'), ('user_id', 'User ID'), ('handle', 'Handle'), ('external_id', 'Account ID'), ('property', 'Property')], max_length=12, verbose_name='matched with')),
                ('key', models.CharField(blank=True, max_length=100, verbose_name='property')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('subject', 'id'),
            },
        ),
        migrations.RemoveConstraint(
            model_name='document',
            name='feedback_document_link_agrees',
        ),
        migrations.AlterField(
            model_name='document',
            name='link',
            field=models.CharField(choices=[('none', 'Nobody recognised'), ('matched', "Recognised by the author's details"), ('rule', 'Found by a link rule'), ('staff', 'Chosen by staff'), ('removed', 'Removed by staff')], default='none', max_length=10),
        ),
        AddConstraintNotValid(  # the next migration looks at the rows, without keeping anybody waiting
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('customer__isnull', True), ('link__in', ['none', 'removed'])), models.Q(('customer__isnull', False), ('link__in', ['matched', 'rule', 'staff'])), _connector='OR'), name='feedback_document_link_agrees'),
        ),
        migrations.AddField(
            model_name='linking',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='linking',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='linkings', to='audit.source'),
        ),
        migrations.AddField(
            model_name='linkrule',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='link_rules', to='audit.source'),
        ),
        migrations.AddIndex(
            model_name='linking',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['enqueued_at'], name='linking_due'),
        ),
        migrations.AddConstraint(
            model_name='linking',
            constraint=models.UniqueConstraint(models.F('source'), condition=models.Q(('status__in', ['queued', 'running'])), name='feedback_linking_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='linkrule',
            constraint=models.UniqueConstraint(models.F('source'), models.F('subject'), models.F('path'), models.F('by'), models.F('key'), name='feedback_linkrule_once_a_source'),
        ),
        migrations.AddConstraint(
            model_name='linkrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('by__in', ['email', 'phone', 'user_id', 'handle', 'property']), ('subject', 'customer')), models.Q(('by__in', ['external_id', 'property']), ('subject', 'account')), _connector='OR'), name='feedback_linkrule_by_suits'),
        ),
        migrations.AddConstraint(
            model_name='linkrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('by', 'property'), models.Q(('key', ''), _negated=True)), models.Q(models.Q(('by', 'property'), _negated=True), ('key', '')), _connector='OR'), name='feedback_linkrule_property_named'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='linkrule',
            trigger=pgtrigger.compiler.Trigger(name='audit_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='\nIF coalesce(current_setting(\'roster.audit_rows\', true), \'\') = \'off\' THEN\n    PERFORM audit_current_entry();\n    RETURN NULL;\nEND IF;\nINSERT INTO audit_change (entry_id, "table", row_id, operation, before, after, customer_id, document_id, account_id)\nSELECT (SELECT audit_current_entry()), TG_TABLE_NAME, n.id, lower(TG_OP), NULL, jsonb_build_object(\'id\', n."id", \'source_id\', n."source_id", \'subject\', n."subject", \'path\', n."path", \'by\', n."by", \'key\', n."key", \'created_at\', n."created_at"),\n       NULL, NULL, NULL\nFROM new_rows n;\nRETURN NULL;\n', hash='364b3a83a30bbdf0de4053163af8600d11ef1337', level='STATEMENT', operation='INSERT', pgid='pgtrigger_audit_insert_b052a', referencing='REFERENCING NEW TABLE AS new_rows ', table='feedback_linkrule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='linkrule',
            trigger=pgtrigger.compiler.Trigger(name='audit_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='\nIF coalesce(current_setting(\'roster.audit_rows\', true), \'\') = \'off\' THEN\n    PERFORM audit_current_entry();\n    RETURN NULL;\nEND IF;\nINSERT INTO audit_change (entry_id, "table", row_id, operation, before, after, customer_id, document_id, account_id)\nSELECT (SELECT audit_current_entry()), TG_TABLE_NAME, coalesce(n.id, o.id), lower(TG_OP), audit_changed(jsonb_build_object(\'id\', o."id", \'source_id\', o."source_id", \'subject\', o."subject", \'path\', o."path", \'by\', o."by", \'key\', o."key", \'created_at\', o."created_at"), jsonb_build_object(\'id\', n."id", \'source_id\', n."source_id", \'subject\', n."subject", \'path\', n."path", \'by\', n."by", \'key\', n."key", \'created_at\', n."created_at")), audit_changed(jsonb_build_object(\'id\', n."id", \'source_id\', n."source_id", \'subject\', n."subject", \'path\', n."path", \'by\', n."by", \'key\', n."key", \'created_at\', n."created_at"), jsonb_build_object(\'id\', o."id", \'source_id\', o."source_id", \'subject\', o."subject", \'path\', o."path", \'by\', o."by", \'key\', o."key", \'created_at\', o."created_at")),\n       NULL, NULL, NULL\nFROM new_rows n FULL JOIN old_rows o ON o.id = n.id WHERE ROW(o."id", o."source_id", o."subject", o."path", o."by", o."key", o."created_at") IS DISTINCT FROM ROW(n."id", n."source_id", n."subject", n."path", n."by", n."key", n."created_at");\nRETURN NULL;\n', hash='4223c408da2c34fa0b93d66acf94cba9f3e6c957', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_audit_update_678ad', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='feedback_linkrule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='linkrule',
            trigger=pgtrigger.compiler.Trigger(name='audit_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='\nIF coalesce(current_setting(\'roster.audit_rows\', true), \'\') = \'off\' THEN\n    PERFORM audit_current_entry();\n    RETURN NULL;\nEND IF;\nINSERT INTO audit_change (entry_id, "table", row_id, operation, before, after, customer_id, document_id, account_id)\nSELECT (SELECT audit_current_entry()), TG_TABLE_NAME, o.id, lower(TG_OP), jsonb_build_object(\'id\', o."id", \'source_id\', o."source_id", \'subject\', o."subject", \'path\', o."path", \'by\', o."by", \'key\', o."key", \'created_at\', o."created_at"), NULL,\n       NULL, NULL, NULL\nFROM old_rows o;\nRETURN NULL;\n', hash='f6a0d5043f59adaa826aee21598258c9cc272172', level='STATEMENT', operation='DELETE', pgid='pgtrigger_audit_delete_9f22f', referencing='REFERENCING OLD TABLE AS old_rows ', table='feedback_linkrule', when='AFTER')),
        ),
    ]
