"""The cells of ``records.dashboard`` for templates."""

from django import template

from records.dashboard import cells
from records.dashboard.axes import read_axes
from records.dashboard.charts import draw_chart
from records.dashboard.drawing import draw_name
from records.dashboard.needs import name_page
from records.dashboard.passes import sort_of
from records.resolve import Answer
from syncer.core.names import people_name

register = template.Library()
for function in (cells.show_icon, cells.show_moment, cells.spell_name, draw_name, draw_chart, read_axes, name_page):
    register.simple_tag(function)
register.filter("people", people_name)
register.filter("sort_of", sort_of)


@register.filter
def server_at(answers: list[Answer], index: int) -> str:
    """Which server gave the answer in this column."""
    return answers[index].server
