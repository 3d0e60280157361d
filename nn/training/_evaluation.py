"""Evaluation and prediction: a model in evaluation mode, without a graph."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd import ShapeError, no_grad
from autograd.extend import is_unpacked

from .._arguments import TensorLike, example, explained
from .._blocks import modes_kept
from .._warnings import message
from ..distributed._collectives import gather_objects
from ..distributed._processes import world
from ..functional._dropout import on_dropping
from ..module import Module
from ._data import Source, inputs_of, source_of
from ._divergence import warn
from ._metrics import Measure, Metrics, Totals, named_metrics, values_of
from ._types import Data, Loss

EVALUATION_BATCH = 512


@explained("usage of evaluate")
def evaluate(
    model: Module, data: Data, loss: Loss, metrics: Metrics = (), *, batch_size: int = EVALUATION_BATCH
) -> dict[str, Any]:
    """Return the loss and the metrics of a model over data.

    The model is in evaluation mode during the call, and no graph is recorded; afterwards each module has its own mode
    again.

    Parameters
    ----------
    model, data, loss, metrics
        As for `fit`.
    batch_size
        How many rows of arrays the model is given at a time.

    Returns
    -------
    dict
        ``"loss"``, and each metric by its name: means over the rows, or what a `nn.training.Metric` says.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.9))
    >>> nn.init.zeros_(model[0].weight), nn.init.zeros_(model[0].bias)  # doctest: +ELLIPSIS
    (Parameter...
    >>> result = nn.evaluate(model, (np.ones((4, 2)), np.array([0, 1, 2, 0])), nn.CrossEntropyLoss(), "accuracy")
    >>> {name: round(value, 4) for name, value in result.items()}
    {'loss': 1.0986, 'accuracy': 0.5}
    >>> model.training
    True
    """
    check_loss(loss)
    source = source_of(data, batch_size, None, dtype_of(model), trained_columns(model))
    return _Figures(mean_over(source, 0, model, loss, named_metrics(metrics)))


class _Figures(dict[str, Any]):
    """What `evaluate` returns."""

    def __iter__(self) -> Iterator[str]:
        if is_unpacked(sys._getframe(1)):  # which would give names, not figures
            raise TypeError("evaluate() returns a dict: write result = nn.evaluate(...), and result['loss']")
        return super().__iter__()

    def __missing__(self, key: str) -> None:
        raise KeyError(f"{key}: there are {', '.join(self)}; give evaluate() its metrics, as in metrics={key!r}")


@example("nn.predict(nn.Linear(2, 3), np.ones((1000, 2))).shape", "(1000, 3)")
def predict(model: Module, X: TensorLike | tuple[TensorLike, ...], *, batch_size: int = EVALUATION_BATCH) -> Any:
    """Return the outputs of a model for the rows of `X`.

    Parameters
    ----------
    model
        It is in evaluation mode during the call, and no graph is recorded.
    X
        An array or a DataFrame of n rows, or a tuple of them for a model of several inputs. The columns of a
        DataFrame are taken by the names that `fit` found.
    batch_size
        How many rows the model is given at a time.

    Returns
    -------
    ndarray
        Shape ``(n, ...)``; a tuple of arrays where the model returns several.

    Raises
    ------
    ShapeError
        If the first axis of an output is not that of the rows, as of the state that a recurrent layer returns.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: a batch has at least 1 row")
    arrays = inputs_of(X, dtype_of(model), trained_columns(model))
    starts = range(0, max(len(arrays[0]), 1), batch_size)
    batches = [tuple(array[start : start + batch_size] for array in arrays) for start in starts]
    with _evaluating(model):
        outputs = [values_of(model(*batch)) for batch in batches]
    return _joined(outputs, [len(batch[0]) for batch in batches])


def _joined(outputs: Sequence[Any], rows: list[int]) -> Any:
    """Concatenate what a model returned for batches with these numbers of rows."""
    if isinstance(outputs[0], tuple | list):
        return tuple(_joined(several, rows) for several in zip(*outputs, strict=True))
    for output, count in zip(outputs, rows, strict=True):
        if np.shape(output)[:1] != (count,):
            raise ShapeError(message("rows of predict", count=count, shape=np.shape(output)))
    return np.concatenate(outputs)


def mean_over(
    source: Source,
    number: int,
    model: Module,
    loss: Loss,
    metrics: Mapping[str, Measure],
    prefix: str = "",
    *,
    shared: bool = False,
) -> dict[str, Any]:
    """Return the loss and the metrics of a model over the batches of an epoch; `shared` between all ranks."""
    size = world().size if shared else 1
    totals = Totals(metrics, is_summed(loss))
    found: dict[int, Any] = {}  # what this rank finds for its batches, by their numbers
    with _evaluating(model):
        for place, batch in enumerate(source.epoch(number)):
            if size > 1:
                if place % size != world().rank:
                    continue
                totals = totals.part()
            output = model(*batch.inputs)
            totals.add(float(values_of(loss(output, batch.target))), output, batch.target, batch.rows)
            if size > 1:
                found[place] = totals.vector(), totals.kept
    if size > 1:  # added up in their order, so that nothing depends on the number of ranks
        of_all = {place: sums for each in gather_objects(found) for place, sums in each.items()}
        totals = Totals(metrics, is_summed(loss))
        for place in sorted(of_all):
            totals.add_vector(of_all[place][0])
            totals.measure(of_all[place][1])
    if not totals.rows:
        raise ValueError("there is not one batch to evaluate: was an iterator used up?")
    return totals.means(prefix)


@contextmanager
def _evaluating(model: Module) -> Iterator[None]:
    """Put all modules into evaluation mode, and restore the mode of each."""
    token = on_dropping.set(lambda: warn(message("dropout")))
    try:
        with modes_kept(model), no_grad():
            model.eval()
            yield
    finally:
        on_dropping.reset(token)


def is_summed(loss: Loss) -> bool:
    """Tell whether the loss of a batch is the sum over its rows; otherwise it should be their mean."""
    return getattr(loss, "reduction", "mean") == "sum"


def check_loss(loss: object) -> None:
    """Raise unless `loss` is callable and returns one number."""
    if hasattr(loss, "param_groups"):
        raise TypeError("the loss is an optimizer: are they swapped? It is nn.fit(model, data, loss, optimizer)")
    if not callable(loss):
        raise TypeError(f"loss should be a function (output, target), such as nn.MSELoss(), not {loss!r}")
    if isinstance(loss, type):
        raise TypeError(f"loss is the class {loss.__name__}: pass an instance, {loss.__name__}()")
    if getattr(loss, "reduction", "mean") == "none":
        raise ValueError(f"{loss!r} gives a loss for each row: use reduction='mean'")


def dtype_of(model: Module) -> Any:
    """Return the dtype of the parameters of a model, to which floating-point data are converted."""
    if not isinstance(model, Module):
        raise TypeError(f"model should be an nn.Module, not a {type(model).__name__}")
    parameters: Iterable[Any] = model.parameters()
    return next((parameter.dtype for parameter in parameters if parameter.dtype.kind == "f"), np.dtype(np.float32))


def trained_columns(model: Module) -> list[Any] | None:
    """Return the names of the columns that the model was trained with, if it was a table."""
    return model.__dict__.get("feature_names_in_")
