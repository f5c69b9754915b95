from django.apps import AppConfig


class LoginsConfig(AppConfig):
    """An app of its own, so that the syncer does not load it."""

    name = "records.logins"
    default_auto_field = "django.db.models.BigAutoField"
