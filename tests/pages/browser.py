"""A real browser without a window, for what only a browser can tell of a page."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

WITHIN_S = 30
# The flags after the first three keep it from looking for its maker's hosts.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# WCAG 2.2, 1.4.3: how relative luminance and contrast are computed.
CONTRASTS = """
const value = c => { const s = c / 255;
  return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * value(r) + 0.7152 * value(g) + 0.0722 * value(b);
const colour = text => text.match(/[\\d.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) {
    const c = colour(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
  return [255, 255, 255]; };
const found = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
  const [a, b] = [light(colour(getComputedStyle(e).color)), light(behind(e))];
  found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 80)]);
}
return found;
"""


class Browser:
    """Chromium with a profile of its own that goes with it."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="towline-browser-")
        options = Options()
        options.binary_location = program() or ""
        for flag in (*FLAGS, f"--user-data-dir={self._profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._driver = webdriver.Chrome(options, Service(driver()))

    def close(self) -> None:
        self._driver.quit()
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, url: str, *, width: int = 1200, dark: bool = False) -> None:
        """Go there, and forget what was said before."""
        self._driver.set_window_size(width, 900)
        self._command(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._command("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.complaints()
        self._driver.get(url)

    @property
    def text(self) -> str:
        """All that a reader sees."""
        return self._driver.find_element(By.TAG_NAME, "body").text

    @property
    def title(self) -> str:
        return self._driver.title

    def follow(self, words: str) -> None:
        """Click the link with these words."""
        self._driver.find_element(By.LINK_TEXT, words).click()

    def await_title(self, title: str) -> None:
        """Until the page, which renews itself, has this title."""
        WebDriverWait(self._driver, WITHIN_S, poll_frequency=0.1).until(
            lambda driver: driver.title == title, f"the title stayed {self.title!r}"
        )

    def complaints(self) -> list[str]:
        """What the browser wrote on its console since it was last asked: a policy that was broken,
        something that could not be loaded."""
        return [entry["message"] for entry in self._driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def loaded(self) -> list[str]:
        """What the page had the browser fetch besides itself."""
        names: list[str] = self._driver.execute_script(
            "return performance.getEntriesByType('resource').map(e => e.name)"
        )
        return names

    def too_wide(self) -> int:
        """By how many pixels one has to scroll sideways to see all of it."""
        return int(
            self._driver.execute_script(
                "const e = document.documentElement; return e.scrollWidth - e.clientWidth"
            )
        )

    def lines(self, words: str) -> int:
        """How many lines the first element with exactly these words takes."""
        return int(
            self._driver.execute_script(
                "const all = [...document.querySelectorAll('*')];"
                "const range = document.createRange();"
                "range.selectNodeContents(all.find(e => e.textContent === arguments[0]));"
                "return new Set([...range.getClientRects()].map(r => r.top)).size",
                words,
            )
        )

    def contrasts(self) -> list[tuple[float, str]]:
        """Of each element with text of its own: the contrast to what is behind it."""
        found: list[tuple[float, str]] = self._driver.execute_script(CONTRASTS)
        return found

    def _command(self, name: str, parameters: dict[str, Any]) -> None:
        self._driver.execute_cdp_cmd(name, parameters)


def program() -> str | None:
    return shutil.which("chromium")


def driver() -> str | None:
    return shutil.which("chromedriver")
