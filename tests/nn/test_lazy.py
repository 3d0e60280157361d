"""Lazy layers: what asks too early is told so, and the layer after the first call is the eager one."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import BatchError, CompileError, GraphError, ShapeError, checkpoint, compile, draw_graph, vmap

X = np.random.default_rng(0).normal(size=(3, 2, 6, 6)).astype(np.float32)


def lazy() -> Any:
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))


def eager() -> Any:
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5))


EARLY: dict[str, Callable[[Any], Any]] = {
    "parameters": lambda model: sum(p.size for p in model.parameters()),
    "optimizer": lambda model: nn.optim.Adam(model.parameters()),
    "state_dict": lambda model: model.state_dict(),
    "load_state_dict": lambda model: model.load_state_dict(eager().state_dict()),
    "summary": lambda model: nn.summary(model, X.shape),
    "double": lambda model: model.double(),
    "save": lambda model: nn.save(model, "weights.npz"),
    "functional_call": lambda model: nn.functional_call(model, {}, X),
    "stack_parameters": lambda model: nn.stack_parameters([model, model]),
    "requires_grad_": lambda model: model.requires_grad_(False),
    "parametrize": lambda model: nn.utils.parametrizations.weight_norm(model[0]),
    "weight": lambda model: model[0].weight.shape,
    "sum": lambda model: np.sum(model[0].weight),
    "buffers": lambda model: [buffer.sum() for buffer in model.buffers()],
    "draw": lambda model: draw_graph(eager()(X).sum(), params=model),
}


@pytest.mark.parametrize("what", EARLY)
def test_what_asks_too_early_says_which_layer_and_what_to_do(what: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    model = lazy()
    with pytest.raises(RuntimeError, match=r"Lazy\w+2d.* has no values before the first call: call the model once"):
        EARLY[what](model)
    assert not list(tmp_path.iterdir())
    assert model(X).shape == (3, 5)


def test_a_lazy_model_is_the_eager_one_after_its_first_call() -> None:
    model, expected = lazy(), eager()
    copies = [model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    nn.manual_seed(0)
    wanted = eager()
    out = wanted(X).data
    for each in copies:
        nn.manual_seed(0)
        assert np.array_equal(each(X).data, out)
        assert repr(each) == repr(expected)
        assert [vars(layer).keys() for layer in each] == [vars(layer).keys() for layer in expected]
        assert each.state_dict().keys() == expected.state_dict().keys()
        assert all(np.array_equal(a, b) for a, b in zip(each.buffers(), wanted.buffers(), strict=True))


def test_its_mode_hooks_and_attributes_stay() -> None:
    layer = nn.LazyBatchNorm2d().eval()
    calls: list[Any] = []
    layer.register_forward_hook(lambda module, args, output: calls.append(type(module).__name__))
    layer.note = "kept"
    layer.register_buffer("seen", np.ones(2))
    assert layer(X).shape == X.shape
    assert not layer.training
    assert calls == ["BatchNorm2d"]
    assert layer.note == "kept"
    assert [name for name, _ in layer.named_buffers()][-1] == "seen"
    assert np.array_equal(layer.running_mean, np.zeros(2))


def test_a_wrong_first_input_changes_nothing() -> None:
    layer = nn.LazyConv2d(4, 3, groups=2)
    for x, error, words in (
        (np.ones((6, 6)), ShapeError, r"LazyConv2d learns in_channels from its input, but not of shape \(6, 6\)"),
        (np.ones((1, 3, 6, 6)), ValueError, "groups=2 does not divide the channels, 3 and 4"),
        (np.ones((1, 2, 2, 2), np.float32), ShapeError, "conv2d"),
    ):
        with pytest.raises(error, match=words):
            layer(x)
        assert type(layer) is nn.LazyConv2d
    assert layer(X).shape == (3, 4, 4, 4)


def test_instance_normalization_of_one_sample() -> None:
    for layer, x, channels in ((nn.LazyInstanceNorm1d(), X[0, 0], 6), (nn.LazyInstanceNorm2d(), X[0], 2)):
        assert layer(x).shape == x.shape
        assert layer.num_features == channels


def test_wrong_options_raise_before_the_first_call_and_draw_nothing() -> None:
    nn.manual_seed(0)
    expected = nn.Linear(2, 2).weight.data
    nn.manual_seed(0)
    nn.LazyLinear(3), nn.LazyConv2d(4, 3)
    assert np.array_equal(nn.Linear(2, 2).weight.data, expected)
    for make, words in (
        (lambda: nn.LazyLinear(0), "LazyLinear: out_features should be an integer of 1 or more, not 0"),
        (lambda: nn.LazyConv2d(4, 0), "kernel_size should be at least 1, not 0"),
        (lambda: nn.LazyConv1d(3, 2, groups=2), "groups=2 does not divide the channels"),
        (lambda: nn.LazyConvTranspose2d(3, 2, padding_mode="circular"), 'padding_mode can only be "zeros"'),
    ):
        with pytest.raises(ValueError, match=words):
            make()


def test_the_first_call_within_transforms() -> None:
    with pytest.raises(
        BatchError, match="LazyConv2d makes its parameters at its first call, which cannot be within vmap"
    ):
        vmap(lazy())(X[:, None])
    model = lazy()
    with pytest.raises(CompileError):
        compile(model)(X)
    assert type(model[0]) is nn.LazyConv2d
    assert compile(model, fallback="eager")(X).shape == (3, 5)
    assert type(model[0]) is nn.Conv2d
    model = lazy()
    with pytest.raises(GraphError, match="computed again"):
        checkpoint(model, X).sum().backward()


def test_it_trains_and_is_shown_in_notebooks() -> None:
    model = lazy()
    assert model._repr_html_().count("not known before the first call") == 3
    assert "not known before the first call" in repr(model[0].weight)
    model(X)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    history = nn.fit(model, [(X, np.arange(3))], nn.CrossEntropyLoss(), optimizer, epochs=20, verbose=False)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
