"""Where normalization is tested."""

from hypothesis import strategies as st

from autograd.testing import arrays
from nn.functional._kernels.standardize import Moments

from .calls import Call, Function, Live, Samples, call

# The axes of mean and variance, the shape of the input, and that of weight and bias: one for each kind.
KINDS = {
    "layer": ((2,), (2, 2, 3), (3,)),
    "layers": ((1, 2), (2, 2, 2), (2, 2)),
    "one sample": ((0,), (3,), (3,)),
    "group": ((2, 3), (1, 2, 2, 2), (2, 2, 1)),
    "batch": ((0,), (3, 2), (2,)),
    "batch of sequences": ((0, 2), (2, 2, 2), (2, 1)),
    "instance": ((2,), (2, 2, 3), (2, 1)),
}


@st.composite
def normalizations(draw: st.DrawFn) -> Call:
    axes, shape, narrow = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    x = Live(draw(arrays(shape)))
    weight, bias = (Live(draw(arrays(narrow))) if draw(st.booleans()) else None for _ in range(2))
    return call(x, weight, bias, axes, draw(st.sampled_from([0.25, 1.0])), draw(st.booleans()), Moments())


SAMPLES: dict[Function | str, Samples] = {"standardize": Samples(normalizations())}
