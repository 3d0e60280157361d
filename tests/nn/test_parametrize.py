"""Modules with computed weights: in transforms, programs, copies, files and drawings; what is refused, and how."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    BatchError,
    DtypeError,
    GraphError,
    ShapeError,
    checkpoint,
    compile,
    draw_graph,
    grad,
    gradcheck,
    jvp,
    no_grad,
    vmap,
)
from nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm
from nn.utils.parametrize import cached, is_parametrized, register_parametrization, remove_parametrizations

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 4)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(int)


class Doubled(nn.Module):
    def forward(self, x: Any) -> Any:
        return x * 2

    def right_inverse(self, x: Any) -> Any:
        return x / 2


def doubled() -> Any:
    return register_parametrization(nn.Linear(4, 4), "weight", Doubled())


NORMS: dict[str, Callable[[], Any]] = {
    "weight_norm": lambda: weight_norm(nn.Linear(4, 4)),
    "spectral_norm": lambda: spectral_norm(nn.Linear(4, 4)),
    "matrix_exp": lambda: orthogonal(nn.Linear(4, 4)),
    "cayley": lambda: orthogonal(nn.Linear(4, 4), orthogonal_map="cayley"),
    "householder": lambda: orthogonal(nn.Linear(4, 4), orthogonal_map="householder"),
}


def model(name: str) -> Any:
    return nn.Sequential(NORMS[name](), nn.Tanh(), nn.Linear(4, 2))


def close(a: Any, b: Any, tolerance: float = 1e-5) -> bool:
    return bool(np.allclose(np.asarray(getattr(a, "data", a)), np.asarray(getattr(b, "data", b)), atol=tolerance))


def same_state(a: nn.Module, b: nn.Module) -> bool:
    mine, other = a.state_dict(), b.state_dict()
    return list(mine) == list(other) and all(close(mine[name], other[name]) for name in mine)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", NORMS)
def test_derivatives_are_right(name: str) -> None:
    module = model(name).double().eval()
    names = [key for key, _ in module.named_parameters()]
    values = [p.data + 0.1 * rng.normal(size=p.shape) for p in module.parameters()]
    if name == "householder":  # whose diagonal holds signs
        place = names.index("0.parametrizations.weight.original")
        np.fill_diagonal(values[place], -1)
    gradcheck(lambda *given: nn.functional_call(module, dict(zip(names, given, strict=True)), X[:2]).sum(), values)


@pytest.mark.parametrize("name", NORMS)
def test_stacked_models_and_gradients_per_sample(name: str) -> None:
    models = [model(name).eval() for _ in range(3)]
    stacked = nn.stack_parameters(models)
    found = vmap(lambda parameters: nn.functional_call(models[0], parameters, X))(stacked)
    assert all(close(found[i], each(X)) for i, each in enumerate(models))

    def loss(parameters: Any, x: Any) -> Any:
        return (nn.functional_call(models[0], parameters, x) ** 2).sum()

    gradients = vmap(grad(loss), in_axes=(None, 0))(dict(models[0].named_parameters()), X)
    (models[0](X) ** 2).sum().backward()
    for key, parameter in models[0].named_parameters():
        assert close(gradients[key].sum(0), parameter.grad, 1e-4)


def test_the_vectors_of_each_element_of_a_batch_are_its_own() -> None:
    models = [model("spectral_norm") for _ in range(3)]
    for each in models:
        each[0].weight  # noqa: B018  # which moves the vectors
    stacked = nn.stack_parameters(models)

    def call(parameters: Any) -> Any:
        given = {name: array.copy() for name, array in parameters.items()}
        return nn.functional_call(models[0], given, X), given["0.parametrizations.weight.0._u"]

    found, moved = vmap(call)(stacked)
    for i, each in enumerate(models):
        assert close(found[i], each(X))
        assert close(moved[i], each[0].parametrizations.weight[0]._u)
    weights = {name: array for name, array in stacked.items() if not name.endswith(("_u", "_v"))}
    module = register_parametrization(nn.Linear(4, 4), "weight", models[0][0].parametrizations.weight[0])
    with pytest.raises(BatchError, match=r"spectral_norm improves its vectors, .* use evaluation mode"):
        vmap(lambda w, b: _with_own_vectors(module, w, b))(
            weights["0.parametrizations.weight.original"], weights["0.bias"]
        )


def _with_own_vectors(module: Any, weight: Any, bias: Any) -> Any:
    held = module.parametrizations.weight[0]
    return held(weight) + bias


@pytest.mark.parametrize("name", NORMS)
def test_a_compiled_step_is_the_step(name: str) -> None:
    mine = model(name)
    other = copy.deepcopy(mine)
    loss = nn.CrossEntropyLoss()

    def step_of(module: Any) -> Callable[[], Any]:
        optimizer = nn.optim.Adam(module.parameters(), lr=0.05)

        def step() -> Any:
            optimizer.zero_grad()
            value = loss(module(X), LABELS)
            value.backward()
            optimizer.step()
            return value

        return step

    compiled, plain = compile(step_of(mine)), step_of(other)
    for _ in range(4):
        assert close(compiled(), plain())
    assert same_state(mine, other)
    assert len(compiled.programs) == 1


@pytest.mark.parametrize("name", NORMS)
def test_training_files_copies_and_pickles(name: str, tmp_path: Path) -> None:
    module = model(name)
    optimizer = nn.optim.AdamW(module.parameters(), lr=0.01)
    history = nn.fit(module, [(X, LABELS)] * 2, nn.CrossEntropyLoss(), optimizer, epochs=10, verbose=False)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    module.eval()
    for suffix in ("npz", "safetensors"):
        nn.save(module, tmp_path / f"weights.{suffix}")
        other = model(name).eval()
        other.load_state_dict(nn.load(tmp_path / f"weights.{suffix}"))
        assert np.array_equal(other(X).data, module(X).data)
    for copied in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(copied[0]) is type(module[0])
        assert np.array_equal(copied(X).data, module(X).data)
        remove_parametrizations(copied[0], "weight")
        assert close(copied(X), module(X))
        assert is_parametrized(module[0])


def test_summary_and_drawing_show_what_is_computed() -> None:
    module = weight_norm(nn.Linear(4, 3))
    table = nn.summary(module, (2, 4))
    assert table.total_parameters == 3 + 3 + 12
    assert {row.kind for row in table.rows} >= {"ParametrizedLinear", "ParametrizationList", "_WeightNorm"}
    assert (
        "parametrizations.weight.original0" in draw_graph(module(X), params=module)._repr_mimebundle_()["image/svg+xml"]
    )
    assert "ParametrizedLinear" in repr(module)
    assert isinstance(module, nn.Linear)


@pytest.mark.parametrize("name", ["weight_norm", "matrix_exp"])
def test_forward_mode_and_checkpoints(name: str) -> None:
    module = model(name)
    parameters = dict(module.named_parameters())
    ones = {key: np.ones_like(p.data) for key, p in parameters.items()}

    def call(given: Any) -> Any:
        return nn.functional_call(module, given, X)

    out, tangent = jvp(call, (parameters,), (ones,))
    gradients = grad(lambda given: call(given).sum())(parameters)
    assert close(tangent.sum(), sum(g.sum() for g in gradients.values()), 1e-3)
    assert close(checkpoint(module, X), out)
    checkpoint(module, X).sum().backward()
    assert all(close(parameters[key].grad, gradients[key]) for key in parameters)


def test_a_checkpoint_of_a_power_iteration_raises_and_one_in_evaluation_does_not() -> None:
    module: Any = spectral_norm(nn.Linear(4, 4))
    module.parametrizations.weight[0]._v[...] = [1, 0, 0, 0]
    with pytest.raises(GraphError, match="other values when it was computed again"):
        checkpoint(module, X).sum().backward()
    checkpoint(module.eval(), X).sum().backward()


def test_an_optimizer_made_before_goes_on_with_the_same_parameter() -> None:
    layer: Any = nn.Linear(4, 4)
    weight = layer.weight
    before = weight.data.copy()
    optimizer = nn.optim.SGD(layer.parameters(), lr=0.1)
    layer(X).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    moved = weight.data.copy()
    register_parametrization(layer, "weight", Doubled())
    assert layer.parametrizations.weight.original is weight
    assert close(weight, moved / 2)
    layer(X).sum().backward()
    optimizer.step()
    assert not close(weight, moved / 2)
    assert close(layer.weight, weight.data * 2)
    remove_parametrizations(layer, "weight")
    assert layer.weight is weight
    assert not close(weight, before)


def test_a_block_computes_a_weight_once_whatever_is_recorded() -> None:
    layer = doubled()
    calls = []
    layer.parametrizations.weight.register_forward_hook(lambda *given: calls.append(given))
    with cached():
        assert layer.weight is layer.weight
        with cached():
            assert layer.weight is layer.weight
        assert len(calls) == 1
        with no_grad():
            assert not layer.weight.requires_grad
        (layer(X) + layer(X)).sum().backward()
        assert len(calls) == 2
        assert layer.parametrizations.weight.original.grad is not None
        value = np.ones((4, 4), np.float32)
        layer.weight = value
        assert close(layer.weight, value)
        vmap(lambda x: layer(x))(X)
        found = vmap(lambda p: nn.functional_call(layer, p, X))(nn.stack_parameters([layer, doubled()]))
        assert close(found[0], layer(X))
    assert layer.weight is not layer.weight


def test_programs_compile_within_and_around_a_block() -> None:
    layer = doubled().requires_grad_(False)

    def twice(x: Any) -> Any:
        with cached():
            return layer(x) + layer(x)

    assert close(compile(twice)(X), 2 * layer(X).data)
    with cached():
        assert close(compile(layer.__call__)(X), layer(X))
        assert close(layer(X), X @ layer.weight.data.T + layer.bias.data)


def test_buffers_can_be_computed_too() -> None:
    layer = nn.BatchNorm1d(4)
    layer.running_mean[...] = 3.0
    register_parametrization(layer, "running_mean", Doubled())
    assert "parametrizations.running_mean.original" in layer.state_dict()
    assert close(layer.running_mean, np.full(4, 3.0))
    assert close(layer.eval()(X), (X - 3) / np.sqrt(1 + 1e-5))
    remove_parametrizations(layer, "running_mean")
    assert close(layer.running_mean, np.full(4, 3.0))
    assert list(layer.state_dict()) == ["weight", "bias", "running_var", "num_batches_tracked", "running_mean"]


def test_several_tensors_of_one_module_and_the_same_class_for_all() -> None:
    layer = weight_norm(weight_norm(nn.Linear(4, 4)), "bias", 0)
    other = weight_norm(weight_norm(nn.Linear(4, 4)), "bias", 0)
    assert type(layer) is type(other)
    assert type(layer).__name__ == "ParametrizedLinear"
    remove_parametrizations(layer, "weight")
    assert is_parametrized(layer, "bias")
    assert not is_parametrized(layer, "weight")
    assert is_parametrized(other, "weight")
    assert type(remove_parametrizations(layer, "bias")) is nn.Linear
    assert not hasattr(layer, "parametrizations")


def test_recurrent_layers_and_attention_take_computed_weights() -> None:
    for layer, name, shape in ((nn.LSTM(4, 3), "weight_hh_l0", (5, 2, 4)), (nn.GRU(4, 3), "weight_ih_l0", (5, 2, 4))):
        plain = copy.deepcopy(layer)
        x = rng.normal(size=shape).astype(np.float32)
        weight_norm(layer, name)
        assert close(layer(x)[0], plain(x)[0])
    attention = nn.MultiheadAttention(4, 2)
    plain_attention = copy.deepcopy(attention)
    weight_norm(attention, "in_proj_weight")
    q = rng.normal(size=(3, 2, 4)).astype(np.float32)
    assert close(attention(q, q, q)[0], plain_attention(q, q, q)[0])


def test_a_parametrization_that_changes_shape_or_dtype_leaves_the_module_as_it_was() -> None:
    class Longer(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.concatenate((x, x))

    class Wider(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.astype(np.float64)

    class Gone(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.detach().numpy() * 2

        def right_inverse(self, x: Any) -> Any:
            return x * 0

    layer: Any = nn.Linear(4, 3)
    before = copy.deepcopy(layer)
    error: type[Exception]
    for kind, error, words in (
        (
            Longer,
            ShapeError,
            r"Longer changes the shape of 'weight' of Linear from \(3, 4\) to \(6, 4\): .* unsafe=",
        ),
        (Wider, DtypeError, "Wider changes the dtype of 'weight' of Linear from float32 to float64"),
        (Gone, TypeError, "Gone of 'weight' of Linear should return a tensor, not ndarray"),
    ):
        with pytest.raises(error, match=words):
            register_parametrization(layer, "weight", kind())
        assert type(layer) is nn.Linear
        assert same_state(layer, before)
    register_parametrization(layer, "weight", Longer(), unsafe=True)
    assert layer.weight.shape == (6, 4)
    remove_parametrizations(layer, "weight")
    assert layer.weight.shape == (6, 4)
    weight_norm(layer)
    with pytest.raises(ShapeError, match=r"'weight' of ParametrizedLinear from \(6, 4\) to \(12, 4\)"):
        register_parametrization(layer, "weight", Longer())
    assert len(layer.parametrizations.weight) == 1


def test_wrong_names_and_things_say_what_there_is() -> None:
    layer = nn.Linear(4, 3)
    with pytest.raises(ValueError, match="Linear has no parameter or buffer 'weigth'; those it has are weight, bias"):
        register_parametrization(layer, "weigth", Doubled())
    with pytest.raises(ValueError, match="has no parameter or buffer 'weigth'"):
        spectral_norm(layer, "weigth")
    with pytest.raises(TypeError, match="takes modules, not function"):
        register_parametrization(layer, "weight", lambda x: x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'weight' of Linear is not parametrized"):
        remove_parametrizations(layer, "weight")
    with pytest.raises(ValueError, match="dim should be from -2 to 1 or None, not 2"):
        weight_norm(layer, dim=2)
    with pytest.raises(ValueError, match="dim should be from -2 to 1, not -3"):
        spectral_norm(layer, dim=-3)
    with pytest.raises(ValueError, match="n_power_iterations should be 1 or more, not 0"):
        spectral_norm(layer, n_power_iterations=0)
    with pytest.raises(ValueError, match=r"should be a matrix or a stack of them, not of shape \(3,\)"):
        orthogonal(layer, "bias")
    with pytest.raises(ValueError, match='should be "matrix_exp", "cayley" or "householder", not \'qr\''):
        orthogonal(layer, orthogonal_map="qr")
    assert type(layer) is nn.Linear
    with pytest.raises(AttributeError, match=r"here it is nn\.utils\.parametrizations\.weight_norm"):
        nn.utils.weight_norm  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="remove_parametrizations"):
        nn.utils.remove_spectral_norm  # type: ignore[attr-defined]  # noqa: B018


def test_assignments_need_an_inverse_with_the_right_results() -> None:
    class Tripled(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 3

    class Strange(nn.Module):
        def forward(self, x: Any) -> Any:
            return x

        def right_inverse(self, x: Any) -> Any:
            return "nothing"

    layer: Any = register_parametrization(nn.Linear(4, 4), "weight", Tripled())
    with pytest.raises(RuntimeError, match=r"through right_inverse\(\), which Tripled does not define"):
        layer.weight = np.zeros((4, 4))
    with pytest.raises(TypeError, match=r"right_inverse\(\) should return a tensor, or several, not str"):
        register_parametrization(nn.Linear(4, 4), "weight", Strange())
    with pytest.raises(DtypeError, match="values of float64 for an original of float32"):
        doubled().weight = np.zeros((4, 4))
    fixed: Any = orthogonal(nn.Linear(4, 4), use_trivialization=False)
    with pytest.raises(NotImplementedError, match="a weight cannot be assigned"):
        fixed.weight = np.eye(4, dtype=np.float32)
    with pytest.raises(ValueError, match=r"of shape \(4, 4\) cannot get values of shape \(3, 4\)"):
        NORMS["cayley"]().weight = np.zeros((3, 4), np.float32)


def test_new_values_are_not_written_to_what_is_computed() -> None:
    layer: Any = weight_norm(nn.Linear(4, 4))
    before = layer.state_dict()
    with pytest.raises(RuntimeError, match=r"reset_parameters.* of ParametrizedLinear would not reach weight, which"):
        layer.reset_parameters()
    with pytest.raises(GraphError, match=r"is the result of an operation, .* as in layer\.weight = values"):
        nn.init.zeros_(layer.weight)
    assert all(np.array_equal(value, before[name]) for name, value in layer.state_dict().items())
    nn.init.zeros_(layer.bias)
    part = nn.Linear(4, 4)
    nn.init.ones_(part.weight[:2])  # a view of the parameter
    assert np.array_equal(part.weight.data[:2], np.ones((2, 4)))
    remove_parametrizations(layer, "weight").reset_parameters()


def test_an_exponential_of_any_length_is_orthogonal() -> None:
    for scale in (0.0, 1.0, 100.0):
        layer: Any = orthogonal(nn.Linear(5, 5, dtype=np.float64))
        layer.parametrizations.weight.original.data[...] = scale * rng.normal(size=(5, 5))
        w = layer.weight.data
        assert np.abs(w @ w.T - np.eye(5)).max() < 1e-10
