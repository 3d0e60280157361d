"""Classical models, and operators that onnx's own package computes, are what onnxruntime computes, or are refused."""

import contextlib
import re
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, UnsupportedError, compile, gradcheck, tensor
from nn.onnx._operators.classical import CLASSICAL
from nn.onnx._operators.reference import COMPARED
from nn.onnx._operators.trees import TREES

from ..thorough import THOROUGH

onnx: Any = pytest.importorskip("onnx", reason="makes models: pip install onnx")
runtime: Any = pytest.importorskip("onnxruntime", reason="computes models: pip install onnxruntime")

Array = np.ndarray[Any, Any]
Drawn = tuple[dict[str, Any], list[Any], int]  # attributes, inputs, the number of outputs
ML = "ai.onnx.ml"
TIMES = 150 if THOROUGH else 8
pytestmark = pytest.mark.filterwarnings("ignore:the model has no parameters, and:nn.TrainingWarning")
POST = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]


def normal(rng: Random, *shape: int) -> Array:
    return np.random.default_rng(rng.getrandbits(32)).standard_normal(shape).astype(np.float32)


def integers(rng: Random, low: int, high: int, *shape: int, dtype: Any = np.int64) -> Array:
    return np.random.default_rng(rng.getrandbits(32)).integers(low, high, shape).astype(dtype)


def words(rng: Random, *shape: int) -> Array:
    letters = ["a", "b b", "C", "", "été", "a,b", "x1", " y "]
    return np.array([rng.choice(letters) for _ in range(int(np.prod(shape)))], object).reshape(shape)


def some(rng: Random, **options: Any) -> dict[str, Any]:
    """Return some of the options."""
    return {name: value for name, value in options.items() if rng.random() < 0.6}


def numbers(rng: Random, count: int) -> list[float]:
    return [rng.uniform(-2, 2) for _ in range(count)]


# Integers of few bits


def bytes_of(rng: Random, *shape: int) -> Array:
    kind = rng.choice([np.uint8, np.int8])
    return integers(rng, *(0, 256) if kind is np.uint8 else (-128, 128), *shape, dtype=kind)


def scale(rng: Random, *shape: int) -> Array:
    return np.asarray(0.01 + 0.1 * np.abs(normal(rng, *shape)), np.float32)


def conv_integer(rng: Random) -> Drawn:
    x, w = integers(rng, 0, 256, 1, 2, 5, 5, dtype=np.uint8), integers(rng, 0, 256, 3, 2, 2, 3, dtype=np.uint8)
    zeros: list[Any] = [np.array(rng.randint(0, 255), np.uint8)] * rng.randint(0, 1)
    options = some(rng, strides=[2, 1], pads=[1, 0, 1, 1], dilations=[1, 2])
    return options, [x, w, *zeros, *[np.array(3, np.uint8)] * (len(zeros) * rng.randint(0, 1))], 1


def quantize(rng: Random) -> Drawn:
    return {}, [3 * normal(rng, *rng.choice([(4,), (2, 3), (2, 2, 3)]))], 3


def matmul_integer(rng: Random) -> Drawn:
    a, b = (
        integers(rng, 0, 256, 2, 3, 4, dtype=np.uint8),
        integers(rng, 0, 256, 4, 5, dtype=np.uint8),
    )  # onnxruntime saturates sums with int8
    zeros = [np.array(rng.randint(0, 100), np.uint8) for _ in range(2)]
    return {}, [a, b, *zeros[: rng.randint(0, 2)]], 1


def suppression(rng: Random) -> Drawn:
    corners = np.random.default_rng(rng.getrandbits(32)).random((2, 8, 4)).astype(np.float32)
    options: dict[str, Any] = {}  # corners in any order
    if rng.random() < 0.5:
        options, corners = {"center_point_box": 1}, corners + np.array([0, 0, 0.5, 0.5], np.float32)
    limits = [np.array(rng.randint(1, 5)), np.array(rng.choice([0.1, 0.5]), np.float32), np.array(-0.3, np.float32)]
    limits = [limit.reshape(rng.choice([(), (1,)])) for limit in limits]
    return options, [corners, normal(rng, 2, 3, 8), *limits[: rng.randint(1, 3)]], 1


def qlinear_conv(rng: Random) -> Drawn:
    x = integers(rng, 0, 256, 1, 2, 5, 5, dtype=np.uint8)
    w = integers(rng, 0, 256, 3, 2, 2, 3, dtype=np.uint8)
    zero = [np.array(rng.randint(0, 255), np.uint8) for _ in range(3)]
    bias = [integers(rng, -1000, 1000, 3, dtype=np.int32)] * rng.randint(0, 1)
    inputs = [x, scale(rng), zero[0], w, scale(rng), zero[1], np.array(50 * scale(rng), np.float32), zero[2], *bias]
    return some(rng, strides=[2, 1], pads=[1, 0, 1, 1], dilations=[1, 2]), inputs, 1


def qlinear_matmul(rng: Random) -> Drawn:
    a, b = integers(rng, 0, 256, 2, 3, 4, dtype=np.uint8), integers(rng, 0, 256, 4, 5, dtype=np.uint8)
    zero = [np.array(rng.randint(0, 255), np.uint8) for _ in range(3)]
    return {}, [a, scale(rng), zero[0], b, scale(rng), zero[1], np.array(50 * scale(rng), np.float32), zero[2]], 1


def quantize_linear(rng: Random) -> Drawn:
    x, axis = 5 * normal(rng, 3, 4), rng.choice([0, 1, -1])
    count = () if rng.random() < 0.5 else (x.shape[axis],)
    zero = bytes_of(rng, *count)
    return {"axis": axis}, [x, scale(rng, *count), *[zero] * rng.randint(0, 1)], 1


# Text


def regex(rng: Random) -> Drawn:
    return {"pattern": rng.choice(["a", "[a-z ]*", r"\w+", "", ".*b", "a|b b"])}, [words(rng, 3, 2)], 1


def concat(rng: Random) -> Drawn:
    return {}, [words(rng, 3, 2), words(rng, *rng.choice([(3, 2), (2,), (1,), (3, 1)]))], 1


def normalizer(rng: Random) -> Drawn:
    action = rng.choice(["LOWER", "UPPER", "NONE"])
    stop = [["a", "été"], ["C"], []][rng.randrange(3)]
    options = {"locale": "C.UTF-8", "case_change_action": action, "is_case_sensitive": rng.choice([0, 1])}
    options |= {"stopwords": stop} if stop else {}
    return options, [words(rng, *rng.choice([(5,), (1, 4)]))], 1


def split(rng: Random) -> Drawn:
    return some(rng, delimiter=rng.choice([",", " ", ""]), maxsplit=rng.randint(0, 2)), [words(rng, 3, 2)], 2


def tfidf(rng: Random) -> Drawn:
    x = integers(rng, 0, 5, *rng.choice([(9,), (2, 8)]), dtype=rng.choice([np.int64, np.int32]))
    pool = [0, 1, 2, 3, 0, 1, 2, 2, 1, 4]
    options = {
        "mode": rng.choice(["TF", "IDF", "TFIDF"]), "min_gram_length": rng.randint(1, 2), "max_gram_length": 2,
        "max_skip_count": rng.randint(0, 3), "ngram_counts": [0, 4], "ngram_indexes": rng.sample(range(7), 7),
        "pool_int64s": pool,
    }  # fmt: skip
    return options | some(rng, weights=numbers(rng, 7)), [x], 1


# What classical models are made of


def extractor(rng: Random) -> Drawn:
    x = normal(rng, *rng.choice([(5,), (2, 5), (2, 3, 5)]))
    return {}, [x, integers(rng, 0, 5, rng.randint(1, 4))], 1


def binarizer(rng: Random) -> Drawn:
    return some(rng, threshold=0.3), [normal(rng, 3, 4)], 1


def features(rng: Random) -> Drawn:
    lengths = [rng.randint(1, 4) for _ in range(2)]
    shapes = [(3, n) for n in lengths]
    asked = [n + rng.choice([0, 0, 1, -1]) if n > 1 else n for n in lengths]
    return {"inputdimensions": asked}, [normal(rng, *shape) for shape in shapes], 1


def imputer(rng: Random) -> Drawn:
    if rng.random() < 0.5:
        x = normal(rng, 4, 3)
        x[::2, 1] = wrong = rng.choice([np.nan, 0.0, 7.0])
        return {"imputed_value_floats": numbers(rng, rng.choice([1, 3])), "replaced_value_float": wrong}, [x], 1
    return {"imputed_value_int64s": [1, 5, 6], "replaced_value_int64": 2}, [integers(rng, 0, 4, 4, 3)], 1


def labels(rng: Random) -> Drawn:
    kinds = {"floats": [0.5, 1.0, -2.0], "int64s": [3, 1, 2], "strings": ["a", "C", ""]}
    defaults = {"floats": "default_float", "int64s": "default_int64", "strings": "default_string"}
    key, value = rng.choice([*kinds]), rng.choice([*kinds])
    x = {"floats": np.array(rng.choices([0.5, 1, -2, 9], k=6), np.float32), "int64s": integers(rng, 0, 5, 6),
         "strings": words(rng, 6)}[key].reshape(2, 3)  # fmt: skip
    options = {f"keys_{key}": kinds[key], f"values_{value}": kinds[value]}
    return options | some(rng, **{defaults[value]: {"floats": 4.5, "int64s": 9, "strings": "none"}[value]}), [x], 1


def names_of(rng: Random, count: int) -> dict[str, Any]:
    """Return names of classes: in order, others, or texts."""
    return rng.choice([
        {"classlabels_ints": [*range(count)]}, {"classlabels_ints": [7, 3, 5, 4][:count]},
        {"classlabels_strings": ["yes", "no", "perhaps", "never"][:count]},
    ])  # fmt: skip


def linear_classifier(rng: Random) -> Drawn:
    count = rng.choice([2, 3, 4])
    rows = 1 if count == 2 and rng.random() < 0.3 else count
    options = {"coefficients": numbers(rng, 3 * rows), "post_transform": rng.choice(POST)} | names_of(rng, count)
    return options | some(rng, intercepts=numbers(rng, rows)), [normal(rng, 5, 3)], 2


def linear_regressor(rng: Random) -> Drawn:
    targets = rng.randint(1, 3)
    options = {"coefficients": numbers(rng, 3 * targets), "targets": targets}
    options |= some(rng, intercepts=numbers(rng, targets), post_transform=rng.choice(POST))
    return options, [normal(rng, 5, 3)], 1


def scaled_rows(rng: Random) -> Drawn:
    return (
        {"norm": rng.choice(["MAX", "L1", "L2"])},
        [normal(rng, 4, 3) * np.array([[1], [0], [1], [-2]], np.float32)],
        1,
    )


def one_hot(rng: Random) -> Drawn:
    shape = rng.choice([(4,), (2, 3)])
    choices: list[tuple[Array, dict[str, Any]]] = [
        (integers(rng, 0, 4, *shape), {"cats_int64s": [2, 0, 1]}),
        (words(rng, *shape), {"cats_strings": ["a", "", "C"]}),
        (integers(rng, 0, 4, *shape).astype(np.float32), {"cats_int64s": [2, 0, 1]}),
    ]
    x, options = rng.choice(choices)
    return options | {"zeros": 1}, [x], 1


def kernel(rng: Random) -> dict[str, Any]:
    kind = rng.choice(["LINEAR", "POLY", "RBF", "SIGMOID"])
    return {"kernel_type": kind, "kernel_params": [0.4, 0.3, rng.choice([2.0, 3.0, 2.5])]}


def svm_classifier(rng: Random) -> Drawn:
    count = rng.choice([2, 3, 4])
    vectors = [rng.randint(1, 3) for _ in range(count)]
    pairs, size = count * (count - 1) // 2, sum(vectors)
    options = {
        "coefficients": numbers(rng, size * (count - 1)), "support_vectors": numbers(rng, 3 * size),
        "vectors_per_class": vectors, "rho": numbers(rng, pairs), "post_transform": rng.choice(["NONE", *POST]),
    }  # fmt: skip
    if rng.random() < 0.5:
        options |= {"prob_a": [-abs(a) for a in numbers(rng, pairs)], "prob_b": numbers(rng, pairs)}
    return options | kernel(rng) | names_of(rng, count), [normal(rng, 5, 3)], 2


def svm_regressor(rng: Random) -> Drawn:
    size = rng.randint(0, 4)  # without vectors, the coefficients are those of the features
    options: dict[str, Any] = {"coefficients": numbers(rng, size or 3)}
    options |= {"support_vectors": numbers(rng, 3 * size)} if size else {}
    options |= {"n_supports": size, "rho": numbers(rng, 1)} | some(rng, one_class=1) | kernel(rng)
    return options | some(rng, post_transform=rng.choice(POST)), [normal(rng, 5, 3)], 1


def affine(rng: Random) -> Drawn:
    count = rng.choice([1, 3])
    x = rng.choice([normal(rng, 4, 3), integers(rng, -5, 5, 4, 3)])
    return {"offset": numbers(rng, count), "scale": numbers(rng, count)}, [x], 1


MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def with_ties(rng: Random, missing: bool) -> Array:
    """Return numbers that are thresholds, too; what `BRANCH_NEQ` does with a missing one, onnxruntime passes over."""
    x = integers(rng, -2, 3, 6, 3).astype(np.float32)
    if missing:
        x[rng.randrange(6), rng.randrange(3)] = np.nan
    return x


def forest(rng: Random) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Return the attributes of two trees of three decisions, and their leaves."""
    mode, found, leaves = rng.choice([*MODES, None]), [], []
    for tree in range(2):
        for node in range(7):
            leaf = node > 2
            kind = "LEAF" if leaf else mode or rng.choice(MODES)
            children = (0, 0) if leaf else (2 * node + 1, 2 * node + 2)
            missing, place = (0, 0) if leaf else (rng.randint(0, 1), rng.randrange(3))
            found.append((tree, node, place, kind, float(rng.randint(-2, 2)), *children, missing))
            leaves += [(tree, node)] * leaf
    names = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids",
             "missing_value_tracks_true")  # fmt: skip
    return {f"nodes_{name}": [*column] for name, column in zip(names, zip(*found, strict=True), strict=True)}, leaves


def tree_classifier(rng: Random) -> Drawn:
    options, leaves = forest(rng)
    count = rng.choice([2, 3])
    one = count == 2 and rng.random() < 0.5  # a weight for the second class alone
    options |= {
        "class_treeids": [tree for tree, _ in leaves], "class_nodeids": [node for _, node in leaves],
        "class_ids": [1 if one else rng.randrange(count) for _ in leaves],
        "class_weights": [rng.random() for _ in leaves] if rng.random() < 0.6 else numbers(rng, len(leaves)),
        "post_transform": rng.choice(POST),
    }  # fmt: skip
    names = names_of(rng, count)
    options |= {name.replace("ints", "int64s"): value for name, value in names.items()}
    return (
        options | some(rng, base_values=numbers(rng, count)),
        [with_ties(rng, "BRANCH_NEQ" not in options["nodes_modes"])],
        2,
    )


def tree_regressor(rng: Random) -> Drawn:
    options, leaves = forest(rng)
    count = rng.choice([1, 2])
    options |= {
        "target_treeids": [tree for tree, _ in leaves], "target_nodeids": [node for _, node in leaves],
        "target_ids": [rng.randrange(count) for _ in leaves], "target_weights": numbers(rng, len(leaves)),
        "n_targets": count, "aggregate_function": rng.choice(["SUM", "AVERAGE", "MIN", "MAX"]),
    }  # fmt: skip
    options |= some(rng, post_transform=rng.choice(POST), base_values=numbers(rng, count))
    return options, [with_ties(rng, "BRANCH_NEQ" not in options["nodes_modes"])], 1


def tree_ensemble(rng: Random) -> Drawn:
    modes = [rng.randrange(7) for _ in range(6)]
    sets = [x for mode in modes if mode == 6 for x in (rng.randint(-2, 2), rng.randint(-2, 2), np.nan)]
    count = rng.choice([1, 2])
    tensor = onnx.numpy_helper.from_array
    options = {
        "tree_roots": [0, 3], "nodes_featureids": [rng.randrange(3) for _ in range(6)],
        "nodes_modes": tensor(np.array(modes, np.uint8)),
        "nodes_splits": tensor(integers(rng, -2, 3, 6).astype(np.float32)),
        "nodes_truenodeids": [1, 0, 2, 4, 4, 6], "nodes_falsenodeids": [2, 1, 3, 5, 5, 7],
        "nodes_trueleafs": [0, 1, 1, 0, 1, 1], "nodes_falseleafs": [0, 1, 1, 0, 1, 1],
        "leaf_targetids": [rng.randrange(count) for _ in range(8)],
        "leaf_weights": tensor(normal(rng, 8)), "n_targets": count,
        "aggregate_function": rng.randrange(4), "post_transform": rng.randrange(5),
    }  # fmt: skip
    options |= some(rng, nodes_missing_value_tracks_true=[rng.randint(0, 1) for _ in range(6)])
    options |= {"membership_values": tensor(np.array(sets, np.float32))} if sets else {}
    return options, [with_ties(rng, 5 not in modes)], 1


KINDS: dict[tuple[str, str], Callable[[Random], Drawn]] = {
    ("", "ConvInteger"): conv_integer,
    ("", "DynamicQuantizeLinear"): quantize,
    ("", "MatMulInteger"): matmul_integer,
    ("", "NonMaxSuppression"): suppression,
    ("", "QLinearConv"): qlinear_conv,
    ("", "QLinearMatMul"): qlinear_matmul,
    ("", "QuantizeLinear"): quantize_linear,
    ("", "RegexFullMatch"): regex,
    ("", "StringConcat"): concat,
    ("", "StringNormalizer"): normalizer,
    ("", "StringSplit"): split,
    ("", "TfIdfVectorizer"): tfidf,
    (ML, "ArrayFeatureExtractor"): extractor,
    (ML, "Binarizer"): binarizer,
    (ML, "FeatureVectorizer"): features,
    (ML, "Imputer"): imputer,
    (ML, "LabelEncoder"): labels,
    (ML, "LinearClassifier"): linear_classifier,
    (ML, "LinearRegressor"): linear_regressor,
    (ML, "Normalizer"): scaled_rows,
    (ML, "OneHotEncoder"): one_hot,
    (ML, "SVMClassifier"): svm_classifier,
    (ML, "SVMRegressor"): svm_regressor,
    (ML, "Scaler"): affine,
    (ML, "TreeEnsemble"): tree_ensemble,
    (ML, "TreeEnsembleClassifier"): tree_classifier,
    (ML, "TreeEnsembleRegressor"): tree_regressor,
}
TRAINING = "ai.onnx.preview.training"  # which onnxruntime leaves to others
COMPARED_ALONE = {("", "ImageDecoder"), (TRAINING, "Adagrad"), (TRAINING, "Adam"), (TRAINING, "Momentum")}
REFUSED = {("", "RegexFullMatch"), ("", "StringNormalizer"), ("", "StringSplit")}
VERSIONS = {"TreeEnsemble": 5}


def test_each_operator_that_is_handed_on_is_compared() -> None:
    assert COMPARED.keys() - KINDS.keys() == COMPARED_ALONE
    assert {kind for domain, kind in KINDS if domain == ML} >= {*CLASSICAL, *TREES} - {"ZipMap"}
    assert not COMPARED.keys() & REFUSED


def model_of(domain: str, kind: str, options: dict[str, Any], inputs: list[Array], outputs: int) -> Any:
    helper = onnx.helper
    given = [info(f"x{i}", x) for i, x in enumerate(inputs)]
    results = [onnx.ValueInfoProto(name=f"y{i}") for i in range(outputs)]
    node = helper.make_node(kind, [v.name for v in given], [v.name for v in results], domain=domain, **options)
    opsets = [helper.make_opsetid("", 20)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1 if domain == TRAINING else VERSIONS.get(kind, 3)))
    graph = helper.make_graph([node], kind, given, results)
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def info(name: str, x: Any) -> Any:
    x = np.asarray(x)
    kind = onnx.TensorProto.STRING if x.dtype.kind in "OU" else onnx.helper.np_dtype_to_tensor_dtype(x.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, [None] * x.ndim)


def outputs_of(file: Any, inputs: list[Array]) -> list[Any]:
    """Compute a model with onnxruntime, and write the types of its outputs into the file."""
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(file.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found: list[Any] = session.run(None, {f"x{i}": x for i, x in enumerate(inputs)})
    for value, output in zip(file.graph.output, found, strict=True):
        value.CopyFrom(info(value.name, output))
    return found


def found_by(model: nn.Module, inputs: list[Array]) -> list[Array]:
    found = model(*inputs)
    return [np.asarray(getattr(y, "data", y)) for y in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("operator", KINDS, ids=lambda operator: operator[1])
def test_what_is_handed_on_is_what_onnxruntime_computes(operator: tuple[str, str]) -> None:
    counted = 0
    for seed in range(TIMES):
        options, inputs, outputs = KINDS[operator](Random(f"{operator[1]} {seed}"))
        file = model_of(*operator, options, inputs, outputs)
        try:
            expected = outputs_of(file, inputs)
        except Exception:  # noqa: BLE001  # what it cannot compute says nothing
            continue
        try:
            model = nn.onnx.load(file)
        except UnsupportedError as error:
            assert operator[1] in str(error)  # noqa: PT017 - whether it raises depends on the options
            assert "otherwise than onnxruntime does" in str(error)  # noqa: PT017
            continue
        counted += 1
        for one, other in zip(found_by(model, inputs), map(np.asarray, expected), strict=True):
            assert one.shape == other.shape, options
            if other.dtype.kind in "OU" or (operator[1] == "TreeEnsembleClassifier" and other.dtype == np.int64):
                assert one.tolist() in (other.tolist(), named(options, other)), options
            else:
                assert one.dtype == other.dtype, options
                assert np.allclose(one, other, rtol=1e-5, atol=1e-5, equal_nan=True), options
    assert not counted if operator in REFUSED else counted


def named(options: dict[str, Any], places: Array) -> list[Any]:
    """Return the names of two classes, each with scores of its own, for which onnxruntime gives 0 and 1."""
    names = options.get("classlabels_int64s", ())
    several = len(names) == 2 and len({*options.get("class_ids", ())}) == 2 and places.max() < 2
    return [names[place] for place in places] if several else []


def test_images_are_decoded() -> None:
    image = pytest.importorskip("PIL.Image", reason="writes images: pip install pillow")
    pixels = integers(Random(0), 0, 256, 4, 5, 3, dtype=np.uint8)
    file = BytesIO()
    image.fromarray(pixels).save(file, "PNG")
    content = np.frombuffer(file.getvalue(), np.uint8)
    for kind, expected in (("RGB", pixels), ("BGR", pixels[..., ::-1])):
        model = model_of("", "ImageDecoder", {"pixel_format": kind}, [content], 1)
        model.graph.output[0].CopyFrom(info("y0", expected))
        assert np.array_equal(found_by(nn.onnx.load(model), [content])[0], expected)


@pytest.mark.parametrize("kind", ["Adagrad", "Adam", "Momentum"])
def test_steps_of_optimizers(kind: str) -> None:
    rng = Random(kind)
    rate, step, x, gradient, state, square = 0.1, 3, *(normal(rng, 4) for _ in range(4))
    square = square**2
    inputs: list[Array] = [np.array(rate, np.float32), np.array(step), x, gradient]
    if kind == "Adagrad":
        options, inputs = {"decay_factor": 0.2, "norm_coefficient": 0.3, "epsilon": 1e-3}, [*inputs, square]
        slope = 0.3 * x + gradient
        moment = square + slope**2
        expected = [x - rate / (1 + step * 0.2) * slope / (np.sqrt(moment) + 1e-3), moment]
    elif kind == "Adam":
        options = {"alpha": 0.8, "beta": 0.9, "norm_coefficient": 0.3, "norm_coefficient_post": 0.1, "epsilon": 1e-3}
        slope, inputs = 0.3 * x + gradient, [*inputs, state, square]
        first, second = 0.8 * state + 0.2 * slope, 0.9 * square + 0.1 * slope**2
        corrected = rate * np.sqrt(1 - 0.9**step) / (1 - 0.8**step)
        expected = [(1 - 0.1) * (x - corrected * first / (np.sqrt(second) + 1e-3)), first, second]
    else:
        options = {"alpha": 0.8, "beta": 0.5, "norm_coefficient": 0.3, "mode": "nesterov"}  # type: ignore[dict-item]
        slope, inputs = 0.3 * x + gradient, [*inputs, state]
        moment = 0.8 * state + 0.5 * slope
        expected = [x - rate * (slope + 0.8 * moment), moment]
    file = model_of(TRAINING, kind, options, inputs, len(expected))
    for value, output in zip(file.graph.output, expected, strict=True):
        value.CopyFrom(info(value.name, output.astype(np.float32)))
    for one, other in zip(found_by(nn.onnx.load(file), inputs), expected, strict=True):
        assert np.allclose(one, other, rtol=1e-5), kind


def computed(kind: str, rng: Random) -> tuple[Any, list[Array]]:
    """Return a file with one classical model, and its inputs; None if it is not computed here, or there."""
    options, inputs, outputs = KINDS[ML, kind](rng)
    file = model_of(ML, kind, options, inputs, outputs)
    try:
        outputs_of(file, inputs)
        nn.onnx.load(file)
    except Exception:  # noqa: BLE001  # another test asks why
        return None, inputs
    return file, inputs


TRAINED = {
    "ArrayFeatureExtractor": 0, "FeatureVectorizer": 0, "Imputer": 0, "LinearClassifier": 2, "LinearRegressor": 2,
    "Normalizer": 0, "SVMClassifier": 5, "SVMRegressor": 3, "Scaler": 2,
}  # fmt: skip


@pytest.mark.parametrize("kind", TRAINED)
def test_classical_models_train(kind: str) -> None:
    """Gradients with respect to the inputs and all coefficients are those of differences."""
    most = 0
    for seed in range(60 if THOROUGH else 8):
        file, inputs = computed(kind, Random(f"{kind} {seed}"))
        if file is None or any(x.dtype == np.float32 and np.isnan(x).any() for x in inputs):
            continue
        model = nn.onnx.load(file).double()
        names, given = [name for name, _ in model.named_parameters()], [p.data for p in model.parameters()]
        floats = [i for i, x in enumerate(inputs) if x.dtype == np.float32]

        def scores(
            *arrays: Any, model: Any = model, names: Any = names, floats: Any = floats, args: Any = inputs
        ) -> Any:
            args = [arrays[len(names) + floats.index(i)] if i in floats else x for i, x in enumerate(args)]
            found = nn.functional_call(model, dict(zip(names, arrays, strict=False)), tuple(args))
            return found[-1] if isinstance(found, tuple) else found

        arrays = [*given, *(inputs[i].astype(np.float64) for i in floats)]
        assert not arrays or gradcheck(scores, arrays, fast_mode=True)
        most = max(most, len(names))
    assert most == TRAINED[kind]


def test_pipelines_train_on_maps_of_classes() -> None:
    """What skl2onnx makes of a scaled LogisticRegression: its maps are the probabilities, a column for each class."""
    helper, rng = onnx.helper, Random(0)
    nodes = [
        helper.make_node("Scaler", ["x"], ["s"], domain=ML, offset=[0.1, 0.2, 0.3], scale=[1.0, 2.0, 0.5]),
        helper.make_node("LinearClassifier", ["s"], ["label", "p"], "linear", domain=ML, coefficients=numbers(rng, 9),
                         intercepts=numbers(rng, 3), classlabels_strings=["a", "b", "c"], post_transform="SOFTMAX"),
        helper.make_node("Normalizer", ["p"], ["q"], domain=ML, norm="L1"),
        helper.make_node("ZipMap", ["q"], ["maps"], domain=ML, classlabels_strings=["a", "b", "c"]),
    ]  # fmt: skip
    x, y = normal(rng, 30, 3), np.arange(30) % 3
    maps = onnx.helper.make_map_type_proto(onnx.TensorProto.STRING, helper.make_tensor_type_proto(1, []))
    results = [
        info("label", np.array([""], object)),
        onnx.ValueInfoProto(name="maps", type=helper.make_sequence_type_proto(maps)),
    ]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(ML, 3)]
    file = helper.make_model(helper.make_graph(nodes, "g", [info("x", x)], results), opset_imports=opsets, ir_version=9)
    model = nn.onnx.load(file)
    expected = runtime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"]).run(
        None, {"x": x}
    )
    label, found = model(x)
    assert label.tolist() == expected[0].tolist()
    assert np.allclose(found.data, [[*row.values()] for row in expected[1]], atol=1e-6)
    assert [name for name, _ in model.named_parameters()] == [
        "s.offset",
        "s.scale",
        "linear.coefficients",
        "linear.intercepts",
    ]
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = nn.functional.nll_loss(np.log(model(x)[1]), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)


def test_trees_have_values_and_no_derivative() -> None:
    for kind in ("TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"):
        found = (computed(kind, Random(f"{kind} {seed}")) for seed in range(100))
        file, (x,) = next((file, inputs) for file, inputs in found if file is not None)
        with pytest.warns(nn.TrainingWarning, match="those of trees, which have no derivative"):
            model = nn.onnx.load(file)
        expected = found_by(model, [x])[-1]
        with pytest.raises(ShapeError, match=rf"{kind} of column \d+ cannot be of an input of shape"):
            model(np.zeros((3, 0), np.float32))
        with pytest.raises(UnsupportedError, match=rf"{kind}, opset \d\) has no derivative here"):
            model(tensor(x, requires_grad=True))
        compiled = compile(lambda x, model=model: model(x))
        for _ in range(2):
            out = compiled(x)
            assert np.array_equal((out[-1] if isinstance(out, tuple) else out).data, expected)


def test_the_entry_of_the_page_on_faults_is_still_one() -> None:
    """Where onnx's own package becomes right, the entry goes."""
    page = (Path(__file__).parents[2] / "docs" / "found-elsewhere.md").read_text(encoding="utf-8")
    code, printed = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", page[page.index("\n## onnx") :], re.DOTALL)[
        0
    ]
    found: dict[str, Any] = {}
    with contextlib.redirect_stdout(StringIO()) as out:
        exec(code, found)
    assert out.getvalue() == printed
    session = runtime.InferenceSession(found["model"].SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": found["x"]})
    right = [[0.5573, 0.1861, 0.2566]]
    assert str(right) in page
    for probabilities in (expected[1], nn.onnx.load(found["model"])(found["x"])[1]):
        assert np.allclose(np.asarray(getattr(probabilities, "data", probabilities)), right, atol=1e-4)


def test_coefficients_that_are_not_used_are_said() -> None:
    x = normal(Random(0), 4, 2)
    options = {"coefficients": numbers(Random(1), 12), "intercepts": [0.1, 0.2, 0.3], "classlabels_ints": [0, 1, 2]}
    file = model_of(ML, "LinearClassifier", options, [x], 2)
    expected = outputs_of(file, [x])
    with pytest.warns(UserWarning, match=r"has 12 coefficients, of which 3 rows of 2 features use 6"):
        assert np.allclose(found_by(nn.onnx.load(file), [x])[1], expected[1], atol=1e-6)


def test_what_the_package_cannot_compute_names_the_node() -> None:
    x = integers(Random(0), 0, 4, 3, 2)
    file = model_of(ML, "OneHotEncoder", {"cats_int64s": [0, 1], "zeros": 0}, [x], 1)
    file.graph.output[0].CopyFrom(info("y0", normal(Random(0), 1, 1, 1)))
    with pytest.raises(UnsupportedError, match=r"node 'y0' \(ai.onnx.ml.OneHotEncoder.*cannot with these inputs"):
        nn.onnx.load(file)(x)
