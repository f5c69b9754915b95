"""Anyone who guesses passwords has to wait; anyone who comes from elsewhere does not.

An attempt is written down before the password is looked at: of many at once, in as many processes, no more than the
limit get through. A right password takes back what counted against its user there.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from records.audit import Action, make_entry
from records.logins.models import Attempt

log = logging.getLogger(__name__)

WINDOW = timedelta(minutes=5)
NAMES = 10
"""Times the limit of one user, for all users together: a whole house may be behind one address."""
WRONG = ("invalid_login", "password_incorrect")


class Bound(NamedTuple):
    limit: int
    attempts: QuerySet[Attempt]
    whose: str


def throttle_login(request: HttpRequest, name: str, view: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of ``view``, whose form takes the password of the user ``name``; 429 after too many wrong ones."""
    if request.method != "POST" or not settings.LOGIN_FAILURE_LIMIT:
        return view()
    name = User.normalize_username(name.strip())
    address = find_network(request.META.get("REMOTE_ADDR") or "")
    bounds = find_bounds(address, name)
    own = Attempt.objects.create(at=timezone.now(), address=address, name=digest_name(name))
    waits = [wait for bound in bounds if (wait := _find_wait(bound, own))]
    if waits:
        own.delete()
        return refuse_login(request, max(waits))
    try:
        answer = view()
    except Exception:
        own.delete()  # the password was never looked at
        raise
    if answer.status_code == HTTPStatus.FOUND:  # on to the next page
        bounds[0].attempts.delete()
    elif isinstance(answer, TemplateResponse) and is_wrong((answer.context_data or {})["form"]):
        _report_failure(bounds, own)
    else:
        own.delete()
    Attempt.objects.filter(at__lte=own.at - WINDOW).delete()
    return answer


def find_network(address: str) -> str:
    """IPv6 by its /64, of which every customer has a whole one."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"  # a proxy says something else in place of it: all of those share one limit
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), 64), strict=False))


def find_bounds(address: str, name: str) -> tuple[Bound, Bound]:
    recent = Attempt.objects.filter(address=address, at__gt=timezone.now() - WINDOW)
    limit: int = settings.LOGIN_FAILURE_LIMIT
    # An unknown name may be a password in the wrong field.
    whose = f"as {name}" if User.objects.filter(username=name).exists() else "with an unknown name"
    return (
        Bound(limit, recent.filter(name=digest_name(name)), whose),
        Bound(limit * NAMES, recent, "with any name"),
    )


def digest_name(name: str) -> str:
    return salted_hmac("records.logins", name, algorithm="sha256").hexdigest()


def is_wrong(form: BaseForm) -> bool:
    return any(error.code in WRONG for errors in form.errors.as_data().values() for error in errors)


def refuse_login(request: HttpRequest, wait: timedelta) -> HttpResponse:
    seconds = math.ceil(wait.total_seconds())
    text = f"{math.ceil(seconds / 60)} minutes" if seconds > 60 else f"{seconds} seconds"
    answer = render(request, "429.html", {"wait": text}, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


def _find_wait(bound: Bound, own: Attempt) -> timedelta | None:
    """Until there are fewer than the limit beside ``own``."""
    others = bound.attempts.exclude(pk=own.pk).order_by("-at").values_list("at", flat=True)
    moments = list(others[: bound.limit])
    return max(moments[-1] + WINDOW - own.at, timedelta(seconds=1)) if len(moments) == bound.limit else None


def _report_failure(bounds: tuple[Bound, Bound], own: Attempt) -> None:
    log.warning("login failed %s", bounds[0].whose, extra={"address": own.address})
    minutes = int(WINDOW.total_seconds() / 60)
    for bound in bounds:
        if bound.attempts.filter(pk__lte=own.pk).count() == bound.limit:
            logins = "login" if bound.limit == 1 else "logins"
            reason = f"{bound.limit} failed {logins} {bound.whose} from {own.address} within {minutes} minutes"
            log.warning("no more logins from there for now: %s", reason, extra={"address": own.address})
            make_entry(Action.LOGIN_REFUSED, "web", reason=reason).save()
