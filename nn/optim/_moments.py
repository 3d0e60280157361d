"""Moments: the running means of gradients and of their squares, which Adam and its variants share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._flat_parameters import Array, FlatParameters, Run
from ._optimizer import Optimizer, check_betas, clear_subnormal, decay_and_add, with_weight_decay


class MomentOptimizer(Optimizer):
    """An optimizer with the options ``betas`` and ``eps``, which keeps m and v: the means of g and of g * g."""

    def check(self, group: dict[str, Any]) -> None:
        """Raise if an option of a group is out of its range."""
        check_betas(group)

    def scales(self, group: dict[str, Any]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {"exp_avg": 1 - beta1, "exp_avg_sq": 1 - beta2}

    def moments(self, group: dict[str, Any], flat: FlatParameters, run: Run) -> Iterator[tuple[Array, ...]]:
        """Yield chunks of parameters, gradients, two scratch arrays, m, v, and further moments.

        The gradients are those to descend along; m and v, which stay divided by 1 - beta, include them already. With
        weight decay, the gradients may be in the second scratch array.
        """
        keep1, keep2 = map(flat.data.dtype.type, group["betas"])
        for p, g, s, t, m, v, *others in flat.chunks(run, self.scales(group)):
            g = with_weight_decay(group, p, g, t)
            clear_subnormal(run.step, m, s)
            decay_and_add(m, keep1, g)
            decay_and_add(v, keep2, np.multiply(g, g, s))
            yield p, g, s, t, m, v, *others
