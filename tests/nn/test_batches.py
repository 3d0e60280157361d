"""Every layer, loss and function of `nn` under `vmap`: its values and gradients are those of a loop over the batch."""

import itertools
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812 - PyTorch's name
from autograd import BatchError, grad, jvp, vjp, vmap
from autograd.extend import borrow
from autograd.transforms.pytree import flatten

from ..good_calls import fresh
from .dtype_calls import Call, functions, layers

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

SIZE = 3
FUNCTIONS = {call.name: call for call in functions()}
LAYERS = {call.name: call for call in layers()}
TRAINED = [name for name, call in LAYERS.items() if list(call.make().parameters())]

# What moves statistics that elements of a batch share, or has another shape for each.
REFUSED = {"batch_norm", "one_hot", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d"}


def double(x: Any) -> Any:
    """Return a copy of an argument, an array of floats in double precision."""
    x = fresh(x)
    x = x.data if isinstance(x, nn.Parameter) else x
    return x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def batch(x: Array) -> Array:
    """Return `SIZE` arrays like `x`, of values that are as valid."""
    if x.dtype.kind != "f":
        return np.stack([np.roll(x, i, 0) if x.ndim else x for i in range(SIZE)])
    if np.isin(x, (1, -1)).all():
        return np.stack([x, -x, np.roll(x, 1, 0)])
    return np.stack([x, x * (1 + 0.02 * np.cos(np.arange(x.size)).reshape(x.shape)), np.roll(x, 1, -1) * 1.01])


def arrays(result: Any) -> list[Array]:
    return [np.asarray(borrow(y)) for y in flatten(result)[0] if y is not None]


def weighted(function: Function) -> Function:
    """Return the sum of all results of a function, each of its elements with another weight."""

    def total(*args: Any) -> Any:
        results = [y for y in flatten(function(*args))[0] if y is not None and y.dtype.kind == "f"]
        return sum((y * np.cos(np.arange(y.size)).reshape(y.shape)).sum() for y in results)

    return total


def compare(found: Any, expected: list[Any]) -> None:
    """Compare the results for a batch with those of each of its elements."""
    of_elements = zip(*map(arrays, expected), strict=True)
    for of_batch, each in zip(arrays(found), of_elements, strict=True):
        joined = np.stack(each)
        assert of_batch.dtype == joined.dtype
        np.testing.assert_allclose(of_batch, joined, rtol=1e-9, atol=1e-9 * max(1, np.abs(joined).max(initial=0)))


def looped(function: Function, axes: tuple[int | None, ...], args: list[Any]) -> list[Any]:
    return [function(*[x if axis is None else x[i] for x, axis in zip(args, axes, strict=True)]) for i in range(SIZE)]


def check(function: Function, args: list[Any], places: list[int], constant: Sequence[int] = ()) -> None:
    """Compare a function and its gradient under `vmap`, with the arguments at some places batched, with the loop."""
    given = [batch(arg) if i in places else arg for i, arg in enumerate(args)]
    axes = tuple([0 if i in places else None for i in range(len(args))])
    floats = tuple([i for i in places if args[i].dtype.kind == "f" and i not in constant])
    for each in [function, *([grad(weighted(function), argnums=floats)] if floats else [])]:
        compare(vmap(each, in_axes=axes, randomness="same", loops="error")(*given), looped(each, axes, given))


def seeded(function: Function, options: dict[str, Any]) -> Function:
    def call(*args: Any) -> Any:
        nn.manual_seed(0)
        return function(*args, **options)

    return call


def places_of(args: list[Any]) -> list[int]:
    return [i for i, arg in enumerate(args) if isinstance(arg, np.ndarray)]


def made(call: Call) -> Any:
    return call.make().to(np.float64)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - REFUSED))
def test_functions_are_those_of_a_loop(name: str) -> None:
    """With a batch of all arrays, and of the first one alone."""
    call = FUNCTIONS[name]
    args = list(map(double, call.args))
    places = places_of(args)
    for batched in {tuple(places), tuple(places[:1])}:
        check(seeded(call.make(), call.options), args, list(batched))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", sorted(LAYERS.keys() - REFUSED))
def test_layers_are_those_of_a_loop(name: str) -> None:
    call = LAYERS[name]
    args = list(map(double, call.args))
    check(seeded(made(call), call.options), args, places_of(args))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("shared", [False, True])
def test_layers_with_parameters_of_their_own_are_those_of_a_loop(name: str, shared: bool) -> None:
    """With inputs that the elements of the batch share, as in an ensemble, or with inputs of their own."""
    call = LAYERS[name]
    module = made(call)
    state = nn.stack_parameters([module])
    names = [each for each, array in state.items() if array.dtype.kind == "f"]
    args = list(map(double, call.args))

    def of_state(*args: Any) -> Any:
        state = dict(zip(names, args[: len(names)], strict=True))
        state |= {name: state[name].copy() for name, _ in module.named_buffers() if name in state}
        return nn.functional_call(module, state, args[len(names) :], call.options)

    places = [*range(len(names)), *([] if shared else [len(names) + i for i in places_of(args)])]
    buffers = [i for i, each in enumerate(names) if each in dict(module.named_buffers())]
    check(seeded(of_state, {}), [*(state[each][0] for each in names), *args], places, buffers)


def of_floats(call: Call) -> tuple[Function, list[Array]]:
    """Return a function of the arrays of real numbers among the arguments, and these."""
    args, function = list(map(double, call.args)), call.make()
    function = seeded(function.to(np.float64) if isinstance(function, nn.Module) else function, call.options)
    places = [i for i in places_of(args) if args[i].dtype.kind == "f"]
    places = places[:1] if call.name == "batch_norm" else places  # the others are statistics

    def of_places(*given: Any) -> Any:
        full = list(args)
        for i, x in zip(places, given, strict=True):
            full[i] = x
        return [y for y in flatten(function(*full))[0] if y is not None and y.dtype.kind == "f"]

    return of_places, [args[i] for i in places]


CALLS = {
    f"{kind}.{name}": call
    for kind, calls in (("functional", FUNCTIONS), ("nn", LAYERS))
    for name, call in calls.items()
}
DIFFERENTIABLE = sorted(name for name, call in CALLS.items() if call.data)
BATCHED = [name for name in DIFFERENTIABLE if name.partition(".")[2] not in REFUSED]


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", BATCHED)
def test_batches_of_no_and_of_one_element(name: str) -> None:
    function, args = of_floats(CALLS[name])
    gradient = grad(weighted(function), argnums=tuple(range(len(args))))
    for size, each in itertools.product((0, 1), (function, gradient)):
        given = [np.repeat(x[None], size, axis=0) for x in args]
        expected = [np.repeat(y[None], size, axis=0) for y in arrays(each(*args))]
        for found, y in zip(arrays(vmap(each, randomness="same", loops="error")(*given)), expected, strict=True):
            assert (found.shape, found.dtype) == (y.shape, y.dtype)
            np.testing.assert_allclose(found, y, rtol=1e-10, atol=1e-10)


@pytest.mark.one_in(8)
@pytest.mark.parametrize(
    "name", sorted(CALLS.keys() - {f"{kind}.{name}" for name in REFUSED for kind in ("nn", "functional")})
)
def test_results_have_the_dtype_of_a_loop(name: str) -> None:
    check_dtype(CALLS[name], "float16", 4e-3)
    check_dtype(CALLS[name], "float32", 1e-4)


def check_dtype(call: Call, dtype: str, close: float) -> None:
    """Compare the types and the numbers of results under `vmap` with those of each element."""
    args = [x.astype(dtype) if getattr(x, "dtype", None) == np.float64 else x for x in map(double, call.args)]
    function, places = seeded(call.make(), call.options), places_of(args)
    given = [np.stack([x, x]) if i in places else x for i, x in enumerate(args)]
    axes = tuple([0 if i in places else None for i in range(len(args))])
    floats = tuple([i for i in places if args[i].dtype.kind == "f"])
    for each in [function, *([grad(weighted(function), argnums=floats)] if floats else [])]:
        found = arrays(vmap(each, in_axes=axes, randomness="same", loops="error")(*given))
        for of_batch, y in zip(found, arrays(each(*args)), strict=True):
            assert of_batch.dtype == y.dtype
            scale = max(1, float(np.abs(y.astype(float)).max(initial=0)))
            np.testing.assert_allclose(of_batch[1].astype(float), y.astype(float), rtol=close, atol=close * scale)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_rules_take_a_batch_of_gradients(name: str) -> None:
    """As a Jacobian does, of a graph that was recorded before, without a batch."""
    function, args = of_floats(CALLS[name])
    outputs, pull = vjp(function, *args)
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(SIZE, *np.shape(y))) for y in outputs]
    expected = [pull([g[i] for g in given]) for i in range(SIZE)]
    compare(vmap(lambda *g: pull(list(g)), loops="error")(*given), expected)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", BATCHED)
def test_derivatives_of_second_order_are_those_of_a_loop(name: str) -> None:
    function, args = of_floats(CALLS[name])
    every = tuple(range(len(args)))
    second = grad(weighted(grad(weighted(function), argnums=every)), argnums=every)
    given = [batch(x) for x in args]
    axes = (0,) * len(args)
    compare(vmap(second, randomness="same", loops="error")(*given), looped(second, axes, given))


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", BATCHED)
def test_forward_mode_is_that_of_a_loop(name: str) -> None:
    function, args = of_floats(CALLS[name])

    def along(*args: Any) -> Any:
        return jvp(function, args[: len(args) // 2], args[len(args) // 2 :])

    given = [*map(batch, args), *(np.cos(batch(x)) for x in args)]
    compare(vmap(along, randomness="same", loops="error")(*given), looped(along, (0,) * len(given), given))


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", BATCHED)
def test_batches_of_batches_are_those_of_a_loop(name: str) -> None:
    """The first argument is batched by the outer call, the others by the inner one, the last by both."""
    function, args = of_floats(CALLS[name])
    every = tuple(range(len(args)))
    gradient = grad(weighted(function), argnums=every)
    given = [batch(x) for x in args]
    given[-1] = np.stack([given[-1]] * SIZE)
    last = (0,) if len(args) > 1 else ()
    inner = (None if last else 0, *(0,) * (len(args) - 1))
    outer = (0, *(None,) * (len(args) - 2), *last)
    of_batch = vmap(gradient, in_axes=inner, randomness="same", loops="error")
    found = vmap(of_batch, in_axes=outer, randomness="same", loops="error")(*given)

    def of_elements(*args: Any) -> list[Array]:
        return [np.stack(each) for each in zip(*looped(gradient, inner, list(args)), strict=True)]

    compare(found, looped(of_elements, outer, given))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", sorted(set(TRAINED) - REFUSED))
def test_gradients_of_shared_parameters(name: str) -> None:
    """For each sample within `vmap`; outside, of the sum over the batch, to second order."""
    call = LAYERS[name]
    module = made(call)
    args = list(map(double, call.args))
    places = places_of(args)
    parameters = {name: parameter.data for name, parameter in module.named_parameters()}
    given = [batch(args[i]) for i in places]

    def loss(parameters: Any, *given: Any) -> Any:
        full = list(args)
        for i, x in zip(places, given, strict=True):
            full[i] = x
        nn.manual_seed(0)
        return weighted(nn.functional_call)(module, parameters, tuple(full), call.options)

    def of_batch(parameters: Any) -> Any:
        return np.sum(vmap(partial(loss, parameters), randomness="same", loops="error")(*given))

    def of_loop(parameters: Any) -> Any:
        return sum(loss(parameters, *[x[i] for x in given]) for i in range(SIZE))

    def slope(total: Function) -> Function:
        return lambda parameters: weighted(lambda p: list(grad(total)(p).values()))(parameters)

    axes = (None, *(0,) * len(given))
    each = grad(loss)
    found = vmap(each, in_axes=axes, randomness="same", loops="error")(parameters, *given)
    compare(list(found.values()), [list(g.values()) for g in looped(each, axes, [parameters, *given])])
    for total in ((of_batch, of_loop), (slope(of_batch), slope(of_loop))):
        found, expected = (grad(each)(parameters) for each in total)
        for key in parameters:
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-9, atol=1e-9)


SCORES, LABELS = np.zeros((2, 3, 4)), np.array([[0, 1, 2], [3, 4, 0]])
P = np.full((2, 3), 0.5)
P_ODD = np.array([[0.5, 0.5, 0.5], [0.5, 1.5, 0.5]])
ERRORS: list[tuple[Function, list[Array], type[Exception], str]] = [
    (F.cross_entropy, [SCORES, LABELS], IndexError, r"the label 4 in row \(1, 1\), but there are 4 classes"),
    (F.nll_loss, [SCORES, LABELS], IndexError, r"the label 4 in row \(1, 1\), but there are 4 classes"),
    (F.multi_margin_loss, [SCORES, LABELS], IndexError, r"the label 4 in row \(1, 1\)"),
    (F.multilabel_margin_loss, [SCORES[:, 0, :3], LABELS], IndexError, r"the label 3, but there are 3 classes"),
    (partial(F.embedding, weight=np.ones((4, 2))), [LABELS], IndexError, r"the index 4 at \(1, 1\), but there are 4"),
    (partial(F.one_hot, num_classes=4), [LABELS], IndexError, r"the index 4 at \(1, 1\), but there are 4 rows"),
    (F.one_hot, [LABELS], BatchError, "one_hot needs num_classes within vmap"),
    (partial(F.embedding, weight=np.ones((5, 2)), max_norm=1.0), [LABELS], BatchError, "rescale the table before"),
    (F.binary_cross_entropy, [P, P_ODD], ValueError, r"probabilities from 0 to 1, but target\[1, 1\] is 1.5"),
    (F.kl_div, [P, -P], ValueError, r"probabilities as targets, but the least is -0\.5"),
    (F.soft_margin_loss, [P, P], ValueError, r"1 or -1, but target\[0, 0\] is 0\.5"),
    (F.poisson_nll_loss, [P, -P], ValueError, "the negative number -0.5"),
    (lambda x: F.batch_norm(x, np.zeros(4), np.ones(4), training=True), [SCORES], BatchError,
     "batch_norm moves running statistics, which all elements of the batch of vmap share"),
    (nn.BatchNorm1d(4), [SCORES], BatchError, "use track_running_stats=False or evaluation mode"),
    (nn.InstanceNorm1d(4, track_running_stats=True), [np.zeros((2, 3, 4, 5))], BatchError, "instance_norm moves"),
    (lambda p, t, n: F.ctc_loss(p, t, np.array([4, 4]), n), [np.zeros((2, 4, 2, 3)), np.ones((2, 3), int),
     np.array([[1, 2], [2, 1]])], BatchError, r"give targets of shape \(n, longest\)"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "args", "error", "message"), ERRORS)
def test_errors_say_which_element_is_wrong(
    function: Function, args: list[Array], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        vmap(function)(*args)


def test_a_refused_update_changes_nothing() -> None:
    layer = nn.BatchNorm1d(4)
    with pytest.raises(BatchError):
        vmap(layer)(SCORES)
    assert layer.num_batches_tracked == 0
    assert not layer.running_mean.any()
    layer.eval()
    assert vmap(layer)(SCORES).shape == SCORES.shape
    untracked = nn.BatchNorm1d(4, track_running_stats=False)
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(vmap(untracked)(x).data, np.stack([untracked(each).data for each in x]), rtol=1e-10)


@pytest.mark.parametrize(
    "name", ["Conv2d", "Embedding", "GRU", "LSTM", "Linear", "MLP", "MultiheadAttention", "TransformerEncoderLayer"]
)
def test_batches_of_batches_share_parameters(name: str) -> None:
    """Outside of both calls their gradient is summed over both; between them, it is that of each outer element."""
    call = LAYERS[name]
    module = made(call)
    args = list(map(double, call.args))
    parameters = {key: parameter.data for key, parameter in module.named_parameters()}
    given = [np.stack([batch(arg), batch(arg)[::-1]]) for arg in args]

    def loss(parameters: Any, *args: Any) -> Any:
        return weighted(nn.functional_call)(module, parameters, args)

    axes = (None, *(0,) * len(args))

    def of_batch(parameters: Any, *args: Any) -> Any:
        return np.sum(vmap(loss, axes, loops="error")(parameters, *args))

    each = [grad(loss)(parameters, *[x[i, j] for x in given]) for i in range(2) for j in range(SIZE)]
    between = vmap(grad(of_batch), axes, loops="error")(parameters, *given)
    outside = grad(lambda p: np.sum(vmap(of_batch, axes, loops="error")(p, *given)))(parameters)
    for key in parameters:
        sums = np.stack([g[key] for g in each]).reshape(2, SIZE, *parameters[key].shape).sum(axis=1)
        np.testing.assert_allclose(between[key], sums, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(outside[key], sums.sum(axis=0), rtol=1e-9, atol=1e-9)


def test_the_gradient_of_shared_weights_takes_no_gradient_per_element() -> None:
    """Its memory is that of the batch by hand, however many elements there are."""
    size = 128
    labels = np.arange(size) % 10
    rng = np.random.default_rng(0)
    models: list[tuple[Any, Array]] = [
        (nn.Linear(100, 100), rng.normal(size=(size, 100))),
        (nn.Sequential(nn.Conv2d(32, 64, 3), nn.Flatten(-3, -1)), rng.normal(size=(size, 32, 3, 3))),
        (nn.Embedding(2000, 10), labels),
    ]
    for model, x in models:
        parameters = {name: parameter.data for name, parameter in model.named_parameters()}

        def total(p: Any, model: Any = model, x: Any = x) -> Any:
            return np.mean(vmap(lambda x, y: F.cross_entropy(nn.functional_call(model, p, x), y))(x, labels))

        grad(total)(parameters)
        tracemalloc.start()
        grad(total)(parameters)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 0.5 * size * sum(array.nbytes for array in parameters.values())
