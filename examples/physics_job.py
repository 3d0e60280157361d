"""The job of ``examples.physics``: fit a network to an equation, compare it with the exact solution, save and draw.

References
----------
The method: Raissi, Perdikaris and Karniadakis, "Physics-informed neural networks", Journal of Computational Physics 378
(2019). The exact solution: Cole, "On a quasi-linear parabolic equation occurring in aerodynamics", Quarterly of Applied
Mathematics 9 (1951).
"""

from __future__ import annotations

import argparse
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import nn
from autograd import Tensor, __version__, gradients, tensor
from examples.files import check_writable, save_figure, save_json
from examples.job import blas_threads
from examples.report import BLUE, INK, MUTED, RED, new_figure, pictures_possible
from nn.training import Interruption

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

VISCOSITY = 0.02
WIDTH, LAYERS, QUICK_WIDTH, QUICK_LAYERS = 24, 3, 16, 2
SIDE, QUICK_SIDE = 32, 16  # the points lie in so many rows and columns
ADAM_STEPS, QUICK_ADAM_STEPS, RATE = 500, 100, 0.005
ROUND = 20  # steps of Adam, or iterations of L-BFGS
TIMES = (0.0, 0.25, 0.5, 1.0)


class Flow(nn.Module):
    """The function ``-sin(pi x) + t (1 - x^2) N(x, t)`` of a network N: it begins, and ends at both sides, as it must.

    Parameters
    ----------
    width
        The units of each hidden layer.
    layers
        How many of them there are.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.network = nn.MLP([2, *[width] * layers, 1], nn.Tanh, dtype=np.float64)
        for name, parameter in self.named_parameters():
            nn.init.zeros_(parameter) if name.endswith("bias") else nn.init.xavier_normal_(parameter)

    def forward(self, x: Tensor | Floats, t: Tensor | Floats) -> Tensor:
        """Return u at points, all of shape ``(n, 1)``."""
        u: Tensor = -np.sin(math.pi * x) + t * (1 - x * x) * self.network(np.concatenate([x, t], axis=1))
        return u


def residual(flow: Callable[[Any, Any], Any], x: Floats, t: Floats) -> Tensor:
    """Return ``u_t + u u_x - 0.02 u_xx`` at points: 0 where `flow` follows the equation. All have one shape.

    Each u depends on its own point alone, so that the gradient of the sum holds the derivative at each point.
    """
    at_x, at_t = tensor(x, requires_grad=True), tensor(t, requires_grad=True)
    u = flow(at_x, at_t)
    u_x, u_t = gradients(u.sum(), (at_x, at_t), create_graph=True)
    (u_xx,) = gradients(u_x.sum(), at_x, create_graph=True)
    left_over: Tensor = u_t + u * u_x - VISCOSITY * u_xx
    return left_over


def exact(x: Any, t: Any) -> Any:
    """Return the solution at points with t > 0: two integrals over a Gaussian, as Cole found, with 100 nodes each.

    ``u = -E[sin(pi y) f(y)] / E[f(y)]`` with ``f(y) = exp(-cos(pi y) / (2 pi nu))``; y has mean x, variance 2 nu t.
    """
    nodes, weights = np.polynomial.hermite.hermgauss(100)
    y = x[..., None] - np.sqrt(4 * VISCOSITY * t)[..., None] * nodes
    f = np.exp(-(np.cos(math.pi * y) + 1) / (2 * math.pi * VISCOSITY)) * weights
    return -(np.sin(math.pi * y) * f).sum(axis=-1) / f.sum(axis=-1)


class Grid:
    """The points, times in rows, at which the network and the exact solution are compared."""

    def __init__(self) -> None:
        self.x, self.t = np.linspace(-1, 1, 201), np.linspace(0, 1, 101)
        x, t = np.meshgrid(self.x, self.t[1:])
        self.exact: Floats = np.vstack([-np.sin(math.pi * self.x), exact(x, t)])

    def values(self, flow: Flow) -> Floats:
        """Return what the network says, shape (101, 201)."""
        x, t = np.meshgrid(self.x, self.t)
        u: Floats = nn.predict(flow, (x.reshape(-1, 1), t.reshape(-1, 1)))
        return u.reshape(x.shape)

    def error(self, flow: Flow) -> float:
        """Return the norm of the difference over that of the exact solution."""
        return float(np.linalg.norm(self.values(flow) - self.exact) / np.linalg.norm(self.exact))


def scatter(side: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw x and t of ``side * side`` points, each shape ``(n, 1)``: one at random in each cell of a grid."""
    cells = np.indices((side, side)).reshape(2, -1, 1)
    x, t = (cells + generator.random(cells.shape)) / side
    return 2 * x - 1, t


@dataclass(frozen=True)
class Progress:
    """The mean of the squared residual after so many evaluations, and how far from the exact solution that was."""

    method: str
    evaluations: int
    loss: float
    error: float


class Training:
    """A network on its way to following the equation; `history` has an entry for each round of 20 steps."""

    def __init__(self, flow: Flow, points: tuple[Floats, Floats], grid: Grid) -> None:
        self.flow, self.points, self.grid = flow, points, grid
        self.history: list[Progress] = []
        self.evaluations = 0
        self.adam = nn.optim.Adam(flow.parameters(), lr=RATE)
        self.lbfgs = nn.optim.LBFGS(
            flow.parameters(), max_iter=ROUND, history_size=50, line_search_fn="strong_wolfe",
            tolerance_grad=0, tolerance_change=0,
        )  # fmt: skip

    def loss(self) -> Tensor:
        """Return the mean of the squared residual, with its gradients in the parameters."""
        self.flow.zero_grad()
        mean: Tensor = (residual(self.flow, *self.points) ** 2).mean()
        mean.backward()
        self.evaluations += 1
        return mean

    def run(self, adam_steps: int, rounds: int, interruption: Interruption) -> None:
        """Take all steps, or as many as the interruption allows."""
        plan = ["Adam"] * (adam_steps // ROUND) + ["L-BFGS"] * rounds
        bar = tqdm(plan, desc="physics", unit="round", disable=None)  # None: only where a person watches
        for number, method in enumerate(bar, start=1):
            loss = self.round(method)
            self.history.append(Progress(method, self.evaluations, loss, self.grid.error(self.flow)))
            bar.set_postfix(loss=f"{loss:.2e}", error=f"{self.history[-1].error:.3%}")
            if bar.disable and (number % 10 == 0 or number == len(plan)):
                print(
                    f"{method}, round {number}/{len(plan)}: loss {loss:.2e}, error {self.history[-1].error:.3%}",
                    flush=True,
                )
            if interruption.requested:
                break

    def round(self, method: str) -> float:
        """Take 20 steps; return the loss before the last of Adam's, or before all of L-BFGS's."""
        if method == "L-BFGS":
            return float(self.lbfgs.step(self.loss).item())
        for _ in range(ROUND):
            loss = self.loss()
            self.adam.step()
        return float(loss.item())


def run(options: argparse.Namespace) -> bool:
    """Do the job that the options of `examples.physics` ask for; tell whether Ctrl-C was pressed."""
    check_writable(options.out)
    return learn(options, pictures_possible())


def learn(options: argparse.Namespace, pictures: bool) -> bool:
    """Train and save; tell whether Ctrl-C was pressed."""
    generator = nn.manual_seed(options.seed)
    flow = Flow(QUICK_WIDTH, QUICK_LAYERS) if options.quick else Flow(WIDTH, LAYERS)
    points = scatter(QUICK_SIDE if options.quick else SIDE, generator)
    training = Training(flow, points, Grid())
    count = sum(parameter.size for parameter in flow.parameters())
    print(f"Burgers' equation, viscosity {VISCOSITY}: {count} parameters, {len(points[0])} points", flush=True)
    with Interruption() as interruption:
        wall, cpu = time.perf_counter(), time.process_time()
        training.run(QUICK_ADAM_STEPS if options.quick else ADAM_STEPS, options.rounds, interruption)
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        metrics = measure(training, options.seed, seconds, interruption)
        save(training, metrics, options.out, pictures)
    return interruption.requested


def measure(training: Training, seed: int, seconds: dict[str, float], interruption: Interruption) -> dict[str, Any]:
    """Return what was reached, and how."""
    flow, grid = training.flow, training.grid
    return {
        "viscosity": VISCOSITY,
        "points": len(training.points[0]),
        "parameters": sum(parameter.size for parameter in flow.parameters()),
        "seed": seed,
        "evaluations": training.evaluations,
        "interrupted": interruption.requested,
        "relative_error": grid.error(flow),
        "largest_error": float(np.abs(grid.values(flow) - grid.exact).max()),
        **{name: round(value, 3) for name, value in seconds.items()},
        "threads": blas_threads(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
        "machine": platform.machine(),
        "history": [asdict(entry) for entry in training.history],
    }


def save(training: Training, metrics: dict[str, Any], folder: Path, pictures: bool) -> None:
    """Write the folder, what matters most first, and print what was reached."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "solution.png").unlink(missing_ok=True)  # of an earlier run
    nn.save(training.flow, folder / "model.npz")
    save_json(metrics, folder / "metrics.json")
    error, largest = metrics["relative_error"], metrics["largest_error"]
    print(f"{training.evaluations} evaluations in {metrics['seconds']:.1f} s")
    print(f"relative L2 error {error:.3%}; the largest difference from the exact solution is {largest:.1e}")
    if pictures:
        save_figure(draw(training.grid, training.grid.values(training.flow), error), folder / "solution.png")
    print(f"{folder} holds model.npz, metrics.json{' and solution.png' if pictures else ''}")


def draw(grid: Grid, values: Floats, error: float) -> Figure:
    """Draw the network, the exact solution, the difference, and profiles at four times."""
    figure = new_figure(10.0, 7.2)
    (left, right), (below, profiles) = figure.subplots(2, 2)
    difference = values - grid.exact
    limit = float(np.abs(difference).max())
    for axes, shown, title, bound, label in (
        (left, values, "The network, given the equation alone", 1.0, "u"),
        (right, grid.exact, "The exact solution", 1.0, "u"),
        (below, difference, f"Network minus exact: relative L2 error {error:.2%}", limit, "difference"),
    ):
        picture = axes.pcolormesh(grid.t, grid.x, shown.T, cmap="RdBu_r", vmin=-bound, vmax=bound, rasterized=True)
        axes.set_title(title, color=INK)
        axes.set(xlabel="time t", ylabel="place x")
        figure.colorbar(picture, ax=axes, label=label, pad=0.02)
    for time_, colour in zip(TIMES, (MUTED, BLUE, RED, INK), strict=True):
        row = int(np.argmin(np.abs(grid.t - time_)))
        profiles.plot(grid.x, values[row], color=colour, label=f"t = {time_:g}")
        profiles.plot(grid.x[::8], grid.exact[row, ::8], "o", color=colour, markersize=3.5, fillstyle="none")
    profiles.set_title("It steepens: network (lines) and exact (circles)", color=INK)
    profiles.set(xlabel="place x", ylabel="u")
    profiles.spines[["top", "right"]].set_visible(False)
    profiles.legend(frameon=False)
    return figure
