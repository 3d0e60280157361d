"""The pages that play the neuron of the README, and show the difference of two models."""

from pathlib import Path

from sphinx.application import Sphinx

from autograd import player
from docs.compared import compared
from docs.neuron import neuron


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the pages that the how-tos about drawing and comparing link to."""
    if exception is None:
        output, names = neuron()
        player(output, Path(app.outdir) / "neuron.html", params=names)
        compared().to_html(Path(app.outdir) / "difference.html", title="relu instead of tanh")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this to run with the other pages."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
