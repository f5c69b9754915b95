"""Words of a record value, in quotes and out of them."""

from __future__ import annotations

import pytest

from syncer.core.rdwords import BadValue, clean_hex, clean_string, decode_word, quote_word, split_words


def test_blanks_part_words_but_in_quotes() -> None:
    assert split_words(' 1  "two words" key="a b"\tend ') == ["1", '"two words"', 'key="a b"', "end"]
    assert split_words(r'a\ b "say \"hi\" there"') == [r"a\ b", r'"say \"hi\" there"']
    assert split_words("") == []


@pytest.mark.parametrize("text", ['a "open', "end\\", 'a"b'])
def test_what_is_open_at_the_end_is_no_word(text: str) -> None:
    with pytest.raises(BadValue, match="quotes that are not closed"):
        split_words(text)


@pytest.mark.parametrize(
    ("word", "data"),
    [
        ("plain", b"plain"),
        ('"in quotes"', b"in quotes"),
        (r'"\"\\\065\200"', b'"\\A\xc8'),
        ("é", "é".encode()),
        ('""', b""),
    ],
)
def test_a_word_says_bytes(word: str, data: bytes) -> None:
    assert decode_word(word) == data
    assert decode_word(quote_word(data)) == data


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ('a"b"', "quotes in the middle"),
        (r"\256", "escapes nothing"),
        (r"\1x", "escapes nothing"),
        ('"a\nb"', "a line break"),
    ],
)
def test_a_word_that_cannot_be_read_says_why(word: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        decode_word(word)


def test_a_string_has_255_bytes_at_most() -> None:
    assert clean_string("a" * 255) == f'"{"a" * 255}"'
    with pytest.raises(BadValue, match="has 256 bytes: 255 is the most"):
        clean_string("é" * 128)


def test_hexadecimal_is_in_lower_case_and_in_whole_bytes() -> None:
    assert clean_hex("AB09") == "ab09"
    for text in ("", "abc", "0x12", "ab cd"):
        with pytest.raises(BadValue):
            clean_hex(text)
