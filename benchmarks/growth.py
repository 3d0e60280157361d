"""How costs grow: what twice as much of anything takes, in batches, parameters, operations, layers, lists and writes.

Run it with ``python -m benchmarks.growth [NAMES]``. Each row has the time of the largest size, and the ratios of the
last three times that it doubled, in CPU time on one thread; those above 2.3 are marked.
"""

import gc
import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

from . import timing as timing  # first: it sets the number of threads

import numpy as np  # isort: skip

import nn  # isort: skip
from autograd import Value, grad, gradients, hessian, jacobian, jvp, no_grad, tensor, vmap  # isort: skip

Work = Callable[[], object]
MOST = 2.3  # that twice as much may take
TASKS: dict[str, tuple[int, Callable[[int], Work]]] = {}


def task(name: str, largest: int) -> Callable[[Callable[[int], Work]], Callable[[int], Work]]:
    """Note a task: a function of a size, which makes what is timed."""

    def noted(make: Callable[[int], Work]) -> Callable[[int], Work]:
        TASKS[name] = largest, make
        return make

    return noted


def variants(name: str, largest: int, works: dict[str, Callable[[Any], object]], make: Callable[[int], Any]) -> None:
    """Note a task for each of several kinds of work on the same thing."""
    for kind, work in works.items():
        TASKS[f"{name}: {kind}"] = largest, lambda n, work=work: _bound(work, make(n))  # type: ignore[misc]


def _bound(work: Callable[[Any], object], made: Any) -> Work:
    return lambda: work(made)


# Batches and vmap


@task("batch of a step", 65_536)
def _batch(n: int) -> Work:
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer, loss = nn.optim.Adam(model.parameters()), nn.CrossEntropyLoss()
    x, y = np.ones((n, 64), np.float32), np.arange(n) % 10

    def step() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    step()
    return step


@task("vmap of a gradient", 100_000)
def _vmap(n: int) -> Work:
    w, x = np.ones((n, 8, 8)), np.ones((n, 8))
    return lambda: vmap(grad(lambda w, x: np.sum(np.tanh(w @ x))))(w, x)


@task("Jacobian of ten outputs", 2_000)
def _jacobian(n: int) -> Work:
    x = np.linspace(0, 1, n)
    return lambda: jacobian(lambda x: np.cumsum(x)[:10] * x[0])(x)


@task("Hessian of few terms", 400)
def _hessian(n: int) -> Work:
    x = np.linspace(0, 1, n)
    return lambda: [hessian(lambda x: np.sum(x[:3] ** 2))(x) for _ in range(3)]


# Operations on one tape


def _chain(x: Any, n: int) -> Any:
    for _ in range(n // 2):
        x = np.sin(x * 0.999)
    return x


@task("operations: forward", 100_000)
def _forward(n: int) -> Work:
    x = tensor(np.ones(3), requires_grad=True)
    return lambda: _chain(x, n)


@task("operations: backward", 100_000)
def _backward(n: int) -> Work:
    y = np.sum(_chain(tensor(np.ones(3), requires_grad=True), n))
    return lambda: y.backward()


@task("operations: grad", 100_000)
def _grad(n: int) -> Work:
    return lambda: grad(lambda x: np.sum(_chain(x, n)))(np.ones(3))


@task("operations: jvp", 50_000)
def _jvp(n: int) -> Work:
    return lambda: jvp(lambda x: _chain(x, n), (np.ones(3),), (np.ones(3),))


@task("operations: second order", 20_000)
def _second(n: int) -> Work:
    x = tensor(np.ones(3), requires_grad=True)

    def work() -> None:
        (g,) = gradients(np.sum(_chain(x, n)), x, create_graph=True)
        np.sum(g).backward()

    return work


@task("operations: scalars", 100_000)
def _scalars(n: int) -> Work:
    def work() -> None:
        x = y = Value(0.5)
        for _ in range(n // 2):
            y = y * 0.999 + x
        y.backward()

    return work


@task("operations: terms of a sum", 50_000)
def _terms(n: int) -> Work:
    x = tensor(np.ones(3), requires_grad=True)
    return lambda: sum([np.sum(x * i) for i in range(n // 3)], start=tensor(0.0)).backward()


# Lists, slices and writes


def _leaves(n: int) -> list[Any]:
    return [tensor(np.ones(3), requires_grad=True) for _ in range(n)]


variants(
    "list",
    20_000,
    {
        "concatenate": lambda xs: np.sum(np.concatenate(xs)).backward(),
        "stack": lambda xs: np.sum(np.stack(xs)).backward(),
        "gradients": lambda xs: gradients(np.sum(np.stack(xs)), xs),
        "grad of a list": lambda xs: grad(lambda ys: np.sum(np.stack(ys)))([x.data for x in xs]),
        "dict": lambda xs: grad(lambda ys: sum(map(np.sum, ys.values())))({str(i): x.data for i, x in enumerate(xs)}),
    },
    _leaves,
)


@task("split", 20_000)
def _split(n: int) -> Work:
    x = tensor(np.ones((n, 3)), requires_grad=True)
    return lambda: np.sum(np.stack([part[0] * 2 for part in np.split(x, n)])).backward()


@task("rows of a loop", 20_000)
def _rows(n: int) -> Work:
    x = tensor(np.ones((n, 3)), requires_grad=True)
    return lambda: np.sum(np.stack([row * 2 for row in x])).backward()


@task("items that are read", 20_000)
def _items(n: int) -> Work:
    x = tensor(np.ones(n), requires_grad=True)
    return lambda: sum([x[i] * 2 for i in range(n)], start=tensor(0.0)).backward()


@task("slices that are written", 10_000)
def _written(n: int) -> Work:
    x = tensor(np.ones(3), requires_grad=True)

    def work() -> None:
        rows = tensor(np.zeros((n, 3)))
        for i in range(n):
            rows[i] = x * i
        np.sum(rows).backward()

    return work


@task("slices that are written and read", 10_000)
def _states(n: int) -> Work:
    x = tensor(np.ones(3), requires_grad=True)

    def work() -> None:
        rows = tensor(np.zeros((n, 3)))
        rows[0] = x
        for i in range(1, n):
            rows[i] = rows[i - 1] * 0.999
        np.sum(rows).backward()

    return work


@task("writes outside a graph", 20_000)
def _outside(n: int) -> Work:
    xs = _leaves(n)
    held = [x.data for x in xs]

    def work() -> None:
        with no_grad():
            for x in xs:
                x -= 0.1
        held.clear()

    return work


@task("backward passes", 10_000)
def _passes(n: int) -> Work:
    x = tensor(np.ones(3), requires_grad=True)
    return lambda: [np.sum(x * i).backward() for i in range(n)]


# Parameters and layers


def _parameters(n: int) -> Any:
    parameters = [nn.Parameter(np.ones(3)) for _ in range(n)]
    optimizer = nn.optim.Adam(parameters)
    np.sum(np.stack(parameters)).backward()
    optimizer.step()
    return parameters, optimizer


variants(
    "parameters",
    10_000,
    {
        "optimizer made": lambda made: nn.optim.Adam([nn.Parameter(x) for x in made[0]]),
        "a second one": lambda made: nn.optim.SGD(made[0]),
        "a group for each": lambda made: nn.optim.SGD([{"params": [x]} for x in made[0]]),
        "step": lambda made: made[1].step(),
        "zero_grad": lambda made: made[1].zero_grad(),
        "state_dict": lambda made: made[1].state_dict(),
        "load_state_dict": lambda made: made[1].load_state_dict(made[1].state_dict()),
        "clip_grad_norm_": lambda made: nn.utils.clip_grad_norm_(made[0], 1e-3),
        "vector": lambda made: nn.utils.vector_to_parameters(nn.utils.parameters_to_vector(made[0]), made[0]),
    },
    _parameters,
)


def _model(n: int) -> Any:
    return nn.Sequential(*[nn.Linear(4, 4) for _ in range(n)])


def _nested(n: int) -> Any:
    model: nn.Module = nn.Linear(4, 4)
    for _ in range(n):
        model = nn.Sequential(model)
    return model


_x = np.ones((2, 4), np.float32)
variants(
    "layers",
    1_000,
    {
        "made": lambda model: _model(len(model)),
        "forward and backward": lambda model: model(_x).sum().backward(),
        "named_parameters": lambda model: [*model.named_parameters()],
        "state_dict": lambda model: model.state_dict(),
        "load_state_dict": lambda model: model.load_state_dict(model.state_dict()),
        "repr": repr,
        "eval": lambda model: model.eval(),
        "functional_call": lambda model: nn.functional_call(model, model.state_dict(), _x),
        "summary": lambda model: nn.summary(model, (2, 4)),
        "get_submodule": lambda model: [model.get_submodule(name) for name, _ in model.named_modules()],
    },
    _model,
)
variants(
    "modules one within another",
    100,
    {
        "named_parameters": lambda model: [[*model.named_parameters()] for _ in range(5)],
        "state_dict": lambda model: [model.state_dict() for _ in range(5)],
    },
    _nested,
)


def seconds(make: Callable[[int], Work], n: int) -> float:
    """Return the least CPU time of several calls of what is made for a size."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 0.2 and len(times) < 20):
        work = make(n)
        gc.collect()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print the table."""
    chosen = {
        name: each for name, each in TASKS.items() if not sys.argv[1:] or any(arg in name for arg in sys.argv[1:])
    }
    print("| what | up to | time | twice as much takes |\n|---|---:|---:|---|")
    for name, (largest, make) in chosen.items():
        times = [seconds(make, largest // each) for each in (8, 4, 2, 1)]
        ratios = [after / before for before, after in itertools.pairwise(times)]
        shown = ", ".join(f"**{ratio:.2f}**" if ratio > MOST else f"{ratio:.2f}" for ratio in ratios)
        print(f"| {name} | {largest:,} | {times[-1] * 1e3:,.1f} ms | {shown} |", flush=True)


if __name__ == "__main__":
    main()
