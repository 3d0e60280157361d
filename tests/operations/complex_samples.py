"""Where what is about complex numbers is tested."""

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, shapes

from .calls import Array, Function, Live, Samples, call


@st.composite
def complex_arrays(draw: st.DrawFn) -> Array:
    """Draw complex numbers away from 0."""
    shape = draw(shapes(max_dims=2))
    return np.asarray(draw(arrays(shape)) + 1j * draw(arrays(shape, between=(-1.0, 1.0))))


calls = complex_arrays().map(lambda x: call(Live(x)))
real_calls = arrays().map(lambda x: call(Live(x)))

SAMPLES: dict[Function | str, Samples] = {
    np.real: Samples(calls | real_calls),
    np.imag: Samples(calls),
    np.angle: Samples(st.tuples(complex_arrays(), st.booleans()).map(lambda drawn: call(Live(drawn[0]), deg=drawn[1]))),
    np.sign: Samples(calls | real_calls),
    np.real_if_close: Samples(calls),
}
