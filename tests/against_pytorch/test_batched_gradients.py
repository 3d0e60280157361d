"""gradients(is_grads_batched=True) against torch.autograd.grad."""

import numpy as np
import pytest

from autograd import gradients, tensor

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("size", [1, 4])
def test_gradients_of_a_batch_are_pytorchs(size: int) -> None:
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=3), rng.normal(size=(2, 3))
    seeds = rng.normal(size=(size, 2, 3)), rng.normal(size=size)
    found = []
    for make, grad in (
        (lambda x: tensor(x, requires_grad=True), gradients),
        (lambda x: torch.tensor(x, requires_grad=True), torch.autograd.grad),
    ):
        a, b, unused = make(w), make(v), make(w)
        outputs = [a * b + b**2, (a**2).sum()]
        given = seeds if grad is gradients else tuple(map(torch.from_numpy, seeds))
        found.append(grad(outputs, [a, b, unused], given, allow_unused=True, is_grads_batched=True))
    assert found[0][2] is None
    assert found[1][2] is None
    for ours, theirs in zip(found[0][:2], found[1][:2], strict=True):
        assert ours.shape == tuple(theirs.shape)
        assert np.allclose(ours.data, theirs.numpy(), rtol=1e-12)
