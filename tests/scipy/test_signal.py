"""SciPy's convolutions and filters: values, derivatives, batches, and the axes that HIPS autograd takes."""

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.signal

from autograd import ShapeError, UnsupportedError, grad, gradcheck, gradgradcheck, tensor
from autograd.scipy import signal
from autograd.testing import check_operation

from .helpers import Draw, check_batches, check_complex_step, parts_of

Array = np.ndarray[Any, Any]
drawn = Draw()
MODES: list[Any] = ["full", "valid", "same"]
SIZES = [((5,), (3,)), ((3,), (5,)), ((4,), (2,)), ((1,), (1,)), ((4, 5), (2, 3)), ((3, 3), (3, 1))]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["convolve", "correlate", "fftconvolve"])
def test_values_and_slopes_of_convolutions(name: str, mode: Any) -> None:
    ours, scipys = getattr(signal, name), getattr(scipy.signal, name)
    for first, second in SIZES:
        a, b = drawn(first), drawn(second)
        expected = scipys(a, b, mode)
        np.testing.assert_array_equal(ours(a, b, mode), expected)
        np.testing.assert_allclose(ours(tensor(a), b, mode).data, expected, atol=1e-12)
        weights = drawn(expected.shape)
        found = grad(lambda a, b, w=weights: np.sum(w * ours(a, b, mode)), (0, 1))(a, b)
        for gradient, of, units in (
            (found[0], partial(lambda b, v: scipys(v, b, mode), b), np.eye(a.size).reshape(-1, *a.shape)),
            (found[1], partial(lambda a, v: scipys(a, v, mode), a), np.eye(b.size).reshape(-1, *b.shape)),
        ):
            slopes = [np.sum(weights * of(unit)) for unit in units]
            np.testing.assert_allclose(gradient.reshape(-1), slopes, atol=1e-12)


CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "convolve": (signal.convolve, (drawn((4,)), drawn((3,)))),
    "convolve valid": (lambda a, b: signal.convolve(a, b, "valid", "direct"), (drawn((2, 2)), drawn((3, 4)))),
    "correlate": (lambda a, b: signal.correlate(a, b, "same", "fft"), (drawn((4,)), drawn((3,)))),
    "fftconvolve": (lambda a, b: signal.fftconvolve(a, b, "same", axes=-1), (drawn((2, 4)), drawn((1, 3)))),
    "convolve along axes": (
        lambda a, b: signal.convolve(a, b, axes=([1], [0]), dot_axes=([0], [1]), mode="same"),
        (drawn((2, 4)), drawn((3, 2))),
    ),
    "lfilter": (signal.lfilter, (drawn((3,)), 2 + drawn((3,)) / 4, drawn((2, 4)))),
    "lfilter of one": (lambda a, x: signal.lfilter([1.0, 2.0], a, x, axis=0), (np.array([2.0]), drawn((3, 2)))),
    "lfilter with a state": (
        lambda b, a, x, zi: signal.lfilter(b, a, x, zi=zi),
        (drawn((2,)), np.array([2.0, 0.5, 0.3, 0.1]), drawn((5,)), drawn((3,))),
    ),
    "savgol_filter": (lambda x: signal.savgol_filter(x, 5, 2), (drawn((7,)),)),
    "savgol_filter slopes": (lambda x: signal.savgol_filter(x, 3, 2, 1, 0.5, 0, "mirror"), (drawn((4, 2)),)),
}  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_derivatives_and_batches(name: str) -> None:
    function, inputs = CASES[name]
    check_operation(function, *inputs)
    for found, same in zip(parts_of(function(*map(tensor, inputs))), parts_of(function(*inputs)), strict=True):
        np.testing.assert_allclose(found.data, same, atol=1e-12)
    check_batches(function, *inputs)


@pytest.mark.parametrize("name", ["convolve", "convolve along axes", "lfilter", "lfilter with a state"])
def test_slopes_have_all_digits(name: str) -> None:
    function, inputs = CASES[name]
    check_complex_step(function, *inputs)


def test_complex_signals() -> None:
    a, b = drawn((4,), complex), drawn((2,), complex)
    for function in (
        signal.convolve,
        signal.correlate,
        signal.fftconvolve,
        lambda a, b: signal.lfilter(b, [1, 0.5j], a),
    ):
        assert gradcheck(function, (a, b), fast_mode=True)
        assert gradgradcheck(function, (a, b), fast_mode=True)
    np.testing.assert_allclose(signal.correlate(tensor(a), b).data, scipy.signal.correlate(a, b))


def test_convolutions_along_some_axes_are_those_of_slices() -> None:
    a, b = drawn((2, 5, 4, 3)), drawn((2, 4, 2, 3, 2))
    for mode in ("valid", "full", "same"):
        found = signal.convolve(a, b, axes=([1, 2], [2, 4]), dot_axes=([0, 3], [0, 3]), mode=mode)
        expected = sum(scipy.signal.convolve(a[i, :, :, j], b[i, 2, :, j, :], mode) for i in range(2) for j in range(3))
        np.testing.assert_allclose(found[2], expected, atol=1e-12)
    a, b = drawn((3, 2)), drawn((4, 5))
    found = signal.convolve(a, b, axes=([0], [1]), mode="valid")
    np.testing.assert_allclose(found[1, 2], scipy.signal.convolve(a[:, 1], b[2], "valid"))
    np.testing.assert_allclose(
        signal.convolve(drawn((3, 4)), np.ones((3, 4)), axes=([], []), dot_axes=([0], [0])).shape, (4, 4)
    )
    assert gradcheck(lambda a, b: signal.convolve(a, b, axes=([0], [1]), mode="valid"), (a, b), fast_mode=True)


def test_filters_are_scipys() -> None:
    for b, a, n in itertools.product(([1.0], [1.0, 0.5, 0.2]), ([2.0], [2.0, 0.3], [1.0, 0.2, 0.1, 0.05]), (1, 2, 6)):
        x, count = drawn((2, n)), max(len(a), len(b)) - 1
        zi = drawn((2, count))
        np.testing.assert_allclose(signal.lfilter(b, a, tensor(x)).data, scipy.signal.lfilter(b, a, x), atol=1e-12)
        expected = scipy.signal.lfilter(b, a, x, zi=zi)
        for found, same in zip(signal.lfilter(b, a, tensor(x), zi=zi), expected, strict=True):
            np.testing.assert_allclose(found.data, same, atol=1e-12)


def test_smoothing_is_scipys() -> None:
    x = drawn((7, 6))
    for mode, axis, deriv in itertools.product(("interp", "mirror", "constant", "nearest", "wrap"), (0, -1), (0, 2)):
        keywords: dict[str, Any] = {"deriv": deriv, "delta": 0.5, "axis": axis, "mode": mode, "cval": 3.0}
        expected = scipy.signal.savgol_filter(x, 5, 3, **keywords)
        np.testing.assert_allclose(signal.savgol_filter(tensor(x), 5, 3, **keywords).data, expected, atol=1e-11)
    x = drawn((2,))  # shorter than the window
    np.testing.assert_allclose(
        signal.savgol_filter(tensor(x), 7, 2, mode="mirror").data, scipy.signal.savgol_filter(x, 7, 2, mode="mirror")
    )


def test_what_is_refused() -> None:
    x, other = tensor(drawn((4,)), requires_grad=True), "none"
    mode: Any = other
    unknown: list[Callable[[], Any]] = [
        lambda: signal.convolve(x, x, mode), lambda: signal.savgol_filter(x, 3, 1, mode=mode),
    ]  # fmt: skip
    for call in unknown:
        with pytest.raises(ValueError, match="none"):
            call()
    wrong: list[tuple[Callable[[], Any], str]] = [
        (lambda: signal.convolve(x, np.ones((2, 2))), "as many axes"),
        (lambda: signal.convolve(x, x, axes=([0], [])), "do not pair"),
        (lambda: signal.lfilter(np.ones((2, 2)), [1.0], x), "takes vectors"),
        (lambda: signal.lfilter([1.0, 2.0], [1.0], x, zi=[1.0, 2.0]), "a state of 1 values"),
        (lambda: signal.savgol_filter(x, 5, 1), "use another mode"),
    ]
    for call, message in wrong:
        with pytest.raises(ShapeError, match=message):
            call()
    with pytest.raises(UnsupportedError, match="odd"):
        signal.savgol_filter(x, 4, 1, mode="nearest")
