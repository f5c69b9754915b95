import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0002_zones_of_targets'),
    ]

    operations = [
        migrations.CreateModel(
            name='Replacement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(db_default='default', default='default', help_text='name of the target', max_length=32)),
                ('zone', models.CharField(max_length=253)),
                ('name', models.CharField(max_length=253)),
                ('type', models.CharField(max_length=10)),
                ('theirs', models.JSONField(help_text='{"ttl": seconds, "values": [...], "marks": [...], "disabled": [...]}')),
                ('ours', models.JSONField(help_text='what was written: {"ttl": seconds, "values": [...]}')),
                ('origin', models.CharField(blank=True, help_text='Kind/namespace/name', max_length=600)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('made_by', models.CharField(max_length=200)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('undone_by', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='managedrecord',
            name='foreign',
            field=models.JSONField(blank=True, help_text='{"ttl": seconds, "values": [...], "marks": [...], "disabled": [...]}', null=True),
        ),
        migrations.AddField(
            model_name='source',
            name='excluded',
            field=models.JSONField(default=list, help_text='names that it says are not to be published'),
        ),
        migrations.AddField(
            model_name='source',
            name='troubles',
            field=models.JSONField(default=list, help_text='[name, wildcard or nothing, reason, parents, whether one is silent] for each'),
        ),
        migrations.AddField(
            model_name='sourcename',
            name='cause',
            field=models.CharField(blank=True, choices=[('intent', 'intent'), ('rule', 'rule'), ('trouble', 'trouble')], help_text='of what kind the reason is', max_length=10),
        ),
        migrations.AddField(
            model_name='sourcename',
            name='outdated',
            field=models.TextField(blank=True, help_text='why a newer version of the program does not publish it any more'),
        ),
        migrations.AddField(
            model_name='sourcename',
            name='own',
            field=models.BooleanField(default=False, help_text='the values are a target of its own, not the default'),
        ),
        migrations.AddField(
            model_name='sourcename',
            name='shadow',
            field=models.TextField(blank=True, db_default='', help_text='in what way DNS answers for it otherwise than one would think'),
        ),
        migrations.AddField(
            model_name='sourcename',
            name='via',
            field=models.JSONField(help_text='the parents by which it was published last; null where none is known', null=True),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('created', 'created'), ('updated', 'updated'), ('deleted', 'deleted'), ('adopted', 'adopted'), ('undone', 'undone'), ('released', 'released'), ('taken over', 'taken over'), ('failed', 'failed'), ('conflict', 'conflict'), ('drifted', 'drifted'), ('foreign', 'foreign'), ('skipped', 'skipped'), ('gone', 'gone'), ('stale', 'stale'), ('requested', 'requested'), ('accepted', 'accepted'), ('held', 'held'), ('approved', 'approved'), ('rejected', 'rejected'), ('imported', 'imported'), ('login refused', 'login refused')], max_length=30),
        ),
        migrations.AlterField(
            model_name='sourcename',
            name='detached_seconds',
            field=models.FloatField(default=0, help_text='of that, the time in which a syncer ran and saw it'),
        ),
        migrations.AlterField(
            model_name='sourcename',
            name='detached_since',
            field=models.DateTimeField(blank=True, help_text='since when it is kept', null=True),
        ),
        migrations.AlterField(
            model_name='syncrequest',
            name='action',
            field=models.CharField(choices=[('sync', 'sync now'), ('adopt', 'replace what someone else made'), ('keep', 'keep what someone else made, as ours'), ('undo', 'put back what was replaced'), ('remediate', 'remediate drift'), ('release', 'release (keep the DNS record)'), ('delete', 'delete from DNS'), ('approve', 'approve held deletes'), ('reject', 'reject held deletes')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='sourcename',
            index=models.Index(condition=models.Q(('detached_since__isnull', False)), fields=['detached_seconds'], name='mention_detached'),
        ),
        migrations.AddIndex(
            model_name='replacement',
            index=models.Index(fields=['name'], name='replacement_by_name'),
        ),
        migrations.AddField(
            model_name='syncrequest',
            name='replacement',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='records.replacement'),
        ),
    ]
