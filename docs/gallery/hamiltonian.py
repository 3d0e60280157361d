"""Hamiltonian Monte Carlo: a thousand chains explore a density in the shape of a banana.

A chain moves as a ball would in a bowl of height ``-log_density``: kicked at random, it
rolls for a while. It stays there with a probability that makes up for errors of the steps
(R. M. Neal, "MCMC using Hamiltonian dynamics", 2011).
"""

import matplotlib.pyplot as plt
import numpy as np

from autograd import grad, vmap

Array = np.ndarray
CHAINS, DRAWS, STEPS, SIZE = 1000, 120, 7, 0.25
rng = np.random.default_rng(0)


def log_density(x: Array) -> Array:
    """Return the log density: x[0] is normal, and x[1] around ``x[0] ** 2 / 2``."""
    return -0.5 * (x[0] ** 2 + ((x[1] - x[0] ** 2 / 2) / 0.6) ** 2)


heights, slopes = vmap(log_density), vmap(grad(log_density))


def roll(x: Array, momentum: Array) -> tuple[Array, Array]:
    """Return positions and momenta after some leapfrog steps, shape ``(chains, 2)``."""
    momentum = momentum + SIZE / 2 * slopes(x)
    for _ in range(STEPS):
        x = x + SIZE * momentum
        momentum = momentum + SIZE * slopes(x)
    return x, momentum - SIZE / 2 * slopes(x)


def energy(x: Array, momentum: Array) -> Array:
    """Return potential and kinetic energy of each chain."""
    return np.sum(momentum**2, axis=1) / 2 - heights(x)


x, draws, accepted = rng.normal(size=(CHAINS, 2)), [], []
for _ in range(DRAWS):
    kick = rng.normal(size=x.shape)
    end, momentum = roll(x, kick)
    gained = energy(end, momentum) - energy(x, kick)
    stays = np.log(rng.random(CHAINS)) < -gained
    x = np.where(stays[:, np.newaxis], end, x)
    draws.append(x)
    accepted.append(stays.mean())

sample = np.concatenate(draws[20:])
print(f"{np.mean(accepted):.0%} accepted")
print(f"mean {sample.mean(axis=0).round(3).tolist()}, in truth [0, 0.5]")
print(f"covariance {np.cov(sample.T).round(3).tolist()}, in truth [[1, 0], [0, 0.86]]")

plt.figure(figsize=(6, 3.5), layout="constrained")
plt.plot(*sample[::20].T, ".", color="#9ecae1", markersize=2)
plt.plot(*np.array(draws[20:32])[:, 0].T, "o-", color="#d95f02", linewidth=1)
plt.title("draws of all chains, and the way of one")
plt.savefig("hamiltonian.png")
