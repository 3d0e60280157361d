"""Names from PyTorch, JAX, TensorFlow and micrograd: the error says the name here, and what it says is there."""

import ast
import importlib
import inspect
import re
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.special

import autograd
import datasets
import nn
import nn.scalar
from autograd import Tensor, Value, gradients, tensor
from autograd.foreign.missing import (
    COMPILE_KEYWORDS,
    GRAD_KEYWORDS,
    KEYWORDS,
    ONLY_ARRAYS,
    SCAN_KEYWORDS,
    WHILE_KEYWORDS,
    tables,
)
from autograd.foreign.missing import NAMES as OTHERS

NAMES = {**OTHERS, **tables("layer_names.txt")}
X = tensor(np.arange(1.0, 7.0).reshape(2, 3), requires_grad=True)
OWNERS: dict[str, Any] = {
    "Tensor": X,
    "Value": Value(2.0),
    "Module": nn.Linear(2, 2),
    "Optimizer": nn.optim.SGD(nn.Linear(2, 2).parameters()),
    **{name: importlib.import_module(name) for name in NAMES if name.islower()},
}
ENTRIES = [(owner, name) for owner in NAMES for name in NAMES[owner]]


@pytest.mark.parametrize("owner", NAMES)
def test_errors_say_what_there_is(owner: str) -> None:
    for name, here in NAMES[owner].items():
        with pytest.raises(AttributeError, match=re.escape(f"{name!r}: here it is {here.replace('`', '')}")) as caught:
            getattr(OWNERS[owner], name)
        assert caught.value.name == name
        assert not hasattr(OWNERS[owner], name)
        assert name not in dir(OWNERS[owner])


def test_pytorchs_functions_of_tensors_are_known_by_the_methods() -> None:
    of_module = {*dir(np), *dir(autograd.extend), *NAMES["autograd"]}
    for name in NAMES["Tensor"].keys() - of_module - {"bool", "type"}:
        with pytest.raises(AttributeError, match=rf"^module 'autograd' has no attribute '{name}': here it is "):
            getattr(autograd, name)


def roots() -> dict[str, Any]:
    """Return what the code in the tables starts from."""
    modules = {"np": np, "nn": nn, "F": nn.functional, "scipy": scipy, "autograd": autograd, "datasets": datasets}
    values = {"t": X, "v": Value(2.0), "m": nn.Linear(2, 2), "optimizer": OWNERS["Optimizer"]}
    rng = {"rng": np.random.default_rng(0), "p": nn.Parameter([1.0]), "loss": X, "y": X, "other": X}
    return {**{name: getattr(autograd, name) for name in autograd.__all__}, **modules, **values, **rng}


def chains(code: str) -> Iterator[list[str]]:
    """Go through the names in a piece of code with the attributes that are taken of them."""
    tree = ast.parse(code)
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        path: list[str] = []
        place = node
        while isinstance(place, ast.Attribute) and node not in inner:
            path.insert(0, place.attr)
            place = place.value
        if isinstance(place, ast.Name) and path:
            yield [place.id, *path]


def test_what_is_said_is_there() -> None:
    """Calls of methods on results are left out: what they are is not known without computing them."""
    known, looked_at = roots(), 0
    for table in (*NAMES.values(), KEYWORDS, GRAD_KEYWORDS, SCAN_KEYWORDS, WHILE_KEYWORDS, COMPILE_KEYWORDS):
        for here in table.values():
            for code in re.findall(r"`([^`]+)`", here):
                if code.endswith("="):  # a keyword
                    continue
                for root, *path in chains(code):
                    if root in ("self", "multiprocessing", "array"):
                        continue
                    value = known[root]
                    for name in path:
                        value = getattr(value, name)
                        looked_at += 1
    assert looked_at > 150


@pytest.mark.parametrize("module", [nn, nn.functional, nn.optim])
def test_a_public_name_that_nothing_loads_says_where_to_write_it(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__all__", [*module.__all__, "Forgotten"])
    with pytest.raises(AttributeError, match=rf"{module.__name__}.__all__ has 'Forgotten': import it there"):
        module.Forgotten  # noqa: B018


def test_an_argument_is_compared_with_those_that_are_alike() -> None:
    with pytest.raises(TypeError, match="'epoch': did you mean 'epochs'"):
        nn.fit(epoch=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'progress': it has model, "):
        nn.fit(progress=False)  # type: ignore[call-arg]


def test_every_piece_of_code_is_code() -> None:
    for table in NAMES.values():
        for here in table.values():
            for code in re.findall(r"`([^`]+)`", here):
                ast.parse(code.removesuffix("="))  # of a keyword
            assert here.count("`") % 2 == 0


def matrix() -> Any:
    return tensor(np.eye(3) / 2 + 0.25, requires_grad=True) * 1.0


# What is not said of a matrix, or needs more than is at hand.
NOT_RUN = {"bincount", "float", "int", "bool", "share_memory_"}
GIVEN: dict[str, Any] = {
    "mask": np.eye(3) > 0, "condition": np.eye(3) > 0, "value": 0.3, "indices": np.tile(np.arange(3), (3, 1)),
    "axis": 1, "n": 3, "shape": (3, 3), "i": 1, "start": 0, "length": 2, "places": [1], "k": 2, "q": 0.5, "index": 0,
    "low": 0.3, "high": 0.7, "vector": np.ones(3), "weight": 0.5, "dtype": np.float32,
    "np": np, "nn": nn, "scipy": scipy,
}  # fmt: skip


def test_what_is_said_of_tensors_runs_on_one_that_requires_a_gradient() -> None:
    ran = 0
    for name, here in {**NAMES["Tensor"], **ONLY_ARRAYS}.items():
        for code in re.findall(r"`([^`]+)`", here):
            if "(...)" in code or "(t, ...)" in code or name in NOT_RUN:
                continue
            matrices = {each: matrix() for each in ("t", "other", "values", "a", "b", "end")}
            parameter = tensor([1.0], requires_grad=True)
            known = {**GIVEN, **matrices, "p": parameter, "tensor": tensor, "rng": np.random.default_rng(0)}
            exec(code, known)
            ran += 1
    assert ran > 120


def test_what_ndarrays_have_tensors_have_or_say_what_to_write() -> None:
    for name in dir(np.ndarray):
        if not (name.startswith("_") or hasattr(X, name)):
            with pytest.raises(AttributeError, match=f"'{name}': here it is"):
                getattr(X, name)


def test_arguments_of_methods_and_operations_have_the_names_here() -> None:
    checked = set()
    for name in sorted({*dir(Tensor)} & {*dir(np)}):
        numpys = getattr(np, name)
        method = getattr(Tensor, name, None)
        if name[0] == "_" or not callable(method) or not callable(numpys) or isinstance(numpys, type | np.ufunc):
            continue
        try:
            parameters = inspect.signature(numpys).parameters
        except ValueError:  # compiled ones show none before NumPy 2.4
            continue
        for foreign, here in (("dim", "axis"), ("keepdim", "keepdims")):
            if here in parameters:
                with pytest.raises(TypeError, match=rf"has no argument '{foreign}': here it is {here}="):
                    method(X, **{foreign: 0})
                checked.add(name)
    assert {"sum", "mean", "std", "var", "max", "argmax", "cumsum", "any", "take", "sort", "squeeze"} <= checked
    with pytest.raises(TypeError, match="'std' has no argument 'unbiased': here it is ddof="):
        X.std(unbiased=True)  # type: ignore[call-arg]  # which is refused
    with pytest.raises(TypeError, match="'sort' has no argument 'descending'"):
        X.sort(descending=True)  # type: ignore[call-arg]  # which is refused
    with pytest.raises(TypeError, match="'logsumexp' has no argument 'keepdim': here it is keepdims="):
        autograd.logsumexp(X, keepdim=True)


def test_arguments_of_vmap_have_the_names_here() -> None:
    vmaps: Any = autograd.vmap
    for name, here in {"in_dims": "in_axes=", "out_dims": "out_axes=", "chunk_size": "np.concatenate"}.items():
        with pytest.raises(TypeError, match=f"vmap has no argument '{name}': here it is {here}"):
            vmaps(np.sin, **{name: 0})
    with pytest.raises(TypeError, match="vmap has no argument 'axis_name': here it is none: sum over the batch"):
        vmaps(np.sin, axis_name="batch")
    with pytest.raises(TypeError, match=r"vmap has no argument 'nonsense'$"):
        vmaps(nonsense=0)


JAX = ["device", "in_shardings"]
TORCH = ["fullgraph", "dynamic", "mode", "options", "disable"]
NUMBA = ["nopython", "cache", "parallel", "nogil", "fastmath", "signature"]


@pytest.mark.parametrize("name", [*COMPILE_KEYWORDS, *JAX, *TORCH, *NUMBA])
def test_arguments_of_compile_have_the_names_here(name: str) -> None:
    compiles: Any = autograd.compile
    here = COMPILE_KEYWORDS[name].replace("`", "")
    for given in ((), (np.sin,)):
        with pytest.raises(TypeError, match=re.escape(f"compile has no argument '{name}': here it is {here}")):
            compiles(*given, **{name: "reduce-overhead"})


@pytest.mark.parametrize(
    "name", ["static_argnums", "static_argnames", "donate_argnums", "donate_argnames", "keep_unused", "inline"]
)
def test_arguments_of_jit_that_mean_nothing_are_taken(name: str) -> None:
    compiles: Any = autograd.compile
    for scaled in (compiles(lambda x, n: x * n, **{name: 1}), compiles(**{name: 1})(lambda x, n: x * n)):
        assert [scaled(np.ones(2), n).sum() for n in (2, 3, 2)] == [4, 6, 4]


def test_arguments_of_grad_in_jax_say_what_to_do() -> None:
    for transform in (autograd.grad, autograd.value_and_grad):
        with pytest.raises(TypeError, match=r"has no argument 'holomorphic': .*the conjugate of JAX's"):
            transform(np.sin, holomorphic=True)  # type: ignore[call-overload]  # which is refused
    for name in ("jit", "tree_unflatten", "lax"):
        with pytest.raises(AttributeError, match=f"'{name}': here it is"):
            getattr(autograd, name)


def test_what_compile_does_not_know() -> None:
    compiles: Any = autograd.compile
    with pytest.raises(TypeError, match="compile has no argument 'nonsense': it takes fallback= and backend="):
        compiles(np.sin, nonsense=0)
    names: tuple[Any, ...] = ("inductor", "c", "jax", "", None, [])
    for name in names:
        with pytest.raises(ValueError, match=r'"numpy", or "numba" for fused.*needs pip install llvmlite$'):
            compiles(np.sin, backend=name)


@pytest.mark.parametrize(
    ("module", "name", "here"),
    [
        ("autograd", "Variable", "tensor(x, requires_grad=True)"),
        ("autograd", "zeros", "numpy.zeros"),
        ("nn", "Dense", "nn.Linear"),
        ("nn", "Adam", "nn.optim.Adam"),
        ("nn", "relu", "nn.functional.relu"),
        ("nn", "Relu", "nn.ReLU"),
        ("nn.init", "xavier_uniform", "nn.init.xavier_uniform_"),
        ("nn.optim", "StepLR", "nn.optim.lr_scheduler.StepLR"),
        ("nn.functional", "ReLU", "nn.functional.relu"),
    ],
)
def test_imports_of_names_say_so_too(module: str, name: str, here: str) -> None:
    with pytest.raises(ImportError, match=re.escape(here)):
        exec(f"from {module} import {name}")
    with pytest.raises(AttributeError, match=re.escape(here)):
        getattr(importlib.import_module(module), name)
    with pytest.raises(AttributeError, match=re.escape(here)):  # of text that has no name of a module
        exec(f"import {module}\n{module}.{name}", {})


def test_names_that_mean_nothing_anywhere_raise_as_ever() -> None:
    for owner in OWNERS.values():
        with pytest.raises(AttributeError, match=r"'nonsense'$"):
            _ = owner.nonsense
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        exec("from autograd import nonsense")


def test_modules_can_be_imported_from_packages() -> None:
    exec("from autograd import testing, special\nfrom nn import scalar")


def test_the_attributes_that_there_are_cost_nothing_more() -> None:
    """A `__getattr__` would slow them all down: Python specialises reads only of classes without one."""
    for kind in (Tensor, Value, nn.Module, nn.optim.Optimizer):
        assert not hasattr(kind, "__getattr__")


def test_values_of_micrograd() -> None:
    micrograds: Any = Value
    with pytest.raises(TypeError, match=r'a Value takes no label=: here it is draw_graph\(result, {"a": a}\)'):
        micrograds(2.0, label="a")
    with pytest.raises(TypeError, match="a Value takes no nonsense="):
        micrograds(2.0, nonsense="a")
    with pytest.raises(AttributeError, match="draw_graph"):
        micrograds(2.0).label = "a"


def test_a_learning_rate_that_would_change_nothing_is_refused() -> None:
    optimizer: Any = OWNERS["Optimizer"]
    with pytest.raises(AttributeError, match=r'here it is optimizer.param_groups\[0\]\["lr"\]'):
        optimizer.lr = 0.1


def test_modules_may_have_such_attributes() -> None:
    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.summary = "short"

        def fit(self) -> str:
            return "fitted"

    model = Classifier()
    assert (model.summary, model.fit()) == ("short", "fitted")
    assert {"summary", "fit"} <= {*dir(model)}
    assert "predict" not in dir(model)


def test_what_means_nothing_here_is_accepted() -> None:
    model = nn.Linear(3, 2)
    assert X.cpu() is X.to("cpu") is X.to("cpu", non_blocking=True) is X
    assert model.cpu() is model.to("cpu") is model.to(device="cpu", non_blocking=True) is model
    assert model.to("cpu").weight.dtype == np.float32
    assert model.to("float64").weight.dtype == np.float64
    assert model.to(np.float32, device="cpu").weight.dtype == np.float32
    refused: list[Any] = [lambda: X.to("cuda"), lambda: model.to("cuda:0"), lambda: model.to(device="mps")]
    for call in refused:
        with pytest.raises(ValueError, match="there is no device but 'cpu', not"):
            call()
    with pytest.raises(ValueError, match=r"for a dtype there is t.astype\(dtype\)"):
        X.to(np.float32)


FUNCTIONS = {name: getattr(nn.functional, name) for name in nn.functional.__all__}
IN_PLACE = [
    name
    for name, function in FUNCTIONS.items()
    if not isinstance(function, np.ufunc) and "inplace" in inspect.signature(function).parameters
]


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("recorded", [True, False])
def test_inplace_makes_the_input_the_result(name: str, recorded: bool) -> None:
    """A leaf that requires a gradient and an ndarray stay as they are."""
    function = FUNCTIONS[name]
    x = np.linspace(-2.0, 2.0, 12).reshape((1, 3, 2, 2) if name == "dropout3d" else (1, 3, 4))
    further = {"threshold": (0.5, 1.0)}.get(name, ())
    with_generator = "generator" in inspect.signature(function).parameters
    if "training" in inspect.signature(function).parameters:
        further = (0.5, True)

    def called(given: Any, **options: bool) -> Any:
        return function(
            given, *further, **options, **({"generator": np.random.default_rng(0)} if with_generator else {})
        )

    leaf = tensor(x, requires_grad=recorded)
    view = (given := leaf * 1.0)[0]
    expected = called(leaf, inplace=False)
    assert called(given, inplace=True) is given
    for found, wanted in ((given, expected), (view, expected[0])):
        assert (found.data == wanted.data).all()
        assert found.requires_grad == recorded
    array = x.copy()
    with pytest.warns(UserWarning, match="inplace=True leaves an ndarray as it is"):
        assert (np.asarray(called(array, inplace=True)) == expected.data).all()
    assert (array == x).all()
    if recorded:
        assert (called(leaf, inplace=True).data == expected.data).all()
        assert (leaf.data == x).all()
        (slopes,) = gradients((given + 2 * view).sum(), [leaf])
        assert np.allclose(slopes.data, 3 * gradients(expected.sum(), [leaf])[0].data)


def test_the_layers_that_take_inplace_in_pytorch_take_it() -> None:
    layers = [
        "AlphaDropout", "CELU", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "ELU", "FeatureAlphaDropout",
        "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "Mish", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU",
        "Threshold",
    ]  # fmt: skip
    for name in layers:
        further = (0.5, 1.0) if name == "Threshold" else ()
        layer = getattr(nn, name)(*further, inplace=True).eval()
        shape = (2, 3, 4, 1) if name == "Dropout3d" else (2, 3, 4)
        assert layer(tensor(np.ones(shape, np.float32))).shape == shape
    assert len(IN_PLACE) == len(layers)
    assert nn.ReLU(True)(tensor([-1.0])) == 0


FOR_AUTHORS = sorted({*autograd.extend.__all__} - {*autograd.__all__})


def test_names_that_only_authors_of_layers_need_are_apart() -> None:
    assert {"borrow", "lend", "mark_written", "trace_operations", "missing"} <= {*FOR_AUTHORS}
    shared = {*autograd.extend.__all__} & {*autograd.__all__}
    assert all(getattr(autograd, name) is getattr(autograd.extend, name) for name in shared)


@pytest.mark.parametrize("name", FOR_AUTHORS)
def test_their_names_in_autograd_say_where_they_are(name: str) -> None:
    message = f"module 'autograd' has no attribute {name!r}: here it is autograd.extend.{name}"
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        getattr(autograd, name)
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        exec(f"from autograd import {name}")
    assert name not in dir(autograd)


# Calls in PyTorch's form that NumPy reads otherwise or not at all, and what the error proposes.
FORMS = {
    "t.transpose(0, 1)": "t.swapaxes(0, 1)",
    "t.transpose(-2, -1)": "t.swapaxes(-2, -1)",
    "t[None].transpose(1, 2)": "t.swapaxes(1, 2)",
    "t.flatten(0)": "t.reshape(-1)",
    "t.flatten(1)": "t.reshape(*t.shape[:1], -1)",
    **{f"t.{name}(1, True)": "keepdims=True" for name in ("sum", "mean", "prod", "max", "min", "std", "var", "ptp")},
}


@pytest.mark.parametrize("form", FORMS)
def test_calls_in_pytorchs_form_say_what_to_write(form: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(FORMS[form])) as caught:
        eval(form, {"t": X})
    assert "<string>:1" in str(caught.value)


def test_what_looks_alike_but_is_meant_stays() -> None:
    assert X.transpose(1, 0).shape == X.swapaxes(0, 1).shape == (3, 2)
    assert X.transpose((0, 1)).shape == X.transpose().T.shape == (2, 3)
    assert type(X.size) is int  # a subclass would say what to write if it is called, and make float32 / t.size float64
    assert X.flatten("F").shape == (6,)


@pytest.mark.parametrize(("function", "note"), [
    (lambda t: np.fromiter(t, float).sum(), "numpy.stack"),
    (lambda t: np.fromiter((v * v for v in t), float).sum(), "numpy.stack"),
    (lambda t: statistics.stdev(list(t)), "numpy.std"),
    (lambda t: sum(t[i] for i in range(t[0])), "int(t)"),
    pytest.param(
        lambda t: np.sum(v * v for v in t),  # type: ignore[call-overload]  # as people write
        "sum()",
        marks=pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="NumPy warned, and adds them"),
    ),
])  # fmt: skip
def test_what_other_libraries_say_of_tensors_has_the_remedy(function: Any, note: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        autograd.grad(function)(np.array([1.0, 2.0]))
    assert any(note in each for each in caught.value.__notes__)


@pytest.mark.parametrize(("library", "compiled"), [("numba", "njit"), ("jax", "jit")])
def test_what_compilers_of_others_say_of_tensors_has_the_remedy(library: str, compiled: str) -> None:
    square = getattr(pytest.importorskip(library), compiled)(lambda x: x * x)
    with pytest.raises(Exception, match="Tensor") as caught:
        autograd.grad(lambda x: square(x))(2.0)
    assert any("take" in note for note in caught.value.__notes__)


def test_jaxs_words_on_arrays_are_explained_in_functions_that_are_differentiated() -> None:
    with pytest.raises(AttributeError) as caught:
        autograd.grad(lambda x: np.sum(np.zeros(3).at[1].set(x)))(2.0)  # type: ignore[attr-defined]
    assert any("x[i] = y" in note for note in caught.value.__notes__)
    with pytest.raises(AttributeError) as caught:
        autograd.grad(lambda x: x * np.zeros(3).no_such_name)(2.0)  # type: ignore[attr-defined]
    assert not hasattr(caught.value, "__notes__")
