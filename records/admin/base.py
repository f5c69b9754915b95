"""What every admin page of ours shares: written by the program means read-only, and actions are verbs that count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from records import operations
from records.admin.columns import NOTHING, admin_url, counted
from syncer.core.kinds import KINDS

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # generic in the stubs alone
    ModelAdmin = admin.ModelAdmin

MOST = 1000
"""Objects of one action: each is a request that the syncer answers one by one."""


class RegistryAdmin(ModelAdmin):
    noun = ("record", "records")
    """What the messages of actions count."""
    nothing_yet = ""
    """What an empty list says: how something gets into it."""

    empty_value_display = NOTHING
    origin_field = ""
    """The indexed field that holds a Kind/namespace/name."""

    list_per_page = 50
    show_full_result_count = False  # a second count of the whole table for each page
    show_facets = admin.ShowFacets.NEVER  # a count for each answer of each filter

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = str(self.opts.verbose_name_plural).capitalize()
        context = {"title": title, "nothing_yet": self.nothing_yet, **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Names, namespaces and objects are lower-case, so a cheap comparison does; the kind is left out, which is
        not. A whole Kind/namespace/name is found by its index."""
        kind, _, place = search_term.strip().partition("/")
        if self.origin_field and place.count("/") == 1 and not place.endswith("/") and " " not in place:
            spelled = next((known.kind for known in KINDS if known.kind.lower() == kind.lower()), kind)
            return queryset.filter(**{self.origin_field: f"{spelled}/{place.lower()}"}), False
        words = (word.split("/", 1)[1] if word.count("/") > 1 else word for word in search_term.lower().split())
        return super().get_search_results(request, queryset, " ".join(words))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Our history is the audit, which knows what the syncer did, too."""
        target = self.get_object(request, object_id)
        if target is None or not self.has_view_permission(request, target):
            raise PermissionDenied
        return redirect(admin_url("auditentry_changelist", **self.history_of(target)))

    def history_of(self, target: Any) -> dict[str, str]:
        """The query of the audit list that shows the object's history."""
        return {"q": str(target)}

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the user may ask the syncer for something."""
        return request.user.has_perm("records.add_syncrequest")

    def has_entries_permission(self, request: HttpRequest) -> bool:
        """Whether the user may make entries."""
        return request.user.has_perm("records.add_customentry")

    def carry_out(
        self, request: HttpRequest, queryset: QuerySet[Any], verb: Callable[[str, Any], object], done: str
    ) -> HttpResponse | None:
        """Do the verb to each object, and say to how many: ``done`` is a sentence with ``{}`` for their number."""
        if queryset.count() > MOST:
            messages.error(request, f"{MOST} at a time: narrow the selection.")
            return None
        count, refused = 0, Counter[str]()
        actor = request.user.get_username()
        with operations.one_wake(actor):
            for target in queryset:
                try:
                    verb(actor, target)
                    count += 1
                except ValidationError as error:
                    refused[error.messages[0]] += 1
        if count:
            messages.success(request, done.format(counted(count, self.noun)))
        if refused:
            reasons = " ".join(reason for reason, _ in refused.most_common(3))
            messages.warning(request, f"{refused.total()} left out. {reasons}")
        return self.back(request)

    def back(self, request: HttpRequest) -> HttpResponse | None:
        """To the object's page, when the action was a button on it; None: to the list."""
        key = request.POST.get("from_page", "")
        if not key.isdigit():
            return None
        return redirect(admin_url(f"{request.POST.get('page', '') or self.opts.model_name}_change", key))

    def confirm(
        self, request: HttpRequest, queryset: QuerySet[Any], question: str, explanation: str
    ) -> HttpResponse | None:
        """A page that asks before the deed; None once the answer is yes."""
        if "confirmed" in request.POST:
            return None
        count = queryset.count()
        context = {
            **self.admin_site.each_context(request),
            "title": question.format(counted(count, self.noun)),
            "explanation": explanation,
            "targets": queryset[:20],
            "more": max(0, count - 20),
            "action": request.POST["action"],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "selected_name": ACTION_CHECKBOX_NAME,
            "select_across": request.POST.get("select_across", "0"),
            "from_page": request.POST.get("from_page", ""),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/confirm_verb.html", context)


class NamedAdmin(ModelAdmin):
    """Another app's model under the name that it has here."""

    one = many = nothing_yet = ""

    def called(self, target: Any) -> str:
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
        title = self.called(target) if target else f"Add {self.one}"
        context = {"title": title, "subtitle": None, "many": self.many, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


class ReadOnlyAdmin(RegistryAdmin):
    """The program is the author: nothing is added, changed or deleted by hand, whatever the user's rights are."""

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
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def page_actions(self, target: Any) -> Sequence[str]:
        """The actions of the list that make sense as buttons on the object's page."""
        return ()
