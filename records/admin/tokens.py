"""Tokens for the REST API: made for a user, shown once, and revoked by deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from knox.admin import AuthTokenAdmin
from knox.models import AuthToken

from records.admin.base import NamedAdmin
from records.admin.users import lacks_rights_of
from records.api.access import SHOWN, make_token, name_token
from records.models import TokenName

admin.site.unregister(AuthToken)

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[AuthToken]
else:  # generic in the stubs alone
    ModelForm = forms.ModelForm


class TokenForm(ModelForm):
    name = forms.CharField(
        max_length=60, help_text="What the audit and the list of tokens call it, such as the script that uses it."
    )
    days = forms.IntegerField(min_value=1, max_value=3650, initial=90, help_text="Days until it expires.")

    class Meta:
        model = AuthToken
        fields = ("user",)

    text = ""
    maker: ClassVar[User]

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if lacks_rights_of(self.maker, user):
            raise forms.ValidationError("This user may do more than you: a superuser makes the token.")
        return user

    def save(self, commit: bool = True) -> AuthToken:
        data = self.cleaned_data
        token, self.text = make_token(data["user"], data["days"], data["name"])
        return token

    def save_m2m(self) -> None:
        """There is none; the admin calls it all the same."""


@admin.register(AuthToken)
class TokenAdmin(NamedAdmin, AuthTokenAdmin):
    one, many = "API token", "API tokens"
    nothing_yet = "A script calls the REST API with a token, and may do what the token's user may do."
    add_form = TokenForm
    list_display = ("shown_name", "token_start", "user", "created", "expiry", "still_good")
    list_select_related = ("user",)
    list_filter = ()
    search_fields = ("token_key", "user__username")
    fields = None
    readonly_fields = ("shown_name", "token_start", "created", "expiry")
    raw_id_fields = ()
    autocomplete_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: AuthToken | None = None) -> tuple[str, ...]:
        return ("shown_name", "token_start", "user", "created", "expiry") if obj else ("name", "user", "days")

    def name_target(self, target: AuthToken) -> str:
        """By its first characters: its text form would be the whole digest."""
        return f"Token {name_token(target)} of {target.user}"

    def delete_model(self, request: HttpRequest, obj: AuthToken) -> None:
        TokenName.objects.filter(digest=obj.digest).delete()
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AuthToken]) -> None:
        TokenName.objects.filter(digest__in=list(queryset.values_list("digest", flat=True))).delete()
        super().delete_queryset(request, queryset)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and lacks_rights_of(request.user, obj.user))

    def get_form(self, request: HttpRequest, obj: AuthToken | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return form if obj else type(form.__name__, (form,), {"maker": request.user})

    def save_model(self, request: HttpRequest, obj: AuthToken, form: Any, change: bool) -> None:
        self.message_user(request, f"Copy the token now, it is shown only once: {form.text}", messages.WARNING)

    @admin.display(description="name")
    def shown_name(self, token: AuthToken) -> str:
        return name_token(token)

    @admin.display(description="token")
    def token_start(self, token: AuthToken) -> str:
        return f"{token.token_key[:SHOWN]}…"

    @admin.display(boolean=True, description="still good")
    def still_good(self, token: AuthToken) -> bool:
        return token.expiry is None or token.expiry > timezone.now()
