"""What our admin pages share: what the program writes is read-only, and an action says how many objects it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import DataError, NotSupportedError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from records import operations, sync_requests
from records.admin.columns import NOTHING, admin_url, count_noun, name_target
from records.admin.filters import read_known
from records.entry_names import note_entries
from records.models import AuditEntry
from records.search import read_origin
from records.targets import tell_target

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # generic in the stubs alone
    ModelAdmin = admin.ModelAdmin

MOST = 1000
"""Objects of one action: each is a request that the syncer answers one by one."""


HISTORY = 25
"""Audit entries on the page of an object; the rest is one click away."""


def list_history(entries: QuerySet[AuditEntry]) -> list[AuditEntry]:
    """The newest of them, for the page of an object."""
    newest = list(entries.order_by("-at", "-id")[:HISTORY])
    note_entries(newest)
    return newest


class BoundedList(ChangeList):
    """A filter of the address that makes no sense, such as the year 0, is refused with 400."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        try:
            return super().get_queryset(request, exclude_parameters)
        except IncorrectLookupParameters as error:
            raise BadRequest("There is no such filter.") from error

    def get_results(self, request: HttpRequest) -> None:
        """What is a date, and none that the database can compare with, shows when it is asked."""
        try:
            super().get_results(request)
        except (IncorrectLookupParameters, OverflowError, ValueError, DataError, NotSupportedError) as error:
            raise BadRequest("There is no such filter or page.") from error


class NamingList(BoundedList):
    """Its rows know how the custom entries are called that they mention, and whether their target is gone."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        note_entries(self.result_list)
        known = read_known(request) if "shown_target" in self.list_display else {}
        for row in self.result_list:
            row.is_target_gone = not known.get(getattr(row, "target", ""), True)


class BoundedAdmin(ModelAdmin):
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No regular expressions: one can keep the database busy for ever."""
        return not lookup.endswith("regex") and super().lookup_allowed(lookup, value, request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """What no row can be called is refused with 400."""
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(key)
        except ValidationError as error:
            raise BadRequest("There is no such row.") from error
        return super().response_action(request, *args, **kwargs)


class RegistryAdmin(BoundedAdmin):
    noun = ("record", "records")
    """What the messages of actions count, in singular and plural."""
    nothing_yet = ""
    """What an empty list says: how something comes to be in it."""

    empty_value_display = NOTHING
    origin_field = ""
    """The indexed field that holds a Kind/namespace/name."""

    list_per_page = 50
    show_full_result_count = False  # it would count the whole table a second time for each page
    show_facets = admin.ShowFacets.NEVER  # they would count once for each choice of each filter

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamingList

    def get_list_display(self, request: HttpRequest) -> Any:
        """The target is news only where there are several."""
        has_target = any(field.name == "target" for field in self.opts.fields)
        if not has_target or len(read_known(request)) < 2:
            return self.list_display
        return (*self.list_display, "shown_target")

    @admin.display(description="target", ordering="target")
    def shown_target(self, row: Any) -> str:
        return name_target(row.target, not row.is_target_gone) if row.target else NOTHING

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = str(self.opts.verbose_name_plural).capitalize()
        context = {"title": title, "nothing_yet": self.nothing_yet, **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Names, namespaces and objects are lower-case, so a cheap comparison does; a kind is not, so it is left out.
        A whole Kind/namespace/name is found by its index."""
        origin = read_origin(search_term)
        if self.origin_field and origin.name and not {" ", "/"} & set(origin.name) and " " not in origin.namespace:
            return queryset.filter(**{self.origin_field: str(origin)}), False
        words = (word.split("/", 1)[1] if word.count("/") > 1 else word for word in search_term.lower().split())
        return super().get_search_results(request, queryset, " ".join(words))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Our history is the audit, which also has what the syncer did."""
        target = self.get_object(request, object_id)
        if target is None or not self.has_view_permission(request, target):
            raise PermissionDenied
        return redirect(admin_url("auditentry_changelist", **self.history_of(target)))

    def history_of(self, target: Any) -> dict[str, str]:
        """The query of the audit list that shows the object's history."""
        return {"q": str(target)}

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the user may make requests to the syncer."""
        return request.user.has_perm("records.add_syncrequest")

    def has_entries_permission(self, request: HttpRequest) -> bool:
        """Whether the user may make custom entries."""
        return request.user.has_perm("records.add_customentry")

    def carry_out(
        self, request: HttpRequest, queryset: QuerySet[Any], operation: Callable[[str, Any], object], done: str
    ) -> HttpResponse | None:
        """Run the operation on each object and say on how many: ``done`` is a sentence with ``{}`` for their number."""
        if queryset.count() > MOST:
            messages.error(request, f"At most {MOST} at a time: narrow the selection.")
            return None
        count, refused = 0, Counter[str]()
        actor = request.user.get_username()
        with sync_requests.gather_requests(actor):
            for target in queryset:
                try:
                    operation(actor, target)
                    count += 1
                except ValidationError as error:
                    refused[error.messages[0]] += 1
        if count:
            messages.success(request, done.format(count_noun(count, self.noun)))
        if refused:
            reasons = " ".join(reason for reason, _ in refused.most_common(3))
            messages.warning(request, f"{refused.total()} left out. {reasons}")
        return self.return_back(request)

    def return_back(self, request: HttpRequest) -> HttpResponse | None:
        """To the page of the object if its button was pressed there; None: to the list."""
        key = request.POST.get("from_page", "")
        if not key.isdigit():
            return None
        return redirect(admin_url(f"{self.opts.model_name}_change", key))

    def confirm_action(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        question: str,
        explanation: str,
        *,
        selected_name: str = ACTION_CHECKBOX_NAME,
        noun: tuple[str, str] | None = None,
        exchange: operations.Exchange | None = None,
    ) -> HttpResponse | None:
        """A page that asks first; None once the answer is yes. ``selected_name`` are the fields that say which of
        ``queryset`` are meant, ``noun`` what these are; ``exchange`` is what changes, where that can be shown."""
        if "confirmed" in request.POST:
            return None
        count = queryset.count()
        context = {
            **self.admin_site.each_context(request),
            "title": question.format(count_noun(count, noun or self.noun)),
            "explanation": explanation,
            "exchange": exchange,
            "targets": [f"{row}{tell_target(getattr(row, 'target', ''))}" for row in queryset[:20]],
            "more": max(0, count - 20),
            "action": request.POST["action"],
            "selected": request.POST.getlist(selected_name),
            "selected_name": selected_name,
            "select_across": request.POST.get("select_across", "0"),
            "from_page": request.POST.get("from_page", ""),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)


class NamedAdmin(BoundedAdmin):
    """A model of another app, under the name that it has here."""

    one = many = nothing_yet = ""

    def name_target(self, target: Any) -> str:
        return str(target)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": self.many, "one": self.one, "nothing_yet": self.nothing_yet, **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        target = self.get_object(request, object_id) if object_id else None
        title = self.name_target(target) if target else f"Add {self.one}"
        context = {"title": title, "subtitle": None, "many": self.many, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


class ReadOnlyAdmin(RegistryAdmin):
    """The program is the author: no one adds, changes or deletes anything by hand, not even a superuser."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        target = self.get_object(request, object_id)
        allowed = self.get_actions(request)
        context = {
            **({"title": str(target), "subtitle": None} if target else {}),
            "page_actions": [
                (name, entry[2])
                for name in (self.page_actions(target) if target else ())
                if (entry := allowed.get(name))
            ],
            **(self.page_context(request, target) if target else {}),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def page_context(self, request: HttpRequest, target: Any) -> dict[str, Any]:
        """What the template of its page needs besides."""
        return {}

    def page_actions(self, target: Any) -> Sequence[str]:
        """The actions of the list that are buttons on the page of this object."""
        return ()
