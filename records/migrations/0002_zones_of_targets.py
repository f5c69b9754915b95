"""Rows get the target that they belong to, and what the engine decides by gets tables of its own: until now it asked
the audit, of which retention takes the beginning away."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Max, Value
from django.db.models.functions import Replace

BATCH = 500

WORDING = (
    ("somebody else added", "someone added"),
    ("somebody else's value", "someone else's value"),
    ("somebody else's", "a foreign"),
    ("somebody changed it after", "someone else changed it after"),
    ("somebody made the same", "someone else made the same"),
    ("somebody", "someone"),
    ("stands at this name", "is at this name"),
    ("a CNAME cannot stand", "a CNAME cannot be"),
    ("nobody wants it", "no claim asks for it"),
)
"""Of reasons, as the release before worded them, and as they are worded now."""


def carry_over(apps: Any, schema_editor: Any) -> None:
    target = name_target(apps)
    note_zones(apps, target)
    note_deletions(apps, target)
    note_refusals(apps)
    note_mentions(apps)
    rename_words(apps)
    # The lock of custom entries, which is on their own table now.
    apps.get_model("records", "Bookmark").objects.filter(name="custom entries").delete()
    # PostgreSQL alters no table of which it has still to look at new foreign keys.
    schema_editor.connection.check_constraints()


def carry_back(apps: Any, schema_editor: Any) -> None:
    """For the release before. Several targets in one zone are more than it can hold, and end this with an error."""
    zones = apps.get_model("records", "ManagedZone").objects.exclude(serial=0)
    ZoneSerial = apps.get_model("records", "ZoneSerial")
    ZoneSerial.objects.bulk_create(
        ZoneSerial(zone=zone, serial=serial) for zone, serial in zones.values_list("zone", "serial")
    )
    apps.get_model("records", "Source").objects.update(digest="")  # the next syncer writes each anew, with its names
    apps.get_model("records", "DriftFinding").objects.filter(status="remediated").update(status="healed")
    apps.get_model("records", "SyncRequest").objects.filter(action="remediate").update(action="heal")


def name_target(apps: Any) -> str:
    """The name of the one target that there was, on all that is about a zone of it."""
    status = apps.get_model("records", "SyncStatus").objects.first()
    # A hosts file has no serials: where there is one, a laptop's dev mode ran on this database only lately.
    has_serials = apps.get_model("records", "ZoneSerial").objects.exists()
    target = "hosts" if status is not None and status.target == "hosts" and not has_serials else "default"
    if target != "default":
        for name in ("ManagedRecord", "HeldPlan", "DriftFinding"):
            apps.get_model("records", name).objects.update(target=target)
    apps.get_model("records", "AuditEntry").objects.exclude(zone="").update(target=target)
    return target


def note_zones(apps: Any, target: str) -> None:
    """Known is a zone of which there is a record or an audit entry."""
    ManagedZone = apps.get_model("records", "ManagedZone")
    zones: dict[str, int] = dict(apps.get_model("records", "ZoneSerial").objects.values_list("zone", "serial"))
    for name in ("AuditEntry", "ManagedRecord"):
        rows = apps.get_model("records", name).objects.exclude(zone="").order_by()
        for zone in rows.values_list("zone", flat=True).distinct():
            zones.setdefault(zone, 0)
    ManagedZone.objects.bulk_create(ManagedZone(target=target, zone=zone, serial=serial) for zone, serial in zones.items())


def last_entries(apps: Any) -> Any:
    """The last audit entry of each RRset; what was said of a custom entry's own end is none."""
    entries = apps.get_model("records", "AuditEntry").objects.exclude(zone="").exclude(name="")
    rrsets = entries.exclude(correlation="", action="deleted").order_by().values("zone", "name", "type")
    return entries.filter(pk__in=rrsets.annotate(last=Max("pk")).values("last"))


def note_deletions(apps: Any, target: str) -> None:
    DeletedRRset = apps.get_model("records", "DeletedRRset")
    went = last_entries(apps).filter(action__in=["deleted", "gone"]).order_by("pk")
    rows = went.values_list("zone", "name", "type", "at").iterator(chunk_size=BATCH)
    store(
        DeletedRRset,
        (DeletedRRset(target=target, zone=zone, name=name, type=kind, deleted_at=at) for zone, name, kind, at in rows),
    )


def reword(reason: str) -> str:
    for old, new in WORDING:
        reason = reason.replace(old, new)
    return reason


def note_refusals(apps: Any) -> None:
    ManagedRecord = apps.get_model("records", "ManagedRecord")
    failed = last_entries(apps).filter(action="failed").order_by("pk")
    for zone, name, kind, reason, after in failed.values_list("zone", "name", "type", "reason", "after"):
        record = ManagedRecord.objects.filter(zone=zone, name=name, type=kind)
        record.update(refusal={"reason": reword(reason), "after": after})


def note_mentions(apps: Any) -> None:
    """When an object first named a name is not known: the last change of the object is as good a guess as any."""
    Source, SourceName = (apps.get_model("records", name) for name in ("Source", "SourceName"))

    def mentions() -> Iterator[Any]:
        for source in Source.objects.order_by("pk").iterator(chunk_size=BATCH):
            wanted = dict(source.names)
            skipped = {name: reason for name, reason in source.skipped if name not in wanted}
            found = [{"name": name, "values": values} for name, values in wanted.items()]
            found += [{"name": name, "reason": reason} for name, reason in skipped.items()]
            for position, content in enumerate(found):
                yield SourceName(source=source, position=position, since=source.seen_at, **content)

    store(SourceName, mentions())


def rename_words(apps: Any) -> None:
    findings = apps.get_model("records", "DriftFinding").objects
    findings.filter(status="healed").update(status="remediated")
    apps.get_model("records", "SyncRequest").objects.filter(action="heal").update(action="remediate")
    # What has not changed is not told again for its wording.
    for name in ("ManagedRecord", "DriftFinding"):
        for old, new in WORDING:
            rows = apps.get_model("records", name).objects.filter(reason__contains=old)
            rows.update(reason=Replace("reason", Value(old), Value(new)))


def store(model: Any, rows: Iterator[Any]) -> None:
    while chunk := list(islice(rows, BATCH)):
        model.objects.bulk_create(chunk, batch_size=100)


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DeletedRRset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(db_default='default', default='default', help_text='name of the target', max_length=32)),
                ('zone', models.CharField(max_length=253)),
                ('name', models.CharField(max_length=253)),
                ('type', models.CharField(max_length=10)),
                ('deleted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ManagedZone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(db_default='default', default='default', help_text='name of the target', max_length=32)),
                ('zone', models.CharField(max_length=253)),
                ('serial', models.PositiveBigIntegerField(default=0, help_text='SOA serial that the last of our writes left; a server that shows a lower one lost writes')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SourceName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=253)),
                ('position', models.PositiveIntegerField(help_text='in the object: its wanted names first, then the others')),
                ('values', models.JSONField(help_text='addresses or one host name; null for a name that is not published', null=True)),
                ('reason', models.TextField(blank=True, help_text='why the name is not published')),
                ('since', models.DateTimeField(help_text='when the object first named it; kept for as long as it does')),
                ('detached_since', models.DateTimeField(blank=True, help_text='since when it is kept without its route', null=True)),
                ('detached_seconds', models.PositiveBigIntegerField(default=0, help_text='of that, the time in which a syncer ran')),
            ],
            options={
                'ordering': ['position'],
                'default_permissions': (),
            },
        ),
        migrations.RemoveConstraint(
            model_name='driftfinding',
            name='one_standing_finding_an_rrset',
        ),
        migrations.RemoveConstraint(
            model_name='heldplan',
            name='one_open_plan_a_zone',
        ),
        migrations.RemoveConstraint(
            model_name='managedrecord',
            name='one_row_an_rrset',
        ),
        migrations.RemoveIndex(
            model_name='driftfinding',
            name='drift_standing',
        ),
        migrations.RemoveIndex(
            model_name='managedrecord',
            name='record_owned',
        ),
        migrations.AddField(
            model_name='auditentry',
            name='target',
            field=models.CharField(blank=True, db_default='', default='', help_text='name of the target; empty where it is about none', max_length=32),
        ),
        migrations.AddField(
            model_name='customentry',
            name='target',
            field=models.CharField(blank=True, db_default='', default='', help_text='name of the target; empty for each that manages the name', max_length=32),
        ),
        migrations.AddField(
            model_name='driftfinding',
            name='target',
            field=models.CharField(db_default='default', default='default', help_text='name of the target', max_length=32),
        ),
        migrations.AddField(
            model_name='heldplan',
            name='target',
            field=models.CharField(db_default='default', default='default', help_text='name of the target', max_length=32),
        ),
        migrations.AddField(
            model_name='managedrecord',
            name='refusal',
            field=models.JSONField(editable=False, help_text='what the audit said last of a change that the target refused', null=True),
        ),
        migrations.AddField(
            model_name='managedrecord',
            name='target',
            field=models.CharField(db_default='default', default='default', help_text='name of the target', max_length=32),
        ),
        migrations.AddField(
            model_name='syncrequest',
            name='target',
            field=models.CharField(blank=True, db_default='', default='', help_text='name of the target; empty for every one', max_length=32),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('created', 'created'), ('updated', 'updated'), ('deleted', 'deleted'), ('adopted', 'adopted'), ('released', 'released'), ('failed', 'failed'), ('conflict', 'conflict'), ('drifted', 'drifted'), ('foreign', 'foreign'), ('skipped', 'skipped'), ('gone', 'gone'), ('stale', 'stale'), ('requested', 'requested'), ('accepted', 'accepted'), ('held', 'held'), ('approved', 'approved'), ('rejected', 'rejected'), ('imported', 'imported'), ('login refused', 'login refused')], max_length=30),
        ),
        migrations.AlterField(
            model_name='driftfinding',
            name='found',
            field=models.JSONField(null=True, verbose_name='what is there'),
        ),
        migrations.AlterField(
            model_name='driftfinding',
            name='status',
            field=models.CharField(choices=[('open', 'open'), ('accepted', 'accepted (left as it is)'), ('remediated', 'remediated'), ('over', 'over (without a write of ours)')], default='open', max_length=10),
        ),
        migrations.AlterField(
            model_name='managedrecord',
            name='claimants',
            field=models.JSONField(default=list, help_text='all who want this record as it is, the winner first'),
        ),
        migrations.AlterField(
            model_name='syncrequest',
            name='action',
            field=models.CharField(choices=[('sync', 'sync now'), ('adopt', 'adopt what someone else made'), ('remediate', 'remediate drift'), ('release', 'release (keep the DNS record)'), ('delete', 'delete from DNS'), ('approve', 'approve held deletes'), ('reject', 'reject held deletes')], max_length=10),
        ),
        migrations.AlterField(
            model_name='syncstatus',
            name='target',
            field=models.CharField(help_text='what it writes to: technitium, hosts', max_length=100),
        ),
        migrations.RemoveConstraint(
            model_name='customentry',
            name='one_entry_an_rrset',
        ),
        migrations.AddConstraint(
            model_name='customentry',
            constraint=models.UniqueConstraint(fields=('name', 'type', 'target'), name='one_entry_an_rrset'),
        ),
        migrations.AddIndex(
            model_name='driftfinding',
            index=models.Index(condition=models.Q(('status__in', ['open', 'accepted'])), fields=['zone', 'target'], name='drift_current'),
        ),
        migrations.AddIndex(
            model_name='managedrecord',
            index=models.Index(condition=models.Q(('owned', True)), fields=['zone', 'target'], name='record_owned'),
        ),
        migrations.AddConstraint(
            model_name='driftfinding',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['open', 'accepted'])), fields=('target', 'zone', 'name', 'type'), name='one_current_finding_an_rrset'),
        ),
        migrations.AddConstraint(
            model_name='heldplan',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('target', 'zone'), name='one_open_plan_a_zone'),
        ),
        migrations.AddConstraint(
            model_name='managedrecord',
            constraint=models.UniqueConstraint(fields=('zone', 'name', 'type', 'target'), name='one_row_an_rrset'),
        ),
        migrations.AddConstraint(
            model_name='deletedrrset',
            constraint=models.UniqueConstraint(fields=('zone', 'name', 'type', 'target'), name='one_deletion_an_rrset'),
        ),
        migrations.AddConstraint(
            model_name='managedzone',
            constraint=models.UniqueConstraint(fields=('target', 'zone'), name='one_row_a_zone'),
        ),
        migrations.AddField(
            model_name='sourcename',
            name='source',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='records.source'),
        ),
        migrations.AddIndex(
            model_name='sourcename',
            index=models.Index(fields=['name'], name='mention_by_name'),
        ),
        migrations.AddConstraint(
            model_name='sourcename',
            constraint=models.UniqueConstraint(fields=('source', 'name'), name='one_mention_a_source'),
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.DeleteModel(
            name='ZoneSerial',
        ),
        migrations.RemoveField(
            model_name='source',
            name='names',
        ),
        migrations.RemoveField(
            model_name='source',
            name='skipped',
        ),
    ]
