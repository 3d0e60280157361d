"""Attention finds what PyTorch finds: outputs, weights, and the gradients of inputs and parameters."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

attend: Any = functional.scaled_dot_product_attention
dtypes = st.sampled_from([np.float64, np.float64, np.float32])


def normal(shape: Any, dtype: Any, seed: int) -> Any:
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(dtype)


def assert_close(ours: Any, theirs: Any) -> None:
    single = ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-3 if single else 1e-10, atol=1e-5 if single else 1e-12)


def mask_for(kind: str | None, shape: tuple[int, ...], dtype: Any, seed: int) -> Any:
    """Return a mask in which every query has a key: PyTorch's output is nan for one that has none, and ours is 0."""
    if kind is None:
        return None
    mask = np.random.default_rng(seed).random(shape) > 0.4
    mask[..., 0] = True
    return mask if kind == "booleans" else np.where(mask, normal(shape, dtype, seed), -np.inf).astype(dtype)


def theirs(value: Any) -> Any:
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value


@given(data=st.data())
@draws(40)
def test_scaled_dot_product_attention(data: st.DataObject) -> None:
    draw = data.draw
    leading, dtype = draw(st.sampled_from([(), (2,), (2, 3), (0, 2)])), draw(dtypes)
    queries, keys, features, values = (draw(st.integers(1, 5)) for _ in range(4))
    shapes = ((*leading, queries, features), (*leading, keys, features), (*leading, keys, values))
    arrays = [normal(shape, dtype, seed) for seed, shape in enumerate(shapes)]
    options: dict[str, Any] = {"scale": draw(st.sampled_from([None, 0.3])), "is_causal": draw(st.booleans())}
    if not options["is_causal"]:
        kind = draw(st.sampled_from([None, "booleans", "floats"]))
        shape = draw(st.sampled_from([(queries, keys), (1, keys), (*leading, queries, keys)]))
        options["attn_mask"] = mask_for(kind, shape, dtype, 5)
    ours = [tensor(x, requires_grad=True) for x in arrays]
    out = attend(*ours, **options)
    live = [torch.from_numpy(x).requires_grad_() for x in arrays]
    given_options = {name: theirs(value) for name, value in options.items()}
    expected = torch.nn.functional.scaled_dot_product_attention(*live, **given_options)
    assert out.dtype == dtype
    assert_close(out.data, expected.detach().numpy())
    g = normal(out.shape, dtype, 9)
    out.backward(g)
    expected.backward(torch.from_numpy(g))
    for one, other in zip(ours, live, strict=True):
        assert one.grad is not None
        assert_close(one.grad.data, other.grad.numpy())


def test_heads_that_share_keys_and_the_gradient_of_a_mask() -> None:
    arrays = [
        normal(shape, np.float64, i) for i, shape in enumerate(((2, 4, 3, 5), (2, 2, 3, 5), (2, 2, 3, 5), (3, 3)))
    ]
    ours = [tensor(x, requires_grad=True) for x in arrays]
    live = [torch.from_numpy(x).requires_grad_() for x in arrays]
    attend(*ours, enable_gqa=True).sum().backward()
    torch.nn.functional.scaled_dot_product_attention(*live, enable_gqa=True).sum().backward()
    for one, other in zip(ours, live, strict=True):
        assert one.grad is not None
        assert_close(one.grad.data, other.grad.numpy())


def test_where_we_differ() -> None:
    """A query that may attend to no key: where PyTorch multiplies, it is nan there, and so is every gradient."""
    x = normal((1, 2, 3), np.float64, 0)
    mask = np.array([[False, False], [True, True]])
    layer, other = nn.MultiheadAttention(3, 1, dtype=np.float64), torch.nn.MultiheadAttention(3, 1).double()
    theirs_out, _ = other(*[torch.from_numpy(x.swapaxes(0, 1).copy())] * 3, attn_mask=torch.from_numpy(~mask))
    assert torch.isnan(theirs_out[0]).all()
    out, weights = layer(*[x.swapaxes(0, 1)] * 3, attn_mask=~mask)
    assert weights is not None
    assert not out.data[0].any()  # the bias of the last map is 0 at first
    assert not weights.data[0, 0].any()


@given(data=st.data())
@draws(30)
def test_multihead_attention(data: st.DataObject) -> None:
    draw = data.draw
    flag, dtype = st.booleans(), draw(dtypes)
    heads, depth, batch = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.sampled_from([None, 1, 3]))
    queries, keys, width = draw(st.integers(1, 4)), draw(st.integers(1, 4)), heads * depth
    options: dict[str, Any] = {n: draw(flag) for n in ("bias", "add_bias_kv", "add_zero_attn", "batch_first")}
    options["kdim"], options["vdim"] = (draw(st.sampled_from([None, 2, 5])) for _ in range(2))
    module = torch.nn.MultiheadAttention(width, heads, **options, dtype=getattr(torch, np.dtype(dtype).name))
    layer = nn.MultiheadAttention(width, heads, **{**options, "dtype": dtype})
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    assert {name: value.shape for name, value in layer.state_dict().items()} == {k: v.shape for k, v in state.items()}
    assert list(layer.state_dict()) == list(state)
    layer.load_state_dict(state)

    def shape(length: int, features: int) -> tuple[int, ...]:
        if batch is None:
            return length, features
        return (batch, length, features) if options["batch_first"] else (length, batch, features)

    lengths, features = (queries, keys, keys), (width, layer.kdim, layer.vdim)
    arrays = [normal(shape(*size), dtype, i) for i, size in enumerate(zip(lengths, features, strict=True))]
    n = batch or 1
    bar = {"booleans": lambda mask: ~mask, "floats": lambda mask: mask}
    kinds = [draw(st.sampled_from([None, kind])) for kind in [draw(st.sampled_from(["booleans", "floats"]))] * 2]
    padding_shape = (keys,) if batch is None else (n, keys)
    mask_shape = draw(st.sampled_from([(queries, keys), (n * heads, queries, keys)]))
    masks = {
        name: None if kind is None else bar[kind](mask_for(kind, size, dtype, 3))
        for name, kind, size in zip(("key_padding_mask", "attn_mask"), kinds, (padding_shape, mask_shape), strict=True)
    }
    need, average = draw(flag), draw(flag)
    ours = [tensor(x, requires_grad=True) for x in arrays]
    live = [torch.from_numpy(x).requires_grad_() for x in arrays]
    out, weights = layer(*ours, **masks, need_weights=need, average_attn_weights=average)
    given_masks = {name: theirs(mask) for name, mask in masks.items()}
    expected, others = module(*live, **given_masks, need_weights=need, average_attn_weights=average)
    assert_close(out.data, expected.detach().numpy())
    assert (weights is None) == (others is None) == (not need)
    if weights is not None:
        assert_close(weights.data, others.detach().numpy())
    g = normal(out.shape, dtype, 9)
    out.backward(g)
    expected.backward(torch.from_numpy(g))
    gradients = dict(zip("qkv", ours, strict=True)) | dict(layer.named_parameters())
    references = dict(zip("qkv", live, strict=True)) | dict(module.named_parameters())
    for name, value in gradients.items():
        assert value.grad is not None
        assert_close(value.grad.data, references[name].grad.numpy())
