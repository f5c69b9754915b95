"""The cells of ``records.admin.columns`` for templates."""

from django import template

from records.admin import columns
from records.admin.status import kind_line
from records.entry_names import name_entries

register = template.Library()
for function in (
    columns.relative_time,
    columns.state_word,
    columns.action_word,
    columns.dns_answer,
    columns.origin_link,
    columns.show_subject,
    columns.list_values,
    columns.name_link,
    columns.show_change,
    kind_line,
    name_entries,
):
    register.simple_tag(function)
