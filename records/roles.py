"""The three roles: Django groups with the permissions of each, made after every migration.

No migration makes them, because the syncer migrates without Django's users (``catalyst.settings.worker``), and because
the tables of other apps may come later. What someone adds to a group stays.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Q

VIEWER, OPERATOR, ADMIN = "viewer", "operator", "admin"

VIEWS = Q(content_type__app_label="records", codename__startswith="view_")
OPERATES = Q(
    content_type__app_label="records",
    codename__in=(
        "add_syncrequest",
        "change_heldplan",
        "add_writefreeze",
        "add_customentry",
        "change_customentry",
        "delete_customentry",
    ),
)
ACCOUNTS = Q(content_type__app_label="auth", content_type__model__in=("user", "group")) | Q(
    content_type__app_label="knox"
)
ROLES = {VIEWER: VIEWS, OPERATOR: VIEWS | OPERATES, ADMIN: VIEWS | OPERATES | ACCOUNTS}
"""No role may change what the program writes: the audit, the records, the sources."""


def make_roles(**_: Any) -> None:
    if Group._meta.db_table not in connection.introspection.table_names():
        return  # only one app is being migrated
    for label in ("records", "auth", "knox"):
        if apps.is_installed(label) or apps.is_installed(f"django.contrib.{label}"):
            create_permissions(apps.get_app_config(label), verbosity=0)
    for name, permissions in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(*Permission.objects.filter(permissions))
