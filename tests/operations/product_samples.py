"""Where products of vectors, matrices and tensors are tested."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays

from .calls import Call, Function, Live, Samples, call


@st.composite
def by_signature(draw: st.DrawFn, signature: str) -> Call:
    """Draw factors whose last axes fit `signature` and whose first axes broadcast."""
    drawn = draw(
        numpy_strategies.mutually_broadcastable_shapes(signature=signature, max_dims=2, min_side=0, max_side=3)
    )
    return call(*(Live(draw(arrays(shape))) for shape in drawn.input_shapes))


SAMPLES: dict[Function | str, Samples] = {
    np.matmul: Samples(by_signature(np.matmul.signature), analytic=True),
}
