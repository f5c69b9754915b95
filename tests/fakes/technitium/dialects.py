"""In what the versions differ. Measured on the tapes; the release history says why."""

from __future__ import annotations

from typing import NamedTuple


class Dialect(NamedTuple):
    version: str
    bearer_token: bool = True
    stack_traces: bool = False
    server_field: bool = True
    unknown_path_is_404: bool = True
    ttl_texts: bool = True
    """``ttl=1h`` is understood, and replies have ``ttlString`` and its like."""
    key_field: bool = True
    """Zones have ``hasDnssecPrivateKeys``."""
    refuses_repeats: bool = True
    """An add of what is there and a delete of what is not are errors, not silent successes."""
    retimes_same_data: bool = True
    """An add of the same data with another TTL changes the TTL of the whole RRset."""
    hyphens_at_ends: bool = True
    """A label may begin or end with a hyphen."""
    reads_check_names: bool = False
    """Get and delete complain of a malformed name instead of not finding it."""
    json_comments: bool = True
    """A comment in a zone file that starts with ``{`` holds the record's state."""
    import_keeps_time: bool = True
    """An imported record with a comment has a time of change."""
    import_checks_zone: bool = True
    """An import with a name outside the zone is refused as a whole; an address there is passed over as glue."""
    ns_ttl: int = 14400
    ttl_refused: str = "Cannot"


DIALECTS = {
    "15.2": Dialect("15.2"),
    "14.3": Dialect(
        "14.3",
        bearer_token=False,
        stack_traces=True,
        retimes_same_data=False,
        hyphens_at_ends=False,
        import_keeps_time=False,
    ),
    "13.4": Dialect(
        "13.4",
        bearer_token=False,
        stack_traces=True,
        server_field=False,
        unknown_path_is_404=False,
        ttl_texts=False,
        key_field=False,
        refuses_repeats=False,
        retimes_same_data=False,
        hyphens_at_ends=False,
        reads_check_names=True,
        json_comments=False,
        import_keeps_time=False,
        import_checks_zone=False,
        ns_ttl=3600,
        ttl_refused="Failed to",
    ),
}
