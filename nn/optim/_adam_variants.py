"""NAdam, RAdam and Adamax: Adam with Nesterov momentum, a rectified rate, and the largest gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._flat_parameters import FlatParameters, Run
from ._moments import MomentOptimizer
from ._optimizer import (
    Optimizer,
    Parameters,
    check_betas,
    check_not_negative,
    clear_subnormal,
    decay_and_add,
    options_from,
    with_weight_decay,
)


class NAdam(MomentOptimizer, example=("lr=0.5", " 0.47, -1.47")):
    """Adam that looks ahead by one step of momentum, as Nesterov's gradient descent does.

    With ``m`` and ``v`` as in `Adam` and ``mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)``, step t is
    ``p -= lr * (a * m + b * g) / (sqrt(v / (1 - beta2**t)) + eps)``, where ``a = mu(t + 1) / (1 - M(t + 1))``,
    ``b = (1 - mu(t)) / (1 - M(t))``, and ``M(t)`` is the product of ``mu(1)`` to ``mu(t)``. This is PyTorch's
    arithmetic.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize
        As for `Adam`.
    momentum_decay
        How fast the momentum grows from half of beta1 to beta1.

    References
    ----------
    Dozat, "Incorporating Nesterov Momentum into Adam", ICLR Workshop 2016.
    """

    numbers = {"mu_product": 1.0}  # noqa: RUF012 - a constant of the class, as the base class says

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        check_not_negative(group, "momentum_decay")

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        """Update the parameters of a run, part by part where their products of momenta differ."""
        beta1, decay = group["betas"][0], group["momentum_decay"]
        mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (step * decay)) for step in (run.step, run.step + 1))
        products = flat.numbers["mu_product"]
        for part, members in list(flat.split(run)):
            product = products[members[0]] * mu
            for i in members:
                products[i] = product
            self._update(group, flat, part, ahead / (1 - product * ahead), (1 - mu) / (1 - product))

    def _update(self, group: dict[str, Any], flat: FlatParameters, run: Run, of_mean: float, of_new: float) -> None:
        """Step along `of_mean` times the running mean and `of_new` times the gradient."""
        number, lr = flat.data.dtype.type, group["lr"]
        beta1, beta2 = group["betas"]
        correction = math.sqrt((1 - beta2) / (1 - beta2**run.step))
        mean_rate, rate = number(-lr * of_mean * (1 - beta1) / correction), number(-lr * of_new / correction)
        eps = number(group["eps"] / correction)
        for p, g, s, t, m, v in self.moments(group, flat, run):
            np.multiply(g, rate, t)
            np.add(t, np.multiply(m, mean_rate, s), t)
            np.add(np.sqrt(v, s), eps, s)
            np.add(p, np.divide(t, s, s), p)


class RAdam(MomentOptimizer, example=("lr=0.25", " 0.5, -1. ")):
    """Adam with a rectified rate: small while the mean of squares is over few gradients.

    With ``m`` and ``v`` as in `Adam`, ``R = 2 / (1 - beta2) - 1`` and ``r = R - 2 * t * beta2**t / (1 - beta2**t)``,
    step t is ``p -= lr * m / (1 - beta1**t) * k * sqrt(1 - beta2**t) / (sqrt(v) + eps)``, where
    ``k = sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r))``, once r is above 5, and
    ``p -= lr * m / (1 - beta1**t)`` until then. This is PyTorch's arithmetic.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize
        As for `Adam`.

    References
    ----------
    Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", ICLR 2020.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        number = flat.data.dtype.type
        beta1, beta2 = group["betas"]
        rate = -group["lr"] * (1 - beta1) / (1 - beta1**run.step)
        rectified = _rectification(beta2, run.step)
        scale = math.sqrt(1 - beta2)
        if rectified:
            rate *= rectified * math.sqrt(1 - beta2**run.step) / scale
        rate, eps = number(rate), number(group["eps"] / scale)
        for p, _, s, t, m, v in self.moments(group, flat, run):
            np.multiply(m, rate, t)
            if rectified:
                np.divide(t, np.add(np.sqrt(v, s), eps, s), t)
            np.add(p, t, p)


def _rectification(beta2: float, step: int) -> float:
    """Return the factor of the adaptive rate in a step; 0 while its variance is unknown."""
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / (1 - beta2**step)
    if length <= 5:
        return 0.0
    return math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))


class Adamax(Optimizer, example=("lr=0.5", " 0.5, -1.5")):
    """Adam that divides by the largest of recent gradients instead of their root mean square.

    With ``m = beta1 * m + (1 - beta1) * g`` and ``u = maximum(beta2 * u, abs(g) + eps)``, step t is
    ``p -= lr / (1 - beta1**t) * m / u``. This is PyTorch's arithmetic.

    Parameters
    ----------
    params, lr, eps, weight_decay, maximize
        As for every `Optimizer`.
    betas
        The decay rates of the running mean and of the largest gradient.

    References
    ----------
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 7.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_betas(group)

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 1 - group["betas"][0], "exp_inf": 1.0}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        number = flat.data.dtype.type
        beta1, beta2 = group["betas"]
        rate = number(-group["lr"] * (1 - beta1) / (1 - beta1**run.step))
        eps, keep1, keep2 = number(group["eps"]), number(beta1), number(beta2)
        for p, g, s, t, m, u in flat.chunks(run, self.scales(group)):
            g = with_weight_decay(group, p, g, t)
            clear_subnormal(run.step, m, s)
            decay_and_add(m, keep1, g)
            np.add(np.abs(g, s), eps, s)
            np.maximum(np.multiply(u, keep2, u), s, out=u)
            np.divide(m, u, s)
            np.add(p, np.multiply(s, rate, s), p)
