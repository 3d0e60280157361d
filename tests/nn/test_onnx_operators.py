"""Operators of ONNX with drawn options compute what onnxruntime computes, with right derivatives."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

import nn
from autograd import no_grad, tensor

from ..onnx_nodes import doubled
from ..thorough import THOROUGH

onnx: Any = pytest.importorskip("onnx", reason="makes models: pip install onnx")
runtime: Any = pytest.importorskip("onnxruntime", reason="computes models: pip install onnxruntime")

Array = np.ndarray[Any, Any]
Drawn = tuple[str, dict[str, Any], list[Any], int]  # an operator, its attributes, its inputs, the number of outputs
OPSET = 20
TIMES = 150 if THOROUGH else 6


def normal(rng: Random, *shape: int) -> Array:
    return np.random.default_rng(rng.getrandbits(32)).standard_normal(shape).astype(np.float32)


def integers(rng: Random, low: int, high: int, *shape: int) -> Array:
    return np.random.default_rng(rng.getrandbits(32)).integers(low, high, shape)


def numbers(rng: Random, count: int, low: int, high: int) -> list[int]:
    return [rng.randint(low, high) for _ in range(count)]


def some(rng: Random, **options: Any) -> dict[str, Any]:
    """Return some of the options."""
    return {name: value for name, value in options.items() if rng.random() < 0.6}


def windows(rng: Random, axes: int, dilated: bool = True) -> dict[str, Any]:
    found = some(rng, strides=numbers(rng, axes, 1, 3))
    if dilated:
        found |= some(rng, dilations=numbers(rng, axes, 1, 2))
    if rng.random() < 0.3:
        return found | {"auto_pad": rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])}
    return found | some(rng, pads=numbers(rng, 2 * axes, 0, 1))


def conv(rng: Random) -> Drawn:
    axes, groups = rng.randint(1, 3), rng.choice([1, 1, 2])
    x, w = normal(rng, 2, 2 * groups, *numbers(rng, axes, 5, 7)), normal(rng, 3 * groups, 2, *numbers(rng, axes, 1, 3))
    options = windows(rng, axes)
    if "SAME" in options.get("auto_pad", ""):
        options.pop("dilations", None)  # which onnxruntime refuses there
    return "Conv", options | {"group": groups}, [x, w, *[normal(rng, 3 * groups)] * rng.randint(0, 1)], 1


def conv_transpose(rng: Random) -> Drawn:
    axes, groups = rng.randint(1, 2), rng.choice([1, 2])
    x, w = normal(rng, 2, 2 * groups, *numbers(rng, axes, 3, 5)), normal(rng, 2 * groups, 3, *numbers(rng, axes, 2, 3))
    options = some(rng, strides=numbers(rng, axes, 2, 3), dilations=numbers(rng, axes, 1, 2))
    if rng.random() < 0.3:  # with windows that overlap: else onnxruntime does not reach the length of the standard
        options |= {"auto_pad": rng.choice(["SAME_UPPER", "SAME_LOWER"]), "strides": [2] * axes}
    else:
        options |= some(rng, pads=numbers(rng, 2 * axes, 0, 1))
    if "strides" in options and "auto_pad" not in options:
        options |= some(rng, output_padding=numbers(rng, axes, 0, 1))
    return "ConvTranspose", options | {"group": groups}, [x, w, *[normal(rng, 3 * groups)] * rng.randint(0, 1)], 1


def pool(rng: Random) -> Drawn:
    kind, axes = rng.choice(["MaxPool", "AveragePool"]), rng.randint(1, 3)
    options = windows(rng, axes) | {"kernel_shape": numbers(rng, axes, 2, 3)}
    if "auto_pad" not in options:
        options |= some(rng, ceil_mode=1)
    else:
        options.pop("dilations", None)
    if kind == "AveragePool":
        options |= some(rng, count_include_pad=1)
    return kind, options, [normal(rng, 2, 2, *numbers(rng, axes, 6, 8))], 1


def resize(rng: Random) -> Drawn:
    mode = rng.choice(["nearest", "linear", "cubic"])
    x = normal(rng, 1, 2, *numbers(rng, 2, 4, 6))
    places = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    options: dict[str, Any] = {"mode": mode, "coordinate_transformation_mode": rng.choice(places)}
    if mode == "nearest":
        options |= some(rng, nearest_mode=rng.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]))
    if mode == "cubic":
        options |= some(rng, cubic_coeff_a=-0.5, exclude_outside=1)
    # The standard aligns corners of lengths that are no whole numbers, onnxruntime those of the rounded lengths
    if rng.random() < 0.5 or options["coordinate_transformation_mode"] == "align_corners":
        sizes = np.array([1, 2, *numbers(rng, 2, 3, 9)])
        return "Resize", options, [x, None, None, sizes], 1
    scales = np.array([1, 1, *(rng.choice([0.5, 0.75, 1.5, 2.0]) for _ in range(2))], np.float32)
    return "Resize", options, [x, None, scales], 1


def recurrent(rng: Random) -> Drawn:
    kind, hidden, time, batch = rng.choice(["LSTM", "GRU", "RNN"]), 3, rng.randint(1, 4), 2
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    direction = rng.choice(["forward", "reverse", "bidirectional"])
    d = 2 if direction == "bidirectional" else 1
    options: dict[str, Any] = {"hidden_size": hidden, "direction": direction}
    inputs: list[Any] = [
        normal(rng, time, batch, 2),
        normal(rng, d, gates * hidden, 2),
        normal(rng, d, gates * hidden, hidden),
    ]
    inputs += [normal(rng, d, 2 * gates * hidden) if rng.random() < 0.6 else None]
    lengths = np.array([time, rng.randint(1, time)], np.int32)
    inputs += [lengths if rng.random() < 0.4 else None]
    inputs += [normal(rng, d, batch, hidden) if rng.random() < 0.5 else None]
    if kind == "LSTM":
        inputs += [normal(rng, d, batch, hidden) if rng.random() < 0.5 else None]
        inputs += [normal(rng, d, 3 * hidden) if rng.random() < 0.3 else None]
    if kind == "GRU":
        options |= some(rng, linear_before_reset=1)
    if kind == "RNN" and rng.random() < 0.5:
        options |= {"activations": [rng.choice(["Relu", "Tanh", "Sigmoid"])] * d}
    options |= {"clip": 0.7} if rng.random() < 0.2 else {}
    return kind, options, inputs, 3 if kind == "LSTM" else 2


def sliced(rng: Random) -> Drawn:
    x, axes = normal(rng, 5, 6, 4), rng.sample([0, 1, -1], 2)
    starts, ends = numbers(rng, 2, -8, 8), numbers(rng, 2, -8, 8)
    steps = [rng.choice([1, 2, -1, -2]) for _ in range(2)]
    ends = [rng.choice([end, 2**40 if step > 0 else -(2**40)]) for end, step in zip(ends, steps, strict=True)]
    return "Slice", {}, [x, *map(np.array, (starts, ends, axes, steps))], 1


def padded(rng: Random) -> Drawn:
    mode = rng.choice(["constant", "constant", "edge", "reflect", "wrap"])
    low = -1 if mode == "constant" else 0
    value = [np.array(rng.random(), np.float32)] if mode == "constant" else []
    return "Pad", {"mode": mode}, [normal(rng, 3, 4), np.array(numbers(rng, 4, low, 2)), *value], 1


def scattered(rng: Random) -> Drawn:
    x, reduction = normal(rng, 4, 3), rng.choice(["none", "add", "mul", "max", "min"])
    if rng.random() < 0.5:
        axis = rng.choice([0, 1, -1])
        size = x.shape[axis]
        count = rng.randint(1, 3)
        shape = (count, 3) if axis == 0 else (4, count)
        if reduction == "none":
            order = np.stack(
                [np.random.default_rng(rng.getrandbits(32)).permutation(size)[:count] for _ in range(max(shape))]
            )
            indices = (order[: shape[1]].T if axis == 0 else order[: shape[0]]).reshape(shape)
        else:
            indices = integers(rng, -size, size, *shape)
        return "ScatterElements", {"axis": axis, "reduction": reduction}, [x, indices, normal(rng, *shape)], 1
    rows = np.array(rng.sample(range(4), 3)) if reduction == "none" else integers(rng, 0, 4, 3)
    return "ScatterND", {"reduction": reduction}, [x, rows[:, None], normal(rng, 3, 3)], 1


def gathered(rng: Random) -> Drawn:
    x = normal(rng, 4, 3, 5)
    kind, axis = rng.choice(["Gather", "GatherElements", "GatherND", "TopK"]), rng.choice([0, 1, 2, -1])
    if kind == "Gather":
        return kind, {"axis": axis}, [x, integers(rng, -x.shape[axis], x.shape[axis], 2, 2)], 1
    if kind == "GatherElements":
        shape = [4, 3, 5]
        shape[axis] = rng.randint(1, 6)
        return kind, {"axis": axis}, [x, integers(rng, -x.shape[axis], x.shape[axis], *shape)], 1
    if kind == "GatherND":
        shared = rng.choice([0, 1])
        return kind, {"batch_dims": shared}, [x, integers(rng, 0, 3, 4, 2, rng.randint(1, 2))], 1
    return kind, {"axis": axis, "largest": rng.choice([0, 1])}, [x, np.array([rng.randint(1, 3)])], 2


def reduced(rng: Random) -> Drawn:
    kind = rng.choice(["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSumExp", "SumSquare"])
    axes = rng.choice([None, np.array([0]), np.array([-1, 1]), np.zeros(0, np.int64)])
    options = some(rng, keepdims=0) | some(rng, noop_with_empty_axes=1)
    if axes is None or not axes.size:
        options.pop("noop_with_empty_axes", None)
    return f"Reduce{kind}", options, [normal(rng, 3, 4, 2), axes], 1


def normalized(rng: Random) -> Drawn:
    kind = rng.choice(
        ["LayerNormalization", "InstanceNormalization", "LRN", "LpNormalization", "Softmax", "LogSoftmax"]
    )
    x, axis = normal(rng, 3, 4, 5), rng.choice([0, 1, -1])
    if kind == "LayerNormalization":
        shape = x.shape[axis:]
        return kind, {"axis": axis}, [x, normal(rng, *shape), *[normal(rng, *shape)] * rng.randint(0, 1)], 1
    if kind == "InstanceNormalization":
        return kind, some(rng, epsilon=0.1), [x, normal(rng, 4), normal(rng, 4)], 1
    if kind == "LRN":
        return (
            kind,
            {"size": rng.choice([1, 3])} | some(rng, alpha=0.5, beta=0.6, bias=2.0),
            [normal(rng, 2, 4, 3, 3)],
            1,
        )
    return kind, {"axis": axis} | ({"p": rng.choice([1, 2])} if kind == "LpNormalization" else {}), [x], 1


def arranged(rng: Random) -> Drawn:
    x = normal(rng, 2, 8, 4, 6)
    kind = rng.choice(["DepthToSpace", "SpaceToDepth", "Split", "CumSum", "Trilu", "Expand", "Tile", "Gemm", "Flatten"])
    options: dict[str, Any] = {}
    inputs: list[Any] = [x]
    if kind in ("DepthToSpace", "SpaceToDepth"):
        options = {"blocksize": 2} | (some(rng, mode="CRD") if kind == "DepthToSpace" else {})
    elif kind == "Split":
        return kind, {"axis": 3, "num_outputs": 4}, [normal(rng, 2, 8, 4, 7)], 4
    elif kind == "CumSum":
        options, inputs = some(rng, exclusive=1, reverse=1), [x, np.array(rng.randint(-4, 3))]
    elif kind == "Trilu":
        options, inputs = some(rng, upper=0), [x, np.array(rng.randint(-3, 3))]
    elif kind == "Expand":
        inputs = [normal(rng, 3, 1), np.array(rng.choice([[2, 1, 6], [3, 4], [1]]))]
    elif kind == "Tile":
        inputs = [normal(rng, 3, 2), np.array(numbers(rng, 2, 1, 3))]
    elif kind == "Gemm":
        options = some(rng, alpha=0.5, beta=2.0, transA=1, transB=1)
        a, b = normal(rng, 3, 4), normal(rng, 4, 2)
        c = rng.choice([[], [normal(rng, 2)], [normal(rng, 3, 1)], [normal(rng, 3, 2)]])
        inputs = [a.T.copy() if "transA" in options else a, b.T.copy() if "transB" in options else b, *c]
    else:
        options = some(rng, axis=rng.randint(-4, 4))
    return kind, options, inputs, 1


KINDS: dict[str, Callable[[Random], Drawn]] = {
    "conv": conv, "conv_transpose": conv_transpose, "pool": pool, "resize": resize, "recurrent": recurrent,
    "sliced": sliced, "padded": padded, "scattered": scattered, "gathered": gathered, "reduced": reduced,
    "normalized": normalized, "arranged": arranged,
}  # fmt: skip


def model_of(kind: str, options: dict[str, Any], inputs: list[Any], outputs: int) -> Any:
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    results = [f"y{i}" for i in range(outputs)]
    node = onnx.helper.make_node(kind, names, results, **options)
    given = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in zip(names, inputs, strict=True)
        if name
    ]
    out = [
        onnx.helper.make_tensor_value_info(name, 7 if kind == "TopK" and i else 1, None)
        for i, name in enumerate(results)
    ]
    graph = onnx.helper.make_graph([node], kind, given, out)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=9)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", KINDS)
def test_drawn_options_compute_the_same(name: str) -> None:
    counted = 0
    for seed in range(TIMES):
        rng = Random(f"{name} {seed}")
        drawn = KINDS[name](rng)
        inputs = drawn[2]
        file, given = model_of(*drawn), [x for x in inputs if x is not None]
        try:
            session = runtime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
            expected = session.run(None, {f"x{i}": x for i, x in enumerate(inputs) if x is not None})
        except Exception:  # noqa: BLE001  # what it cannot compute says nothing
            continue
        counted += 1
        found = nn.onnx.load(file)(*given)
        for one, other in zip(found if isinstance(found, tuple) else (found,), expected, strict=True):
            assert one.shape == other.shape, drawn
            assert np.allclose(one.data, other, rtol=1e-4, atol=1e-5), drawn
        check_derivative(nn.onnx.load(doubled(file)), given, drawn)
    assert counted > TIMES / 3


def check_derivative(model: nn.Module, inputs: list[Array], drawn: Drawn) -> None:
    """Compare a derivative along a random direction with a difference, twice, for a kink may be near."""
    slopes = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        places = [x.astype(float) if x.dtype.kind == "f" else x for x in inputs]
        moving = [i for i, x in enumerate(places) if x.dtype.kind == "f" and not (drawn[0] == "Resize" and i)]
        directions = {i: rng.standard_normal(places[i].shape) for i in moving}
        weights: dict[int, Array] = {}

        def total(at: list[Any], weights: dict[int, Array] = weights, rng: Any = rng) -> Any:
            out = model(*at)
            parts: Any = 0.0
            for i, y in enumerate(out if isinstance(out, tuple) else (out,)):
                if y.dtype.kind == "f":
                    parts = parts + (y * weights.setdefault(i, rng.standard_normal(y.shape))).sum()
            return parts

        leaves: list[Any] = [tensor(x, requires_grad=True) if i in moving else x for i, x in enumerate(places)]
        total(leaves).backward()
        slope = sum(float((leaves[i].grad.data * directions[i]).sum()) for i in moving if leaves[i].grad is not None)
        with no_grad():
            ends = [
                float(total([x + step * directions[i] if i in moving else x for i, x in enumerate(places)]))
                for step in (1e-6, -1e-6)
            ]
        slopes.append((slope, (ends[0] - ends[1]) / 2e-6))
    assert any(abs(a - b) <= 1e-5 * max(1, abs(a)) for a, b in slopes), (slopes, drawn)


@pytest.mark.parametrize("place", [None, *range(-3, 4)])
@pytest.mark.parametrize("kind", ["SequenceInsert", "SequenceErase"])
def test_positions_in_sequences(kind: str, place: int | None) -> None:
    """From the end they count from the same element for both, but only an insertion may be behind the last."""
    if kind == "SequenceErase" and place == 3:
        return
    names = ["s", *(["d"] if kind == "SequenceInsert" else []), *([] if place is None else ["p"])]
    nodes = [
        onnx.helper.make_node("SequenceConstruct", ["a", "b", "c"], ["s"]),
        onnx.helper.make_node(kind, names, ["t"]),
        onnx.helper.make_node("ConcatFromSequence", ["t"], ["y"], axis=0),
    ]
    inputs = {name: np.array([i], np.float32) for i, name in enumerate("abcd")} | {"p": np.array(place or 0)}
    given = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in inputs.items()
    ]
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = onnx.helper.make_graph(nodes, "g", given, [out])
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    (expected,) = runtime.InferenceSession(model.SerializeToString()).run(None, inputs)
    np.testing.assert_array_equal(nn.onnx.load(model)(*inputs.values()), expected)


@pytest.mark.parametrize("shape", [(), (2, 0), (2, 3)])
def test_the_value_of_a_constant_may_have_no_axis(shape: tuple[int, ...]) -> None:
    from nn.onnx._operators.shapes import SHAPES

    made: Any = SHAPES["ConstantOfShape"]
    found = made({"value": np.array(7, np.int16)}, np.array(shape, np.int64))
    np.testing.assert_array_equal(found, np.full(shape, 7, np.int16), strict=True)


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_swiglu_without_a_slope_halves(alpha: float) -> None:
    from nn.onnx._operators.elementwise import ELEMENTWISE

    gate, value = np.array([-1.0, 2.0]), np.array([3.0, 4.0])
    found = ELEMENTWISE["SwiGLU"]({"alpha": alpha}, gate, value)
    np.testing.assert_allclose(found, gate * value / (1 + np.exp(-alpha * gate)))
