"""Recurrent layers and their cells: against their definitions, derivatives of both orders, options, errors."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import (
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    gradcheck,
    gradgradcheck,
    gradients,
    no_grad,
    tensor,
    vjp,
)
from autograd.testing import arrays, check_operation, layouts
from nn.functional import _rnn, _rnn_steps

from ..thorough import THOROUGH, few

Array = np.ndarray[Any, Any]

# The operation, its step, the number of gates and of states.
SEQUENCES: dict[str, tuple[Any, Any, int, int]] = {
    "lstm": (_rnn.lstm, _rnn_steps.lstm_step, 4, 2),
    "gru": (_rnn.gru, _rnn_steps.gru_step, 3, 1),
    "rnn_tanh": (_rnn.rnn_tanh, _rnn_steps.rnn_tanh_step, 1, 1),
    "rnn_relu": (_rnn.rnn_relu, _rnn_steps.rnn_relu_step, 1, 1),
}
LAYERS: dict[str, Any] = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
CELLS: dict[str, tuple[Any, Any]] = {
    "RNN": (nn.RNNCell, nn.RNN),
    "LSTM": (nn.LSTMCell, nn.LSTM),
    "GRU": (nn.GRUCell, nn.GRU),
}
every_sequence = pytest.mark.parametrize("name", SEQUENCES)
every_layer = pytest.mark.parametrize("name", LAYERS)

rng = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    return rng.standard_normal(shape)


def both(name: str, reverse: bool) -> tuple[Any, Any]:
    """Return the operation and its composition, each as a function of the inputs and parameters."""
    operation, step, _, states = SEQUENCES[name]

    def composed(x: Any, *others: Any) -> Any:
        return _rnn_steps.composed(step, reverse, x, others[:states], others[states:])

    return lambda *inputs: operation(reverse, *inputs), composed


def inputs_of(name: str, time: int, batch: int, features: int, hidden: int, bias: bool) -> list[Array]:
    _, _, gates, states = SEQUENCES[name]
    weights = [normal(gates * hidden, features), normal(gates * hidden, hidden)]
    biases = [normal(gates * hidden) for _ in range(2 * bias)]
    return [normal(time, batch, features), *(normal(batch, hidden) for _ in range(states)), *weights, *biases]


def parts(result: Any) -> list[Any]:
    """Return the output and the states of a layer, one after the other."""
    return [part for each in result for part in (each if isinstance(each, tuple) else (each,))]


# A sequence as one operation is the composition of its steps


@every_sequence
@few(6)
@given(
    sizes=st.tuples(st.integers(1, 5), st.integers(0, 40), st.integers(1, 3), st.integers(1, 3)),
    reverse=st.booleans(),
    bias=st.booleans(),
)
def test_a_sequence_is_its_steps(name: str, sizes: tuple[int, int, int, int], reverse: bool, bias: bool) -> None:
    operation, composed = both(name, reverse)
    inputs = inputs_of(name, *sizes, bias)
    (results, pull), (expected, pull_composed) = vjp(operation, *inputs), vjp(composed, *inputs)
    for result, same in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, same, rtol=1e-12, atol=1e-12)
    cotangents = tuple(normal(*result.shape) for result in results)
    for gradient, same in zip(pull(cotangents), pull_composed(cotangents), strict=True):
        np.testing.assert_allclose(gradient, same, rtol=1e-10, atol=1e-10)


@every_sequence
@pytest.mark.parametrize("sizes", [(70, 8, 2, 3), (3, 300, 2, 3), (33, 17, 3, 200)])
def test_gradients_of_long_sequences_are_summed_over_their_parts(name: str, sizes: tuple[int, int, int, int]) -> None:
    operation, composed = both(name, False)
    inputs = inputs_of(name, *sizes, True)
    inputs[-4:] = (parameter / 10 for parameter in inputs[-4:])  # far from where gates are closed
    (results, pull), (_, pull_composed) = vjp(operation, *inputs), vjp(composed, *inputs)
    cotangents = tuple(normal(*result.shape) for result in results)
    for gradient, same in zip(pull(cotangents), pull_composed(cotangents), strict=True):
        np.testing.assert_allclose(gradient, same, rtol=1e-9, atol=1e-9)


@pytest.mark.one_in(4)
@every_sequence
@few(1)
@given(data=st.data(), reverse=st.booleans(), bias=st.booleans())
def test_sequences_keep_all_promises_of_operations(name: str, data: st.DataObject, reverse: bool, bias: bool) -> None:
    """Of both orders, forward mode, memory layouts, and that no array is written to or shared."""
    shapes = [a.shape for a in inputs_of(name, 2, data.draw(st.integers(1, 2)), 2, 2, bias)]
    # offsets away from 0, at which a rectifier has its kink
    inputs = [data.draw(arrays(shape, between=(-1.0, 1.0), offset=0.37).flatmap(layouts)) for shape in shapes]
    check_operation(both(name, reverse)[0], *inputs)


@pytest.mark.one_in(16)
@every_sequence
@pytest.mark.parametrize("reverse", [False, True])
def test_derivatives_element_by_element(name: str, reverse: bool) -> None:
    operation, inputs = both(name, reverse)[0], inputs_of(name, 3, 2, 2, 2, True)
    assert gradcheck(operation, inputs, fast_mode=True)
    assert gradgradcheck(operation, inputs, fast_mode=True)


@every_sequence
def test_single_results_are_enough_for_a_gradient(name: str) -> None:
    operation, composed = both(name, False)
    inputs = inputs_of(name, 3, 2, 2, 2, True)
    for place in range(1 + SEQUENCES[name][3]):
        leaves = [[tensor(a, requires_grad=True) for a in inputs] for _ in range(2)]
        pair = [
            gradients(np.sum(function(*each)[place] ** 2), each)
            for function, each in zip((operation, composed), leaves, strict=True)
        ]
        for gradient, same in zip(*pair, strict=True):
            np.testing.assert_allclose(gradient.data, same.data, atol=1e-12)


@every_sequence
def test_what_is_not_finite_stays_where_it_is(name: str) -> None:
    """One sequence of a batch holds nan, and its results are not used: gradients of the parameters do without it."""
    operation, _ = both(name, False)
    inputs = inputs_of(name, 3, 2, 2, 2, True)
    alone = [inputs[0][:, :1], *(a[:1] for a in inputs[1 : 1 + SEQUENCES[name][3]])]
    inputs[0][:, 1] = np.nan
    parameters = inputs[1 + SEQUENCES[name][3] :]

    def first(*given: Any) -> Any:
        return np.sum(operation(*given)[0][:, 0])

    found, expected = vjp(first, *inputs)[1](1.0), vjp(first, *alone, *parameters)[1](1.0)
    for gradient, same in zip(found[-4:], expected[-4:], strict=True):
        np.testing.assert_allclose(gradient, same, atol=1e-12)


def test_saturated_gates_neither_overflow_nor_are_nan() -> None:
    for name in ("lstm", "gru", "rnn_tanh"):
        inputs = [1e4 * a for a in inputs_of(name, 3, 2, 2, 2, True)]
        with np.errstate(over="raise", invalid="raise"):
            results, pull = vjp(both(name, False)[0], *inputs)
            found = pull(tuple(np.ones(result.shape) for result in results))
        assert all(np.isfinite(a).all() for a in (*results, *found))


# Layers


def build(name: str, *args: Any, **kwargs: Any) -> Any:
    nn.manual_seed(0)
    return LAYERS[name](*args, dtype=np.float64, **kwargs)


@pytest.mark.one_in(3)
@every_layer
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "batch_first": True}]
)
def test_layers_have_derivatives_of_both_orders(name: str, options: dict[str, Any]) -> None:
    """Of several layers and directions, which are put together of such as have both, the second with `thorough`."""
    layer = build(name, 2, 2, **options)

    def run(x: Any, *values: Any) -> Any:
        for parameter, value in zip(layer.parameters(), values, strict=True):
            parameter._array, parameter._node = value._array, value._node
        return parts(layer(x))

    inputs = [normal(3, 2, 2), *(parameter.data.copy() for parameter in layer.parameters())]
    assert gradcheck(run, inputs, fast_mode=True)
    if THOROUGH or not layer.bidirectional:
        assert gradgradcheck(run, inputs, fast_mode=True)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_is_its_cell_for_each_step(name: str, bias: bool) -> None:
    cell_class, layer_class = CELLS[name]
    cell, layer = cell_class(3, 4, bias, dtype=np.float64), layer_class(3, 4, bias=bias, dtype=np.float64)
    layer.load_state_dict({f"{key}_l0": value for key, value in cell.state_dict().items()})
    x, state, outputs = normal(5, 2, 3), None, []
    for step in x:
        state = cell(step, state)
        outputs.append((state[0] if name == "LSTM" else state).data)
    output, last = layer(x)
    np.testing.assert_allclose(output.data, outputs, atol=1e-14)
    for one, other in zip(parts((last,)), parts((state,)), strict=True):
        np.testing.assert_allclose(one.data[0], other.data, atol=1e-14)


@every_layer
def test_directions_read_the_sequence_both_ways(name: str) -> None:
    layer, single, x = build(name, 3, 4, bidirectional=True), build(name, 3, 4), normal(5, 2, 3)
    state = layer.state_dict()
    single.load_state_dict({key: state[key] for key in single.state_dict()})
    forward = single(x)[0].data
    single.load_state_dict({key: state[f"{key}_reverse"] for key in single.state_dict()})
    backward = single(x[::-1])[0].data[::-1]
    np.testing.assert_allclose(layer(x)[0].data, np.concatenate([forward, backward], axis=2), atol=1e-14)


@every_layer
def test_initial_states_continue_a_sequence(name: str) -> None:
    layer, x = build(name, 3, 4, num_layers=2), normal(6, 2, 3)
    whole, last = layer(x)
    first, state = layer(x[:2])
    rest, end = layer(x[2:], state)
    np.testing.assert_allclose(np.concatenate([first.data, rest.data]), whole.data, atol=1e-14)
    for one, other in zip(parts((last,)), parts((end,)), strict=True):
        np.testing.assert_allclose(one.data, other.data, atol=1e-14)


@every_layer
def test_one_sequence_and_batches_first(name: str) -> None:
    layer, x = build(name, 3, 4, bidirectional=True, num_layers=2), normal(5, 2, 3)
    output, state = layer(x)
    single, single_state = layer(x[:, 1])
    np.testing.assert_allclose(single.data, output.data[:, 1], atol=1e-14)
    for one, other in zip(parts((single_state,)), parts((state,)), strict=True):
        np.testing.assert_allclose(one.data, other.data[:, 1], atol=1e-14)
    again, _ = layer(x[:, 1], _zeros(single_state))
    np.testing.assert_array_equal(again.data, single.data)
    layer.batch_first = True
    np.testing.assert_allclose(layer(x.swapaxes(0, 1))[0].data, output.data.swapaxes(0, 1), atol=1e-14)


def _zeros(state: Any) -> Any:
    return tuple(map(_zeros, state)) if isinstance(state, tuple) else np.zeros(state.shape)


@every_layer
def test_dropout_is_between_layers_and_while_training(name: str) -> None:
    layer, x = build(name, 3, 4, num_layers=2, dropout=0.5), normal(5, 2, 3)
    plain = build(name, 3, 4, num_layers=2)
    assert not np.allclose(layer(x)[0].data, plain(x)[0].data)
    np.testing.assert_array_equal(parts(layer(x)[1:])[0].data[0], parts(plain(x)[1:])[0].data[0])  # the first layer
    np.testing.assert_array_equal(layer.eval()(x)[0].data, plain(x)[0].data)


def test_a_projection_makes_the_hidden_state_smaller() -> None:
    layer, x = build("LSTM", 3, 4, proj_size=2, bidirectional=True, num_layers=2), normal(5, 2, 3)
    output, (h, c) = layer(x)
    assert (output.shape, h.shape, c.shape) == ((5, 2, 4), (4, 2, 2), (4, 2, 4))
    assert gradcheck(lambda x: layer(x)[0], x, fast_mode=True)
    assert layer.weight_hr_l0.shape == (2, 4)


@every_layer
def test_float32_stays_and_double_is_kept(name: str) -> None:
    layer = LAYERS[name](3, 4, num_layers=2, bidirectional=True)
    x = tensor(normal(5, 2, 3).astype(np.float32), requires_grad=True)
    results = parts(layer(x))
    assert {part.dtype for part in results} == {np.dtype(np.float32)}
    results[0].sum().backward()
    assert {leaf.grad.dtype for leaf in (x, *layer.parameters())} == {np.dtype(np.float32)}
    assert {part.dtype for part in parts(layer(normal(5, 2, 3)))} == {np.dtype(np.float64)}


@every_layer
def test_empty_batches_have_empty_results_and_zero_gradients(name: str) -> None:
    layer = build(name, 3, 4)
    output, _ = layer(np.zeros((5, 0, 3)))
    assert output.shape == (5, 0, 4)
    output.sum().backward()
    assert all((parameter.grad.data == 0).all() for parameter in layer.parameters())


@every_layer
def test_initial_values_are_those_of_pytorch(name: str) -> None:
    layer = build(name, 10, 100, num_layers=2)
    for parameter in layer.parameters():
        assert 0.09 < abs(parameter.data).max() <= 0.1
        assert abs(parameter.data.mean()) < 0.03
    cell = CELLS[name][0](10, 100)
    assert all(0.09 < abs(parameter.data).max() <= 0.1 for parameter in cell.parameters())


@every_layer
def test_layers_are_copied_and_shown(name: str) -> None:
    layer = build(name, 3, 4, num_layers=2, bidirectional=True)
    assert repr(layer) == f"{name}(3, 4, num_layers=2, bidirectional=True)"
    x = normal(5, 2, 3)
    np.testing.assert_array_equal(copy.deepcopy(layer)(x)[0].data, layer(x)[0].data)
    assert repr(CELLS[name][0](3, 4, bias=False)) == f"{name}Cell(3, 4, bias=False)"


def test_rectifiers_are_shown() -> None:
    assert repr(nn.RNN(3, 4, nonlinearity="relu")) == "RNN(3, 4, nonlinearity=relu)"
    assert repr(nn.RNNCell(3, 4, nonlinearity="relu")) == "RNNCell(3, 4, nonlinearity=relu)"


def test_a_second_walk_and_a_write_to_the_result_are_errors() -> None:
    layer = build("LSTM", 3, 4)
    output, _ = layer(normal(5, 2, 3))
    output.sum().backward()
    with pytest.raises(GraphError):
        output.sum().backward()
    output, _ = layer(normal(5, 2, 3))
    loss = output.sum()
    with no_grad():
        output += 1
    with pytest.raises(GraphError, match="written"):
        loss.backward()


# Errors


@every_layer
def test_wrong_inputs_name_the_layer_and_the_remedy(name: str) -> None:
    layer = build(name, 3, 4)
    with pytest.raises(ShapeError, match=rf"{name}.*\(5, 2, 7\).*\(time, batch, 3\), or \(time, 3\)"):
        layer(normal(5, 2, 7))
    with pytest.raises(ShapeError, match=rf"{name}.*\(0, 2, 3\), without any step"):
        layer(np.zeros((0, 2, 3)))
    with pytest.raises(DtypeError, match=f"{name} computes with real numbers, but input has dtype complex128"):
        layer(np.ones((5, 2, 3), complex))
    with pytest.raises(ShapeError, match=rf"{name}.*\(batch, time, 3\)"):
        build(name, 3, 4, batch_first=True)(normal(5, 2, 7))


@every_layer
def test_wrong_states_name_the_shape_that_fits(name: str) -> None:
    layer, x = build(name, 3, 4), normal(5, 2, 3)
    wrong = (normal(1, 1, 4), normal(1, 2, 4)) if name == "LSTM" else normal(1, 1, 4)
    with pytest.raises(ShapeError, match=rf"{name} has h_0 of shape \(1, 1, 4\).*\(1, 2, 4\)"):
        layer(x, wrong)
    whole = np.zeros((1, 2, 4), complex)
    with pytest.raises(DtypeError, match=f"{name} .* h_0 has dtype complex128"):
        layer(x, (whole, whole) if name == "LSTM" else whole)
    with pytest.raises(ShapeError, match=r"\(1, 4\), \(layers \* directions, features\)"):
        layer(x[:, 0], (normal(1, 2, 4),) * 2 if name == "LSTM" else normal(1, 2, 4))


@every_layer
def test_wrong_options_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: hidden_size should be an integer of 1 or more, not 0"):
        LAYERS[name](3, 0)
    with pytest.raises(ValueError, match="from 0 to 1, not 2"):
        LAYERS[name](3, 4, num_layers=2, dropout=2.0)
    with pytest.warns(UserWarning, match=f"{name} has dropout between its layers, but only one"):
        LAYERS[name](3, 4, dropout=0.5)
    with pytest.raises(ValueError, match=f"{name}Cell: input_size should be an integer of 1 or more"):
        CELLS[name][0](0, 4)


def test_options_of_single_layers_are_checked() -> None:
    with pytest.raises(ValueError, match='"tanh" or "relu", not \'gelu\''):
        nn.RNN(3, 4, nonlinearity="gelu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='"tanh" or "relu", not \'gelu\''):
        nn.RNNCell(3, 4, nonlinearity="gelu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"proj_size from 0.*not 4"):
        nn.LSTM(3, 4, proj_size=4)
    with pytest.raises(TypeError, match=r"pair \(h_0, c_0\), not as ndarray"):
        nn.LSTM(3, 4)(normal(5, 2, 3), normal(1, 2, 4))
    with pytest.raises(TypeError, match=r"pair \(h, c\), not as ndarray"):
        nn.LSTMCell(3, 4)(normal(2, 3), normal(2, 4))


@pytest.mark.parametrize("name", CELLS)
def test_wrong_inputs_of_cells_are_named(name: str) -> None:
    cell = CELLS[name][0](3, 4)
    state = (normal(1, 4),) * 2 if name == "LSTM" else normal(1, 4)
    with pytest.raises(ShapeError, match=rf"{name}Cell has an input of shape \(2, 7\).*\(batch, 3\), or \(3,\)"):
        cell(normal(2, 7))
    with pytest.raises(ShapeError, match=rf"{name}Cell has a state of shape \(1, 4\).*\(2, 4\)"):
        cell(normal(2, 3), state)
    with pytest.raises(DtypeError, match=f"{name}Cell.*complex128"):
        cell(np.ones((2, 3), complex))
    assert isinstance(parts((cell(normal(3)),))[0], Tensor)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_the_derivative_by_hand_serves_constant_inputs_and_states(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull_composed(*args: Any) -> None:
        raise AssertionError("step by step, which takes four times as long")

    monkeypatch.setattr(_rnn._Sequence, "_pull_composed", pull_composed)
    layer, x = getattr(nn, name)(3, 4), normal(5, 2, 3)
    layer(x)[0].sum().backward()
    state = (normal(1, 2, 4),) * 2 if name == "LSTM" else normal(1, 2, 4)
    layer(Tensor(x, requires_grad=True), state)[0].sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())
