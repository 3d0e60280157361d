"""Where activations, and what scales gradients, are tested."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, shapes
from nn.functional._kernels.operands import Saved

from .calls import Array, Call, Function, Live, Samples, call
from .elementwise_samples import of_one

FAR = (-6.0, 6.0)


@st.composite
def with_options(draw: st.DrawFn, x: st.SearchStrategy[Array], *options: st.SearchStrategy[Any]) -> Call:
    return call(Live(draw(x)), *map(draw, options))


@st.composite
def slopes(draw: st.DrawFn) -> Call:
    shape = (*draw(shapes(max_dims=1, max_side=3)), draw(st.integers(1, 3)))
    x = draw(arrays(shape))
    return call(Live(x), Live(draw(arrays(draw(st.sampled_from([(), (1,), shape[-1:]]))))))


@st.composite
def factors(draw: st.DrawFn) -> Call:
    """Draw factors of 1 alone: others make another gradient than the derivative."""
    x = draw(arrays((*draw(shapes(max_dims=1, max_side=3)), draw(st.integers(1, 3)))))
    return call(Live(x), np.ones(x.shape[:-1]))


some = st.sampled_from
SAMPLES: dict[Function | str, Samples] = {
    "hardtanh": Samples(with_options(arrays(between=FAR), some([-1.0]), some([2.0]))),
    "hardswish": of_one(arrays(between=FAR)),
    "hardshrink": Samples(with_options(arrays(between=FAR), some([0.5, 2.0]))),
    "threshold": Samples(with_options(arrays(between=FAR), some([-1.0, 0.5]), some([0.0, 7.0]))),
    "leaky_relu": Samples(with_options(arrays(between=FAR), some([0.01, 0.5, -1.0]))),
    "prelu": Samples(slopes()),
    "softplus": Samples(with_options(arrays(between=(-3.0, 3.0)), some([0.5, 1.0, 2.0]), some([20.0]))),
    "elu": Samples(with_options(arrays(between=FAR), some([0.5, 1.0]), some([0.5, 2.0]))),
    "softsign": of_one(arrays(between=FAR)),
    "silu": of_one(arrays(between=FAR)),
    "mish": of_one(arrays(between=FAR)),
    "logsigmoid": of_one(arrays(between=FAR)),
    "tanhshrink": of_one(arrays(between=(-3.0, 3.0))),
    "gelu": Samples(with_options(arrays(between=FAR), st.none() | st.builds(Saved))),
    "gelu_tanh": of_one(arrays(between=FAR)),
    "normal_cdf": of_one(arrays(between=(-3.0, 3.0))),
    "scale_gradient": Samples(factors()),
}
