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
"""Names of before, whole or after an underscore."""

WORDS = re.compile(
    r"\b(facts?|deeds?|verdicts?|stands|stand(?!-ins?\b|(?-i: In\b))|standing|bells?|doors?|knock(s|ed)?|blows?"
    r"|wish(es|ed)?|strangers?|heal(s|ed|ing)?|put(s|ting)? right|what is wanted|somebody)\b",
    re.IGNORECASE,
)
"""Neither in comments and docstrings, nor in what a person reads, nor as part of a name."""

TEXTS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}

OLD_WORD, KEEPERS = "heal", ("records/api/", "records/ledger.py")
"""The address and the action of before, which are understood for one release."""

QUOTED = {"docs/api.md": "heal", "docs/decisions.md": "somebody"}
"""Documents that name a word of before: the address, and why a migration rewrites reasons."""

DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted(ROOT.glob("docs/*.md"))))


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


def old_words(path: Path, allowed: str = "") -> list[str]:
    lines = enumerate(path.read_text().splitlines(), 1)
    return [f"{number}: {word[0]!r} in {line.strip()}" for number, line in lines
            for word in WORDS.finditer(line) if word[0] != allowed]  # fmt: skip


@pytest.mark.parametrize("path", sources(".html", ".txt", ".js", ".css"), ids=lambda path: path.name)
def test_no_page_does(path: Path) -> None:
    found = old_words(path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_does(name: str) -> None:
    found = old_words(ROOT / name, QUOTED.get(name, ""))
    assert not found, "\n".join(found)


def test_what_a_document_may_quote_is_in_it() -> None:
    assert all(old_words(ROOT / name) for name in QUOTED)


def test_the_words_are_found_where_they_are() -> None:
    assert WORDS.search("it stands there")
    assert WORDS.search(parts_of("verdict_fact"))
    assert WORDS.search("a CNAME cannot stand at the apex")
    assert WORDS.search("until somebody decides")
    assert not WORDS.search("understands, standard, bellow, a stand-in, stand-ins")
    assert not WORDS.search(parts_of("StandIn"))
    path = ROOT / "catalyst" / "__init__.py"
    assert not list(complaints(path))
