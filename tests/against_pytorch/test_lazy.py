"""Lazy layers against PyTorch: before the first call, and after it values, gradients and states."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor

from ..thorough import draws
from .states import as_numpy

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

few = draws(25)
KINDS: dict[str, tuple[int, ...]] = {
    "LazyLinear": (3,), "LazyConv": (4, 2), "LazyConvTranspose": (4, 2), "LazyBatchNorm": (), "LazyInstanceNorm": (),
}  # fmt: skip
NAMES = [name for name in nn.__all__ if name.rstrip("123d") in KINDS]
CONVOLUTION = {
    "stride": st.integers(1, 2),
    "padding": st.integers(0, 1),
    "groups": st.integers(1, 2),
    "bias": st.booleans(),
}
NORM = {
    "eps": st.sampled_from([1e-5, 1e-2]),
    "momentum": st.sampled_from([0.1, 0.5]),
    "affine": st.booleans(),
    "track_running_stats": st.booleans(),
}


def state_expected(options: dict[str, Any]) -> bool:
    return bool(options.get("affine", True) or options.get("track_running_stats", True))


@pytest.mark.filterwarnings("ignore:input's size at dim=. does not match:UserWarning")
@few
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), name=st.sampled_from(NAMES))
def test_lazy_layers(data: Any, seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    axes = int(name[-2]) if name[-1] == "d" else 0
    shape = (2, 4, *(3,) * axes) if axes else (2, 4)
    args = KINDS[name.rstrip("123d")]
    drawn = CONVOLUTION if "Conv" in name else NORM if "Norm" in name else {"bias": st.booleans()}
    options = {option: data.draw(values) for option, values in drawn.items()}
    if "Conv" in name and data.draw(st.booleans()):
        shape = shape[1:]  # of one sample, where PyTorch's instance normalization takes another axis for the channels
    ours = getattr(nn, name)(*args, **options, dtype=np.float64)
    theirs = getattr(torch.nn, name)(*args, **options, dtype=torch.float64)
    assert repr(ours) == repr(theirs)
    assert isinstance(ours, getattr(nn, name.removeprefix("Lazy")))
    x = rng.normal(size=shape)
    ours(x)
    assert type(ours) is getattr(nn, name.removeprefix("Lazy"))
    theirs(torch.from_numpy(x))
    if state_expected(options):  # without, PyTorch's goes on with 0 features
        assert repr(ours) == repr(theirs)
    state = as_numpy(theirs.state_dict())
    before = ours.state_dict()
    assert {key: value.shape for key, value in before.items()} == {key: value.shape for key, value in state.items()}
    for key in before.keys() & {"running_mean", "running_var"}:
        np.testing.assert_allclose(before[key], state[key], rtol=1e-9, atol=1e-9)
    ours.load_state_dict(state)
    a, b = tensor(x, requires_grad=True), torch.from_numpy(x.copy()).requires_grad_()
    found, expected = ours(a), theirs(b)
    np.testing.assert_allclose(found.data, expected.detach().numpy(), rtol=1e-9, atol=1e-9)
    g = rng.normal(size=found.shape)
    found.backward(g)
    expected.backward(torch.from_numpy(g))
    np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-9, atol=1e-9)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad.data, other.grad.numpy(), rtol=1e-9, atol=1e-9)
