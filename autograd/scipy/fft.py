"""SciPy's Fourier transforms for arrays and tensors: cosine and sine transforms, and those of `numpy.fft`.

The latter are NumPy's own, with SciPy's parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.fft import fftshift, ifftshift
from scipy import fft as scipys

from autograd import ShapeError, Tensor, linear
from autograd.inside import TensorLike

from ._watched import listed
from .common import float_operand, is_plain, stacked

__all__ = [
    "dct", "dctn", "dst", "dstn", "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "idct", "idctn", "idst",
    "idstn", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq",
    "rfftn",
]  # fmt: skip

Norm: TypeAlias = Literal["backward", "ortho", "forward"] | None
Type: TypeAlias = Literal[1, 2, 3, 4]
_KINDS: tuple[Literal["dct"], Literal["dst"]] = ("dct", "dst")

# Types 1 and 4 are their own transposes, up to the factors 2 of inner elements; 2 and 3 those of each other.
_OTHER = {1: 1, 2: 3, 3: 2, 4: 4}


def _scaled(x: Any, first: float, last: float) -> Any:
    """Return `x` with its first and last element along the last axis multiplied by these."""
    factors = np.ones(x.shape[-1], x.real.dtype)
    factors[0] *= first
    factors[-1] *= last
    return x * factors


def _transposed(g: Any, kind: str, type: int) -> Any:
    ends = {("dct", 1): (2, 2), ("dct", 2): (2, 1), ("dct", 3): (0.5, 1), ("dst", 2): (1, 2), ("dst", 3): (1, 0.5)}
    first, last = ends.get((kind, type), (1, 1))
    if (kind, type) in (("dct", 3), ("dst", 3)):
        return _scaled(_transform(g, kind, 2), first, last)
    found = _transform(_scaled(g, first, last), kind, _OTHER[type])
    return _scaled(found, 0.5, 0.5) if (kind, type) == ("dct", 1) else found


# The transform along the last axis, without any factor and of all elements.
_transform: Any = linear(
    lambda x, kind, type: stacked(lambda x: getattr(scipys, kind)(x, type), (x,), (1,), native=0),
    lambda g, kind, type: _transposed(g, kind, type),
    name="dct",
)


def _cosines_or_sines(
    kind: str, x: Any, type: int, n: int | None, axis: int, norm: Norm, ortho: bool | None, inverse: bool
) -> Any:
    name = f"{'i' * inverse}{kind}"
    if type not in _OTHER:
        raise ValueError(f"{name} takes a type from 1 to 4, not {type!r}")
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f"{name} takes the norms 'backward', 'ortho' and 'forward', not {norm!r}")
    x = float_operand(x)
    if not x.ndim:
        raise ShapeError(f"{name} takes an array with an axis to transform along, not a number")
    x = np.moveaxis(x, axis, -1)
    size = x.shape[-1] if n is None else n
    if size < 1 + (kind == "dct" and type == 1):
        raise ShapeError(
            f"{name} of type {type} takes at least {1 + (kind == 'dct' and type == 1)} elements, not {size}"
        )
    if size < x.shape[-1]:
        x = x[..., :size]
    elif size > x.shape[-1]:
        x = np.concatenate([x, np.zeros((*x.shape[:-1], size - x.shape[-1]), x.dtype)], -1)
    ortho = norm == "ortho" if ortho is None else ortho
    number = _OTHER[type] if inverse else type
    length = 2 * (size + {"dct": -1, "dst": 1}[kind] * (type == 1))
    power = {"ortho": -0.5, "forward": -1.0 + inverse}.get(norm or "", -1.0 * inverse)
    root = np.sqrt(2.0)
    # Orthogonal are the transforms whose first (of sines: last) elements are scaled so.
    before = {("dct", 1): (root, root), ("dct", 3): (root, 1), ("dst", 3): (1, root)}
    after = {("dct", 1): (1 / root, 1 / root), ("dct", 2): (1 / root, 1), ("dst", 2): (1, 1 / root)}
    if ortho and (kind, number) in before:
        x = _scaled(x, *before[kind, number])
    y = _transform(x, kind, number)
    if ortho and (kind, number) in after:
        y = _scaled(y, *after[kind, number])
    return np.moveaxis(y * float(length) ** power if power else y, -1, axis)


def _of_one_axis(kind: Literal["dct", "dst"], inverse: bool) -> Any:
    name, function = f"{'i' * inverse}{kind}", getattr(scipys, f"{'i' * inverse}{kind}")

    def transform(
        x: TensorLike,
        type: Type = 2,
        n: int | None = None,
        axis: int = -1,
        norm: Norm = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        orthogonalize: bool | None = None,
    ) -> Tensor:
        if is_plain(x):
            return function(x, type, n, axis, norm, overwrite_x, workers, orthogonalize)
        return _cosines_or_sines(kind, x, type, n, axis, norm, orthogonalize, inverse)

    what = f"{'inverse ' * inverse}discrete {'cosine' if kind == 'dct' else 'sine'} transform"
    transform.__doc__ = f"""Return the {what} along `axis`, with the parameters of `scipy.fft.{name}`.

    Parameters
    ----------
    x
        Real or complex numbers; its axis is cut or filled with zeros to `n` elements.
    type
        Which of the four {"cosine" if kind == "dct" else "sine"} transforms.
    n, axis, norm, overwrite_x, workers, orthogonalize
        As in SciPy; tensors are not written to.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import fft
    >>> grad(lambda x: np.sum(fft.{name}(x, norm="ortho") ** 2))(np.array([1.0, 2.0, 3.0])).round(9)
    array([2., 4., 6.])
    """
    transform.__name__ = transform.__qualname__ = name
    return transform


def _of_axes(kind: Literal["dct", "dst"], inverse: bool) -> Any:
    name, function = f"{'i' * inverse}{kind}n", getattr(scipys, f"{'i' * inverse}{kind}n")

    def transform(
        x: TensorLike,
        type: Type = 2,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: Norm = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        orthogonalize: bool | None = None,
    ) -> Tensor:
        if is_plain(x):
            return function(x, type, s, axes, norm, overwrite_x, workers, orthogonalize=orthogonalize)
        y = float_operand(x)
        sizes = [None] * (y.ndim if axes is None else len(axes)) if s is None else list(s)
        along = range(y.ndim)[y.ndim - len(sizes) :] if axes is None else axes
        if len(along) != len(sizes):
            raise ShapeError(f"{name} takes a size for each axis, not s={s} and axes={axes}")
        for axis, n in zip(along, sizes, strict=True):
            y = _cosines_or_sines(kind, y, type, n, axis, norm, orthogonalize, inverse)
        return y

    one = f"{'i' * inverse}{kind}"
    transform.__doc__ = f"""Return what `{one}` makes of an array along each of `axes`, as `scipy.fft.{name}` does.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import fft
    >>> grad(lambda x: np.sum(fft.{name}(x, norm="ortho") ** 2))(np.array([[1.0, 2.0], [3.0, 0.0]])).round(9) + 0.0
    array([[2., 4.],
           [6., 0.]])
    """
    transform.__name__ = transform.__qualname__ = name
    return transform


dct, idct, dst, idst = (_of_one_axis(kind, inverse) for kind in _KINDS for inverse in (False, True))
dctn, idctn, dstn, idstn = (_of_axes(kind, inverse) for kind in _KINDS for inverse in (False, True))


# NumPy's, with SciPy's parameters: of how many elements, along which axes, and how it is computed.
_NUMPYS = """Return `scipy.fft.{name}` of an array, and `numpy.fft.{name}` of a tensor, which is equal.

    The parameters are SciPy's; the ways to compute it, `overwrite_x`, `workers` and `plan`, are for arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import tensor
    >>> from autograd.scipy import fft
    >>> x = np.array({x})
    >>> bool(np.allclose(fft.{name}(tensor(x)).data, fft.{name}(x)))
    True
    """


def _numpys_of_one_axis(name: str) -> Any:
    numpys, function = getattr(np.fft, name), getattr(scipys, name)

    def transform(
        x: TensorLike,
        n: int | None = None,
        axis: int = -1,
        norm: Norm = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: None = None,
    ) -> Tensor:
        if is_plain(x):
            return function(x, n, axis, norm, overwrite_x, workers, plan=plan)
        return numpys(listed(x), n, axis, norm)

    transform.__doc__ = _NUMPYS.format(name=name, x="[1.0, 2.0, 3.0, 4.0]")
    transform.__name__ = transform.__qualname__ = name
    return transform


def _numpys_of_axes(name: str, default: tuple[int, int] | None) -> Callable[..., Tensor]:
    numpys, function = getattr(np.fft, name), getattr(scipys, name)

    def transform(
        x: TensorLike,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = default,
        norm: Norm = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: None = None,
    ) -> Tensor:
        if is_plain(x):
            return function(x, s, axes, norm, overwrite_x, workers, plan=plan)
        along = range(-len(s), 0) if s is not None and axes is None else axes  # NumPy will ask for them
        return numpys(listed(x), s, along, norm)

    transform.__doc__ = _NUMPYS.format(name=name, x="[[1.0, 2.0], [3.0, 4.0]]")
    transform.__name__ = transform.__qualname__ = name
    return transform


fft, ifft, rfft, irfft, hfft, ihfft = map(_numpys_of_one_axis, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"))
fft2, ifft2, rfft2, irfft2 = (_numpys_of_axes(name, (-2, -1)) for name in ("fft2", "ifft2", "rfft2", "irfft2"))
fftn, ifftn, rfftn, irfftn = (_numpys_of_axes(name, None) for name in ("fftn", "ifftn", "rfftn", "irfftn"))


def fftfreq(n: int, d: TensorLike = 1.0) -> Tensor:
    """Return the frequencies of the elements of `fft`, for a signal of length `n` with the distance `d`.

    Examples
    --------
    >>> from autograd.scipy import fft
    >>> fft.fftfreq(4, 0.5)
    array([ 0. ,  0.5, -1. , -0.5])
    """
    return scipys.fftfreq(n) / float_operand(d)


def rfftfreq(n: int, d: TensorLike = 1.0) -> Tensor:
    """Return the frequencies of the elements of `rfft`, for a signal of length `n` with the distance `d`.

    Examples
    --------
    >>> from autograd.scipy import fft
    >>> fft.rfftfreq(4, 0.5)
    array([0. , 0.5, 1. ])
    """
    return scipys.rfftfreq(n) / float_operand(d)
