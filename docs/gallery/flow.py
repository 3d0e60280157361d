"""Normalizing flow: the density of two moons, as a normal distribution that is bent.

Each layer shifts and stretches one coordinate by functions of the other: its inverse, and
the determinant of its Jacobian, cost nothing (Dinh, Sohl-Dickstein and Bengio, "Density
estimation using Real NVP", 2017). The mean log density of the data trains it.
"""

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import Tensor, no_grad
from datasets import make_moons

Array = np.ndarray


def log_density(x: Array) -> Tensor:
    """Return the log density at points, shape ``(n, 2)``."""
    a, b, stretched = x[:, :1], x[:, 1:], 0.0
    for layer in layers:
        shift, log_scale = np.split(layer(a), 2, axis=1)
        a, b = b * np.exp(log_scale) + shift, a
        stretched = stretched + log_scale
    return (stretched - (a**2 + b**2) / 2 - np.log(2 * np.pi))[:, 0]


def from_noise(noise: Array) -> Tensor:
    """Return the points that the layers turn into these, shape ``(n, 2)``."""
    a, b = noise[:, :1], noise[:, 1:]
    for layer in reversed(layers):
        shift, log_scale = np.split(layer(b), 2, axis=1)
        a, b = b, (a - shift) * np.exp(-log_scale)
    return np.concatenate([a, b], axis=1)


rng = nn.manual_seed(0)
moons = make_moons(2000, noise=0.08, seed=0)[0]
sizes = [1, 24, 24, 2]
layers = nn.ModuleList(nn.MLP(sizes, nn.Tanh, dtype=np.float64) for _ in range(6))
optimizer = nn.optim.Adam(layers.parameters(), lr=0.01)
schedule = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=400)
for _ in range(400):
    optimizer.zero_grad()
    loss = -log_density(rng.choice(moons, 400)).mean()
    loss.backward()
    optimizer.step()
    schedule.step()

grid = np.stack(np.meshgrid(np.linspace(-2, 3, 201), np.linspace(-1.5, 2, 141)), axis=-1)
with no_grad():
    density = np.exp(log_density(grid.reshape(-1, 2))).numpy().reshape(141, 201)
    points = from_noise(rng.normal(size=(1500, 2))).numpy()
left, right = plt.figure(figsize=(8, 3), layout="constrained").subplots(1, 2, sharey=True)
left.contourf(grid[..., 0], grid[..., 1], density, levels=12, cmap="Blues")
left.set_title("density")
right.plot(*points.T, ".", markersize=2)
right.set(title="points drawn from it", xlim=(-2, 3))
plt.savefig("flow.png")
