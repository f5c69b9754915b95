"""What Technitium says when it refuses: every text that we act on, in one place.

The server has no error codes, and its words change from version to version.
"""

from __future__ import annotations

import re
from enum import Enum

OLD, MIDDLE, NEW = "13.4", "14.3", "15.2"
ALL = (OLD, MIDDLE, NEW)


class Message(Enum):
    """A pattern that tells the text from all others, and the versions in which it was seen."""

    TOKEN_MISSING = (r"Parameter 'token' missing\.", OLD, MIDDLE)
    """It did not look into the Authorization header. From 15.0 on a missing token is told by the status
    ``invalid-token``, like one that is unknown."""

    NO_ZONE = (r"No such (?:authoritative )?zone was found", *ALL)
    """Up to 12.2 with "authoritative"."""

    ACCESS_DENIED = (r"Access was denied\.", *ALL)
    """No right on the section or the zone. Also what a token with rights on one zone hears when that zone is gone."""

    INTERNAL_ZONE = (r"Access was denied to manage internal DNS Server zone", NEW)
    REPLICA_ZONE = (r"Cannot \w+ records? in (?:Secondary|Stub|Catalog)[\w ]* zone", NEW)

    NO_NODE = (r"No such node exists in the Cluster by name", NEW)
    """Of a call that should be passed on: the node left the cluster, or was deposed."""

    NODE_AWAY = (r"\([\w.-]+:\d+\)|DANE TLSA record", NEW)
    """Of a call that should be passed on, and with it any other text that has the node's address: "Connection refused
    (node1.clu.test:53443)", "An error occurred while sending the request. (node1.clu.test:53443)"."""

    NOT_PRIMARY = (r"Zone must be a primary", NEW)
    """Of an import."""

    RECORD_EXISTS = (r"[Rr]ecord already exists", *ALL)
    """Of an add. Before 13.6 only a CNAME is answered so; to everything else the server says "ok"."""

    NO_RECORD = (r"no such record exists", MIDDLE, NEW)
    """Of a delete, since 13.5."""

    NO_OLD_RECORD = (r"Cannot update record: .* does not exist", *ALL)
    """Of an update. The text says "zone" where the name has no record at all."""

    TRY_AGAIN = (r"Please try again", *ALL)
    """Someone else changed the same RRset at the same moment."""

    CNAME_CONFLICT = (r"a CNAME record cannot exist", *ALL)
    TTL_TOO_LONG = (r"TTL cannot be greater than SOA EXPIRE", *ALL)

    BAD_LINE = (r"The zone file parser failed to parse .* on line # (\d{1,9})\b", *ALL)
    """Of an import, of which nothing was done then."""

    def __init__(self, pattern: str, *versions: str) -> None:
        self.pattern = re.compile(pattern)
        self.versions = versions

    def is_in(self, text: str) -> bool:
        return self.pattern.search(text) is not None


READ_ONLY = (Message.REPLICA_ZONE, Message.NOT_PRIMARY, Message.INTERNAL_ZONE)

PASSING = (Message.TRY_AGAIN, Message.RECORD_EXISTS, Message.NO_RECORD, Message.NO_OLD_RECORD)
"""They come from what others wrote at the same moment; every other refusal is one of the value."""


def is_passing(text: str) -> bool:
    return any(message.is_in(text) for message in PASSING)


def find_bad_line(text: str) -> int | None:
    """The line of a zone file, from 1 on, that the server could not read."""
    found = Message.BAD_LINE.pattern.search(text)
    return int(found[1]) if found else None


def explain_zone(text: str) -> str:
    """What is wrong with the zone, as a predicate; "" when the text is about something else."""
    if Message.NO_ZONE.is_in(text):
        return "is not on the server"
    if Message.ACCESS_DENIED.is_in(text):
        return "is not on the server, or the token has no rights on it"
    if any(message.is_in(text) for message in READ_ONLY):
        return f"cannot be written on this server: {text}"
    return ""


def explain_record(text: str) -> str:
    """Why a record cannot be written, in our words where the server's are hard to understand."""
    if Message.TTL_TOO_LONG.is_in(text):
        return "the server refuses the TTL: it is above the SOA expire time of the zone"
    if Message.CNAME_CONFLICT.is_in(text):
        return "the server refuses it: a CNAME cannot be beside other records at one name"
    return f"the server refuses it: {text}"
