"""Layers and their functions: values, derivatives of both orders, dtypes, errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import ShapeError, Tensor, gradcheck, gradgradcheck, no_grad, tensor
from nn import functional

rng = np.random.default_rng(0)


def normal(*shape: Any) -> Any:
    return rng.standard_normal(shape)


LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(3, 2, dtype=np.float64), (4, 3)),
    "linear without bias": (lambda: nn.Linear(3, 2, bias=False, dtype=np.float64), (4, 3)),
    "linear of a vector": (lambda: nn.Linear(3, 2, dtype=np.float64), (3,)),
    "linear of a batch of sequences": (lambda: nn.Linear(3, 2, dtype=np.float64), (2, 5, 3)),
    "linear of one feature": (lambda: nn.Linear(1, 1, dtype=np.float64), (4, 1)),
    "relu": (nn.ReLU, (4, 3)),
    "tanh": (nn.Tanh, (4, 3)),
    "sigmoid": (nn.Sigmoid, (4, 3)),
    "softmax": (nn.Softmax, (4, 3)),
    "softmax over the first axis": (lambda: nn.Softmax(0), (4, 3)),
    "log_softmax": (lambda: nn.LogSoftmax(dim=1), (4, 3, 2)),
    "flatten": (nn.Flatten, (2, 3, 2)),
    "mlp": (lambda: nn.MLP([3, 4, 2], activation=nn.Tanh, dtype=np.float64), (5, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_derivatives_of_both_orders(name: Any) -> None:
    make, shape = LAYERS[name]
    layer = make()
    parameters = list(layer.parameters())
    x = normal(*shape)

    def run(x: Any, *values: Any) -> Any:
        for parameter, value in zip(parameters, values, strict=True):
            parameter._array, parameter._node = value._array, value._node
        return layer(x)

    inputs = [x, *[parameter.data.copy() for parameter in parameters]]
    assert gradcheck(run, inputs, fast_mode=True)
    assert gradgradcheck(run, inputs, fast_mode=True)


@given(
    leading=st.lists(st.integers(0, 4), max_size=3),
    features=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    bias=st.booleans(),
)
def test_linear_is_a_product_and_a_sum(leading: Any, features: Any, bias: Any) -> None:
    inputs, outputs = features
    layer: Any = nn.Linear(inputs, outputs, bias=bias, dtype=np.float64)
    x = tensor(normal(*leading, features[0]), requires_grad=True)
    out = layer(x)
    expected = x.data @ layer.weight.data.T + (layer.bias.data if bias else 0)
    np.testing.assert_allclose(out.data, expected)
    g = normal(*out.shape)
    out.backward(g)
    rows = g.reshape(-1, features[1]) if g.size else np.zeros((0, features[1]))
    np.testing.assert_allclose(x.grad.data, g @ layer.weight.data)
    np.testing.assert_allclose(layer.weight.grad.data, rows.T @ x.data.reshape(len(rows), features[0]), atol=1e-12)
    if bias:
        np.testing.assert_allclose(layer.bias.grad.data, rows.sum(0), atol=1e-12)


def test_linear_has_pytorchs_shapes_and_range() -> None:
    nn.manual_seed(0)
    layer: Any = nn.Linear(100, 50)
    assert layer.weight.shape == (50, 100)
    assert layer.bias.shape == (50,)
    for parameter in layer.parameters():
        assert parameter.dtype == np.float32
        assert 0.09 < abs(parameter.data).max() <= 0.1
        assert abs(parameter.data.mean()) < 0.02


def test_linear_of_wrong_features_names_shapes_and_remedy() -> None:
    layer = nn.Linear(4, 2)
    with pytest.raises(ShapeError, match=r"'linear'.*\(3, 5\).*\(2, 4\).*an input of shape \(\.\.\., 4\) is expected"):
        layer(np.zeros((3, 5), np.float32))
    with pytest.raises(ValueError, match="Linear: in_features should be an integer of 1 or more, not 0"):
        nn.Linear(0, 2)


@pytest.mark.parametrize(
    ("weight", "bias"), [((3,), None), ((2, 3), (1,)), ((2, 3), ()), ((2, 3), (4, 2)), ((1, 2, 3), None)]
)
def test_linear_does_not_broadcast_parameters(weight: Any, bias: Any) -> None:
    parameters = [np.ones(weight), *([] if bias is None else [np.ones(bias)])]
    with pytest.raises(ShapeError, match=r"they should be \(out_features, in_features\) and \(out_features,\)"):
        functional.linear(np.ones((4, 3)), *parameters)


def test_gradients_of_constant_inputs_are_not_computed() -> None:
    layer: Any = nn.Linear(3, 2)
    x = Tensor(np.ones((4, 3), np.float32))
    layer(x).sum().backward()
    assert x.grad is None
    layer.weight.requires_grad_(False)
    layer.zero_grad()
    layer(x).sum().backward()
    assert layer.weight.grad is None
    assert (layer.bias.grad.data == 4).all()


def test_everything_stays_float32() -> None:
    model = nn.Sequential(
        nn.Linear(4, 3),
        nn.ReLU(),
        nn.Linear(3, 3),
        nn.Tanh(),
        nn.Sigmoid(),
        nn.Dropout(0.5),
        nn.Softmax(),
        nn.LogSoftmax(),
    )
    x = tensor(normal(5, 4).astype(np.float32), requires_grad=True)
    value = x
    for layer in model:
        value = layer(value)
        assert value.dtype == np.float32, layer
    for loss in (nn.CrossEntropyLoss(), nn.NLLLoss(), nn.CrossEntropyLoss(label_smoothing=0.1, weight=np.ones(3))):
        out = loss(model(x), np.zeros(5, int))
        assert out.dtype == np.float32
        out.backward()
        assert all(p.grad.dtype == np.float32 for p in [x, *model.parameters()])
    assert nn.MSELoss()(model(x), np.zeros((5, 3), np.float32)).dtype == np.float32


def test_double_precision_where_asked_for() -> None:
    model = nn.MLP([2, 3, 1], dtype=np.float64)
    assert all(p.dtype == np.float64 for p in model.parameters())
    assert model(np.ones((1, 2))).dtype == np.float64


def test_relu_at_zero_and_at_the_ends() -> None:
    x = tensor([-np.inf, -1.0, -0.0, 0.0, 2.0, np.inf, np.nan], requires_grad=True)
    y = functional.relu(x)
    np.testing.assert_array_equal(y.data, [0, 0, 0, 0, 2, np.inf, np.nan])
    y.backward(np.ones(7))
    np.testing.assert_array_equal(x.grad.data, [0, 0, 0, 0, 1, 1, 0])
    assert functional.relu(np.array([-1, 2])).dtype == np.int64


def test_sigmoid_neither_overflows_nor_loses_small_values() -> None:
    x = np.array([-1000.0, -700.0, -40.0, 0.0, 40.0, 1000.0])
    with np.errstate(over="raise", invalid="raise"):
        y = functional.sigmoid(x)
    np.testing.assert_allclose(y, [0.0, np.exp(-700), np.exp(-40), 0.5, 1.0, 1.0], rtol=1e-12)


def test_softmax_of_large_logits() -> None:
    x = np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0]])
    np.testing.assert_allclose(functional.softmax(x), np.array([[1, 0, 0], [1 / 3] * 3]))
    np.testing.assert_allclose(functional.log_softmax(x), np.array([[0, -1000, -2000], [-np.log(3)] * 3]))


def test_softmax_takes_either_name_of_the_axis() -> None:
    x = normal(3, 4)
    np.testing.assert_array_equal(functional.softmax(x, 0), functional.softmax(x, dim=0))
    np.testing.assert_array_equal(functional.log_softmax(x, axis=0), functional.log_softmax(x, dim=0))
    np.testing.assert_array_equal(functional.softmax(x), functional.softmax(x, 1))
    np.testing.assert_allclose(functional.softmax(x, dim=0).sum(0), 1)
    with pytest.raises(TypeError, match="axis=0 and dim=1 name the same thing"):
        functional.softmax(x, axis=0, dim=1)


def test_functions_of_plain_arrays_give_plain_arrays() -> None:
    x = normal(2, 3)
    for name in ("relu", "tanh", "sigmoid", "softmax", "log_softmax", "dropout"):
        assert type(getattr(functional, name)(x)) is np.ndarray
    mapped: Any = functional.linear(x, normal(2, 3))
    assert type(mapped) is np.ndarray


def test_dropout_keeps_the_mean_and_repeats_with_its_seed() -> None:
    nn.manual_seed(3)
    x = tensor(np.ones(20_000, np.float32), requires_grad=True)
    layer = nn.Dropout(0.25)
    y = layer(x)
    assert set(np.unique(y.data)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(y.data.mean() - 1) < 0.02
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    nn.manual_seed(3)
    np.testing.assert_array_equal(layer(x).data, y.data)
    assert not np.array_equal(layer(x).data, y.data)
    np.testing.assert_array_equal(
        functional.dropout(x, 0.25, generator=np.random.default_rng(3)).data,
        functional.dropout(x, 0.25, generator=np.random.default_rng(3)).data,
    )


def test_dropout_at_its_ends_and_in_evaluation() -> None:
    x = tensor(np.ones(5), requires_grad=True)
    assert nn.Dropout(0.5).eval()(x) is x
    assert nn.Dropout(0)(x) is x
    assert (nn.Dropout(1)(x).data == 0).all()
    with pytest.raises(ValueError, match=r"from 0 to 1, not 1\.5"):
        nn.Dropout(1.5)
    with pytest.raises(ValueError, match="from 0 to 1, not -1"):
        functional.dropout(x, -1)


def test_flatten() -> None:
    x = normal(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0)(x).shape == (120,)
    assert nn.Flatten(1, 2)(x).shape == (2, 12, 5)
    assert nn.Flatten(-2)(x).shape == (2, 3, 20)
    with pytest.raises(ValueError, match=r"Flatten\(1, -1\) cannot flatten an input of shape \(3,\)"):
        nn.Flatten()(normal(3))


def test_no_rows_and_no_axes() -> None:
    assert nn.Flatten()(np.zeros((0, 3, 2))).shape == (0, 6)
    assert nn.Flatten(0)(np.float64(3)).shape == (1,)
    assert nn.Unflatten(1, (-1, 2))(np.zeros((0, 6))).shape == (0, 3, 2)
    for function in (functional.softmax, functional.log_softmax):
        for shape in ((0, 3), (3, 0), (0,)):
            x = tensor(np.zeros(shape), requires_grad=True)
            function(x, 0).sum().backward()
            assert x.grad is not None
            assert x.grad.shape == shape


def test_mlp_alternates_layers_and_activations() -> None:
    model = nn.MLP([4, 3, 2], activation=nn.Sigmoid)
    assert [type(layer).__name__ for layer in model] == ["Linear", "Sigmoid", "Linear"]
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(nn.MLP([2, 1])) == 1
    with pytest.raises(ValueError, match=r"not sizes=\[3\]"):
        nn.MLP([3])


def test_seeded_models_are_equal() -> None:
    nn.manual_seed(7)
    first = nn.MLP([3, 4, 2]).state_dict()
    nn.manual_seed(7)
    second = nn.MLP([3, 4, 2]).state_dict()
    assert all((first[name] == second[name]).all() for name in first)
    assert not (nn.MLP([3, 4, 2])[0].weight.data == first["0.weight"]).any()


def test_no_grad_gives_constants() -> None:
    with no_grad():
        out = nn.MLP([2, 3, 1])(np.ones((1, 2), np.float32))
    assert not out.requires_grad
