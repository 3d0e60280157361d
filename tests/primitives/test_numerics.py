"""The numerical contract holds, entry by entry."""

import pkgutil
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn.functional
from autograd import linearize, vjp
from autograd.calculus import RULES
from autograd.tensors.dispatch import operations, writers

from ..contract import CONTRACTS, Contract, Edge
from ..lists import assert_listed

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs import reasons, surface

Array = np.ndarray[Any, Any]

EDGES = [edge for contract in CONTRACTS for edge in contract.edges]
DTYPES = [np.float64, np.float32]

every_edge = pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.call} at {edge.at}")


def function_of(edge: Edge) -> Callable[..., Any]:
    """Return the function that the expression of `edge` is."""
    names = {"np": np, "F": nn.functional, "ag": autograd}
    if "special" in edge.call:
        names["special"] = pytest.importorskip("scipy.special")
    function: Callable[..., Any] = eval(f"lambda {', '.join('xyz'[: len(edge.at)])}: {edge.call}", names)
    return function


def gradients(function: Callable[..., Any], inputs: tuple[Any, ...], cotangent: float = 1) -> tuple[Any, ...]:
    """Return the gradients of the sum of all results of `function`, without NumPy's warnings about infinities."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        value, pull = vjp(function, *inputs)
        found: tuple[Any, ...] = pull(np.full(value.shape, cotangent, value.dtype))
    return found


def arrays(values: tuple[Any, ...], dtype: Any) -> tuple[Array, ...]:
    return tuple(np.asarray(value, dtype) for value in values)


def assert_complete(found: tuple[Any, ...], expected: tuple[Any, ...], dtype: Any) -> None:
    precision = 1e-6 if dtype is np.float32 else 1e-14
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == dtype
        # To so many digits of each number, however small it is; where 0 is promised, a rounding error may remain.
        limit = np.where(np.equal(other, 0), precision, 0)
        assert np.isclose(one, other, precision, limit, equal_nan=True).all(), f"{one} is not {other}"


@every_edge
def test_gradients_are_those_promised(edge: Edge) -> None:
    for dtype in DTYPES:
        assert_complete(gradients(function_of(edge), arrays(edge.at, dtype)), edge.gradient, dtype)


@pytest.mark.parametrize("edge", [e for e in EDGES if e.second is not None], ids=lambda e: f"{e.call} at {e.at}")
def test_second_derivatives_are_those_promised(edge: Edge) -> None:
    function = function_of(edge)

    def total(*inputs: Any) -> Any:
        return sum(np.sum(gradient) for gradient in gradients(function, inputs))

    assert edge.second is not None
    for dtype in DTYPES:
        assert_complete(gradients(total, arrays(edge.at, dtype)), edge.second, dtype)


@pytest.mark.one_in(3)
@every_edge
def test_a_zero_cotangent_stays_zero(edge: Edge) -> None:
    for dtype in DTYPES:
        for gradient in gradients(function_of(edge), arrays(edge.at, dtype), cotangent=0):
            assert not np.any(gradient), dtype  # nan would count as true


@pytest.mark.one_in(3)
@every_edge
def test_a_zero_cotangent_stays_zero_at_second_order(edge: Edge) -> None:
    """That of the function, and that of its gradient."""
    function = function_of(edge)

    def total(inner: int, *inputs: Any) -> Any:
        return sum(np.sum(gradient) for gradient in gradients(function, inputs, inner))

    for inner, outer in ((0, 1), (1, 0)):
        for gradient in gradients(partial(total, inner), arrays(edge.at, float), outer):
            assert not np.any(gradient), (inner, outer)


@pytest.mark.one_in(3)
@every_edge
def test_forward_mode_gives_the_same_numbers(edge: Edge) -> None:
    inputs = arrays(edge.at, float)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        value, push = linearize(function_of(edge), *inputs)
        for place, promised in enumerate(edge.gradient):
            for index in np.ndindex(np.shape(promised)):
                expected = np.asarray(promised)[index]
                tangents = [np.zeros(x.shape) for x in inputs]
                tangents[place][index] = 1
                if np.isfinite(expected):
                    assert np.isclose(np.sum(push(*tangents)), expected, rtol=1e-13, atol=1e-14)
                elif np.isnan(expected) and np.isnan(value).all():
                    assert np.isnan(np.sum(push(*tangents)))


@every_edge
def test_infinite_and_undefined_gradients_are_not_silent(edge: Edge) -> None:
    finite = np.isfinite(np.concatenate([np.ravel(gradient) for gradient in edge.gradient])).all()
    function = function_of(edge)
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        value, pull = vjp(function, *arrays(edge.at, float))
        pull(np.ones(value.shape))
    assert any("detect_anomaly" in str(warning.message) for warning in caught) != finite


def resolved(name: str) -> Any:
    """Return the function of a name; None if only other versions of NumPy have it."""
    try:
        return pkgutil.resolve_name(name)
    except AttributeError:
        assert name in reasons.ONLY
        return None


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.operations[0])
def test_operations_exist_and_are_in_the_contract_once(contract: Contract) -> None:
    for name in contract.operations:
        if name.startswith("scipy"):
            pytest.importorskip("scipy.special")
        assert resolved(name) is None or callable(resolved(name))
        assert [other for other in CONTRACTS if name in other.operations] == [contract]
    for edge in contract.edges:
        assert len(edge.gradient) == len(edge.at)
        assert [np.shape(g) for g in edge.gradient] == [np.shape(x) for x in edge.at]


def test_every_function_with_a_derivative_has_a_contract() -> None:
    named = {resolved(name) for contract in CONTRACTS for name in contract.operations if "numpy" in name}
    known = {**{f.__name__: f for f in RULES}, **{n: f for m in surface.NUMPY for n, f in surface.functions(m).items()}}
    with_rules = [name for name, function in known.items() if function in {*operations, *writers} - named]
    assert_listed(with_rules, (), "tests/contract, which says where they can be differentiated")


def test_every_function_of_networks_has_a_contract() -> None:
    named = {name.removeprefix("nn.functional.") for contract in CONTRACTS for name in contract.operations}
    assert_listed(nn.functional.__all__, named, "tests/contract/losses.py, or the file there that is about its subject")


@pytest.mark.parametrize("name", CONTRACTS[0].operations)
def test_functions_without_kinks_have_none_at_zero(name: str) -> None:
    function = pkgutil.resolve_name(name)
    points = np.array([-1.5, -0.0, 0.0, 1e-300, 2.0])
    for gradient in gradients(function, (points,) * function.nin):
        assert np.isfinite(gradient).all()
