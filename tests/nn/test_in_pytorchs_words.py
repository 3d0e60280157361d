"""Lines of PyTorch programs that are right there are right here."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import nn
import nn.functional as F  # noqa: N812
from autograd import no_grad, tensor

LAYERS: dict[str, tuple[Any, ...]] = {
    "Linear": (3, 2, True),
    "Bilinear": (3, 2, 4, True),
    "Conv1d": (3, 2, 1, 1, 0, 1, 1, True, "zeros"),
    "ConvTranspose2d": (3, 2, 1, 1, 0, 0, 1, True, 1, "zeros"),
    "BatchNorm2d": (3, 1e-5, 0.1, True, True),
    "InstanceNorm1d": (3, 1e-5, 0.1, True, True),
    "LayerNorm": (3, 1e-5, True, True),
    "GroupNorm": (1, 3, 1e-5, True),
    "RMSNorm": (3, 1e-5, True),
    "PReLU": (3, 0.1),
    "LSTMCell": (3, 2, True),
    "GRU": (3, 2, 1, True, False, 0.0, False),
    "MultiheadAttention": (4, 2, 0.0, True, False, False, None, None, False),
}


@pytest.mark.parametrize("name", LAYERS)
def test_device_and_dtype_by_position(name: str) -> None:
    make, first = getattr(nn, name), LAYERS[name]
    for given in ((None, np.float64), ("cpu", np.float64), (np.float64,), ("cpu",), ("float64",), (None,)):
        layer = make(*first, *given)
        expected = np.float32 if np.float64 not in given and "float64" not in given else np.float64
        assert {parameter.dtype for parameter in layer.parameters()} == {np.dtype(expected)}
    for given in (("cuda", np.float64), ("cuda:0",)):
        with pytest.raises(ValueError, match="there is no device but 'cpu'"):
            make(*first, *given)
    with pytest.raises(TypeError, match="too many positional arguments"):
        make(*first, "cpu", np.float64, 3)


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - {"PReLU", "RMSNorm"}))
def test_no_bias_may_be_none(name: str) -> None:
    make = getattr(nn, name)
    before = LAYERS[name][: [*inspect.signature(make).parameters].index("bias")]
    without, none = (make(*before, bias=bias) for bias in (False, None))
    assert none.state_dict().keys() == without.state_dict().keys() != make(*before).state_dict().keys()


@pytest.mark.parametrize("dropout", [F.dropout2d, F.dropout3d])
def test_dropout_of_channels_without_places_drops_elements(dropout: Any) -> None:
    found = dropout(np.ones((50, 40)), 0.25, generator=np.random.default_rng(0))
    assert {*np.unique(found)} == {0, 1 / 0.75}
    assert abs(np.mean(found == 0) - 0.25) < 0.05
    assert not (found == found[:, :1]).all()
    assert not (found == found[:1]).all()


@pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_an_optimizer_follows_parameters_whose_dtype_changes_before_its_first_step(kind: str) -> None:
    x, left = np.random.default_rng(0).standard_normal((5, 3)), []
    for first in (True, False):
        nn.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        if first:
            model.double()
        optimizer = getattr(nn.optim, kind)(model.parameters(), lr=0.1)
        model.double()
        for _ in range(3):
            optimizer.zero_grad()
            (model(x) ** 2).mean().backward()
            optimizer.step()
        left.append(model.state_dict())
    assert {array.dtype for array in left[1].values()} == {np.dtype(np.float64)}
    for name, array in left[0].items():
        assert_array_equal(left[1][name], array)
    model.float()
    model(x.astype(np.float32)).sum().backward()
    with pytest.raises(ValueError, match="make a new optimizer after such a change"):
        optimizer.step()


def test_buffers_stand_beside_the_parameters_of_their_module() -> None:
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    running = ["0.running_mean", "0.running_var", "0.num_batches_tracked"]
    assert [*model.state_dict()] == ["0.weight", "0.bias", *running, "1.weight", "1.bias"]


NOTES: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "a buffer": (lambda b, _: b.unsqueeze(0), "here it is t[None] or np.expand_dims(t, axis) (an ndarray"),
    "its device": (lambda b, _: b.to("cpu"), "here it is t itself, as the CPU is the only device"),
    "its graph": (lambda b, _: b.detach(), "not needed: there is no graph"),
    "data": (lambda _, t: t.data.normal_(0, 1), "nn.init.normal_(p) of a parameter"),
    "data that is clamped": (lambda _, t: t.data.clamp_(-1, 1), "here it is t[...] = t.clip(low, high)"),
    "a number": (lambda b, _: b.sum().clone(), "here it is t.copy()"),
    "a size": (lambda _, t: t.size(0), "here it is t.shape[0] for t.size(0)"),
    "a size of an array": (lambda b, _: b.size(-1), "here it is t.shape[0] for t.size(0)"),
    "an axis": (lambda b, _: b.sum(dim=0), "here it is axis="),
    "kept axes": (lambda b, _: b.max(keepdim=True), "here it is keepdims="),
    "kept axes by position": (lambda _, t: t.argmax(1, True), "here keepdims=True is given by name"),
    "kept axes of a mask": (lambda _, t: (t > 0).any(1, True), "here keepdims=True is given by name"),
    "a shape": (lambda *_: np.zeros(2, 3), "here a shape is one argument, as in np.zeros((2, 3))"),
    "no word of PyTorch": (lambda b, _: b.sizes(), ""),
    "another call": (lambda b, _: b.shape(), ""),
    "another number": (lambda b, _: b.ndim(0), ""),
}


class Words(nn.Module):
    """A line that is right in PyTorch, and a buffer and a parameter."""

    def __init__(self, line: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.line = line
        self.weight = nn.Parameter(np.ones((3, 2)))
        self.register_buffer("mask", np.ones(2))

    def forward(self, x: Any) -> Any:
        """Call the line."""
        return self.line(self.mask, self.weight)


@pytest.mark.parametrize("name", NOTES)
def test_errors_of_ndarrays_get_a_line_with_the_name_here_where_the_engine_runs_the_code(name: str) -> None:
    line, expected = NOTES[name]
    words = Words(line)

    def within_a_block() -> None:
        with no_grad():
            line(words.mask, words.weight)

    calls: list[Callable[[], Any]] = [
        lambda: words(tensor(1.0)),
        lambda: nn.Sequential(words, nn.ReLU())(tensor(1.0)),
        lambda: words.apply(lambda module: line(module.mask, module.weight)),
        no_grad()(lambda: line(words.mask, words.weight)),
        within_a_block,
    ]
    for call in calls:
        with pytest.raises((AttributeError, TypeError)) as caught:
            call()
        notes = getattr(caught.value, "__notes__", [])
        assert len(notes) == bool(expected)
        assert expected in "".join(notes)
