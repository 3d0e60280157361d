"""Every layer, loss and function of `nn` under `vmap`: its values and gradients are those of a loop over the batch."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import nn
from autograd import grad, vmap
from autograd.extend import borrow
from autograd.transforms.pytree import flatten

from ..good_calls import fresh
from .dtype_calls import Call, functions, layers

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

SIZE = 3
FUNCTIONS = {call.name: call for call in functions()}
LAYERS = {call.name: call for call in layers()}
TRAINED = [name for name, call in LAYERS.items() if list(call.make().parameters())]

# What moves statistics that elements of a batch share, or has another shape for each.
REFUSED = {"batch_norm", "one_hot", "BatchNorm1d", "BatchNorm2d"}


def double(x: Any) -> Any:
    """Return a copy of an argument, an array of floats in double precision."""
    x = fresh(x)
    x = x.data if isinstance(x, nn.Parameter) else x
    return x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def batch(x: Array) -> Array:
    """Return `SIZE` arrays like `x`, of values that are as valid."""
    if x.dtype.kind != "f":
        return np.stack([np.roll(x, i, 0) if x.ndim else x for i in range(SIZE)])
    if np.isin(x, (1, -1)).all():
        return np.stack([x, -x, np.roll(x, 1, 0)])
    return np.stack([x, x * (1 + 0.02 * np.cos(np.arange(x.size)).reshape(x.shape)), np.roll(x, 1, -1) * 1.01])


def arrays(result: Any) -> list[Array]:
    return [np.asarray(borrow(y)) for y in flatten(result)[0] if y is not None]


def weighted(function: Function) -> Function:
    """Return the sum of all results of a function, each of its elements with another weight."""

    def total(*args: Any) -> Any:
        results = [y for y in flatten(function(*args))[0] if y is not None and y.dtype.kind == "f"]
        return sum((y * np.cos(np.arange(y.size)).reshape(y.shape)).sum() for y in results)

    return total


def check(function: Function, args: list[Any], places: list[int], constant: Sequence[int] = ()) -> None:
    """Compare a function and its gradient under `vmap`, with the arguments at some places batched, with the loop."""
    given = [batch(arg) if i in places else arg for i, arg in enumerate(args)]
    axes = tuple([0 if i in places else None for i in range(len(args))])
    floats = tuple([i for i in places if args[i].dtype.kind == "f" and i not in constant])
    for each in [function, *([grad(weighted(function), argnums=floats)] if floats else [])]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "vmap: .* is computed in a loop", RuntimeWarning)
            found = arrays(vmap(each, in_axes=axes, randomness="same")(*given))
        elements = [[x[i] if axis == 0 else x for x, axis in zip(given, axes, strict=True)] for i in range(SIZE)]
        expected = [arrays(each(*element)) for element in elements]
        for of_batch, of_elements in zip(found, zip(*expected, strict=True), strict=True):
            joined = np.stack(of_elements)
            assert of_batch.dtype == joined.dtype
            np.testing.assert_allclose(of_batch, joined, rtol=1e-10, atol=1e-10 * max(1, np.abs(joined).max(initial=0)))


def seeded(function: Function, options: dict[str, Any]) -> Function:
    def call(*args: Any) -> Any:
        nn.manual_seed(0)
        return function(*args, **options)

    return call


def places_of(args: list[Any]) -> list[int]:
    return [i for i, arg in enumerate(args) if isinstance(arg, np.ndarray)]


def made(call: Call) -> Any:
    return call.make().to(np.float64)


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - REFUSED))
@pytest.mark.parametrize("alone", [False, True])
def test_functions_are_those_of_a_loop(name: str, alone: bool) -> None:
    call = FUNCTIONS[name]
    args = list(map(double, call.args))
    places = places_of(args)
    check(seeded(call.make(), call.options), args, places[:1] if alone else places)


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - REFUSED))
def test_layers_are_those_of_a_loop(name: str) -> None:
    call = LAYERS[name]
    args = list(map(double, call.args))
    check(seeded(made(call), call.options), args, places_of(args))


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("shared", [False, True])
def test_layers_with_parameters_of_their_own_are_those_of_a_loop(name: str, shared: bool) -> None:
    """With inputs that the elements of the batch share, as in an ensemble, or with inputs of their own."""
    call = LAYERS[name]
    module = made(call)
    state = nn.stack_parameters([module])
    names = [each for each, array in state.items() if array.dtype.kind == "f"]
    args = list(map(double, call.args))

    def of_state(*args: Any) -> Any:
        state = dict(zip(names, args[: len(names)], strict=True))
        state |= {name: state[name].copy() for name, _ in module.named_buffers() if name in state}
        return nn.functional_call(module, state, args[len(names) :], call.options)

    places = [*range(len(names)), *([] if shared else [len(names) + i for i in places_of(args)])]
    buffers = [i for i, each in enumerate(names) if each in dict(module.named_buffers())]
    check(seeded(of_state, {}), [*(state[each][0] for each in names), *args], places, buffers)
