from __future__ import annotations

from typing import Any

import pytest

from syncer.targets.technitium.state import read_state


@pytest.mark.parametrize("kind", ["Primary", "Forwarder"])
def test_a_zone_that_can_be_written_has_no_problem(kind: str) -> None:
    state = read_state({"name": "talos00", "type": kind, "soaSerial": 7, "disabled": False, "internal": False})
    assert state.explain_problem("talos00") == ""
    assert state.serial == 7


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "example.com"}, "zone talos00 is not on the server (example.com answered for it)"),
        ({"name": ""}, "zone talos00 is not on the server (the root zone answered for it)"),
        ({"disabled": True}, "zone talos00 is disabled on the server: it answers no queries until it is enabled"),
        ({"internal": True}, "zone talos00 is internal to the server"),
        (
            {"type": "Secondary"},
            "zone talos00 is a Secondary zone on this server: set DNS_SERVER_URL to the server that has the primary",
        ),
    ],
)
def test_a_zone_that_cannot_be_written_says_why(changes: dict[str, Any], problem: str) -> None:
    assert read_state({"name": "talos00", "type": "Primary", **changes}).explain_problem("talos00") == problem
