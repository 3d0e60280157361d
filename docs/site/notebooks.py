"""The directive ``notebooks``: a list of the notebooks. It may be empty, where Sphinx's own would warn."""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.directives.other import TocTree


class Notebooks(TocTree):
    """All notebooks of a folder, in the order of their names."""

    has_content = False
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the list, or nothing."""
        (folder,) = self.arguments
        found = sorted(path.stem for path in Path(self.env.srcdir, folder).glob("*.ipynb"))
        self.content = StringList([f"/{folder}/{name}" for name in found])
        return super().run() if found else []


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("notebooks", Notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
