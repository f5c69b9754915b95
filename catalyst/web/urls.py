from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from records.api.docs import DocsView, DocumentView
from records.api.urls import RootView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="dashboard:overview")),
    path("favicon.ico", RedirectView.as_view(url=static("records/favicon.svg"))),
    path("ui", RedirectView.as_view(pattern_name="dashboard:overview")),
    path("ui/", include("records.dashboard.paths")),
    path("admin/", admin.site.urls),
    path("api/", RedirectView.as_view(pattern_name="api-docs")),
    path("api/docs/", RedirectView.as_view(pattern_name="api-docs")),
    path("api/docs", DocsView.as_view(), name="api-docs"),
    path("api/openapi.yaml", DocumentView.as_view(), name="openapi"),
    path("api/v1", RootView.as_view(schema=None)),
    path("api/v1/", include("records.api.urls")),
]

handler400 = "records.api.handlers.bad_request"
handler403 = "records.api.handlers.permission_denied"
handler404 = "records.api.handlers.not_found"
handler500 = "records.api.handlers.server_error"
