from __future__ import annotations

from typing import Any

from django.db import migrations, models


def note_contested(apps: Any, schema_editor: Any) -> None:
    apps.get_model('records', 'ManagedRecord').objects.exclude(losers=[]).update(is_contested=True)


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0008_answered_by'),
    ]

    operations = [
        migrations.AddField(
            model_name='managedrecord',
            name='is_contested',
            field=models.BooleanField(db_default=False, default=False, help_text='there are losers'),
        ),
        migrations.AddField(
            model_name='syncstatus',
            name='problems',
            field=models.JSONField(help_text='as /readyz tells them; null: a version before wrote the row', null=True),
        ),
        migrations.AddField(
            model_name='syncstatus',
            name='warnings',
            field=models.JSONField(help_text='likewise', null=True),
        ),
        migrations.AddIndex(
            model_name='managedrecord',
            index=models.Index(condition=models.Q(('is_contested', True)), fields=['name'], name='record_contested'),
        ),
        migrations.CreateModel(
            name='TokenName',
            fields=[
                ('digest', models.CharField(help_text='of the token', max_length=128, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AlterField(
            model_name='driftfinding',
            name='drift_type',
            field=models.CharField(choices=[('unexpected_ip', 'not as we wrote it'), ('unexpected_record', 'ours by its mark, but not known'), ('missing_record', 'missing')], max_length=20),
        ),
        migrations.RunPython(note_contested, migrations.RunPython.noop),
    ]
