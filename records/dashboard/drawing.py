"""The way of a name as a picture: who mentions it, what that claims, what is written, what DNS answers. SVG, made here.

Where the way ends, the picture shows it: a claim that lost, an object that is not published, a record that could not be
written, a server that answers something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records.dashboard.axes import read_axes
from records.models import ManagedRecord
from records.resolve import Answer, show_value
from syncer.core.claims import Mode
from syncer.core.names import people_name
from syncer.core.origin import Origin

OBJECTS, RECORDS, SERVERS = 4, 4, 4
"""Of each, what is drawn; the page lists the rest."""
STAGES = ("object", "claim", "record", "answer")
WIDTH, HEIGHT, GAP, LINE = 214, 52, 44, 14
"""Of a box, the space between two stages, and the space between two boxes, in pixels."""
TITLE, TEXT = 23, 30
"""Letters that fit the lines of a box."""
NO_CLAIM = "no claim"
MENTIONS = {
    "regexp": "by a regular expression",
    "rule": "in a rule that cannot be read",
    "wildcard": "by a wildcard",
}
AWAITED = "awaited"
"""The tone of a box of which a script fetches the content: it shows that while it does."""
HEAD = 26
Place = Callable[[int, int], tuple[int, int]]
"""Where a box is, by its stage and its number there."""


class Box(NamedTuple):
    """``title`` and ``text`` are its lines; ``tone`` is good, busy, warn, bad, quiet or ``AWAITED``."""

    title: str
    text: str
    tone: str = "quiet"
    url: str = ""


class Arrow(NamedTuple):
    """From one box of a stage to one of the next; ``is_whole`` where the way goes on there."""

    stage: int
    start: int
    end: int
    is_whole: bool


class Way(NamedTuple):
    stages: Sequence[Sequence[Box]]
    arrows: Sequence[Arrow]

    def describe(self) -> str:
        """For who cannot see it."""
        told = (
            f"{name}: {'; '.join(f'{box.title}, {box.text}' for box in boxes) or 'none'}"
            for name, boxes in zip(STAGES, self.stages, strict=True)
        )
        return ". ".join(told)


def trace_name(
    explanation: Mapping[str, Any], records: Sequence[ManagedRecord], asked: Sequence[Answer] | None, refused: str = ""
) -> Way:
    """From what ``records.explain`` says of the name, its records, and the answers of the servers; None where these
    have not been asked, because it was ``refused`` or for no reason."""
    objects, claims, holders = _find_claims(explanation, records)
    shown = records[:RECORDS]
    written = [_draw_record(record) for record in shown] or [Box("no record", "nothing is written")]
    answers, is_right = _find_answers(explanation, shown, asked, refused)
    arrows = [Arrow(0, index, index, claims[index].title != NO_CLAIM) for index in range(len(objects))]
    for index, holds in enumerate(holders):
        arrows += [Arrow(1, index, number, number in holds) for number in range(len(written))]
    for index in range(len(written)):
        arrows += [Arrow(2, index, number, is_right(index, number)) for number in range(len(answers))]
    return Way((objects, claims, written, answers), arrows)


def _find_claims(
    explanation: Mapping[str, Any], records: Sequence[ManagedRecord]
) -> tuple[list[Box], list[Box], list[set[int]]]:
    """The objects, what each claims, and which of the records were written for each."""
    objects, claims, holders = [], [], []
    losers = {loser["source"] for loser in explanation["decision"]["losers"]}
    told: set[str] = set()
    for claim in explanation["claims"][:OBJECTS]:
        source = claim["source"]
        told.add(source)
        has = {number for number, record in enumerate(records) if source in record.claimants}
        objects.append(_draw_object(source))
        written = {number for number in has if records[number].owned}
        claims.append(_draw_claim(claim, has=bool(written), first=bool(has), lost=source in losers))
        holders.append(written)
    beside = [*explanation["skipped"], *explanation["mentions"]]
    for mention in [each for each in beside if each["source"] not in told][: OBJECTS - len(objects)]:
        source = mention["source"]
        told.add(source)
        objects.append(_draw_object(source))
        claims.append(Box(NO_CLAIM, mention.get("reason") or MENTIONS.get(mention["how"], mention["how"]), "warn"))
        holders.append(_find_written(source, records))
    # What nothing asks for any more was written for someone.
    for origin in dict.fromkeys(record.origin for record in records if record.origin):
        if len(objects) < OBJECTS and origin not in told:
            objects.append(_draw_object(origin))
            claims.append(Box(NO_CLAIM, "it does not ask for it any more", "warn"))
            holders.append(_find_written(origin, records))
    if not objects:
        objects, claims = [Box("no object", "nothing mentions it")], [Box(NO_CLAIM, "nobody asks for it")]
        holders = [set()]
    return objects, claims, holders


def _find_written(origin: str, records: Sequence[ManagedRecord]) -> set[int]:
    return {number for number, record in enumerate(records) if record.origin == origin}


def _draw_object(source: str) -> Box:
    origin = Origin.parse(source)
    if origin.is_entry:
        return Box("custom entry", "made by a person")
    return Box(f"{origin.namespace}/{origin.name}".strip("/"), origin.kind)


def _draw_claim(claim: Mapping[str, Any], *, has: bool, first: bool, lost: bool) -> Box:
    wants = f"wants {', '.join(claim['values'])}" if claim["values"] else "has no address yet"
    if not claim.get("enabled", True):
        return Box("disabled", wants)
    if claim.get("mode") == Mode.BLOCK:
        return Box("blocks the name", "nothing is published", "warn")
    if has:
        return Box("has the name", wants, "good")
    if first:
        return Box("comes first", wants, "warn")
    return Box("lost", wants, "bad") if lost else Box("waits", wants, "busy")


def _draw_record(record: ManagedRecord) -> Box:
    axes = read_axes(record)
    words = f"{axes.dns.word}, {axes.why}" if axes.why else axes.dns.word
    return Box(f"{record.type} {', '.join(record.values)}", words, axes.dns.tone)


def _find_answers(
    explanation: Mapping[str, Any], records: Sequence[ManagedRecord], asked: Sequence[Answer] | None, refused: str
) -> tuple[list[Box], Callable[[int, int], bool]]:
    """What each server says, and whether a record, by its number, is answered by a server as it is written."""
    if not explanation["zone"]:
        return [Box("not asked", "outside every zone")], lambda index, number: False
    if asked is None:
        not_asked = ("not asked: too often of late", "warn") if refused else ("not asked yet", AWAITED)
        return [Box("DNS", *not_asked)], lambda index, number: False
    servers = asked[:SERVERS]

    def is_right(index: int, number: int) -> bool:
        if index >= len(records) or number >= len(servers):
            return False
        record = records[index]
        return bool(record.values) and servers[number].values(record.name, record.type) == set(record.values)

    boxes = []
    for number, answer in enumerate(servers):
        found = [show_value(rdata) for rrset in answer.records for rdata in rrset]
        right = bool(records) and all(is_right(index, number) for index in range(len(records)))
        tone = "good" if right else "bad" if records else "quiet"
        boxes.append(Box(", ".join(found) or answer.error or answer.rcode or "nothing", answer.server, tone))
    return boxes, is_right


# The picture


def draw_wide(way: Way) -> SafeString:
    """The stages side by side."""
    rows = max(map(len, way.stages))
    height = HEAD + rows * (HEIGHT + LINE)
    width = len(STAGES) * WIDTH + (len(STAGES) - 1) * GAP

    def place(stage: int, index: int) -> tuple[int, int]:
        offset = (rows - len(way.stages[stage])) * (HEIGHT + LINE) // 2
        return stage * (WIDTH + GAP), HEAD + offset + index * (HEIGHT + LINE)

    def connect(arrow: Arrow) -> str:
        x, y = place(arrow.stage, arrow.start)
        end_x, end_y = place(arrow.stage + 1, arrow.end)
        x, y, end_y = x + WIDTH, y + HEIGHT // 2, end_y + HEIGHT // 2
        middle = (x + end_x) // 2
        return f"M{x} {y}C{middle} {y} {middle} {end_y} {end_x - 4} {end_y}"

    heads = [(stage * (WIDTH + GAP), 16, name) for stage, name in enumerate(STAGES)]
    return _draw_way(way, "wide", width, height, place, connect, heads)


def draw_tall(way: Way) -> SafeString:
    """The stages below one another, for narrow pages."""
    tops, top = [], 0
    for boxes in way.stages:
        tops.append(top + HEAD)
        top += HEAD + len(boxes) * (HEIGHT + LINE) + 4
    width = WIDTH + 40

    def place(stage: int, index: int) -> tuple[int, int]:
        return 30, tops[stage] + index * (HEIGHT + LINE)

    def connect(arrow: Arrow) -> str:
        _, y = place(arrow.stage, arrow.start)
        _, end_y = place(arrow.stage + 1, arrow.end)
        y, end_y = y + HEIGHT // 2, end_y + HEIGHT // 2
        return f"M30 {y}C4 {y} 4 {end_y} 26 {end_y}"

    heads = [(30, tops[stage] - 8, name) for stage, name in enumerate(STAGES)]
    return _draw_way(way, "tall", width, top, place, connect, heads)


def _draw_way(
    way: Way,
    look: str,
    width: int,
    height: int,
    place: Place,
    connect: Callable[[Arrow], str],
    heads: Iterable[tuple[int, int, str]],
) -> SafeString:
    # What goes on is drawn over what ends.
    arrows = sorted(way.arrows, key=lambda arrow: arrow.is_whole)
    lines = (("whole" if arrow.is_whole else "broken", connect(arrow)) for arrow in arrows)
    drawn = (
        *(format_html('<path class="{}" d="{}"/>', *line) for line in lines),
        *(format_html('<text class="head" x="{}" y="{}">{}</text>', *head) for head in heads),
        *(
            _draw_box(box, *place(stage, index))
            for stage, boxes in enumerate(way.stages)
            for index, box in enumerate(boxes)
        ),
    )
    return format_html(
        '<svg class="way {}" viewBox="0 0 {} {}" width="{}" role="img" aria-label="{}">{}</svg>',
        look,
        width,
        height,
        width,
        way.describe(),
        format_html_join("", "{}", ((part,) for part in drawn)),
    )


def _draw_box(box: Box, x: int, y: int) -> SafeString:
    return format_html(
        '<g class="box {}"><title>{}: {}</title><rect x="{}" y="{}" width="{}" height="{}" rx="7"/>'
        '<text class="title" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text></g>',
        box.tone,
        box.title,
        box.text,
        *(x, y, WIDTH, HEIGHT),
        *(x + 12, y + 22, _fit_text(box.title, TITLE)),
        *(x + 12, y + 40, _fit_text(box.text, TEXT)),
    )


def _fit_text(text: str, letters: int) -> str:
    shown = people_name(text) if " " not in text else text
    return shown if len(shown) <= letters else f"{shown[: letters - 1]}…"


def draw_name(
    explanation: Mapping[str, Any],
    records: Sequence[ManagedRecord],
    asked: Sequence[Answer] | None,
    refused: str = "",
) -> SafeString:
    """Both pictures; the style sheet shows the one that fits."""
    way = trace_name(explanation, records, asked, refused)
    return format_html('<figure class="ways">{}{}</figure>', draw_wide(way), draw_tall(way))
