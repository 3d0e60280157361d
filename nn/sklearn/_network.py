"""What `Classifier` and `Regressor` share: their options, and a training with `nn.fit`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from autograd import ShapeError

from .._arguments import is_number
from ..module import Module
from ..modules.containers import MLP
from ..optim import Adam, Optimizer
from ..random import default_generator, drawing_from
from ..training import Callback, EarlyStopping, fit, predict
from ..training._types import Loss
from ._rows import WeightedRows, distinct, refuse_columns

if TYPE_CHECKING:
    import pandas

Array = NDArray[Any]
Table: TypeAlias = ArrayLike  # also a DataFrame, or a sparse matrix
ModuleMaker: TypeAlias = Callable[[int, int], Module]
OptimizerMaker: TypeAlias = Callable[..., Optimizer]

WIDTHS = (64,)


class Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no annotations
    """An estimator that trains a module; the subclasses say with what targets."""

    module_: Module
    optimizer_: Optimizer
    callbacks_: list[Callback]
    history_: pandas.DataFrame
    _generator: np.random.Generator  # of the seeds of each training
    _learning_rate: float  # of the training before

    def __init__(
        self,
        module: Module | ModuleMaker | None = None,
        *,
        hidden: Sequence[int] | None = None,
        loss: Loss | None = None,
        optimizer: OptimizerMaker = Adam,
        learning_rate: float = 0.001,
        epochs: int = 100,
        batch_size: int = 32,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        callbacks: Sequence[Callback] = (),
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.module = module
        self.hidden = hidden
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _strata(self, target: Array) -> Array | None:
        """Return what both parts of a split for early stopping have the same shares of, if anything."""
        return None

    # Data

    def _read(self, X: Table, y: ArrayLike, reset: bool, **options: bool) -> tuple[Array, Array]:
        """Return the inputs in single precision and dense, and the targets as they are."""
        rows, targets = self._validated(X, y, reset=reset, **options)
        return _dense(rows), _dense(targets)

    def _validated(self, X: Table, *y: ArrayLike, **options: bool) -> Any:
        """Return what scikit-learn makes of a table, and of targets, in single precision."""
        try:
            return validate_data(self, X, *y, accept_sparse="csr", dtype=np.float32, **options)
        except (ValueError, TypeError):
            refuse_columns(type(self).__name__, X)
            raise

    def _outputs(self, X: Table) -> Array:
        """Return what the network says for rows, in double precision: it depends on no other rows."""
        check_is_fitted(self, "module_")
        rows = _dense(self._validated(X, reset=False))
        outputs: Array = predict(copy.deepcopy(self.module_).double(), rows)
        return outputs

    # Training

    def _goes_on(self) -> bool:
        """Tell whether `fit` continues the training before it."""
        return bool(self.warm_start) and hasattr(self, "module_")

    def _train(self, rows: WeightedRows, outputs: int, goes_on: bool, epochs: int, loss: Loss, **options: Any) -> None:
        """Train with rows, from new weights or with those that are there."""
        generator = self._generator if goes_on else np.random.default_rng(self._first_seed())
        callbacks = [copy.deepcopy(callback) for callback in self.callbacks]
        rows = distinct(*rows)
        validation = None
        if self.early_stopping:
            rows, held = self._split(rows, int(generator.integers(2**31)))
            validation = held.X, held.target
            callbacks.append(EarlyStopping(patience=self.patience))
        with drawing_from([int(generator.integers(2**32))]):
            if goes_on:
                module, optimizer = self.module_, self.optimizer_
                for group in optimizer.param_groups:
                    group["lr"] *= self.learning_rate / self._learning_rate
            else:
                module = self._make_module(rows.X, outputs)
                optimizer = self.optimizer(module.parameters(), lr=self.learning_rate)
            history = fit(
                module,
                (rows.X, rows.target),
                loss if self.loss is None else self.loss,
                optimizer,
                epochs=epochs,
                batch_size=self.batch_size,
                validation=validation,
                sample_weight=rows.relative_weight(),
                callbacks=callbacks,
                verbose=bool(self.verbose),
                **options,
            )
        self._generator, self._learning_rate = generator, self.learning_rate
        self.module_, self.optimizer_, self.callbacks_, self.history_ = module, optimizer, callbacks, history

    def _first_seed(self) -> int:
        if self.random_state is None:
            return int(default_generator().integers(2**31))
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _split(self, rows: WeightedRows, seed: int) -> tuple[WeightedRows, WeightedRows]:
        """Return the rows to train with, and those that say when to stop."""
        train, held = train_test_split(
            np.arange(len(rows.X)),
            test_size=self.validation_fraction,
            random_state=seed,
            stratify=self._strata(rows.target),
        )
        return rows.take(train), rows.take(held)

    def _make_module(self, X: Array, outputs: int) -> Module:
        if isinstance(self.module, Module):
            made = copy.deepcopy(self.module)
        elif self.module is None:
            widths = WIDTHS if self.hidden is None else self.hidden
            made = MLP([X.shape[1], *map(int, widths), outputs])
        else:
            made = self.module(X.shape[1], outputs)
            if not isinstance(made, Module):
                raise TypeError(f"{self._name('module')} should make an nn.Module, not a {type(made).__name__}")
        found = np.shape(predict(made, X[:1]))
        if found != (1, outputs):
            raise ShapeError(
                f"{self._name('module')} returns shape {found} for one row of {X.shape[1]} numbers, where (1, "
                f"{outputs}) is expected: one output for each {self._output_is}. Pass a function (inputs, outputs) "
                f"that makes a module of that size"
            )
        return made

    # Options

    _output_is = "output"

    def _name(self, option: str) -> str:
        return f"{type(self).__name__}: {option}"

    def _check_options(self) -> None:
        """Raise if an option is not what is expected."""
        for name in ("epochs", "batch_size", "patience"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{self._name(name)} should be a whole number of at least 1, not {value!r}")
        if not is_number(self.learning_rate) or not 0 < self.learning_rate < np.inf:
            raise ValueError(f"{self._name('learning_rate')} should be a number above 0, not {self.learning_rate!r}")
        if not is_number(self.validation_fraction) or not 0 < self.validation_fraction < 1:
            raise ValueError(
                f"{self._name('validation_fraction')} should be above 0 and below 1, not {self.validation_fraction!r}"
            )
        if not callable(self.optimizer) or hasattr(self.optimizer, "param_groups"):
            raise TypeError(
                f"{self._name('optimizer')} should be a class such as nn.optim.Adam, or a function of the parameters "
                f"and lr, not {self.optimizer!r}: the parameters are made by fit"
            )
        self._check_module()
        if isinstance(self.callbacks, Callback | type) or not all(
            isinstance(each, Callback) for each in self.callbacks
        ):
            raise TypeError(
                f"{self._name('callbacks')} should be a list of nn.training.Callback objects, not {self.callbacks!r}"
            )

    def _check_module(self) -> None:
        if self.module is not None:
            if not callable(self.module):
                raise TypeError(
                    f"{self._name('module')} should be an nn.Module, or a class or a function (inputs, outputs) that "
                    f"makes one, not {self.module!r}; the widths of layers are hidden=(64,)"
                )
            if self.hidden is not None:
                raise ValueError(f"{self._name('module and hidden')} are given: pass one of them")
        elif self.hidden is not None:
            widths = [self.hidden] if np.ndim(self.hidden) == 0 else list(self.hidden)
            whole = all(isinstance(width, int | np.integer) and width > 0 for width in widths)
            if np.ndim(self.hidden) == 0 or not whole:
                raise ValueError(
                    f"{self._name('hidden')} should be the widths of the hidden layers, such as (64,) or (64, 32), "
                    f"not {self.hidden!r}"
                )

    def _check_partial(self) -> None:
        if self.early_stopping:
            raise ValueError(
                f"{type(self).__name__}: partial_fit has no rows to hold back for early_stopping=True: set it to False"
            )


def _dense(X: Any) -> Array:
    return X.toarray() if hasattr(X, "toarray") else np.asarray(X)
