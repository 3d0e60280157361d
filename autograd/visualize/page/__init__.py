"""Self-contained pages: HTML files that load nothing and follow the reader's light or dark mode.

`web/page.css` has the colours and rules that all pages share, `web/page.js` what all scripts begin with. The player,
differences of graphs and the reports of `nn.plots` add their own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.extend import replacing

if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())  # of the system, since Path itself cannot be subclassed before Python 3.12


class Page(_Path):
    """The path of a page, which notebooks show, and play, in the cell."""

    def _repr_html_(self) -> str | None:
        if self.suffix != ".html" or not self.is_file():  # such as its parent
            return None
        page = escape(self.read_text("utf-8"))
        return (
            f'<iframe srcdoc="{page}" sandbox="allow-scripts" title="{escape(self.name)}" '
            'style="width: 100%; height: 640px; border: 1px solid #8888"></iframe>'
        )


def html_page(title: str, body: str, style: str, script: str = "", data: Mapping[str, Any] | None = None) -> str:
    """Return the text of a self-contained page, which can be opened without a network.

    Its policy lets the page load nothing, and run nothing but `script`. Equal arguments give equal text.

    Parameters
    ----------
    title
        The title, as plain text.
    body
        The HTML of the body. If there is a script, it may have no ``style`` attributes.
    style
        CSS, which follows the rules that all pages share: colours such as ``var(--ink)`` on ``var(--ground)``.
    script
        JavaScript. It finds the data in ``data``, an element by ``$(id)``, and makes one by
        ``make(name, text, parent, className)``.
    data
        What can be written as JSON.

    Examples
    --------
    >>> from autograd.extend import html_page
    >>> html_page("Losses", "<p>0.1 &lt; 0.2</p>", "p { color: var(--muted); }")[:15]
    '<!doctype html>'
    """
    style, scripts = read(__package__, "page.css") + style, ""
    policy = "style-src 'unsafe-inline'"  # as pictures of matplotlib have style attributes
    if script:
        script = f'"use strict";\n(() => {{\n{read(__package__, "page.js")}\n{script}}})();\n'
        policy = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
        scripts = f'<script id="data" type="application/json">{_json(data)}</script>\n<script>{script}</script>\n'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; {policy}; base-uri 'none'; \
form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
{scripts}</body>
</html>
"""


def write_page(path: str | os.PathLike[str], page: str) -> Page:
    """Write the text of a page to a file, completely or not at all."""
    file = Page(path)
    with replacing(file) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    return file


def read(package: str, name: str, **texts: str) -> str:
    """Return a file in the folder ``web`` of a package, with `texts` for names such as ``{{TITLE}}``."""
    text = files(package).joinpath("web", name).read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: texts[match[1]], text)


def _json(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":  # so that no text in the data can end its HTML element
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
