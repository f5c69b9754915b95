"""What can go wrong outside, in words for the person who reads the admin."""

from __future__ import annotations


class SyncError(Exception):
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


class KubernetesError(SyncError):
    """The API server did not answer, or refused."""
