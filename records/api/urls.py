from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, path, re_path, resolve
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from records.api import diagnostics, entries, exchange, views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("records", views.Records, basename="record")
router.register("sources", views.Sources, basename="source")
router.register("audit", views.Audit, basename="audit")
router.register("drift", views.Drift, basename="drift")
router.register("holds", views.Holds, basename="hold")
router.register("requests", views.Requests, basename="request")


class Nowhere(APIView):
    """Errors have one shape here, that of an address which does not exist included."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound


nowhere = Nowhere.as_view()


@csrf_exempt  # the view that it finds checks for itself
def elsewhere(request: HttpRequest) -> HttpResponseBase:
    """A slash at the end changes nothing."""
    with suppress(Resolver404):
        found = resolve(request.path_info.rstrip("/"))
        if found.func is not elsewhere:
            answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
            return answer
    return nowhere(request)


urlpatterns = [
    *router.urls,
    path("entries", entries.Entries.as_view(), name="entry-list"),
    path("entries/bulk", entries.Bulk.as_view(), name="entry-bulk"),
    path("entries/<str:name>/<str:type>", entries.Entry.as_view(), name="entry-detail"),
    path("status", views.Status.as_view(), name="status"),
    path("sync", views.Sync.as_view(), name="sync"),
    path("test-dns", diagnostics.TestDns.as_view(), name="test-dns"),
    path("explain", diagnostics.Explain.as_view(), name="explain"),
    path("preview", diagnostics.Preview.as_view(), name="preview"),
    path("plan", diagnostics.Plan.as_view(), name="plan"),
    path("export", exchange.Export.as_view(), name="export"),
    path("import", exchange.Import.as_view(), name="import"),
    re_path("", elsewhere),
]
