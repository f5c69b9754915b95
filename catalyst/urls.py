from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from records.api.docs import DocsView, DocumentView

admin.site.site_header = admin.site.site_title = "Catalyst DNS Sync"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/", RedirectView.as_view(pattern_name="api-docs")),
    path("api/docs", DocsView.as_view(), name="api-docs"),
    path("api/openapi.yaml", DocumentView.as_view(), name="openapi"),
    path("api/v1/", include("records.api.urls")),
]
