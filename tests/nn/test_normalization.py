"""Normalization: its definition, derivatives of both orders, running statistics, dtypes, edges and errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import DtypeError, ShapeError, Tensor, checkpoint, gradcheck, gradgradcheck, no_grad, tensor
from nn import functional

from ..thorough import draws

rng = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return rng.standard_normal(shape)


def standardized(x: Any, axis: Any, eps: float, centered: bool = True) -> Any:
    """Return what normalization is, in NumPy's words."""
    centre = x.mean(axis, keepdims=True) if centered else 0
    return (x - centre) / np.sqrt(((x - centre) ** 2).mean(axis, keepdims=True) + eps)


RUNNING: list[Callable[[], Any]] = [
    lambda: nn.BatchNorm1d(3), lambda: nn.BatchNorm1d(3, momentum=None),
    lambda: nn.InstanceNorm1d(3, track_running_stats=True), lambda: nn.distributed.SyncBatchNorm(3),
]  # fmt: skip


@pytest.mark.parametrize("make", RUNNING)
def test_what_is_computed_again_moves_no_running_statistics(make: Callable[[], Any]) -> None:
    layers, x = [make() for _ in range(4)], tensor(normal(8, 3, 5), requires_grad=True)
    for _ in range(2):
        layers[0](layers[1](x)).sum().backward()
        checkpoint(lambda x: layers[2](checkpoint(layers[3], x)), x).sum().backward()
    for plain, repeated in zip(layers[:2], layers[2:], strict=True):
        for name, buffer in plain.named_buffers():
            np.testing.assert_array_equal(dict(repeated.named_buffers())[name], buffer)


# Each function of an input, a weight and a bias, with their shapes and the definition.
CASES: dict[str, tuple[Callable[..., Any], tuple[int, ...], tuple[int, ...], Callable[[Any], Any], Any]] = {
    "layer": (lambda x, w, b: functional.layer_norm(x, 4, w, b, 0.1), (3, 4), (4,), lambda p: p, -1),
    "layer over two axes": (
        lambda x, w, b: functional.layer_norm(x, (3, 2), w, b, 0.1), (2, 3, 2), (3, 2), lambda p: p, (-2, -1)
    ),
    "layer of a vector": (lambda x, w, b: functional.layer_norm(x, (4,), w, b, 0.1), (4,), (4,), lambda p: p, -1),
    "batch": (
        lambda x, w, b: functional.batch_norm(x, None, None, w, b, True, eps=0.1), (4, 3), (3,), lambda p: p, 0
    ),
    "batch of sequences": (
        lambda x, w, b: functional.batch_norm(x, None, None, w, b, True, eps=0.1),
        (2, 3, 4), (3,), lambda p: p[:, None], (0, 2),
    ),
    "batch of images": (
        lambda x, w, b: functional.batch_norm(x, None, None, w, b, True, eps=0.1),
        (2, 3, 2, 2), (3,), lambda p: p[:, None, None], (0, 2, 3),
    ),
    "instance": (
        lambda x, w, b: functional.instance_norm(x, None, None, w, b, eps=0.1),
        (2, 3, 2, 2), (3,), lambda p: p[:, None, None], (2, 3),
    ),
    "group of one channel": (
        lambda x, w, b: functional.group_norm(x, 3, w, b, 0.1), (2, 3, 2, 2), (3,), lambda p: p[:, None, None], (2, 3)
    ),
    "group of all channels": (
        lambda x, w, b: functional.group_norm(x, 1, w, b, 0.1), (2, 3, 2), (3,), lambda p: p[:, None], (1, 2)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_the_definition(name: str) -> None:
    function, shape, narrow, spread, axes = CASES[name]
    x, weight, bias = normal(*shape) * 3 + 2, normal(*narrow), normal(*narrow)
    expected = standardized(x, axes, 0.1)
    np.testing.assert_allclose(function(x, None, None), expected)
    np.testing.assert_allclose(function(x, weight, None), expected * spread(weight))
    np.testing.assert_allclose(function(x, None, bias), expected + spread(bias))
    out = function(tensor(x), tensor(weight), tensor(bias))
    np.testing.assert_allclose(out.data, expected * spread(weight) + spread(bias))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_derivatives_of_both_orders(name: str) -> None:
    function, shape, narrow, _, _ = CASES[name]
    inputs = [normal(*shape), normal(*narrow), normal(*narrow)]
    assert gradcheck(function, inputs, fast_mode=True)
    assert gradgradcheck(function, inputs, fast_mode=True)
    assert gradcheck(lambda x: function(x, None, None), inputs[:1], fast_mode=True)
    assert gradgradcheck(lambda x: function(x, None, None), inputs[:1], fast_mode=True)


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_the_composition(name: str) -> None:
    function, shape, narrow, spread, axes = CASES[name]
    values = [normal(*shape), normal(*narrow), normal(*narrow)]
    fused, composed = ([tensor(v, requires_grad=True) for v in values] for _ in range(2))
    g = normal(*shape)
    function(*fused).backward(g)
    x, weight, bias = composed
    (standardized(x, axes, 0.1) * spread(weight) + spread(bias)).backward(g)
    for one, other in zip(fused, composed, strict=True):
        assert one.grad is not None
        assert other.grad is not None
        np.testing.assert_allclose(one.grad.data, other.grad.data, atol=1e-12)


@draws(30)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3), eps=st.sampled_from([None, 0.5]), scaled=st.booleans()
)
def test_rms_norm(shape: Any, eps: Any, scaled: bool) -> None:
    x, weight = normal(*shape), normal(shape[-1]) if scaled else None
    expected = standardized(x, -1, np.finfo(float).eps if eps is None else eps, centered=False)
    out = functional.rms_norm(x, shape[-1], weight, eps)
    np.testing.assert_allclose(out, expected if weight is None else expected * weight)


def test_derivatives_of_rms_norm_and_normalize() -> None:
    x, weight = normal(3, 4), normal(4)
    for check in (gradcheck, gradgradcheck):
        assert check(lambda x, w: functional.rms_norm(x, 4, w, 0.1), [x, weight])
        assert check(lambda x: functional.normalize(x, 3.0), [x])
        assert check(lambda x: functional.normalize(x, dim=0), [x])


def test_normalize() -> None:
    x = normal(3, 4)
    np.testing.assert_allclose(functional.normalize(x), x / np.linalg.norm(x, axis=1, keepdims=True))
    np.testing.assert_allclose(functional.normalize(x, 1, 0), x / np.abs(x).sum(0))
    np.testing.assert_allclose(functional.normalize(x, np.inf, dim=-2), x / np.abs(x).max(0))
    np.testing.assert_array_equal(functional.normalize(x, eps=1e3), x / 1e3)
    with pytest.raises(TypeError, match="axis=0 and dim=1"):
        functional.normalize(x, axis=0, dim=1)


def test_running_statistics_follow_the_batches() -> None:
    layer = nn.BatchNorm1d(3, momentum=0.25, dtype=np.float64)
    mean, variance = layer.running_mean, layer.running_var
    first, second = normal(5, 3) + 2, normal(4, 3, 6)
    layer(first)
    np.testing.assert_allclose(mean, 0.25 * first.mean(0))
    np.testing.assert_allclose(variance, 0.75 + 0.25 * first.var(0, ddof=1))
    layer(second)
    np.testing.assert_allclose(mean, 0.75 * 0.25 * first.mean(0) + 0.25 * second.mean((0, 2)))
    assert layer.running_mean is mean
    assert layer.num_batches_tracked == 2
    layer.reset_running_stats()
    assert (mean == 0).all()
    assert (variance == 1).all()
    assert layer.num_batches_tracked == 0


def test_without_momentum_they_are_the_mean_of_all_batches() -> None:
    layer = nn.BatchNorm2d(2, momentum=None, dtype=np.float64)
    batches = [normal(3, 2, 4, 4) + i for i in range(4)]
    for batch in batches:
        layer(batch)
    np.testing.assert_allclose(layer.running_mean, np.mean([b.mean((0, 2, 3)) for b in batches], 0))
    variances = [b.transpose(1, 0, 2, 3).reshape(2, -1).var(1, ddof=1) for b in batches]
    np.testing.assert_allclose(layer.running_var, np.mean(variances, 0))


def test_evaluation_uses_running_statistics_and_leaves_them() -> None:
    layer: Any = nn.BatchNorm1d(3, dtype=np.float64)
    layer(normal(8, 3) * 2 + 1)
    layer.weight.data[...], layer.bias.data[...] = normal(3), normal(3)
    layer.eval()
    state, x = layer.state_dict(), normal(1, 3)
    expected = (x - layer.running_mean) / np.sqrt(layer.running_var + layer.eps) * layer.weight.data + layer.bias.data
    np.testing.assert_allclose(layer(x).data, expected)
    assert all((layer.state_dict()[name] == value).all() for name, value in state.items())
    assert gradcheck(layer, [x], fast_mode=True)
    with pytest.raises(ValueError, match="batch_norm needs running_mean and running_var"):
        functional.batch_norm(x)


def test_without_tracking_evaluation_uses_the_batch() -> None:
    layer = nn.BatchNorm1d(3, affine=False, track_running_stats=False)
    x = normal(5, 3)
    np.testing.assert_array_equal(layer(x), layer.eval()(x))
    assert layer.state_dict() == {}
    assert layer.running_mean is None


def test_instance_norm_tracks_the_mean_over_samples() -> None:
    layer = nn.InstanceNorm1d(2, momentum=0.5, track_running_stats=True, dtype=np.float64)
    x = normal(3, 2, 5)
    layer(x)
    np.testing.assert_allclose(layer.running_mean, 0.5 * x.mean((0, 2)))
    np.testing.assert_allclose(layer.running_var, 0.5 + 0.5 * x.var(2, ddof=1).mean(0))
    expected = (x - layer.running_mean[:, None]) / np.sqrt(layer.running_var[:, None] + 1e-5)
    np.testing.assert_allclose(layer.eval()(x), expected)
    np.testing.assert_allclose(nn.InstanceNorm1d(2)(x[0]), standardized(x[0], 1, 1e-5))
    np.testing.assert_allclose(nn.InstanceNorm2d(2)(x[:, :, :, None]), standardized(x, 2, 1e-5)[..., None])


def test_statistics_may_be_tensors() -> None:
    mean, variance = tensor(np.zeros(2)), tensor(np.ones(2))
    x = normal(4, 2)
    functional.batch_norm(x, mean, variance, training=True)
    np.testing.assert_allclose(mean.data, 0.1 * x.mean(0))
    np.testing.assert_allclose(
        functional.batch_norm(x, mean, variance), (x - mean.data) / np.sqrt(variance.data + 1e-5)
    )


LAYERS: dict[str, tuple[Callable[..., nn.Module], tuple[int, ...]]] = {
    "LayerNorm": (lambda **o: nn.LayerNorm(4, **o), (3, 4)),
    "RMSNorm": (lambda **o: nn.RMSNorm((3, 4), **o), (2, 3, 4)),
    "GroupNorm": (lambda **o: nn.GroupNorm(2, 4, **o), (3, 4, 5)),
    "BatchNorm1d": (lambda **o: nn.BatchNorm1d(4, **o), (3, 4)),
    "BatchNorm2d": (lambda **o: nn.BatchNorm2d(4, **o), (3, 4, 2, 2)),
    "InstanceNorm1d": (lambda **o: nn.InstanceNorm1d(4, affine=True, **o), (3, 4, 5)),
    "InstanceNorm2d": (lambda **o: nn.InstanceNorm2d(4, affine=True, **o), (3, 4, 2, 2)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_stay(name: str, dtype: Any) -> None:
    make, shape = LAYERS[name]
    layer: Any = make(dtype=dtype)
    for mode in (True, False):
        layer.train(mode).zero_grad()
        x = tensor(normal(*shape).astype(dtype), requires_grad=True)
        out = layer(x)
        assert out.dtype == dtype
        out.backward(np.ones(shape, dtype))
        assert all(p.grad.dtype == dtype for p in [x, *layer.parameters()])
    assert all(value.dtype in (dtype, np.int64) for value in layer.state_dict().values())


@pytest.mark.parametrize("name", LAYERS)
def test_memory_of_any_layout(name: str) -> None:
    make, shape = LAYERS[name]
    layer, x = make(), normal(*shape).astype(np.float32)
    expected, g = layer(x).data, normal(*shape).astype(np.float32)
    reversed_ = np.asfortranarray(x)
    strided = np.repeat(x, 2, -1)[..., ::2]
    x.flags.writeable = False
    gradients = []
    for layout in (x, reversed_, strided):
        leaf = Tensor(layout, requires_grad=True)
        np.testing.assert_allclose(layer(leaf).data, expected, atol=1e-6)
        layer(leaf).backward(g)
        assert leaf.grad is not None
        gradients.append(leaf.grad.data)
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-6)
    np.testing.assert_allclose(gradients[2], gradients[0], atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_no_samples(name: str) -> None:
    make, shape = LAYERS[name]
    layer, x = make(), tensor(np.zeros((0, *shape[1:]), np.float32), requires_grad=True)
    before = layer.state_dict()
    out = layer(x)
    assert out.shape == x.shape
    out.sum().backward()
    assert all(p.grad is not None and not p.grad.data.any() for p in layer.parameters())
    assert all((layer.state_dict()[name] == before[name]).all() for name in before if "batches" not in name)


def test_constants_give_zeros() -> None:
    x = np.full((4, 3), 7.0, np.float32)
    for layer in (nn.LayerNorm(3), nn.BatchNorm1d(3), nn.GroupNorm(1, 3)):
        assert (layer(x).data == 0).all()
    assert (functional.rms_norm(np.zeros((2, 3)), 3) == 0).all()


def test_what_it_prints_and_how_it_starts_anew() -> None:
    assert repr(nn.LayerNorm(4)) == "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)"
    assert repr(nn.RMSNorm((2, 3))) == "RMSNorm((2, 3), eps=None, elementwise_affine=True)"
    assert repr(nn.GroupNorm(2, 4)) == "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"
    assert "momentum=0.1, affine=True, bias=True, track_running_stats=True" in repr(nn.BatchNorm1d(3))
    assert "affine=False, bias=False, track_running_stats=False" in repr(nn.InstanceNorm2d(3))
    layer: Any = nn.BatchNorm1d(3)
    layer.weight.data[...] = layer.bias.data[...] = 5
    layer(np.ones((4, 3), np.float32))
    layer.reset_parameters()
    assert (layer.weight.data == 1).all()
    assert (layer.bias.data == 0).all()
    assert layer.num_batches_tracked == 0
    plain: Any = nn.LayerNorm(3, bias=False)
    assert plain.bias is None
    plain.reset_parameters()
    assert list(nn.LayerNorm(3, elementwise_affine=False).parameters()) == []


def test_nothing_is_recorded_within_no_grad() -> None:
    with no_grad():
        assert not nn.LayerNorm(3)(np.ones((2, 3), np.float32)).requires_grad


ERRORS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: functional.layer_norm(normal(2, 3), 4), ShapeError,
     r"layer_norm over normalized_shape=\(4,\) needs an input of shape \(\.\.\., 4\), not \(2, 3\)"),
    (lambda: functional.layer_norm(normal(3), (2, 3)), ShapeError, r"an input of shape \(\.\.\., 2, 3\), not \(3,\)"),
    (lambda: functional.layer_norm(normal(3), ()), ShapeError, "at least one axis"),
    (lambda: functional.layer_norm(normal(2, 3), 3, normal(2)), ShapeError, r"a weight of shape \(3,\), not \(2,\)"),
    (lambda: functional.rms_norm(normal(2, 3), 3, normal(1)), ShapeError, r"rms_norm .* a weight of shape \(3,\)"),
    (lambda: functional.layer_norm(np.ones((2, 3), complex), 3), DtypeError, "real numbers, .* complex128"),
    (lambda: functional.local_response_norm(normal(2, 3), 3), ShapeError, r"\(n, channels, \*spatial\).*not \(2, 3\)"),
    (lambda: functional.local_response_norm(normal(2, 3, 0), 3), ShapeError, "where n alone may be 0"),
    (lambda: functional.local_response_norm(normal(2, 3, 1), 0), ValueError, "size should be at least 1, not 0"),
    (lambda: functional.local_response_norm(normal(2, 3, 1), 1.5), TypeError, "size should be an integer"),  # type: ignore[arg-type]  # is tested
    (lambda: functional.local_response_norm(normal(2, 3, 1) + 1j, 1), DtypeError, "real numbers, .* complex128"),
    (lambda: nn.LocalResponseNorm(0), ValueError, "size should be an integer of 1 or more, not 0"),
    (lambda: functional.group_norm(normal(2, 4), 3), ShapeError, r"the 4 channels .* evenly into 3 groups"),
    (lambda: functional.group_norm(normal(4), 2), ShapeError, r"needs an input of shape \(n, channels, \.\.\.\)"),
    (lambda: nn.GroupNorm(3, 4), ValueError, "4 channels cannot be divided evenly into 3 groups"),
    (lambda: nn.GroupNorm(2, 4)(normal(2, 6)), ShapeError, r"GroupNorm of 4 channels needs them on axis 1.*\(2, 6\)"),
    (lambda: functional.batch_norm(normal(1, 3), training=True), ShapeError, "more than one value for each channel"),
    (lambda: functional.batch_norm(normal(4, 3), np.zeros(2), np.ones(3)), ShapeError, r"running_mean of shape \(3,\)"),
    (lambda: nn.BatchNorm1d(3)(normal(4, 2)), ShapeError, r"BatchNorm1d of 3 channels needs them on axis 1"),
    (lambda: nn.BatchNorm1d(3)(normal(4, 3, 2, 2)), ShapeError, r"BatchNorm1d takes inputs of 2 or 3 dimensions"),
    (lambda: nn.BatchNorm2d(3)(normal(4, 3)), ShapeError, r"BatchNorm2d takes inputs of 4 dimensions, not of shape"),
    (lambda: functional.instance_norm(normal(4, 3)), ShapeError, "more than one value for each channel of a sample"),
    (lambda: functional.instance_norm(normal(4, 3, 1)), ShapeError, r"\(4, 3, 1\)"),
    (lambda: functional.instance_norm(normal(4, 3, 2), use_input_stats=False), ValueError, "needs running_mean"),
    (lambda: nn.InstanceNorm1d(3)(normal(4, 2)), ShapeError, r"InstanceNorm1d of 3 channels needs them on axis 0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_shapes_and_remedy(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "make", [nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm1d, lambda n, **more: nn.GroupNorm(1, n, **more)]
)
def test_norms_without_a_bias(make: Any) -> None:
    layer = make(3, affine=True, bias=False)
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    assert layer.bias is None
    assert "bias=False" in repr(layer)


@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_local_responses_are_sums_over_channels_beside(size: int) -> None:
    x = rng.standard_normal((2, 5, 3))
    expected = np.empty_like(x)
    for c in range(5):
        beside = x[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        expected[:, c] = x[:, c] / (2 + 0.5 / size * (beside**2).sum(axis=1)) ** 0.75
    np.testing.assert_allclose(functional.local_response_norm(x, size, 0.5, k=2.0), expected)
    assert gradcheck(lambda x: functional.local_response_norm(x, size, 0.5), x, fast_mode=True)
    assert gradgradcheck(lambda x: functional.local_response_norm(x, size, 0.5), x, fast_mode=True)


def test_several_axes_are_normalized_as_one() -> None:
    x = rng.standard_normal((2, 3, 4))
    for p in (1.0, 2.0, np.inf):
        norm = np.linalg.norm(x.transpose(1, 0, 2).reshape(3, 8), p, axis=1)
        np.testing.assert_allclose(functional.normalize(x, p, (0, 2)), x / norm[:, None])
    assert gradcheck(lambda x: functional.normalize(x, dim=(0, -1)), x, fast_mode=True)


def test_what_cannot_be_fused() -> None:
    conv, bn = nn.Conv2d(3, 4, 2).eval(), nn.BatchNorm2d(4).eval()
    fuse = nn.utils.fuse_conv_bn_eval
    calls: list[tuple[Callable[[], nn.Module], str]] = [
        (lambda: fuse(conv.train(), bn), r"for evaluation: call eval\(\) of the Conv2d first"),
        (lambda: fuse(conv.eval(), nn.BatchNorm2d(4)), r"call eval\(\) of the BatchNorm2d first"),
        (lambda: fuse(conv.eval(), nn.BatchNorm2d(4, track_running_stats=False).eval()), "no running statistics"),
        (lambda: fuse(conv.eval(), nn.BatchNorm2d(5).eval()), "the Conv2d has 4 outputs, but the BatchNorm2d has 5"),
    ]
    for call, words in calls:
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(TypeError, match="takes modules, not int"):
        nn.utils.fuse_linear_bn_eval(3, bn)  # type: ignore[type-var]
