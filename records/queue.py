"""django-q2 as an app of ours."""

from __future__ import annotations

from django_q.apps import DjangoQConfig


class QueueConfig(DjangoQConfig):  # type: ignore[misc]
    """Comes after the admin in INSTALLED_APPS, to take its models out of there: anyone who edits a schedule can run any
    code, and the schedules are made from the settings."""

    name = "django_q"

    def ready(self) -> None:
        super().ready()
        from django.contrib import admin
        from django.contrib.admin.exceptions import NotRegistered

        for model in self.get_models():
            try:
                admin.site.unregister(model)
            except NotRegistered:
                continue
