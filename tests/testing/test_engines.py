"""`check` with functions of other engines, as callables."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from autograd import GradientCheckError
from autograd.testing import check
from autograd.testing._check_run import _arity

Array = np.ndarray[Any, Any]
Arrays = Sequence[Array]


class Dual:
    """A function with its derivative: all that the engine below knows."""

    def __init__(self, value: Callable[[Array], Array], derivative: Callable[[Array], Array]) -> None:
        self.value, self.derivative = value, derivative

    def __call__(self, x: Array) -> Array:
        return self.value(x)


def engine(fn: Any, arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
    (x,) = arrays
    gradients = [] if cotangents is None else [np.asarray(cotangents[0] * np.conj(fn.derivative(x)), x.dtype)]
    return [fn(x)], gradients


def checked(value: Callable[[Array], Array], derivative: Callable[[Array], Array], **options: Any) -> Any:
    return check(Dual(value, derivative), engine=engine, **options)


def test_a_right_function_passes_and_the_report_says_what_was_left_out() -> None:
    report = checked(np.sin, np.cos)
    assert report.examples > 30
    assert report.compared > 100
    assert any("vmap" in note and "another engine" in note for note in report.notes)


@pytest.mark.one_in(8)
@pytest.mark.parametrize(
    ("derivative", "message"),
    [
        (lambda x: np.cos(x) * (1 + 1e-6), "by differences"),
        (lambda x: np.where(x == 0, np.nan, np.cos(x)), "nan by the graph but 1 by differences"),
        (lambda x: np.cos(x) if x.size < 1000 else 0 * x, "by differences"),
        (lambda x: np.cos(x) if x.dtype != np.float32 else np.cos(x) * np.float32(1.001), "in float32"),
        (lambda x: np.cos(x) if x.flags.c_contiguous else 0 * x, "depends on the layout of the inputs"),
        (lambda x: np.stack([np.cos(x)] * 2), "the input is"),
        (lambda x: np.cos(x) + np.random.default_rng().normal(), "not deterministic"),
    ],
)
def test_what_is_wrong_is_found(derivative: Callable[[Array], Array], message: str) -> None:
    with pytest.raises(GradientCheckError, match=message):
        checked(np.sin, derivative, profile="quick")


def test_zero_times_an_infinite_slope_is_no_error() -> None:
    """What all other libraries answer with nan."""
    assert checked(np.sqrt, lambda x: 0.5 / np.sqrt(x), profile="quick").untold > 0


def test_values_are_compared_with_the_reference() -> None:
    with pytest.raises(GradientCheckError, match="by the reference"):
        checked(lambda x: np.sin(x) * 1.001, lambda x: np.cos(x) * 1.001, reference=np.sin, profile="quick")


def test_an_infinity_that_spreads_is_found() -> None:
    def spreading(x: Array) -> Array:
        return np.cos(x) if np.all(np.isfinite(x)) else np.full_like(x, np.nan)

    with pytest.raises(GradientCheckError, match="in the first element of input 0 changes"):
        checked(np.sin, spreading)


def test_an_engine_that_returns_too_little_is_named() -> None:
    with pytest.raises(GradientCheckError, match="the engine returned 0 gradients for 1 inputs"):
        check(np.sin, engine=lambda fn, arrays, cotangents: (([fn(*arrays)]), []))


def test_what_an_engine_refuses_is_set_aside() -> None:
    def refuses(fn: Any, arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
        if arrays[0].dtype == np.float16:
            raise RuntimeError("not implemented for float16")
        return engine(fn, arrays, cotangents)

    assert check(Dual(np.sin, np.cos), engine=refuses, profile="quick").set_aside == 1


def test_an_unknown_engine() -> None:
    with pytest.raises(ValueError, match="tensorflow"):
        check(np.sin, engine="tensorflow")


def test_the_package_that_has_our_name_has_to_be_loaded_first() -> None:
    with pytest.raises(ImportError, match="hips_autograd"):
        check(np.sin, engine="autograd")


def test_a_function_that_refuses_a_layout_is_an_error_of_the_check() -> None:
    def contiguous(x: Array) -> Array:
        if not x.flags.c_contiguous:
            raise RuntimeError("no such view")
        return np.sin(x)

    with pytest.raises(
        GradientCheckError, match=r"inputs in another layout .* are refused: ValueError: RuntimeError: no"
    ):
        checked(contiguous, np.cos, profile="quick")


def test_a_primitive_of_another_library_says_how_many_inputs_it_takes() -> None:
    def wrapped(*inputs: Any, **options: Any) -> Any:
        return wrapped.fun(*inputs)  # type: ignore[attr-defined]

    wrapped.fun = lambda x, y: x * y  # type: ignore[attr-defined]  # as HIPS autograd has it
    assert _arity(wrapped) == 2


def with_noise(fn: Any, arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
    """The sine, whose gradient is linear in the cotangent only up to a thousandth, beyond `fn`."""
    (x,) = arrays
    if cotangents is None:
        return [np.sin(x)], []
    noise = 1e-3 * np.abs(cotangents[0]) * ((np.abs(x) > fn) & np.isfinite(x))
    return [np.sin(x)], [np.asarray(cotangents[0] * np.cos(x) + noise, x.dtype)]


def test_roundings_between_the_operations_of_another_engine_are_no_errors() -> None:
    """At large numbers they may leave no digit of a gradient, as a softmax does; at ordinary ones they do not."""

    def checked_beyond(limit: float) -> Any:
        engine = lambda fn, arrays, cotangents: with_noise(limit, arrays, cotangents)  # noqa: E731
        return check(np.sin, engine=engine, numbers=False, dtypes=["float64"])

    assert checked_beyond(8.0).untold
    with pytest.raises(GradientCheckError, match="not linear"):
        checked_beyond(0.0)


def test_jax_compiles_once_for_each_shape_and_dtype() -> None:
    pytest.importorskip("jax")
    import jax.numpy as jnp

    traced: list[Any] = []

    def function(x: Any) -> Any:
        traced.append(x.shape)
        return jnp.tanh(x)

    report = check(function, engine="jax")
    assert report.examples > 10
    assert len(traced) < 25


def test_jax_functions_whose_course_depends_on_their_numbers_are_not_compiled() -> None:
    pytest.importorskip("jax")
    import jax.numpy as jnp

    report = check(lambda x: jnp.sin(x) if bool(jnp.all(x > 0)) else jnp.cos(x), engine="jax", domain=(0.5, 2.0))
    assert report.compared > 100
