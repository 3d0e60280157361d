"""Excerpts below the results of a search, also where the site is a folder of files without a server.

Sphinx's search fetches the pages that it found, which browsers refuse where they are files. So the texts of all pages
are in ``pages.js`` as well, which ``static/excerpts.js`` loads in that case.
"""

import json
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

MAIN = re.compile(r"<(\w+)[^>]* role=\"main\"[^>]*>(.*?)</\1>", re.DOTALL)
LEFT_OUT = re.compile(r"<(script|style|svg|iframe)\b.*?</\1>|<a class=\"headerlink\".*?</a>", re.DOTALL)
TAG = re.compile(r"<(?!/?(section|dt|dd)\b)[^>]*>")


def text(page: str) -> str:
    """Return the text of a page's main part as HTML that marks only sections and entries, to which results lead."""
    main = MAIN.search(page)
    return f'<div role="main">{TAG.sub("", LEFT_OUT.sub("", main[2]))}</div>' if main else ""


def use(app: Sphinx, page: str, template: str, context: dict[str, Any], document: object) -> None:
    """Have the page of the search load the script."""
    if page == "search":
        app.add_js_file("excerpts.js")


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the texts of all pages, by their addresses."""
    if exception is None:
        root = Path(app.outdir)
        paths = [root / app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)]
        texts = {path.relative_to(root).as_posix(): text(path.read_text(encoding="utf-8")) for path in paths}
        (root / "pages.js").write_text(f"const PAGES = {json.dumps(texts)};\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both steps."""
    app.connect("html-page-context", use)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
