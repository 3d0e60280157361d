"""Histogram recorder: a callback that keeps the distributions of activations and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.extend import borrow

from .._arguments import Size
from ..training import Callback, Training

Array = np.ndarray[Any, Any]


class Histogram(NamedTuple):
    """A histogram: counts in bins of equal width, from the smallest value to the largest.

    Attributes
    ----------
    step
        The number of optimizer steps before it.
    counts
        Shape ``(bins,)``.
    edges
        Shape ``(bins + 1,)``.
    nonfinite
        The number of values that are nan or infinite, and in no bin.
    """

    step: int
    counts: Array
    edges: Array
    nonfinite: int


class HistogramRecorder(Callback):
    """Callback that records histograms of the outputs of layers, and of their gradients, at some steps.

    For a layer that returns several arrays, it records the first; for one that is called several times in a step, the
    first call. Other steps take no longer than without it.

    Parameters
    ----------
    layers
        Their paths, as `Module.named_modules` yields them; None stands for each module without submodules.
    every
        The number of steps from one recording to the next; None records the first step of each epoch.
    bins
        The number of bins of each histogram.

    Attributes
    ----------
    activations, gradients
        A list of `Histogram` by the path of each layer: of its outputs, and of the gradients of the loss with respect
        to them.

    Raises
    ------
    ValueError
        At the start of training, if there is no such layer.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model, recorder = nn.MLP([3, 4, 1]), nn.plots.HistogramRecorder()
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> data = np.ones((8, 3)), np.ones((8, 1))
    >>> _ = nn.fit(model, data, nn.MSELoss(), optimizer, epochs=2, callbacks=[recorder], verbose=False)
    >>> {path: [histogram.step for histogram in several] for path, several in recorder.activations.items()}
    {'0': [0, 1], '1': [0, 1], '2': [0, 1]}
    >>> int(recorder.gradients["2"][0].counts.sum())
    8
    """

    def __init__(self, layers: Sequence[str] | None = None, every: Size | None = None, bins: Size = 50) -> None:
        if isinstance(layers, str):
            raise TypeError(f"layers should be a list of paths: [{layers!r}]")
        self.layers, self.every, self.bins = layers, every, bins
        self.activations: dict[str, list[Histogram]] = {}
        self.gradients: dict[str, list[Histogram]] = {}
        self._handles: list[Any] = []

    def on_start(self, training: Training) -> None:
        """Clear the records of an earlier run, and find the layers."""
        self._forget()
        chosen = self._chosen(training)
        self.activations = {path: [] for path in chosen}
        self.gradients = {path: [] for path in chosen}

    def on_epoch_start(self, training: Training) -> None:
        """Prepare for the first step of the epoch."""
        if self.every is None or training.step % self.every == 0:
            self._listen(training)

    def on_step(self, training: Training) -> None:
        """Finish recording a step, and prepare for the next one if it is due."""
        self._forget()
        if self.every is not None and training.step % self.every == 0:
            self._listen(training)

    def on_end(self, training: Training) -> None:
        """Remove the hooks from the model."""
        self._forget()

    def state_dict(self) -> dict[str, Any]:
        """Return all histograms."""
        return {
            kind: {path: [list(histogram) for histogram in several] for path, several in found.items()}
            for kind, found in (("activations", self.activations), ("gradients", self.gradients))
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the histograms that `state_dict` returned."""
        for kind, found in state.items():
            setattr(self, kind, {path: [Histogram(*parts) for parts in several] for path, several in found.items()})

    def _chosen(self, training: Training) -> dict[str, Any]:
        modules = dict(training.model.named_modules())
        if self.layers is None:
            return {path: module for path, module in modules.items() if next(module.children(), None) is None}
        unknown = [path for path in self.layers if path not in modules]
        if unknown:
            raise ValueError(f"the model has no layers {unknown}: there are {[path for path in modules if path]}")
        return {path: modules[path] for path in self.layers}

    def _listen(self, training: Training) -> None:
        self._forget()
        for path, module in self._chosen(training).items():
            self._handles.append(module.register_forward_hook(self._hook(training, path)))

    def _forget(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _hook(self, training: Training, path: str) -> Callable[..., None]:
        step, gradients = training.step, self.gradients[path]

        def note(module: Any, args: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple | list) else output
            noted = self.activations[path]
            again = bool(noted) and noted[-1].step == step
            if again or not isinstance(first, Tensor) or not training.model.training:  # as in evaluation mid-epoch
                return
            noted.append(_count(borrow(first), step, self.bins))
            if first.requires_grad:
                self._handles.append(first.register_hook(note_gradient))

        def note_gradient(g: Any) -> None:
            if not gradients or gradients[-1].step != step:  # only in the first backward pass of the step
                gradients.append(_count(borrow(g), step, self.bins))

        return note


def _count(values: Array, step: int, bins: int) -> Histogram:
    """Return the histogram of real values."""
    flat = values.astype(float).ravel()
    finite = flat[np.isfinite(flat)]
    low, high = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    if not finite.size:
        low = high = 0.0
    size = max(abs(low), abs(high))
    if high - low <= 1e-9 * size or size == 0:  # all equal: a narrow bin in the middle holds them
        margin = 1e-6 * size or 1e-12
        low, high = low - margin, high + margin
    counts, edges = np.histogram(finite, bins, (low, high))
    return Histogram(step, counts, edges, int(flat.size - finite.size))
