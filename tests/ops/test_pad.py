"""What is special to padding: widths, constants, ties, what is empty and what is refused."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, UnsupportedError, grad, tensor

X = np.arange(24.0).reshape(2, 3, 4)
pad: Any = np.pad  # annotated for arrays alone
COPYING = ("edge", "reflect", "symmetric", "wrap")


@pytest.mark.parametrize("mode", ["constant", *COPYING])
@pytest.mark.parametrize("width", [1, (1, 2), ((0, 1), (2, 0), (1, 1)), ((3,), (0,), (7,)), 0], ids=str)
def test_pad_is_numpys(mode: Any, width: Any) -> None:
    for x in (X, X.astype(np.float32), X.astype(int), X > 4):
        np.testing.assert_array_equal(pad(tensor(x), width, mode).data, pad(x, width, mode), strict=True)
    expected = grad(lambda x: (pad(x, width, mode) ** 2).sum() / 2)(X)
    assert np.sum(expected * X) == np.sum(pad(X, width, mode) ** 2)


def test_widths_by_axis() -> None:
    x: Any = tensor(X, requires_grad=True)
    for mode in ("constant", "edge", "maximum"):
        padded = pad(x, {-1: (1, 2), 0: 3}, mode)
        np.testing.assert_array_equal(padded.data, pad(X, ((3, 3), (0, 0), (1, 2)), mode), strict=True)


@pytest.mark.parametrize("constants", [3, (1, 2), ((1, 2), (3, 4), (5, 6))], ids=str)
def test_constants(constants: Any) -> None:
    found = pad(tensor(X), 2, constant_values=constants).data
    np.testing.assert_array_equal(found, pad(X, 2, constant_values=constants))
    np.testing.assert_array_equal(grad(lambda x: pad(x, 1, constant_values=constants).sum())(X), np.ones_like(X))


def test_constants_have_gradients() -> None:
    x: Any = tensor([1.0, 2.0], requires_grad=True)
    c: Any = tensor(5.0, requires_grad=True)
    d: Any = tensor(7.0, requires_grad=True)
    pad(x, (1, 2), constant_values=c).sum().backward()
    assert (c.grad.item(), x.grad.tolist()) == (3, [1, 1])
    pad(x, (1, 2), constant_values=(c, d)).sum().backward()
    assert (c.grad.item(), d.grad.item()) == (4, 2)
    c.grad = None
    ramp = pad(x, (2, 0), "linear_ramp", end_values=c)
    np.testing.assert_array_equal(ramp.data, [5, 3, 1, 2])
    ramp.sum().backward()
    assert c.grad.item() == 1.5
    c.grad = None
    pad(tensor(np.ones((2, 2))), ((0, 0), (1, 1)), constant_values=((0, 0), (1.0, c))).sum().backward()
    assert c.grad.item() == 2


@pytest.mark.parametrize("mode", ["mean", "median", "linear_ramp", "maximum"])
def test_whole_numbers_stay_whole(mode: Any) -> None:
    x = np.array([[1, 4, 2], [7, 9, 3]])
    np.testing.assert_array_equal(pad(tensor(x), 2, mode).data, pad(x, 2, mode), strict=True)


def same_as_numpy(x: Any, width: Any, **options: Any) -> None:
    """Compare values, and the gradient of a part of them with differences, which are exact where padding is linear."""
    expected = pad(x, width, **options)
    np.testing.assert_allclose(pad(tensor(x), width, **options).data, expected, rtol=1e-13)
    found = grad(lambda x: (pad(x, width, **options) * np.cos(np.arange(expected.size))).sum())(x)
    moved = [(pad(x + v, width, **options) - pad(x - v, width, **options)) / 2 for v in np.eye(x.size) * 1e-3]
    np.testing.assert_allclose(found, 1e3 * np.array(moved) @ np.cos(np.arange(expected.size)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_reflections_of_several_lengths(mode: str, size: int) -> None:
    for width in ((0, 1), (1, 0), (2, 5), (7, 3)):
        for kind in ("even", "odd"):
            same_as_numpy(np.array([0.5, -1.0, 2.5, 4.0])[:size], width, mode=mode, reflect_type=kind)


@pytest.mark.parametrize("mode", ["maximum", "minimum", "mean", "median"])
@pytest.mark.parametrize("lengths", [(1, 3), (3, 1), (2, 9), None, 2], ids=str)
def test_statistics_of_the_elements_at_each_end(mode: str, lengths: Any) -> None:
    same_as_numpy(np.array([0.5, -1.0, 2.5, 4.0, 0.1]), (2, 3), mode=mode, stat_length=lengths)


def test_long_arrays() -> None:
    x = np.arange(200_000.0)
    for options in ({"mode": "reflect", "reflect_type": "odd"}, {"mode": "mean", "stat_length": 2}, {"mode": "wrap"}):
        found = grad(lambda x, options=options: pad(x, 2, **options).sum())(x)
        assert found.sum() == pytest.approx(x.size + 4)


def test_ties_share_evenly() -> None:
    for mode in ("maximum", "minimum"):
        found = grad(lambda x, mode=mode: pad(x, (3, 0), mode).sum())(np.ones(3))
        np.testing.assert_array_equal(found, [2, 2, 2])


def test_what_is_left_empty_has_no_gradient() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    padded = pad(x, (1, 2), "empty")
    assert padded.shape == (5,)
    np.testing.assert_array_equal(padded.data[1:3], x.data)
    padded.backward(np.arange(5.0))
    np.testing.assert_array_equal(x.grad.data, [1, 2])


@pytest.mark.parametrize("mode", ["constant", "edge", "maximum", "linear_ramp", "mean", "wrap"])
def test_arrays_without_axes_or_elements(mode: Any) -> None:
    for x, width in ((np.array(2.0), 3), (np.zeros((0, 2)), ((0, 0), (1, 1))), (np.zeros((2, 0)), ((1, 0), (0, 0)))):
        t = tensor(x, requires_grad=True)
        padded = pad(t, width, mode)
        assert padded.shape == pad(x, width, mode).shape
        padded.sum().backward()
        np.testing.assert_array_equal(t.grad.data, np.ones(x.shape), strict=True)
    if mode != "constant":
        with pytest.raises(ValueError, match="can't extend empty axis"):
            pad(tensor(np.zeros((0, 2)), requires_grad=True), 1, mode)


@pytest.mark.parametrize("mode", ["constant", "mean", "median", "maximum"])
def test_what_numpy_refuses_is_refused(mode: Any) -> None:
    x: Any = tensor(X, requires_grad=True)
    wrong: list[tuple[Any, dict[str, Any]]] = [(-1, {}), (((1, 1), (1, 1)), {}), (1, {"reflect_type": "odd"})]
    for width, options in wrong:
        with pytest.raises(ValueError, match=r"negative|broadcast|unsupported keyword"):
            pad(x, width, mode, **options)
    with pytest.raises(TypeError, match="integral"):
        pad(x, 1.5, mode)
    with pytest.raises(ValueError, match="mode 'round' is not supported"):
        pad(x, 1, "round")


def test_a_function_for_a_mode_writes_in_place() -> None:
    def sevens(row: Any, width: tuple[int, int], axis: int, options: dict[str, Any]) -> None:
        row[: width[0]] = row[row.size - width[1] :] = options["value"]

    found: Any = pad(tensor(X), 1, sevens, value=7)
    assert isinstance(found, Tensor)
    np.testing.assert_array_equal(found.data, pad(X, 1, constant_values=7))
    with pytest.raises(UnsupportedError, match=r"mode=<a function>.*numpy\.concatenate"):
        pad(tensor(X, requires_grad=True), 1, sevens, value=7)
