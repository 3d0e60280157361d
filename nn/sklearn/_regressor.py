"""Regression with a network."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from ..modules.loss import MSELoss
from ._network import Network, Table
from ._rows import WeightedRows, refuse_targets, row_weights

Array = NDArray[Any]


class Regressor(RegressorMixin, Network):  # type: ignore[misc]  # scikit-learn has no annotations
    """A regression of scikit-learn that trains a network with `nn.fit`.

    Rows are ``(n, features)``, targets ``(n,)`` or ``(n, outputs)``; predictions have their shape. Scale both: a
    network learns slowly from numbers that are far from 1. ``TransformedTargetRegressor`` scales targets.

    Parameters
    ----------
    module
        What is trained: a class or a function that is called with the numbers of inputs and of outputs and returns a
        module; or a module, which is copied, so that each `fit` begins with its weights. None is an `nn.MLP` with the
        widths `hidden`. It maps ``(n, inputs)`` to ``(n, outputs)``.
    hidden
        The widths of the hidden layers where no module is given; None is ``(64,)``.
    loss
        A function of outputs and targets, both ``(n, outputs)``; by default ``nn.MSELoss()``.
    early_stopping
        As for `Classifier`, but the rows that are held back are drawn without regard to their targets.
    optimizer, learning_rate, epochs, batch_size, validation_fraction, patience, warm_start, callbacks
        As for `Classifier`, and so are `random_state` and `verbose`.

    Notes
    -----
    After `fit` it has the attributes of `Classifier`, but for ``classes_``, and trains and predicts likewise.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.sklearn import Regressor
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = Regressor(hidden=(32,), learning_rate=0.01, random_state=0).fit(X, np.sin(3 * X[:, 0]))
    >>> model.score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    _width: int | None  # of the targets, or None where they have one axis

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a network, anew or, with `warm_start`, the one that is there.

        Parameters
        ----------
        X
            Array, DataFrame or sparse matrix of shape ``(n, features)``.
        y
            Targets, of shape ``(n,)`` or ``(n, outputs)``.
        sample_weight
            The weight of each row in the loss, of shape ``(n,)``.

        Raises
        ------
        ValueError, TypeError
            If data or options are not what is expected.
        """
        return self._fit(X, y, sample_weight, self._goes_on(), self.epochs)

    def partial_fit(self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch with these rows, from the weights that are there. The parameters are those of `fit`."""
        self._check_partial()
        return self._fit(X, y, sample_weight, hasattr(self, "module_"), epochs=1)

    def _fit(self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None, goes_on: bool, epochs: int) -> Self:
        self._check_options()
        try:
            rows, targets = self._read(X, y, reset=not goes_on, multi_output=True, y_numeric=True)
            target = _single_precision(targets).reshape(len(rows), -1)
        except (ValueError, TypeError):
            refuse_targets(type(self).__name__, y)
            raise
        width = target.shape[1] if targets.ndim == 2 else None
        if goes_on and width != self._width:
            raise ValueError(
                f"y has shape {targets.shape}, but the network was trained with {self._width or 1} outputs"
            )
        weight = row_weights(sample_weight, len(rows))
        self._train(WeightedRows(rows, target, weight), target.shape[1], goes_on, epochs, MSELoss())
        self._width = width
        return self

    def predict(self, X: Table) -> Array:
        """Return the predictions for rows, float64 of shape ``(n,)`` or ``(n, outputs)`` as the targets of `fit`."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._width is None else outputs


def _single_precision(y: Array) -> Array:
    if y.dtype.kind in "Mm":
        raise TypeError(f"y holds {y.dtype}, where numbers are needed")
    with np.errstate(over="ignore"):  # becomes infinite, which is found below
        target = y.astype(np.float32)
    if np.isnan(target).any():  # numbers as such were looked at before
        raise ValueError("y has values that are missing: leave these rows out")
    if not np.isfinite(target).all():
        raise ValueError("y holds numbers that are too large for single precision: scale them")
    return target
