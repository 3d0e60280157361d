"""Attention: values by its definition, derivatives of both orders, masks, what is kept, every error."""

import copy
import math
import pickle
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import DtypeError, ShapeError, Tensor, checkpoint, grad, gradcheck, gradgradcheck, tensor, vmap
from autograd.testing import LAYOUTS
from nn import functional

from ..thorough import draws

attend: Any = functional.scaled_dot_product_attention


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def inputs(queries: int = 4, keys: int = 3, leading: tuple[int, ...] = (2,)) -> list[Any]:
    return [normal(*leading, queries, 5), normal(*leading, keys, 5, seed=1), normal(*leading, keys, 2, seed=2)]


def by_definition(*arrays: Any, allowed: Any = None, added: Any = 0.0, scale: float | None = None) -> Any:
    """Compute the mean of the values query by query, in the words of the definition."""
    q, k, v = arrays
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    shape = (*q.shape[:-1], k.shape[-2])
    allowed = np.broadcast_to(True if allowed is None else allowed, shape)
    added = np.broadcast_to(added, shape)
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for place in np.ndindex(q.shape[:-1]):
        scores = [scale * (q[place] @ key) + a for key, a in zip(k[place[:-1]], added[place], strict=True)]
        weights = [math.exp(s) if ok else 0.0 for s, ok in zip(scores, allowed[place], strict=True)]
        if sum(weights) > 0:
            out[place] = sum(w * value for w, value in zip(weights, v[place[:-1]], strict=True)) / sum(weights)
    return out


MASKS: dict[str, dict[str, Any]] = {
    "none": {},
    "causal": {"is_causal": True},
    "booleans": {"attn_mask": normal(4, 3) > -0.5},
    "booleans of each batch": {"attn_mask": normal(2, 4, 3) > -0.5},
    "a row masked whole": {"attn_mask": np.array([[True], [False], [True], [True]])},
    "keys": {"attn_mask": np.array([True, False, True])},
    "floats": {"attn_mask": normal(4, 3)},
    "a row of -inf": {"attn_mask": np.where(np.arange(4)[:, None] == 1, -np.inf, normal(4, 3))},
}


def parts(options: dict[str, Any]) -> dict[str, Any]:
    """Return what `by_definition` calls the mask in the options."""
    mask = np.tri(4, 3, dtype=bool) if options.get("is_causal") else options.get("attn_mask")
    return {"added": mask} if mask is not None and mask.dtype != bool else {"allowed": mask}


@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_is_what_it_is_defined_to_be(options: Any) -> None:
    q, k, v = inputs()
    expected = by_definition(q, k, v, **parts(options))
    np.testing.assert_allclose(attend(q, k, v, **options), expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(attend(q, k, tensor(v), **options).data, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_derivatives_of_both_orders(options: Any) -> None:
    assert gradcheck(lambda q, k, v: attend(q, k, v, **options), inputs(), fast_mode=True)
    assert gradgradcheck(lambda q, k, v: attend(q, k, v, **options), inputs(), fast_mode=True)


@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_equals_its_composition(options: Any) -> None:
    """Softmax of products, of operations that are tested elsewhere; at both orders, to the last digits."""
    _, (allowed,) = zip(*parts(options).items(), strict=True)
    additive = np.zeros((4, 3)) if allowed is None else allowed
    if additive.dtype == bool:
        additive = np.where(additive, 0.0, -1e9)
    whole = np.isfinite(np.maximum(additive, -1e8)).all(-1) & (additive > -1e8).any(-1)

    def composed(q: Any, k: Any, v: Any) -> Any:
        scores = q @ k.mT / math.sqrt(5) + np.maximum(additive, -1e9)
        return functional.softmax(scores) @ v * np.broadcast_to(whole, (2, 4))[..., None]

    def gradients(function: Any) -> list[Any]:
        arrays = [tensor(x, requires_grad=True) for x in inputs()]
        out = function(*arrays)
        out.backward(normal(2, 4, 2), create_graph=True)
        first = [x.grad for x in arrays]
        for x in arrays:
            x.grad = None
        total = sum((g * normal(*g.shape, seed=7)).sum() for g in first)
        total.backward()
        return [out.data, *(g.data for g in first), *(x.grad.data for x in arrays)]

    for one, other in zip(gradients(lambda *x: attend(*x, **options)), gradients(composed), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


def test_a_query_without_keys_gets_zeros_and_passes_no_gradient_on() -> None:
    q, k, v = (tensor(x, requires_grad=True) for x in inputs())
    out = attend(q, k, v, attn_mask=np.zeros((4, 3), bool))
    assert not out.data.any()
    out.sum().backward()
    assert not any(x.grad.data.any() for x in (q, k, v))
    assert not attend(*inputs(keys=0)).any()


@pytest.mark.parametrize("masks", [normal(3, 4, 3) > 0.3, normal(3, 4, 3)], ids=["booleans", "floats"])
@pytest.mark.parametrize("shared", [True, False])
def test_a_batch_of_masks(masks: Any, shared: bool) -> None:
    masks[1, 2] = False if masks.dtype == bool else -np.inf
    batch = inputs() if shared else [np.stack([x, x + 0.5, 2 * x]) for x in inputs()]

    def attended(mask: Any, *arrays: Any) -> Any:
        return attend(*arrays, attn_mask=mask)

    for function in (attended, grad(lambda *args: (attended(*args) ** 2).sum(), argnums=(1, 2, 3))):
        found = vmap(function, in_axes=(0, *[None if shared else 0] * 3), loops="error")(masks, *batch)
        each = [function(masks[i], *(batch if shared else [x[i] for x in batch])) for i in range(3)]
        for got, expected in zip(*(x if isinstance(x, tuple) else (x,) for x in (found, _stacked(each))), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)


def _stacked(results: list[Any]) -> Any:
    return tuple(map(np.stack, zip(*results, strict=True))) if isinstance(results[0], tuple) else np.stack(results)


def test_the_gradient_of_a_mask() -> None:
    assert gradcheck(lambda q, k, v, mask: attend(q, k, v, attn_mask=mask), [*inputs(), normal(4, 1)], fast_mode=True)
    assert gradgradcheck(
        lambda q, k, v, mask: attend(q, k, v, attn_mask=mask), [*inputs(), normal(4, 3)], fast_mode=True
    )
    mask = tensor(np.array([[0, -np.inf, 0], [-np.inf] * 3, [0, 0, 0], [0, 0, 0]]), requires_grad=True)
    out = attend(*map(np.float32, inputs()), attn_mask=mask)
    assert out.dtype == np.float32
    assert not out.data[:, 1].any()
    out.sum().backward()
    assert np.isfinite(mask.grad.data).all()
    assert not mask.grad.data[1].any()


def test_scale() -> None:
    q, k, v = inputs()
    np.testing.assert_allclose(attend(q, k, v, scale=0.0), np.broadcast_to(v.mean(1, keepdims=True), (2, 4, 2)))
    np.testing.assert_allclose(attend(q, k, v, scale=-2.0), by_definition(q, k, v, scale=-2.0))


def test_dropout_drops_weights() -> None:
    q, k, v = inputs(50, 40)
    nn.manual_seed(0)
    weights = attend(np.zeros_like(q), k, np.broadcast_to(np.eye(40), (2, 40, 40)), dropout_p=0.25)
    assert set(np.unique(weights.round(9))) == {0.0, round(1 / 40 / 0.75, 9)}
    assert 0.2 < np.mean(weights == 0) < 0.3
    assert not attend(q, k, v, dropout_p=1.0).any()
    with pytest.raises(ValueError, match="from 0 to 1"):
        attend(q, k, v, dropout_p=1.5)


def test_several_heads_of_the_query_share_those_of_the_keys() -> None:
    q, k, v = normal(2, 6, 4, 5), normal(2, 3, 3, 5), normal(2, 3, 3, 2)
    repeated = by_definition(q, k.repeat(2, 1), v.repeat(2, 1))
    np.testing.assert_allclose(attend(q, k, v, enable_gqa=True), repeated)
    assert gradcheck(lambda *x: attend(*x, enable_gqa=True), [q, k, v], fast_mode=True)
    with pytest.raises(ShapeError, match="multiple"):
        attend(q, k[:, :0], v, enable_gqa=True)
    with pytest.raises(ShapeError, match="multiple"):
        attend(q[:, :5], k, v, enable_gqa=True)


@given(
    leading=st.lists(st.integers(0, 2), max_size=2).map(tuple),
    sides=st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3), st.integers(0, 2)),
    layout=st.sampled_from(sorted(LAYOUTS)),
    dtype=st.sampled_from([np.float32, np.float64]),
    causal=st.booleans(),
)
@draws(50)
def test_any_shape_layout_and_dtype(leading: Any, sides: Any, layout: str, dtype: Any, causal: bool) -> None:
    queries, keys, features, values = sides
    shapes = ((*leading, queries, features), (*leading, keys, features), (*leading, keys, values))
    arrays = [LAYOUTS[layout](normal(*shape, seed=i).astype(dtype)) for i, shape in enumerate(shapes)]
    live = [Tensor(array, requires_grad=True) for array in arrays]
    out = attend(*live, is_causal=causal)
    allowed = np.tri(queries, keys, dtype=bool) if causal else None
    expected = by_definition(*map(np.float64, arrays), allowed=allowed)
    assert out.dtype == dtype
    np.testing.assert_allclose(out.data, expected, rtol=1e-4 if dtype is np.float32 else 1e-12, atol=1e-6)
    out.backward(np.ones(out.shape, dtype))
    assert [x.grad.shape for x in live] == [x.shape for x in live]
    assert all(x.grad.dtype == dtype for x in live)
    # the weights of each query that attends to anything sum to 1, and so do the gradients of the values
    if keys and values:
        np.testing.assert_allclose(live[2].grad.data.sum(-2), np.full((*leading, values), queries), rtol=1e-5)


def test_heads_that_are_axes_of_features_are_not_copied() -> None:
    x = [tensor(normal(2, 7, 12, seed=i), requires_grad=True) for i in range(3)]
    q, k, v = (each.reshape(2, 7, 3, 4).transpose(0, 2, 1, 3) for each in x)
    out = attend(q, k, v)
    joined = out.transpose(0, 2, 1, 3).reshape(2, 7, 12)
    assert np.shares_memory(joined.data, out.data)
    joined.sum().backward()
    expected = by_definition(q.data, k.data, v.data).transpose(0, 2, 1, 3).reshape(2, 7, 12)
    np.testing.assert_allclose(joined.data, expected)


def test_keeps_the_inputs_and_the_weights_alone() -> None:
    arrays = [tensor(x.astype(np.float32), requires_grad=True) for x in inputs(16, 16, (4,))]
    out = attend(*arrays)
    kept = {id(item) for rule in out._node.kept for item in rule if isinstance(item, np.ndarray)}
    assert kept == {id(x.data) for x in arrays}
    (weights,) = next(item for item in out._node.kept[0] if isinstance(item, list))
    assert weights.shape == (4, 16, 16)
    held = weakref.ref(weights)
    del weights
    out.sum().backward()
    assert held() is None


def test_a_gradient_that_was_written_to_between_two_walks_is_read_again() -> None:
    """The rule of the query leaves what the rule of the key needs too; a later walk must not take it for its own."""
    arrays = [tensor(x, requires_grad=True) for x in inputs()]
    out = attend(*arrays)
    gradient = normal(2, 4, 2)
    out.backward(gradient, retain_graph=True, inputs=[arrays[0]])
    gradient *= -3
    out.backward(gradient, retain_graph=True, inputs=[arrays[1]])
    once = [tensor(x, requires_grad=True) for x in inputs()]
    attend(*once).backward(gradient)
    np.testing.assert_array_equal(arrays[1].grad.data, once[1].grad.data)
    out.backward(gradient, inputs=[arrays[1]])
    np.testing.assert_allclose(arrays[1].grad.data, 2 * once[1].grad.data)


def test_checkpoints_and_constants() -> None:
    q, k, v = inputs()
    live = [tensor(x, requires_grad=True) for x in (q, k, v)]
    checkpoint(attend, *live).sum().backward()
    for place in range(3):
        arrays: list[Any] = [q, k, v]
        arrays[place] = tensor(arrays[place], requires_grad=True)
        attend(*arrays).sum().backward()
        np.testing.assert_allclose(arrays[place].grad.data, live[place].grad.data)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda q, k, v: attend(q, k[..., :4], v), ShapeError, r"key \(2, 3, 4\)"),
        (lambda q, k, v: attend(q, k[:, :2], v), ShapeError, "leading axes that are the same or broadcast"),
        (lambda q, k, v: attend(q, k[0, 0, 0], v), ShapeError, "leading axes that are the same or broadcast"),
        (lambda q, k, v: attend(q[0, 0], k[0, 0], v[0, 0]), ShapeError, "should be"),
        (lambda q, k, v: attend(q * 1j, k, v), DtypeError, "query has dtype complex128"),
        (lambda q, k, v: attend(q, k, v * 1j), DtypeError, "value complex128"),
        (lambda q, k, v: attend(q, k, v, np.ones((4, 3), int)), DtypeError, r"mask.astype\(bool\)"),
        (lambda q, k, v: attend(q, k, v, np.ones((3, 4))), ShapeError, r"scores of shape \(2, 4, 3\)"),
        (lambda q, k, v: attend(q, k, v, np.ones((3, 2, 4, 3))), ShapeError, "mask of shape"),
        (lambda q, k, v: attend(q, k, v, np.ones((4, 3), bool), is_causal=True), ValueError, "both attn_mask and"),
    ],
)
def test_says_what_is_wrong(change: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        change(*inputs())


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "without biases": {"bias": False},
    "appended": {"add_bias_kv": True, "add_zero_attn": True},
    "other features": {"kdim": 3, "vdim": 5},
    "batch first": {"batch_first": True},
}


def layer_and_inputs(options: dict[str, Any], batch: int | None = 2) -> tuple[nn.MultiheadAttention, list[Any]]:
    nn.manual_seed(0)
    layer = nn.MultiheadAttention(6, 2, dtype=np.float64, **options)
    lengths, features = (4, 3, 3), (6, layer.kdim, layer.vdim)
    shapes: Any = [(length, f) for length, f in zip(lengths, features, strict=True)]
    if batch is not None:
        shapes = [(batch, *s) if layer.batch_first else (s[0], batch, s[1]) for s in shapes]
    for parameter in layer.parameters():  # biases are zeros at first
        parameter.data[...] = normal(*parameter.shape)
    return layer, [normal(*shape, seed=i) for i, shape in enumerate(shapes)]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("need_weights", [True, False])
def test_layer_derivatives_of_both_orders(options: Any, need_weights: bool) -> None:
    layer, arrays = layer_and_inputs(options)
    parameters = list(layer.parameters())

    def run(q: Any, k: Any, v: Any, *values: Any) -> Any:
        for parameter, value in zip(parameters, values, strict=True):
            parameter._array, parameter._node = value._array, value._node
        out, weights = layer(q, k, v, need_weights=need_weights)
        return out if weights is None else np.concatenate([out.ravel(), weights.ravel()])

    given = [*arrays, *(parameter.data.copy() for parameter in parameters)]
    assert gradcheck(run, given, fast_mode=True)
    assert gradgradcheck(run, given, fast_mode=True)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_layer_is_heads_of_maps(options: Any) -> None:
    layer, arrays = layer_and_inputs(options)
    q, k, v = arrays if layer.batch_first else [x.swapaxes(0, 1) for x in arrays]
    state = layer.state_dict()
    packed = state.get("in_proj_weight")
    weights = [state[f"{n}_proj_weight"] for n in "qkv"] if packed is None else np.split(packed, 3)
    q, k, v = (x @ w.T + b for x, w, b in zip((q, k, v), weights, np.split(state.get("in_proj_bias", np.zeros(18)), 3),
                                             strict=True))  # fmt: skip
    if layer.bias_k is not None:
        k, v = (np.concatenate([x, np.broadcast_to(state[n], (2, 1, 6))], 1) for x, n in ((k, "bias_k"), (v, "bias_v")))
        k, v = (np.concatenate([x, np.zeros((2, 1, 6))], 1) for x in (k, v))
    heads = [by_definition(*(x[..., 3 * h : 3 * h + 3] for x in (q, k, v))) for h in range(2)]
    expected = np.concatenate(heads, -1) @ state["out_proj.weight"].T + state.get("out_proj.bias", 0)
    for need_weights in (True, False):
        out = layer(*arrays, need_weights=need_weights)[0].data
        np.testing.assert_allclose(out if layer.batch_first else out.swapaxes(0, 1), expected)


def test_layer_takes_one_sequence_too() -> None:
    for options in OPTIONS.values():
        layer, arrays = layer_and_inputs(options, batch=None)
        out, weights = layer(*arrays, average_attn_weights=False, key_padding_mask=np.array([False, True, False]))
        batch = [x[None] if layer.batch_first else x[:, None] for x in arrays]
        outs, more = layer(*batch, average_attn_weights=False, key_padding_mask=np.array([[False, True, False]]))
        np.testing.assert_array_equal(out.data, outs.data[0 if layer.batch_first else (slice(None), 0)])
        np.testing.assert_array_equal(weights.data, more.data[0])
        assert not weights.data[..., 1].any()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_layer_masks(options: Any) -> None:
    """Each mask, and several at once, exclude what they say; what is appended is never excluded."""
    layer, arrays = layer_and_inputs(options)
    keys = 3 + 2 * (layer.bias_k is not None)
    padding = np.array([[False, False, True], [False, True, True]])
    barred = np.arange(12).reshape(4, 3) % 5 == 0
    each = np.arange(48).reshape(4, 4, 3) % 7 == 0
    causal = ~np.tri(4, 3, dtype=bool)
    shape = (2, 2, 4, 3)
    wide = padding[:, None, None]
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"key_padding_mask": padding}, wide),
        ({"attn_mask": barred}, barred),
        ({"attn_mask": each}, each.reshape(shape)),
        ({"is_causal": True}, causal),
        ({"attn_mask": causal, "is_causal": True}, causal),
        ({"attn_mask": barred, "key_padding_mask": padding, "is_causal": True}, barred | wide | causal),
        ({"attn_mask": np.where(barred, -np.inf, 0.5), "key_padding_mask": padding}, barred | wide),
        ({"attn_mask": each, "key_padding_mask": np.where(padding, -np.inf, 0.0)}, each.reshape(shape) | wide),
    ]
    for masks, excluded in cases:
        out, weights = layer(*arrays, average_attn_weights=False, **masks)
        expected = np.zeros((2, 2, 4, keys), bool)
        expected[..., :3] = np.broadcast_to(excluded, shape)
        np.testing.assert_array_equal(weights.data == 0, expected)
        np.testing.assert_allclose(layer(*arrays, need_weights=False, **masks)[0].data, out.data, atol=1e-13)
        mean = layer(*arrays, **masks)[1].data
        np.testing.assert_allclose(mean, weights.data.mean(1))


def test_layer_with_everything_masked_is_the_bias_of_the_last_map() -> None:
    layer, arrays = layer_and_inputs({})
    for need_weights in (True, False):
        out, _ = layer(*arrays, key_padding_mask=np.ones((2, 3), bool), need_weights=need_weights)
        assert layer.out_proj.bias is not None
        np.testing.assert_array_equal(out.data, np.broadcast_to(layer.out_proj.bias.data, out.shape))
        out.sum().backward()
        assert all(np.isfinite(p.grad.data).all() for p in layer.parameters() if p.grad is not None)


def test_layer_drops_weights_while_training_alone() -> None:
    layer, arrays = layer_and_inputs({"dropout": 0.5})
    layer.train()
    assert not np.array_equal(layer(*arrays)[0].data, layer(*arrays)[0].data)
    _, weights = layer(*arrays, average_attn_weights=False)
    assert (weights.data == 0).any()
    layer.eval()
    np.testing.assert_allclose(layer(*arrays)[0].data, layer(*arrays, need_weights=False)[0].data)
    np.testing.assert_allclose(layer(*arrays)[1].data.sum(-1), 1)


def test_layer_begins_with_pytorchs_distributions() -> None:
    nn.manual_seed(0)
    layer: Any = nn.MultiheadAttention(100, 4, add_bias_kv=True)
    bound = math.sqrt(6 / 400)  # of the packed weight, as PyTorch draws it
    assert 0.98 * bound < abs(layer.in_proj_weight.data).max() <= bound
    assert 0.98 / 10 < abs(layer.out_proj.weight.data).max() <= 1 / 10
    assert not layer.in_proj_bias.data.any()
    assert not layer.out_proj.bias.data.any()
    assert layer.bias_k.data.std() == pytest.approx(0.1, rel=0.3)
    assert all(parameter.dtype == np.float32 for parameter in layer.parameters())
    apart: Any = nn.MultiheadAttention(100, 4, kdim=50)
    assert 0.98 < abs(apart.k_proj_weight.data).max() / math.sqrt(6 / 150) <= 1
    assert apart.in_proj_weight is None


def test_layer_stays_in_single_precision_and_can_be_copied() -> None:
    layer = nn.MultiheadAttention(6, 2, add_bias_kv=True, add_zero_attn=True)
    x = normal(4, 2, 6).astype(np.float32)
    mask = normal(4, 4)
    for need_weights in (True, False):
        out, _ = layer(x, x, x, need_weights=need_weights, attn_mask=mask)
        assert out.dtype == np.float32
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(x, x, x)[0].data, layer(x, x, x)[0].data)
    assert repr(nn.MultiheadAttention(6, 2, 0.5)).startswith("MultiheadAttention(\n  embed_dim=6, num_heads=2")


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda m, x: nn.MultiheadAttention(6, 4), ValueError, "cannot be cut into num_heads=4"),
        (lambda m, x: nn.MultiheadAttention(6, 2, 1.5), ValueError, "from 0 to 1"),
        (lambda m, x: m(x, x, x[:3]), ShapeError, "key and value of one length"),
        (lambda m, x: m(x, x[:, :1], x[:, :1]), ShapeError, "batch_first=False"),
        (lambda m, x: m(x[..., :5], x, x), ShapeError, "with 6, 6 and 6 features"),
        (lambda m, x: m(x, x[0], x[0]), ShapeError, r"or \(length, features\)"),
        (lambda m, x: m(x[0, 0], x[0, 0], x[0, 0]), ShapeError, r"query \(6,\)"),
        (
            lambda m, x: m(x, x, x, np.ones((4, 2), bool)),
            ShapeError,
            r"key_padding_mask of shape \(4, 2\), .* \(2, 4\)",
        ),
        (lambda m, x: m(x, x, x, attn_mask=np.ones((1, 4))), ShapeError, r"\(4, 4\) or \(4, 4, 4\)"),
        (lambda m, x: m(x, x, x, attn_mask=np.ones((2, 4, 4))), ShapeError, "attn_mask of shape"),
        (lambda m, x: m(x, x, x, attn_mask=np.ones((4, 4), int)), DtypeError, "attn_mask has booleans"),
    ],
)
def test_layer_says_what_is_wrong(use: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        use(nn.MultiheadAttention(6, 2), normal(4, 2, 6).astype(np.float32))


@pytest.mark.parametrize("leading", [((2, 3), (1, 3), (2, 1)), ((3,), (), (2, 1)), ((), (2,), (1,))])
def test_leading_axes_broadcast(leading: Any) -> None:
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((*axes, n, 2)) for axes, n in zip(leading, (3, 4, 4), strict=True))
    shape = np.broadcast_shapes(*leading)
    whole = attend(*(np.broadcast_to(x, (*shape, *x.shape[-2:])) for x in (q, k, v)))
    np.testing.assert_allclose(attend(q, k, v), whole, 1e-12)
    assert gradcheck(attend, [q, k, v], fast_mode=True)
    assert gradgradcheck(attend, [q, k, v], fast_mode=True)
    mask = rng.standard_normal((*shape, 3, 4))
    assert gradcheck(lambda q, mask: attend(q, k, v, mask), [q, mask], fast_mode=True)


def test_slopes_where_one_weight_is_nearly_1_keep_their_digits() -> None:
    """The weights are logistic functions of the query, the second about exp(-30)."""
    query = tensor([[30.0]], requires_grad=True)
    keys, values = np.array([[1.0], [0.0]]), np.array([[1000.0], [-2000.0]])
    functional.scaled_dot_product_attention(query, keys, values, scale=1.0).sum().backward()
    assert query.grad is not None
    np.testing.assert_allclose(query.grad, 3000 * math.exp(-30) / (1 + math.exp(-30)) ** 2, rtol=1e-12)
