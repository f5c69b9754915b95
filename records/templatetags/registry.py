"""The cells of ``records.admin.columns`` for templates."""

from django import template

from records.admin import columns
from records.admin.status import kind_line

register = template.Library()
for function in (
    columns.when,
    columns.state_word,
    columns.action_word,
    columns.origin_link,
    columns.subject,
    columns.data,
    columns.change,
    kind_line,
):
    register.simple_tag(function)
