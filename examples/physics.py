"""Physics-informed network: solve Burgers' equation with a network that is shown only the equation.

    python -m examples.physics           a relative error of 0.03 %, in about 16 seconds
    python -m examples.physics --quick   a smaller network and fewer points, to see that it works

The speed u(x, t) of a viscous flow on -1 <= x <= 1 follows ``u_t + u u_x = 0.02 u_xx``. It begins as ``-sin(pi x)`` and
is 0 at both ends; it steepens into a front at x = 0. A small network with hyperbolic tangents stands for u. Its
derivatives by x and t, the second one too, come from `autograd.gradients`. Adam and L-BFGS fit its parameters until the
equation holds at 1024 points (Raissi, Perdikaris and Karniadakis, "Physics-informed neural networks", Journal of
Computational Physics 378, 2019). The exact solution is only compared with.

Writes runs/physics: model.npz, metrics.json and solution.png (the network, the exact solution, and their difference).
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import gradients, tensor
from examples import command

Floats = NDArray[np.float64]

VISCOSITY = 0.02
X, T = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(0, 1, 101))  # where the solutions are compared: times in rows


class Flow(nn.Module):
    """The function ``-sin(pi x) + t (1 - x^2) N(x, t)`` of a network N: exact at the start and at both ends."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.network = nn.MLP([2, *[width] * layers, 1], nn.Tanh, dtype=np.float64)
        for name, parameter in self.named_parameters():
            nn.init.zeros_(parameter) if name.endswith("bias") else nn.init.xavier_normal_(parameter)

    def forward(self, x: Any, t: Any) -> Any:
        """Return u at points, all of shape ``(n, 1)``."""
        return -np.sin(np.pi * x) + t * (1 - x * x) * self.network(np.concatenate([x, t], axis=1))


def residual(flow: Callable[[Any, Any], Any], x: Floats, t: Floats) -> Any:
    """Return ``u_t + u u_x - 0.02 u_xx`` at points: 0 where `flow` follows the equation. All have one shape."""
    at_x, at_t = tensor(x, requires_grad=True), tensor(t, requires_grad=True)
    u = flow(at_x, at_t)
    # Each u depends only on its own point, so the gradient of the sum holds the derivative at each point.
    u_x, u_t = gradients(u.sum(), (at_x, at_t), create_graph=True)
    (u_xx,) = gradients(u_x.sum(), at_x, create_graph=True)
    return u_t + u * u_x - VISCOSITY * u_xx


def mean_square(flow: Flow, x: Floats, t: Floats) -> Any:
    """Return the loss: the mean of the squared residual at points."""
    return (residual(flow, x, t) ** 2).mean()


def exact(x: Any, t: Any) -> Any:
    """Return the solution at points, as two integrals over a Gaussian, with 100 nodes each.

    ``u = -E[sin(pi y) f(y)] / E[f(y)]`` with ``f(y) = exp(-cos(pi y) / (2 pi nu))``; y has mean x, variance 2 nu t
    (Cole, "On a quasi-linear parabolic equation occurring in aerodynamics", Quarterly of Applied Mathematics 9, 1951).
    """
    nodes, weights = np.polynomial.hermite.hermgauss(100)
    y = x[..., None] - np.sqrt(4 * VISCOSITY * t)[..., None] * nodes
    f = np.exp(-(np.cos(np.pi * y) + 1) / (2 * np.pi * VISCOSITY)) * weights
    return -(np.sin(np.pi * y) * f).sum(axis=-1) / f.sum(axis=-1)


def scatter(side: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw x and t of ``side * side`` points, each shape ``(n, 1)``: one at random in each cell of a grid."""
    cells = np.indices((side, side)).reshape(2, -1, 1)
    x, t = (cells + generator.random(cells.shape)) / side
    return 2 * x - 1, t


def main(options: argparse.Namespace) -> None:
    """Fit the network to the equation, and compare it with the exact solution."""
    generator = nn.manual_seed(options.seed)
    flow = Flow(16, 2) if options.quick else Flow(24, 3)
    x, t = scatter(16 if options.quick else 32, generator)
    truth, history, losses = exact(X, T), list[dict[str, Any]](), list[float]()
    print(f"Burgers' equation: {sum(p.size for p in flow.parameters())} parameters, {len(x)} points", flush=True)

    def loss() -> Any:
        flow.zero_grad()
        mean = mean_square(flow, x, t)
        mean.backward()
        losses.append(mean.item())
        return mean

    adam = nn.optim.Adam(flow.parameters(), lr=0.005)
    lbfgs = nn.optim.LBFGS(
        flow.parameters(), max_iter=20, history_size=50, line_search_fn="strong_wolfe",
        tolerance_grad=0, tolerance_change=0,
    )  # fmt: skip
    rounds = options.rounds or (12 if options.quick else 100)
    plan = [("Adam", adam, 20)] * (5 if options.quick else 25) + [("L-BFGS", lbfgs, 1)] * rounds
    with command.Run(options) as run:
        for number, (method, optimizer, steps) in enumerate(plan, start=1):
            for _ in range(steps):
                value = optimizer.step(loss).item()  # before the step
            u = nn.predict(flow, (X.reshape(-1, 1), T.reshape(-1, 1))).reshape(X.shape)
            error = float(np.linalg.norm(u - truth) / np.linalg.norm(truth))
            history.append({"method": method, "evaluations": len(losses), "loss": value, "error": error})
            if number % 10 == 0 or number == len(plan):
                print(f"{method}, round {number}/{len(plan)}: loss {value:.2e}, error {error:.3%}", flush=True)
            if run.requested:
                break
        largest = float(np.abs(u - truth).max())
        print(f"{len(losses)} evaluations; the largest difference from the exact solution is {largest:.1e}")
        print(f"relative L2 error {error:.3%}")
        metrics = {
            "viscosity": VISCOSITY, "points": len(x), "evaluations": len(losses),
            "relative_error": error, "largest_error": largest, "history": history,
        }  # fmt: skip
        run.write(flow, metrics, {"solution.png": lambda path: draw(u, truth, error, path)})


def draw(u: Floats, truth: Floats, error: float, path: Path) -> None:
    """Draw the network, the exact solution, the difference, and profiles at four times."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 7.2), layout="constrained")
    (left, right), (below, profiles) = figure.subplots(2, 2)
    limit = float(np.abs(u - truth).max())
    for axes, shown, title, bound in (
        (left, u, "The network, given the equation alone", 1.0),
        (right, truth, "The exact solution", 1.0),
        (below, u - truth, f"Network minus exact: relative L2 error {error:.2%}", limit),
    ):
        picture = axes.pcolormesh(T, X, shown, cmap="RdBu_r", vmin=-bound, vmax=bound, rasterized=True)
        axes.set(title=title, xlabel="time t", ylabel="position x")
        figure.colorbar(picture, ax=axes, pad=0.02)
    for row, colour in ((0, "#8c8c8c"), (25, "#0072b2"), (50, "#d55e00"), (100, "#000000")):
        profiles.plot(X[row], u[row], color=colour, label=f"t = {T[row, 0]:g}")
        profiles.plot(X[row, ::8], truth[row, ::8], "o", color=colour, markersize=3.5, fillstyle="none")
    profiles.set(title="It steepens: network (lines) and exact (circles)", xlabel="position x", ylabel="u")
    profiles.legend(frameon=False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    arguments = command.parser("physics", __doc__, quick="a smaller network and fewer points")
    arguments.add_argument("--rounds", type=command.positive, metavar="N", help="of 20 iterations of L-BFGS (100)")
    sys.exit(command.run(arguments, main))
