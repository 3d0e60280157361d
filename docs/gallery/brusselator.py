"""Stripes out of noise: a stiff reaction in the plane, solved with a sparse Jacobian.

The two substances of the Brusselator react, and spread over a torus of 48 x 48 cells at
different speeds, so that an even mixture is unstable (Turing, "The chemical basis of
morphogenesis", 1952). BDF solves systems with the Jacobian of 4,608 unknowns. A few
products give its 27,648 entries that are not 0; the dense one has 21 million elements.
"""

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import jacobian
from autograd.scipy.integrate import solve_ivp

Array = np.ndarray
CELLS = 48
A, B = 4.5, 7.5
SPEEDS = 2.0, 16.0  # at which both spread


def spread(u: Array) -> Array:
    """Return what comes into each cell from its four neighbours, less what leaves it."""
    return sum(np.roll(u, shift, axis) for shift in (1, -1) for axis in (0, 1)) - 4 * u


def rates(t: float, y: Array) -> Array:
    """Return how fast both substances change, as one vector."""
    u, v = np.reshape(y, (2, CELLS, CELLS))
    made = u * u * v
    du = A + made - (B + 1) * u + SPEEDS[0] * spread(u)
    dv = B * u - made + SPEEDS[1] * spread(v)
    return np.stack([du, dv]).reshape(-1)


noise = np.random.default_rng(0).normal(size=(2, CELLS, CELLS)) / 10
start = (noise + np.reshape([A, B / A], (2, 1, 1))).reshape(-1)
found = solve_ivp(rates, (0, 40), start, method="BDF", t_eval=[1, 10, 20, 40], rtol=1e-3)
print(f"{found.nfev} evaluations, {found.njev} Jacobians: {found.derivatives}")

figure, axes = plt.subplots(1, 5, figsize=(13, 2.9), layout="constrained")
for ax, t, y in zip(axes, found.t, found.y.T, strict=False):
    ax.imshow(y.reshape(2, CELLS, CELLS)[0], cmap="viridis")
    ax.set(title=f"t = {t:g}", xticks=[], yticks=[])
nn.plots.sparsity(jacobian(lambda y: rates(0, y), sparse=True)(start), axes[-1])
axes[-1].set(title="entries of the Jacobian", xticks=[], yticks=[])
figure.savefig("brusselator.png")
