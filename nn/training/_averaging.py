"""Weight averaging: the average over the last steps is often better than the last weights alone."""

from __future__ import annotations

from typing import Any

from .._arguments import Size
from ..optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from ._callbacks import Callback
from ._state import Training


class WeightAveraging(Callback):
    """Keep an average of the model over the steps: it is validated and saved, and at the end the model is given it.

    The steps themselves continue from the weights that the optimizer left. ``val_loss`` and the like, `SaveBest` and
    `EarlyStopping` use the average; `Checkpoint` keeps both. Buffers of floating-point numbers, such as running
    means, are averaged as the weights are.

    Parameters
    ----------
    decay
        After each step the average becomes ``decay * average + (1 - decay) * weights``, so that it is over about the
        last ``1 / (1 - decay)`` steps. None keeps the mean of all steps.
    start
        The epoch, from 1 on, with whose first step averaging begins.
    warmup
        Whether the decay is at most ``n / (n + 10)`` after ``n`` steps: the first averages are nearly plain means, so
        that the weights of the first steps are soon forgotten.

    References
    ----------
    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control Optim. 30(4), 1992.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> nn.init.zeros_(model.weight)  # and each step adds 1
    Parameter([[0.]], dtype=float32, requires_grad=True)
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=1.0)
    >>> _ = nn.fit(model, (np.ones((4, 1)), np.ones((4, 1))), lambda output, target: -output.mean(), optimizer,
    ...            epochs=5, callbacks=[nn.training.WeightAveraging(decay=None, start=3)], verbose=False)
    >>> model.weight  # the mean of 3, 4 and 5
    Parameter([[4.]], dtype=float32, requires_grad=True)
    """

    def __init__(self, decay: float | None = 0.999, start: Size = 1, warmup: bool = False) -> None:
        if warmup and decay is None:
            raise ValueError("warmup=True lowers the decay at first, but decay=None keeps a mean, which has no decay")
        self._average = None if decay is None else get_ema_multi_avg_fn(decay)
        if warmup and decay is not None:  # it rises with the number of steps
            self._average = lambda averages, values, count: get_ema_multi_avg_fn(min(decay, count / (count + 10)))(
                averages, values, count
            )
        self.decay, self.start, self.warmup = decay, start, warmup
        self.averaged: Any = None  # an AveragedModel, once a training has begun

    def on_start(self, training: Training) -> None:
        """Begin anew."""
        self.averaged = AveragedModel(training.model, multi_avg_fn=self._average, use_buffers=True)
        self._training = training

    def on_step(self, training: Training) -> None:
        """Take the weights into the average."""
        if training.epoch + 1 >= self.start:
            self.averaged.update_parameters(training.model)
            training.evaluated = self.averaged.module

    def on_end(self, training: Training) -> None:
        """Give the model the average, unless an error ended the training, or it was given other weights."""
        if training.evaluated is not training.model and training.error is None:
            training.model.load_state_dict(training.evaluated.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Return the average, and how many steps it is over."""
        return dict(self.averaged.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.averaged.load_state_dict(state)
        if self.averaged.n_averaged:
            self._training.evaluated = self.averaged.module
