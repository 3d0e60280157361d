"""What ranks do together, one assertion after the other: ``mpiexec -n 2 python -m tests.distributed.together``."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import grad, tensor
from nn import distributed
from nn.distributed._blocks import share_of

RANK, SIZE = distributed.rank(), distributed.world_size()


def own(array: Any) -> Any:
    """Return the rows of this rank."""
    rows = share_of(len(array), RANK, SIZE)
    return array[rows.start : rows.stop]


def collectives() -> None:
    """Values and gradients of what is exchanged: the objective is the sum over all ranks."""
    x = tensor(np.arange(3.0) + 10 * RANK, requires_grad=True)
    total, weights = sum(np.arange(3.0) + 10 * i for i in range(SIZE)), sum(range(1, SIZE + 1))
    y = distributed.all_reduce(x)
    np.testing.assert_array_equal(y.data, total)
    (y * (RANK + 1)).sum().backward()
    np.testing.assert_array_equal(x.grad, weights)
    x.grad = None
    distributed.all_reduce(x, "mean").sum().backward()
    np.testing.assert_array_equal(x.grad, 1)
    x.grad = None
    y = distributed.broadcast(x, 1)
    np.testing.assert_array_equal(y.data, np.arange(3.0) + 10)
    (y * (RANK + 1)).sum().backward()
    np.testing.assert_array_equal(x.grad, weights if RANK == 1 else 0)
    x.grad = None
    y = distributed.all_gather(x)
    assert y.shape == (SIZE, 3)
    (y * y * (RANK + 1)).sum().backward()
    np.testing.assert_array_equal(x.grad, 2 * x.data * weights)
    second = grad(lambda v: grad(lambda u: (distributed.all_reduce(u * u) ** 2).sum())(v).sum())
    # of S = sum over ranks of x**2, the objective is SIZE * S**2
    np.testing.assert_allclose(second(np.ones(2)), SIZE * (4 * SIZE + 8 * SIZE))
    assert distributed.all_reduce(np.array([1, 2], np.float16)).dtype == np.float16
    assert distributed.all_reduce(3) == 3 * SIZE
    doubled = autograd.compile(lambda v: distributed.all_reduce(v * 2))
    for value in (1.0, 3.0):
        np.testing.assert_array_equal(doubled(np.full(2, value)), 2 * SIZE * value)
    rows = autograd.vmap(distributed.all_reduce, loops="allow")(np.ones((2, 3)))
    np.testing.assert_array_equal(rows, np.full((2, 3), SIZE))
    with pytest.raises(RuntimeError, match=r"rank 0 has all_reduce\(\) of shape \(2,\).*rank 1 has .* \(3,\)"):
        distributed.all_reduce(np.ones(2 if RANK == 0 else 3))
    with pytest.raises(RuntimeError, match=r"rank 0 has all_reduce\(\).*rank 1 has all_gather\(\)"):
        (distributed.all_reduce if RANK == 0 else distributed.all_gather)(np.ones(2))


def data_parallel() -> None:
    """A loop of one's own takes the steps of one process, with rows that do not divide evenly."""
    random = np.random.default_rng(0)
    X, y = random.standard_normal((13, 1, 8, 8)).astype(np.float32), random.integers(0, 10, 13)

    def made(seed: int) -> nn.Module:
        nn.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)
        )

    def trained(model: nn.Module, called: nn.Module, X: Any, y: Any) -> dict[str, Any]:
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(called(X), y).backward()
            optimizer.step()
        return model.state_dict()

    alone = made(0)
    expected = trained(alone, alone, X, y)
    model = distributed.convert_sync_batchnorm(made(RANK))
    state = trained(model, distributed.DataParallel(model), own(X), own(y))
    for name, value in expected.items():
        np.testing.assert_allclose(state[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
        everywhere = distributed.all_gather(state[name])
        np.testing.assert_array_equal(everywhere, np.broadcast_to(everywhere[0], everywhere.shape))
    # statistics of a plain BatchNorm are those of rank 0
    plain = distributed.DataParallel(nn.BatchNorm1d(1))
    for _ in range(2):
        plain(np.array([[RANK], [RANK + 2]], np.float32))
    plain(np.array([[1], [3]], np.float32)).sum().backward()
    np.testing.assert_allclose(distributed.all_gather(plain.module.running_var)[0], plain.module.running_var)


class Branches(nn.Module):
    """Each rank uses another layer, and nobody the last."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(2, 1) for _ in range(SIZE + 1)]

    def forward(self, x: Any) -> Any:
        """Return what the layer of this rank gives, in a dict."""
        return {"out": self.layers[RANK](x), "count": len(x)}


@dataclass
class Outputs:
    """What a model may return."""

    scores: Any


class WithOutputs(nn.Linear):
    """A layer whose result is in a dataclass."""

    def forward(self, x: Any) -> Any:
        """Return what the layer gives."""
        return Outputs(super().forward(x))


def gradients() -> None:
    """Unused parameters are zeros, gradients accumulate within no_sync(), and other models are refused."""
    x = np.ones((1, 2), np.float32)
    model = distributed.DataParallel(Branches())
    model(x)["out"].sum().backward()
    layers: Any = model.module.layers
    for layer in layers[:SIZE]:
        np.testing.assert_allclose(layer.weight.grad, 1 / SIZE)
    assert layers[SIZE].weight.grad is None
    model = distributed.DataParallel(nn.Linear(2, 1))
    with model.no_sync():
        model(x * (RANK + 1)).sum().backward()
    np.testing.assert_array_equal(model.module.weight.grad, RANK + 1)
    model(x).sum().backward()
    np.testing.assert_allclose(model.module.weight.grad, 1 + sum(range(1, SIZE + 1)) / SIZE)
    in_dataclass = distributed.DataParallel(WithOutputs(2, 1))
    in_dataclass(x * (RANK + 1)).scores.sum().backward()
    np.testing.assert_allclose(in_dataclass.module.weight.grad, sum(range(1, SIZE + 1)) / SIZE)
    model.module = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="other parameters than when DataParallel"):
        model(x)
    with pytest.raises(ValueError, match=r"rank 0 has weight of shape \(1, 2\).* rank 1 has weight of shape \(2, 2\)"):
        distributed.DataParallel(nn.Linear(2, 1 if RANK == 0 else 2))


class StopOnOne(nn.training.Callback):
    """Ends the training on the last rank."""

    def on_step(self, training: nn.training.Training) -> None:
        """End it after three steps."""
        if training.step == 3 and RANK == SIZE - 1:
            training.stop("one rank has had enough")


def fit_compiled() -> None:
    """Compiled steps have the bits of others, with random numbers and rows that do not divide evenly."""
    states = []
    for compiled in (False, True):
        nn.manual_seed(3)
        model = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 3))
        random = np.random.default_rng(1)
        data = random.standard_normal((45, 6)), random.integers(0, 3, 45)
        optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
        nn.fit(
            model, data, nn.CrossEntropyLoss(), optimizer, epochs=6, batch_size=22, compile=compiled, clip_norm=1.0,
            sentinels=False, verbose=False, callbacks=[nn.training.WeightAveraging(0.9)],
        )  # fmt: skip
        states.append(model.state_dict())
    for name, value in states[0].items():
        np.testing.assert_array_equal(states[1][name], value)


def fit_with_a_parameter_of_the_loss(reproducible: bool) -> None:
    """A parameter that only the optimizer knows is the same on all ranks too."""
    model, scale = nn.Linear(2, 1), nn.Parameter([1.0 + RANK])
    x, y = np.arange(80, dtype=np.float32).reshape(40, 2) / 80, np.ones((40, 1), np.float32)
    optimizer = nn.optim.SGD([*model.parameters(), scale], lr=0.1)

    def loss(out: Any, y: Any) -> Any:
        return ((out * scale - y) ** 2).mean()

    nn.fit(model, (x, y), loss, optimizer, epochs=1, reproducible=reproducible, verbose=False, sentinels=False)
    assert np.unique(distributed.all_gather(scale.data)).size == 1
    assert scale.item() not in (1.0, 2.0)


def fitting() -> None:
    """What fit says, equally on all ranks, of data and losses that are not as they should be."""
    X, y = np.ones((40, 2), np.float32), np.ones((40, 1), np.float32)
    loss = nn.MSELoss()
    model: nn.Module = nn.Linear(2, 1)

    def fit(data: Any, **options: Any) -> Any:
        optimizer = nn.optim.SGD(model.parameters(), lr=options.pop("lr", 0.01))
        return nn.fit(model, data, loss, optimizer, epochs=2, verbose=False, **options)

    history = fit((X, y), batch_size=4, callbacks=[StopOnOne()])
    assert history["steps"].tolist() == [3]
    assert history.attrs["stopped"] == "one rank has had enough"
    bad = X.copy()
    bad[-1] = np.nan
    with pytest.raises(nn.NonFiniteLossError, match=rf"loss is nan in epoch 1.* row {40 // SIZE - 1}"):
        fit([(bad, y)])
    with pytest.raises(ValueError, match="rank 1 was given other batches than rank 0"):
        fit([(X + RANK, y)])
    with pytest.raises(ValueError, match="have more batches"):
        fit([(X, y)] * (12 if RANK == 0 else 11))
    with pytest.raises(ValueError, match=r"SGD with lr=0.0, but rank 1 has SGD with lr=1.0"):
        fit((X, y), lr=float(RANK))
    fit_compiled()
    for reproducible in (False, True):
        fit_with_a_parameter_of_the_loss(reproducible)
    model = distributed.DataParallel(model)
    fit((X, y))  # which leaves the sums to fit
    assert threading.active_count() == 1


def main() -> None:
    """Do all of it."""
    for part in (collectives, data_parallel, gradients, fitting):
        part()
    print(f"rank {RANK} is through")


if __name__ == "__main__":
    main()
