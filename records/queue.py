"""django-q2 as an app of ours."""

from __future__ import annotations

from typing import Any

from django_q.apps import DjangoQConfig

from syncer.redaction import REDACTION


class QueueConfig(DjangoQConfig):  # type: ignore[misc]
    """Comes after the admin in INSTALLED_APPS, to take its models out of there: anyone who edits a schedule can run any
    code, and the schedules are made from the settings."""

    name = "django_q"

    def ready(self) -> None:
        super().ready()
        from django.contrib import admin
        from django.contrib.admin.exceptions import NotRegistered
        from django.db.models.signals import pre_save
        from django_q.models import Task

        pre_save.connect(clean_result, sender=Task, dispatch_uid="records.queue")
        for model in self.get_models():
            try:
                admin.site.unregister(model)
            except NotRegistered:
                continue


def clean_result(instance: Any, **_: object) -> None:
    """Of a task that failed django-q2 keeps the error and its traceback, whatever that was raised with."""
    if isinstance(instance.result, str):
        instance.result = REDACTION.redact_text(instance.result)
