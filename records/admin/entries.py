from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records import custom_entries, sync_requests
from records.admin import columns
from records.admin.base import NamingList, RegistryAdmin, list_history
from records.admin.filters import EntryQuestion, EntryTargetFilter, TypeFilter
from records.effect import find_states, foresee_state
from records.entry_targets import UNSAID
from records.entry_values import HINTS
from records.locks import editing_entries
from records.models import AuditEntry, CustomEntry, ManagedRecord
from records.targets import find_targets, list_targets
from syncer.core.annotations import parse_ttl
from syncer.core.claims import Mode
from syncer.core.rdata import SINGLE_TYPES, TYPES

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[CustomEntry]
else:  # generic in the stubs alone
    ModelForm = forms.ModelForm

MODE_TONES = {Mode.PUBLISH: "good", Mode.OVERRIDE: "busy", Mode.BLOCK: "bad"}


PARTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "A": (("IPv4 address", "192.0.2.1"),),
    "AAAA": (("IPv6 address", "2001:db8::1"),),
    "CNAME": (("host name", "www.example.com"),),
    "TXT": (("text", "v=spf1 -all"),),
    "SRV": (("priority", "0"), ("weight", "5"), ("port", "5060"), ("target", "sip.example.com")),
    "MX": (("preference", "10"), ("exchange", "mail.example.com")),
    "CAA": (("flags", "0"), ("tag", "issue"), ("value", "letsencrypt.org")),
    "PTR": (("host name", "www.example.com"),),
    "NS": (("host name", "ns1.example.com"),),
}
"""The types whose values are filled in part by part, each part with an example. A value of any other type is one
text."""

FIELDS = ("target", "name", "mode", "type", "values", "ttl", "enabled", "owner", "description")


class ValuesField(forms.CharField):
    """A list of texts, one per line."""

    widget = forms.Textarea(
        attrs={
            "rows": 4,
            "cols": 60,
            "spellcheck": "false",
            "data-types": json.dumps({"parts": PARTS, "hints": HINTS, "single": sorted(SINGLE_TYPES)}),
        }
    )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return [line for line in super().clean(value).splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != [line for line in (data or "").splitlines() if line.strip()]


class TtlField(forms.CharField):
    """Whole seconds, or a duration such as 5m."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return parse_ttl(text) if text else None
        except ValueError as error:
            raise ValidationError(f"{error}.") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.clean(data))
        except ValidationError:
            return True


class EntryForm(ModelForm):
    ttl = TtlField(required=False, label="TTL", help_text="Seconds, or a duration such as 5m; empty: the default.")
    type = forms.ChoiceField(
        choices=[("", "none (a block)"), *((kind, kind) for kind in TYPES)], required=False, initial="A"
    )
    values = ValuesField(
        required=False,
        strip=False,
        help_text="One per line. " + "; ".join(f"{kind}: {hint}" for kind, hint in HINTS.items()) + ".",
    )

    target = forms.ChoiceField(required=False, help_text="The target that the entry is for.")
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["version"] = self.instance.updated_at.isoformat()
        else:
            self.initial.setdefault("target", UNSAID)
        if "target" in self.fields:
            self.fields["target"].choices = _list_choices(self.instance)  # type: ignore[attr-defined]

    class Meta:
        model = CustomEntry
        fields = FIELDS
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"size": 50, "spellcheck": "false", "autocapitalize": "none"}),
            "description": forms.Textarea(attrs={"rows": 2, "cols": 60}),
        }
        help_texts: ClassVar = {
            "mode": "publish: the name, unless a source of a higher rank wants it; override: beats every source; "
            "block: the name is never published",
            "name": "the full name with its zone; *.name for a wildcard",
            "owner": "whom to ask about it",
        }

    def clean(self) -> dict[str, Any]:
        """Checked here and not again when it is saved: ``changeform_view`` holds the lock from the one to the other."""
        data = self.cleaned_data
        seen = data.get("version")
        if seen and self.instance.pk and seen != self.get_initial_for_field(self.fields["version"], "version"):
            raise ValidationError("Someone has changed this entry since you opened it: open it again.")
        if data.get("mode") == Mode.BLOCK and not data.get("values"):
            data["type"] = ""  # the form proposes A, and a block has no type
        given = {field: data[field] for field in FIELDS if field in data}
        entry = CustomEntry(pk=self.instance.pk, **{"target": UNSAID, **given})
        try:
            custom_entries.check_entry(entry)
        except ValidationError as error:
            raise ValidationError(
                {field: texts for field, texts in error.message_dict.items() if field not in self.errors}
            ) from error
        self.instance.target = entry.target  # there may be no choice, and so no field
        return data | {field: getattr(entry, field) for field in FIELDS}


def _list_choices(entry: CustomEntry) -> list[tuple[str, str]]:
    """The first is for an entry that is new; a target that is gone is one for an entry that is there."""
    names = [*list_targets()]
    gone = [(entry.target, columns.name_target(entry.target, False))] if entry.target not in ("", *names) else []
    first = [] if entry.pk else [(UNSAID, "the only one that manages the name")]
    return [*first, *((name, name) for name in names), *gone, ("", "each that manages the name")]


class EntryList(NamingList):
    """Its rows know their state."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        states = find_states(list(self.result_list))
        for entry in self.result_list:
            entry.state = states[entry.pk]


@admin.register(CustomEntry)
class EntryAdmin(RegistryAdmin):
    noun = ("entry", "entries")
    nothing_yet = "A custom entry publishes a name by hand, overrides what the cluster wants, or blocks a name."
    form = EntryForm
    list_display = ("shown_name", "shown_content", "shown_mode", "owner", "shown_description", "changed_on")
    list_filter = (EntryQuestion, "mode", TypeFilter, EntryTargetFilter)
    search_fields = ("name__contains", "owner__icontains", "description__icontains", "values__icontains")
    search_help_text = "A part of a name, value, owner or description"
    actions = ("enable", "disable")

    class Media:
        js: ClassVar = [forms.Script("records/entry-values.js", defer=True)]

    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("name", "target", "mode", "type", "values", "ttl")}),
        (None, {"fields": ("enabled", "owner", "description", "version")}),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EntryList

    def get_fieldsets(self, request: HttpRequest, obj: CustomEntry | None = None) -> Any:
        """The target is a question only where there are several."""
        if len(list_targets()) > 1:
            return self.fieldsets
        return [(title, {"fields": [it for it in rest["fields"] if it != "target"]}) for title, rest in self.fieldsets]

    @admin.display(description="target", ordering="target")
    def shown_target(self, row: Any) -> str:
        return super().shown_target(row) if row.target else "each"

    @admin.display(description="name", ordering="name")
    def shown_name(self, entry: CustomEntry) -> SafeString:
        return columns.break_name(entry.name)

    @admin.display(description="description")
    def shown_description(self, entry: CustomEntry) -> SafeString:
        return columns.clip_reason(entry.description) or columns.NOTHING

    @admin.display(description="type and values", ordering="type")
    def shown_content(self, entry: CustomEntry) -> SafeString:
        if entry.mode == Mode.BLOCK:
            return columns.NOTHING
        ttl = format_html('<span class="quiet">TTL {} s</span>', entry.ttl) if entry.ttl else ""
        return format_html('<b class="type">{}</b> {} {}', entry.type, columns.list_values(entry.values), ttl)

    @admin.display(description="mode", ordering="mode")
    def shown_mode(self, entry: Any) -> SafeString:
        if not entry.enabled:
            return columns.color_word(f"{entry.mode}, disabled", "quiet")
        word = columns.color_word(entry.mode, MODE_TONES[Mode(entry.mode)])
        # All of the reasons: they are what the list is opened for.
        losses = [
            (columns.color_word(f"no effect{entry.state.where(loss)}", "bad"), loss.reason)
            for loss in entry.state.losses
        ]
        effective = columns.color_word(f"effect on {', '.join(entry.state.effective)}", "good")
        shown = format_html_join("", ' {} <span class="reason">{}</span>', losses)
        return format_html("{} {} {}", word, shown, effective if entry.state.effective else "")

    @admin.display(description="changed", ordering="updated_at")
    def changed_on(self, entry: CustomEntry) -> SafeString:
        return columns.relative_time(entry.updated_at)

    # Every edit goes through the operations, which write the audit and make the request to the syncer.

    def save_model(self, request: HttpRequest, obj: CustomEntry, form: Any, change: bool) -> None:
        if set(form.changed_data) - {"version"}:
            custom_entries.store_entry(request.user.get_username(), obj, created=not change)
            for problem in foresee_state(obj).warnings:
                messages.warning(request, problem)

    def delete_model(self, request: HttpRequest, obj: CustomEntry) -> None:
        custom_entries.delete_entry(request.user.get_username(), obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CustomEntry]) -> None:
        actor = request.user.get_username()
        with sync_requests.gather_requests(actor):
            for entry in queryset:
                custom_entries.delete_entry(actor, entry)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context: dict[str, Any] = {}
        if object_id and (entry := self.get_object(request, object_id)):
            covered = [entry.target] if entry.target else find_targets(entry.name)
            context = {
                "title": str(entry),
                "subtitle": None,
                "no_effect": find_states([entry])[entry.pk].warnings,
                "its_records": ManagedRecord.objects.filter(target__in=covered, name=entry.name),
                "history": list_history(AuditEntry.objects.filter(source=entry.origin)),
            }
        with editing_entries() if request.method == "POST" else nullcontext():  # the form checks before it writes
            return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def history_of(self, target: CustomEntry) -> dict[str, str]:
        return {"source": target.origin}

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[CustomEntry]) -> HttpResponse | None:
        enable = partial(custom_entries.switch_entry, enabled=True)
        return self.carry_out(request, queryset.filter(enabled=False), enable, "{} in force.")

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[CustomEntry]) -> HttpResponse | None:
        disable = partial(custom_entries.switch_entry, enabled=False)
        return self.carry_out(request, queryset.filter(enabled=True), disable, "{} disabled.")
