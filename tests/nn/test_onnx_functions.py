"""Functions of an ONNX file: expanded to what they compute, and counted before."""

from random import Random
from typing import Any

import numpy as np
import pytest

import nn

from ..thorough import THOROUGH

onnx: Any = pytest.importorskip("onnx", reason="makes models: pip install onnx")
runtime: Any = pytest.importorskip("onnxruntime", reason="computes models: pip install onnxruntime")
helper: Any = onnx.helper
FLOAT, BOOL, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL, onnx.TensorProto.INT64
OPSETS = [helper.make_opsetid("", 18), helper.make_opsetid("d", 1)]
TIMES = 200 if THOROUGH else 20


def info(name: str, kind: int = FLOAT, shape: list[Any] | None = None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def call(name: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    return helper.make_node(name, inputs, outputs, domain="d", **attributes)


def model_of(nodes: list[Any], functions: list[Any], output: str = "y") -> Any:
    graph = helper.make_graph(nodes, "g", [info("x", shape=[3])], [info(output, shape=[3])])
    return helper.make_model(graph, opset_imports=OPSETS, functions=functions, ir_version=9)


class Drawn:
    """Functions with few names, so that they meet: calls, graphs inside nodes, attributes that are passed on."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.functions: list[Any] = []
        for i in range(4):
            self.count = 0  # the names are those of other functions, too, and of the graph
            nodes, last = self.nodes(["a", "b"], inside=True)
            nodes.append(node("Identity", last, "out"))
            default = [helper.make_attribute("slope", 0.25)]
            found = helper.make_function("d", f"f{i}", ["a", "b"], ["out"], nodes, OPSETS, [], default)
            self.functions.append(found)
        self.count = 0
        nodes, last = self.nodes(["x"], inside=False)
        self.model = model_of([*nodes, node("Identity", last, "y")], self.functions)

    def nodes(self, known: list[str], inside: bool, depth: int = 0) -> tuple[list[Any], str]:
        known, found = [*known], []
        for _ in range(self.rng.randint(1, 3)):
            self.count += 1
            name = f"x_{self.count}"
            found += self.step(known, name, inside, depth)
            known.append(name)
        return found, known[-1]

    def step(self, known: list[str], name: str, inside: bool, depth: int) -> list[Any]:
        a, b = self.rng.choice(known), self.rng.choice(known)
        kind = self.rng.choice(["Add", "Leaky", "Call", "Call", "If", "Loop"][: 6 if depth < 2 else 4])
        if kind == "Leaky":
            leaky = node("LeakyRelu", a, name, **({} if inside else {"alpha": 0.5}))
            if inside:
                passed = onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope")
                leaky.attribute.append(passed)
            return [leaky]
        if kind == "Call" and self.functions:
            options = {"slope": self.rng.choice([0.1, 2.0])} if self.rng.random() < 0.5 else {}
            return [call(self.rng.choice(self.functions).name, [a, b], [name], **options)]
        if kind == "If":
            branches = {}
            for branch in ("then_branch", "else_branch"):
                nodes, last = self.nodes(known, inside, depth + 1)
                nodes.append(node("Identity", last, f"{name}_{branch}"))
                branches[branch] = helper.make_graph(nodes, branch, [], [info(f"{name}_{branch}")])
            return [node("ReduceSum", a, f"{name}_sum", keepdims=0), node("Cast", f"{name}_sum", f"{name}_if", to=BOOL),
                    node("If", f"{name}_if", name, **branches)]  # fmt: skip
        if kind == "Loop":
            nodes, last = self.nodes([*known, f"{name}_in"], inside, depth + 1)
            nodes += [node("Tanh", last, f"{name}_out"), node("Identity", f"{name}_go", f"{name}_goes")]
            given = [info(f"{name}_i", INT64, []), info(f"{name}_go", BOOL, []), info(f"{name}_in")]
            body = helper.make_graph(nodes, "body", given, [info(f"{name}_goes", BOOL, []), info(f"{name}_out")])
            count = onnx.numpy_helper.from_array(np.array(2), "two")
            return [node("Constant", "", f"{name}_count", value=count),
                    helper.make_node("Loop", [f"{name}_count", "", a], [name], body=body)]  # fmt: skip
        return [node("Add", f"{a} {b}", name)]


def test_functions_compute_what_onnxruntime_computes() -> None:
    x, counted = np.array([-1.0, 0.5, 2.0], np.float32), 0
    for seed in range(TIMES):
        model = Drawn(seed).model
        before = model.SerializeToString()
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        try:
            session = runtime.InferenceSession(before, options, providers=["CPUExecutionProvider"])
        except Exception:  # noqa: BLE001  # its own expansion makes circles where names of functions meet
            continue
        counted += 1
        found, expected = nn.onnx.load(model)(x).data, session.run(None, {"x": x})[0]
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True), seed
        assert model.SerializeToString() == before
    assert counted > TIMES / 2


def test_inputs_and_outputs_that_are_left_out() -> None:
    nodes = [node("Clip", "a low high", "b"), node("Neg", "b", "c")]
    function = helper.make_function("d", "Limit", ["a", "low", "high"], ["b", "c"], nodes, OPSETS)
    low = onnx.numpy_helper.from_array(np.array(-0.5, np.float32))
    for inputs, expected in ((["x"], [-1, 2]), (["x", "l"], [-0.5, 2]), (["x", "", "l"], [-1, -0.5])):
        model = model_of([node("Constant", "", "l", value=low), call("Limit", inputs, ["y"])], [function])
        assert nn.onnx.load(model)(np.array([-1, 2], np.float32)).tolist() == expected
        model = model_of([node("Constant", "", "l", value=low), call("Limit", inputs, ["", "y"])], [function])
        assert nn.onnx.load(model)(np.array([-1, 2], np.float32)).tolist() == [-number for number in expected]


def tower(height: int, times: int, inside: bool = False) -> Any:
    """Return functions each of which calls the one before so many times, in a chain or inside the body of a loop."""
    functions = []
    for i in range(height):
        names = ["a", *(f"t{j}" for j in range(times - 1)), "b"]
        body = [call(f"f{i - 1}", [names[j]], [names[j + 1]]) for j in range(times)] if i else [node("Relu", "a", "b")]
        if inside and i:
            given = [info("i", INT64, []), info("go", BOOL, []), info("carried")]
            body[0].input[0] = "carried"
            graph = helper.make_graph([*body, node("Identity", "go", "goes")], "body", given,
                                      [info("goes", BOOL, []), info("b")])  # fmt: skip
            one = onnx.numpy_helper.from_array(np.array(1))
            body = [node("Constant", "", "one", value=one),
                    helper.make_node("Loop", ["one", "", "a"], ["out"], body=graph)]  # fmt: skip
        functions.append(helper.make_function("d", f"f{i}", ["a"], ["out" if inside and i else "b"], body, OPSETS))
    return model_of([call(f"f{height - 1}", ["x"], ["y"])], functions)


@pytest.mark.parametrize(
    ("model", "count"),
    [
        (tower(8, 10), "10,000,000 nodes"),
        (tower(60, 9), "1,000,000,000,000,000 or more nodes"),
        (tower(6, 10, inside=True), "nodes"),
        (tower(5_000, 2), "1,000,000,000,000,000 or more nodes"),
    ],
)
def test_too_many_nodes_are_counted_before_they_are_made(model: Any, count: str) -> None:
    with pytest.raises(
        ValueError, match=f"the model has calls of functions that stand for .*{count}.*export it without"
    ):
        nn.onnx.load(model)


def test_a_few_thousand_nodes_are_expanded() -> None:
    x = np.array([-1.0, 0.5, 2.0], np.float32)
    assert nn.onnx.load(tower(4, 14))(x).tolist() == [0, 0.5, 2]
    assert nn.onnx.load(tower(4, 10, inside=True))(x).tolist() == [0, 0.5, 2]


def test_functions_that_call_each_other_in_a_circle() -> None:
    functions = [
        helper.make_function("d", name, ["a"], ["b"], [call(other, ["a"], ["b"])], OPSETS)
        for name, other in (("f", "g"), ("g", "h"), ("h", "f"))
    ]
    for found in (functions, [helper.make_function("d", "f", ["a"], ["b"], [call("f", ["a"], ["b"])], OPSETS)]):
        with pytest.raises(ValueError, match="the model has functions that call each other in a circle: 'f' -> "):
            nn.onnx.load(model_of([call("f", ["x"], ["y"])], found))


@pytest.mark.parametrize("depth", [50, 400])
def test_graphs_inside_graphs_are_too_deep_at_some_point(depth: int) -> None:
    with pytest.raises(ValueError, match="the model has graphs inside the nodes of others, deeper"):
        nn.onnx.load(tower(depth, 1, inside=True))
