"""Adam, and AdamW, its variant with decoupled weight decay."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ._flat_parameters import FlatParameters, Run
from ._moments import MomentOptimizer
from ._optimizer import Parameters, check_fused, options_from

# Elements that were updated when loops would have saved as long as LLVM takes to load, 30 ms, and to compile one: a
# loop saves 0.75 ns an element, and nothing where there are few.
PATIENT, LEAST = 40_000_000, 4096


@cache
def _has_llvm() -> bool:
    from autograd.extend import load_llvm  # with what it needs, which few programs do

    try:
        load_llvm("fused=None")
    except ImportError:  # it is not installed, or not for this Python
        return False
    return True


class Adam(MomentOptimizer, example=("lr=0.5", " 0.5, -1.5")):
    """Adam: steps of about the learning rate, along the running mean of gradients divided by that of their size.

    With ``m = beta1 * m + (1 - beta1) * g`` and ``v = beta2 * v + (1 - beta2) * g * g``, step t is
    ``p -= lr * (m / (1 - beta1**t)) / (sqrt(v) / sqrt(1 - beta2**t) + eps)``. This is PyTorch's arithmetic.

    Parameters
    ----------
    params, lr, eps, weight_decay, maximize, decoupled_weight_decay
        As for every `Optimizer`.
    betas
        The decay rates of the two running means.
    amsgrad
        Use the largest v so far.
    fused
        Update in one loop of machine code, to the same bits; float32 and float64 only, and without NumPy's warnings of
        an overflow. Needs ``pip install llvmlite``. None: where it is installed, once that many elements were updated,
        40 million, that the loop saves more time than it takes to make; False: never.

    References
    ----------
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015; Reddi et al., "On the Convergence of Adam
    and Beyond", ICLR 2018, for `amsgrad`.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        """Raise if an option of a group is out of range, or a fused update cannot be made."""
        super().check(group)
        check_fused(group)

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        """Return what each moment is divided by in memory, the largest v among them."""
        scales = super().scales(group)
        return {**scales, "max_exp_avg_sq": scales["exp_avg_sq"]} if group["amsgrad"] else scales

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        """Update the parameters of a run in place, in ten passes or in one."""
        number, lr = flat.data.dtype.type, group["lr"]
        beta1, beta2 = group["betas"]
        # m and v are kept divided by 1 - beta1 and 1 - beta2. These factors, and the one that divides sqrt(v), are
        # part of the rate and of eps.
        correction = math.sqrt((1 - beta2) / (1 - beta2**run.step))
        rate = number(-lr * (1 - beta1) / ((1 - beta1**run.step) * correction))
        eps = number(group["eps"] / correction)
        numbers = rate, eps, group["weight_decay"]
        if group.get("fused") or (group.get("fused") is None and self._fuses_by_itself(flat, run, *numbers)):
            from . import _fused  # with LLVM

            _fused.update(_fused.adam, group, flat, run, self.scales(group), (beta1, beta2, rate, eps))
            return
        for p, _, s, _, m, v, *largest in self.moments(group, flat, run):
            np.sqrt(np.maximum(largest[0], v, out=largest[0]) if largest else v, s)
            np.divide(m, np.add(s, eps, s), s)
            np.add(p, np.multiply(s, rate, s), p)

    def _fuses_by_itself(self, flat: FlatParameters, run: Run, *numbers: Any) -> bool:
        """Tell whether an update is one loop where nobody said so: it has come to pay, and nobody can tell.

        Its bits are the same. Only what NumPy does where a number overflows is not, and what a subclass computes.
        """
        if flat.updated < PATIENT:
            flat.updated += run.stop - run.start
            return False
        alike = type(self) in (Adam, AdamW) and {"ignore", "warn"}.issuperset(np.geterr().values())
        alike = alike and not any(map(np.ndim, numbers))  # which may be one for each element: arrays, for passes
        return alike and run.stop - run.start >= LEAST and flat.data.dtype.char in "fd" and _has_llvm()


class AdamW(Adam):
    """Adam with decoupled weight decay: each step first takes ``lr * weight_decay`` of the parameter away.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, amsgrad, maximize, fused
        As for `Adam`, except that the decay does not pass through the running means.

    References
    ----------
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.

    Examples
    --------
    >>> import nn
    >>> w = nn.Parameter([1.0])
    >>> optimizer = nn.optim.AdamW([w], lr=0.5, weight_decay=0.1)
    >>> w.grad = [0.0]
    >>> optimizer.step()
    >>> w
    Parameter([0.95], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, **options_from(locals()), decoupled_weight_decay=True)

    def check(self, group: dict[str, Any]) -> None:
        """Raise if an option of a group is out of range, or makes it an `Adam`."""
        super().check(group)
        if not group["decoupled_weight_decay"]:
            raise ValueError(
                "AdamW keeps its weight decay apart from the gradient, but the options have "
                "decoupled_weight_decay=False, as those of Adam have: use Adam for them"
            )
