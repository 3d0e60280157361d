"""Where the functions of `numpy.emath` are tested: on both sides of where their results become complex."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, broadcastable_arrays

from .calls import Array, Function, Live, Samples, call


@st.composite
def real_or_complex(draw: st.DrawFn, inputs: Any) -> Array:
    x: Array = draw(inputs)
    return draw(st.sampled_from([x, x + 1j * draw(arrays(x.shape))]))


away_from_zero = arrays(between=(-3.0, -0.25)) | arrays(between=(0.25, 3.0)) | arrays()
away_from_one = arrays(between=(-0.9, 0.9)) | arrays(between=(1.1, 3.0)) | arrays(between=(-3.0, -1.1))
pairs = broadcastable_arrays((-3.0, 3.0), (1.25, 3.0)) | broadcastable_arrays((0.25, 3.0), (-3.0, -0.25))


def unary(inputs: Any) -> Samples:
    return Samples(real_or_complex(inputs).map(lambda x: call(Live(x))))


SAMPLES: dict[Function | str, Samples] = {
    **{f: unary(away_from_zero) for f in (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10)},
    **{f: unary(away_from_one) for f in (np.emath.arcsin, np.emath.arccos, np.emath.arctanh)},
    np.emath.logn: Samples(pairs.map(lambda drawn: call(Live(drawn[1]), Live(drawn[0])))),
    np.emath.power: Samples(pairs.map(lambda drawn: call(*map(Live, drawn)))),
}
