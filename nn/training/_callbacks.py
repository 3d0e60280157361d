"""Callbacks: what `fit` calls between steps and epochs; early stopping."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, Literal

from .._arguments import Size, check_constructor
from ._state import Training

Mode = Literal["min", "max"]
_SMALLER = ("loss", "mae", "mse", "rmse", "error")
_LARGER = ("accuracy", "auc", "f1", "precision", "r2", "recall")


# Methods of callbacks elsewhere, and those that are called in their place.
_FOREIGN = {
    "after_batch": "on_step", "after_epoch": "on_epoch", "after_fit": "on_end", "after_step": "on_step",
    "before_epoch": "on_epoch_start", "before_fit": "on_start", "on_batch": "on_step", "on_batch_end": "on_step",
    "on_begin": "on_start", "on_epoch_begin": "on_epoch_start", "on_epoch_end": "on_epoch", "on_step_end": "on_step",
}  # fmt: skip
_EVENT = re.compile(r"on_.*(batch|begin|end|epoch|fit|start|step|test|train|valid)")


def check_callbacks(callbacks: Callback | Iterable[object]) -> None:
    """Raise unless these are callbacks in a list."""
    if isinstance(callbacks, Callback):
        raise TypeError(f"callbacks is a list: callbacks=[{type(callbacks).__name__}(...)]")
    for each in callbacks:
        if isinstance(each, type):
            raise TypeError(f"{each.__name__} is a class of callbacks: pass an instance, {each.__name__}(...)")
        if not isinstance(each, Callback):
            remedy = "make it a subclass of nn.training.Callback"
            if isinstance(each, FunctionType):
                remedy = "pass nn.training.LambdaCallback(on_epoch=function)"
            elif hasattr(each, "get_last_lr"):
                remedy = "pass it as scheduler="
            raise TypeError(f"a callback is an nn.training.Callback, not a {type(each).__name__}: {remedy}")


class Callback:
    """What `fit` calls between steps and epochs; a subclass defines the methods that it needs.

    Each is given the `Training`: its ``model``, ``optimizer``, ``scheduler``, ``epoch``, ``step``, ``history``, and
    ``stop(reason)``, which ends it.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> class Print(nn.training.Callback):
    ...     def on_epoch(self, training):
    ...         print(f"epoch {training.epoch} ends with step {training.step}")
    >>> X, y = np.ones((8, 3)), np.ones((8, 1))
    >>> model = nn.Linear(3, 1)
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> _ = nn.fit(model, (X, y), nn.MSELoss(), optimizer, epochs=2, batch_size=4, callbacks=[Print()], verbose=False)
    epoch 1 ends with step 2
    epoch 2 ends with step 4
    """

    last = False  # whether it is called after the others, as a callback that saves their states is

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_constructor(cls)
        named = {name for each in vars(cls).values() if hasattr(each, "__code__") for name in each.__code__.co_names}
        for name in vars(cls):
            plain = name.replace("_train_", "_").replace("_fit_", "_")
            here = _FOREIGN.get(plain, plain if plain != name and hasattr(Callback, plain) else None)
            if here is None and _EVENT.match(name) and name not in named and not hasattr(super(cls, cls), name):
                here = "one of on_start, on_epoch_start, on_step, on_epoch and on_end, as"
            if here is not None:
                raise TypeError(f"fit does not call {name}() of a callback: here it is {here}(self, training)")

    def on_start(self, training: Training) -> None:
        """Before the first epoch."""

    def on_epoch_start(self, training: Training) -> None:
        """Before each epoch, or the rest of one."""

    def on_step(self, training: Training) -> None:
        """After each step of the optimizer."""

    def on_epoch(self, training: Training) -> None:
        """After each epoch; ``training.history[-1]`` are its figures."""

    def on_end(self, training: Training) -> None:
        """At the end, also after an error, which then is ``training.error``."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed training needs: numbers, strings, arrays, and dicts, lists and tuples of them."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` returned."""


class LambdaCallback(Callback):
    """A callback of functions, each called with the `Training` where `Callback` has a method of its name.

    Parameters
    ----------
    on_start, on_epoch_start, on_step, on_epoch, on_end
        Functions, or None for nothing.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> show = nn.training.LambdaCallback(on_epoch=lambda training: print("epoch", training.epoch))
    >>> model = nn.Linear(3, 1)
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> data = np.ones((8, 3)), np.ones((8, 1))
    >>> _ = nn.fit(model, data, nn.MSELoss(), optimizer, epochs=2, callbacks=[show], verbose=False)
    epoch 1
    epoch 2
    """

    def __init__(
        self,
        on_start: Callable[[Training], object] | None = None,
        on_epoch_start: Callable[[Training], object] | None = None,
        on_step: Callable[[Training], object] | None = None,
        on_epoch: Callable[[Training], object] | None = None,
        on_end: Callable[[Training], object] | None = None,
    ) -> None:
        given = {name: function for name, function in locals().items() if name[:3] == "on_" and function is not None}
        for name, function in given.items():
            if not callable(function):
                raise TypeError(f"{name} should be a function of the training, not {function!r}")
            setattr(self, name, function)


class Best:
    """The best value so far of a column of the history.

    Parameters
    ----------
    monitor
        The name of the column.
    mode
        ``"min"`` if smaller is better, ``"max"`` if larger is. Not needed for losses, errors and accuracies.
    min_delta
        How much better than the best a value has to be to count.
    """

    def __init__(self, monitor: str, mode: Mode | None, min_delta: float = 0.0) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f'mode should be "min" or "max", not {mode!r}')
        if not min_delta >= 0:
            raise ValueError(f"min_delta should be 0 or more, not {min_delta}")
        self.monitor, self.min_delta = monitor, min_delta
        self._sign = 1 if (mode or _known_mode(monitor)) == "min" else -1
        self.value = math.nan

    def improved(self, row: dict[str, Any]) -> bool:
        """Tell whether an epoch is better than all before it; nan never is."""
        if self.monitor not in row:
            remedy = ": pass validation= to fit" if self.monitor.startswith("val_") else ""
            raise ValueError(f"there is no {self.monitor!r} to monitor among {list(row)}{remedy}")
        value = float(row[self.monitor])
        better = not math.isnan(value) and (
            math.isnan(self.value) or self._sign * (self.value - value) > self.min_delta
        )
        if better:
            self.value = value
        return better

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, and what it is the best of."""
        return {"best": self.value, "monitor": self.monitor, "mode": "min" if self._sign == 1 else "max"}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` returned.

        Raises
        ------
        ValueError
            If it is the best of another column, or the smallest where the largest is wanted.
        """
        own = self.state_dict()
        for name in ("monitor", "mode"):
            if state.get(name, own[name]) != own[name]:
                raise ValueError(f"the best value so far is that with {name}={state[name]!r}, not {own[name]!r}")
        self.value = state["best"]


def _known_mode(monitor: str) -> Mode:
    name = monitor.removeprefix("val_")
    if name in _SMALLER:
        return "min"
    if name in _LARGER:
        return "max"
    raise ValueError(f'is {monitor!r} better when it is smaller, or larger? Pass mode="min" or mode="max"')


class EarlyStopping(Callback):
    """End the training when a figure has not improved for some epochs.

    Parameters
    ----------
    monitor
        A column of the history, such as ``"val_loss"``.
    patience
        The training ends after this many epochs in a row without a better value.
    min_delta
        How much better than the best a value has to be to count.
    restore_best
        Whether the model is given the weights of its best epoch at the end, also if it was not stopped early.
    mode
        ``"min"`` or ``"max"``; needed where the name does not tell.

    Attributes
    ----------
    best_epoch
        The epoch with the best value, from 1 on; 0 before the first.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> X, y = np.eye(4), np.zeros((4, 1))
    >>> model = nn.Linear(4, 1)
    >>> stopping = nn.training.EarlyStopping("loss", patience=2, min_delta=1.0)
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    >>> history = nn.fit(model, (X, y), nn.MSELoss(), optimizer, epochs=100, callbacks=[stopping], verbose=False)
    >>> len(history), history.attrs["stopped"]
    (3, "'loss' is no better than in epoch 1")
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: Size = 5,
        min_delta: float = 0.0,
        restore_best: bool = True,
        mode: Mode | None = None,
    ) -> None:
        self.monitor, self.patience, self.min_delta, self.restore_best = monitor, patience, min_delta, restore_best
        self._mode: Mode | None = mode
        self._reset()

    def _reset(self) -> None:
        self._best = Best(self.monitor, self._mode, self.min_delta)
        self.best_epoch = self._waited = 0
        self._weights: dict[str, Any] = {}

    def on_start(self, training: Training) -> None:
        """Forget an earlier training."""
        self._reset()

    def on_epoch(self, training: Training) -> None:
        """Compare the epoch with the best; an epoch that Ctrl-C cut short does not count."""
        if training.interrupted:
            return
        if self._best.improved(training.history[-1]):
            self.best_epoch, self._waited = training.epoch, 0
            if self.restore_best:
                self._weights = training.evaluated.state_dict()
            return
        self._waited += 1
        if self._waited >= self.patience:
            training.stop(f"{self.monitor!r} is no better than in epoch {self.best_epoch}")

    def on_end(self, training: Training) -> None:
        """Restore the best weights, unless an error ended the training."""
        if self._weights and training.error is None:
            training.model.load_state_dict(self._weights)
            training.evaluated = training.model

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, the number of epochs since then, and the best weights."""
        state = {**self._best.state_dict(), "epoch": self.best_epoch, "waited": self._waited}
        return {**state, "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._best.load_state_dict(state)
        self.best_epoch, self._waited = state["epoch"], state["waited"]
        self._weights = state["weights"]
