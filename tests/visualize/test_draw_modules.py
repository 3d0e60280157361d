"""Drawings of what was watched: frames of modules, and what else a box can tell."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import nn
from autograd import GraphError, Value, detect_anomaly, draw_graph, elementwise, saved, tensor, watch_calls
from autograd.extend import trace_operations
from autograd.visualize.graph_reader import GraphReader
from autograd.visualize.picture import Frame, Picture
from autograd.visualize.rule_source import formulas_of

X = np.random.default_rng(0).normal(size=(5, 3)).astype("f4")


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))


def read(output: Any, model: nn.Module, show: Any = ()) -> Picture:
    return GraphReader(output, dict(model.named_parameters()), dict(model.named_modules()), show).read()


def watched(model: nn.Module, x: Any = X) -> Any:
    with watch_calls():
        return (model(x) ** 2).sum()


def test_a_frame_for_each_call_named_as_the_modules_are() -> None:
    model = network()
    picture = read(watched(model), model)
    assert picture.frames == [
        Frame("", "Sequential", None),
        Frame("0", "Linear", 0),
        Frame("1", "Sequential", 0),
        Frame("1.0", "ReLU", 2),
        Frame("1.1", "Linear", 2),
    ]
    where = {box.title: box.frame for box in picture.boxes if not box.satellite}
    assert where == {"linear": 4, "relu": 3, "power": None, "sum": None}
    parameters = [(box.title, box.frame, box.where) for box in picture.boxes if box.kind == "parameter"]
    assert parameters == [
        ("weight", 1, "0.weight"),
        ("bias", 1, "0.bias"),
        ("weight", 4, "1.1.weight"),
        ("bias", 4, "1.1.bias"),
    ]


def test_a_function_is_watched_while_it_computes() -> None:
    model = network()
    source = draw_graph(lambda: (model(X) ** 2).sum(), model).source
    assert source.count("subgraph cluster_") == 5
    assert source.count('label="1 (') == 2  # the name within the module around it
    assert "test_draw_modules.py" in source  # the user's line, as a tooltip


def test_without_watching_there_are_no_frames() -> None:
    model = network()
    assert "subgraph" not in draw_graph(model(X).sum(), model).source
    with detect_anomaly():
        loss = model(X).sum()
    assert "subgraph" not in draw_graph(loss, model).source


def test_modules_have_the_names_of_the_outermost_where_the_model_is_not_given() -> None:
    model = network()
    assert GraphReader(watched(model), {}).read().frames == read(watched(model), model).frames


def test_modules_that_are_gone_are_described() -> None:
    loss = watched(network())
    assert "module '1.1' (Linear) of Sequential" in draw_graph(loss).source


def test_two_calls_of_one_module_are_two_frames() -> None:
    layer = nn.Linear(3, 3)
    with watch_calls():
        loss = layer(layer(X)).sum()
    picture = read(loss, layer)
    assert len(picture.frames) == 2
    assert [(box.title, box.frame) for box in picture.boxes if box.kind == "parameter"] == [
        ("weight", None),
        ("bias", None),
    ]


def test_a_cell_called_in_a_loop_and_equal_layers_are_drawn_once() -> None:
    layers = nn.Sequential(*[nn.Sequential(nn.Linear(3, 3), nn.ReLU()) for _ in range(12)])
    source = draw_graph(lambda: layers(X).sum(), layers).source
    assert "0 (Sequential) × 12" in source
    assert source.count("<b>linear</b>") == 1

    cell = nn.Linear(3, 3)

    def loop() -> Any:
        h: Any = X
        for _ in range(50):
            h = np.tanh(cell(h))
        return h.sum()

    source = draw_graph(loop, nn.ModuleDict({"cell": cell})).source
    assert "× 50" in source
    assert "<b>weight</b>" in source  # in the frame of the cell
    assert source.count("<b>linear</b>") == 1
    assert source.count("style=dashed") == 1


def test_modules_that_do_something_else_are_no_repetition() -> None:
    layers = [nn.Sequential(nn.Linear(3, 3), activation()) for activation in [nn.ReLU] * 5 + [nn.Tanh] * 5]
    model = nn.Sequential(*layers)
    source = draw_graph(lambda: model(X).sum(), model, fold=True).source
    assert "0 (Sequential) × 5" in source
    assert "5 (Sequential) × 5" in source


def test_depth_draws_modules_as_boxes() -> None:
    model = network()
    source = draw_graph(lambda: model(X).sum(), model, depth=1).source
    assert source.count("subgraph cluster_") == 1
    assert source.count("shape=box3d") == 2
    assert "2 operations" in source
    assert draw_graph(lambda: model(X).sum(), model, depth=0).source.count("subgraph cluster_") == 0


def test_too_many_boxes_have_inner_modules_put_together() -> None:
    model = nn.Sequential(*[nn.Sequential(nn.Linear(3, 3), [nn.ReLU(), nn.Tanh()][i % 3 > 1]) for i in range(20)])
    picture = draw_graph(lambda: model(X).sum(), model, max_nodes=25, fold=False)
    assert picture.source.count("shape=box3d") == 20
    assert "modules within 1 others are drawn as one box each" in picture.source


def test_values_and_gradients_of_everything() -> None:
    x = tensor([[1.0, 2.0], [3.0, 6.0]], requires_grad=True)
    with watch_calls():
        loss = (x * 2.0).mean()
    picture = GraphReader(loss, {"x": x}, show=["values", "gradients"]).read()
    lines = {box.title: box.lines for box in picture.boxes}
    assert lines["x"] == ("(2, 2) float64", "data mean 3 ± 1.87, 1 to 6", "grad mean 0.5 ± 0, 0.5 to 0.5")
    assert lines["multiply"] == ("(2, 2) float64", "data mean 6 ± 3.74, 2 to 12", "grad mean 0.25 ± 0, 0.25 to 0.25")
    assert lines["mean"] == ("() float64", "data 6.0000", "grad 1.0000")
    assert lines["2"] == ()  # a constant that nothing keeps was noted
    assert x.grad is None  # the walk leaves no trace
    loss.backward()
    assert x.grad is not None


def test_constants_are_told_as_they_were_given() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    with watch_calls():
        loss = (np.concatenate([np.ones(3), x, np.zeros(1)]) + np.float32(7)).sum()
    boxes = [(box.title, box.lines) for box in GraphReader(loss, {}).read().boxes if box.kind == "constant"]
    assert boxes == [("constant", ("(3,) float64",)), ("0", ()), ("7", ())]


def test_hooks_are_not_called_by_a_drawing() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    seen: list[Any] = []
    y.register_hook(seen.append)
    draw_graph(y.sum(), show=["gradients"])
    assert seen == []


def test_nan_and_inf_are_red() -> None:
    x = tensor([0.0, 1.0], requires_grad=True)
    with watch_calls(), np.errstate(divide="ignore"):
        y = np.log(x)
        loss = np.maximum(y, 0).sum()
    boxes = {box.title: box for box in GraphReader(loss, {}).read().boxes}
    assert (boxes["log"].alarm, boxes["maximum"].alarm, boxes["sum"].alarm) == (True, False, False)
    source = draw_graph(loss, show=["values"]).source
    assert source.count("#a61616") > 1
    assert "1 inf" in source
    z = Value(1e308) * 10.0
    assert [box.alarm for box in GraphReader(z, {}).read().boxes] == [False, False, True]


def test_gradients_are_those_of_backward_where_zeros_absorb() -> None:
    x = tensor([0.0, 4.0], requires_grad=True)
    with np.errstate(divide="ignore"):
        loss = np.where(x > 0, np.log(x), 0).sum()
    lines = {box.title: box.lines for box in GraphReader(loss, {"x": x}, show=["gradients"]).read().boxes}
    assert lines["x"][-1] == "grad mean 0.125 ± 0.125, 0 to 0.25"
    loss.backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])


def test_dead_branches_are_grey() -> None:
    x, y = (tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    loss = (np.maximum(-np.exp(x), 0) + y).sum()
    picture = GraphReader(loss, {"x": x, "y": y}, show=["gradients"]).read()
    dead = {box.title for box in picture.boxes if box.dead}
    assert dead == {"x", "exp", "negative"}
    assert draw_graph(loss, {"x": x, "y": y}, show=["gradients"]).source.count("no gradient") == 3
    assert "no gradient" not in draw_graph(loss).source
    a, b = Value(-1.0), Value(2.0)
    (a.relu() + b).backward()
    root = a.relu() + b
    root.backward()
    assert [box.title for box in GraphReader(root, {"a": a, "b": b}).read().boxes if box.dead] == ["a"]


def test_what_is_kept_is_what_saved_counts() -> None:
    model = network()
    loss = watched(model)
    picture = read(loss, model, ["kept"])
    assert sum(box.kept for box in picture.boxes) == saved(loss).nbytes
    assert any(line.startswith("keeps ") for box in picture.boxes for line in box.lines)


def test_times_are_told_forward_and_backward() -> None:
    model = network()
    picture = read(watched(model), model, ["times"])
    for box in picture.boxes:
        if not box.satellite:
            assert (box.forward or 0) > 0
            assert (box.backward or 0) > 0
            assert any(line.startswith("forward ") and ", backward " in line for line in box.lines)


softsign = elementwise(
    lambda x: x / (1 + abs(x)), lambda g, x: g / (1 + abs(x)) ** 2, name="softsign"
)  # two functions on one line


def several_lines(g: Any, x: Any) -> Any:
    twice = g + g
    return twice * x


def test_rules_are_told_as_they_are_declared() -> None:
    def square_rule(g: Any, x: Any) -> Any:
        """Return the slope."""
        return 2 * g * x

    square: Any = elementwise(lambda x: x * x, square_rule, name="square")
    double_square: Any = elementwise(lambda x: x * x, several_lines, name="double_square")
    assert list(formulas_of(softsign.operation)) == ["d/dx: g / (1 + abs(x)) ** 2"]  # type: ignore[attr-defined]
    scaled: Any = lambda k: elementwise(lambda x: k * x, lambda g: k * g, name="scaled")  # noqa: E731 - one in another
    assert list(formulas_of(scaled(2.0).operation)) == ["d/dx: k * g"]
    assert list(formulas_of(square.operation)) == ["d/dx: 2 * g * x"]
    assert list(formulas_of(double_square.operation)) == ["d/dx: several_lines(g, x)"]
    x = tensor(2.0, requires_grad=True)
    assert "d/dx: g * y" in draw_graph(x * x, show=["rules"]).source
    assert "d/dx: g * y" not in draw_graph(x * x).source


def test_watching_goes_with_other_blocks_and_ends() -> None:
    model = network()
    with trace_operations() as operations, watch_calls():
        loss = model(X).sum()
    assert [operation.name for operation in operations] == ["linear", "relu", "linear", "sum"]
    assert read(loss, model).frames
    assert not read(model(X).sum(), model).frames

    @watch_calls()
    def compute() -> Any:
        return model(X).sum()

    assert read(compute(), model).frames


def test_watching_keeps_nothing_alive() -> None:
    gc.disable()
    try:
        model = network()
        with watch_calls():
            loss = model(X).sum()
        gone = weakref.ref(model)
        del model
        assert gone() is None
        assert "Linear" in draw_graph(loss).source
    finally:
        gc.enable()


def test_what_is_not_there_is_said() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    with pytest.raises(GraphError, match=r"compute them within watch_calls\(\)"):
        draw_graph(loss, show=["values"])
    loss.backward()
    with pytest.raises(GraphError, match="freed the graph"):
        draw_graph(loss, show=["gradients"])
    with pytest.raises(TypeError, match="draw_graph takes a Tensor or a Value, not float"):
        draw_graph(lambda: 1.0)  # type: ignore[arg-type, return-value]  # that is the point
