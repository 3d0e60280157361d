"""Normalization against PyTorch: values, gradients of inputs and parameters, running statistics, state."""

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import ShapeError, Tensor, tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

few = draws(30)
SINCE_2_13 = {"bias": st.booleans()} if "bias" in inspect.signature(torch.nn.GroupNorm).parameters else {}
TOLERANCE = {np.float64: 1e-10, np.float32: 2e-3}  # of two numbers near each other few digits are left
dtypes = st.sampled_from([np.float64, np.float32])
seeds = st.integers(0, 2**32 - 1)
lengths = st.integers(1, 4)


def same(ours: Any, theirs: Any, dtype: Any) -> None:
    ours, theirs = ours.data if isinstance(ours, Tensor) else ours, theirs.detach().numpy()
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def fill(ours: nn.Module, theirs: Any, rng: Any) -> None:
    """Give both modules the same random parameters, by PyTorch's state, and compare the keys and shapes."""
    for parameter in theirs.parameters():
        parameter.data = torch.from_numpy(rng.standard_normal(tuple(parameter.shape))).to(parameter.dtype)
    state = {name: value.numpy() for name, value in theirs.state_dict().items()}
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in state.items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)


def same_step(ours: Any, theirs: Any, x: Any, rng: Any, dtype: Any) -> None:
    """Compare the output, all gradients, and the state after it."""
    a, b = tensor(x, requires_grad=True), torch.from_numpy(x.copy()).requires_grad_()
    out, expected = ours(a), theirs(b)
    same(out, expected, dtype)
    g = rng.standard_normal(out.shape).astype(dtype)
    out.backward(g)
    expected.backward(torch.from_numpy(g))
    same(a.grad, b.grad, dtype)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        same(mine.grad, other.grad, dtype)
    for name, value in theirs.state_dict().items():
        same(ours.state_dict()[name], value, dtype)


def torch_type(dtype: Any) -> Any:
    return torch.float64 if dtype is np.float64 else torch.float32


def drawn(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    return (rng.standard_normal(shape) * 2 + 1).astype(dtype)


@few
@given(data=st.data(), seed=seeds, dtype=dtypes)
def test_batch_norm(data: Any, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    axes = data.draw(st.integers(0, 3))
    rest = tuple(data.draw(lengths) for _ in range(axes))
    shape = (data.draw(st.integers(2, 4)), data.draw(lengths), *rest)
    options = {
        "eps": data.draw(st.sampled_from([1e-5, 1e-2])),
        "momentum": data.draw(st.sampled_from([0.1, 0.0, 1.0, None])),
        "affine": data.draw(st.booleans()),
        "track_running_stats": data.draw(st.booleans()),
        **{name: data.draw(values) for name, values in SINCE_2_13.items()},
    }
    name = f"BatchNorm{max(axes, 1)}d"
    ours: Any = getattr(nn, name)(shape[1], **options, dtype=dtype)
    theirs = getattr(torch.nn, name)(shape[1], **options, dtype=torch_type(dtype))
    fill(ours, theirs, rng)
    for training in data.draw(st.lists(st.booleans(), min_size=1, max_size=3)):
        ours.zero_grad(), theirs.zero_grad()
        same_step(ours.train(training), theirs.train(training), drawn(rng, shape, dtype), rng, dtype)


@few
@given(data=st.data(), seed=seeds, dtype=dtypes)
def test_instance_norm(data: Any, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    axes = data.draw(st.integers(1, 3))
    channels, rest = data.draw(lengths), (data.draw(st.integers(2, 4)), *[data.draw(lengths)] * (axes - 1))
    shape = (*[data.draw(lengths)] * data.draw(st.booleans()), channels, *rest)
    options = {
        "eps": data.draw(st.sampled_from([1e-5, 1e-2])),
        "momentum": data.draw(st.sampled_from([0.1, 1.0])),
        "affine": data.draw(st.booleans()),
        "track_running_stats": data.draw(st.booleans()),
        **{name: data.draw(values) for name, values in SINCE_2_13.items()},
    }
    name = f"InstanceNorm{axes}d"
    ours: Any = getattr(nn, name)(channels, **options, dtype=dtype)
    theirs = getattr(torch.nn, name)(channels, **options, dtype=torch_type(dtype))
    fill(ours, theirs, rng)
    for training in data.draw(st.lists(st.booleans(), min_size=1, max_size=3)):
        ours.zero_grad(), theirs.zero_grad()
        same_step(ours.train(training), theirs.train(training), drawn(rng, shape, dtype), rng, dtype)


@few
@given(data=st.data(), seed=seeds, dtype=dtypes)
def test_layer_and_rms_norm(data: Any, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    last = tuple(data.draw(st.lists(lengths, min_size=1, max_size=2)))
    shape = (*data.draw(st.lists(st.integers(0, 3), max_size=2)), *last)
    options: dict[str, Any] = {"elementwise_affine": data.draw(st.booleans())}
    name = data.draw(st.sampled_from(["LayerNorm", "RMSNorm"]))
    options["eps"] = data.draw(st.sampled_from([1e-5, 1e-2] if name == "LayerNorm" else [None, 1e-2]))
    if name == "LayerNorm":
        options["bias"] = data.draw(st.booleans())
    ours: Any = getattr(nn, name)(last[0] if len(last) == 1 else last, **options, dtype=dtype)
    theirs = getattr(torch.nn, name)(last, **options, dtype=torch_type(dtype))
    fill(ours, theirs, rng)
    same_step(ours, theirs, drawn(rng, shape, dtype), rng, dtype)


@few
@given(data=st.data(), seed=seeds, dtype=dtypes)
def test_group_norm(data: Any, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    groups, each = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    rest = tuple(data.draw(st.lists(st.integers(2, 3), min_size=1, max_size=2)))
    options = {"eps": data.draw(st.sampled_from([1e-5, 1e-2])), "affine": data.draw(st.booleans())}
    options |= {name: data.draw(values) for name, values in SINCE_2_13.items()}
    ours: Any = nn.GroupNorm(groups, groups * each, **options, dtype=dtype)
    theirs = torch.nn.GroupNorm(groups, groups * each, **options, dtype=torch_type(dtype))
    fill(ours, theirs, rng)
    same_step(ours, theirs, drawn(rng, (data.draw(lengths), groups * each, *rest), dtype), rng, dtype)


@few
@given(
    seed=seeds,
    p=st.sampled_from([1.0, 2.0, 3.0, np.inf]),
    dim=st.integers(-3, 2),
    eps=st.sampled_from([1e-12, 1.0]),
)
def test_normalize(seed: int, p: float, dim: int, eps: float) -> None:
    rng = np.random.default_rng(seed)
    x, g = rng.standard_normal((2, 2, 3, 2))
    a, b = tensor(x, requires_grad=True), torch.from_numpy(x.copy()).requires_grad_()
    functional.normalize(a, p, dim=dim, eps=eps).backward(g)
    torch.nn.functional.normalize(b, p, dim, eps).backward(torch.from_numpy(g))
    same(a.grad, b.grad, np.float64)
    same(functional.normalize(x), torch.nn.functional.normalize(torch.from_numpy(x)), np.float64)


def test_second_derivatives_are_pytorchs() -> None:
    rng = np.random.default_rng(0)
    x, weight, bias, g, h = (rng.standard_normal(shape) for shape in ((3, 4), 4, 4, (3, 4), (3, 4)))
    a = [tensor(v, requires_grad=True) for v in (x, weight, bias)]
    b = [torch.from_numpy(v).requires_grad_() for v in (x, weight, bias)]
    functional.layer_norm(a[0], 4, a[1], a[2]).backward(g, create_graph=True, inputs=a)
    first = a[0].grad
    assert first is not None
    a[0].grad = a[1].grad = a[2].grad = None
    first.backward(h)
    out = torch.nn.functional.layer_norm(b[0], (4,), b[1], b[2])
    (expected,) = torch.autograd.grad(out, b[0], torch.from_numpy(g), create_graph=True)
    expected.backward(torch.from_numpy(h))
    same(a[0].grad, b[0].grad, np.float64)
    same(a[1].grad, b[1].grad, np.float64)


def test_a_large_mean_costs_no_digits() -> None:
    """PyTorch's layer norm in float32 is no closer to that in float64 than ours."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((4, 64)) + 1000).astype(np.float32)
    exact = torch.nn.functional.layer_norm(torch.from_numpy(x).double(), (64,)).numpy()
    ours = functional.layer_norm(x, 64)
    theirs = torch.nn.functional.layer_norm(torch.from_numpy(x), (64,)).numpy()
    assert abs(ours - exact).max() <= max(abs(theirs - exact).max(), 1e-6)


def test_one_value_for_each_channel_is_an_error_in_both() -> None:
    x = np.ones((1, 3))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        torch.nn.BatchNorm1d(3, dtype=torch.float64)(torch.from_numpy(x))
    with pytest.raises(ShapeError, match="more than one value for each channel"):
        nn.BatchNorm1d(3, dtype=np.float64)(x)


@few
@given(
    seed=seeds,
    kind=st.sampled_from(["Linear", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"]),
    groups=st.integers(1, 2),
    bias=st.booleans(),
    affine=st.booleans(),
)
def test_fused_batch_norm(seed: int, kind: str, groups: int, bias: bool, affine: bool) -> None:
    rng = np.random.default_rng(seed)
    axes, transpose = 2 if kind[-2:] == "2d" else 1, "Transpose" in kind
    affine = affine or kind == "Linear"  # whose normalization has to have weights in PyTorch
    sizes, options = ((4, 6), {"bias": bias}) if kind == "Linear" else ((4, 6, 2), {"bias": bias, "groups": groups})
    norm = "BatchNorm2d" if axes == 2 else "BatchNorm1d"
    ours, theirs = (getattr(home, kind)(*sizes, **options).eval() for home in (nn, torch.nn))
    bn, their_bn = (getattr(home, norm)(6, affine=affine).eval() for home in (nn, torch.nn))
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    for own, other in (("running_mean", their_bn.running_mean), ("running_var", their_bn.running_var)):
        getattr(bn, own)[...] = np.abs(rng.normal(size=6)) + 0.1
        other.copy_(torch.from_numpy(getattr(bn, own)))
    if affine:
        for own, other in ((bn.weight, their_bn.weight), (bn.bias, their_bn.bias)):
            own.data[...] = rng.normal(size=6)
            other.data.copy_(torch.from_numpy(own.data))
    x = rng.normal(size=(2, 4) if kind == "Linear" else (2, 4, *(5,) * axes)).astype(np.float32)
    before = ours.state_dict()
    args = (transpose,) if kind != "Linear" else ()
    name = "fuse_linear_bn_eval" if kind == "Linear" else "fuse_conv_bn_eval"
    fused = getattr(nn.utils, name)(ours, bn, *args)
    same(fused(x), torch.from_numpy(bn(ours(x)).data), np.float32)
    assert all(np.array_equal(value, before[key]) for key, value in ours.state_dict().items())
    if groups == 1 or not transpose:  # of several groups PyTorch's raises
        expected = getattr(torch.nn.utils, name)(theirs, their_bn, *args)
        for key, value in expected.state_dict().items():
            same(fused.state_dict()[key], value, np.float32)


@few
@given(data=st.data(), seed=seeds, dtype=dtypes)
def test_local_response_norm(data: Any, seed: int, dtype: Any) -> None:
    draw = data.draw
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 6)), *draw(st.lists(st.integers(1, 3), min_size=1)))
    options = {"size": draw(st.integers(1, 7)), "alpha": draw(st.sampled_from([1e-4, 1.0])), "k": 2.0}
    ours, theirs = (where.LocalResponseNorm(**options, beta=draw(st.sampled_from([0.75]))) for where in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    if len(shape) > 5:
        return  # PyTorch's view of more than three spatial axes is another
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    live, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, expected = ours(live), theirs(other)
    close: Any = {"rtol": 1e-9, "atol": 1e-9} if dtype is np.float64 else {"rtol": 1e-4, "atol": 1e-5}
    assert out.dtype == dtype
    np.testing.assert_allclose(out.data, expected.detach().numpy(), **close)
    out.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(live.grad.data, other.grad.numpy(), **close)
