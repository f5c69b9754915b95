"""Any text of an object can be stored, and is recognized again."""

from __future__ import annotations

import pytest

from records.source_content import read_content
from syncer.core.source import Ref, SourceObject, Want
from tests.records.objects import blog_source, save_source

pytestmark = pytest.mark.django_db


def test_an_object_without_records_is_stored_as_a_version_did_that_knew_of_none() -> None:
    source = SourceObject(Ref("Ingress", "web", "blog"), wants=(Want("blog.talos00", ("192.0.2.7",)),))
    assert read_content(source).digest == "cef47343d6641e678e9350775ffb8f37"


def test_texts_that_no_database_takes_are_kept_as_well_as_they_can_be() -> None:
    row = save_source(blog_source("blog.talos00", skipped="a\0b", owner="\ud800"))
    assert row.skipped_names() == [("a?b", "outside every managed zone")]
    assert row.notes == {"owner": "?"}


def test_a_text_that_only_spells_such_a_character_is_kept_as_it_is() -> None:
    notes = {"owner": r"\u0000 \ud800 \\", "description": "für alle"}
    assert save_source(blog_source("blog.talos00", **notes)).notes == notes
