from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.person import Person, open_browser
from tests.browser.stack import HEADLESS, Stack, chromium, stack

expect.set_options(timeout=20_000)  # as for all else that a page is asked: other tests take the processor, too


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not HEADLESS:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def person(site: Stack, browser: Browser, cookies: Any, request: pytest.FixtureRequest) -> Iterator[Person]:
    """Whom the ``cookies`` of the module log in, at its ``DESK``."""
    with open_browser(browser, site, storage_state=cookies, **request.module.DESK) as one:
        yield one
        assert not one.complaints
