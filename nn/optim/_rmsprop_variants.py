"""Adagrad, RMSprop and Adadelta, which divide gradients by their root mean square."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._flat_parameters import Array, FlatParameters, Run
from ._optimizer import (
    Optimizer,
    Parameters,
    check_fraction,
    check_not_negative,
    clear_subnormal,
    decay_and_add,
    options_from,
    with_weight_decay,
)


class Adagrad(Optimizer, example=("lr=0.5", " 0.5, -1.5")):
    """Gradient descent whose rate shrinks, for each element, with the squares of all its gradients.

    With ``h = h + g * g``, step t is ``p -= lr / (1 + (t - 1) * lr_decay) * g / (sqrt(h) + eps)``. This is PyTorch's
    arithmetic.

    Parameters
    ----------
    params, lr, weight_decay, eps, maximize
        As for every `Optimizer`.
    lr_decay
        How fast the rate of all elements shrinks in addition.
    initial_accumulator_value
        What h starts with.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", JMLR 2011.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"sum": 1.0}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        number = flat.data.dtype.type
        rate = number(-group["lr"] / (1 + (run.step - 1) * group["lr_decay"]))
        eps = number(group["eps"])
        for p, g, s, t, h in flat.chunks(run, self.scales(group)):
            if run.step == 1:
                h.fill(group["initial_accumulator_value"])
            g = with_weight_decay(group, p, g, t)
            np.add(h, np.multiply(g, g, s), h)
            np.add(np.sqrt(h, s), eps, s)
            np.divide(g, s, s)
            np.add(p, np.multiply(s, rate, s), p)


class RMSprop(Optimizer, example=("lr=0.25, alpha=0.75", " 0.5, -1.5")):
    """Gradient descent by gradients divided by the root of the running mean of their squares.

    With ``v = alpha * v + (1 - alpha) * g * g``, a step is ``p -= lr * g / (sqrt(v) + eps)``. If `centered`, the
    square of the running mean of g is taken from v before the root, which leaves its variance. With `momentum`, the
    step is ``p -= lr * b``, where ``b = momentum * b + g / (sqrt(v) + eps)``. This is PyTorch's arithmetic, except
    that a variance that rounding makes negative counts as 0, where PyTorch's root of it is nan.

    Parameters
    ----------
    params, lr, eps, weight_decay, maximize
        As for every `Optimizer`.
    alpha
        The decay rate of the running mean.
    momentum
        The factor by which the last step is repeated in the next.
    centered
        Whether to divide by an estimate of the standard deviation.

    References
    ----------
    Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012; Graves, "Generating Sequences With Recurrent
    Neural Networks", 2013, for `centered`.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr", "eps", "weight_decay", "momentum")
        check_fraction(group, "alpha")

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        fresh = 1 - group["alpha"]
        return (
            {"square_avg": fresh}
            | ({"grad_avg": fresh} if group["centered"] else {})
            | ({"momentum_buffer": 1.0} if group["momentum"] else {})
        )

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        number, scales = flat.data.dtype.type, self.scales(group)
        # v is kept divided by 1 - alpha; the root of that is part of the rate and of eps
        scale = math.sqrt(1 - group["alpha"])
        rate, momentum, keep = number(-group["lr"]), number(group["momentum"]), number(group["alpha"])
        eps, new_rate = number(group["eps"] / scale), number((1 if momentum else -group["lr"]) / scale)
        for p, g, s, t, v, *others in flat.chunks(run, scales):
            g = with_weight_decay(group, p, g, t)
            decay_and_add(v, keep, np.multiply(g, g, s))
            if group["centered"]:
                clear_subnormal(run.step, others[0], s)
                _variance(v, others.pop(0), g, keep, s)
            else:
                np.copyto(s, v)
            np.add(np.sqrt(s, s), eps, s)
            np.multiply(np.divide(g, s, s), new_rate, s)
            if momentum:
                clear_subnormal(run.step, others[0], t)
                decay_and_add(others[0], momentum, s)
                np.multiply(others[0], rate, s)
            np.add(p, s, p)


def _variance(v: Array, mean: Array, g: Array, keep: Any, out: Array) -> None:
    """Update the running mean of gradients, and write what is left of the mean of squares to `out`."""
    decay_and_add(mean, keep, g)
    # both are kept divided by 1 - keep
    np.multiply(np.multiply(mean, mean, out), 1 - keep, out)
    np.maximum(np.subtract(v, out, out), 0, out=out)


class Adadelta(Optimizer, example=("lr=100", " 0.68, -1.68")):
    """Steps as large as recent steps were, in the units of the parameter.

    With ``v = rho * v + (1 - rho) * g * g`` and ``d = sqrt(u + eps) / sqrt(v + eps) * g``, a step is ``p -= lr * d``,
    and then ``u = rho * u + (1 - rho) * d * d``. This is PyTorch's arithmetic.

    Parameters
    ----------
    params, weight_decay, maximize
        As for every `Optimizer`.
    lr
        The factor of each step.
    rho
        The decay rate of both running means.
    eps
        Keeps the first steps above 0.

    References
    ----------
    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr", "eps", "weight_decay")
        check_fraction(group, "rho")

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"square_avg": 1 - group["rho"], "acc_delta": 1 - group["rho"]}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        number = flat.data.dtype.type
        rate, keep, eps = number(-group["lr"]), number(group["rho"]), number(group["eps"] / (1 - group["rho"]))
        for p, g, s, t, v, u in flat.chunks(run, self.scales(group)):
            g = with_weight_decay(group, p, g, t)
            decay_and_add(v, keep, np.multiply(g, g, s))
            np.sqrt(np.add(u, eps, s), s)
            np.multiply(s, g, t)
            np.divide(t, np.sqrt(np.add(v, eps, s), s), t)
            decay_and_add(u, keep, np.multiply(t, t, s))
            np.add(p, np.multiply(t, rate, t), p)
