"""The addresses below /ui."""

from django.urls import path

from records.dashboard.actions import take_action
from records.dashboard.stream import stream_events
from records.dashboard.views import find_text, guard_page, show_name, show_needs, show_overview, show_plan, show_system
from records.dashboard.writes import show_freezes, show_writes

app_name = "dashboard"
urlpatterns = [
    path("", guard_page(show_overview), name="overview"),
    path("needs/", guard_page(show_needs), name="needs"),
    path("find/", guard_page(find_text), name="find"),
    path("names/<path:name>/", guard_page(show_name), name="name"),
    path("plans/<int:pk>/", guard_page(show_plan), name="plan"),
    path("system/", guard_page(show_system), name="system"),
    path("writes/", guard_page(show_writes), name="writes"),
    path("freezes/", guard_page(show_freezes), name="freezes"),
    path("stream/", stream_events, name="stream"),
    path("do/", guard_page(take_action), name="do"),
]
