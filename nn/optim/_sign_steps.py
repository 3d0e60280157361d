"""Rprop and Lion: their steps take the sign of a gradient, and their own length."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._flat_parameters import FlatParameters, Run
from ._optimizer import Optimizer, Parameters, check_betas, check_not_negative, clear_subnormal, options_from


class Rprop(Optimizer, example=("lr=0.5", " 0.5, -1.5")):
    """Steps of a length of its own for each element, which grows while the gradient keeps its sign.

    With ``h`` the gradient of the step before, each element has the length ``n``, at first lr, which is multiplied by
    ``etas[1]`` where ``g * h > 0``, and by ``etas[0]`` where ``g * h < 0``, within `step_sizes`. Then
    ``p -= n * sign(g)``; where the sign has changed, the element stays, and its h is 0. This is PyTorch's arithmetic.
    It is meant for gradients of the whole data, whose signs are not noise.

    Parameters
    ----------
    params, maximize
        As for every `Optimizer`.
    lr
        The length of the first step.
    etas
        The factors of the length, below and above 1.
    step_sizes
        The least and the greatest length.

    References
    ----------
    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", 1993.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr")
        etas, sizes = group["etas"], group["step_sizes"]
        if len(etas) != 2 or not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"etas should be a number between 0 and 1, and one above 1, not {etas}")
        if len(sizes) != 2 or not 0 <= sizes[0] <= sizes[1]:
            raise ValueError(f"step_sizes should be two numbers from 0 on, the lesser first, not {sizes}")

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"prev": 1.0, "step_size": 1.0}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        number = flat.data.dtype.type
        (shorter, longer), (least, most) = (map(number, group[name]) for name in ("etas", "step_sizes"))
        for p, g, s, t, last, length in flat.chunks(run, self.scales(group)):
            if run.step == 1:
                length.fill(group["lr"])
            np.multiply(g, last, s)
            if group["maximize"]:
                np.negative(s, s)
            np.multiply(length, longer, length, where=s > 0)
            np.multiply(length, shorter, length, where=s < 0)
            np.clip(length, least, most, out=length)
            np.copyto(last, np.negative(g, t) if group["maximize"] else g)
            np.copyto(last, 0, where=s < 0)
            np.subtract(p, np.multiply(np.sign(last, s), length, s), p)


class Lion(Optimizer, example=("lr=0.5", " 0.5, -1.5")):
    """Steps of one length for all elements, along the sign of a running mean of gradients.

    A step is ``p -= lr * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * p)``, and then
    ``m = beta2 * m + (1 - beta2) * g``. The rate is usually three to ten times less than that of `AdamW`, and the
    weight decay as many times more.

    Parameters
    ----------
    params, lr, maximize
        As for every `Optimizer`.
    betas
        How much of m is in the direction, and how much of it is kept.
    weight_decay
        This multiple of the parameter, times lr, is subtracted from it in each step.

    References
    ----------
    Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023. PyTorch does not have it.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_betas(group)

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 1.0}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        number, lr, (beta1, beta2) = flat.data.dtype.type, group["lr"], group["betas"]
        keep1, new1, keep2, new2 = map(number, (beta1, 1 - beta1, beta2, 1 - beta2))
        rate, shrink = number(-lr), number(1 - lr * group["weight_decay"])
        for p, g, s, t, m in flat.chunks(run, self.scales(group)):
            clear_subnormal(run.step, m, s)
            if group["maximize"]:
                g = np.negative(g, t)
            np.add(np.multiply(m, keep1, s), g * new1, s)
            np.multiply(p, shrink, p)
            np.add(p, np.multiply(np.sign(s, s), rate, s), p)
            np.add(np.multiply(m, keep2, m), np.multiply(g, new2, s), m)
