"""Metrics: numbers measured for each batch besides the loss, and their means over the rows of an epoch."""

from __future__ import annotations

import copy
import inspect
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


_told: WeakSet[Any] = WeakSet()  # the metrics of users that were called, and looked at, before


class _Looked(Array):
    """An output or target of the first batch: it notes what a metric of the user's does wrong with it."""

    mistakes: list[tuple[str, dict[str, Any]]]

    def __array_finalize__(self, source: Any) -> None:
        self.mistakes = getattr(source, "mistakes", [])

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute as arrays do, and note outputs of shape (n, 1) that meet targets of shape (n,)."""
        plain = [np.asarray(x) if isinstance(x, _Looked) else x for x in inputs]
        if "out" in options:
            options["out"] = tuple(np.asarray(x) if isinstance(x, _Looked) else x for x in options["out"])
        shapes = sorted((np.shape(x) for x in plain), key=len)
        if method == "__call__" and len(shapes) == 2 and shapes[1] == (*shapes[0], 1) != (1, 1):
            self.mistakes.append(("metric", {"output": shapes[1], "target": shapes[0]}))
        return _looked(getattr(ufunc, method)(*plain, **options), self.mistakes)

    def argmax(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        """Compute as arrays do, and note one index of a whole table."""
        if axis is None and self.ndim > 1 < len(self):
            self.mistakes.append(("metric of all", {"shape": self.shape}))
        return _looked(np.asarray(self).argmax(axis, *args, **options), self.mistakes)


def _looked(value: Any, mistakes: list[tuple[str, dict[str, Any]]]) -> Any:
    if type(value) is np.ndarray:
        value = value.view(_Looked)
        value.mistakes = mistakes
    return value


def _measured(name: str, function: Any, output: Any, target: Any) -> float:
    """Return a metric of a batch; the first time, look at what a function of the user's does."""
    if not isinstance(function, FunctionType) or function in _KNOWN.values() or function in _told:
        return _number(name, function(output, target))
    _told.add(function)
    mistakes: list[tuple[str, dict[str, Any]]] = []
    value = function(_looked(output, mistakes), _looked(target, mistakes))
    shapes = sorted((getattr(x, "shape", ()) for x in (output, target)), key=len)
    for kind, parts in mistakes:
        if kind != "metric" or shapes == [parts["target"], parts["output"]]:  # else it compares pairs, which is meant
            warn(message(kind, name=name, **parts), TrainingWarning)
            break
    return _number(name, value)


def _number(name: str, value: Any) -> float:
    if value is None or np.size(value) != 1:
        what = (
            "None: is a return missing?" if value is None else f"an array of shape {np.shape(value)}: take its mean()"
        )
        raise TypeError(message("metric of many", name=name, what=what))
    return float(value.item() if np.ndim(value) else value)


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
    for name, function in named.items():
        _check_arguments(name, function)
    taken = sorted(name for name in named if name in _RESERVED or name.startswith("val_"))
    if taken:
        raise ValueError(f"metrics cannot be named {taken}: the history has columns of these names")
    return named


def _check_arguments(name: str, metric: Any) -> None:
    try:
        if callable(metric):
            inspect.signature(metric).bind(None, None)
    except ValueError:  # of compiled code that does not tell
        return
    except TypeError as error:
        raise TypeError(f"the metric {name!r} is called with (output, target): {error}") from None


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
            for name, function in self._functions.items():
                self.sums[name] += _measured(name, function, output, target) * rows
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
