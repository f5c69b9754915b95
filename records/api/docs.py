"""The OpenAPI document, and the page that shows it."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.views import View
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated

DOCUMENT = Path(__file__).with_name("openapi.yaml")
"""Made by ``manage.py spectacular``: the generator would cost each web process 10 MB. A test compares the two."""


class DocumentView(View):
    """Open to everyone: it says no more than the source code does."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(DOCUMENT.read_bytes(), content_type="application/yaml")


class DocsView(LoginRequiredMixin, SpectacularSwaggerSplitView):
    """Swagger UI, loaded from this server only."""

    login_url = reverse_lazy("admin:login")
    url_name = "openapi"
    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAuthenticated,)
    throttle_classes = ()
