from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Replace


def reword(apps: Any, schema_editor: Any) -> None:
    """As the buttons are called, so that no reason is told anew only because its words are others."""
    for name in ('ManagedRecord', 'DriftFinding'):
        rows = apps.get_model('records', name).objects.filter(reason__contains='adopt it')
        rows.update(reason=Replace(F('reason'), Value('adopt it'), Value('replace it')))


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0007_held_deletes'),
    ]

    operations = [
        migrations.AddField(
            model_name='managedzone',
            name='delegations',
            field=models.JSONField(help_text='ours and foreign ones at the last list; null: none was made', null=True),
        ),
        migrations.AddField(
            model_name='managedzone',
            name='wildcards',
            field=models.JSONField(help_text='foreign ones at the last list of the zone; null: none was made', null=True),
        ),
        migrations.AlterField(
            model_name='sourcename',
            name='cause',
            field=models.CharField(blank=True, choices=[('intent', 'intent'), ('rule', 'rule'), ('pattern', 'pattern'), ('trouble', 'trouble')], help_text='of what kind the reason is', max_length=10),
        ),
        migrations.AddIndex(
            model_name='sourcename',
            index=models.Index(condition=models.Q(('cause', 'pattern')), fields=['source'], name='mention_pattern'),
        ),
        migrations.RunPython(reword, migrations.RunPython.noop),
    ]
