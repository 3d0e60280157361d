"""A stiff reaction in the plane: the Brusselator, solved with the sparse Jacobian of plain NumPy.

Two substances react and diffuse on a torus of 64 x 64 cells, 8,192 unknowns. BDF solves with
the Jacobian in each step: 49,152 entries, found by a few products, where the dense one has
67 million elements.
"""

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import jacobian
from autograd.scipy.integrate import solve_ivp

Array = np.ndarray
CELLS = 64
A, B, DIFFUSION = 1.0, 3.0, 0.02 * CELLS**2 / 10


def spread(u: Array) -> Array:
    """Return what diffuses into each cell from its four neighbours."""
    around = [np.roll(u, shift, axis) for shift in (1, -1) for axis in (0, 1)]
    return DIFFUSION * (sum(around) - 4 * u)


def reaction(t: float, y: Array) -> Array:
    """Return how fast both substances change."""
    u, v = y.reshape(2, CELLS, CELLS)
    made = u * u * v
    slopes = [A + made - (B + 1) * u + spread(u), B * u - made + 0.5 * spread(v)]
    return np.stack(slopes).reshape(-1)


start = 1 + np.random.default_rng(0).random((2, CELLS, CELLS)).reshape(-1)
found = solve_ivp(reaction, (0, 12), start, method="BDF", t_eval=[2, 6, 8, 12], rtol=1e-4)
print(f"{found.nfev} evaluations, {found.njev} Jacobians ({found.derivatives})")

figure, axes = plt.subplots(1, 5, figsize=(13, 2.8), layout="constrained")
for ax, t, y in zip(axes, found.t, found.y.T, strict=False):
    ax.imshow(y.reshape(2, CELLS, CELLS)[0], vmin=0, vmax=4, cmap="viridis")
    ax.set(title=f"t = {t:g}", xticks=[], yticks=[])
nn.plots.sparsity(jacobian(lambda y: reaction(0, y), sparse=True).prepare(start), axes[-1])
figure.savefig("brusselator.png")
