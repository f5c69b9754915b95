from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0004_answers'),
    ]

    operations = [
        migrations.AddField(
            model_name='deletedrrset',
            name='data',
            field=models.JSONField(help_text='what we deleted: {"ttl": seconds, "values": [...]}; null where someone else did', null=True),
        ),
        migrations.AddField(
            model_name='deletedrrset',
            name='origin',
            field=models.CharField(blank=True, db_default='', default='', help_text='Kind/namespace/name', max_length=600),
        ),
        migrations.AddField(
            model_name='managedrecord',
            name='former',
            field=models.JSONField(editable=False, help_text='what we had written until the last update: {"ttl": seconds, "values": [...], "until": time}', null=True),
        ),
        migrations.AddField(
            model_name='managedzone',
            name='is_unmarked',
            field=models.BooleanField(db_default=False, default=False, help_text='it lost all of our marks at once, and they are being written again'),
        ),
        migrations.AddField(
            model_name='managedzone',
            name='node',
            field=models.CharField(blank=True, db_default='', default='', help_text='the server that had the zone then, where it can be several', max_length=255),
        ),
        migrations.AddField(
            model_name='syncstatus',
            name='target_warning',
            field=models.TextField(blank=True, db_default='', default='', help_text='what is wrong although it can be written to'),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('created', 'created'), ('updated', 'updated'), ('deleted', 'deleted'), ('adopted', 'adopted'), ('undone', 'undone'), ('released', 'released'), ('taken over', 'taken over'), ('marked', 'marked again'), ('failed', 'failed'), ('conflict', 'conflict'), ('drifted', 'drifted'), ('foreign', 'foreign'), ('skipped', 'skipped'), ('gone', 'gone'), ('stale', 'stale'), ('requested', 'requested'), ('accepted', 'accepted'), ('held', 'held'), ('approved', 'approved'), ('rejected', 'rejected'), ('imported', 'imported'), ('login refused', 'login refused')], max_length=30),
        ),
    ]
