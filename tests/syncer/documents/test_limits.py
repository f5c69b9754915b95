"""What a text may ask of us."""

from __future__ import annotations

import pytest

from syncer.documents.limits import LIMITS, DocumentError, Limits, check_size, decode_text


def test_a_file_is_text_in_utf_8_and_not_too_large() -> None:
    assert decode_text(b"\xef\xbb\xbfa: \xc3\xa4") == "a: ä"
    with pytest.raises(DocumentError, match=r"^byte 4 is not UTF-8$"):
        decode_text(b"a: \xe4")
    with pytest.raises(DocumentError, match=r"^more than 10 MB of text$"):
        decode_text(b" " * (LIMITS.size + 1))


def test_the_size_of_a_text_is_counted_in_characters() -> None:
    check_size("ää", Limits(size=2))
    with pytest.raises(DocumentError, match=r"^more than 0 MB of text$"):
        check_size("äää", Limits(size=2))


def test_a_complaint_begins_with_the_line_where_it_is_known() -> None:
    assert str(DocumentError("no YAML", 3, 4)) == "line 3: no YAML"
    assert str(DocumentError("no YAML")) == "no YAML"


def test_a_complaint_about_a_text_in_which_there_is_a_secret_of_ours_does_not_quote_it(known_secrets: set[str]) -> None:
    known_secrets.add("the-token-of-ours")
    error = DocumentError("found undefined alias the-token-of-ours", 1)
    assert (str(error), error.reason) == ("line 1: found undefined alias [hidden]", "found undefined alias [hidden]")
