"""The table of a model: shapes, parameters, memory and multiplications, and a model that is left as it was."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import no_grad, saved, tensor


class Net(nn.Module):
    """Layers, functions, a buffer, random numbers, and a layer that is called twice."""

    mean: Any
    count: Any

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.unused = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.inner = nn.Sequential(nn.Dropout(0.5), nn.Tanh())
        self.scale = nn.Parameter(np.ones((8, 8)))
        self.register_buffer("mean", np.zeros(8, np.float32))
        self.register_buffer("count", np.array(0))

    def forward(self, x: Any) -> Any:
        """Return two results of shape ``(n, 8)``."""
        h = self.second(self.second(nn.functional.relu(self.first(x))))
        self.mean += np.asarray(h.detach().data).mean(axis=0)
        self.count = self.count + 1
        h = self.inner(h) @ self.scale
        return h, {"product": np.einsum("ni,nj->ij", h, h)}


def by_path(table: Any) -> dict[str, Any]:
    return {row.path: row for row in table.rows}


def test_rows_follow_the_modules_and_columns_add_up() -> None:
    model = Net()
    table = nn.summary(model, np.ones((5, 4), np.float32))
    rows = by_path(table)
    assert list(rows) == [path for path, _ in model.named_modules()]
    assert [row.kind for row in table.rows] == [type(module).__name__ for module in model.modules()]
    assert rows[""].output_shapes == ((5, 8), (8, 8))
    assert (rows["first"].output_shapes, rows["inner.1"].output_shapes) == (((5, 8),), ((5, 8),))
    assert [rows[path].calls for path in ("", "first", "second", "unused", "inner.0")] == [1, 1, 2, 0, 1]
    assert [rows[path].parameters for path in ("", "first", "second", "unused", "inner")] == [64, 40, 72, 18, 0]
    assert table.total_parameters == table.trainable_parameters == sum(p.size for p in model.parameters())
    assert table.parameter_bytes == sum(p.data.nbytes for p in model.parameters())


def test_multiplications_of_layers_and_functions() -> None:
    table = nn.summary(Net(), (5, 4))
    rows = by_path(table)
    assert rows["first"].multiply_adds == 5 * 8 * 4
    assert rows["second"].multiply_adds == 2 * 5 * 8 * 8
    assert rows[""].multiply_adds == 5 * 8 * 8 + 8 * 8 * 5  # the product with scale, and einsum
    assert rows["unused"].multiply_adds == rows["inner.1"].multiply_adds == 0
    assert table.multiply_adds == sum(row.multiply_adds for row in table.rows)


class Products(nn.Module):
    """Products of other kinds."""

    def forward(self, x: Any, y: Any) -> Any:
        """Return one of each kind."""
        return x @ y, x[0] @ y, np.vecdot(x, x), np.tensordot(x, y, (1, 0)), np.einsum("bij,bjk->ik", x[None], y[None])


def test_multiplications_of_every_product() -> None:
    table = nn.summary(Products(), (2, 3), (3, 4))
    assert table.multiply_adds == 2 * 3 * 4 + 3 * 4 + 2 * 3 + 2 * 3 * 4 + 2 * 3 * 4


LAYERS = [
    (nn.Conv2d(4, 6, 3, groups=2), (2, 4, 5, 5), 2 * 6 * 3 * 3 * 2 * 9),
    (nn.ConvTranspose1d(4, 6, 3), (2, 4, 5), 2 * 4 * 5 * 6 * 3),
    (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (2, 4, 5, 5), 2 * 4 * 5 * 5 * 3 * 3 * 3),
    (nn.Conv3d(2, 4, (1, 2, 3), groups=2), (1, 2, 3, 4, 5), 4 * (3 * 3 * 3) * (1 * 2 * 3)),
    (nn.LSTMCell(3, 4), (2, 3), 2 * 16 * (3 + 4)),
    (nn.Embedding(5, 3), np.array([1, 2]), 0),
    (nn.LSTM(3, 4), (5, 2, 3), 5 * 2 * 16 * (3 + 4)),
    (nn.GRU(3, 4, bidirectional=True, bias=False), (5, 2, 3), 2 * 5 * 2 * 12 * (3 + 4)),
    (nn.RNN(3, 2, 2), (5, 2, 3), 5 * 2 * (2 * (3 + 2) + 2 * (2 + 2))),
    (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), (2, 3, 4), 2 * 3 * (4 * 16 + 2 * 32) + 2 * 2 * 3 * 3 * 4),
]


@pytest.mark.parametrize(("layer", "given", "expected"), LAYERS, ids=[type(layer).__name__ for layer, *_ in LAYERS])
def test_multiplications_of_layers(layer: nn.Module, given: Any, expected: int) -> None:
    assert nn.summary(layer, given).multiply_adds == expected


def test_multiplications_of_attention_and_of_projections() -> None:
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    maps, products = (3 + 5 + 5 + 3) * 4 * 4, 2 * (3 * 5 * 4)  # of query, key, value and output; scores and means
    assert nn.summary(attention, (2, 3, 4), (2, 5, 4), (2, 5, 4)).multiply_adds == 2 * (maps + products)
    layer = nn.LSTM(3, 4, 2, proj_size=2, bidirectional=True)
    first, second = 16 * (3 + 2) + 4 * 2, 16 * (2 * 2 + 2) + 4 * 2
    assert nn.summary(layer, (5, 2, 3)).multiply_adds == 5 * 2 * 2 * (first + second)


def test_frozen_models_and_what_is_computed_without_a_graph_count() -> None:
    model = nn.MLP([4, 3, 2]).requires_grad_(False)
    with no_grad():
        table = nn.summary(model, (1, 4))
    assert table.multiply_adds == 4 * 3 + 3 * 2
    assert (table.trainable_parameters, table.kept_bytes) == (0, 0)
    assert not any(p.requires_grad for p in model.parameters())
    assert "23 of the parameters are frozen" in str(table)


def test_integers_go_through_layers_too() -> None:
    class Lookup(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(np.ones((7, 3)))

        def forward(self, x: Any) -> Any:
            return self.weight[x] @ self.weight.T

    table = nn.summary(Lookup(), np.array([1, 2]))
    assert (table.rows[0].output_shapes, table.multiply_adds) == (((2, 7),), 2 * 3 * 7)


def test_memory_is_what_the_graph_keeps() -> None:
    x = np.ones((50, 4), np.float32)
    model = nn.Sequential(nn.Linear(4, 30), nn.Tanh(), nn.Linear(30, 2), nn.Tanh())
    table = nn.summary(model, x)
    assert [row.kept_bytes for row in table.rows] == [0, x.nbytes, 50 * 30 * 4, 50 * 30 * 4, 50 * 2 * 4]
    held = saved(model(x))
    parameters = sum(array.nbytes for array in held.arrays if array.shape in [(30, 4), (2, 30), (4, 30), (30, 2)])
    assert table.kept_bytes == held.nbytes - parameters


def test_the_model_stays_as_it_was() -> None:
    model = Net()
    model.inner.eval()
    model.first.weight.requires_grad_(False)
    mean, count, state = model.mean, model.count, model.state_dict()
    modes = [module.training for module in model.modules()]
    nn.manual_seed(0)
    expected = nn.functional.dropout(np.ones(20))
    nn.manual_seed(0)
    nn.summary(model, (3, 4))
    assert np.array_equal(nn.functional.dropout(np.ones(20)), expected)
    assert model.mean is mean
    assert model.count is count
    for name, array in model.state_dict().items():
        assert np.array_equal(array, state[name])
    assert [module.training for module in model.modules()] == modes
    assert not model.first.weight.requires_grad
    assert model.second.weight.requires_grad
    assert all(p.grad is None for p in model.parameters())
    assert not any(hooks.before or hooks.after for m in model.modules() if (hooks := m._hooks) is not None)


def test_it_stays_so_after_an_error() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(2, 2)).requires_grad_(False)
    with pytest.raises(ValueError, match="'linear'"):
        nn.summary(model, (1, 3))
    assert not any(p.requires_grad for p in model.parameters())
    assert not any(hooks.before or hooks.after for m in model.modules() if (hooks := m._hooks) is not None)


def test_shapes_have_the_dtype_of_the_parameters() -> None:
    seen: list[Any] = []
    for dtype in np.float32, np.float64:
        model = nn.Linear(3, 2, dtype=dtype)
        model.register_forward_hook(lambda module, args, output: seen.append(output.dtype))
        nn.summary(model, (1, 3))
    assert seen == [np.float32] * 2 + [np.float64] * 2
    assert by_path(nn.summary(nn.ReLU(), ()))[""].output_shapes == ((),)


def test_tensors_are_inputs_and_keep_their_graph_to_themselves() -> None:
    x = tensor(np.ones((2, 3), np.float32), requires_grad=True)
    assert nn.summary(nn.Linear(3, 2), x).multiply_adds == 12
    assert x.grad is None


def test_shared_parameters_and_modules_count_once() -> None:
    layer = nn.Linear(3, 3)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    table = nn.summary(model, (1, 3))
    assert [(row.path, row.calls, row.parameters) for row in table.rows] == [("", 1, 0), ("0", 2, 12), ("1", 1, 0)]
    assert "0 Linear ×2" in str(table)


def test_the_table_in_text_and_html() -> None:
    table = nn.summary(Net(), (5, 4))
    lines = str(table).splitlines()
    assert lines[0].split() == ["layer", "output", "parameters", "bytes", "kept", "bytes", "multiply-adds"]
    assert lines[2].startswith("Net ")
    assert "  unused Linear" in lines[5]
    assert "not called" in lines[5]
    assert lines[7].startswith("    0 Dropout")
    assert lines[-1].split()[:3] == ["in", "all", "194"]
    assert len({len(line) for line in lines[:2]}) == 1
    page = table._repr_html_()
    assert page.count("<tr>") == page.count("</tr>") == len(table.rows) + 2
    assert "Net" in page


def test_only_modules_have_a_summary() -> None:
    wrong: Any = np.tanh
    with pytest.raises(TypeError, match="takes a module, not ufunc"):
        nn.summary(wrong, (1, 3))


def test_buffers_stay_where_they_are() -> None:
    class Counting(nn.Module):
        def __init__(self, counter: Any) -> None:
            super().__init__()
            self.register_buffer("counter", counter)

        def forward(self, x: Any) -> Any:
            with no_grad():
                self.counter += 1
            return x

    fixed = np.zeros(2)
    fixed.flags.writeable = False
    for counter in (np.zeros(2), tensor([0.0, 0.0])):
        model = Counting(counter)
        view = counter[:1]
        nn.summary(model, (3,))
        model(np.ones(3))
        assert view[0] == 1
        assert model.counter is counter
    layers = nn.Sequential(nn.Linear(3, 2))
    layers.register_buffer("fixed", fixed)
    nn.summary(layers, (3,))
