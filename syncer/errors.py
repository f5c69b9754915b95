"""What can go wrong outside, in words for the person who reads the admin."""

from __future__ import annotations

from syncer.redaction import REDACTION


class ToldError(Exception):
    """Its text is a reason: it is shown on pages, told by probes without a login and kept in tables. So whatever it was
    put together from, secrets are taken out of it here."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(REDACTION.redact_text(reason))


class SyncError(ToldError):
    """``worth_retrying`` is the one bit that an error carries: whether the same call may succeed later by itself."""

    worth_retrying = True


class TargetUnreachable(SyncError):
    """The target did not answer, or not sensibly: what was sent may or may not have happened."""


class TargetRefused(SyncError):
    """The target answered, and the answer was no: nothing was changed."""

    worth_retrying = False


class ServerRefused(TargetRefused):
    """It lets us do nothing at all, whatever the zone: a wrong token, a redirect."""


class ZoneUnusable(TargetRefused):
    """A zone is missing, disabled, not ours to write (secondary, internal), or the token has no rights on it."""

    worth_retrying = True


class WritesFrozen(SyncError):
    """A person holds all writes to the zone, since before this one: nothing more is sent."""


class KubernetesError(SyncError):
    """The API server did not answer, or refused."""


def explain_fault(error: Exception, place: str = "") -> str:
    """The reason that an error gives which nothing foresaw."""
    return REDACTION.redact_text(f"internal error{place}: {type(error).__name__}: {error}")
