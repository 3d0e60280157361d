"""The page that plays the neuron of the README."""

from pathlib import Path

from sphinx.application import Sphinx

from autograd import player
from docs.neuron import neuron


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the page that the how-to about drawing links to."""
    if exception is None:
        output, names = neuron()
        player(output, Path(app.outdir) / "neuron.html", params=names)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this to run with the other pages."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
