"""The decision table as Markdown, for docs/records.md: ``python -m tests.syncer.core.table_text`` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from syncer.core.decision_table import ROWS, Asked, Fit, Observed, Obstacle, Remedy, Row, Step
from syncer.core.plan import Policy

STEPS = {
    Step.CREATE: "**create**",
    Step.UPDATE: "**update**",
    Step.ADOPT: "**adopt**: the whole record becomes ours",
    Step.DELETE: "**delete** what is ours",
    Step.NOTHING: "nothing",
}
CONDITIONS = {
    ("equal", True): "its values are the desired ones",
    ("served", False): "none of its values is enabled",
    ("adopts_equal", True): "`ADOPT_EXISTING=identical`",
    ("accepted", True): "someone accepted it as it is",
}
ASKED = {Asked.REMEDIATE: "someone asked to remediate it", Asked.ADOPT: "someone asked to adopt it"}


def render_table() -> str:
    head = ("Claimed", "In the zone", "And", "What happens", "Reason that is shown")
    lines = [head, tuple("---" for _ in head), *map(render_row, ROWS)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def render_row(row: Row) -> tuple[str, ...]:
    (desired,) = row.when["desired"]
    observed = row.when.get("observed")
    step = STEPS.get(row.step, f"state *{row.step}*")
    return (
        "yes" if desired else "no",
        ", ".join(str(item) for item in Observed if item in observed) if observed else "anything else",
        "; ".join(conditions_of(row)),
        step,
        row.reason.replace("{", "*").replace("}", "*"),
    )


def conditions_of(row: Row) -> Iterator[str]:
    for name, values in row.when.items():
        match name:
            case "fit":
                yield ", or ".join(str(fit) for fit in Fit if fit in values)
            case "remedy":
                yield ", or ".join(str(remedy) for remedy in Remedy if remedy in values)
            case "obstacle":
                yield ", or ".join(str(obstacle) for obstacle in Obstacle if obstacle in values)
            case "policy":
                yield "policy " + " or ".join(f"`{policy}`" for policy in Policy if policy in values)
            case "asked" if Asked.NOTHING in values:
                yield "no one asked to remediate it"
            case "asked":
                yield " or ".join(ASKED[asked] for asked in Asked if asked in values)
            case "equal" | "served" | "adopts_equal" | "accepted":
                (value,) = values
                yield CONDITIONS[name, value]


if __name__ == "__main__":
    print(render_table(), end="")
