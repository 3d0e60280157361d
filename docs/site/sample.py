"""The neuron of the first page of the README, to be played."""

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
    """Have it written with the other pages."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
