"""Neural ODE: the law of a pendulum with friction, learned from watching it swing.

A network gives the velocity of a state: an angle and its speed. Steps of Runge and Kutta
lead from one observation to the next five, and the gradient goes back through them all.
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import Tensor

Array = np.ndarray
STEP = 0.2


def pendulum(state: Array) -> Array:
    """Return the velocity of states, shape ``(n, 2)``."""
    angle, speed = state.T
    return np.stack([speed, -np.sin(angle) - 0.2 * speed], axis=1)


def path(velocity: Callable[[Array], Array], state: Array, steps: int) -> Array:
    """Return the states after 0, 1, ... steps, shape ``(steps + 1, n, 2)``."""
    states = [state]
    for _ in range(steps):
        a = velocity(state)
        b = velocity(state + STEP / 2 * a)
        c = velocity(state + STEP / 2 * b)
        d = velocity(state + STEP * c)
        state = state + STEP / 6 * (a + 2 * b + 2 * c + d)
        states.append(state)
    return np.stack(states)


def loss() -> Tensor:
    """Return the mean squared error of all pieces, each from its first state."""
    model.zero_grad()
    error = nn.functional.mse_loss(path(model, pieces[0], 5), pieces)
    error.backward()
    return error


at_rest = np.stack([np.linspace(-2.9, 2.9, 16), np.zeros(16)], axis=1)
seen = path(pendulum, at_rest, 50) + np.random.default_rng(0).normal(0, 0.01, (51, 16, 2))
pieces = np.concatenate([seen[i : i + 6] for i in range(0, 46, 5)], axis=1)
nn.manual_seed(0)
model = nn.MLP([2, 32, 2], nn.Tanh, dtype=np.float64)
nn.optim.LBFGS(model.parameters(), max_iter=200, line_search_fn="strong_wolfe").step(loss)

starts = np.array([[2.4, 0.0], [-1.0, 1.0], [0.0, -1.5]])  # which it has not seen
truth, learned = path(pendulum, starts, 50), path(model, starts, 50).numpy()
plt.figure(figsize=(6, 3.5), layout="constrained")
plt.plot(seen[..., 0], seen[..., 1], ".", color="#9ecae1", markersize=3)
plt.plot(learned[..., 0], learned[..., 1], color="#d95f02")
plt.plot(truth[..., 0], truth[..., 1], "k--", linewidth=1)
plt.savefig("neural_ode.png")
