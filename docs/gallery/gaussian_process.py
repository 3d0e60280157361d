"""Gaussian process: a function and its slope from noisy values, with error bars.

The kernel is the likeliest one, and its derivatives are the covariances of the slope.
"""

import matplotlib.pyplot as plt
import numpy as np

from autograd import grad, vmap
from autograd.scipy.optimize import minimize

Array = np.ndarray
rng = np.random.default_rng(1)
x = np.append(rng.uniform(-3, 0, 18), rng.uniform(1.2, 3, 12))
y = np.sin(2 * x) + 0.3 * x + rng.normal(0, 0.15, x.size)
grid = np.linspace(-3.5, 3.5, 141)


def kernel(a: Array, b: Array, p: dict[str, Array]) -> Array:
    """Return the covariance of two values of the function; p has logarithms."""
    return np.exp(2 * p["height"] - 0.5 * ((a - b) / np.exp(p["width"])) ** 2)


of_pairs = vmap(vmap(kernel, (None, 0, None)), (0, None, None))
slope_with_values = vmap(vmap(grad(kernel), (None, 0, None)), (0, None, None))
slope_with_itself = vmap(grad(grad(kernel, 0), 1), (0, 0, None))


def of_data(p: dict[str, Array]) -> Array:
    """Return the covariance matrix of the noisy values."""
    return of_pairs(x, x, p) + np.exp(2 * p["noise"]) * np.eye(x.size)


def surprise(p: dict[str, Array]) -> Array:
    """Return minus the log density of the values."""
    factor = np.linalg.cholesky(of_data(p))
    white = np.linalg.solve(factor, y)
    return white @ white / 2 + np.sum(np.log(np.diag(factor) * np.sqrt(2 * np.pi)))


def posterior(variances: Array, with_data: Array) -> tuple[Array, Array]:
    """Return means and standard deviations on the grid, given the prior's covariances."""
    weights = np.linalg.solve(of_data(best), with_data.T)
    return y @ weights, np.sqrt(variances - np.sum(with_data.T * weights, axis=0))


best = minimize(surprise, {"height": 0.0, "width": 0.0, "noise": -1.0}).x
value = posterior(np.exp(2 * best["height"]), of_pairs(grid, x, best))
slope = posterior(slope_with_itself(grid, grid, best), slope_with_values(grid, x, best))

truths = np.sin(2 * grid) + 0.3 * grid, 2 * np.cos(2 * grid) + 0.3
axes = plt.figure(figsize=(8, 3), layout="constrained").subplots(1, 2)
for ax, (mean, spread), truth in zip(axes, (value, slope), truths, strict=True):
    ax.fill_between(grid, mean - 2 * spread, mean + 2 * spread, color="#9ecae1")
    ax.plot(grid, mean, "#08519c", grid, truth, "k--", linewidth=1.2)
axes[0].plot(x, y, ".", color="#d95f02")
axes[0].set_title("the function, of which the dots are known")
axes[1].set_title("its slope")
plt.savefig("gaussian_process.png")
