"""Names the admin site that takes the place of Django's own."""

from django.contrib.admin.apps import AdminConfig


class RegistryAdminConfig(AdminConfig):
    default_site = "records.site.RegistrySite"
