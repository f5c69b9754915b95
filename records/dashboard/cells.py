"""What the dashboard's templates put into their lines beside the cells of the admin: icons and times."""

from __future__ import annotations

from datetime import datetime

from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from records.admin.columns import MINUTE, break_name
from syncer.core.names import people_name


def show_icon(name: str, words: str = "") -> SafeString:
    """Of the one sprite. ``words`` for who cannot see it, where no text beside it says the same."""
    href = f"{static('records/icons.svg')}#{name}"
    if words:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', words, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


def spell_name(name: str) -> SafeString:
    """As people write it; a long one may be broken after a dot."""
    return break_name(people_name(name))


def show_moment(moment: datetime | None, brief: bool = False) -> SafeString:
    """The exact time, which a script puts into the zone of the reader, and how long ago or how soon as a hint;
    ``brief``: that alone, and the exact time as a tooltip."""
    if moment is None:
        return SafeString('<span class="quiet">never</span>')
    at = timezone.localtime(moment)
    exact, hint = f"{at:%d %b %H:%M:%S %Z}", tell_distance(moment)
    if brief:
        return format_html('<time class="hint" datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, hint)
    return format_html(
        '<time datetime="{}">{}</time> <span class="hint quiet" data-of="{}">{}</span>',
        moment.isoformat(),
        exact,
        moment.isoformat(),
        hint,
    )


def tell_distance(moment: datetime) -> str:
    now = timezone.now()
    if abs(moment - now) < MINUTE:
        return "just now" if moment <= now else "within a minute"
    return f"in {timeuntil(moment, now, depth=1)}" if moment > now else f"{timesince(moment, now, depth=1)} ago"
