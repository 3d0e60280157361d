"""Adafactor: Adam's steps, with the mean of squares of a matrix kept as a row and a column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._arguments import is_number
from ._flat_parameters import Array, FlatParameters, Run
from ._optimizer import Optimizer, Parameters, check_not_negative, options_from


class Adafactor(Optimizer):
    """Steps relative to the size of a parameter, with a state that is almost nothing for matrices.

    At step t, the running mean v of g * g takes ``t ** beta2_decay`` of the new one. Of a matrix, it is kept as the
    means r of its rows and c of its columns, and is ``r * c / max(mean(r), eps[0])``; of an array of more dimensions,
    that is so for the matrices of the last two. With ``u = g / sqrt(max(v, eps[0] ** 2))`` and the root mean square
    ``rms``, a step is ``p -= lr * weight_decay * p`` and then
    ``p -= min(lr, 1 / sqrt(t)) * max(eps[1], rms(p)) * u / max(1, rms(u) / d)``, where rms(p) is that before the decay.
    This is PyTorch's arithmetic.

    Parameters
    ----------
    params, maximize
        As for every `Optimizer`.
    lr
        The step relative to the parameter.
    beta2_decay
        The power of t with which the running mean gets longer, 0 or less.
    eps
        The least root of v, where None is the resolution of the dtype; and the least size of a parameter.
    d
        From which root mean square on u is made smaller.
    weight_decay
        This multiple of the parameter, times lr, is subtracted from it in each step.

    References
    ----------
    Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", ICML 2018.

    Examples
    --------
    >>> import nn
    >>> w = nn.Parameter([[1.0, -1.0]])
    >>> optimizer = nn.optim.Adafactor([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    Parameter([[ 0.5, -0.5]], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr", "weight_decay")
        if not group["beta2_decay"] <= 0:
            raise ValueError(f"beta2_decay should be 0 or less, not {group['beta2_decay']}")
        _check_sizes(group["eps"])
        if not group["d"] >= 1:
            raise ValueError(f"d should be 1 or more, not {group['d']}")

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        """Return that no moment has the size of the parameters."""
        return {}

    @staticmethod
    def shapes(shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what is kept for a parameter of a shape."""
        if len(shape) < 2:
            return {"variance": shape}
        return {"row_var": (*shape[:-1], 1), "col_var": (*shape[:-2], 1, shape[-1])}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        lr, least = group["lr"], group["eps"][1]
        resolution = group["eps"][0] if group["eps"][0] is not None else float(np.finfo(flat.data.dtype).eps)
        fresh = run.step ** group["beta2_decay"]
        for i, (p, g) in zip(flat.members(run), flat.matrices(run, {}), strict=True):
            if not p.size:
                continue
            rate = max(least, _rms(p)) * min(lr, 1 / math.sqrt(run.step))
            p *= 1 - lr * group["weight_decay"]
            direction = g / np.sqrt(np.maximum(_mean_square(flat.others[i], g, fresh, resolution), resolution**2))
            rate /= max(1.0, _rms(direction) / group["d"])
            p -= (-rate if group["maximize"] else rate) * direction


def _check_sizes(eps: Any) -> None:
    """Raise if `eps` is not a number or None, and a number."""
    pair = list(eps) if isinstance(eps, tuple | list) else []
    if len(pair) != 2 or not all(is_number(one) and one >= 0 for one in pair[pair[0] is None :]):
        raise ValueError(f"eps should be a number from 0 on, or None, and another number, not {eps}")


def _rms(array: Array) -> float:
    return float(np.linalg.norm(array)) / math.sqrt(array.size)


def _mean_square(kept: dict[str, Array], g: Array, fresh: float, resolution: float) -> Array:
    """Update the running means, and return that of the squares of all elements."""
    square = g * g
    for name, mean in kept.items():
        new = square if name == "variance" else square.mean(axis=-1 if name == "row_var" else -2, keepdims=True)
        mean += fresh * (new - mean)
    if "variance" in kept:
        return kept["variance"]
    rows = kept["row_var"]
    estimate: Array = rows * kept["col_var"] / np.maximum(rows.mean(axis=-2, keepdims=True), resolution)
    return estimate
