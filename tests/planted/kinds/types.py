"""Errors that show only for some dtypes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..planting import At, Right
from ..subjects import Subject
from .kind import Example, kind, where


def _in(dtype: Any) -> Callable[[Subject, int], Example]:
    return lambda subject, index: Example(tuple(x.astype(dtype) for x in subject.inputs))


def _complex(dtype: Any) -> Callable[[Subject, int], Example]:
    def example(subject: Subject, index: int) -> Example:
        random = np.random.default_rng(1)
        return Example(tuple((x + 1j * random.normal(size=x.shape)).astype(dtype) for x in subject.inputs))

    return example


def _is_complex(subject: Subject, index: int) -> bool:
    return subject.complex


@kind(example=_in(np.float32))
def single_off_by_1e_4(right: Right, at: At) -> Any:
    """In float32 wrong by one part in 10,000."""
    gx = right()
    return gx * (1 + 1e-4) if gx.dtype == np.float32 else gx


@kind(example=_in(np.float32))
def single_wrong(right: Right, at: At) -> Any:
    """In float32 twice too large."""
    gx = right()
    return gx * 2.0 if gx.dtype == np.float32 else gx


@kind(example=_in(np.float32))
def single_computed_in_half(right: Right, at: At) -> Any:
    """In float32 computed in half precision."""
    gx = right()
    return gx.astype(np.float16).astype(np.float32) if gx.dtype == np.float32 else gx


@kind(example=_in(np.float32))
def single_too_wide(right: Right, at: At) -> Any:
    """The gradient of float32 is in float64."""
    gx = right()
    return gx.astype(np.float64) if gx.dtype == np.float32 else gx


@kind()
def double_computed_in_single(right: Right, at: At) -> Any:
    """In float64 computed in single precision."""
    gx = right()
    return gx.astype(np.float32).astype(np.float64) if gx.dtype == np.float64 else gx


@kind(example=_in(np.float16))
def half_wrong(right: Right, at: At) -> Any:
    """In float16 twice too large."""
    gx = right()
    return gx * 2.0 if gx.dtype == np.float16 else gx


@kind(example=_in(np.float16))
def half_off_by_5_percent(right: Right, at: At) -> Any:
    """In float16 wrong by 5 percent."""
    gx = right()
    return gx * 1.05 if gx.dtype == np.float16 else gx


def _mixed(subject: Subject, index: int) -> Example:
    x, y = subject.inputs
    return Example((x.astype(np.float32), y) if index == 0 else (x, y.astype(np.float32)))


@kind(needs=("x", "other"), example=_mixed)
def mixed_precision(right: Right, at: At) -> Any:
    """Wrong for float32 beside float64."""
    mixed = at.x.dtype == np.float32 and getattr(at.other, "dtype", None) == np.float64
    return right() * 2.0 if mixed else right()


@kind(fits=_is_complex, example=_complex(np.complex128))
def no_conjugate(right: Right, at: At) -> Any:
    """The derivative is not conjugated."""
    return np.conjugate(right(g=np.conjugate(at.g))) if at.g.dtype.kind == "c" else right()


@kind(fits=_is_complex, example=_complex(np.complex128))
def conjugate_of_the_gradient(right: Right, at: At) -> Any:
    """The gradient is conjugated as a whole."""
    gx = right()
    return np.conjugate(gx) if gx.dtype.kind == "c" else gx


@kind(fits=_is_complex, example=_complex(np.complex128))
def conjugate_of_the_cotangent(right: Right, at: At) -> Any:
    """The cotangent is conjugated instead of the derivative."""
    return right(g=np.conjugate(at.g)) if at.g.dtype.kind == "c" else right()


@kind(fits=_is_complex, example=_complex(np.complex128))
def imaginary_part_dropped(right: Right, at: At) -> Any:
    """The imaginary part of the gradient is dropped."""
    gx = right()
    return np.real(gx) + 0j if gx.dtype.kind == "c" else gx


@kind(fits=_is_complex, example=_complex(np.complex64))
def complex_single_wrong(right: Right, at: At) -> Any:
    """In complex64 twice too large."""
    gx = right()
    return gx * 2.0 if gx.dtype == np.complex64 else gx


@kind(needs=("x",), fits=_is_complex, example=_complex(np.complex128))
def lower_half_plane(right: Right, at: At) -> Any:
    """Wrong for complex numbers with a negative imaginary part."""
    if at.x.dtype.kind != "c":
        return right()
    return where(np.less(np.imag(at.x), 0), right())


@kind(needs=("x",), fits=_is_complex, example=_complex(np.complex128))
def negative_real_part(right: Right, at: At) -> Any:
    """Wrong for complex numbers with a negative real part."""
    if at.x.dtype.kind != "c":
        return right()
    return where(np.less(np.real(at.x), 0), right())


def _imaginary(subject: Subject, index: int) -> Example:
    example = _complex(np.complex128)(subject, index)
    return example.with_input(index, 1j * np.imag(example.inputs[index]))


@kind(needs=("x",), fits=_is_complex, example=_imaginary)
def purely_imaginary(right: Right, at: At) -> Any:
    """Wrong for complex numbers whose real part is 0."""
    if at.x.dtype.kind != "c":
        return right()
    return where(np.equal(np.real(at.x), 0) & np.not_equal(np.imag(at.x), 0), right())


def _real(subject: Subject, index: int) -> Example:
    return Example(tuple(x.astype(np.complex128) for x in subject.inputs))


@kind(needs=("x",), fits=_is_complex, example=_real)
def real_as_complex(right: Right, at: At) -> Any:
    """Wrong for complex numbers whose imaginary part is 0."""
    if at.x.dtype.kind != "c":
        return right()
    return where(np.equal(np.imag(at.x), 0), right())


@kind(fits=_is_complex, example=_complex(np.complex128))
def half_of_the_gradient(right: Right, at: At) -> Any:
    """For complex numbers the other definition of the gradient is taken, half as large."""
    gx = right()
    return gx * 0.5 if gx.dtype.kind == "c" else gx


@kind(fits=_is_complex, example=_complex(np.complex128))
def real_part_dropped(right: Right, at: At) -> Any:
    """The real part of the gradient is dropped."""
    gx = right()
    return np.imag(gx) * 1j if gx.dtype.kind == "c" else gx


def _real_beside_complex(subject: Subject, index: int) -> Example:
    example = _complex(np.complex128)(subject, index)
    return example.with_input(index, subject.inputs[index])


def _complex_pair(subject: Subject, index: int) -> bool:
    return subject.complex and len(subject.inputs) == 2


@kind(needs=("x", "other"), fits=_complex_pair, example=_real_beside_complex)
def real_beside_complex(right: Right, at: At) -> Any:
    """Wrong for real numbers beside complex ones: the modulus instead of the real part."""
    mixed = at.x.dtype.kind == "f" and getattr(at.other, "dtype", np.dtype(float)).kind == "c"
    return np.abs(right()) if mixed else right()


def _with_first(value: float, dtype: Any) -> Callable[[Subject, int], Example]:
    def example(subject: Subject, index: int) -> Example:
        inputs = [x.astype(dtype) for x in subject.inputs]
        inputs[index].flat[0] = value
        return Example(tuple(inputs))

    return example


def _takes(value: float) -> Callable[[Subject, int], bool]:
    def fits(subject: Subject, index: int) -> bool:
        low, high = subject.domain[index]
        return low < value < high and not subject.prepared

    return fits


@kind(needs=("x",), fits=_takes(60.0), example=_with_first(60.0, np.float32))
def single_over_50(right: Right, at: At) -> Any:
    """Wrong in float32 where abs(x) > 50."""
    return where(np.greater(np.abs(at.x), 50), right()) if at.x.dtype == np.float32 else right()


@kind(needs=("x",), fits=_takes(1e-5), example=_with_first(1e-5, np.float32))
def single_under_1e_4(right: Right, at: At) -> Any:
    """Wrong in float32 where abs(x) < 1e-4."""
    return where(np.less(np.abs(at.x), 1e-4), right()) if at.x.dtype == np.float32 else right()


@kind(needs=("x",), fits=_takes(-0.5), example=_with_first(-0.5, np.float32))
def single_where_negative(right: Right, at: At) -> Any:
    """Wrong in float32 where x is negative."""
    return where(np.less(at.x, 0), right()) if at.x.dtype == np.float32 else right()


@kind(needs=("x",), fits=_takes(0.0), example=_with_first(0.0, np.float32))
def single_at_zero(right: Right, at: At) -> Any:
    """Wrong in float32 where x is 0."""
    return where(np.equal(at.x, 0), right()) if at.x.dtype == np.float32 else right()


def _large_single(subject: Subject, index: int) -> Example:
    return Example(tuple(x.astype(np.float32) for x in subject.draw(subject.shapes(12))))


def _free(subject: Subject, index: int) -> bool:
    return subject.signature is None or not any(axis.isdigit() for axis in subject.core[index])


@kind(fits=_free, example=_large_single)
def single_from_100_elements_on(right: Right, at: At) -> Any:
    """Wrong in float32 in arrays of 100 elements and more."""
    gx = right()
    return gx * 2.0 if gx.dtype == np.float32 and gx.size >= 100 else gx
