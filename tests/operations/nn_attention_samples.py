"""Where attention is tested."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, shapes

from .calls import Call, Function, Live, Samples, call


@st.composite
def masks(draw: st.DrawFn, queries: int, keys: int) -> Any:
    """Draw no mask, booleans, or floats with -inf among them; whole rows may be masked."""
    allowed = np.array(draw(st.lists(st.booleans(), min_size=queries * keys, max_size=queries * keys)), bool)
    allowed = allowed.reshape(queries, keys)
    added = np.where(allowed, draw(arrays((queries, keys))), -np.inf)
    return draw(st.sampled_from([None, allowed, added, added[:1]]))


@st.composite
def attentions(draw: st.DrawFn) -> Call:
    leading = draw(shapes(max_dims=2, max_side=2))
    queries, keys, features, values = (draw(st.integers(least, 3)) for least in (1, 0, 1, 1))
    query, key = draw(arrays((*leading, queries, features))), draw(arrays((*leading, keys, features)))
    value, scale = draw(arrays((*leading, keys, values))), draw(st.sampled_from([0.5, 1.0]))
    return call(Live(query), Live(key), Live(value), scale, draw(masks(queries, keys)), [])


@st.composite
def weights(draw: st.DrawFn) -> Call:
    leading = draw(shapes(max_dims=2, max_side=2))
    queries, keys = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    return call(Live(draw(arrays((*leading, queries, keys)))), draw(masks(queries, keys)))


SAMPLES: dict[Function | str, Samples] = {
    "attention": Samples(attentions()),
    "attention_weights": Samples(weights()),
}
