"""The test cases of the ONNX standard for single operators, against what `nn.onnx.load` makes of them.

``python -m tests.onnx_nodes`` prints how many cases with floating-point outputs have the right outputs and right
gradients, and lists those that have not, by operator, with the reason.
"""

import argparse
import importlib
import pkgutil
import traceback
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import Tensor, no_grad, tensor

Array = np.ndarray[Any, Any]
FLOATS = (1, 10, 11)  # float32, float16, float64 in ONNX's numbers
RANDOM = ("Bernoulli", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial")
SLOW = ("attention", "averagepool", "lppool", "maxpool")  # modules whose import takes seconds
SETTINGS = {"Dropout": (1,), "Resize": (1, 2), "Upsample": (1,)}  # inputs that have no derivative here
STEP = 1e-6


class Verdict(NamedTuple):
    """What is wrong with the outputs and with the gradients: empty if nothing is, None if there is nothing to check."""

    outputs: str
    gradients: str | None


@cache
def cases(slow: bool = True) -> dict[str, Any]:
    """Return the cases whose outputs include floating-point numbers, by name; without `slow`, some are left out.

    The package makes a case, with its outputs, when the module of its operator is imported.
    """
    from onnx.backend.test.case import node

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for module in pkgutil.walk_packages(node.__path__, f"{node.__name__}."):
            if slow or module.name.rpartition(".")[2] not in SLOW:
                importlib.import_module(module.name)
        found = list(node._NodeTestCases)
    named: dict[str, Any] = {case.name: case for case in found}
    return {name: case for name, case in named.items() if any(map(is_float, case.model.graph.output))}


def is_float(value: Any) -> bool:
    return value.type.HasField("tensor_type") and value.type.tensor_type.elem_type in FLOATS


def operator(case: Any) -> str:
    """Return the operator that a case tests."""
    kinds = [node.op_type for node in case.model.graph.node]
    return kinds[0] if len(kinds) == 1 else f"{case.name.removeprefix('test_').split('_')[0]} as a function"


def judge(case: Any) -> Verdict:
    """Compare the outputs with those of the standard, and derivatives along a direction with differences."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        outputs = attempt(lambda: _outputs(case))
        gradients = None if outputs else attempt(lambda: _gradients(case))
    return Verdict(outputs or "", gradients)


def attempt(check: Any) -> Any:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is reported
        last = traceback.extract_tb(error.__traceback__)[-1]
        return (
            f"{type(error).__name__}: {str(error).splitlines()[0][:150]} ({last.filename.split('/')[-1]}:{last.lineno})"
        )


def _values(data: Any) -> list[Any]:
    from onnx import TensorProto, numpy_helper

    arrays = [numpy_helper.to_array(value) if isinstance(value, TensorProto) else value for value in data]
    return [value if isinstance(value, list | tuple) or value is None else np.asarray(value) for value in arrays]


def _outputs(case: Any) -> str:
    model = nn.onnx.load(case.model)
    for inputs, expected in case.data_sets:
        found = model(*_values(inputs))
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(expected):
            return f"{len(found)} outputs, not {len(expected)}"
        for one, other in zip(found, _values(expected), strict=True):
            wrong = "" if other is None else _difference(one, other, case)
            if wrong:
                return wrong
    return ""


def _difference(one: Any, other: Any, case: Any) -> str:
    """Return how a result differs from that of the standard by more than its tolerance."""
    if isinstance(other, list | tuple):
        return "" if len(one) == len(other) else f"a sequence of {len(one)}, not {len(other)}"
    x, y = np.asarray(getattr(one, "data", one)), np.asarray(other)
    if x.shape != y.shape:
        return f"shape {x.shape}, not {y.shape}"
    if y.dtype.kind not in "fiubc":
        return ""
    if x.dtype != y.dtype:
        return f"dtype {x.dtype}, not {y.dtype}"
    random = any(node.op_type in RANDOM for node in case.model.graph.node)
    least = 1e-3 if y.dtype == np.float16 else 1e-6
    if random or np.allclose(x, y, rtol=case.rtol, atol=max(case.atol, least), equal_nan=True):
        return ""
    return f"off by {np.nanmax(np.abs(x.astype(float) - y.astype(float))):.2g}"


def doubled(model: Any) -> Any:
    """Return a model in double precision throughout, for differences: also where it says single precision itself."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for graph in _graphs(copy.graph):
        for t in graph.initializer:
            t.CopyFrom(_double(t))
        for value in [*graph.input, *graph.output, *graph.value_info]:
            if is_float(value):
                value.type.tensor_type.elem_type = 11
        for node in graph.node:
            for a in node.attribute:
                if a.name in ("to", "dtype", "softmax_precision", "output_datatype") and a.i in FLOATS:
                    a.i = 11
                if a.type == onnx.AttributeProto.TENSOR:
                    a.t.CopyFrom(_double(a.t))
    return copy


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for a in node.attribute:
            if a.HasField("g"):
                yield from _graphs(a.g)


def _double(t: Any) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(numpy_helper.to_array(t).astype(float), t.name) if t.data_type in FLOATS else t


def _gradients(case: Any) -> str | None:
    model = nn.onnx.load(doubled(case.model))
    inputs = _values(case.data_sets[0][0])
    fixed = {name for node in case.model.graph.node for name in _settings(node)}
    fixed_places = {i for i, value in enumerate(case.model.graph.input) if value.name in fixed}
    found: list[str | None] = []
    for seed in range(3):  # a kink may be nearer than the step
        found.append(_derivative(model, inputs, fixed_places, seed))
        if not found[-1]:
            return found[-1]
    return found[0]


def _settings(node: Any) -> list[str]:
    return [node.input[i] for i in SETTINGS.get(node.op_type, ()) if i < len(node.input)]


def _derivative(model: nn.Module, inputs: list[Any], fixed: set[int], seed: int) -> str | None:
    """Compare a derivative along a random direction with a difference; None if both are 0."""
    rng = np.random.default_rng(seed)
    inputs = [x.astype(float) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in inputs]
    floats = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.size]
    chosen = [i for i in floats if i not in fixed]
    if not chosen:
        return None
    places = {i: inputs[i] + 1e-3 * rng.standard_normal(inputs[i].shape) * np.isfinite(inputs[i]) for i in chosen}
    directions = {i: rng.standard_normal(x.shape) for i, x in places.items()}
    weights: dict[int, Array] = {}

    def total(at: dict[int, Any]) -> Any:
        nn.manual_seed(0)
        out = model(*[at.get(i, x) for i, x in enumerate(inputs)])
        parts: Any = 0.0
        for i, y in enumerate(out if isinstance(out, tuple) else (out,)):
            if isinstance(y, Tensor) and y.dtype.kind == "f":
                weights.setdefault(i, rng.standard_normal(y.shape))
                parts = parts + (np.where(np.isfinite(y.data), y, 0) * weights[i]).sum()
        return parts

    leaves = {i: tensor(x, requires_grad=True) for i, x in places.items()}
    loss = total(leaves)
    if isinstance(loss, Tensor) and loss.requires_grad:
        loss.backward()
    slope = sum(float((leaf.grad.data * directions[i]).sum()) for i, leaf in leaves.items() if leaf.grad is not None)
    with no_grad():
        ends = [float(total({i: x + sign * STEP * directions[i] for i, x in places.items()})) for sign in (1, -1)]
    difference = (ends[0] - ends[1]) / (2 * STEP)
    if abs(slope) < 1e-9 and abs(difference) < 1e-7:
        return None
    close = abs(slope - difference) <= 1e-5 * max(1, abs(difference), abs(slope)) + 1e-9 * abs(ends[0]) / STEP
    return "" if close else f"a slope of {slope:.6g}, not {difference:.6g}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare nn.onnx.load with the test cases of the ONNX standard.")
    parser.add_argument("names", nargs="*", help="only cases whose names contain one of these")
    chosen = parser.parse_args().names
    found = {n: case for n, case in cases().items() if not chosen or any(part in n for part in chosen)}
    verdicts = {name: judge(case) for name, case in found.items()}
    single = [name for name, case in found.items() if len(case.model.graph.node) == 1]
    for names, what in ((list(found), "all cases with floating-point outputs"), (single, "those of a single node")):
        right = sum(not verdicts[name].outputs for name in names)
        checked = [verdicts[name].gradients for name in names if verdicts[name].gradients is not None]
        good = sum(not gradients for gradients in checked)
        wrong = len(names) - right
        print(f"{what}: {right} of {len(names)} right ({right / max(len(names), 1):.1%})")
        print(f"  with a derivative, or wrong: {good} of {len(checked) + wrong} gradients right "
              f"({good / max(len(checked) + wrong, 1):.1%})")  # fmt: skip
    missing = defaultdict(list)
    for name, verdict in verdicts.items():
        if verdict.outputs or verdict.gradients:
            reason = verdict.outputs or f"gradient: {verdict.gradients}"
            missing[operator(found[name])].append(f"{name}: {reason}")
    for kind, lines in sorted(missing.items()):
        print(f"{kind}\n  " + "\n  ".join(lines))


if __name__ == "__main__":
    main()
