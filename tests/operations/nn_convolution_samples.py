"""Where the operations that convolutions, pooling and resampling are made of are tested."""

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays
from nn.functional._kernels.sliding_windows import Windows, slide
from nn.functional._max_pooling import _max_pool
from nn.functional._upsampling import _plan

from .calls import Call, Function, Live, Samples, call


@st.composite
def some_windows(draw: st.DrawFn, longest: int = 5) -> Windows:
    """Draw windows that slide over one axis or two, partly beyond the borders, and may leave places out."""
    axes = draw(st.integers(1, 2))

    def numbers(least: int, most: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(least, most)) for _ in range(axes))

    kernel, dilation, stride = numbers(1, 3), numbers(1, 2), numbers(1, 3)
    padding = numbers(0, 2)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    least = [max(1, r - 2 * p) for r, p in zip(reach, padding, strict=True)]
    size = tuple(draw(st.integers(n, max(n, longest))) for n in least)
    return slide("windows", size, kernel, stride, padding, padding, dilation)


@st.composite
def products(draw: st.DrawFn, *operands: str) -> Call:
    """Draw two of the input x, the weight w and the output y of a convolution, and what stands beside them."""
    windows = draw(some_windows(4))
    groups, inner, outer = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    n = draw(st.integers(0, 2))
    shapes = {
        "x": (n, groups * inner, *windows.size),
        "w": (groups * outer, inner, *windows.kernel),
        "y": (n, groups * outer, *windows.counts),
    }
    inputs = [Live(draw(arrays(shapes[name]))) for name in operands]
    if "w" not in operands:
        return call(*inputs, windows, groups)
    outputs = groups * (outer if operands[0] == "x" else inner)
    bias = Live(draw(arrays((outputs,)))) if draw(st.booleans()) else None
    return call(*inputs, bias, windows, groups, *([[]] if operands[0] == "x" else []))


@st.composite
def of_windows(draw: st.DrawFn, form: str) -> Call:
    """Draw an array of places, of windows, or of what windows contain."""
    windows = draw(some_windows())
    leading = (draw(st.integers(0, 2)), draw(st.integers(1, 2)))
    spatial = {
        "places": windows.size,
        "windows": windows.counts,
        "contents": (*windows.kernel, *windows.counts),
    }[form]
    return call(Live(draw(arrays((*leading, *spatial)))), windows)


@st.composite
def maxima(draw: st.DrawFn) -> Call:
    """Draw windows each of which has an element, for the largest of none is -inf."""
    windows = draw(some_windows().filter(lambda windows: not _max_pool(np.zeros((1, 1, *windows.size)), windows).any()))
    return call(Live(draw(arrays((2, 1, *windows.size), distinct=True))), windows)


@st.composite
def resampled(draw: st.DrawFn, back: bool = False) -> Call:
    size, new = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    plan = draw(
        st.sampled_from([_plan("nearest", size, new, (size, new), False), _plan("linear", size, new, (1, 1.7), False)])
        | st.just(_plan("linear", size, new, (1, 1), True))
    )
    axis = draw(st.integers(0, 2))
    shape = [draw(st.integers(0, 2)), draw(st.integers(1, 2))]
    shape.insert(axis, new if back else size)
    return call(Live(draw(arrays(tuple(shape)))), plan, axis)


SAMPLES: dict[Function | str, Samples] = {
    "convolution": Samples(products("x", "w"), analytic=True),
    "transposed_convolution": Samples(products("y", "w"), analytic=True),
    "convolution_weights": Samples(products("x", "y"), analytic=True),
    "extract_windows": Samples(of_windows("places"), analytic=True),
    "overlay_windows": Samples(of_windows("contents"), analytic=True),
    "max_pool": Samples(maxima()),
    "sum_windows": Samples(of_windows("places"), analytic=True),
    "spread_windows": Samples(of_windows("windows"), analytic=True),
    "resample": Samples(resampled(), analytic=True),
    "resample_back": Samples(resampled(back=True), analytic=True),
}
