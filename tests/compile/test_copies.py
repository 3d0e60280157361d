"""Copies of compiled functions, and of what holds them: they compile a copy of the function anew."""

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, compile, no_grad
from nn.optim.swa_utils import AveragedModel


def plain(x: Any) -> Any:
    return x * 2 + 1


@compile(fallback="warn")  # type: ignore[untyped-decorator]
def decorated(x: Any) -> Any:
    return x * 3 + 1


compiled_plain = compile(plain)


class Scaled(nn.Module):
    """Holds its own method compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(np.array([2.0, 3.0]))
        self.fast = compile(self.forward)

    def forward(self, x: Any) -> Any:
        return x * self.scale

    @compile
    def twice(self, x: Any) -> Any:
        return x * self.scale * 2


class Holder:
    def __init__(self) -> None:
        self.factor = 2.0
        self.fast = compile(self)

    def __call__(self, x: Any) -> Any:
        return x * self.factor


def pickled(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


X = np.array([1.0, -1.0])
COPIES = [copy.deepcopy, pickled]
calls = pytest.mark.parametrize("calls", [0, 1, 3], ids="{} calls".format)


def called(function: Any, times: int) -> None:
    for _ in range(times):
        function(X)


@calls
@pytest.mark.parametrize("copied", COPIES)
def test_a_method_of_a_copied_model_is_that_of_the_copy(copied: Callable[[Any], Any], calls: int) -> None:
    model = Scaled()
    called(model.fast, calls)
    other = copied(model)
    assert other.fast.programs == []
    assert other.fast.__wrapped__.__self__ is other
    other.scale.data = np.array([5.0, 7.0])
    for _ in range(3):
        assert np.array_equal(other.fast(X).data, [5.0, -7.0])
        assert np.array_equal(model.fast(X).data, [2.0, -3.0])


@calls
@pytest.mark.parametrize("copied", COPIES)
def test_an_object_and_what_compiles_it_lead_to_each_other_in_copies_too(copied: Any, calls: int) -> None:
    for holder in (Holder(), Holder().fast):
        fast = holder.fast
        called(fast, calls)
        other = copied(holder)
        assert other.fast.__wrapped__.fast is other.fast
        other.fast.__wrapped__.factor = 5.0
        for _ in range(3):
            assert np.array_equal(other.fast(X), X * 5)
            assert np.array_equal(fast(X), X * 2)


@calls
def test_an_averaged_model_of_one(calls: int) -> None:
    model = Scaled()
    called(model.fast, calls)
    averaged = AveragedModel(model)
    assert np.array_equal(averaged(X).data, model(X).data)


@calls
@pytest.mark.parametrize("value", [X, Value(2.0)], ids=["arrays", "values"])
def test_functions_and_options(calls: int, value: Any) -> None:
    for copied in (copy.copy, *COPIES):
        original = compile(plain, fallback="eager")
        for _ in range(calls):
            original(value)
        other = copied(original)
        assert other is not original
        assert (other.programs, other._fallback, other.__name__) == ([], "eager", "plain")
        for _ in range(2):
            found, expected = other(value), plain(value)
            assert np.array_equal(getattr(found, "data", found), getattr(expected, "data", expected))


def test_what_a_decorator_put_in_the_place_of_a_function_is_pickled_by_name() -> None:
    called(decorated, 2)
    assert pickled(decorated) is decorated
    assert pickled(Scaled.twice) is Scaled.twice
    assert pickled(compiled_plain).__wrapped__ is plain


def test_a_lambda_cannot_be_pickled_for_pythons_reason() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(compile(lambda x: x))


def run(functions: Any) -> Any:
    with no_grad():
        return [np.asarray(function(X)) for function in functions for _ in range(2)]


@pytest.mark.thorough
def test_another_process_is_given_compiled_functions() -> None:
    functions = [decorated, compiled_plain, Scaled().fast]
    run(functions)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (found,) = pool.map(run, [functions])
    for a, b in zip(found, run(functions), strict=True):
        assert np.array_equal(a, b)
