"""Adaptive softmax is PyTorch's: outputs, losses, gradients, log-probabilities and predictions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")


@draws(30)
@given(data=st.data(), bias=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_adaptive_softmax(data: Any, bias: bool, seed: int) -> None:
    rng, draw = np.random.default_rng(seed), data.draw
    classes = draw(st.integers(3, 9))
    cutoffs = sorted(draw(st.sets(st.integers(1, classes - 1), min_size=1, max_size=2)))
    options: dict[str, Any] = {"div_value": draw(st.sampled_from([1.0, 2.0])), "head_bias": bias}
    ours: Any = nn.AdaptiveLogSoftmaxWithLoss(8, classes, cutoffs, **options, dtype=np.float64)
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(8, classes, cutoffs, **options, dtype=torch.float64)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    shape: tuple[int, ...] = draw(st.sampled_from([(1,), (6,), ()]))
    x, target = rng.standard_normal((*shape, 8)), np.asarray(rng.integers(0, classes, shape))
    live, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    found, expected = ours(live, target), theirs(other, torch.tensor(target))
    assert found._fields == expected._fields
    for one, wanted in zip(found, expected, strict=True):
        assert one.shape == tuple(wanted.shape)
        np.testing.assert_allclose(one.data, wanted.detach().numpy(), 1e-12, 1e-12)
    (found.output.sum() + 2 * found.loss).backward()
    (expected.output.sum() + 2 * expected.loss).backward()
    for mine, peer in zip([live, *ours.parameters()], [other, *theirs.parameters()], strict=True):
        np.testing.assert_allclose(0 if mine.grad is None else mine.grad.data, 0 if peer.grad is None else peer.grad)
    rows = x.reshape(-1, 8)
    np.testing.assert_allclose(
        ours.log_prob(rows).data, theirs.log_prob(torch.tensor(rows)).detach().numpy(), 1e-12, 1e-12
    )
    np.testing.assert_array_equal(ours.predict(rows), theirs.predict(torch.tensor(rows)).numpy())
