"""How the suite calls an operation: which arrays are differentiated, and what stands beside them."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Live:
    """An argument to differentiate with respect to."""

    array: Array


@dataclass(frozen=True)
class Call:
    """The arguments of one call; `Live` ones may also stand in a list or a tuple."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    view: Function = lambda result: result

    @property
    def inputs(self) -> list[Array]:
        return [live.array for live in _lives(self.args)]

    def on(self, function: Function, inputs: Sequence[Any]) -> Any:
        """Return what `function` returns with `inputs` in the places of the live arguments."""
        rest = iter(inputs)
        return self.view(function(*_filled(self.args, rest), **self.kwargs))

    def bind(self, function: Function) -> Function:
        """Return the function of the live arguments alone."""
        return lambda *inputs: self.on(function, inputs)

    def afresh(self, function: Function) -> Function:
        """Return the same function, with new memory in each call for what the operation leaves in its arguments."""
        if not any(type(value).__module__.startswith("nn.") for value in self.args):
            return self.bind(function)
        return lambda *inputs: replace(self, args=deepcopy(self.args)).on(function, inputs)


def call(*args: Any, **kwargs: Any) -> Call:
    return Call(args, kwargs)


def _lives(value: Any) -> list[Live]:
    if isinstance(value, Live):
        return [value]
    return [live for item in value for live in _lives(item)] if type(value) in (list, tuple) else []


def _filled(value: Any, rest: Any) -> Any:
    if isinstance(value, Live):
        return next(rest)
    return type(value)(_filled(item, rest) for item in value) if type(value) in (list, tuple) else value


@dataclass(frozen=True)
class Samples:
    """Where one operation is tested.

    Attributes
    ----------
    calls
        Calls at which it can be differentiated twice.
    analytic
        Whether NumPy computes it with complex numbers too, so that a complex step gives its derivative to the last
        digits.
    view
        What of the result is determined by the inputs, where that is not all of it: eigenvectors, for example, are
        free in their signs, but the matrix that is built of them anew is not.
    exact
        Whether its values on tensors are those of NumPy to the last bit; else to within rounding.
    """

    calls: st.SearchStrategy[Call]
    analytic: bool = False
    exact: bool = True
    view: Function | None = None

    def __post_init__(self) -> None:
        view = self.view
        if view is not None:
            object.__setattr__(self, "calls", self.calls.map(lambda call: replace(call, view=view)))
