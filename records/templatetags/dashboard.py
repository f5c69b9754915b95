"""The cells of ``records.dashboard`` for templates."""

from typing import Any
from urllib.parse import parse_qsl

from django import template

from records.audit import edits_entry
from records.dashboard import cells
from records.dashboard.axes import read_axes
from records.dashboard.charts import draw_chart, draw_sparkline, draw_strip
from records.dashboard.drawing import draw_name
from records.dashboard.needs import name_page
from records.dashboard.passes import sort_of
from records.dashboard.timelines import draw_timeline
from records.dashboard.writes import describe_freezes
from records.resolve import Answer
from records.targets import tell_target
from syncer.core.names import people_name

register = template.Library()
CELLS = (cells.show_icon, cells.show_moment, cells.spell_name)
for function in (*CELLS, draw_name, draw_chart, draw_sparkline, draw_strip, draw_timeline, read_axes, name_page):
    register.simple_tag(function)
register.filter("people", people_name)
register.filter("sort_of", sort_of)
register.filter("edits_entry", edits_entry)
register.filter("fields", lambda text: dict(parse_qsl(text)))


@register.simple_tag
def name_target(target: str) -> str:
    """On which of several targets something was; nothing where there is one."""
    told = tell_target(target)
    return f" ·{told}" if told else ""


@register.filter
def server_at(answers: list[Answer], index: int) -> str:
    """Which server gave the answer in this column."""
    return answers[index].server


@register.inclusion_tag("dashboard/freezes.html", takes_context=True)
def freeze_banner(context: template.RequestContext) -> dict[str, Any]:
    """On every page while writes are held; nothing for who may not see the registry."""
    request = context.get("request")
    if request is None or not request.user.has_perm("records.view_writefreeze"):
        return {}
    back = request.get_full_path() if request.method == "GET" else ""
    kept = {name: context.get(name) for name in ("perms", "csrf_token")}
    return {**describe_freezes(), **kept, "back": back}
