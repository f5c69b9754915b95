"""Who may call what: tokens and sessions, the roles' permissions, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

from records.models import TokenName

if TYPE_CHECKING:
    from rest_framework.views import APIView

SHOWN = 11
"""Characters of a token by which people tell it from others."""


class BearerAuthentication(TokenAuthentication):
    """``Authorization: Bearer cds_…``, or ``Token cds_…`` as REST framework's own clients write it."""

    def authenticate_header(self, request: Request) -> str:
        """The word before the token, and what a refusal asks for."""
        word = request.headers.get("Authorization", "").partition(" ")[0]
        return word if word.lower() == "token" else str(super().authenticate_header(request))

    def authenticate_credentials(self, token: bytes) -> Any:
        if not (token.isascii() and token.decode().isprintable()):
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)


class RolePermission(BasePermission):
    """The view says in ``rights`` which permission each method needs; the groups of the roles hold them."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        rights: Mapping[str, str] = getattr(view, "rights", {})
        method = "GET" if request.method == "HEAD" else request.method or ""
        if not request.user.is_authenticated:
            return False
        # The view itself refuses a method that it does not have.
        return method not in rights or request.user.has_perm(rights[method])


class PerUser(UserRateThrottle):
    scope = "user"
    rate_setting: ClassVar[str] = "API_RATE_LIMIT"

    def get_rate(self) -> str | None:
        limit: int = getattr(settings, self.rate_setting)
        return f"{limit}/min" if limit else None


def make_token(user: AbstractBaseUser, days: int, name: str = "") -> tuple[AuthToken, str]:
    """A new token with the rights of ``user``, and its text, which is not kept."""
    with transaction.atomic():
        token: tuple[AuthToken, str] = AuthToken.objects.create(user, expiry=timedelta(days=days))
        if name:
            TokenName.objects.create(digest=token[0].digest, name=name)
    return token


def name_token(token: AuthToken) -> str:
    """As people call it, else by its first characters."""
    name = TokenName.objects.filter(digest=token.digest).values_list("name", flat=True).first()
    return name or str(token.token_key[:SHOWN])


def name_actor(request: Request) -> str:
    """Whom the audit names: the user, with the token if one was used."""
    name = str(request.user.get_username())
    return f"{name} (token {name_token(request.auth)})" if isinstance(request.auth, AuthToken) else name
