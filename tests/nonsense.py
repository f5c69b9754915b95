"""What no page expects to be asked for, as those type it who try."""

from __future__ import annotations

import random
from collections.abc import Iterator
from urllib.parse import quote, urlencode

TEXTS = (
    *("", "0", "-1", "9" * 19, "9" * 400, "9" * 5000, "1e9", "1e999", "٣", "²", "NaN", "true", "null", "0x1"),
    *(
        "\0",
        "a\0b",
        "\ud800",
        "a\udfff.talos00",
        "\ud7ff\ue000",
        "\u202e",
        "\r\nX-Evil: 1",
        "%00",
        "%ff",
        "' OR 1=1 --",
    ),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ 7 }}", "javascript:alert(1)", "//evil.example/"),
    *("w " * 15, "x" * 10_000, "ä" * 10_000, "/" * 300, "a/b/c/d", "../" * 50, "*." * 120, "(" * 500, "a," * 3000),
    *("grafana.talos00", "Ingress/web/blog", "*.talos00", "[::1]", "http://[", "http://[::1", "192.0.2.1:99999"),
    *("xn--a", "drift-", "drift--1", "drift-x", "a b c d e", "x" * 64 + ".talos00", f"{'a' * 63}." * 3 + "b" * 61),
    *("0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-00-00", "2026-02-30", "24:00"),
    *("99999-01-01", "-5", "2026-01-31T12:00:00Z", "main#board", "div#pane-body", "section#names", "section#answers"),
)
"""Numbers, what databases and encodings take badly, markup, lengths, names, dates, and parts of pages."""


def make_texts(seed: str, number: int) -> Iterator[str]:
    """The same ones for the same seed: pieces of ``TEXTS`` in a row, and signs of any alphabet."""
    dice = random.Random(seed)
    for _ in range(number):
        pieces = [dice.choice(TEXTS)[: dice.randrange(1, 40)] for _ in range(dice.randrange(1, 6))]
        pieces += [chr(dice.randrange(0x110000)) for _ in range(dice.randrange(4))]
        yield "".join(dice.sample(pieces, len(pieces)))


def spell_query(*pairs: tuple[str, str]) -> str:
    """With what is no text in UTF-8, too: a browser sends any bytes that it is told to."""
    return urlencode(pairs, errors="surrogatepass")


def spell_path(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def spell_header(text: str) -> str:
    """As a server hands it on: each byte a sign; without those that no server takes."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1").translate({0: None, 10: None, 13: None})
