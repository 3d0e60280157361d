"""Metrics: numbers measured for each batch besides the loss, and their means over the rows of an epoch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any
from weakref import WeakSet

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import borrow

from .._warnings import TrainingWarning, message, warn
from ._running_metrics import Metric

Array = np.ndarray[Any, Any]
Measure = Callable[[Any, Any], Any] | Metric
Metrics = str | Measure | Iterable[str | Measure] | Mapping[str, Measure]

_RESERVED = {"epoch", "loss", "lr", "seconds", "steps", "gradient_norm", "update_ratio"}


def accuracy(output: Array, target: Array) -> float:
    """Return the share of rows whose largest score is that of the label.

    Parameters
    ----------
    output
        Scores of classes, in any scale: shape ``(n, classes, ...)``.
    target
        The class indices, shape ``(n, ...)``, or probabilities of the classes, of the shape of `output`.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or there is one score a row: whether that is a logit or a probability, and so its
        threshold, cannot be known.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.training import accuracy
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    if output.ndim < 2 or output.shape[1] < 2:
        raise ShapeError(
            f"accuracy takes the largest of several scores, but the output has shape {output.shape}: for one logit a "
            f"row use metrics={{'accuracy': lambda output, target: ((output.ravel() > 0) == target.ravel()).mean()}}, "
            f"for one probability output > 0.5"
        )
    if output.shape == target.shape:
        target = target.argmax(axis=1)
    if target.shape != output.shape[:1] + output.shape[2:]:
        raise ShapeError(f"accuracy of an output of shape {output.shape} and labels of shape {target.shape}")
    return float(np.count_nonzero(output.argmax(axis=1) == target) / max(target.size, 1))


def mae(output: Array, target: Array) -> float:
    """Return the mean absolute difference of two arrays of one shape."""
    return float(np.abs(_difference("mae", output, target)).mean())


def mse(output: Array, target: Array) -> float:
    """Return the mean squared difference of two arrays of one shape."""
    return float(np.square(_difference("mse", output, target)).mean())


def _difference(name: str, output: Array, target: Array) -> Array:
    if output.shape != target.shape:
        raise ShapeError(f"{name} of shapes {output.shape} and {target.shape}, which would be broadcast: reshape one")
    return output - target


_told: WeakSet[Any] = WeakSet()  # the metrics that `_check_shapes` has warned of


def _check_shapes(functions: Mapping[str, Measure], output: Any, target: Any) -> None:
    """Warn of metrics that compare each output with each target, where shapes (n, 1) and (n,) are broadcast."""
    if getattr(output, "shape", None) != (*getattr(target, "shape", ()), 1) or target.ndim != 1 or len(target) < 2:
        return
    for name, function in functions.items():
        if function not in _KNOWN.values() and isinstance(function, FunctionType) and function not in _told:
            try:
                with np.errstate(all="ignore"):
                    reshaped, given = function(output[:, 0], target), function(output, target)
            except Exception:  # noqa: BLE001 - it knows which of the shapes it takes
                continue
            if not np.allclose(reshaped, given, rtol=1e-3, equal_nan=True):
                _told.add(function)
                text = message("metric", name=name, output=np.shape(output), target=np.shape(target))
                warn(text, TrainingWarning)


_KNOWN: dict[str, Measure] = {"accuracy": accuracy, "mae": mae, "mse": mse}


def named_metrics(metrics: Metrics) -> dict[str, Measure]:
    """Return metrics by name, from known names, functions, or a dict of functions."""
    if isinstance(metrics, Mapping):
        named = dict(metrics)
    else:
        single = isinstance(metrics, str | Metric) or callable(metrics)
        given: list[Any] = [metrics] if single else list(metrics)  # type: ignore[arg-type]  # several
        unknown = [item for item in given if isinstance(item, str) and item not in _KNOWN]
        if unknown:
            raise ValueError(
                f"unknown metrics {unknown}: there are {sorted(_KNOWN)}, and any function (output, target)"
            )
        named = {item if isinstance(item, str) else _name(item): _KNOWN.get(item, item) for item in given}
        if len(named) != len(given):
            raise ValueError(f"{len(given)} metrics have the names {list(named)}: give a dict of different names")
    taken = sorted(name for name in named if name in _RESERVED or name.startswith("val_"))
    if taken:
        raise ValueError(f"metrics cannot be named {taken}: the history has columns of these names")
    return named


def _name(metric: Any) -> str:
    if isinstance(metric, type) and issubclass(metric, Metric):
        raise TypeError(f"{metric.__name__} is a class of metrics: pass an instance, {metric.__name__}()")
    if isinstance(metric, Metric):
        return metric.name or type(metric).__name__
    name = str(getattr(metric, "__name__", type(metric).__name__))
    if str(getattr(metric, "__module__", "")).startswith("sklearn.metrics"):
        raise TypeError(message("metric of scikit-learn", name=name))
    if name == "<lambda>":
        raise ValueError("a lambda has no name: pass metrics={'name': lambda output, target: ...}")
    return name


def values_of(output: Any) -> Any:
    """Return the ndarrays of tensors, also of those in tuples, lists and dicts."""
    if isinstance(output, Tensor):
        return borrow(output)
    if isinstance(output, tuple | list):
        return type(output)(map(values_of, output)) if type(output) in (tuple, list) else tuple(map(values_of, output))
    return {key: values_of(value) for key, value in output.items()} if isinstance(output, dict) else output


class Totals:
    """Sums over the rows of an epoch: the loss, and each metric.

    Parameters
    ----------
    metrics
        By name.
    summed
        Whether the loss of a batch is the sum over its rows, not their mean.
    """

    def __init__(self, metrics: Mapping[str, Measure], summed: bool) -> None:
        self._functions = {name: each for name, each in metrics.items() if not isinstance(each, Metric)}
        self.running = {name: copy.deepcopy(each) for name, each in metrics.items() if isinstance(each, Metric)}
        for metric in self.running.values():
            metric.reset()
        self._names, self.summed = ["loss", *metrics], summed
        self.kept: list[tuple[Any, Any]] | None = None  # of a part: see `part`
        self.rows, self.sums = 0, dict.fromkeys(["loss", *self._functions], 0.0)

    def add(self, loss: float, output: Any, target: Any, rows: int) -> None:
        """Take in a batch."""
        self.rows += rows
        self.sums["loss"] += loss if self.summed else loss * rows
        if len(self._names) > 1:
            output, target = values_of(output), values_of(target)
            if self.rows == rows:
                _check_shapes(self._functions, output, target)
            for name, function in self._functions.items():
                self.sums[name] += float(function(output, target)) * rows
            if self.kept is None:
                self.measure([(output, target)])
            elif self.running:
                self.kept.append((output, target))

    def means(self, prefix: str = "") -> dict[str, Any]:
        """Return the mean over the rows of each, and what is measured over all of them together."""
        return {
            prefix + name: self.running[name].compute() if name in self.running else self.sums[name] / self.rows
            for name in self._names
        }

    def quick_means(self) -> dict[str, float]:
        """Return the means alone, for a progress bar: the others may take long."""
        return {name: total / self.rows for name, total in self.sums.items()}

    def vector(self) -> Array:
        """Return the number of rows and all sums, which other sums can be added to."""
        return np.array([self.rows, *self.sums.values()], np.float64)

    def set_vector(self, vector: Array) -> None:
        """Replace the number of rows and all sums."""
        self.rows, self.sums = int(vector[0]), dict(zip(self.sums, vector[1:].tolist(), strict=True))

    def add_vector(self, vector: Array) -> None:
        """Add the number of rows and the sums of other totals."""
        self.set_vector(self.vector() + vector)

    def part(self) -> Totals:
        """Return new totals of the same metrics; they keep outputs that are to be measured together with others."""
        part = copy.copy(self)
        part.rows, part.sums, part.kept = 0, dict.fromkeys(self.sums, 0.0), []
        return part

    def measure(self, kept: Iterable[tuple[Any, Any]]) -> None:
        """Take outputs and targets that parts have kept into the metrics of all together."""
        for output, target in kept:
            for metric in self.running.values():
                metric.update(output, target)
