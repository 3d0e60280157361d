"""Every layer, loss and function takes data of any kind of numbers: what NumPy gives, integers, lists and tables.

Parameters are float32 unless told otherwise, and NumPy's own dtype is float64: so most first loops mix the two.
"""

import copy
import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nn
from autograd import DtypeError, ShapeError, Tensor, no_grad

from .dtype_calls import FLOATS, INTEGERS, KINDS, Call, functions, layers

Array = np.ndarray[Any, Any]

CALLS = {f"{'nn' if call.name[0].isupper() else 'functional'}.{call.name}": call for call in (*functions(), *layers())}
TRAINED = [name for name, call in CALLS.items() if name.startswith("nn.") and list(call.make().parameters())]
# Their data cannot be what integers or bools can say.
SIGNED = {"cosine_embedding_loss", "CosineEmbeddingLoss"}
# They hand on what they are given as it is; `np.tanh` of a table is pandas' own.
UNTOUCHED = {"Identity", "tanh"}


def arrays(result: Any) -> list[Any]:
    if isinstance(result, tuple | list):
        return [array for part in result for array in arrays(part)]
    return [] if result is None else [np.asarray(result.data if isinstance(result, Tensor) else result)]


def run(call: Call, args: list[Any]) -> list[Any]:
    nn.manual_seed(0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # exponentials of pixels
        return arrays(call.make()(*args, **call.options))


def tolerance(args: list[Any], results: list[Any]) -> float:
    """Return how far results may be apart, given the coarsest dtype in which they may have been computed."""
    kinds = {np.asarray(x).dtype for x in (*args, *results) if hasattr(x, "dtype")}
    return 1e-2 if np.dtype(np.float16) in kinds else 2e-5


def equal(found: list[Any], expected: list[Any], limit: float) -> None:
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0)))
        np.testing.assert_allclose(a.astype(np.float64), b.astype(np.float64), limit, limit * scale)


@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", CALLS)
def test_data_of_any_kind_give_what_their_values_do(name: str) -> None:
    call = CALLS[name]
    several = [[i] for i in call.data] if len(call.data) > 1 else []
    for kind in KINDS:
        if call.name in UNTOUCHED and kind not in (*FLOATS, *INTEGERS):
            continue
        for places in (call.data, *several):
            made = call.given(kind, places)
            if made is None or (call.name in SIGNED and kind in ("bool", "boolean")):
                continue
            given, same = made
            before = copy.deepcopy([given[i] for i in places])
            found, expected = run(call, given), run(call, same)
            equal(found, expected, tolerance([given[i] for i in places], found))
            assert all(np.array_equal(given[i], old) for i, old in zip(places, before, strict=True)), kind
            if all(isinstance(given[i], np.ndarray) for i in places):
                wrapped = [Tensor(x) if i in places else x for i, x in enumerate(given)]
                for a, b in zip(run(call, wrapped), found, strict=True):
                    assert a.dtype == b.dtype
                    np.testing.assert_array_equal(a, b)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", CALLS)
def test_layouts_of_data_do_not_matter(name: str) -> None:
    call = CALLS[name]
    made = call.given("float64", call.data)
    assert made is not None
    given, expected = made[0], run(call, made[0])
    for layout in (np.asfortranarray, lambda x: np.repeat(x, 2, -1)[..., ::2], lambda x: x[::-1].copy()[::-1]):
        equal(run(call, [layout(x) if i in call.data else x for i, x in enumerate(given)]), expected, 2e-5)


# Training


def total(result: Any) -> Any:
    """Return one number that depends on all outputs, each in its own way."""
    if isinstance(result, tuple | list):
        parts = [total(part) for part in result if part is not None]
        return sum(parts[1:], parts[0])
    weights = np.linspace(0.5, 1.5, result.size, dtype=np.float32).reshape(result.shape)
    return (result * weights).sum()


def step(model: nn.Module, args: list[Any], optimizer: Any = None) -> list[Array]:
    """Return copies of the gradients of a step of a loop of one's own; with an optimizer, take it."""
    nn.manual_seed(1)
    model.zero_grad()
    total(model(*args)).backward()
    gradients = []
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.dtype == parameter.dtype
        assert parameter.grad.shape == parameter.shape
        gradients.append(parameter.grad.data.copy())
    if optimizer is not None:
        optimizer.step()
    return gradients


@pytest.mark.one_in(6)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", TRAINED)
def test_gradients_are_those_without_an_optimizer(name: str, dtype: Any) -> None:
    call = CALLS[name]
    nn.manual_seed(0)
    model = call.make().to(dtype)
    plain = copy.deepcopy(model)
    optimizer = nn.optim.SGD(model.parameters(), lr=1e-3)
    for kind in KINDS if dtype == "float32" else FLOATS:
        made = call.given(kind, call.data)
        if made is None:
            continue
        for parameter, other in zip(model.parameters(), plain.parameters(), strict=True):
            other.data[...] = parameter.data
        for _ in range(2):  # the second finds gradients in their places
            expected, found = step(plain, made[0]), step(model, made[0], optimizer)
            limit = 2e-2 if "float16" in (dtype, kind) else 1e-5
            equal(found, expected, limit)
            for parameter, other in zip(model.parameters(), plain.parameters(), strict=True):
                assert parameter.dtype == np.dtype(dtype)
                other.data[...] = parameter.data


OPTIMIZERS = [
    name
    for name in nn.optim.__all__
    if inspect.isclass(kind := getattr(nn.optim, name)) and name != "Optimizer" and issubclass(kind, nn.optim.Optimizer)
]


def network() -> nn.Sequential:
    nn.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, bias=False),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32, 4, bias=False),
        nn.LayerNorm(4),
    )


@pytest.mark.one_in(8)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_steps_with_data_of_any_kind(name: str, dtype: Any) -> None:
    """Its parameters become what they become with the same values in their own dtype."""
    images = np.random.default_rng(0).integers(0, 2, (6, 1, 6, 6))
    trained, kind_of = {}, getattr(nn.optim, name)
    for kind in (dtype, *FLOATS, *INTEGERS, "list"):
        model = network().to(dtype)
        parameters = [p for p in model.parameters() if p.ndim == 2] if name == "Muon" else model.parameters()
        names = inspect.signature(kind_of).parameters
        options: dict[str, Any] = {"eps": 1e-3} if dtype == "float16" and "eps" in names else {}
        options |= {"eps": (1e-3, 1e-3)} if name == "Adafactor" else {}
        options |= {"max_iter": 4} if "max_iter" in names else {}
        optimizer = kind_of(parameters, **options)  # the usual eps is 0 in half precision
        data: Any = images.tolist() if kind == "list" else images.astype(kind)

        def closure(model: Any = model, optimizer: Any = optimizer, data: Any = data) -> Any:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(data), np.arange(6) % 4)
            loss.backward()
            return loss

        for _ in range(1 if name == "LBFGS" else 3):
            if name == "LBFGS":
                optimizer.step(closure)
            else:
                closure()
                optimizer.step()
        assert all(p.dtype == np.dtype(dtype) and p.grad is not None and p.grad.dtype == p.dtype for p in parameters)
        trained[kind] = [p.data.copy() for p in model.parameters()]
        if "float16" not in (dtype, kind):  # whose rounding decides the sign of a small gradient
            equal(trained[kind], trained[dtype], 1e-2 if name == "LBFGS" else 1e-4)
        assert all(np.isfinite(p).all() for p in trained[kind])


RETURN_STATES = ["nn.GRU", "nn.LSTM", "nn.RNN"]  # whose first axis is the layers

# What is trained with all rows of its first argument at once: what `fit` divides by rows
ROWS = [
    name
    for name in TRAINED
    if name != "nn.AdaptiveLogSoftmaxWithLoss"  # which returns the loss of all rows too
    and all(isinstance(a, np.ndarray) and len(a) == len(CALLS[name].args[0]) for a in CALLS[name].args)
]


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", ROWS)
def test_fit_evaluate_and_predict_take_data_of_any_kind(name: str) -> None:
    call = CALLS[name]
    for kind in KINDS:
        made = call.given(kind, call.data)
        if made is None:
            continue
        model = call.make()
        optimizer = nn.optim.SGD(model.parameters(), lr=1e-4)
        rows = len(call.args[0])
        data: Any = (*made[0], np.zeros(rows))
        history = nn.fit(model, data, mean_of_outputs, optimizer, epochs=2, verbose=False, sentinels=False)
        assert np.isfinite(history["loss"]).all()
        assert all(p.dtype == np.float32 for p in model.parameters())
        nn.evaluate(model, data, mean_of_outputs)
        X = made[0][0] if len(made[0]) == 1 else tuple(made[0])
        if name in RETURN_STATES:
            with pytest.raises(ShapeError, match="joins outputs by their rows"):
                nn.predict(model, X)
            continue
        equal(arrays(nn.predict(model, X)), run_model(model, made[1]), 2e-2 if kind == "float16" else 1e-4)


def mean_of_outputs(output: Any, target: Any) -> Any:
    return total(output) / len(target)


def run_model(model: nn.Module, args: list[Any]) -> list[Array]:
    model.eval()
    with no_grad():
        return arrays(model(*args))


def test_lists_are_rows_and_lists_of_arrays_are_batches() -> None:
    corners: list[list[float]] = [[0.0, 0.0], [0, 1], [1, 0], [1, 1]]
    labels = [0, 1, 1, 0]

    def steps(data: Any) -> int:
        model = nn.Linear(2, 2)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        history = nn.fit(model, data, nn.CrossEntropyLoss(), optimizer, epochs=1, batch_size=None, verbose=False)
        return int(history["steps"].iloc[-1])

    assert steps((corners, labels)) == steps((np.array(corners), labels)) == 1
    batch = [np.array(corners, np.float32), np.array(labels)]
    assert steps((batch, batch)) == steps([batch, batch]) == 2
    with pytest.raises(ValueError, match="differ in their number of rows"):
        steps((corners, labels[:3]))


def test_tables_say_which_column_is_not_of_numbers() -> None:
    table = pd.DataFrame({"size": [1.0, 2.0], "colour": ["red", "blue"]})
    with pytest.raises(DtypeError, match=r"'colour' \(.*\) of a DataFrame is not of numbers"):
        nn.Linear(2, 1)(table)
    with pytest.raises(DtypeError, match="values are missing in a DataFrame: fill them in"):
        nn.Linear(2, 1)(pd.DataFrame({"size": [1, None], "rooms": [3, 4]}, dtype="Int64"))
    with pytest.raises(DtypeError, match=r"a Series of dtype .* is not of numbers"):
        nn.Linear(2, 1)(pd.Series(["red", "blue"]))
    with pytest.raises(DtypeError, match=r"'relu' takes numbers .* a list"):
        nn.functional.relu([None])  # type: ignore[arg-type]  # which is refused
