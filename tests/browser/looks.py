"""What can be measured of how a page looks, inside the browser."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.samples import EXHAUSTIVE

OPTIONS = {"resultTypes": ["violations"], "preload": False}
"""It would load the style sheets anew first, for a rule that is off, and complain on the console of our policy."""
LOADER = f"window.loadAxe = () => {{ {AXE_SCRIPT} }}"
FAULTS = """
async options => {
  const {violations} = await axe.run(options);
  return violations.flatMap(({id, nodes}) => nodes.map(({target}) => `${id}: ${target}`));
}
"""
"""All else that it has found out takes longer to be sent than to be found."""
FIELDS = "select, textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file])"
AA, AA_LARGE = 4.5, 3.0
"""Contrasts that WCAG 2 asks of text; large is 24 px, or 18.66 px in bold."""

PALE = """
() => {
  document.getAnimations().forEach(animation => animation.finish());
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const over = (top, below) => {
    const alpha = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(i => top[i] * alpha + below[i] * (1 - alpha));
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const known = new Map([[null, {back: [255, 255, 255], opacity: 1}]]);
  const look = element => {
    if (!known.has(element)) {
      const {backgroundColor, opacity} = getComputedStyle(element), above = look(element.parentElement);
      known.set(element, {back: over(parse(backgroundColor), above.back), opacity: above.opacity * opacity});
    }
    return known.get(element);
  };
  const pale = new Set();
  const check = (element, text) => {
    if (!text || !element.checkVisibility({visibilityProperty: true})) return;
    if (element.closest("script, style, option, svg, :disabled, .visually-hidden")) return;
    const style = getComputedStyle(element), {back, opacity} = look(element);
    const [red, green, blue, alpha = 1] = parse(style.color);
    const [a, b] = [light(over([red, green, blue, alpha * opacity], back)), light(back)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    if (contrast < (large ? LARGE : SMALL))
      pale.add(`${element.tagName.toLowerCase()}.${element.className} "${text.slice(0, 30)}": ${contrast.toFixed(2)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) check(walker.currentNode.parentElement, walker.currentNode.data.trim());
  for (const field of document.querySelectorAll(FIELDS)) check(field, field.value);
  return [...pale];
}
"""

STICKING_OUT = """
() => [...document.querySelectorAll("body *")]
  .filter(element => element.checkVisibility({visibilityProperty: true}))
  .filter(element => !element.closest(".visually-hidden, svg, option"))
  .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    || element.matches("div, section, main, td") && element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).overflowX !== "visible")
  .map(element => `${element.tagName.toLowerCase()}#${element.id}.${element.className}`)
"""

SEEN = """
() => {
  const style = getComputedStyle(document.activeElement), box = document.activeElement.getBoundingClientRect();
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 && box.width > 0 && box.bottom > 0;
}
"""


def find_faults(page: Page, *rules: str) -> list[str]:
    """What axe finds, with the element; of all that it knows without ``rules``."""
    _load_axe(page)
    return _run_axe(page, {"runOnly": rules} if rules else {})


def _load_axe(page: Page) -> None:
    """The first time it is sent for all documents that will be open there, which then load it in half the time."""
    if not page.evaluate("'loadAxe' in window"):
        page.add_init_script(LOADER)
        page.evaluate(LOADER)
    page.evaluate("() => { window.axe || loadAxe() }")


def _run_axe(page: Page, options: dict[str, Any]) -> list[str]:
    found: list[str] = page.evaluate(FAULTS, OPTIONS | options)
    return found


def list_faults(page: Page) -> list[str]:
    """In both colour schemes. Four fifths of axe's time go to the contrast of texts, which ``pale_words`` knows as
    well; the second scheme changes colours alone. With ``EXHAUSTIVE`` it looks at all in both."""
    contrast = {"rules": {"color-contrast": {"enabled": EXHAUSTIVE}}}
    _load_axe(page)
    found = [*pale_words(page), *_run_axe(page, contrast)]
    page.emulate_media(color_scheme="dark")
    again = contrast if EXHAUSTIVE else {"runOnly": ["link-in-text-block"]}
    found += [f"dark: {fault}" for fault in [*pale_words(page), *_run_axe(page, again)]]
    page.emulate_media(color_scheme="light")
    return found


def pale_words(page: Page) -> list[str]:
    """Texts with less contrast than WCAG AA asks for, what stands in fields among them."""
    pale = PALE.replace("LARGE", str(AA_LARGE)).replace("SMALL", str(AA)).replace("FIELDS", repr(FIELDS))
    found: list[str] = page.evaluate(pale)
    return found


def sticking_out(page: Page) -> list[str]:
    """What does not fit the window, whether it is cut off, to be scrolled to sideways, or makes the page too wide."""
    found: list[str] = page.evaluate(STICKING_OUT)
    return found


def focus_is_visible(page: Page) -> bool:
    """Whether there is an outline around what has the focus."""
    return bool(page.evaluate(SEEN))
