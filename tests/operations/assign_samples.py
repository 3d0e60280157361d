"""Where the operations that writes are made of are tested."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays

from .calls import Call, Function, Live, Samples, call

KEYS: list[Any] = [0, slice(1, None), (Ellipsis, [0, 0]), [0, 1, 0], np.array([True, False])]


@st.composite
def writes(draw: st.DrawFn) -> Call:
    x = draw(arrays((2, 3)))
    key = draw(st.sampled_from(KEYS))
    value = draw(arrays(x[key].shape[draw(st.integers(0, 1)) :]))
    return call(Live(x), Live(value), key)


@st.composite
def replacements(draw: st.DrawFn) -> Call:
    mask = np.array(draw(st.lists(st.booleans(), min_size=4, max_size=4)))
    places = np.array(draw(st.permutations(range(6)))[: mask.sum()], dtype=int)
    return call(Live(draw(arrays((4,)))), Live(draw(arrays((2, 3)))), mask, places)


SAMPLES: dict[Function | str, Samples] = {"setitem": Samples(writes()), "overwrite": Samples(replacements())}
