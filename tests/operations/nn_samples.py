"""Where the operations that `nn` declares are tested."""

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, shapes

from .calls import Call, Function, Live, Samples, call
from .elementwise_samples import of_one
from .reduce_samples import not_empty, one_axis


@st.composite
def along_an_axis(draw: st.DrawFn) -> Call:
    x = draw(arrays(not_empty).filter(lambda x: x.ndim > 0))
    return call(Live(x), draw(one_axis(x)))


@st.composite
def layers(draw: st.DrawFn) -> Call:
    inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    leading = draw(shapes(max_dims=2, max_side=3))
    x, weight = draw(arrays((*leading, inputs))), draw(arrays((outputs, inputs)))
    bias = (Live(draw(arrays((outputs,)))),) if draw(st.booleans()) else ()
    return call(Live(x), Live(weight), *bias)


@st.composite
def losses(draw: st.DrawFn) -> Call:
    """Draw logits, the label of each row, and a scale for all rows or one for each, which may be 0."""
    rows, classes = draw(st.integers(1, 3)), draw(st.integers(1, 4) | st.just(65))  # short rows are laid out by columns
    logits = draw(arrays((rows, classes)))
    labels = np.array(draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows)))
    scales = st.lists(st.sampled_from([0.0, 0.5, 2.0]), min_size=rows, max_size=rows)
    scale = draw(st.sampled_from([1.0, 0.25]) | scales.map(lambda each: np.array(each, np.float32)))
    return call(Live(logits), labels, scale, draw(st.booleans()), [])


SAMPLES: dict[Function | str, Samples] = {
    "relu": of_one(arrays()),
    "bell": of_one(arrays(between=(-6.0, 6.0))),
    "sigmoid": of_one(arrays(between=(-6.0, 6.0))),
    "softmax": Samples(along_an_axis()),
    "log_softmax": Samples(along_an_axis()),
    "linear": Samples(layers()),
    "cross_entropy": Samples(losses()),
}
