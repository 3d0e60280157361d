"""Plots of a training run: learning curves, histograms, mistakes, decision boundaries, weights, and an HTML report.

Each function draws one plot into the matplotlib axes `ax`, or into new axes if it is None, and returns the axes.
They need ``pip install matplotlib``. The colours suit colour-blind readers, and lines and points differ in more than
colour.
"""

import typing

from autograd.extend import lazy_names as _lazy_names

if typing.TYPE_CHECKING:
    from ._confusion import confusion_matrix, mistakes
    from ._decision_boundary import decision_boundary, embedding
    from ._distributions import histograms
    from ._histogram_recorder import Histogram, HistogramRecorder
    from ._history import accuracy, gradient_norm, learning_rate, learning_rate_search, loss, metric, update_ratio
    from ._images import weights
    from ._report import report
    from ._sparsity import sparsity

__all__ = [
    "Histogram", "HistogramRecorder", "accuracy", "confusion_matrix", "decision_boundary", "embedding", "gradient_norm",
    "histograms", "learning_rate", "learning_rate_search", "loss", "metric", "mistakes", "report", "sparsity",
    "update_ratio", "weights",
]  # fmt: skip

_OWN = {  # imported on first use: most programs never plot
    "_confusion": ("confusion_matrix", "mistakes"), "_decision_boundary": ("decision_boundary", "embedding"),
    "_distributions": ("histograms",), "_images": ("weights",),
    "_history": (
        "accuracy", "gradient_norm", "learning_rate", "learning_rate_search", "loss", "metric", "update_ratio",
    ),
    "_histogram_recorder": ("Histogram", "HistogramRecorder"), "_report": ("report",), "_sparsity": ("sparsity",),
}  # fmt: skip
_lazy_names(globals(), own=_OWN)
