"""The story as data: what the browser test plays, and what a reader may rely on."""

from __future__ import annotations

from dataclasses import fields

from catalyst.demo.cast import APPS, HOME, PULL_REQUESTS, REVIEWS_NAMESPACE, list_apps, list_comers, list_reviews
from catalyst.demo.story import Clear, Put, Withdraw, write_story
from syncer.config import Managed

PLACES = {"headline", "needs", "names", "activity"}


def name_objects(step: Put | Withdraw) -> set[tuple[str, str]]:
    return {(manifest["kind"], manifest["metadata"]["name"]) for manifest in step.manifests}


def test_each_scene_has_a_sentence_steps_and_something_to_be_seen() -> None:
    for scene in write_story(0):
        assert scene.sentence.endswith(".")
        assert scene.steps
        assert scene.sights
        assert {sight.place for sight in scene.sights} <= PLACES
        assert scene.pause > 0


def test_the_same_seed_tells_the_same_story_and_each_round_another() -> None:
    assert list(write_story(3, seed=7)) == list(write_story(3, seed=7))
    rounds = [[scene.sentence for scene in write_story(number)] for number in range(6)]
    assert len({tuple(sentences) for sentences in rounds}) > 1
    assert {len(sentences) for sentences in rounds} == {len(rounds[0])}


def test_a_round_leaves_in_the_cluster_what_the_next_one_begins_with() -> None:
    """All but the conflict, which the first scene takes away."""
    there: set[tuple[str, str]] = set()
    for scene in write_story(0):
        for step in scene.steps:
            if isinstance(step, Put):
                there |= name_objects(step)
            elif isinstance(step, Withdraw):
                there -= name_objects(step)
            elif isinstance(step, Clear):
                assert step.namespace == REVIEWS_NAMESPACE
                there -= name_objects(Withdraw([*list_reviews()]))
    begin = {("Ingress", "nas")} | name_objects(Put([*list_apps(), *list_reviews()]))
    assert there == begin
    assert not there & name_objects(Put([*list_comers()]))


def test_the_review_environments_are_more_than_the_guard_lets_go() -> None:
    (most,) = (field.default for field in fields(Managed) if field.name == "max_deletes_unguarded")
    assert len(PULL_REQUESTS) > most


def test_an_application_that_moves_is_not_the_one_that_drifts() -> None:
    for number in range(20):
        sentences = " ".join(scene.sentence for scene in write_story(number))
        assert sum(f"{app}.{HOME}" in sentences for app in APPS) == 2
