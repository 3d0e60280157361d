"""What is special to signals: modes of convolution, knots, the middle of sinc and i0, numbers that are none."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, tensor

from .agreement import Function, assert_numpys, name

Array = np.ndarray[Any, Any]

random = np.random.default_rng(11)


def normal(n: int, *, imaginary: bool = False) -> Array:
    x: Array = random.standard_normal(n)
    return x + 1j * random.standard_normal(n) if imaginary else x


# Convolution


@pytest.mark.parametrize("mode", ["full", "same", "valid", 0, 1, 2])
@pytest.mark.parametrize("function", [np.convolve, np.correlate], ids=name)
def test_products_of_sequences_are_numpys(function: Function, mode: Any) -> None:
    for n in range(1, 6):
        for m in range(1, 6):
            assert_numpys(function, normal(n), normal(m), mode)
            assert_numpys(function, normal(n), normal(m, imaginary=True), mode=mode)
            assert_numpys(function, normal(n, imaginary=True).astype(np.complex64), normal(m).astype(np.float32), mode)
            assert_numpys(function, normal(n), np.arange(m).tolist(), mode)


def test_each_function_has_its_own_default_mode() -> None:
    x, y = normal(5), normal(3)
    assert_numpys(np.convolve, x, y)
    assert_numpys(np.correlate, x, y)
    np.testing.assert_array_equal(np.convolve(a=tensor(x), v=y).data, np.convolve(x, y))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 2), (2, 7), (6, 4), (4, 6), (5, 5)])
def test_gradients_of_products_are_sums_of_the_other_factor(mode: Any, n: int, m: int) -> None:
    x, y = normal(n), normal(m)
    weights = normal(np.convolve(x, y, mode).size)
    of_x, of_y = grad(lambda x, y: (np.convolve(x, y, mode) * weights).sum(), argnums=(0, 1))(x, y)
    unit_x, unit_y = np.eye(n), np.eye(m)
    np.testing.assert_allclose(of_x, [np.convolve(unit, y, mode) @ weights for unit in unit_x], rtol=1e-12)
    np.testing.assert_allclose(of_y, [np.convolve(x, unit, mode) @ weights for unit in unit_y], rtol=1e-12)


def test_a_number_is_a_sequence_of_one_to_convolve_but_not_to_correlate() -> None:
    x = tensor(2.0, requires_grad=True)
    y: Any = np.convolve(x, [1.0, 3.0])
    y.sum().backward()
    assert x.grad.data == 4
    with pytest.raises(ValueError, match=r"sequences that are not empty, but the shapes are \(\) and \(2,\)"):
        np.correlate(x, [1.0, 3.0])


def test_empty_and_deep_sequences_and_unknown_modes_are_refused() -> None:
    x = tensor(normal(3), requires_grad=True)
    with pytest.raises(ValueError, match="empty"):
        np.convolve(x, [])
    with pytest.raises(ValueError, match="not empty"):
        np.correlate(x, [])
    with pytest.raises(ValueError, match="deep"):
        np.convolve(x, np.ones((2, 2)))
    unknown: Any = "half"
    for function in (np.convolve, np.correlate):
        with pytest.raises(ValueError, match="'full'"):
            function(x, x, unknown)


# Interpolation

XP, FP = np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0, 1.0])
INSIDE_AND_BEYOND = np.array([-1.0, 0.0, 0.25, 1.0, 2.5, 3.0, 4.0])


@pytest.mark.parametrize("fp", [FP, FP + 1j * XP, FP.astype(np.float32)], ids=["real", "complex", "single"])
def test_interpolation_is_numpys(fp: Array) -> None:
    for x in (INSIDE_AND_BEYOND, INSIDE_AND_BEYOND.reshape(7, 1), np.array(0.5), INSIDE_AND_BEYOND[:0]):
        assert_numpys(np.interp, x, XP, fp)
        assert_numpys(np.interp, x, XP, fp, np.array(-5.0))
        assert_numpys(np.interp, x, XP, fp, right=np.array(7.0), left=3.0)
        for period in (4.0, np.array(-2.5), 360):
            assert_numpys(np.interp, x, XP, fp, period=period)
        assert_numpys(np.interp, x, XP[:1], fp[:1], right=np.array(7.0))
    assert_numpys(np.interp, [0.5, 2], [0, 1, 3], fp)
    assert_numpys(np.interp, np.array([np.nan, 0.5]), XP, fp, 1.0, 2.0)


def test_the_slope_at_a_knot_is_the_mean_of_both_sides() -> None:
    """So that, as for maximum(x, -x), the one of |x| at 0 is 0; at the outer knots it is 1 as that of clip."""
    magnitude = grad(lambda x: np.sum(np.interp(x, [-1.0, 0.0, 1.0], [1.0, 0.0, 1.0])))
    np.testing.assert_array_equal(magnitude(np.array([-0.5, 0.0, 0.5])), [-1, 0, 1])
    limited = grad(lambda x: np.sum(np.interp(x, [0.0, 1.0], [0.0, 1.0])))
    np.testing.assert_array_equal(limited(np.array([-0.5, 0.0, 0.5, 1.0, 1.5])), [0, 1, 1, 1, 0])


def test_moving_places_and_knots_together_changes_nothing() -> None:
    of_x, of_xp = grad(lambda x, xp: (np.interp(x, xp, FP) ** 2).sum(), argnums=(0, 1))(INSIDE_AND_BEYOND, XP)
    np.testing.assert_allclose(of_x.sum() + of_xp.sum(), 0, atol=1e-12)


def test_values_at_knots_and_beyond_belong_to_one_knot_each() -> None:
    found = grad(lambda fp: (np.interp(INSIDE_AND_BEYOND, XP, fp) * 2.0 ** np.arange(7)).sum())(FP)
    expected = [1 + 2 + 0.75 * 4, 0.25 * 4 + 8 + 0.25 * 16, 0.75 * 16 + 32 + 64]
    np.testing.assert_array_equal(found, expected)


def test_what_replaces_the_values_beyond_the_knots_has_their_gradient() -> None:
    def total(fp: Any, left: Any, right: Any) -> Any:
        return (np.interp(INSIDE_AND_BEYOND, XP, fp, left, right) * 2.0 ** np.arange(7)).sum()

    of_fp, of_left, of_right = grad(total, argnums=(0, 1, 2))(FP, 0.0, 0.0)
    np.testing.assert_array_equal(of_fp, [2 + 0.75 * 4, 0.25 * 4 + 8 + 0.25 * 16, 0.75 * 16 + 32])
    assert (of_left, of_right) == (1, 64)


def test_one_knot_gives_a_constant() -> None:
    of_x, of_fp = grad(lambda x, fp: np.sum(np.interp(x, [1.0], fp)), argnums=(0, 1))(XP, np.array([5.0]))
    np.testing.assert_array_equal(of_x, [0, 0, 0])
    np.testing.assert_array_equal(of_fp, [3])


def test_a_jump_between_two_equal_knots_has_no_slope() -> None:
    of_x, of_xp = grad(lambda x, xp: np.sum(np.interp(x, xp, [0.0, 0.0, 1.0, 1.0])), argnums=(0, 1))(
        np.array([-0.5, 0.0, 0.5]), np.array([-1.0, 0.0, 0.0, 1.0])
    )
    np.testing.assert_array_equal(of_x, [0, 0, 0])
    np.testing.assert_array_equal(of_xp, [0, 0, 0, 0])


def test_wrong_knots_are_refused() -> None:
    x = tensor(XP, requires_grad=True)
    with pytest.raises(ValueError, match="period of an interpolation must not be 0"):
        np.interp(x, XP, FP, period=0)
    with pytest.raises(ValueError, match="same length"):
        np.interp(x, XP, FP[:2])
    with pytest.raises(ValueError, match=r"one length, but the shapes are \(3,\) and \(2,\)"):
        np.interp(x, XP, FP[:2], period=1.0)
    number: Any = np.ones(3)
    with pytest.raises(TypeError, match=r"left as a number like those of fp .*, not array"):
        np.interp(x, XP, FP, number)


def test_unwrapping_is_numpys() -> None:
    angles = random.uniform(-20, 20, (3, 8))
    for x in (angles, angles.astype(np.float32), angles[:, :0]):
        assert_numpys(np.unwrap, x)
        assert_numpys(np.unwrap, x, 4.0, 0)
        assert_numpys(np.unwrap, x, axis=0, period=3.0)
    assert_numpys(np.unwrap, np.arange(4) * 5)


def test_what_was_added_grows_with_the_period() -> None:
    """A turn is taken off the second angle and two off the third."""
    found = grad(lambda x, period: np.unwrap(x, period=period) @ [1.0, 10.0, 100.0], argnums=(0, 1))(
        np.array([0.0, 5.0, 10.0]), 4.0
    )
    np.testing.assert_array_equal(found[0], [1, 10, 100])
    assert found[1] == -10 * 1 - 100 * 2


# Filters and windows


def test_sinc_is_smooth_in_the_middle() -> None:
    """At 0 the derivatives of sin(pi x) / (pi x) are 0, -pi^2 / 3, 0 and pi^4 / 5."""
    found, derivative = [], grad(np.sinc)
    for _ in range(4):
        found.append(derivative(0.0))
        derivative = grad(derivative)
    np.testing.assert_allclose(found, [0, -(np.pi**2) / 3, 0, np.pi**4 / 5], rtol=1e-14)


@pytest.mark.parametrize("x", [1e-12, 1e-6, 1e-3, 0.1])
def test_sinc_has_all_digits_near_the_middle(x: float) -> None:
    z = np.pi * x
    first = np.pi * (-z / 3 + z**3 / 30 - z**5 / 840 + z**7 / 45360)
    second = np.pi**2 * (-1 / 3 + z**2 / 10 - z**4 / 168 + z**6 / 6480)
    np.testing.assert_allclose(grad(np.sinc)(x), first, rtol=1e-9 if x > 0.01 else 1e-14)
    np.testing.assert_allclose(grad(grad(np.sinc))(x), second, rtol=1e-8 if x > 0.01 else 1e-13)


def test_sinc_falls_off_without_overflow() -> None:
    x = np.array([1e10, -1e155, 1e300])
    np.testing.assert_allclose(grad(lambda x: np.sinc(x).sum())(x), np.cos(np.pi * x) / x, atol=1e-20)


def test_sinc_of_complex_numbers() -> None:
    x = np.array([0.3 + 0.2j, -2 + 0.1j])
    assert_numpys(np.sinc, x)
    assert_numpys(np.sinc, np.array([0.0, 0.5, 1.0], np.float32))


@pytest.mark.filterwarnings("ignore:overflow")
def test_i0_has_the_derivatives_of_the_modified_bessel_function() -> None:
    special = pytest.importorskip("scipy.special")
    x = np.array([-700.0, -3.0, -1e-8, 0.0, 1e-3, 0.5, 8.0, 30.0, 709.0])
    np.testing.assert_allclose(grad(lambda x: np.i0(x).sum())(x), special.i1(x), rtol=1e-13)
    second = grad(lambda x: grad(lambda x: np.i0(x).sum())(x).sum())(x)
    np.testing.assert_allclose(second, (special.i0(x) + special.iv(2, x)) / 2, rtol=1e-13)


def test_i0_is_numpys() -> None:
    for x in (np.linspace(-20, 20, 41), np.array(3.0), np.ones((2, 0)), np.ones(2, np.float32)):
        assert_numpys(np.i0, x)
    with pytest.raises(TypeError, match="complex"):
        np.i0(tensor([1j]))


# What is not a number

STRANGE = np.array([1.0, np.nan, np.inf, -np.inf, -2.0])


def test_replacing_what_is_not_a_number_is_numpys() -> None:
    for x in (STRANGE, STRANGE.astype(np.float32), STRANGE.reshape(5, 1), np.array(np.nan)):
        assert_numpys(np.nan_to_num, x)
        assert_numpys(np.nan_to_num, x, nan=7.0, posinf=8.0, neginf=9.0)
        assert_numpys(np.nan_to_num, x, posinf=np.float64(3))
    assert_numpys(np.nan_to_num, np.array([complex(np.nan, np.inf), complex(-np.inf, 2), 1 + 2j]))
    np.testing.assert_array_equal(np.nan_to_num(Tensor([1, 2])).data, [1, 2], strict=True)


def test_a_replaced_number_has_no_gradient_and_its_replacement_has_it() -> None:
    weights = 2.0 ** np.arange(5)
    of_x, of_nan, of_inf = grad(
        lambda x, nan, inf: (np.nan_to_num(x, True, nan, inf, 0.0) * weights).sum(), argnums=(0, 1, 2)
    )(STRANGE, 0.0, 5.0)
    np.testing.assert_array_equal(of_x, [1, 0, 0, 0, 16])
    assert (of_nan, of_inf) == (2, 4)


def test_only_constants_are_replaced_in_place() -> None:
    x = Tensor(STRANGE.copy())
    assert np.nan_to_num(x, copy=False) is x
    np.testing.assert_array_equal(x.data, np.nan_to_num(STRANGE))
    with pytest.raises(GraphError, match="copy=False"):
        np.nan_to_num(tensor(STRANGE, requires_grad=True), copy=False)
