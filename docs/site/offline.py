"""Offline check: pages load nothing from a network; only links that a reader follows may lead elsewhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

ELSEWHERE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
LOADED = {"src", "srcset", "data", "poster", "background", "action", "formaction", "manifest"}
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
IN_SCRIPT = re.compile(r"""(?:\bimport\b[^;\n]{0,200}?|\bfetch|\bopen)\s*\(?\s*["'`]((?:https?:)?//[^"'`\s]+)""")


class Loads(HTMLParser):
    """Collects in `found` what a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Check what an element refers to, and its style."""
        self._within = tag
        for name, value in attributes:
            refers = name in LOADED or (name in ("href", "xlink:href") and tag not in ("a", "area"))
            if value and refers and ELSEWHERE.match(value) and ("rel", "canonical") not in attributes:
                self.found.append(value)
            if value and name == "style":
                self.found += IN_STYLE.findall(value)

    def handle_data(self, text: str) -> None:
        """Check the text of a style or a script."""
        if self._within in ("style", "script"):
            self.found += (IN_STYLE if self._within == "style" else IN_SCRIPT).findall(text)

    def handle_endtag(self, tag: str) -> None:
        """Leave a style or a script."""
        self._within = ""


def loads(path: Path) -> list[str]:
    """Return the external addresses that a page, a style sheet or a script loads."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        page = Loads()
        page.feed(text)
        return page.found
    return (IN_STYLE if path.suffix == ".css" else IN_SCRIPT).findall(text)


def faults(site: Path) -> Iterator[str]:
    """Yield a message for each thing that the pages of a folder load from elsewhere."""
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".css", ".js"):
            for address in loads(path):
                yield f"{path.relative_to(site)} loads {address}"


def check(app: Any, exception: Exception | None) -> None:
    """Fail a build whose pages load anything from a network."""
    found = [] if exception is not None else list(faults(Path(app.outdir)))
    if found:
        raise RuntimeError("pages of the site need a network: " + "; ".join(found))


def setup(app: Any) -> dict[str, bool]:
    """Register the check for when all pages are written."""
    app.connect("build-finished", check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
