"""Calls of modules with other parameters than their own, and ensembles of modules."""

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, grad, hessian, tensor, vmap
from autograd.errors import ShapeError

Array = np.ndarray[Any, Any]

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 4))


def model() -> Any:
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)).to(np.float64)


def others(module: nn.Module) -> dict[str, Array]:
    return {name: rng.normal(size=parameter.shape) for name, parameter in module.named_parameters()}


def state(module: nn.Module) -> dict[str, Any]:
    """Return the parameters and buffers themselves, and copies of their values."""
    held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: (value, np.array(value.data if isinstance(value, Tensor) else value)) for name, value in held.items()}


def same(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return before.keys() == after.keys() and all(
        before[name][0] is after[name][0] and np.array_equal(before[name][1], after[name][1]) for name in before
    )


def loaded(module: Any, parameters: dict[str, Array]) -> Any:
    """Return another module of the kind that has the parameters."""
    made = model()
    made.load_state_dict({**module.state_dict(), **parameters})
    return made.train(module.training)


@pytest.mark.parametrize("training", [True, False])
def test_it_calls_the_module_with_the_parameters(training: bool) -> None:
    module = model().train(training)
    parameters, before = others(module), state(module)
    found = nn.functional_call(module, parameters, X)
    assert same(before, state(module))
    assert np.array_equal(found.data, loaded(module, parameters)(X).data)
    assert not np.allclose(found.data, module(X).data)


def test_arguments_are_a_tuple_or_one_and_keywords() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter([1.0])

        def forward(self, x: Any, y: Any = 0.0, *, factor: float = 1.0) -> Any:
            return (x + y) * self.weight * factor

    given = {"weight": np.array([2.0])}
    assert float(nn.functional_call(Scaled(), given, 3.0).data[0]) == 6
    assert float(nn.functional_call(Scaled(), given, (3.0, 1.0), {"factor": 2.0}).data[0]) == 16


def test_gradients_are_of_what_was_given() -> None:
    module = model().eval()
    parameters = others(module)
    found = grad(lambda p: (nn.functional_call(module, p, X) ** 2).sum())(parameters)
    other = loaded(module, parameters)
    (other(X) ** 2).sum().backward()
    for name, parameter in other.named_parameters():
        np.testing.assert_allclose(found[name], parameter.grad.data, rtol=1e-10, atol=1e-10)
    assert all(parameter.grad is None for parameter in module.parameters())

    given = {name: tensor(array, requires_grad=True) for name, array in parameters.items()}
    (nn.functional_call(module, given, X) ** 2).sum().backward()
    for name, leaf in given.items():
        np.testing.assert_allclose(leaf.grad.data, found[name], rtol=1e-10, atol=1e-10)


def test_curvature_of_a_layer() -> None:
    module = nn.Linear(2, 1).to(np.float64)
    found = hessian(lambda w: (nn.functional_call(module, {"weight": w, "bias": np.zeros(1)}, X[:, :2]) ** 2).sum())
    expected = 2 * X[:, :2].T @ X[:, :2]
    np.testing.assert_allclose(found(np.ones((1, 2))).reshape(2, 2), expected, rtol=1e-10)


def test_buffers_that_are_given_are_written_to_and_others_copied() -> None:
    module = model()
    before = state(module)
    given = {**others(module), **{name: np.array(value) for name, value in module.named_buffers()}}
    nn.functional_call(module, given, X)
    assert same(before, state(module))
    assert given["1.num_batches_tracked"] == 1
    assert not np.array_equal(given["1.running_mean"], np.zeros(6))
    parameters = {name: given[name] for name, _ in module.named_parameters()}
    buffers = {name: given[name] for name, _ in module.named_buffers()}
    nn.functional_call(module, (parameters, buffers), X)
    assert given["1.num_batches_tracked"] == 2


def test_the_module_is_as_before_after_an_exception() -> None:
    module = model()
    before = state(module)
    with pytest.raises(ShapeError):
        nn.functional_call(module, others(module), np.zeros((5, 7)))
    assert same(before, state(module))


def test_other_threads_see_the_modules_own_parameters() -> None:
    class Waiting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter([1.0])

        def forward(self, within: threading.Event | None, done: threading.Event) -> Any:
            if within is not None:
                within.set()
                assert done.wait(10)
            return self.weight * 1

    module, within, done = Waiting(), threading.Event(), threading.Event()
    found: list[float] = []

    def call() -> None:
        found.append(float(nn.functional_call(module, {"weight": np.array([2.0])}, (within, done)).data[0]))

    thread = threading.Thread(target=call)
    thread.start()
    assert within.wait(10)
    found.append(float(module(None, done).data[0]))
    done.set()
    thread.join()
    assert found == [1.0, 2.0]


def test_shared_parameters_are_replaced_together() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4, bias=False)
            self.second = nn.Linear(4, 4, bias=False)
            self.second.weight = self.first.weight
            self.again = self.first

        def forward(self, x: Any) -> Any:
            return self.again(self.second(self.first(x)))

    module, w = Tied(), rng.normal(size=(4, 4))
    expected = X @ w.T @ w.T @ w.T
    for name in ("first.weight", "second.weight", "again.weight"):
        np.testing.assert_allclose(nn.functional_call(module, {name: w}, X).data, expected)
    np.testing.assert_allclose(nn.functional_call(module, {"first.weight": w, "second.weight": w}, X).data, expected)
    with pytest.raises(ValueError, match=r"'first.weight' and 'second.weight' of Tied are one parameter"):
        nn.functional_call(module, {"first.weight": w, "second.weight": w.copy()}, X)


def test_what_a_module_knows_of_itself_are_the_given_parameters() -> None:
    class Penalized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]
            self.table = {"scale": nn.Parameter([1.0])}
            self.step = self._step
            self.partial = functools.partial(self._step, times=2)
            self.seen: list[Any] = []

        def _step(self, x: Any, times: int = 1) -> Any:
            return self.layers[0](x) * times

        def forward(self, x: Any) -> Any:
            self.seen.append(x)
            self.last = x
            penalty = sum((p * p).sum() for p in self.parameters())
            return (self.step(x) + self.partial(x)).sum() * self.table["scale"] + penalty

    module = Penalized()
    given = others(module)
    found = nn.functional_call(module, given, X)
    expected = 3 * (X @ given["layers.0.weight"].T + given["layers.0.bias"]).sum() * given["table.scale"]
    np.testing.assert_allclose(found.data, expected + sum((p * p).sum() for p in given.values()), rtol=1e-6)
    assert module.seen == []
    assert not hasattr(module, "last")


def by_closure(module: Any) -> Any:
    return lambda x: module.linear(x)


def by_layer(module: Any) -> Any:
    linear = module.linear
    return lambda x: linear(x)


def by_parameters(module: Any) -> Any:
    weight, bias = module.linear.weight, module.linear.bias
    return lambda x: x @ weight.T + bias


def by_list(module: Any) -> Any:
    layers, options = [module.linear], {"scale": (1.0, module.linear)}
    return lambda x: (layers[0](x) + options["scale"][1](x)) / 2


def by_method(module: Any) -> Any:
    call = module.linear.forward
    return lambda x: call(x)


def by_default(module: Any) -> Any:
    def step(x: Any, layer: Any = module.linear, *, other: Any = module.linear) -> Any:
        return (layer(x) + other(x)) / 2

    return step


def decorated(module: Any) -> Any:
    def doubled(function: Any) -> Any:
        @functools.wraps(function)
        def outer(x: Any) -> Any:
            return 2 * function(x)

        return outer

    return doubled(lambda x: module.linear(x) / 2)


def recursive(module: Any) -> Any:
    def step(x: Any, times: int = 1) -> Any:
        return step(x, times - 1) if times else module.linear(x)

    return step


@pytest.mark.parametrize(
    "make", [by_closure, by_layer, by_parameters, by_list, by_method, by_default, decorated, recursive]
)
def test_functions_compute_with_what_is_given_in_place_of_what_they_refer_to(make: Any) -> None:
    class Closing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 2)
            self.steps = [make(self)]

        def forward(self, x: Any) -> Any:
            return self.steps[0](x)

    module = Closing()
    before, given = module(X).data, others(module)
    found = nn.functional_call(module, given, X)
    np.testing.assert_allclose(found.data, X @ given["linear.weight"].T + given["linear.bias"], rtol=1e-5)
    np.testing.assert_array_equal(module(X).data, before)
    slopes = grad(lambda p: nn.functional_call(module, p, X).sum())(given)
    np.testing.assert_allclose(slopes["linear.bias"], [len(X)] * 2)


def test_a_function_that_cannot_be_given_others_raises() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 2)
            count = 0

            def step(x: Any) -> Any:
                nonlocal count
                count += 1
                return self.linear(x)

            self.step = step

        def forward(self, x: Any) -> Any:
            return self.step(x)

    with pytest.raises(TypeError, match=r"Counting\.step is a function that refers to the module"):
        nn.functional_call(Counting(), others(Counting()), X)
    module = nn.Linear(4, 2)
    module.step = eval("lambda x: layer(x)", {"layer": module})
    with pytest.raises(TypeError, match=r"Linear\.step is .* by a global variable"):
        nn.functional_call(module, others(module), X)


ERRORS: list[tuple[Callable[[Any, dict[str, Any]], Any], type[Exception], str]] = [
    (
        lambda m, p: {**p, "0.wieght": p["0.weight"]},
        ValueError,
        r"no parameter or buffer '0\.wieght'; those it has are",
    ),
    (lambda m, p: {"0.weight": p["0.weight"]}, ValueError, r"its parameters 0\.bias, 1\.weight, 1\.bias, 3\.weight"),
    (
        lambda m, p: {k: v for k, v in p.items() if k != "3.bias"},
        ValueError,
        r"parameter 3\.bias: to keep the module's",
    ),
    (lambda m, p: {**p, "3.bias": np.zeros(4)}, ShapeError, r"'3\.bias' of Sequential has shape \(3,\), but was given"),
    (lambda m, p: nn.stack_parameters([m, m]), ShapeError, r"\(2, 6, 4\): to call it for each .* in_axes=0"),
    (lambda m, p: [*p.values()], TypeError, r"a dict of arrays by name, such as dict\(module\.named_parameters\(\)\)"),
    (lambda m, p: (p, p), ValueError, r"'0\.weight' twice"),
]


@pytest.mark.parametrize(("make", "error", "message"), ERRORS)
def test_errors_say_what_does_not_fit(make: Any, error: type[Exception], message: str) -> None:
    module = model()
    with pytest.raises(error, match=message):
        nn.functional_call(module, make(module, others(module)), X)


def test_only_modules_are_called() -> None:
    with pytest.raises(TypeError, match=r"calls an nn\.Module, not function"):
        nn.functional_call(lambda x: x, {}, X)  # type: ignore[arg-type]


def test_an_ensemble() -> None:
    models = [model() for _ in range(3)]
    for i, each in enumerate(models):
        each[1].running_mean += i
    state = nn.stack_parameters(models)
    assert {name: array.shape for name, array in state.items()} == {
        "0.weight": (3, 6, 4), "0.bias": (3, 6), "1.weight": (3, 6), "1.bias": (3, 6), "3.weight": (3, 3, 6),
        "3.bias": (3, 3), "1.running_mean": (3, 6), "1.running_var": (3, 6), "1.num_batches_tracked": (3,),
    }  # fmt: skip
    each = [m.eval()(X).data for m in models]
    found = vmap(lambda p, x: nn.functional_call(models[0], p, x), in_axes=(0, None))(state, X)
    np.testing.assert_allclose(found.data, np.stack(each), rtol=1e-12)


def test_running_statistics_of_an_ensemble() -> None:
    models = [nn.BatchNorm1d(4, momentum=momentum).to(np.float64) for momentum in (None, None)]
    models[1](2 * X)
    state = nn.stack_parameters(models)

    def step(state: Any, x: Any) -> Any:
        state = {name: array.copy() for name, array in state.items()}
        return nn.functional_call(models[0], state, x), state

    out, after = vmap(step, in_axes=(0, None))(state, X)
    for i, each in enumerate(models):
        np.testing.assert_allclose(out[i].data, each(X).data, rtol=1e-12)
        for name, value in each.named_buffers():
            np.testing.assert_allclose(after[name][i], value, rtol=1e-12)
    assert after["num_batches_tracked"].tolist() == [1, 2]
    assert state["num_batches_tracked"].tolist() == [0, 1]


ODD: list[tuple[Callable[[], list[nn.Module]], str]] = [
    (list, "at least one module"),
    (lambda: [nn.Linear(2, 3), nn.Linear(2, 4)], r"'weight' is \(3, 2\) float32 in module 0 and \(4, 2\) float32 in"),
    (lambda: [nn.Linear(2, 3), nn.Linear(2, 3, bias=False)], r"'bias' is \(3,\) float32 in module 0 and missing in"),
    (lambda: [nn.Linear(2, 3), nn.Linear(2, 3).double()], r"\(3, 2\) float64 in module 1"),
    (lambda: [nn.Linear(2, 3), nn.Linear(2, 3).eval()], r"module 1 is in another than module 0"),
]


@pytest.mark.parametrize(("make", "message"), ODD)
def test_modules_of_an_ensemble_are_alike(make: Callable[[], list[nn.Module]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.stack_parameters(make())


def test_parameters_that_are_not_given_are_the_modules_own_if_it_is_not_strict() -> None:
    module = model()
    weight = rng.normal(size=(3, 6))
    with pytest.raises(ValueError, match=r"was not given its parameters 0\.weight, .*: .* strict=False"):
        nn.functional_call(module, {"3.weight": weight}, X)
    found = nn.functional_call(module.eval(), {"3.weight": weight}, X, strict=False)
    assert np.array_equal(found.data, loaded(module, {"3.weight": weight})(X).data)
    slope = grad(lambda w: nn.functional_call(module, {"3.weight": w}, X, strict=False).sum())(weight)
    module(X).sum().backward()
    assert np.allclose(slope, module[3].weight.grad)
    with pytest.raises(ValueError, match=r"has no parameter or buffer '4\.weight'"):
        nn.functional_call(module, {"4.weight": weight}, X, strict=False)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4, dtype=np.float64)
        self.second = nn.Linear(4, 4, dtype=np.float64)
        self.second.weight = self.first.weight

    def forward(self, x: Any, scale: float = 1.0) -> Any:
        return self.second(np.tanh(self.first(x))) * scale


def test_a_shared_parameter_has_the_gradient_of_both_places() -> None:
    module = Tied()
    parameters = dict(module.named_parameters())
    assert "second.weight" not in parameters
    gradients = grad(lambda p: nn.functional_call(module, p, X, {"scale": 3.0}).sum())(parameters)
    (module(X) * 3).sum().backward()
    for name, parameter in parameters.items():
        assert np.allclose(gradients[name], parameter.grad)
    models = [Tied() for _ in range(2)]
    found = vmap(lambda p: nn.functional_call(models[0], p, X))(nn.stack_parameters(models))
    assert all(np.allclose(found[i], each(X).data) for i, each in enumerate(models))
