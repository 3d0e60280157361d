"""SGD: stochastic gradient descent, with and without momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._flat_parameters import Array, FlatParameters, Run
from ._optimizer import (
    Optimizer,
    Parameters,
    check_fused,
    check_not_negative,
    clear_subnormal,
    options_from,
    with_weight_decay,
)


class SGD(Optimizer, example=("lr=0.25", " 0.5, -1. ")):
    """Stochastic gradient descent, with or without momentum.

    Without momentum a step is ``p -= lr * g``. With it, ``b = momentum * b + (1 - dampening) * g``, where the first b
    is g itself, and ``p -= lr * b``; Nesterov's variant is ``p -= lr * (g + momentum * b)``. This is PyTorch's
    arithmetic.

    Parameters
    ----------
    params, lr, weight_decay, maximize
        As for every `Optimizer`.
    momentum
        The factor by which the last step is repeated in the next.
    dampening
        The part of the gradient that does not enter the momentum.
    nesterov
        Whether to look ahead by one step of momentum.
    fused
        As for `Adam`.

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr", "momentum", "weight_decay")
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError("Nesterov's variant needs a momentum above 0 and no dampening")
        check_fused(group)

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"momentum_buffer": 1.0} if group["momentum"] else {}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        if group.get("fused"):
            from . import _fused  # with LLVM

            numbers, first = (group["momentum"], 1 - group["dampening"], -group["lr"]), run.step == 1
            _fused.update(_fused.sgd, group, flat, run, self.scales(group), numbers, first, bool(group["nesterov"]))
            return
        rate = flat.data.dtype.type(-group["lr"])
        for p, g, s, t, *moments in flat.chunks(run, self.scales(group)):
            direction = with_weight_decay(group, p, g, s)
            if moments:
                clear_subnormal(run.step, moments[0], t)
                direction = _with_momentum(group, direction, moments[0], t, first=run.step == 1)
            np.add(p, np.multiply(direction, rate, t), p)


def _with_momentum(group: dict[str, Any], g: Array, b: Array, scratch: Array, *, first: bool) -> Array:
    """Update the momentum `b` with the gradient `g`, and return the direction to step along."""
    number = b.dtype.type
    momentum, fresh = number(group["momentum"]), number(1 - group["dampening"])
    if first:
        np.copyto(b, g)
    else:
        np.multiply(b, momentum, b)
        np.add(b, g if fresh == 1 else np.multiply(g, fresh, scratch), b)
    if not group["nesterov"]:
        return b
    ahead: Array = np.add(np.multiply(b, momentum, scratch), g, scratch)
    return ahead
