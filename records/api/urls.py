from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, path, re_path, resolve, reverse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from records.api import diagnostics, entries, exchange, views, write_freezes
from records.api.queries import KnownQuery

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("records", views.RecordViewSet, basename="record")
router.register("sources", views.SourceViewSet, basename="source")
router.register("audit", views.AuditViewSet, basename="audit")
router.register("drift", views.DriftViewSet, basename="drift")
router.register("holds", views.HoldViewSet, basename="hold")
router.register("freezes", write_freezes.FreezeViewSet, basename="freeze")
router.register("requests", views.RequestViewSet, basename="request")


class NotFoundView(APIView):
    """Errors have one shape here, also where an address does not exist."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound


not_found = NotFoundView.as_view()


@csrf_exempt  # the view that is found checks it
def answer_elsewhere(request: HttpRequest) -> HttpResponseBase:
    """A trailing slash changes nothing."""
    with suppress(Resolver404):
        found = resolve(request.path_info.rstrip("/"))
        if found.func is not answer_elsewhere and getattr(found.func, "cls", None) is not RootView:
            answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
            return answer
    return not_found(request)


class RootView(KnownQuery, APIView):
    rights: ClassVar = {"GET": "records.view_managedrecord"}

    @extend_schema(operation_id="root", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """What there is: the address of each list and question."""
        names = ["record-list", "source-list", "entry-list", "audit-list", "drift-list", "hold-list"]
        names += [
            "freeze-list",
            "request-list",
            "status",
            "sync",
            "test-dns",
            "explain",
            "preview",
            "plan",
            "export",
            "import",
        ]
        addresses = [request.build_absolute_uri(reverse(name)) for name in names]
        places = {address.rpartition("/")[2]: address for address in addresses}
        return Response(places | {"documentation": request.build_absolute_uri(reverse("api-docs"))})


urlpatterns = [
    path("", RootView.as_view(), name="root"),
    *router.urls,
    path("entries", entries.EntryListView.as_view(), name="entry-list"),
    path("entries/bulk", entries.BulkEntryView.as_view(), name="entry-bulk"),
    path("entries/<str:name>", entries.TypelessEntryView.as_view()),
    path("entries/<str:name>/<str:type>", entries.EntryView.as_view(), name="entry-detail"),
    path("status", views.StatusView.as_view(), name="status"),
    path("sync", views.SyncView.as_view(), name="sync"),
    path("test-dns", diagnostics.TestDnsView.as_view(), name="test-dns"),
    path("explain", diagnostics.ExplainView.as_view(), name="explain"),
    path("preview", diagnostics.PreviewView.as_view(), name="preview"),
    path("plan", diagnostics.PlanView.as_view(), name="plan"),
    path("export", exchange.Export.as_view(), name="export"),
    path("import", exchange.Import.as_view(), name="import"),
    re_path("", answer_elsewhere),
]
