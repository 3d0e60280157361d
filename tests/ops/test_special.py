"""SciPy's special functions on tensors: edges, tails, and how they are found."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from scipy.special import _ufuncs

import autograd.special
from autograd import GraphError, Tensor, UnsupportedError, grad, gradients, tensor
from autograd.testing import arrays, check_operation

Function = Callable[..., Any]
F32, F64 = (lambda x: np.array(x, np.float32)), (lambda x: np.array(x, np.float64))


def slope(function: Function, *inputs: Any, of: int = 0) -> Any:
    """Return the derivative of each element with respect to one of the inputs."""
    leaves = [tensor(x, requires_grad=True) for x in inputs]
    (found,) = gradients(function(*leaves), [leaves[of]], np.ones(np.broadcast_shapes(*map(np.shape, inputs))))
    assert found is not None
    return found.data


def second(function: Function, x: Any) -> Any:
    x = tensor(x, requires_grad=True)
    (first,) = gradients(function(x), [x], np.ones(x.shape), create_graph=True)
    assert first is not None
    (found,) = gradients(first, [x], np.ones(x.shape))
    assert found is not None
    return found.data


# How they are found


def test_scipy_is_not_imported() -> None:
    code = (
        "import sys, numpy as np, autograd\n"
        "x = autograd.tensor([1.0, 2.0], requires_grad=True)\n"
        "np.sum(np.exp(x)).backward()\n"
        "np.maximum.reduceat(x.detach(), [0])\n"
        "assert 'scipy' not in sys.modules\n"
        "from scipy import special\n"
        "special.erf(x).sum().backward()\n"
        "print(x.grad.data.round(4).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[3.1334, 7.4097]\n", done.stderr


@pytest.mark.parametrize(
    "call", [lambda x: special.gammainc(x, x), lambda x: special.jv(2, x), special.erf, special.sici]
)
def test_constant_tensors_give_constant_tensors(call: Function) -> None:
    x = np.array([0.5, 1.5], np.float32)
    results, expected = call(tensor(x)), call(x)
    pairs = zip(results, expected, strict=True) if isinstance(expected, tuple) else [(results, expected)]
    for result, array in pairs:
        assert isinstance(result, Tensor)
        assert not result.requires_grad
        assert result.dtype == array.dtype
        assert np.array_equal(result.data, array)


def test_scipy_as_it_dispatches_by_the_array_api() -> None:
    code = (
        "import numpy as np, autograd\n"
        "from scipy import special\n"
        "x = autograd.tensor([0.5, 1.5], requires_grad=True)\n"
        "total = special.erf(x) + special.betainc(x, 2.0, 0.5) + special.polygamma(1, x) + special.zeta(2, x)\n"
        "(total * special.softmax(x) + special.multigammaln(x, 1) + special.jv(1, x)).sum().backward()\n"
        "print(np.isfinite(x.grad.data).all())\n"
    )
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "True\n", done.stderr


def test_they_are_no_methods_of_tensors() -> None:
    assert not hasattr(tensor([1.0]), "gammainc")
    assert tensor([1.0]).log1p().data == np.log1p(1.0)


def test_keywords_and_methods_of_ufuncs() -> None:
    x = tensor([0.5, -1.0], requires_grad=True)
    y = special.erf(x, where=np.array([True, False]))
    assert np.array_equal(y.data, [special.erf(0.5), 0])
    outer = special.beta.outer(tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 4.0]))
    assert np.allclose(outer.data, special.beta.outer([1.0, 2.0], [3.0, 4.0]))
    assert outer.requires_grad


def test_what_is_constant_between_its_steps_has_the_derivative_0() -> None:
    x = tensor([-0.5, 0.5], requires_grad=True)
    signs = special.gammasgn(x)
    (signs * x + special.round(x)).sum().backward()
    assert np.array_equal(signs.data, [-1, 1])
    assert np.array_equal(x.grad.data, [-1, 1])


def test_an_undeclared_function_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="kolmogorov"):
        special.kolmogorov(tensor([0.5], requires_grad=True))


def test_an_order_is_not_differentiable() -> None:
    with pytest.raises(
        UnsupportedError, match=r"jv, at .*, has a derivative here in its last argument alone: the others"
    ):
        special.jv(tensor(0.5, requires_grad=True), tensor(1.0, requires_grad=True))


def test_half_precision_is_what_scipy_makes_of_it() -> None:
    x, y = (tensor(np.array([0.5, 1.5], np.float16), requires_grad=True) for _ in range(2))
    z = special.beta(x, y)
    assert z.dtype == special.beta(x.data, y.data).dtype
    assert z.dtype != np.float16
    (found,) = gradients(z, [x], np.ones(2))
    assert found is not None
    assert found.dtype == np.float16


@pytest.mark.parametrize("x", [np.float32(0.75), np.array([0.25, 0.75], np.float32)])
def test_single_precision_beside_python_numbers(x: Any) -> None:
    for call in (
        lambda x: special.betainc(2.0, 0.5, x),
        lambda x: special.gammainc(2.0, x),
        lambda x: special.gammainc(x, 2.0),
        lambda x: special.stdtr(5.0, x),
        lambda x: special.boxcox(2.0, x),
        special.ellipk,
    ):
        assert slope(call, x).dtype == np.float32


# Tails and edges


def test_tails_of_the_normal_distribution() -> None:
    x = np.array([-1e8, -1e4, -40.0, 0.0, 40.0, 1e8])
    hazard = np.array([1e8, 1e4 + 1e-4, 40.02496893, np.sqrt(2 / np.pi), 0, 0])
    assert np.allclose(slope(special.log_ndtr, x), hazard, rtol=1e-8, atol=0)
    assert np.allclose(second(special.log_ndtr, x)[[0, 1, 3, 5]], [-1, -1, -2 / np.pi, 0], rtol=1e-6)
    y = np.array([-1e6, -1e-20])
    assert np.allclose(slope(special.ndtri_exp, y), 1 / slope(special.log_ndtr, special.ndtri_exp(y)), rtol=1e-9)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_tails_of_the_error_functions() -> None:
    x = np.array([50.0, 1e4, 1e8])
    assert np.allclose(slope(special.erfcx, x), -1 / (np.sqrt(np.pi) * x**2) * (1 - 1.5 / x**2), rtol=1e-6)
    assert np.allclose(slope(special.dawsn, x), -1 / (2 * x**2) * (1 + 1.5 / x**2), rtol=1e-6)
    assert slope(special.erfcx, [np.inf]) == 0
    assert np.array_equal(slope(special.erfinv, [-1.0, 1.0]), [np.inf, np.inf])


def test_logistic_functions_are_exact_in_both_tails() -> None:
    x = np.array([-800.0, -40.0, 40.0, 800.0])
    tail = np.exp(-40.0)
    assert np.allclose(slope(special.expit, x), [0, tail, tail, 0], rtol=1e-12, atol=0)
    assert np.allclose(slope(special.log_expit, x), [1, 1, tail, 0], rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    "function", [special.exprel, special.ellipk, special.ellipe, special.dawsn, special.j1, special.i1]
)
def test_second_derivatives_at_removable_singularities(function: Function) -> None:
    check_operation(function, np.zeros(2))


def test_spence_at_one() -> None:
    check_operation(special.spence, np.ones(1))


def test_boxcox_at_zero() -> None:
    x = np.array([0.25, 2.0])
    assert np.allclose(slope(special.boxcox, x, np.zeros(2), of=1), np.log(x) ** 2 / 2, rtol=1e-12)
    assert np.allclose(slope(special.boxcox, np.zeros(1), np.full(1, 2.0), of=1), 0.25)
    assert np.allclose(slope(special.inv_boxcox, x, np.zeros(2), of=1), -(x**2) / 2 * np.exp(x), rtol=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_inverse_boxcox_where_the_product_overflows(sign: float) -> None:
    x, y = sign * np.full(1, 3e161), sign * np.full(1, 2e155)
    expected = sign * (1 - np.log(3e161) - np.log(2e155)) / 2e155 / 2e155  # of exp(log(x y) / y), which is 1
    for function in (special.inv_boxcox, special.inv_boxcox1p):
        assert np.allclose(slope(function, x, y, of=1), sign * expected, rtol=1e-3, atol=0)  # a subnormal number


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_entropies_at_zero() -> None:
    zero, one = np.zeros(1), np.ones(1)
    assert slope(special.entr, zero) == np.inf
    assert slope(special.xlogy, zero, zero, of=1) == 0
    assert slope(special.xlogy, zero, zero) == -np.inf
    assert slope(special.xlog1py, zero, -one, of=1) == 0
    assert slope(special.rel_entr, zero, zero, of=1) == 0
    assert slope(special.rel_entr, zero, zero) == 1
    assert slope(special.kl_div, zero, zero) == 0
    assert slope(special.kl_div, zero, zero, of=1) == 1
    assert slope(special.kl_div, zero, one) == -np.inf
    assert np.allclose(slope(special.kl_div, one, one * 1e-310), 310 * np.log(10))


def test_the_reciprocal_of_gamma_has_no_poles() -> None:
    assert np.allclose(slope(special.rgamma, [0.0, -1.0, -2.0, -3.0]), [1, -1, 2, -6])
    check_operation(special.rgamma, np.array([-2.0, -1.0, 0.0]))


def test_binomial_coefficients_that_are_zero_have_derivatives() -> None:
    check_operation(special.binom, np.array([2.0, 3.0, 4.0]), np.array([3.0, 5.0, -1.0]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_gamma_function_has_no_derivative_at_its_poles() -> None:
    assert np.isnan(slope(special.gammaln, [-1.0]))
    assert np.isfinite(second(special.gammaln, [-1e10 + 0.5]))


def test_incomplete_functions_in_their_shapes() -> None:
    # of mpmath, by differences at 90 digits
    assert np.allclose(slope(special.gammainc, [0.001, 100.0], [0.001, 100.0])[0], -6.2932038249004245, rtol=1e-9)
    assert np.allclose(slope(special.betainc, [50.0], [0.02], [0.9999]), -0.0003655430319906968, rtol=1e-9)
    tiny = [1e-9, 0.5, 1e-3], [1e-9, 1e-5, 1e-8]
    expected = [-20.14604976882648, -0.041211059712823385, -17.529499859061197]
    assert np.allclose(slope(special.gammainc, *tiny), expected, rtol=1e-13)
    for x in (0.0, np.inf):
        assert slope(special.gammainc, [2.0], [x]) == 0
    for x in (0.0, 1.0):
        assert slope(special.betainc, [2.0], [2.0], [x]) == 0


def test_struve_and_bessel_at_large_arguments() -> None:
    x = np.array([1e3])
    assert np.isfinite(slope(lambda t: special.ive(1.0, t), x))
    assert np.isfinite(slope(special.k1e, x))
    assert np.allclose(slope(special.i0e, [0.0]), 0)


def test_complex_functions_of_the_gamma_family() -> None:
    z = np.array([0.5 + 1j, 2 - 0.5j, -1.25 + 0.75j])
    for function in (special.gamma, special.psi, special.rgamma, special.loggamma, special.wofz, special.sici):
        check_operation(function, z)


@pytest.mark.parametrize("function", [special.i0e, special.i1e, *(lambda x, n=n: special.ive(n, x) for n in (0, 1, 2))])
def test_scaled_bessel_functions_of_negative_numbers(function: Function) -> None:
    check_operation(function, np.array([-4.0, -1.5, -0.25, 0.75]))


def test_scaled_bessel_functions_are_not_analytic() -> None:
    with pytest.raises(Exception, match="use jv"):
        special.jve(0.5, tensor([1 + 1j], requires_grad=True)).backward(np.ones(1, complex))


# Functions that SciPy writes in Python


def test_what_converts_names_the_remedy() -> None:
    with pytest.raises(GraphError, match=r"autograd\.special"):
        special.softmax(tensor([1.0], requires_grad=True))


@given(data=st.data())
def test_reductions_are_those_of_scipy(data: st.DataObject) -> None:
    x = data.draw(arrays(st.sampled_from([(3,), (2, 3), (1, 2, 2)])))
    axis = data.draw(st.sampled_from([None, 0, -1]) | st.just(tuple(range(x.ndim))))
    for name in ("softmax", "log_softmax"):
        ours, theirs = getattr(autograd.special, name), getattr(special, name)
        check_operation(lambda x, ours=ours: ours(x, axis), x)
        assert np.allclose(ours(x, axis), theirs(x, axis), rtol=1e-13)
    keepdims = data.draw(st.booleans())
    factor = data.draw(arrays(x.shape, between=(0.5, 2.0)) | arrays(x.shape[-1:], between=(0.5, 2.0)))
    assert np.allclose(
        autograd.special.logsumexp(x, axis, factor, keepdims), special.logsumexp(x, axis, factor, keepdims), rtol=1e-13
    )
    check_operation(lambda x, b: autograd.special.logsumexp(x, axis, b, keepdims), x, factor)
    check_operation(lambda x: autograd.special.logsumexp(x, axis, keepdims=keepdims), x)


def test_logsumexp_with_signs() -> None:
    a, b = np.array([1.0, 2.0, 0.5]), np.array([1.0, -2.0, 0.0])
    result, sign = autograd.special.logsumexp(tensor(a, requires_grad=True), b=b, return_sign=True)
    expected, expected_sign = special.logsumexp(a, b=b, return_sign=True)
    assert np.allclose(result.data, expected)
    assert sign == expected_sign
    check_operation(lambda a, b: autograd.special.logsumexp(a, b=b, return_sign=True)[0], a, b)
    assert np.isnan(autograd.special.logsumexp(tensor(a), b=b).data)
    overflowing = autograd.special.logsumexp(tensor([5000.0, 1.0], requires_grad=True), b=[0.0, 1.0])
    assert overflowing.data == 1


@given(arrays(between=(2.0, 6.0)), st.integers(1, 4))
def test_multigammaln(a: Any, d: int) -> None:
    assert np.allclose(autograd.special.multigammaln(Tensor(a), d).data, special.multigammaln(a, d), rtol=1e-13)
    check_operation(lambda a: autograd.special.multigammaln(a, d), a)


def test_multigammaln_raises_as_in_scipy() -> None:
    with pytest.raises(ValueError, match="not met"):
        autograd.special.multigammaln(tensor([0.25], requires_grad=True), 2)


def test_polygamma_is_scipys() -> None:
    x = np.array([[0.5], [2.0]])
    assert np.array_equal(autograd.special.polygamma([0, 1, 2], tensor(x)).data, special.polygamma([0, 1, 2], x))
    assert np.array_equal(autograd.special.polygamma(1, x), special.polygamma(1, x))


def test_zeta_and_lambertw_reach_the_ufuncs() -> None:
    assert np.allclose(slope(lambda q: special.zeta(3, q), [2.0]), -3 * special.zeta(4, 2.0))
    x = tensor([0.0, 1.0], requires_grad=True)
    np.real(special.lambertw(x)).sum().backward()
    omega = special.lambertw(1.0).real
    assert np.allclose(x.grad.data, [1, omega / (1 + omega)])
    with pytest.raises(UnsupportedError):
        special.zeta(tensor([2.0], requires_grad=True))


def test_every_declared_ufunc_is_public_or_reached_by_a_public_one() -> None:
    from autograd.tensors.dispatch import operations

    own = [f for f in operations if isinstance(f, np.ufunc) and getattr(_ufuncs, f.__name__, None) is f]
    assert len(own) > 100
    assert {f.__name__ for f in own if not hasattr(special, f.__name__)} == {"_zeta"}


@pytest.mark.parametrize(
    ("a", "b", "sign"), [(2, 3, 1), (0.5, 1.5, 1), (-2.5, 3, -1), (-0.5, -1.5, -1), (3, 3, 1), (2, -3, 1)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_hyp1f1_ends_far_out(a: float, b: float, sign: int, dtype: Any) -> None:
    """SciPy's own adds up a series there that has as many terms as the argument is large."""
    far = np.array([1e15, 1e30, np.inf], dtype)
    x = tensor(far, requires_grad=True)
    y = special.hyp1f1(a, b, x)
    assert y.dtype == dtype
    assert np.array_equal(y.data, np.full(3, sign * np.inf))
    with pytest.warns(RuntimeWarning, match="has inf in 3 of 3"):
        y.sum().backward()
    # the slope of what grows like an exponential function has its sign; at a pole of b the sign is that of a / b
    assert np.array_equal(x.grad.data, np.full(3, (np.sign(a / b) if b == -3 else sign) * np.inf))
    assert np.isnan(special.hyp1f1(a, b, tensor(dtype(np.nan))).data)


def test_hyp1f1_that_is_a_polynomial_does_not_overflow_far_out() -> None:
    x = tensor([1.0, 1e17], requires_grad=True)
    y = special.hyp1f1(-1.0, 2.0, x)
    y.sum().backward()
    assert np.allclose(y.data, 1 - x.data / 2)
    assert np.array_equal(x.grad.data, [-0.5, -0.5])


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (-2.5, -2.5), (4, 2), (3, 2)])
def test_hyp1f1_ends_far_out_on_the_other_side(a: float, b: float) -> None:
    x = tensor([-1e17, -np.inf, -1.0], requires_grad=True)
    y = special.hyp1f1(a, b, x)
    y.sum().backward()
    assert np.array_equal(y.data, [0, 0, special.hyp1f1(a, b, -1.0)])
    assert np.array_equal(x.grad.data, [0, 0, a / b * special.hyp1f1(a + 1, b + 1, -1.0)])


# What a checker that tries numbers of all sizes found


def test_distributions_of_large_shape_in_single_precision() -> None:
    for function, at in ((special.gammainccinv, (5e4, 7e-5)), (special.chdtri, (1e5, 7e-5))):
        single, double = (slope(function, *(dtype([x]) for x in at)) for dtype in (F32, F64))
        assert np.allclose(single, double, rtol=1e-4)


def test_struve_functions_of_order_0_are_differentiable_twice_at_0() -> None:
    for function in (special.struve, special.modstruve):
        assert second(lambda x, function=function: function(0, x), [0.0]) == 0


def test_binomial_coefficients_far_beyond_the_diagonal() -> None:
    # of mpmath
    assert np.allclose(slope(special.binom, [4.25], [350.5]), -2.65538801101372e-12, rtol=1e-10, atol=0)
    assert np.allclose(slope(special.binom, [4.25], [350.5], of=1), 1.11778099227896e-12, rtol=1e-10, atol=0)


def test_far_quantiles_of_the_t_distribution() -> None:
    check_operation(special.stdtrit, np.array(0.1), np.array(0.001), order=1)


def test_fresnel_integrals_in_half_precision() -> None:
    assert np.isfinite(slope(lambda x: special.fresnel(x)[0], np.array([391.0], np.float16)))


def test_beta_distributions_at_the_limits_of_their_shapes() -> None:
    check_operation(special.betainc, np.array([2.9, 0.0]), np.array([0.0, 2.9]), np.array([0.62, 0.62]))


def test_the_voigt_profile_without_a_gaussian_is_that_of_cauchy() -> None:
    check_operation(special.voigt_profile, np.array([1.5, 0.0]), np.array(0.0), np.array(3.0))


def test_powers_of_a_number_near_1_in_single_precision() -> None:
    found = slope(special.boxcox1p, np.array([4e-9], np.float32), np.array([1.2e7], np.float32))
    assert np.allclose(found, np.exp(1.2e7 * 4e-9), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:the gradient of a tensor")
@pytest.mark.parametrize("function", [special.gdtr, special.gdtrc])
@pytest.mark.parametrize("x", [0.0, 0.3])
@pytest.mark.parametrize("a", [0.0, 0.5])
def test_gamma_variates_at_0_have_no_nan(function: Any, a: float, x: float) -> None:
    """The density of a shape below 1 is infinite there, and what it is multiplied by is 0."""
    by_rate, by_shape, by_x = grad(function, (0, 1, 2))(a, 0.5, x)
    assert not np.isnan([by_rate, by_shape, by_x]).any()
    if a == 0:
        assert by_x == 0
    if x == 0:
        assert by_rate == by_shape == 0


@pytest.mark.parametrize(
    ("function", "place"),
    [
        (special.stdtr, (14966.853, -2.2472935)), (special.stdtrit, (14966.853, 0.2939453125)),
        (special.fdtr, (10130.0, 32.5, 1.0390625)), (special.fdtrc, (10130.0, 32.5, 1.0390625)),
    ],
)  # fmt: skip
def test_shapes_of_variates_lose_no_digits_in_single_precision(function: Any, place: tuple[float, ...]) -> None:
    narrow = [np.float32(value) for value in place]
    argnums = tuple(range(len(place)))
    found, expected = grad(function, argnums)(*narrow), grad(function, argnums)(*map(float, narrow))
    np.testing.assert_allclose(found, expected, rtol=3e-3 if function is special.stdtrit else 1e-4)


@pytest.mark.parametrize(
    ("function", "place", "of", "expected"),
    [
        (special.betainc, (1.65e-12, 11.0, 5.2e-10), 0, -18.448224055025822),
        (special.betainc, (1e-9, 2.0, 0.01), 0, -3.6151701738987359),
        (special.betaincc, (11.0, 1.65e-12, 1 - 2.0**-30), 1, None),
        (special.betainc, (1e10, 3e10, 0.25), 2, 184263.54638304877),
        (special.fdtr, (10.0, 1e-12, 3e11), 1, 26.638660592873355),
        (special.gammainc, (1e10, 1e10 + 2e5), 1, 5.3991326442916617e-7),
        (special.binom, (5e8, -2.9), 1, 3.0710214281757115e-25),
    ],
)  # fmt: skip
def test_tiny_and_huge_parameters_lose_no_digits(
    function: Any, place: tuple[float, ...], of: int, expected: float | None
) -> None:
    if expected is None:  # the same integral from the other end
        a, b, x = place
        expected = float(slope(special.betainc, [b], [a], [1 - x], of=0)[0])
    found = slope(function, *([value] for value in place), of=of)
    np.testing.assert_allclose(found, expected, rtol=1e-9)  # of mpmath


def test_second_derivatives_in_a_tiny_shape() -> None:
    np.testing.assert_allclose(second(lambda a: special.gammainc(a, 0.75), [1e-11]), -0.55234643520052713, rtol=1e-9)


def test_the_gamma_variate_of_shape_0_is_differentiable_twice() -> None:
    check_operation(special.gammainc, np.array([0.0, 2.5]), np.array([3.4, 3.4]))


@pytest.mark.parametrize("x", [0.0, -0.0])
@pytest.mark.parametrize("function", [special.fdtr, special.fdtrc])
def test_f_variates_at_0_have_no_nan(function: Any, x: float) -> None:
    assert grad(function, (0, 1))(1.01, 1.04, x) == (0, 0)


@pytest.mark.parametrize(
    ("function", "place"),
    [
        (special.gammaincinv, (5136718750.0, 0.07275390625)), (special.gammainccinv, (5136718750.0, 0.07275390625)),
        (special.chdtri, (3285156250.0, 0.022314453125)), (special.betaincinv, (5091.0, 52.75, 7.5e-13)),
        (special.betainccinv, (5091.0, 52.75, 7.5e-13)), (special.struve, (2.5, 1e6)), (special.modstruve, (2.5, 60.0)),
        (special.voigt_profile, (-20.0, 2.8e-13, 3e11)), (special.inv_boxcox, (-4340820312.5, -19531250000.0)),
    ],
)  # fmt: skip
def test_quantiles_and_tails_keep_their_digits_in_single_precision(function: Any, place: tuple[float, ...]) -> None:
    of = len(place) - 1
    narrow = [np.float32(value) for value in place]
    found, expected = grad(function, of)(*narrow), grad(function, of)(*map(float, narrow))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_struve_functions_far_out() -> None:
    np.testing.assert_allclose(slope(lambda x: special.struve(2.5, x), [1e6]), 149.60363440213357, rtol=1e-12)


def test_the_inverse_of_boxcox_is_flat_where_its_base_overflows() -> None:
    assert slope(special.inv_boxcox, [2.3e161], [2.6e155]) == 0
    assert slope(special.inv_boxcox1p, [2.3e161], [2.6e155]) == 0


def test_poch_far_below_zero_where_gamma_functions_leave_the_range() -> None:
    x, y = np.array([-684.0, -684.0, -684.3, -300.0]), np.array([0.5, -0.25, 0.5, -0.5])
    expected = [82.1783259880271, -0.868563696231737, 237.937621635936, -0.181153604434844]  # mpmath's
    assert np.allclose(slope(special.poch, x, y), expected, rtol=1e-10)


@pytest.mark.thorough
def test_second_derivatives_where_terms_are_left_out() -> None:
    """At shapes of 1 the beta density leaves out a power of 0; at 0 the t distribution does not change with v."""
    for shapes in ((1.0, 2.9), (2.0, 1.0), (1.0, 1.0)):
        for function in (special.betainc, special.betaincinv):
            check_operation(function, *np.array([[*shapes, 0.3]]).T)
    check_operation(special.stdtr, np.array([3.0, 3.0]), np.array([0.0, 1.0]))
    check_operation(special.stdtrit, np.array([3.0, 3.0]), np.array([0.5, 0.7]))


def test_the_complementary_quantile_next_to_1_is_as_steep_as_it_is() -> None:
    """It is 1 - sqrt(y) there, which rounds to 1."""
    assert np.allclose(slope(special.betainccinv, [1.0], [2.0], [4e-36], of=2), -0.5 / 2e-18, rtol=1e-9)
