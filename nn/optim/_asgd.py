"""ASGD: gradient descent with the average of the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ._flat_parameters import FlatParameters, Run
from ._optimizer import Optimizer, Parameters, check_not_negative, options_from, with_weight_decay


class ASGD(Optimizer):
    """Gradient descent with a rate that falls, which keeps the average of the parameters from step `t0` on.

    Step t is ``p -= eta * lambd * p + eta * g``, where eta is lr at first and ``lr / (1 + lambd * lr * t) ** alpha``
    after step t. The average is ``ax += mu * (p - ax)``, where mu is 1 until step `t0` and ``1 / (t - t0)`` after it.
    This is PyTorch's arithmetic. ``state_dict()["state"][i]["ax"]`` is the average of parameter i; see
    `swa_utils.AveragedModel` for the average of a model.

    Parameters
    ----------
    params, lr, weight_decay, maximize
        As for every `Optimizer`.
    lambd
        Which part of the parameter, times the rate, is taken away in each step.
    alpha
        The power with which the rate falls.
    t0
        The step from which on parameters are averaged.

    References
    ----------
    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control and Optimization 1992.

    Examples
    --------
    >>> import nn
    >>> w = nn.Parameter([1.0, -2.0])
    >>> optimizer = nn.optim.ASGD([w], lr=0.25, lambd=0, t0=0)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).sum().backward()
    ...     optimizer.step()
    >>> w.data
    array([ 0.25, -0.5 ], dtype=float32)
    """

    numbers: ClassVar[Mapping[str, float]] = {"eta": 0.0, "mu": 1.0}

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr", "lambd", "alpha", "t0", "weight_decay")

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"ax": 1.0}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        """Update the parameters of a run, part by part where their rates differ."""
        lr, etas, mus = group["lr"], flat.numbers["eta"], flat.numbers["mu"]
        if run.step == 1:
            for i in flat.members(run):
                etas[i] = lr
        for part, members in list(flat.split(run)):
            self._update(group, flat, part, etas[members[0]], mus[members[0]])
            for i in members:
                etas[i] = lr / (1 + group["lambd"] * lr * run.step) ** group["alpha"]
                mus[i] = 1 / max(1, run.step - group["t0"])

    def _update(self, group: dict[str, Any], flat: FlatParameters, run: Run, eta: float, mu: float) -> None:
        number = flat.data.dtype.type
        shrink, rate, share = number(1 - group["lambd"] * eta), number(-eta), number(mu)
        for p, g, s, t, average in flat.chunks(run, self.scales(group)):
            g = with_weight_decay(group, p, g, t)
            np.multiply(p, shrink, p)
            np.add(p, np.multiply(g, rate, s), p)
            if mu == 1:
                np.copyto(average, p)
            else:
                np.multiply(np.subtract(p, average, s), share, s)
                np.add(average, s, average)
