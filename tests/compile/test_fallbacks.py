"""Whatever makes a compiled function run as it is, is listed; what costs time each time is said once, if asked for."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import nn
import nn.functional as F  # noqa: N812
from autograd import Tensor, Value, compile, detect_anomaly, tensor, vmap
from autograd.transforms.compile import compiled

X, LABELS = np.linspace(-1, 1, 12).reshape(4, 3), np.array([0, 1, 2, 0])


def padded(count: int) -> Any:
    return np.where(np.arange(4) < count, -100, LABELS)


def listed(function: Any) -> list[tuple[str, int]]:
    return [(each.reason, each.count) for each in function.fallbacks]


def warned(caught: Any) -> list[str]:
    return [str(each.message) for each in caught if issubclass(each.category, RuntimeWarning)]


@pytest.mark.parametrize("fallback", ["raise", "warn", "eager"])
def test_a_batch_with_ignored_labels_after_one_without(fallback: Any) -> None:
    loss = compile(lambda x, y: F.cross_entropy(x, y), fallback=fallback)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for count in (0, 0, 1, 0, 2, 0, 3):
            assert loss(X, padded(count)) == F.cross_entropy(X, padded(count))
    assert not loss.fallbacks
    assert not warned(caught)
    assert len(loss.programs) == 1


@pytest.mark.parametrize("fallback", ["raise", "warn", "eager"])
def test_a_value_that_changes_again_and_again_warns_once_and_names_the_line(fallback: Any) -> None:
    def rows(x: Any, where: Any) -> Any:
        return x[where]

    chosen = compile(rows, fallback=fallback)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for k in (1, 2, 3, 4, 3):
            where = np.arange(6) < k
            assert_array_equal(chosen(X.reshape(6, 2), where), X.reshape(6, 2)[where])
    (fell_back,) = chosen.fallbacks
    assert fell_back.reason.startswith("a value decides")
    assert (fell_back.count, "test_fallbacks.py:" in fell_back.line) == (3, True)
    assert len(warned(caught)) == (fallback != "eager")
    assert all("test_fallbacks.py:" in message for message in warned(caught))
    assert len(chosen.programs) == 1


def test_the_device_of_an_array_is_recorded() -> None:
    scaled = compile(lambda x: x * (2 if x.device == "cpu" else 3))
    for x in (X, X + 1):
        assert_array_equal(scaled(x), 2 * x)
    assert (len(scaled.programs), scaled.fallbacks) == (1, [])


def test_a_batch_without_ignored_labels_after_one_with_does_not_fall_back() -> None:
    loss = compile(lambda x, y: F.cross_entropy(x, y))
    for count in (2, 1, 0, 3):
        assert loss(X, padded(count)) == F.cross_entropy(X, padded(count))
    assert not loss.fallbacks


def test_the_ninth_kind_of_arguments() -> None:
    twice = compile(lambda x: x * 2)
    for n in range(1, 9):
        twice(np.ones(n))
    with pytest.warns(RuntimeWarning, match="more than 8 kinds"):
        twice(np.ones(9))
    before = twice.programs
    twice(np.ones(1))
    assert [(reason.split(",")[0], count) for reason, count in listed(twice)] == [("more than 8 kinds of arguments", 1)]
    assert twice.programs == before


def test_a_frequent_kind_takes_the_place_of_one_that_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "PATIENT", 5)
    twice = compile(lambda x: x * 2)

    def sizes() -> list[int]:
        return sorted(program.program.sources[0][0].size for program in twice.programs)

    def call(*sizes: int) -> None:
        for n in sizes:
            assert np.array_equal(twice(np.arange(n)), np.arange(n) * 2)

    call(*range(1, 9), *range(1, 9))
    with pytest.warns(RuntimeWarning, match="runs as it is for those that were not recorded"):
        call(*[9, 1, 1, 2, 3, 4, 5, 6, 8] * 5)  # all but 7 run, one of them in quick calls alone
    assert sizes() == [1, 2, 3, 4, 5, 6, 7, 8]
    call(9)
    assert sizes() == [1, 2, 3, 4, 5, 6, 8, 9]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(
            *[*range(20, 40), 1, 2, 3, 4, 5, 6, 8, 9] * 12
        )  # none of many kinds is more frequent than what is recorded
        call(*range(40, 120))  # nor is one that comes once
        assert sizes() == [1, 2, 3, 4, 5, 6, 8, 9]
        call(*[10, 1] * 6, *[11, 1] * 6)  # the program that runs stays, though quick calls alone would not be seen
        assert sizes() == [1, 4, 5, 6, 8, 9, 10, 11]
    assert len(twice.fallbacks) == 1


def test_a_variable_that_changes_each_time_makes_a_function_run_as_it_is() -> None:
    """To find out that something else is read takes longer than to run it."""
    state = {"scale": "0.5"}
    scaled = compile(lambda x: x * float(state["scale"]))

    def call(scale: float) -> None:
        state["scale"] = str(scale)
        assert np.array_equal(scaled(X), X * scale)

    for i in range(8):
        call(0.5 * i)
    with pytest.warns(RuntimeWarning, match="runs as it is for all from now on"):
        call(4.0)
    for i in range(3):
        call(0.5 * i)
    assert [count for _, count in listed(scaled)] == [4]


@pytest.mark.parametrize("fallback", ["warn", "eager"])
def test_what_cannot_be_recorded(fallback: Any) -> None:
    function = compile(lambda x: x * 2 if x.sum() > 0 else x, fallback=fallback)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            function(X)
    (fell_back,) = function.fallbacks
    assert fell_back.count == 3
    assert "test_fallbacks.py:" in fell_back.line
    assert "bool() of an array" in str(fell_back)
    assert len(warned(caught)) == (fallback == "warn")


class Sub(np.ndarray):
    pass


def test_arguments_of_kinds_that_are_not_compared() -> None:
    parts: list[tuple[Any, str, bool]] = [
        (np.ones(2).view(Sub), "an argument of type Sub", True),
        (np.array([1, 2], object), "an array of Python objects", True),
        ([slice(np.array(1), None)], "a slice of a ndarray", True),
    ]
    for x, reason, told in parts:
        function = compile(lambda x: x, fallback="warn")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                function(x)
        (fell_back,) = function.fallbacks
        assert fell_back.reason.startswith(reason)
        assert fell_back.count == 2
        assert len(warned(caught)) == told


def test_batches_and_watched_operations_are_listed_alone() -> None:
    function = compile(lambda x: x * 2, fallback="warn")
    vmap(function)(X)
    with detect_anomaly():
        function(tensor(X))
    assert [count for _, count in listed(function)] == [1, 1]


def test_another_thread_that_runs_the_program() -> None:
    function = compile(lambda x: x * 2, fallback="warn")
    function(X)
    (program,) = function.programs
    with program._lock:  # as that thread does
        assert np.array_equal(function(X), X * 2)
    assert np.array_equal(function(X), X * 2)
    assert listed(function) == [("another thread runs the program", 1)]


def spoiled(function: Any, error: type[Exception]) -> Any:
    """Return a compiled function of two calls of NumPy, of whose program the second fails."""
    compiled = compile(function, fallback="warn")
    compiled(X)
    (program,) = compiled.programs

    def fails(*args: Any) -> None:
        raise error("off the rails")

    program.program.calls[1].function = fails
    return compiled


@pytest.mark.parametrize(
    "error", [TypeError, AttributeError, RuntimeError, AssertionError, ZeroDivisionError, KeyError]
)
def test_an_error_within_a_program_which_the_function_does_not_raise(error: type[Exception]) -> None:
    function = spoiled(lambda x: np.cos(np.sin(x)), error)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            assert np.array_equal(function(X), np.cos(np.sin(X)))
    (fell_back,) = function.fallbacks
    assert fell_back.reason == f"{error.__name__} in what was recorded, which the function itself does not raise"
    assert fell_back.line.startswith("test_fallbacks.py:")
    assert fell_back.count == 3
    (said,) = warned(caught)
    ours = not issubclass(error, (ArithmeticError, LookupError))
    assert ("off the rails" in said, "a fault of compile" in said) == (ours, ours)


def test_an_error_that_the_function_raises_too_is_raised_in_its_words() -> None:
    fails = False

    def function(x: Any) -> Any:
        if fails:
            raise TypeError("in its words")
        return np.cos(np.sin(x))

    compiled: Any = spoiled(function, TypeError)
    program = compiled.programs[0]
    program.environment.unchanged = lambda: True
    program.take_environment()
    fails = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(TypeError, match="in its words"):
                compiled(X)
    assert listed(compiled) == [("an error or a warning of NumPy", 2)]


def test_a_warning_within_a_program_is_no_fault() -> None:
    function = spoiled(lambda x: np.cos(np.sin(x)), RuntimeWarning)
    assert np.array_equal(function(X), np.cos(np.sin(X)))
    assert listed(function) == [("an error or a warning of NumPy", 1)]


def test_an_error_is_not_said_of_another_call() -> None:
    function = spoiled(lambda x: np.cos(np.sin(x)), TypeError)
    with pytest.warns(RuntimeWarning, match="off the rails"):
        function(X)
    with function.programs[0]._lock, warnings.catch_warnings():
        warnings.simplefilter("error")
        function(X)
    assert [count for _, count in listed(function)] == [1, 1]


def test_what_was_drawn_is_drawn_again_by_the_function_itself() -> None:
    def noisy(x: Any) -> Any:
        return F.dropout(tensor(x), 0.5).data.sum() + x[x > 0].sum()

    found, compiled = [], compile(noisy)
    for function in (noisy, compiled):
        nn.manual_seed(0)
        found.append([float(function(X[row])) for row in (0, 3, 0, 3, 1, 3)])
    assert found[0] == found[1]
    assert [count for _, count in listed(compiled)] == [2]  # the first time it is recorded anew


def test_functions_of_values() -> None:
    def function(x: Any) -> Any:
        return x * float(repr(x.data))

    compiled = compile(function, fallback="eager")
    for _ in range(3):
        assert compiled(Value(2.0)).data == 4.0
    (fell_back,) = compiled.fallbacks
    assert fell_back.count == 3


def test_slices_are_arguments() -> None:
    parts: Any = compile(lambda x, s, more: (x[s] * 2, x[more["rows"][0]]))
    for s in (slice(1, 3), slice(None), slice(np.int64(1), None, 2), slice(1, 3), slice(None, None, -1)):
        for more in (slice(0, 1), slice(None, True)):
            for x in (X, Tensor(X)):
                found = parts(x, s, {"rows": [more]})
                assert np.array_equal(np.asarray(found[0]), X[s] * 2)
                assert np.array_equal(np.asarray(found[1]), X[more])
        parts = compile(parts)


def test_a_negative_zero_within_a_complex_number_is_another_argument() -> None:
    times = compile(lambda x, z: x * z)
    for z in (complex(1, 0.0), complex(1, -0.0), complex(1, 0.0)):
        assert np.signbit(times(np.ones(1), z).imag) == np.signbit((np.ones(1) * z).imag)
