"""A delete that is held gets a row of its own: it is decided alone, and says whose it was and why it goes."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

KEYS, ROWS = 500, 100


def carry_over(apps: Any, schema_editor: Any) -> None:
    """What a plan held as [name, type] becomes a row each, with what the ledger knows of it."""
    plans = apps.get_model('records', 'HeldPlan').objects
    held, records = (apps.get_model('records', name).objects for name in ('HeldDelete', 'ManagedRecord'))
    for plan in plans.order_by('pk').iterator(10):
        deletes = sorted({(name, kind) for name, kind in plan.formerly})
        for start in range(0, len(deletes), KEYS):
            chunk = deletes[start:start + KEYS]
            rows = records.filter(target=plan.target, zone=plan.zone, name__in={name for name, _ in chunk}).order_by()
            known = {(row.name, row.type): row for row in rows}
            held.bulk_create([
                held.model(
                    plan=plan,
                    name=name,
                    type=kind,
                    held_at=plan.created_at,
                    **_known_columns(known.get((name, kind))),
                )
                for name, kind in chunk
            ], batch_size=ROWS)


def carry_back(apps: Any, schema_editor: Any) -> None:
    for plan in apps.get_model('records', 'HeldPlan').objects.order_by('pk').iterator(10):
        plan.formerly = [list(key) for key in plan.deletes.order_by('name', 'type').values_list('name', 'type')]
        plan.save()


def _known_columns(row: Any) -> dict[str, Any]:
    return {'values': row.values, 'ttl': row.ttl, 'origin': row.origin} if row else {}


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0006_heartbeat_of_one_syncer'),
    ]

    operations = [
        migrations.RenameField(
            model_name='heldplan',
            old_name='deletes',
            new_name='formerly',
        ),
        migrations.AddField(
            model_name='heldplan',
            name='successor',
            field=models.ForeignKey(blank=True, help_text='the plan that has its deletes now', null=True, on_delete=django.db.models.deletion.SET_NULL, to='records.heldplan'),
        ),
        migrations.AddField(
            model_name='syncrequest',
            name='deletes',
            field=models.JSONField(help_text='of the plan, the held deletes that it decides; null: all of them', null=True),
        ),
        migrations.CreateModel(
            name='HeldDelete',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=253)),
                ('type', models.CharField(max_length=10)),
                ('values', models.JSONField(default=list, help_text='as the ledger had them when it was held')),
                ('ttl', models.PositiveBigIntegerField(help_text='seconds; null for what older versions held', null=True, verbose_name='TTL')),
                ('origin', models.CharField(blank=True, help_text='Kind/namespace/name', max_length=600, verbose_name='holder')),
                ('cause', models.TextField(blank=True, help_text='why nothing wants it any more')),
                ('held_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('plan', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deletes', to='records.heldplan')),
            ],
            options={
                'ordering': ['name', 'type'],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('plan', 'name', 'type'), name='one_row_a_held_delete')],
            },
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField(
            model_name='heldplan',
            name='formerly',
        ),
    ]
