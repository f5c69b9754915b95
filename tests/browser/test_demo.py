"""The demo in a real browser: each scene of its story is seen on the start page, and a newcomer finds the way.

``make pictures`` has the pictures of the README made here.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from catalyst.demo.cast import PULL_REQUESTS, REVIEWS, name_host
from catalyst.demo.command import STUMBLE
from catalyst.demo.story import Approve, Put, Scene, write_story
from catalyst.demo.visitor import BANNER
from tests.browser.looks import find_faults, sticking_out
from tests.browser.person import DESK, find_context
from tests.ports import free_port
from tests.processes import ROOT, wait_until

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(300)]

PICTURES = os.environ.get("CATALYST_DEMO_PICTURES", "")
"""A folder: where the pictures of the README go."""
PACK = """
async png => {
  const image = new Image(), canvas = document.createElement("canvas");
  image.src = "data:image/png;base64," + png;
  await image.decode();
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.85).split(",")[1];
}
"""
SEEN_WITHIN = 40_000
MOST_CLICKS = 3
ROUNDS = [scene for number in range(2) for scene in write_story(number)]


class Demo:
    """The command itself, which plays a scene for each line that it is given."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._played = 0
        command = [sys.executable, "-m", "catalyst.cli", "demo", "--step", f"--port={free_port()}"]
        env = {"PATH": os.environ["PATH"], "HOME": str(output.parent), "PYTHONPATH": str(ROOT)}
        with output.open("wb") as out:
            self._process = subprocess.Popen(
                command, env=env, cwd=output.parent, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT
            )
        wait_until(lambda: "press Enter" in self.said or self._process.poll() is not None, 90, "a demo")
        found = re.search(r"^dashboard (http://127\.0\.0\.1:\d+)/ui/ ", self.said, re.MULTILINE)
        assert found, self.said
        self.base = found[1]

    @property
    def said(self) -> str:
        return self._output.read_text()

    def play_next(self) -> Scene:
        """Played, and not yet seen."""
        scene = ROUNDS[self._played]
        self._played += 1
        before = self.said.count(scene.sentence)
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        wait_until(lambda: self.said.count(scene.sentence) > before, 30, f"the scene: {scene.sentence}\n{self.said}")
        return scene

    def play_until(self, words: str) -> Scene:
        while words not in (scene := self.play_next()).sentence:
            pass
        return scene

    def stop(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=30)


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo") / "output")
    try:
        yield running
    finally:
        assert running.stop() == 0, running.said


@pytest.fixture(scope="module")
def page(demo: Demo, browser: Browser) -> Page:
    """Of a newcomer, who has never logged in anywhere."""
    page = find_context(browser, demo.base, DESK)[0].new_page()
    page.goto(f"{demo.base}/")
    return page


def expect_sights(page: Page, scene: Scene) -> None:
    for sight in scene.sights:
        place = expect(page.locator(f"#{sight.place}"))
        check = place.to_contain_text if sight.is_there else place.not_to_contain_text
        check(sight.words, timeout=SEEN_WITHIN)


def take_pictures(page: Page) -> None:
    if not PICTURES:
        return
    folder = ROOT / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    page.get_by_role("button", name="I see").click()  # what the picture shows the README says
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        picture = pack_picture(page, page.screenshot(animations="disabled"))
        (folder / f"dashboard-{scheme}.webp").write_bytes(picture)
    page.emulate_media(color_scheme="light")


def pack_picture(page: Page, png: bytes) -> bytes:
    """As WebP, a third of the size."""
    canvas = page.context.new_page()
    packed: str = canvas.evaluate(PACK, base64.b64encode(png).decode())
    canvas.close()
    return base64.b64decode(packed)


def test_each_scene_of_the_story_is_seen_on_the_start_page(demo: Demo, page: Page) -> None:
    expect(page).to_have_url(f"{demo.base}/ui/")
    for _ in write_story(0):
        scene = demo.play_next()
        expect_sights(page, scene)
        if "at once" in scene.sentence:
            take_pictures(page)
    assert BANNER in page.inner_text("body")


@pytest.mark.parametrize(
    "path", ["/ui/", "/ui/needs/", "/admin/", "/admin/records/auditentry/", "/api/docs", "/ui/none"]
)
def test_every_page_says_that_it_is_a_demo_and_is_no_worse_for_it(demo: Demo, page: Page, path: str) -> None:
    page.goto(demo.base + path)
    banner = page.get_by_text(BANNER, exact=True)
    expect(banner).to_have_count(1)
    expect(banner).to_be_visible()
    if path.startswith("/ui"):
        assert not find_faults(page)
        assert not sticking_out(page)


class Newcomer:
    """Counts what is clicked; a press of Enter is a click, too."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self.clicks = 0
        page.goto(f"{demo.base}/ui/")

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()

    def search(self, text: str) -> None:
        self.click(self.page.get_by_role("searchbox", name="Find a name, value or object"))
        self.page.keyboard.type(text)
        self.clicks += 1
        self.page.keyboard.press("Enter")

    def is_there_in_time(self) -> bool:
        return self.clicks <= MOST_CLICKS


def test_a_newcomer_finds_why_a_name_is_not_there_in_three_clicks(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.base}/ui/")
    expect_sights(page, demo.play_until("a bracket is missing"))
    newcomer = Newcomer(page, demo)
    newcomer.search(name_host("dashboards"))
    newcomer.click(page.get_by_role("main").get_by_role("link", name=name_host("dashboards"), exact=True))
    expect(page.locator("#pane")).to_contain_text("mentions it in a rule that cannot be read")
    expect(page.locator("#pane")).to_contain_text("IngressRoute/monitoring/dashboards")
    assert newcomer.is_there_in_time()


def test_a_newcomer_approves_a_held_plan_in_three_clicks(demo: Demo, page: Page) -> None:
    plan = f"{len(PULL_REQUESTS)} deletes in {REVIEWS}"
    page.goto(f"{demo.base}/ui/")
    expect_sights(page, demo.play_until("at once"))
    newcomer = Newcomer(page, demo)
    row = page.locator("#needs .need", has_text=plan)
    newcomer.click(row.get_by_role("button", name="Approve"))
    newcomer.click(page.get_by_role("dialog").get_by_role("button", name="Approve: delete them"))
    expect(page.locator("#needs")).not_to_contain_text(plan, timeout=SEEN_WITHIN)
    assert newcomer.is_there_in_time()


def test_a_newcomer_restores_what_was_deleted_in_three_clicks(demo: Demo, page: Page) -> None:
    newcomer = Newcomer(page, demo)
    name = f"pr-{PULL_REQUESTS[-1]}.{REVIEWS}"
    newcomer.click(page.locator("#stream .entry", has_text=name).get_by_role("link").first)
    deleted = page.locator("#pane .entries li", has_text="deleted").first
    newcomer.click(deleted.get_by_role("button", name="Restore this"))
    newcomer.click(page.locator("#dialog").get_by_role("button", name="Restore it"))
    expect(page.locator("#messages")).to_contain_text("is being restored")
    page.goto(f"{demo.base}/ui/?q={name}")
    expect(page.locator("#names tbody")).to_contain_text("in step", timeout=SEEN_WITHIN)
    assert newcomer.is_there_in_time()


def test_a_newcomer_blocks_a_name_in_three_clicks(demo: Demo, page: Page) -> None:
    newcomer = Newcomer(page, demo)
    page.keyboard.press("/")
    page.keyboard.type(name_host("argocd"))
    newcomer.clicks += 1
    page.keyboard.press("Enter")
    newcomer.click(page.locator("#name-page").get_by_role("button", name="Block this name"))
    newcomer.click(page.locator("#dialog").get_by_role("button", name="Block this name"))
    page.goto(f"{demo.base}/ui/?q={name_host('argocd')}")
    expect(page.locator("#names")).to_contain_text("No record is like that", timeout=SEEN_WITHIN)
    assert newcomer.is_there_in_time()


def test_the_story_goes_on_beside_what_the_newcomer_has_done(demo: Demo) -> None:
    approval = demo.play_next()
    assert approval.steps == [Approve()]
    curtain = demo.play_next()
    assert any(isinstance(step, Put) for step in curtain.steps)
    assert STUMBLE not in demo.said
    assert "Traceback" not in demo.said
