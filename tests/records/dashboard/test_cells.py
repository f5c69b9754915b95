"""Icons and times."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from records.dashboard.axes import IN_DNS
from records.dashboard.cells import show_icon, show_moment, spell_name, tell_distance
from records.dashboard.needs import KINDS

RECORDS = Path(__file__).parents[3] / "records"


def test_a_time_is_exact_for_machines_and_people_and_has_a_hint() -> None:
    moment = timezone.now() - timedelta(minutes=3)
    text = show_moment(moment)
    assert f'datetime="{moment.isoformat()}"' in text
    assert f"{moment:%d %b %H:%M:%S} UTC" in text
    assert "3\xa0minutes ago" in text
    assert 'class="hint"' in show_moment(moment, brief=True)
    assert "never" in show_moment(None)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-0.5, "just now"), (0.5, "within a minute"), (-61, "1\xa0hour ago"), (125, "in 2\xa0hours")],
)
def test_how_far_away_a_time_is_in_words(minutes: float, words: str) -> None:
    assert tell_distance(timezone.now() + timedelta(minutes=minutes, seconds=1)) == words


def test_an_icon_without_text_beside_it_says_what_it_is() -> None:
    assert 'aria-hidden="true"' in show_icon("check")
    assert 'role="img" aria-label="&lt;b&gt;"' in show_icon("check", "<b>")


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    there = set(re.findall(r'<symbol id="([\w-]+)"', (RECORDS / "static/records/icons.svg").read_text()))
    templates = "".join(path.read_text() for path in (RECORDS / "templates/dashboard").glob("*.html"))
    used = set(re.findall(r'show_icon "([\w-]+)"', templates))
    used |= {kind.icon for kind in KINDS.values()} | {word.icon for word in IN_DNS.values()}
    assert len(used) > 10
    assert used <= there


def test_a_name_is_spelled_as_people_do_and_may_be_broken_after_a_dot() -> None:
    assert spell_name("xn--bcher-kva.home.lab") == "bücher.home.lab"
    assert "<wbr>" in spell_name("a-rather-long.name.of-a.home.lab")
