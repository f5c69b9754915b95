"""Large bodies at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from catalyst.web.admission import MOST, MOST_OF_ONE, SPACE, Busy, Upload, Uploads, measure_space
from catalyst.web.bodies import FORM_OVERHEAD
from records.exchange.reading import SIZE_LIMIT

SMALL = 100_000


async def admit_all(*found: Upload) -> int:
    """How many of them find room at once."""
    uploads, count = Uploads(patience=0.02), 0
    async with AsyncExitStack() as stack:
        for upload in found:
            try:
                await stack.enter_async_context(uploads.admit(upload))
            except Busy:
                continue
            count += 1
    async with AsyncExitStack() as stack:  # all have left
        for upload in found[:1]:
            await stack.enter_async_context(uploads.admit(upload))
    return count


def test_no_more_than_a_few_come_at_once() -> None:
    assert asyncio.run(admit_all(*(Upload(f"user{n}", SMALL) for n in range(MOST + 3)))) == MOST


def test_one_user_leaves_room_for_others() -> None:
    found = [*(Upload("greedy", SMALL) for _ in range(MOST)), Upload("other", SMALL)]
    assert asyncio.run(admit_all(*found)) == MOST_OF_ONE + 1


@pytest.mark.parametrize(("size", "count"), [(SPACE, 1), (SPACE // 2, 2), (SPACE // 2 + 1, 1)])
def test_they_fit_into_the_folder_for_temporary_files(size: int, count: int) -> None:
    assert asyncio.run(admit_all(*(Upload(f"user{n}", size) for n in range(3)))) == count


@pytest.mark.parametrize(
    ("path", "size"), [("/api/v1/import", SIZE_LIMIT), ("/admin/exchange/", SIZE_LIMIT + FORM_OVERHEAD)]
)
def test_the_largest_that_may_come_has_room_alone(path: str, size: int) -> None:
    assert measure_space(path, size) <= SPACE


def test_who_waits_is_let_in_when_another_leaves() -> None:
    async def wait_for_room() -> list[str]:
        uploads, events = Uploads(patience=10), []
        async with uploads.admit(Upload("one", SPACE)):

            async def follow() -> None:
                async with uploads.admit(Upload("two", SPACE)):
                    events.append("two")

            waiting = asyncio.create_task(follow())
            await asyncio.sleep(0.01)
            events.append("one")
        await waiting
        return events

    assert asyncio.run(wait_for_room()) == ["one", "two"]
