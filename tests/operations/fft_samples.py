"""Where the Fourier transforms are tested: over lengths that crop and pad, axes, and ways to scale."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays

from .calls import Array, Call, Function, Live, Samples, call
from .reduce_samples import one_axis

transformable = numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)
planes = numpy_strategies.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=4)
scalings = st.sampled_from([None, "backward", "ortho", "forward"])


@st.composite
def spectra(draw: st.DrawFn, shape: Any) -> Array:
    """Draw complex numbers, sometimes real ones."""
    x: Array = draw(arrays(shape))
    return draw(st.sampled_from([x, x + 1j * draw(arrays(x.shape))]))


def several_axes(x: Array) -> st.SearchStrategy[list[int]]:
    return st.lists(one_axis(x), min_size=1, max_size=x.ndim, unique_by=lambda axis: axis % x.ndim)


@st.composite
def transforms(draw: st.DrawFn, inputs: Any, *, halves: bool = False) -> Call:
    """Draw a transform along one axis; where the input is half a spectrum, one term alone has no default length."""
    x = draw(inputs)
    axis = draw(one_axis(x))
    least = 1 if not halves or x.shape[axis] > 1 else 2
    n = draw(st.integers(1, 7) if least == 2 else st.none() | st.integers(1, 7))
    return call(Live(x), n, axis, norm=draw(scalings))


@st.composite
def several_transforms(draw: st.DrawFn, inputs: Any, *, halves: bool = False, two: bool = False) -> Call:
    x = draw(inputs)
    kwargs: dict[str, Any] = {"norm": draw(scalings)}
    axes = draw(several_axes(x).filter(lambda axes: len(axes) == 2 or not two))
    if draw(st.booleans()) or (halves and x.shape[axes[-1]] == 1):
        kwargs["s"] = draw(st.lists(st.integers(1, 5), min_size=len(axes), max_size=len(axes)))
    if halves or "s" in kwargs or draw(st.booleans()):
        kwargs["axes"] = draw(st.sampled_from([axes, tuple(axes)]))
    return Call((Live(x),), kwargs)


@st.composite
def shifts(draw: st.DrawFn) -> Call:
    x = draw(spectra(numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)))
    return call(Live(x), axes=draw(st.none() | one_axis(x) | several_axes(x).map(tuple)))


real, complex_ = arrays(transformable), spectra(transformable)
real_planes, complex_planes = arrays(planes), spectra(planes)

SAMPLES: dict[Function | str, Samples] = {
    np.fft.fft: Samples(transforms(complex_)),
    np.fft.ifft: Samples(transforms(complex_)),
    np.fft.rfft: Samples(transforms(real)),
    np.fft.irfft: Samples(transforms(complex_, halves=True)),
    np.fft.hfft: Samples(transforms(complex_, halves=True)),
    np.fft.ihfft: Samples(transforms(real)),
    np.fft.fftn: Samples(several_transforms(complex_)),
    np.fft.ifftn: Samples(several_transforms(complex_)),
    np.fft.rfftn: Samples(several_transforms(real)),
    np.fft.irfftn: Samples(several_transforms(complex_, halves=True)),
    np.fft.fft2: Samples(several_transforms(complex_planes, two=True)),
    np.fft.ifft2: Samples(several_transforms(complex_planes, two=True)),
    np.fft.rfft2: Samples(several_transforms(real_planes, two=True)),
    np.fft.irfft2: Samples(several_transforms(complex_planes, halves=True, two=True)),
    np.fft.fftshift: Samples(shifts()),
    np.fft.ifftshift: Samples(shifts()),
}
