"""L-BFGS: quasi-Newton steps, with the curvature that recent steps have shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from autograd import enable_grad
from autograd.extend import borrow, done_outside, mark_written

from ._flat_parameters import Array, check_writable
from ._line_search import Point, strong_wolfe
from ._optimizer import Optimizer, Parameters, check_not_negative, options_from

_AFTER_A_STEP = ("t", "H_diag", "prev_loss", "prev_flat_grad", "n_iter", "old_dirs", "old_stps", "ro")


class _Pair(NamedTuple):
    """A step of the past: how the gradient changed, the step itself, and 1 over their product."""

    change: Array
    step: Array
    inverse: float


class LBFGS(Optimizer):
    """Limited-memory BFGS: a quasi-Newton method for functions without noise, for all parameters together.

    Each call of `step` makes up to `max_iter` iterations ``p += t * d``, where ``d = -H @ g``. H is the inverse of the
    Hessian as the last `history_size` steps have shown it, and t is `lr` or found by a line search. It needs a closure,
    which it calls several times. There can be only one group of parameters.

    This is PyTorch's arithmetic, except that the line search recovers from a loss that is nan, and does not stop near
    a point where the loss has hardly decreased.

    Parameters
    ----------
    params
        The parameters.
    lr
        The length of each step, or the first that the line search tries.
    max_iter
        How many iterations a step makes at most.
    max_eval
        How many times it calls the closure at most; 1.25 times `max_iter` by default.
    tolerance_grad
        A step ends when no element of the gradient is larger.
    tolerance_change
        A step ends when no element of the parameters, or the loss, changes by more.
    history_size
        How many steps H is computed from.
    line_search_fn
        None, or "strong_wolfe".

    References
    ----------
    Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithm 7.4.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> w = nn.Parameter([-1.0, 2.0])
    >>> optimizer = nn.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> w.data.round(2)
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        self._memory: dict[str, Any] = {}
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        super().__init__(params, options_from(locals()))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the parameters, which are all in one group."""
        if self.param_groups:
            raise ValueError("LBFGS takes all parameters together: it can have one group only")
        super().add_param_group(param_group)

    def check(self, group: dict[str, Any]) -> None:
        check_not_negative(group, "lr", "tolerance_grad", "tolerance_change")
        for name in ("max_iter", "max_eval", "history_size"):
            if group[name] < 1:
                raise ValueError(f"{name} should be 1 or more, not {group[name]}")
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(f"line_search_fn should be None or 'strong_wolfe', not {group['line_search_fn']!r}")

    @done_outside
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make iterations until one of the tolerances or limits is reached.

        Parameters
        ----------
        closure
            Zeroes the gradients, recomputes the loss and its gradients, and returns the loss.

        Returns
        -------
        The loss before the step, as `closure` returned it.
        """
        if closure is None:
            raise TypeError(
                "LBFGS.step needs a closure that computes the loss and its gradients: optimizer.step(closure)"
            )
        self.stepped = True
        group, memory = self.param_groups[0], self._memory
        result = _computed(closure)
        loss, gradient = float(result), self._gradient()
        memory["func_evals"] = memory.get("func_evals", 0) + 1
        if _largest(gradient) <= group["tolerance_grad"]:
            return result
        calls = 1
        for iteration in range(1, group["max_iter"] + 1):
            before, direction = loss, self._direction(gradient)
            slope = float(gradient @ direction)
            first = memory["n_iter"] == 1
            length = group["lr"] * (min(1.0, 1 / float(np.abs(gradient).sum())) if first else 1.0)
            memory.update(d=direction, t=length, prev_flat_grad=gradient, prev_loss=loss)
            if slope > -group["tolerance_change"]:
                break
            start, values = Point(0.0, loss, slope, gradient), self._values()
            evaluate = partial(self._evaluate, closure, values, direction)
            if group["line_search_fn"]:
                found, count = strong_wolfe(evaluate, start, length, _largest(direction), group["max_eval"] - calls)
                self._move(values, found.at * direction)
            elif iteration < group["max_iter"]:
                found, count = evaluate(length), 1
            else:  # the loss of the last iteration is not needed
                self._move(values, length * direction)
                found, count = start._replace(at=length), 0
            loss, gradient, memory["t"] = found.loss, found.gradient, found.at
            calls += count
            memory["func_evals"] += count
            if (
                calls >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(direction) * found.at <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return result

    def _direction(self, gradient: Array) -> Array:
        """Take in the last step, and return minus the product of the inverse Hessian and the gradient."""
        memory = self._memory
        memory["n_iter"] = memory.get("n_iter", 0) + 1
        pairs = memory.setdefault("pairs", deque(maxlen=self.param_groups[0]["history_size"]))
        if memory["n_iter"] == 1:
            memory["H_diag"] = 1.0
            return -gradient
        change, step = gradient - memory["prev_flat_grad"], memory["d"] * memory["t"]
        product = float(change @ step)
        if product > 1e-10:  # otherwise the function is not convex there
            pairs.append(_Pair(change, step, 1 / product))
            memory["H_diag"] = product / float(change @ change)
        direction, weights = -gradient, []
        for pair in reversed(pairs):
            weights.append(pair.inverse * float(pair.step @ direction))
            direction -= weights[-1] * pair.change
        direction *= memory["H_diag"]
        for pair in pairs:
            direction += (weights.pop() - pair.inverse * float(pair.change @ direction)) * pair.step
        return direction

    def _evaluate(self, closure: Callable[[], Any], values: Array, direction: Array, at: float) -> Point:
        """Move the parameters along a direction, and return the loss there."""
        self._move(values, at * direction)
        loss, gradient = float(_computed(closure)), self._gradient()
        return Point(at, loss, float(gradient @ direction), gradient)

    def _values(self) -> Array:
        return np.concatenate([borrow(parameter).ravel() for parameter in self.param_groups[0]["params"]])

    def _gradient(self) -> Array:
        """Return all gradients as one vector, in float32 at least; zeros for parameters that have none.

        In half precision the product of two of their changes would often be 0, by which it is divided.
        """
        gradients = [
            np.zeros(parameter.size, parameter.dtype) if parameter.grad is None else borrow(parameter.grad).ravel()
            for parameter in self.param_groups[0]["params"]
        ]
        dtype = np.result_type(np.float32, *gradients)
        return np.concatenate(gradients, dtype=dtype, casting="safe")

    def _move(self, values: Array, step: Array) -> None:
        """Set the parameters to values plus their parts of a step; parameters that share memory take all parts."""
        parts = self._parts()
        for memory, part in parts:
            memory[...] = values[part].reshape(memory.shape)
        for memory, part in parts:
            memory += step[part].reshape(memory.shape)
        mark_written(*(memory for memory, _ in parts))

    def _parts(self) -> list[tuple[Array, slice]]:
        """Return the memory of each parameter, and where its elements are among those of all."""
        parts, start = [], 0
        for i, parameter in enumerate(self.param_groups[0]["params"]):
            memory = borrow(parameter)
            check_writable(i, memory)
            parts.append((memory, slice(start, start + memory.size)))
            start += memory.size
        return parts

    # Its state, which PyTorch keeps with the first parameter

    def _states(self) -> dict[int, dict[str, Any]]:
        if not self._memory:
            return {}
        state = {name: value for name, value in self._memory.items() if name != "pairs"}
        pairs = self._memory.get("pairs", ())
        state |= {
            "old_dirs": [pair.change.copy() for pair in pairs],
            "old_stps": [pair.step.copy() for pair in pairs],
            "ro": [pair.inverse for pair in pairs],
        }
        return {0: {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}}

    def _check_states(self, groups: list[dict[str, Any]], states: list[dict[str, Any]]) -> None:
        self._memory_of(states[0])

    def _load_states(self, states: list[dict[str, Any]]) -> None:
        self._memory = memory = self._memory_of(states[0])
        if memory:
            memory["pairs"] = deque(memory.get("pairs", ()), maxlen=self.param_groups[0]["history_size"])

    def _memory_of(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the memory that a state holds, if it fits."""
        size = sum(parameter.size for parameter in self.param_groups[0]["params"])
        memory: dict[str, Any] = {name: int(state[name]) for name in ("func_evals", "n_iter") if name in state}
        if "d" in state:
            missing = [name for name in _AFTER_A_STEP if name not in state]
            if missing:
                raise ValueError(f"the state of LBFGS has no {' and no '.join(missing)}")
            memory |= {name: float(state[name]) for name in ("t", "H_diag", "prev_loss")}
            memory |= {name: _vector(name, state[name], size) for name in ("d", "prev_flat_grad")}
            changes, steps = ([_vector(name, one, size) for one in state[name]] for name in ("old_dirs", "old_stps"))
            memory["pairs"] = list(map(_Pair, changes, steps, map(float, state["ro"])))
        return memory


def _computed(closure: Callable[[], Any]) -> Any:
    with enable_grad():
        loss = closure()
    if loss is None:
        raise TypeError("the closure of LBFGS.step returned None: is a return missing? It returns the loss")
    return loss


def _largest(vector: Array) -> float:
    return float(np.abs(vector).max(initial=0))


def _vector(name: str, value: Any, size: int) -> Array:
    """Return a copy of a vector that is kept, if it is as long as all parameters together."""
    array = np.array(value)
    if array.shape != (size,):
        raise ValueError(f"{name} has shape {array.shape}, but there are {size} elements: it is of another model")
    return array
