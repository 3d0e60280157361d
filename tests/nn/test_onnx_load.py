"""Models in the ONNX format are modules: right values, right gradients, and all that modules do."""

import copy
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import DtypeError, ShapeError, UnsupportedError, compile, grad, gradcheck, no_grad, tensor, vmap

from ..onnx_nodes import cases, judge, operator
from ..thorough import THOROUGH, turn
from .test_onnx import MODELS, flat, normal

onnx: Any = pytest.importorskip("onnx", reason="reads its files: pip install onnx")
helper: Any = onnx.helper
FLOAT, INT64, BOOL = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.BOOL
Array = np.ndarray[Any, Any]

# Operators of the standard's cases that onnx.reference computes: optimizers, trees and steps as operators.
WITHOUT_DERIVATIVE = {
    "Adagrad", "Adam", "DynamicQuantizeLinear", "Momentum", "TreeEnsemble",
}  # fmt: skip


def info(name: str, shape: list[Any], kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(
    nodes: list[Any], inputs: list[Any], outputs: list[str], arrays: dict[str, Array] | None = None, **options: Any
) -> Any:
    """Return a model of the opset 20, with outputs of any shape."""
    initializers = [onnx.numpy_helper.from_array(array, name) for name, array in (arrays or {}).items()]
    results = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "graph", inputs, results, initializers)
    opsets = options.pop("opset_imports", [helper.make_opsetid("", 20)])
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, **options)


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def linear(**arrays: Array) -> Any:
    """Return the model ``x @ w + b``."""
    arrays = {"w": normal(3, 2), "b": normal(2), **arrays}
    return model_of([node("Gemm", "x w b", "y")], [info("x", ["n", 3])], ["y"], arrays)


# The standard's own cases


@pytest.mark.one_in(20)
@pytest.mark.parametrize("part", range(20))
def test_cases_of_the_standard_have_their_outputs_and_gradients(part: int) -> None:
    found = cases(slow=THOROUGH)
    wrong = []
    for name in (name for name in found if turn(name, 20) == part):
        verdict = judge(found[name])
        left = operator(found[name]) in WITHOUT_DERIVATIVE and "has no derivative here" in str(verdict.gradients)
        if verdict.outputs or (verdict.gradients and not left):
            wrong.append(f"{name}: {verdict.outputs or verdict.gradients}")
    assert not wrong
    assert not THOROUGH or len(found) > 1300


# Models of this package


@pytest.mark.one_in(5)
@pytest.mark.parametrize("name", [name for name in MODELS if "Dropout" not in name])
def test_exported_models_train_on(name: str, tmp_path: Path) -> None:
    model, *args = MODELS[name]()
    nn.onnx.export(model, tuple(args), tmp_path / "model.onnx")
    loaded = nn.onnx.load(tmp_path / "model.onnx")
    targets = [np.asarray(normal(*y.shape), y.dtype) for y in flat(loaded(*args))]
    parameters = list(loaded.parameters())
    if not parameters:
        return
    optimizer = nn.optim.Adam(parameters, lr=1e-3)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        out = loaded(*args)
        parts = zip(out if isinstance(out, tuple) else (out,), targets, strict=True)
        loss: Any = sum(((y - target) ** 2).sum() for y, target in parts)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


# Names, parameters and buffers


def test_names_in_the_file_are_paths_of_parameters() -> None:
    names = ["encoder.0.weight", "model/dense/kernel:0", "onnx::MatMul_7", "a", "a.b", "a-b c", "forward", "x.apply"]
    nodes = [node("Sum", "x", "y0")] + [node("Add", f"y{i} in{i}", f"y{i + 1}") for i in range(len(names))]
    for i, name in enumerate(names):
        nodes[i + 1].input[1] = name
    arrays = {name: np.full(2, float(i), np.float32) for i, name in enumerate(names)}
    model = nn.onnx.load(model_of(nodes, [info("x", [2])], [f"y{len(names)}"], arrays))
    assert list(model.state_dict()) == [name for name, _ in model.named_parameters()]
    assert {name: float(value[0]) for name, value in model.state_dict().items()} == {
        "encoder.0.weight": 0, "model.dense.kernel.0": 1, "onnx.MatMul_7": 2, "a_": 3, "a.b": 4, "a_b_c": 5,
        "forward_": 6, "x.apply_": 7,
    }  # fmt: skip
    assert model(np.zeros(2, np.float32)).tolist() == [28.0, 28.0]


def test_what_is_trained_and_what_is_not() -> None:
    nodes = [
        node("Constant", "", "half", value=onnx.numpy_helper.from_array(np.array(0.5, np.float32))),
        node("Mul", "x half", "a"),
        node("Clip", "a low", "b"),
        node("Mul", "b scale", "c"),
        node("Add", "c mask", "d"),
        node("Gather", "d places", "e", axis=1),
        node("Mul", "e w", "f"),
    ]
    arrays = {
        "w": normal(2), "low": np.float32(-9.0), "scale": np.asarray(2.0, np.float32), "places": np.array([2, 0]),
        "mask": np.array([0, -np.inf, 0], np.float32),
    }  # fmt: skip
    model = nn.onnx.load(model_of(nodes, [info("x", ["n", 3])], ["f"], {k: np.asarray(a) for k, a in arrays.items()}))
    assert [name for name, _ in model.named_parameters()] == ["w"]
    assert [name for name, _ in model.named_buffers()] == ["low", "scale", "places", "mask", "constants.half"]
    assert list(model.state_dict()) == ["w", "mask"]
    x = normal(4, 3)
    assert np.allclose(model(x).data, (np.maximum(x / 2, -9) * 2)[:, [2, 0]] * arrays["w"], rtol=1e-6)


def held(array: Array, output: str) -> Any:
    return node("Constant", "", output, value=onnx.numpy_helper.from_array(array))


def test_arrays_in_nodes_and_branches_are_parameters() -> None:
    """Graphs inside nodes may call their arrays alike; one is the output of its graph, one a setting there."""
    w, v, deep, kept = normal(3, 2), normal(3, 2) - 2, normal(2), normal(2)
    numbers = node("Constant", "", "numbers", value_floats=[0.5, 2.0])
    inner = helper.make_graph([held(deep, "b"), node("Mul", "h b", "d")], "g", [], [info("d", [None, 2])])
    other = helper.make_graph([held(kept, "b")], "g", [], [info("b", [2])])
    then = helper.make_graph(
        [
            node("MatMul", "x c", "h"), held(np.array(-99, np.float32), "low"),
            node("If", "yes", "d", then_branch=inner, else_branch=other), node("Clip", "d low", "e"),
        ],
        "g", [], [info("e", [None, 2])], [onnx.numpy_helper.from_array(w, "c")],
    )  # fmt: skip
    otherwise = helper.make_graph([held(v, "c"), node("MatMul", "x c", "h")], "g", [], [info("h", [None, 2])])
    nodes = [numbers, node("If", "yes", "y", then_branch=then, else_branch=otherwise), node("Mul", "y numbers", "z")]
    file = model_of(nodes, [info("x", [None, 3]), info("yes", [], BOOL)], ["z"])
    before, x = file.SerializeToString(), normal(4, 3)
    model = nn.onnx.load(file)
    assert file.SerializeToString() == before
    assert sorted(p.shape for p in model.parameters()) == [(2,), (2,), (2,), (3, 2), (3, 2)]
    assert np.allclose(model(x, True).data, x @ w * deep * [0.5, 2], rtol=1e-5)
    assert np.allclose(model(x, False).data, x @ v * [0.5, 2], rtol=1e-5)
    for yes in (True, False):
        gradcheck(lambda x, yes=yes: model(x, np.array(yes)), x, eps=1e-2, atol=1e-2)
        model.zero_grad()
        model(x, yes).sum().backward()
        found = [p.grad is not None and bool(p.grad.data.any()) for p in model.parameters()]
        assert sum(found) == (3 if yes else 2)
    again = nn.onnx.load(file)
    again.load_state_dict({name: 0 * array for name, array in model.state_dict().items()})
    assert not again(x, True).data.any()


def test_files_without_parameters_say_so() -> None:
    plain = nn.onnx.load(model_of([node("Relu", "x", "y")], [info("x", ["n"])], ["y"]))
    assert "no parameters" in repr(plain)
    arrays: dict[str, Array] = {"w": np.ones((3, 2), np.int8), "scale": np.array(0.5, np.float32)}
    nodes = [node("DequantizeLinear", "w scale", "v"), node("MatMul", "x v", "y")]
    with pytest.warns(nn.TrainingWarning, match=r"the model has no parameters, .* integers, as of quantized models"):
        nn.onnx.load(model_of(nodes, [info("x", ["n", 3])], ["y"], arrays))


def test_an_array_that_is_used_twice_is_one_parameter() -> None:
    nodes = [node("Identity", "w", "v"), node("MatMul", "x w", "a"), node("MatMul", "a v", "y")]
    model = nn.onnx.load(model_of(nodes, [info("x", ["n", 3])], ["y"], {"w": normal(3, 3)}))
    assert [name for name, _ in model.named_parameters()] == ["w"]
    model(normal(2, 3)).sum().backward()
    assert model.w.grad is not None


def test_smaller_floats_become_single_precision_and_half_stays() -> None:
    narrow = onnx.helper.make_tensor("b", onnx.TensorProto.BFLOAT16, [2], np.array([1.5, -2.0]))
    file = linear()
    file.graph.initializer[1].CopyFrom(narrow)
    graph = file.graph
    graph.node[0].input[2] = "c"
    graph.node.insert(0, node("Cast", "b", "c", to=FLOAT))
    model = nn.onnx.load(file)
    assert model.b.dtype == np.float32
    assert model.b.tolist() == [1.5, -2.0]
    half = nn.onnx.load(linear(w=normal(3, 2).astype(np.float16), b=np.zeros(2, np.float16)))
    assert half(np.ones((1, 3), np.float16)).dtype == np.float16


# Calls


def two_of_each() -> Any:
    nodes = [node("Add", "x y", "total"), node("Sub", "x y", "rest")]
    return model_of(nodes, [info("x", ["n"]), info("y", ["n"])], ["total", "rest"])


def test_inputs_by_position_and_by_name() -> None:
    model = nn.onnx.load(two_of_each())
    x, y = normal(3), normal(3)
    for found in (model(x, y), model(x, y=y), model(y=y, x=x), model(tensor(x), y.tolist())):
        assert isinstance(found, tuple)
        assert np.allclose(found[0].data, x + y, rtol=1e-6)
        assert np.allclose(found[1].data, x - y, rtol=1e-6)


def test_wrong_inputs_are_named() -> None:
    model = nn.onnx.load(two_of_each())
    for args, options in (((), {}), ((1.0,), {}), ((1.0,) * 3, {}), ((1.0,), {"x": 1.0}), ((1.0, 1.0), {"z": 1.0})):
        with pytest.raises(TypeError, match=r"the ONNX file takes 2 inputs \(x: float32\(n\), y: float32\(n\)\), not"):
            model(*args, **options)
    with pytest.raises(
        ShapeError, match=r"the input y: float32\(n\) of the ONNX file has 1 axes, not the shape \(2, 1"
    ):
        model(normal(2), normal(2, 1))
    with pytest.raises(DtypeError, match=r"input x: .* holds floating-point numbers, not integers \(int64\): convert"):
        model(np.arange(2), normal(2))
    table = nn.onnx.load(model_of([node("Gather", "w i", "y")], [info("i", ["n"], INT64)], ["y"], {"w": normal(5, 2)}))
    assert table(np.array([4, 0], np.uint8)).shape == (2, 2)
    with pytest.raises(DtypeError, match="holds integers, not floating-point numbers"):
        table(normal(2))
    with pytest.raises(TypeError, match="needs an array, not None: is a return missing"):
        table(None)
    fixed = nn.onnx.load(linear())
    with pytest.raises(
        ShapeError, match=r"x: float32\(n, 3\) of the ONNX file has the length 3 along axis 1, not .*4\)"
    ):
        fixed(normal(2, 4))


def test_a_file_for_one_sample_takes_several() -> None:
    file = linear()
    file.graph.input[0].CopyFrom(info("x", [1, 3]))
    assert nn.onnx.load(file)(normal(5, 3)).shape == (5, 2)


def test_an_error_in_a_node_names_it() -> None:
    file = model_of([helper.make_node("MatMul", ["x", "w"], ["y"], name="scores")], [info("x", ["n", "m"])], ["y"], {"w": normal(3, 2)})  # fmt: skip  # noqa: E501
    with pytest.raises(ShapeError) as caught:
        nn.onnx.load(file)(normal(2, 4))
    assert caught.value.__notes__ == ["in node 'scores' (MatMul, opset 20) of the ONNX file"]


# Modes


def normalized() -> Any:
    arrays = {"scale": np.ones(3), "bias": np.zeros(3), "mean": np.full(3, 0.5), "var": np.full(3, 4.0)}
    return model_of(
        [node("BatchNormalization", "x scale bias mean var", "y", momentum=0.8)],
        [info("x", ["n", 3, 2])], ["y"], {name: array.astype(np.float32) for name, array in arrays.items()},
    )  # fmt: skip


def test_batch_normalization_follows_the_mode() -> None:
    model, ours = nn.onnx.load(normalized()), nn.BatchNorm1d(3, momentum=0.2)
    ours.running_mean[:], ours.running_var[:] = 0.5, 4.0
    assert not model.training
    assert [name for name, _ in model.named_parameters()] == ["scale", "bias"]
    x = normal(4, 3, 2)
    assert np.allclose(model(x).data, ours.eval()(x).data, rtol=1e-6)
    assert np.allclose(model.train()(x).data, ours.train()(x).data, atol=1e-6)
    assert np.allclose(model.state_dict()["mean"], ours.running_mean, rtol=1e-6)
    assert np.allclose(model.state_dict()["var"], ours.running_var, rtol=1e-6)
    assert np.allclose(model.eval()(x).data, ours.eval()(x).data, atol=1e-6)


def test_a_file_for_training_comes_in_training_mode_and_can_leave_it() -> None:
    file = normalized()
    file.graph.node[0].attribute.append(helper.make_attribute("training_mode", 1))
    file.graph.node[0].output.extend(["mean_out", "var_out"])
    model = nn.onnx.load(file)
    assert model.training
    x = normal(4, 3, 2)
    assert np.allclose(model.eval()(x).data, nn.onnx.load(normalized())(x).data, rtol=1e-6)
    old = normalized()
    old.opset_import[0].version = 9
    old.graph.node[0].output.extend(["mean_out", "var_out", "mean_of_batch", "var_of_batch"])
    assert nn.onnx.load(old).training
    arrays = {"ratio": np.array(0.5, np.float32), "on": np.array(True)}
    dropped = nn.onnx.load(model_of([node("Dropout", "x ratio on", "y")], [info("x", ["n"])], ["y"], arrays))
    x = np.ones(1000, np.float32)
    assert dropped.training
    nn.manual_seed(0)
    assert set(dropped(x).tolist()) == {0.0, 2.0}
    assert (dropped.eval()(x).data == x).all()


# Graphs inside nodes, functions of a file, shapes that are computed


def test_branches_and_loops_have_gradients() -> None:
    doubled = helper.make_graph([node("Mul", "x w", "out")], "then", [], [info("out", [3])])
    other = helper.make_graph([node("Neg", "x", "out2")], "else", [], [info("out2", [3])])
    nodes = [
        node("ReduceSum", "x", "s", keepdims=0),
        node("Greater", "s zero", "positive"),
        node("If", "positive", "y", then_branch=doubled, else_branch=other),
    ]
    arrays = {"w": normal(3), "zero": np.float32(0) + np.zeros((), np.float32)}
    model = nn.onnx.load(model_of(nodes, [info("x", [3])], ["y"], arrays))
    x = np.array([1.0, 2.0, 3.0], np.float32)
    assert np.allclose(model(x).data, x * arrays["w"])
    assert np.allclose(model(-x).data, x)
    model(x).sum().backward()
    assert np.allclose(model.w.grad.data, x)
    compiled = compile(lambda x: model(x))
    for sign in (1, -1, 1):
        assert (compiled(sign * x).data == model(sign * x).data).all()
    body = helper.make_graph(
        [node("Mul", "h w", "h2"), node("Identity", "go", "go2"), node("ReduceSum", "h2", "seen", keepdims=0)],
        "body", [info("i", [], INT64), info("go", [], BOOL), info("h", [3])],
        [info("go2", [], BOOL), info("h2", [3]), info("seen", [])],
    )  # fmt: skip
    loop = model_of([node("Loop", "count yes x", "h_last sums", body=body)], [info("x", [3])], ["h_last", "sums"],
                    {"w": normal(3), "count": np.array(3), "yes": np.array(True)})  # fmt: skip
    model = nn.onnx.load(loop).double()
    last, sums = model(x)
    assert np.allclose(last.data, x * model.w.data**3)
    assert sums.shape == (3,)
    gradcheck(lambda x: model(x), x.astype(float))


def test_functions_of_a_file_are_expanded() -> None:
    function = helper.make_function(
        "mine", "Twice", ["a"], ["b"], [node("Add", "a a", "b")], [helper.make_opsetid("", 20)]
    )
    nodes = [helper.make_node("Twice", ["x"], ["h"], domain="mine"), node("Mul", "h w", "y")]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("mine", 1)]
    file = model_of(nodes, [info("x", [2])], ["y"], {"w": np.ones(2, np.float32)}, opset_imports=opsets, functions=[function])  # fmt: skip  # noqa: E501
    before = file.SerializeToString()
    assert nn.onnx.load(file)(np.ones(2, np.float32)).tolist() == [2.0, 2.0]
    assert file.SerializeToString() == before


def test_shapes_are_computed_as_integers() -> None:
    nodes = [
        node("Shape", "x", "shape"), node("Gather", "shape zero", "n"), node("Unsqueeze", "n first", "n1"),
        node("Concat", "n1 rest", "new", axis=0), node("Reshape", "x new", "r"), node("MatMul", "r w", "y"),
    ]  # fmt: skip
    arrays = {"zero": np.array(0), "first": np.array([0]), "rest": np.array([-1, 2]), "w": normal(2, 3)}
    model = nn.onnx.load(model_of(nodes, [info("x", ["n", 4])], ["y"], arrays))
    assert model(normal(5, 4)).shape == (5, 2, 3)


# What modules do


@pytest.fixture
def network(tmp_path: Path) -> tuple[nn.Module, Array]:
    layers = [nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)]
    x = normal(6, 1, 8, 8)
    nn.onnx.export(nn.Sequential(*layers), x, tmp_path / "model.onnx", dynamic_axes={"x": {0: "batch"}})
    return nn.onnx.load(tmp_path / "model.onnx"), x


def test_copies_pickles_and_states(network: tuple[nn.Module, Array], tmp_path: Path) -> None:
    model, x = network
    expected = model(x).data
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (again(x).data == expected).all()
        again.load_state_dict({name: 0 * array for name, array in again.state_dict().items()})
        assert not again(x).data.any()
        nn.save(model, tmp_path / "model.safetensors")
        again.load_state_dict(nn.load(tmp_path / "model.safetensors"))
        assert (again(x).data == expected).all()
    assert (model(x).data == expected).all()
    nn.onnx.export(model, x, tmp_path / "again.onnx")
    assert np.allclose(nn.onnx.load(tmp_path / "again.onnx")(x).data, expected, rtol=1e-6)
    assert "Part" in str(nn.summary(model, x))
    assert "x: float32(batch, 1, 8, 8)" in repr(model)
    assert "no parameters" not in repr(model)


def test_transforms(network: tuple[nn.Module, Array]) -> None:
    model, x = network
    labels = np.arange(6) % 4
    parameters = dict(model.named_parameters())

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(nn.functional_call(model, parameters, x), y)

    each = vmap(grad(lambda p, x, y: loss(p, x[None], y[None])), in_axes=(None, 0, 0))(parameters, x, labels)
    whole = grad(loss)(parameters, x, labels)
    for name, gradient in whole.items():
        assert np.allclose(each[name].mean(0), gradient, atol=1e-6)
    compiled = compile(lambda x: model(x))
    compiled(x)
    assert np.allclose(compiled(2 * x).data, model(2 * x).data, rtol=1e-6)
    with no_grad():
        assert not model(x).requires_grad
    gradcheck(copy.deepcopy(model).double(), x[:2].astype(float))


def test_indices_in_a_batch_of_vmap() -> None:
    table = nn.onnx.load(model_of([node("Gather", "w i", "y")], [info("i", ["n"], INT64)], ["y"], {"w": normal(5, 2)}))
    rows = np.array([[0, 4], [1, 1], [3, 2]])
    gradients = vmap(grad(lambda p, i: nn.functional_call(table, p, i).sum()), in_axes=(None, 0))
    found = gradients(dict(table.named_parameters()), rows)["w"]
    assert np.array_equal(found[:, :, 0], [np.bincount(row, minlength=5) for row in rows])


def test_fit(network: tuple[nn.Module, Array]) -> None:
    model, x = network
    data, loss = (x, np.arange(6) % 4), nn.CrossEntropyLoss()
    before = nn.evaluate(model, data, loss)["loss"]
    nn.fit(model, data, loss, nn.optim.Adam(model.parameters(), lr=0.01), epochs=3, batch_size=3, verbose=False)
    assert nn.evaluate(model, data, loss)["loss"] < before


# What is wrong with a file


def test_files_that_are_something_else(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        nn.onnx.load(path)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        nn.onnx.load(tmp_path)
    nn.save(nn.Linear(2, 1), tmp_path / "model.npz")
    contents: dict[bytes, str] = {
        (tmp_path / "model.npz").read_bytes(): "but a zip archive, as torch.save",
        pickle.dumps({"a": 1}): "but a pickle",
        b'{"a": 1}': "but text in JSON",
        b"version https://git-lfs.github.com/spec/v1": r"but a pointer of Git LFS.*git lfs pull",
        b"nothing at all": "or not all of one: it begins with b'nothing ",
        b"": "it is empty",
        linear().SerializeToString()[:-40]: "or not all of one",
    }
    for content, message in contents.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"model\.onnx is not an ONNX file.*{message}"):
            nn.onnx.load(path)
    wrong: Any = 3
    with pytest.raises(TypeError, match=r"load\(\) takes the path of a file or an onnx.ModelProto, not int"):
        nn.onnx.load(wrong)


def test_damaged_files(tmp_path: Path) -> None:
    nn.onnx.export(nn.Sequential(nn.Linear(4, 3), nn.GELU()), normal(2, 4), tmp_path / "whole.onnx")
    content, path = (tmp_path / "whole.onnx").read_bytes(), tmp_path / "damaged.onnx"
    messages = []
    for seed in range(1000 if THOROUGH else 60):
        rng, damaged = np.random.default_rng(seed), bytearray(content)
        if seed % 4:
            for place in rng.integers(0, len(content), 3):
                damaged[place] = rng.integers(0, 256)
        else:
            damaged = damaged[: rng.integers(0, len(content))]
        path.write_bytes(damaged)
        try:
            nn.onnx.load(path)
        except (FileNotFoundError, UnsupportedError, ValueError) as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert not [message for message in messages if "damaged.onnx" not in message]


def test_arrays_in_other_files(tmp_path: Path) -> None:
    path, x = tmp_path / "model.onnx", normal(2, 3)
    expected = nn.onnx.load(linear(w=np.eye(3, 2, dtype=np.float32), b=np.zeros(2, np.float32)))(x).data
    file = linear(w=np.eye(3, 2, dtype=np.float32), b=np.zeros(2, np.float32))
    onnx.save(file, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (nn.onnx.load(path)(x).data == expected).all()
    with pytest.raises(ValueError, match=r"arrays in other files that were not read: give load\(\) the path"):
        nn.onnx.load(onnx.load(path, load_external_data=False))
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"one of them cannot be read.*weights\.bin.*Put it beside the model"):
        nn.onnx.load(path)


def test_unknown_operators_and_graphs_that_are_not_valid() -> None:
    file = linear()
    file.graph.node[0].op_type, file.graph.node[0].name = "Gems", "first"
    with pytest.raises(UnsupportedError, match=r"not known here: node 'first' \(Gems, opset 20\): export it with"):
        nn.onnx.load(file)
    file.graph.node[0].domain = "com.microsoft"
    file.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    with pytest.raises(UnsupportedError, match=r"node 'first' \(com\.microsoft\.Gems, opset 1\)"):
        nn.onnx.load(file)
    file = linear()
    file.graph.node[0].input[1] = "missing"
    with pytest.raises(ValueError, match=r"the model is not a valid ONNX model: .*missing"):
        nn.onnx.load(file)


def test_old_files_whose_arrays_are_no_inputs() -> None:
    file = linear()
    file.ir_version, file.opset_import[0].version = 3, 9
    assert nn.onnx.load(file)(normal(2, 3)).shape == (2, 2)
    assert file.ir_version == 3


def test_compile_guards_settings_and_passes_over_nodes() -> None:
    nodes = [
        helper.make_node("Resize", ["x", "", "scales"], ["r"], mode="linear"), node("Range", "zero end half", "steps"),
        node("Mul", "r steps", "p"), node("Clip", "p low", "q"), node("Mul", "q w", "y"),
    ]  # fmt: skip
    numbers = {"zero": 0.0, "end": 1.75, "half": 0.5, "low": -0.5}
    arrays: dict[str, Array] = {name: np.array(number, np.float32) for name, number in numbers.items()}
    arrays |= {"w": np.ones(1, np.float32), "scales": np.array([1, 1, 2, 2], np.float32)}
    model = nn.onnx.load(model_of(nodes, [info("x", [1, 1, 2, 2])], ["y"], arrays))
    compiled, x = compile(lambda x: model(x)), normal(1, 1, 2, 2)
    for _ in range(2):
        assert np.array_equal(compiled(x).data, model(x).data)
    model.low[...] = 0
    model.scales[...] = [1, 1, 1, 2]  # read as a number
    for _ in range(2):
        assert compiled(x).shape == (1, 1, 2, 4)
        assert np.array_equal(compiled(x).data, model(x).data)
    reads = [read for program in compiled.programs for read in program.environment.reads]
    assert len(reads) > 10
    assert not [read for read in reads if type(read.holder).__name__ in ("Node", "Program")]


def test_what_has_no_derivative_says_so() -> None:
    nodes = [node("MatMul", "x w", "h"), node("DynamicQuantizeLinear", "h", "q scale zero")]
    model = nn.onnx.load(model_of(nodes, [info("x", ["n", 3])], ["scale"], {"w": normal(3, 2)}))
    with no_grad():
        assert model(normal(2, 3)).shape == ()
    with pytest.raises(UnsupportedError, match=r"node 'q' \(DynamicQuantizeLinear, opset 20\) has no derivative here"):
        model(normal(2, 3))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="loading ONNX models needs a package: pip install onnx"):
        nn.onnx.load("model.onnx")


def test_no_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.onnx.load(linear())(normal(2, 3)).sum().backward()
