"""Pages that follow from the source and are not kept beside it: errors in ulps, SciPy's functions, common mistakes."""

from sphinx.application import Sphinx

from docs import accuracy, mistakes, scipy_surface


def write(app: Sphinx) -> None:
    """Write the pages, before Sphinx looks which there are."""
    for each in (accuracy, mistakes, scipy_surface):
        each.PAGE.write_text(each.page(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this to run first."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
