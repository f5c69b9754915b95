"""What the cells show: coloured words, values, times, links. Everything is escaped here."""

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

from records.answer_models import RecordAnswer
from records.answer_rows import explain_pause
from records.audit import CHANGES, Action
from records.entry_names import name_entries
from records.held_models import HELD_PLAN
from records.models import AuditEntry, ManagedRecord, SyncStatus
from syncer.core.known import RecordState
from syncer.core.names import people_name
from syncer.core.origin import Origin

MINUTE = timedelta(minutes=1)
NOTHING = SafeString('<span class="quiet nothing">–</span>')
SHOWN = 2
"""Values of a record that a list has room for."""
LINE = 18
PIECE = re.compile(r"(?<=\.)(?=[^.]*[a-z])")
"""Where a host name may be broken into lines; an address never is."""

STATE_TONES: Mapping[str, str] = {
    RecordState.SYNCED: "good",
    RecordState.PENDING: "busy",
    RecordState.DRIFTED: "bad",
    RecordState.FOREIGN: "quiet",
    RecordState.CONFLICT: "bad",
    RecordState.FAILED: "bad",
    RecordState.SKIPPED: "warn",
    RecordState.HELD: "warn",
    RecordState.KEPT: "warn",
}
RESULT_TONES: Mapping[str, str] = {
    RecordAnswer.Result.RIGHT: "good",
    RecordAnswer.Result.WRONG: "bad",
    RecordAnswer.Result.UNANSWERED: "bad",
    RecordAnswer.Result.DELEGATED: "quiet",
}
ACTION_TONES: Mapping[str, str] = {
    Action.CREATED: "good",
    Action.ADOPTED: "good",
    Action.APPROVED: "good",
    Action.UPDATED: "busy",
    Action.REQUESTED: "busy",
    Action.DELETED: "bad",
    Action.FAILED: "bad",
    Action.LOGIN_REFUSED: "bad",
    Action.FROZEN: "warn",
    Action.RESUMED: "good",
    Action.CONFLICT: "bad",
    Action.DRIFTED: "bad",
    Action.HELD: "warn",
    Action.REJECTED: "warn",
    Action.GONE: "warn",
    Action.MARKED: "warn",
    Action.SKIPPED: "warn",
}


def color_word(text: str, tone: str) -> SafeString:
    return format_html('<span class="word {}">{}</span>', tone, text)


def state_word(state: str) -> SafeString:
    return color_word(state, STATE_TONES.get(state, "quiet"))


def result_word(answer: RecordAnswer, before: str = "") -> SafeString:
    return color_word(f"{before}{answer.get_result_display()}", RESULT_TONES[answer.result])


def action_word(action: str) -> SafeString:
    return color_word(action, ACTION_TONES.get(action, "quiet"))


def text_link(url: str, text: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, text)


def admin_url(page: str, *args: object, **query: str) -> str:
    """The address of a page of our admin, such as ``source_changelist``."""
    url = reverse(f"admin:records_{page}", args=args)
    return f"{url}?{urlencode(query)}" if query else url


def relative_time(moment: datetime | None) -> SafeString:
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


def exact_time(at: datetime | None) -> SafeString:
    """The exact time, and how long ago that is: an object's page has room for both, and a phone has no tooltips."""
    if at is None:
        return NOTHING
    return format_html(
        '{} <span class="quiet">{}</span>', f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S %Z}", relative_time(at)
    )


def object_time(text: str) -> str:
    """The time of an object as Kubernetes writes it, for people."""
    return text.replace("T", " ").replace("Z", " UTC") if text else "at an unknown time"


def name_url(name: str, **query: str) -> str:
    """The address of the page of a name."""
    url = reverse("admin:name", args=[name])
    return f"{url}?{urlencode(query)}" if query else url


def count_noun(count: int, noun: tuple[str, str]) -> str:
    return f"{count} {noun[count != 1]}"


def break_name(name: str) -> SafeString:
    """A name that is too long for a line of a list may be broken after a dot."""
    if len(name) <= LINE:
        return conditional_escape(name)
    return format_html_join(SafeString("<wbr>"), "{}", ((piece,) for piece in PIECE.split(name)))


def stack_lines(texts: Iterable[object]) -> SafeString:
    return format_html_join("", '<div class="line">{}</div>', ((text,) for text in texts)) or NOTHING


def shorten_value(value: str) -> str:
    return value if len(value) < 65 else f"{value[:64]}…"


def list_values(values: Sequence[str], limit: int = SHOWN) -> SafeString:
    """The first values, and how many more there are. Pages of one record have room for more of them: their templates
    give the ``limit``."""
    if not values:
        return NOTHING
    shown = map(shorten_value, values[:limit])
    text = format_html_join("", "<code>{}</code> ", ((break_name(value),) for value in shown))
    if len(values) > limit:
        text += format_html('<span class="quiet">and {} more</span>', len(values) - limit)
    return text


def show_version(data: Mapping[str, Any] | None) -> str:
    """One side of an audit entry in one line."""
    if not data:
        return ""
    if "deletes" in data:
        return count_noun(len(data["deletes"]), ("delete", "deletes"))
    values = data.get("values") or ()
    text = ", ".join(map(shorten_value, values[:SHOWN]))
    text += f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    parts = [text or data.get("mode") or ""]
    if data.get("ttl"):
        parts.append(f"TTL {data['ttl']}")
    if data.get("mode") and text:
        parts.append(str(data["mode"]))
    if data.get("enabled") is False:
        parts.append("disabled")
    return ", ".join(parts)


def show_change(entry: AuditEntry) -> SafeString:
    """From what to what. Only what was really changed is shown as a change."""
    old, new = show_version(entry.before), show_version(entry.after)
    if entry.action not in CHANGES:
        text: str = format_html('<span class="quiet">{}</span>', new or old) if new or old else ""
    elif old and new:
        text = format_html('<del>{}</del> <span class="quiet">→</span> <ins>{}</ins>', old, new)
    else:
        text = format_html("<del>{}</del>", old) if old else format_html("<ins>{}</ins>", new)
    return format_html("{} {}", text, clip_reason(entry.reason, getattr(entry, "entry_names", None)))


def clip_reason(reason: str, names: Mapping[str, str] | None = None) -> SafeString:
    """A reason in at most two lines; all of it as a tooltip. ``names``: how entries are called, where that is known."""
    reason = name_entries(reason, names)
    return format_html('<span class="reason clipped" title="{}">{}</span>', reason, reason) if reason else SafeString()


def origin_link(text: str, names: Mapping[str, str] | None = None) -> SafeString:
    """``Kind/namespace/name`` as a link to the source, ``CustomEntry//key`` to the entry. ``names``: how entries are
    called, where that is known."""
    if not text:
        return NOTHING
    origin = Origin.parse(text)
    if origin.is_entry and origin.name.isdecimal():
        return text_link(admin_url("customentry_change", origin.name), name_entries(text, names))
    if origin.kind == HELD_PLAN and origin.name.isdecimal():
        return text_link(admin_url("heldplan_change", origin.name), f"held plan {origin.name}")
    place = f"{origin.namespace}/{origin.name}".strip("/")
    return format_html(
        '<a href="{}">{} <span class="quiet">{}</span></a>', admin_url("source_named", origin=text), place, origin.kind
    )


def show_subject(entry: AuditEntry) -> SafeString:
    """What an audit entry is about."""
    if entry.name:
        return name_link(entry.name, entry.type, entry.target)
    return NOTHING if entry.action == Action.LOGIN_REFUSED else format_html("{}", entry.zone or "every zone")


def name_target(target: str, is_known: bool) -> str:
    return target if is_known else f"{target} (gone)"


def name_link(name: str, kind: str = "", target: str = "") -> SafeString:
    """A name as a link to its page; ``target`` "": on the target that is written to."""
    if not name:
        return NOTHING
    query = {"target": target} if target else {}
    return text_link(name_url(name, **query), format_html("{} {}", break_name(people_name(name)), kind))


def dns_answer(record: ManagedRecord) -> SafeString:
    """As it was last asked for; else why not."""
    answer = record.answer
    if answer is None:
        pause = explain_pause(SyncStatus.read())
        words = f"names are not asked: {pause}" if pause else "not known yet" if record.owned else "not asked"
        return format_html('<span class="quiet">{}</span>', words)
    since, asked = relative_time(answer.since), relative_time(answer.asked_at)
    return format_html(
        '{} {}<div class="line quiet">since {}, asked {}</div>', result_word(answer), answer.reason, since, asked
    )
