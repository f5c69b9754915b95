"""The words of the house: terms of the field in code, log texts and pages, and not the private language of before."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("catalyst", "records", "syncer")

IDENTIFIERS = {
    "Answers", "Bell", "Done", "Door", "Outcomes", "Standing", "Stands", "Verdict",
    "alone", "come_back", "cross_off", "heals", "knock", "look_again", "losing", "lost_track", "ring", "take_due",
}  # fmt: skip
"""Names that design.md replaces, whole or after an underscore."""

WORDS = re.compile(
    r"\b(facts?|deeds?|verdicts?|stands|standing|bells?|doors?|knock(s|ed)?|blows?|wish(es|ed)?|strangers?"
    r"|heal(s|ed|ing)?|put(s|ting)? right|what is wanted|somebody else's)\b",
    re.IGNORECASE,
)
"""Neither in comments and docstrings, nor in what a person reads, nor as part of a name."""

TEXTS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}

OLD_WORD, KEEPERS = "heal", ("records/api/", "records/ledger.py")
"""The address and the action of before, which are understood for one release."""


def sources(*suffixes: str) -> list[Path]:
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.suffix in suffixes)
    return sorted(path for path in found if "migrations" not in path.parts)


def parts_of(name: str) -> str:
    """``lost_track`` and ``LostTrack`` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ")


def complaints(path: Path) -> Iterator[str]:
    with tokenize.open(path) as file:
        tokens = list(tokenize.generate_tokens(io.StringIO(file.read()).readline))
    for token in tokens:
        place = f"{path.relative_to(ROOT)}:{token.start[0]}"
        if token.type == tokenize.NAME:
            if token.string.lstrip("_") in IDENTIFIERS or WORDS.search(parts_of(token.string)):
                yield f"{place}: the name {token.string}"
        elif token.type in TEXTS:
            words = {found[0] for found in WORDS.finditer(token.string)}
            for word in words - ({OLD_WORD} if place.startswith(KEEPERS) else set()):
                yield f"{place}: {word!r}"


def test_no_name_comment_or_text_of_the_code_speaks_the_language_of_before() -> None:
    found = [complaint for path in sources(".py") for complaint in complaints(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", sources(".html", ".txt"), ids=lambda path: path.name)
def test_no_page_does(path: Path) -> None:
    found = [f"{number}: {line.strip()}" for number, line in enumerate(path.read_text().splitlines(), 1)
             if WORDS.search(line)]  # fmt: skip
    assert not found, "\n".join(found)


def test_the_words_are_found_where_they_are() -> None:
    assert WORDS.search("it stands there")
    assert WORDS.search(parts_of("verdict_fact"))
    assert not WORDS.search("understands, standard, bellow")
    path = ROOT / "catalyst" / "__init__.py"
    assert not list(complaints(path))
