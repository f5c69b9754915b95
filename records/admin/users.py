"""Users with their roles. A role is a group, and who has one may log in to the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from records.admin.base import NamedAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


FIELDS_OF_AN_ADMIN = (
    (None, {"fields": ("username", "password")}),
    ("Personal info", {"fields": ("first_name", "last_name", "email")}),
    ("Permissions", {"fields": ("is_active", "groups")}),
    ("Important dates", {"fields": ("last_login", "date_joined")}),
)
"""Without the fields that give a user more rights than a role does."""


def missing_rights(user: User | AnonymousUser) -> QuerySet[Permission]:
    """Every right that the user lacks."""
    if user.is_superuser:
        return Permission.objects.none()
    return Permission.objects.exclude(pk__in=held_rights(user))


def held_rights(user: User | AnonymousUser) -> QuerySet[Permission]:
    """Those of an inactive user count too: it may be activated again."""
    return Permission.objects.filter(Q(user=user.pk) | Q(group__user=user.pk))


def lacks_rights_of(user: User | AnonymousUser, other: User) -> bool:
    """Whether ``other`` has a right that ``user`` lacks, so that ``user`` must not change it."""
    if user.is_superuser:
        return False
    return other.is_superuser or missing_rights(user).filter(pk__in=held_rights(other)).exists()


@admin.register(User)
class PersonAdmin(NamedAdmin, UserAdmin):  # type: ignore[type-arg]
    one, many = "user", "Users"
    list_display = ("username", "shown_roles", "email", "last_login", "is_active")
    list_filter = ("groups", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None or request.user.is_superuser:
            return super().get_fieldsets(request, obj)
        return FIELDS_OF_AN_ADMIN

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and lacks_rights_of(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and lacks_rights_of(request.user, obj))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["queryset"] = Group.objects.exclude(permissions__in=missing_rights(request.user))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description="roles")
    def shown_roles(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        return ", ".join(["superuser", *names] if user.is_superuser else names) or "none"


@admin.register(Group)
class RoleAdmin(NamedAdmin, GroupAdmin):
    """Only superusers change roles: who can change one can give it any right."""

    one, many = "role", "Roles"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def name_target(self, target: Group) -> str:
        return f"Role {target.name}"
