"""What is special to Fourier transforms: values, padding and cropping, half spectra, single precision, errors."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, grad, tensor

from .agreement import Function, assert_numpys, name

Array = np.ndarray[Any, Any]

random = np.random.default_rng(5)
REAL = random.standard_normal((3, 4, 5))
COMPLEX = REAL + 1j * random.standard_normal(REAL.shape)

ONE_AXIS = [np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft]
SEVERAL = [np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn]
PLANES = [np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2]
OF_REAL = [np.fft.rfft, np.fft.ihfft, np.fft.rfftn, np.fft.rfft2]


def inputs_of(function: Function) -> list[Array]:
    inputs: list[Array] = [REAL, REAL.astype(np.float32), REAL[:1], REAL[:0]]
    return inputs if function in OF_REAL else [*inputs, COMPLEX, COMPLEX.astype(np.complex64)]


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("function", ONE_AXIS, ids=name)
def test_transforms_along_an_axis_are_numpys(function: Function, norm: Any) -> None:
    for x in inputs_of(function):
        for n in (None, 1, 3, 4, 9):
            for axis in (-1, 1):
                assert_numpys(function, x, n=n, axis=axis, norm=norm)


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("function", SEVERAL + PLANES, ids=name)
def test_transforms_along_several_axes_are_numpys(function: Function, norm: Any) -> None:
    for x in inputs_of(function)[0::2]:
        assert_numpys(function, x, norm=norm)
        for axes in ((0, 2), [2, -2], (1,), (1, 1)):
            assert_numpys(function, x, axes=axes, norm=norm)
            assert_numpys(function, x, s=(3, 6)[: len(axes)], axes=axes, norm=norm)
            assert_numpys(function, x, s=(-1, 3)[: len(axes)], axes=axes, norm=norm)


@pytest.mark.parametrize("function", [np.fft.fftshift, np.fft.ifftshift], ids=name)
def test_shifts_are_numpys(function: Function) -> None:
    for axes in (None, 0, -1, np.int64(1), (0, 2), [1]):
        assert_numpys(function, REAL, axes=axes)
    assert_numpys(function, REAL[:, :0])


@pytest.mark.parametrize("function", ONE_AXIS, ids=name)
def test_the_first_argument_may_be_named(function: Function) -> None:
    np.testing.assert_array_equal(function(a=tensor(REAL), axis=1).data, function(REAL, axis=1))


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize(("function", "inverse"), [(np.fft.rfft, np.fft.irfft), (np.fft.ihfft, np.fft.hfft)], ids=name)
def test_there_and_back_is_the_identity_also_of_its_gradient(function: Function, inverse: Function, size: int) -> None:
    x, weights = random.standard_normal((2, size))
    np.testing.assert_allclose(grad(lambda x: (inverse(function(x), size) * weights).sum())(x), weights, atol=1e-14)


def test_the_energy_of_a_signal_is_that_of_its_spectrum() -> None:
    def energy(x: Any) -> Any:
        return (np.abs(np.fft.fft(x, norm="ortho")) ** 2).sum()

    np.testing.assert_allclose(grad(energy)(REAL[0, 0]), 2 * REAL[0, 0], rtol=1e-12)


def test_what_is_cropped_away_has_no_gradient() -> None:
    found = grad(lambda x: np.abs(np.fft.fft(x, 3)).sum())(REAL[0, 0])
    assert np.all(found[:3] != 0)
    assert np.all(found[3:] == 0)


def test_imaginary_parts_that_are_not_looked_at_have_no_gradient() -> None:
    x = tensor(COMPLEX[0, 0, :4], requires_grad=True)
    np.fft.irfft(x)[1].backward()
    assert x.grad.data.imag[0] == x.grad.data.imag[-1] == 0
    assert np.all(x.grad.data.imag[1:-1] != 0)


@pytest.mark.parametrize("function", [*ONE_AXIS, *SEVERAL, *PLANES], ids=name)
def test_single_precision_stays(function: Function) -> None:
    x = tensor(REAL.astype(np.float32), requires_grad=True)
    y = function(x)
    assert y.dtype in (np.float32, np.complex64)
    np.abs(y).sum().backward()
    assert x.grad.dtype == np.float32


def test_a_filter_is_learned_through_the_spectrum() -> None:
    """The derivative of a circular convolution is a circular correlation."""
    x, kernel, weights = random.standard_normal((3, 7))

    def filtered(kernel: Any) -> Any:
        return (np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(kernel), 7) * weights).sum()

    expected = [np.sum(weights * np.roll(x, k)) for k in range(7)]
    np.testing.assert_allclose(grad(filtered)(kernel), expected, rtol=1e-12)


def test_wrong_arguments_raise_what_numpy_raises() -> None:
    x = tensor(REAL, requires_grad=True)
    unknown: Any = "unitary"
    with pytest.raises(ValueError, match="norm"):
        np.fft.fft(x, norm=unknown)
    with pytest.raises(ValueError, match="Invalid number of FFT data points"):
        np.fft.irfft(x, 0)
    with pytest.raises(IndexError):
        np.fft.fft(x, axis=3)
    with pytest.raises(ValueError, match="shorter"):
        np.fft.fftn(x, s=(3, 4), axes=(0,))
    with pytest.raises(np.exceptions.AxisError):
        np.fft.fftshift(x, axes=3)


@pytest.mark.parametrize("function", [*ONE_AXIS, *SEVERAL], ids=name)
def test_no_result_is_written_to_memory_outside_the_graph(function: Function) -> None:
    with pytest.raises(GraphError, match="out="):
        function(tensor(REAL, requires_grad=True), out=np.empty(REAL.shape, complex))
