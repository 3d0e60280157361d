"""Where the losses that are one operation are tested."""

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, broadcastable_arrays
from nn.functional._ctc_loss import _Paths

from .calls import Array, Call, Function, Live, Samples, call


def of_pair(*between: tuple[float, float]) -> Samples:
    """Return samples of a prediction and a target between these limits."""
    return Samples(broadcastable_arrays(*between).map(lambda inputs: call(*map(Live, inputs))))


@st.composite
def with_delta(draw: st.DrawFn) -> Call:
    x, y = draw(broadcastable_arrays((-2.0, 2.0), (-2.0, 2.0)))
    return call(Live(x), Live(y), draw(st.sampled_from([0.5, 1.01, 7.0])))


@st.composite
def sequences(draw: st.DrawFn) -> Call:
    """Draw log-probabilities, and paths through targets, some of which are too long for their steps."""
    steps, n, classes = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(2, 3))
    longest = draw(st.integers(0, 3))
    labels = np.array(draw(st.lists(st.integers(1, classes - 1), min_size=n * longest, max_size=n * longest)), int)
    lengths = np.array(draw(st.lists(st.integers(0, longest), min_size=n, max_size=n)))
    inputs = np.array(draw(st.lists(st.integers(1, steps), min_size=n, max_size=n)))
    log_probs = draw(arrays((steps, n, classes)))
    paths = _Paths.of(labels.reshape(n, longest), lengths, inputs, 0)
    return Call((Live(log_probs), paths), view=lambda losses: losses[lengths + repeats(labels, lengths, n) <= inputs])


@st.composite
def labelled_rows(draw: st.DrawFn) -> Call:
    """Draw scores and a class of each row, and a scale for all rows or for each."""
    n, classes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    labels = np.array(draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n)))
    scale = draw(st.sampled_from([0.5, np.linspace(0, 2, n)]))
    margin, p, total = draw(st.sampled_from([0.713, 3.1])), draw(st.sampled_from([1, 2])), draw(st.booleans())
    return call(Live(draw(arrays((n, classes)))), labels, margin, p, scale, total, [])


def repeats(labels: Array, lengths: Array, n: int) -> Array:
    """Count the neighbours that are equal, between which a blank has to stand."""
    rows = labels.reshape(n, -1)
    used = np.arange(1, rows.shape[1]) < lengths[:, None]
    again: Array = ((rows[:, 1:] == rows[:, :-1]) & used).sum(axis=1)
    return again


SAMPLES: dict[Function | str, Samples] = {
    "huber_loss": Samples(with_delta()),
    "binary_cross_entropy": of_pair((0.1, 0.9), (0.0, 1.0)),
    "binary_cross_entropy_with_logits": of_pair((-6.0, 6.0), (0.0, 1.0)),
    "ctc_loss": Samples(sequences()),
    "multi_margin_loss": Samples(labelled_rows()),
}
