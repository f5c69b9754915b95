"""What stands in a cell: coloured words, values, times, links. Everything is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from records.models import AuditEntry

MINUTE = timedelta(minutes=1)
NOTHING = SafeString('<span class="quiet nothing">–</span>')
LINE = 18
PIECE = re.compile(r"(?<=\.)(?=[^.]*[a-z])")
"""Where a host name may be broken into lines; an address is not."""

STATE_TONES = {
    "synced": "good",
    "pending": "busy",
    "drifted": "bad",
    "foreign": "quiet",
    "conflict": "bad",
    "failed": "bad",
    "skipped": "warn",
    "held": "warn",
    "kept": "warn",
}
DEEDS = frozenset(("created", "updated", "deleted", "adopted", "released"))
ACTION_TONES = {
    "created": "good",
    "adopted": "good",
    "approved": "good",
    "updated": "busy",
    "requested": "busy",
    "deleted": "bad",
    "failed": "bad",
    "login refused": "bad",
    "conflict": "bad",
    "drifted": "bad",
    "held": "warn",
    "rejected": "warn",
    "gone": "warn",
    "skipped": "warn",
}


def word(text: str, tone: str) -> SafeString:
    return format_html('<span class="word {}">{}</span>', tone, text)


def state_word(state: str) -> SafeString:
    return word(state, STATE_TONES.get(state, "quiet"))


def action_word(action: str) -> SafeString:
    return word(action, ACTION_TONES.get(action, "quiet"))


def link(url: str, text: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)


def admin_url(page: str, *args: object, **query: str) -> str:
    """The address of a page of our admin, such as ``source_changelist``."""
    url = reverse(f"admin:records_{page}", args=args)
    return f"{url}?{urlencode(query)}" if query else url


def when(moment: datetime | None) -> SafeString:
    """How long ago, or how soon; the exact time as a tooltip."""
    if moment is None:
        return NOTHING
    now = timezone.now()
    if abs(moment - now) < MINUTE:
        text = "just now" if moment <= now else "within a minute"
    else:
        text = f"in {timeuntil(moment, now, depth=1)}" if moment > now else f"{timesince(moment, now, depth=1)} ago"
    exact = timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, text)


def exactly(at: datetime | None) -> SafeString:
    """The exact time, and how long ago that is: there is room on an object's page, and no tooltip on a phone."""
    if at is None:
        return NOTHING
    return format_html('{} <span class="quiet">{}</span>', f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S %Z}", when(at))


def timestamp(text: str) -> str:
    """The time of an object as Kubernetes writes it, for people."""
    return text.replace("T", " ").replace("Z", " UTC") if text else "at an unknown time"


def counted(count: int, noun: tuple[str, str]) -> str:
    return f"{count} {noun[count != 1]}"


def breakable(name: str) -> SafeString:
    """A name that is too long for a line of a list, broken behind a dot if anywhere."""
    if len(name) <= LINE:
        return conditional_escape(name)
    return format_html_join(SafeString("<wbr>"), "{}", ((piece,) for piece in PIECE.split(name)))


def lines(texts: Iterable[object]) -> SafeString:
    return format_html_join("", '<div class="line">{}</div>', ((text,) for text in texts)) or NOTHING


def short(value: str) -> str:
    return value if len(value) < 65 else f"{value[:64]}…"


def data(values: Sequence[str], limit: int = 2) -> SafeString:
    """The first values, and how many more there are."""
    if not values:
        return NOTHING
    shown = map(short, values[:limit])
    text = format_html_join("", "<code>{}</code> ", ((breakable(value),) for value in shown))
    if len(values) > limit:
        text += format_html('<span class="quiet">and {} more</span>', len(values) - limit)
    return text


def version(data_: Mapping[str, Any] | None) -> str:
    """One side of an audit entry in a line."""
    if not data_:
        return ""
    if "deletes" in data_:
        return counted(len(data_["deletes"]), ("delete", "deletes"))
    values = data_.get("values") or ()
    text = ", ".join(map(short, values[:2])) + (f" and {len(values) - 2} more" if len(values) > 2 else "")
    parts = [text or data_.get("mode") or ""]
    if data_.get("ttl"):
        parts.append(f"TTL {data_['ttl']}")
    if data_.get("mode") and text:
        parts.append(str(data_["mode"]))
    if data_.get("enabled") is False:
        parts.append("disabled")
    return ", ".join(parts)


def change(fact: AuditEntry) -> SafeString:
    """From what to what; what did not happen is not shown as if it had."""
    old, new = version(fact.before), version(fact.after)
    if fact.action not in DEEDS:
        text: str = format_html('<span class="quiet">{}</span>', new or old) if new or old else ""
    elif old and new:
        text = format_html('<del>{}</del> <span class="quiet">→</span> <ins>{}</ins>', old, new)
    else:
        text = format_html("<del>{}</del>", old) if old else format_html("<ins>{}</ins>", new)
    return format_html("{} {}", text, clipped(fact.reason))


def clipped(reason: str) -> SafeString:
    """A reason in at most two lines; the whole of it as a tooltip."""
    return format_html('<span class="reason clipped" title="{}">{}</span>', reason, reason) if reason else SafeString()


def origin_link(origin: str) -> SafeString:
    """``Kind/namespace/name`` as a link to the source, ``CustomEntry//key`` to the entry."""
    if not origin:
        return NOTHING
    kind, _, place = origin.partition("/")
    key = place.removeprefix("/")
    if kind == "CustomEntry" and key.isdigit():
        return link(admin_url("customentry_change", key), f"custom entry {key}")
    if kind == "HeldPlan" and key.isdigit():
        return link(admin_url("heldplan_change", key), f"held plan {key}")
    return format_html(
        '<a href="{}">{} <span class="quiet">{}</span></a>', admin_url("source_named", origin=origin), place, kind
    )


def subject(fact: AuditEntry) -> SafeString:
    """What a fact is about."""
    if fact.name:
        return name_link(fact.name, fact.type)
    return NOTHING if fact.action == "login refused" else format_html("{}", fact.zone or "every zone")


def name_link(name: str, kind: str = "") -> SafeString:
    """A name as a link to its record, or to the search for it."""
    if not name:
        return NOTHING
    return link(admin_url("managedrecord_named", name=name, type=kind), format_html("{} {}", breakable(name), kind))
