"""Pages that follow from the source and are not kept beside it: the errors in ulps, and SciPy's functions."""

from sphinx.application import Sphinx

from docs import accuracy, scipy_surface


def write(app: Sphinx) -> None:
    """Write the pages, before Sphinx looks which there are."""
    for page, text in ((accuracy.PAGE, accuracy.page()), (scipy_surface.PAGE, scipy_surface.page())):
        page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this to run first."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
