"""Gradients of complex numbers: which of the two conventions they follow, and that they are never cast in silence."""

from typing import Any

import numpy as np
import pytest

from autograd import DtypeError, GraphError, grad, gradcheck, gradients, jvp, tensor, vjp

Z = np.array([1 + 2j, 3 - 1j])


def test_the_gradient_of_a_real_loss_points_where_it_grows() -> None:
    z = tensor(Z, requires_grad=True)
    (np.absolute(z) ** 2).sum().backward()
    assert np.allclose(z.grad.data, 2 * Z)
    step = 1e-3 * z.grad.data
    assert np.sum(np.abs(Z + step) ** 2) > np.sum(np.abs(Z) ** 2)


def test_the_gradient_is_made_of_those_of_both_parts() -> None:
    z, x, y = (tensor(part, requires_grad=True) for part in (Z, Z.real, Z.imag))
    (z * z * (2 - 1j)).imag.sum().backward()
    w = x + 1j * y
    (w * w * (2 - 1j)).imag.sum().backward()
    assert np.allclose(z.grad.data, x.grad.data + 1j * y.grad.data)
    assert x.grad.dtype == np.float64


def test_gradients_accumulate_conjugated_once() -> None:
    z = tensor(Z, requires_grad=True)
    for _ in range(2):
        z.real.sum().backward()
        z.imag.sum().backward()
    assert np.array_equal(z.grad.data, np.full(2, 2 + 2j))
    (of_z,) = gradients(z.imag.sum(), z)
    assert np.array_equal(of_z.data, np.full(2, 1j))


def test_a_retained_gradient_follows_the_same_convention() -> None:
    z = tensor(Z, requires_grad=True)
    w = 2 * z
    w.retain_grad()
    w.imag.sum().backward()
    assert np.array_equal(w.grad.data, np.full(2, 1j))


def test_second_derivatives() -> None:
    z = tensor(Z, requires_grad=True)
    (first,) = gradients((np.absolute(z) ** 2).sum(), z, create_graph=True)
    assert np.allclose(first.data, 2 * Z)
    (second,) = gradients(first.real.sum() + 3 * first.imag.sum(), z)
    assert np.allclose(second.data, 2 + 6j)


def test_vjp_is_the_adjoint_of_jvp() -> None:
    def function(z: Any) -> Any:
        return np.exp(z) * np.conjugate(z)

    v, w = np.array([0.5 - 1j, 2j]), np.array([1 - 1j, 0.25 + 1j])
    _, pull = vjp(function, Z)
    _, tangent = jvp(function, Z, v)
    assert np.isclose(np.vdot(w, tangent).real, np.vdot(pull(w)[0], v).real)


def test_grad_takes_and_returns_complex_arrays() -> None:
    assert np.allclose(grad(lambda z: np.sum(z.real * z.imag))(Z), Z.imag + 1j * Z.real)
    assert grad(lambda z: np.sum(z.real))(Z.astype(np.complex64)).dtype == np.complex64


@pytest.mark.parametrize("differentiate", [lambda z: (z * z).sum().backward(), lambda z: grad(np.sum)(z.data)])
def test_a_complex_loss_has_no_gradient_of_its_own(differentiate: object) -> None:
    with pytest.raises((GraphError, DtypeError), match="take its real part"):
        differentiate(tensor(Z, requires_grad=True))  # type: ignore[operator]  # each is a function


def test_gradcheck_sees_a_missing_conjugate() -> None:
    assert gradcheck(lambda z: np.conjugate(z) * z, Z, fast_mode=True)
    wrong = gradcheck(lambda z: z.detach().conj() * z, Z, raise_exception=False)
    assert not wrong.ok


def test_the_sign_of_complex_infinities_is_numpys() -> None:
    z = np.array([complex(np.inf, 0), complex(0, -np.inf), 3 + 4j, 0])
    found: Any = np.sign(tensor(z, requires_grad=True))
    np.testing.assert_allclose(found.data, np.sign(z), rtol=1e-15)


def test_a_gradient_that_is_narrowed_stays_complex() -> None:
    z = tensor(Z.astype(np.complex64), requires_grad=True)
    (z * np.array([2j, 3.0 + 1j])).real.sum().backward()
    assert z.grad.dtype == np.complex64
    assert np.allclose(z.grad.data, [-2j, 3.0 - 1j])
