"""Parametrizations against PyTorch: values, gradients, names and states after steps."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.utils import parametrizations, parametrize

from ..thorough import draws
from .states import as_numpy

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
theirs_parametrize = torch.nn.utils.parametrize
TheirModule: Any = torch.nn.Module

few = draws(14)
seeds = st.integers(0, 2**32 - 1)
OUTPUTS_FIRST = ("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "Bilinear", "Embedding")


def pair(kind: str) -> tuple[Any, Any, int | None]:
    """Return a layer of both libraries, in double precision, and the number of axes of its input; None for two."""
    args = {"Linear": (3, 4), "Bilinear": (3, 2, 4), "Embedding": (5, 3)}.get(kind, (3, 4, 2))
    axes = {"Linear": 2, "Bilinear": None, "Embedding": 1}.get(kind, int(kind[-2]) + 2 if kind[-1] == "d" else 2)
    return getattr(nn, kind)(*args).double(), getattr(torch.nn, kind)(*args).double(), axes


def inputs(rng: Any, axes: int | None) -> list[Any]:
    if axes is None:
        return [rng.normal(size=(2, 3)), rng.normal(size=(2, 2))]
    return [rng.integers(0, 5, 4) if axes == 1 else rng.normal(size=(2, 3, 4, 4, 4)[:axes])]


def same_state(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    mine, others = ours.state_dict(), as_numpy(theirs.state_dict())
    assert sorted(mine) == sorted(others)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for name, value in others.items():
        np.testing.assert_allclose(mine[name], value, rtol=tolerance, atol=tolerance)


def same_steps(ours: Any, theirs: Any, rng: Any, axes: int | None, modes: list[bool]) -> None:
    """Compare values, gradients and states over some steps, in training mode or not."""
    mine, other = nn.optim.SGD(ours.parameters(), lr=0.05), torch.optim.SGD(theirs.parameters(), lr=0.05)
    for training in modes:
        ours.train(training), theirs.train(training)
        given = inputs(rng, axes)
        out, expected = ours(*given), theirs(*map(torch.from_numpy, given))
        np.testing.assert_allclose(out.data, expected.detach().numpy(), rtol=1e-9, atol=1e-9)
        mine.zero_grad()
        other.zero_grad()
        (out**2).sum().backward(), (expected**2).sum().backward()
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-8, atol=1e-8)
        mine.step()
        other.step()
        same_state(ours, theirs)


@few
@given(
    seed=seeds,
    kind=st.sampled_from(OUTPUTS_FIRST),
    name=st.sampled_from(["spectral_norm", "weight_norm"]),
    dim=st.sampled_from([None, 0, 1, -1]),
    steps=st.integers(1, 3),
    of_bias=st.booleans(),
    modes=st.lists(st.booleans(), min_size=1, max_size=4),
)
def test_norms_of_weights(
    seed: int, kind: str, name: str, dim: int | None, steps: int, of_bias: bool, modes: list[bool]
) -> None:
    rng = np.random.default_rng(seed)
    ours, theirs, axes = pair(kind)
    options: dict[str, Any] = {"dim": dim} if name == "weight_norm" else {"dim": dim, "n_power_iterations": steps}
    tensor_name = "weight"
    if of_bias and kind != "Embedding":
        tensor_name, options["dim"] = "bias", 0
    for module, home in ((ours, parametrizations), (theirs, torch.nn.utils.parametrizations)):
        assert getattr(home, name)(module, tensor_name, **options) is module
    ours.load_state_dict(as_numpy(theirs.state_dict()))
    same_state(ours, theirs)
    same_steps(ours, theirs, rng, axes, modes)
    ours.eval(), theirs.eval()
    parametrize.remove_parametrizations(ours, tensor_name)
    theirs_parametrize.remove_parametrizations(theirs, tensor_name)
    same_state(ours, theirs)


@pytest.mark.parametrize("name", ["spectral_norm", "weight_norm"])
def test_the_first_values_are_pytorchs(name: str) -> None:
    ours, theirs, _ = pair("Conv2d")
    ours.load_state_dict(as_numpy(theirs.state_dict()))
    getattr(parametrizations, name)(ours)
    getattr(torch.nn.utils.parametrizations, name)(theirs)
    if name == "weight_norm":
        same_state(ours, theirs)
    else:  # from vectors that are drawn, fifteen iterations towards the largest singular value
        matrix = ours.parametrizations.weight.original.data.reshape(4, -1)
        s = np.linalg.svd(matrix).S
        found = ours.parametrizations.weight[0]
        assert abs(found._u @ matrix @ found._v - s[0]) < 0.05 * s[0]
        assert np.isclose(np.linalg.norm(found._u), 1)
        assert np.isclose(np.linalg.norm(found._v), 1)


@few
@given(
    seed=seeds,
    shape=st.sampled_from([(1, 1), (3, 3), (2, 4), (4, 2), (1, 3), (3, 1), (2, 3, 2), (2, 2, 4)]),
    orthogonal_map=st.sampled_from([None, "matrix_exp", "cayley", "householder"]),
    use_trivialization=st.booleans(),
    scale=st.sampled_from([0.0, 0.3, 5.0]),
)
def test_orthogonal_matrices(
    seed: int, shape: tuple[int, ...], orthogonal_map: str | None, use_trivialization: bool, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    ours: Any = nn.Module()
    theirs = torch.nn.Module()
    first = rng.normal(size=shape)
    ours.weight = nn.Parameter(first, dtype=np.float64)
    theirs.weight = torch.nn.Parameter(torch.from_numpy(first.copy()))
    options: Any = {"orthogonal_map": orthogonal_map, "use_trivialization": use_trivialization}
    parametrizations.orthogonal(ours, **options)
    torch.nn.utils.parametrizations.orthogonal(theirs, **options)
    if shape[-2] == shape[-1] or not use_trivialization:  # otherwise columns are drawn
        same_state(ours, theirs)
    np.testing.assert_allclose(ours.weight.data, theirs.weight.detach().numpy(), atol=1e-9)
    free = theirs.parametrizations.weight.original
    change = scale * rng.normal(size=shape)  # the diagonal of a map of reflections holds signs
    below = np.triu(change, 1) if shape[-2] < shape[-1] else np.tril(change, -1)
    free.data += torch.from_numpy(below)
    ours.load_state_dict(as_numpy(theirs.state_dict()))
    g = rng.normal(size=shape)
    ours.weight.backward(g), theirs.weight.backward(torch.from_numpy(g))
    np.testing.assert_allclose(ours.weight.data, theirs.weight.detach().numpy(), atol=1e-9)
    np.testing.assert_allclose(ours.parametrizations.weight.original.grad.data, free.grad.numpy(), atol=1e-8)
    if use_trivialization or options["orthogonal_map"] == "householder":
        wanted = np.linalg.qr(rng.normal(size=(*shape[:-2], max(shape[-2:]), max(shape[-2:]))))[0]
        wanted = np.ascontiguousarray(wanted[..., : shape[-2], : shape[-1]])
        ours.weight, theirs.weight = wanted, torch.from_numpy(wanted)
        np.testing.assert_allclose(ours.weight.data, wanted, atol=1e-9)
        np.testing.assert_allclose(theirs.weight.detach().numpy(), wanted, atol=1e-9)


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(2.0, dtype=np.float64)

    def forward(self, x: Any) -> Any:
        return x * self.factor

    def right_inverse(self, x: Any) -> Any:
        return x / self.factor


class Symmetric(nn.Module):
    def forward(self, x: Any) -> Any:
        return np.triu(x) + np.triu(x, 1).mT

    def right_inverse(self, x: Any) -> Any:
        return np.triu(x)


class RankOne(nn.Module):
    def forward(self, x: Any, y: Any) -> Any:
        return x[:, None] * y

    def right_inverse(self, z: Any) -> Any:
        return z[:, 0], z[0, :]


class TheirScaled(TheirModule):  # type: ignore[misc]  # is Any to mypy
    def __init__(self) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, x: Any) -> Any:
        return x * self.factor

    def right_inverse(self, x: Any) -> Any:
        return x / self.factor


class TheirSymmetric(TheirModule):  # type: ignore[misc]  # is Any to mypy
    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x: Any) -> Any:
        return x.triu()


class TheirRankOne(TheirModule):  # type: ignore[misc]  # is Any to mypy
    def forward(self, x: Any, y: Any) -> Any:
        return x[:, None] * y

    def right_inverse(self, z: Any) -> Any:
        return z[:, 0].clone(), z[0, :].clone()


KINDS = {"Scaled": (Scaled, TheirScaled), "Symmetric": (Symmetric, TheirSymmetric), "RankOne": (RankOne, TheirRankOne)}


@few
@given(
    seed=seeds,
    chain=st.lists(st.sampled_from(["Scaled", "Symmetric"]), min_size=1, max_size=3),
    rank_one=st.booleans(),
    assigned=st.booleans(),
    leave=st.booleans(),
    cached=st.booleans(),
)
def test_chains_of_own_parametrizations(
    seed: int, chain: list[str], rank_one: bool, assigned: bool, leave: bool, cached: bool
) -> None:
    """One of them has a parameter of its own, and the first may compute with two tensors."""
    rng = np.random.default_rng(seed)
    ours: Any = nn.Linear(3, 3).double()
    theirs = torch.nn.Linear(3, 3).double()
    ours.load_state_dict(as_numpy(theirs.state_dict()))
    for name in (["RankOne"] if rank_one else []) + chain:
        mine, other = KINDS[name]
        parametrize.register_parametrization(ours, "weight", mine(), unsafe=rank_one)
        theirs_parametrize.register_parametrization(theirs, "weight", other(), unsafe=rank_one)
    same_state(ours, theirs)
    assert isinstance(ours.parametrizations.weight, parametrize.ParametrizationList)
    assert len(ours.parametrizations.weight) == len(theirs.parametrizations.weight)
    if assigned:
        value = rng.normal(size=(3, 3))
        value += value.T
        ours.weight, theirs.weight = value, torch.from_numpy(value)
        same_state(ours, theirs)
    if cached:
        with parametrize.cached(), theirs_parametrize.cached():
            assert ours.weight is ours.weight
            same_steps(ours, theirs, rng, 2, [True])
    else:
        same_steps(ours, theirs, rng, 2, [True, True])
    assert parametrize.is_parametrized(ours, "weight")
    assert not parametrize.is_parametrized(ours, "bias")
    if rank_one and not leave:
        with pytest.raises(ValueError, match="leave_parametrized=False"):
            parametrize.remove_parametrizations(ours, "weight", leave_parametrized=False)
        return
    parametrize.remove_parametrizations(ours, "weight", leave_parametrized=leave)
    theirs_parametrize.remove_parametrizations(theirs, "weight", leave_parametrized=leave)
    assert not parametrize.is_parametrized(ours)
    assert type(ours) is nn.Linear
    same_state(ours, theirs)
