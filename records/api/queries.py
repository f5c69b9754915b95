"""Query parameters that nobody reads are refused, as unknown fields are: ignoring one ignores what its author meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.views import APIView

from records.api.errors import make_invalid
from records.api.pages import Pages

if TYPE_CHECKING:
    View = APIView
else:
    View = object

PAGING = (Pages.page_query_param, Pages.page_size_query_param)


class KnownQuery(View):
    """For every view: ``query`` are the parameters that it reads, besides those of lists."""

    query: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = [*self.query, *_list_parameters(self)]
        for name in request.query_params:
            if name not in known:
                takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
                raise make_invalid(name[:100], f"There is no such query parameter here: {takes}.")


def _list_parameters(view: Any) -> Iterator[str]:
    """Of the pages, filters, search and order of a list."""
    if not isinstance(view, GenericAPIView) or getattr(view, "action", "list") != "list":
        return
    yield from PAGING
    for backend in view.filter_backends:
        if hasattr(backend, "search_param"):
            yield backend.search_param
        if hasattr(backend, "ordering_param"):
            yield backend.ordering_param
        if issubclass(backend, DjangoFilterBackend):
            filterset = DjangoFilterBackend().get_filterset_class(view, view.get_queryset())
            yield from filterset.base_filters if filterset else ()
