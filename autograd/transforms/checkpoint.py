"""Gradient checkpointing: the backward pass computes a part of the graph again, which so need not be kept."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from copy import deepcopy
from pickle import dumps
from types import FunctionType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from ..arrays.door import Array, levels, recorder, running
from ..errors import DtypeError, GraphError, check_callable, described
from ..graph.grad_mode import enable_grad, evaluated_as_at, moment
from ..graph.mutation import changed, root, snapshot, weighted_sums, written_since
from ..graph.node import Leaf, Node, ancestors, counter
from ..graph.saved_tensors import saved_tensors_hooks
from ..source.source_info import defined
from ..tensors.tensor import Tensor, as_now
from .conventions import follows_hips
from .pytree import flatten

if TYPE_CHECKING:
    from numpy.random import Generator  # which NumPy loads when it is first used, and so do we

P = ParamSpec("P")
R = TypeVar("R")
Drawn = Callable[[], "Generator"]
RandomStates = list[tuple[Drawn | None, Any]]  # None stands for NumPy's global generator

_generators: dict[Drawn, ContextVar[Drawn | None] | None] = {}


def restore_in_checkpoints(generator: Drawn, own: ContextVar[Drawn | None] | None = None) -> None:
    """Make `checkpoint` draw the same random numbers again from a generator that is not among its arguments.

    Parameters
    ----------
    generator
        A function that returns the generator in use, a `numpy.random.Generator`.
    own
        A context variable with a function that returns what one thread draws from instead. With it the generator stays
        as it is while a call is repeated: another thread may draw from it.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import restore_in_checkpoints
    >>> noise = np.random.default_rng(0)
    >>> restore_in_checkpoints(lambda noise=noise: noise)  # which keeps it, whatever becomes of the name
    """
    check_callable("generator", generator)
    if not isinstance(own, ContextVar | None):
        raise TypeError(f"restore_in_checkpoints(): own should be a context variable, not {described(own)}")
    _generators[generator] = own


def random_states(*others: Generator) -> RandomStates:
    """Return the states of the generators that packages draw from, of others, and of NumPy's global one."""
    in_use: list[Drawn] = [*_generators, *[functools.partial(_itself, generator) for generator in others]]
    for generator in (each() for each in in_use):
        if not isinstance(generator, np.random.Generator):
            raise TypeError(
                f"restore_in_checkpoints() takes functions that return a Generator, not {described(generator)}"
            )
    return [(each, _state(each)) for each in (*in_use, None)]


def _state(of: Drawn | None) -> Any:
    return np.random.get_state() if of is None else of().bit_generator.state


def _itself(generator: Generator) -> Generator:
    return generator


def drawn_since(states: RandomStates) -> RandomStates:
    """Return those of such states that are others by now."""
    return [(each, state) for each, state in states if dumps(_state(each)) != dumps(state)]


def set_random_states(states: RandomStates) -> None:
    """Set the generators to states that `random_states` returned."""
    for each, state in states:
        if each is None:
            np.random.set_state(state)
        else:
            each().bit_generator.state = state


@contextmanager
def drawing_from(states: RandomStates) -> Iterator[None]:
    """Set the generators to such states, and in the end back to those that they had, as far as threads share them."""
    with ExitStack() as stack:
        shared: RandomStates = []
        for each, _ in states:
            if each is not None and (own := _generators.get(each)) is not None:
                stack.callback(own.reset, own.set(functools.partial(_itself, deepcopy(each()))))
            else:
                shared.append((each, _state(each)))
        stack.callback(set_random_states, shared)
        set_random_states(states)
        yield


def checkpoint(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return ``function(*args, **kwargs)``, and keep only the arguments for the backward pass.

    `backward` calls the function a second time to compute what its derivatives need. This trades time for memory: a
    deep model that is checkpointed in parts takes a second forward pass, and the memory of its largest part. Calls may
    nest. The second call has to repeat the first: random generators among the arguments, that of `nn`, NumPy's global
    one and those given to `restore_in_checkpoints` start again from the state that they had in the first call, and get
    their own state back afterwards.

    Parameters
    ----------
    function
        Computes with tensors: its arguments, and others such as parameters.
    *args, **kwargs
        Its arguments; without them the result takes them, as in JAX: ``checkpoint(f)(x)``. Arrays and leaves among them
        must not be written to before the backward pass.

    Raises
    ------
    GraphError
        In the backward pass, if the second call did not repeat the first: the number of saved arrays, their shapes
        and the sums of their elements are compared, and leaves and arguments are checked for writes.

    References
    ----------
    Griewank and Walther, "Algorithm 799: revolve", ACM TOMS 26 (2000); Chen et al., "Training Deep Nets with Sublinear
    Memory Cost", arXiv:1604.06174.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import checkpoint, tensor
    >>> x = tensor([0.5, 1.0], requires_grad=True)
    >>> y = checkpoint(lambda x: np.exp(np.sin(x)), x).sum()
    >>> y.backward()
    >>> x.grad.data.round(4)
    array([1.4174, 1.2534])
    """
    check_callable("function", function)
    needs = isinstance(function, FunctionType) and function.__code__.co_argcount > len(function.__defaults__ or ())
    if not args and not kwargs and (needs or follows_hips()):  # as HIPS autograd and JAX call it
        return functools.wraps(function)(functools.partial(checkpoint, function))  # type: ignore[return-value]
    if recorder.get() is not None:  # by `compile`, whose programs share what is computed twice
        result = function(*args, **kwargs)
    else:
        region = _Region(function, args, kwargs)
        with saved_tensors_hooks(region.pack, region.unpack):
            result = function(*args, **kwargs)
        region.finish()
    if result is None or isinstance(result, str):
        raise DtypeError(
            f"{defined(function)} returned {described(result)} to checkpoint(), not arrays: is a return missing?"
        )
    return result


class _Region:
    """One checkpointed call: which arrays it saved, by number, and how to compute them again."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._begun = next(counter)
        self._moment = min(self._begun, moment())
        self._function = function
        # Copies of the tensors: a recorded write gives the caller's tensors new memory, and leaves these as they were.
        self._args, self._kwargs = arguments_now(args), arguments_now(kwargs)
        self._guards = [(array, snapshot(array)) for array in _of_others((args, kwargs))]
        self._name = getattr(function, "__name__", type(function).__name__)
        given = [value for value in (*args, *kwargs.values()) if isinstance(value, np.random.Generator)]
        self._random = random_states(*given)
        self._levels = levels()  # what is drawn within vmap depends on them
        self._forms: list[tuple[Any, Any]] = []
        self._sums: list[Any] = []
        # The saved arrays that are in memory, by number: all of them while the function runs, which may ask for
        # derivatives itself, and those still to be used once they were computed again.
        self._at_hand: dict[int, Array] = {}
        self._runs = True

    def pack(self, array: Array) -> int:
        """Return the number of a saved array, which is dropped when the function has returned."""
        number = len(self._forms)
        self._forms.append((array.shape, array.dtype))
        self._sums.append(_sums(array))
        self._at_hand[number] = array
        return number

    def finish(self) -> None:
        """Drop the saved arrays: the function has returned."""
        self._runs = False
        self._at_hand = {}
        self._random = drawn_since(self._random)

    def unpack(self, number: int) -> Array:
        """Return a saved array; compute all of them again if it is not in memory."""
        if self._runs:
            return self._at_hand[number]
        if number not in self._at_hand:
            self._at_hand = self._compute_again()
        return self._at_hand.pop(number)  # which frees it as soon as it has been used

    def _compute_again(self) -> dict[int, Array]:
        # Was it another thread that drew from NumPy's generator? Then it need not be put back.
        alone = "threading" not in sys.modules or sys.modules["threading"].active_count() == 1
        known = alone or not drawn_since(self._random)
        others = [(each, state) for each, state in self._random if each is not None or known]
        now = [(each, _state(each)) for each, _ in self._random[len(others) :]]
        kept, result = self._called_again(others)
        if now and not self._is_repeated(kept):
            set_random_states(now)
            kept, result = self._called_again(self._random)
        if [(array.shape, array.dtype) for array in kept] != self._forms:
            raise GraphError(
                f"checkpoint({self._name}, ...) did something else when it was computed again: it kept {len(kept)} "
                f"arrays where it first kept {len(self._forms)}, or other shapes. It should depend on its arguments "
                f"alone, and draw random numbers from generators that restore_in_checkpoints() knows"
            )
        written = any(changed(array, before) for array, before in self._guards)
        if written or written_since(self._begun, _leaves(result)) or not self._is_repeated(kept):
            raise GraphError(
                f"checkpoint({self._name}, ...) had other values when it was computed again: an argument, a parameter "
                f"or another thing that it computes with was written to in between, or drawn from by another thread. "
                f"Call backward() before that, and let each thread draw from a generator of its own"
            )
        return dict(enumerate(kept))

    def _is_repeated(self, kept: list[Array]) -> bool:
        """Tell whether what was kept has the same forms and sums as the first time."""
        same = [(array.shape, array.dtype) for array in kept] == self._forms
        return same and all(map(_same, self._sums, map(_sums, kept)))

    def _called_again(self, random: RandomStates) -> tuple[list[Array], Any]:
        """Call the function with generators in such states; return what it kept, and its result."""
        kept: list[Array] = []

        def noted(array: Array) -> Array:
            kept.append(array)
            return array

        around = running.get()
        try:
            running.set(self._levels)
            with (
                drawing_from(random),
                evaluated_as_at(self._moment),
                enable_grad(),
                saved_tensors_hooks(noted, lambda array: array),
            ):
                result = self._function(*arguments_now(self._args), **arguments_now(self._kwargs))
        finally:
            running.set(around)
        return kept, result


def arguments_now(value: Any) -> Any:
    """Return arguments with another tensor, of the same value and node, in place of each tensor, and with new lists."""
    kind = type(value)
    try:
        if kind is list or kind is tuple:
            return kind(map(arguments_now, value))
        if kind is dict:
            return {name: arguments_now(item) for name, item in value.items()}
    except RecursionError as error:
        raise ValueError(
            f"an argument has containers inside each other, deeper than Python's limit of {sys.getrecursionlimit()} "
            f"calls in calls: give arrays in flat containers"
        ) from error
    contents, rebuild = flatten(value)
    if not any(type(item) is Tensor for item in contents):
        return value
    return rebuild([as_now(item) if type(item) is Tensor else item for item in contents])


def _of_others(value: Any) -> Iterator[Array]:
    """Yield the arrays among arguments that the caller can write to: see `mutation`."""
    if isinstance(value, Tensor):
        if value._node is None or (type(value._node) is not Node and root(value._node).shared):
            yield value._array
    elif isinstance(value, np.ndarray):
        yield value
    else:
        for item in flatten(value)[0]:
            if item is not value:
                yield from _of_others(item)


def _leaves(result: Any) -> list[Array]:
    """Return the memory of the leaves that a result was computed from."""
    nodes = [y._node for y in flatten(result)[0] if isinstance(y, Tensor) and y._node is not None]
    owners = [node.owner() for node in ancestors(nodes) if type(node) is Leaf]
    return [tensor._array for tensor in owners if tensor is not None]


def _sums(array: Array) -> Any:
    """Return sums of the elements of an array, far fewer than the elements: see `weighted_sums`."""
    if array.dtype.kind not in "fc":
        array = array.astype(float) if array.dtype.kind in "biu" else np.zeros(0)
    sums, rest = weighted_sums(array)
    return np.append(sums, np.arange(1, rest.size + 1, dtype=rest.dtype) @ rest)


def _same(before: Any, now: Any) -> bool:
    """Tell whether sums agree, up to the rounding that depends on where in memory arrays start."""
    scale = float(np.nanmax(np.abs(before), initial=0))
    share = float(np.finfo(before.dtype).eps) ** 0.5
    return bool(np.allclose(before, now, rtol=share, atol=share * scale, equal_nan=True))
