"""Muon: steps along the orthogonal matrix that is nearest to the momentum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import ShapeError

from ._flat_parameters import Array, FlatParameters, Run
from ._optimizer import Optimizer, Parameters, check_fraction, check_not_negative, options_from

_ADJUSTMENTS = (None, "original", "match_rms_adamw")


class Muon(Optimizer):
    """Momentum made orthogonal: steps of about the same length in all directions of a weight matrix.

    With ``b = momentum * b + (1 - momentum) * g``, and ``d = momentum * b + (1 - momentum) * g`` of that b, or b itself
    without `nesterov`, a step is ``p -= lr * weight_decay * p`` and then ``p -= lr * k * N(d)``. N takes `ns_steps`
    steps ``X = a * X + (b * X @ X.T + c * (X @ X.T) @ (X @ X.T)) @ X`` from ``X = d / norm(d)``: each singular value
    of d comes close to 1, and the singular vectors stay. k is ``sqrt(max(1, rows / columns))``.

    This is PyTorch's arithmetic in the dtype of the parameter; PyTorch rounds X to bfloat16.

    Parameters
    ----------
    params
        Matrices, or dicts of them with options of their own: see `Optimizer`. Biases, embeddings and the like need
        another optimizer.
    lr
        The learning rate.
    weight_decay
        ``lr * weight_decay`` of the parameter is taken away in each step.
    momentum
        The decay rate of the running mean of gradients.
    nesterov
        Whether to look ahead by one step of momentum.
    ns_coefficients
        a, b and c.
    eps
        The least norm that a matrix is divided by.
    ns_steps
        How many steps N takes, below 100.
    adjust_lr_fn
        "original" for k as above, or "match_rms_adamw" for ``0.2 * sqrt(max(rows, columns))``, with which the rate and
        the decay of `AdamW` can be kept.

    Raises
    ------
    ShapeError
        If a parameter is not a matrix.

    References
    ----------
    Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is Scalable for
    LLM Training", 2025, for "match_rms_adamw".

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
    >>> matrices = [p for p in model.parameters() if p.ndim == 2]
    >>> optimizer = nn.optim.Muon(matrices, lr=0.02)
    >>> others = nn.optim.AdamW([p for p in model.parameters() if p.ndim != 2])
    >>> model(np.ones((2, 4), np.float32)).sum().backward()
    >>> optimizer.step()
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        super().__init__(params, options_from(locals()))

    def check(self, group: dict[str, Any]) -> None:
        """Raise if an option of a group is out of range, or a parameter is not a matrix."""
        check_not_negative(group, "lr", "weight_decay", "eps")
        check_fraction(group, "momentum")
        if group["adjust_lr_fn"] not in _ADJUSTMENTS:
            raise ValueError(f"adjust_lr_fn should be one of {list(_ADJUSTMENTS)}, not {group['adjust_lr_fn']!r}")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError(f"ns_coefficients should be three numbers, not {group['ns_coefficients']}")
        if not 0 <= group["ns_steps"] < 100:
            raise ValueError(f"ns_steps should be from 0 to 99, not {group['ns_steps']}")
        for i, parameter in enumerate(group["params"]):
            if parameter.ndim != 2:
                raise ShapeError(
                    f"Muon updates matrices, but parameter {i} of the group has shape {parameter.shape}: give those "
                    f"that are no matrices to another optimizer, such as AdamW"
                )

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        return {"momentum_buffer": 1.0}

    def update(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> None:
        lr, momentum = group["lr"], flat.data.dtype.type(group["momentum"])
        for p, g, b in flat.matrices(run, self.scales(group)):
            b += (1 - momentum) * (g - b)
            if not p.size:
                continue
            direction = orthogonal(g + momentum * (b - g) if group["nesterov"] else b, group)
            p *= 1 - lr * group["weight_decay"]
            p -= lr * _adjustment(group["adjust_lr_fn"], *p.shape) * direction


def _adjustment(name: str | None, rows: int, columns: int) -> float:
    """Return the factor of the rate for a matrix of a shape."""
    return 0.2 * math.sqrt(max(rows, columns)) if name == "match_rms_adamw" else math.sqrt(max(1, rows / columns))


def orthogonal(matrix: Array, group: dict[str, Any]) -> Array:
    """Return the matrix with its singular values moved towards 1, by Newton-Schulz iteration.

    Singular values between 0 and 1 go through an odd polynomial again and again, and that takes no decomposition:
    an odd polynomial of a matrix has the same singular vectors. The default coefficients are chosen to lift small
    ones fast; they end between 0.7 and 1.2, not at 1.
    """
    a, b, c = group["ns_coefficients"]
    x: Array = matrix / max(float(np.linalg.norm(matrix)), group["eps"])
    wide = matrix.shape[0] <= matrix.shape[1]
    x = x if wide else x.T
    for _ in range(group["ns_steps"]):
        gram = x @ x.T  # of the shorter side
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x if wide else x.T
