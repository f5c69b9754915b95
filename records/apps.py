from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate, pre_migrate


class RecordsConfig(AppConfig):
    name = "records"
    verbose_name = "DNS registry"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from records.limits import take_time

        pre_migrate.connect(take_time, sender=self, dispatch_uid="records.limits")
        if apps.is_installed("django.contrib.auth"):
            from records.roles import make_roles

            post_migrate.connect(make_roles, sender=self, dispatch_uid="records.roles")
