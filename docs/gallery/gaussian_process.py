"""Gaussian process: a function and its slope, from noisy values, and how far they are known.

The kernel maximises the density of the data; its derivatives are the covariances of the slope.
"""

import matplotlib.pyplot as plt
import numpy as np

from autograd import grad, vmap
from autograd.scipy.optimize import minimize

Array = np.ndarray
rng = np.random.default_rng(1)
x, points = np.append(rng.uniform(-3, 0, 18), rng.uniform(1.2, 3, 12)), np.linspace(-3.5, 3.5, 141)
y = np.sin(2 * x) + 0.3 * x + rng.normal(0, 0.15, x.size)


def kernel(a: Array, b: Array, p: dict[str, Array]) -> Array:
    """Return the covariance of the function's values at two numbers; p holds logarithms."""
    return np.exp(2 * p["height"] - 0.5 * ((a - b) / np.exp(p["width"])) ** 2)


of_pairs = vmap(vmap(kernel, in_axes=(None, 0, None)), in_axes=(0, None, None))
slope_with_value = vmap(vmap(grad(kernel), in_axes=(None, 0, None)), in_axes=(0, None, None))
slope_with_itself = vmap(grad(grad(kernel, 0), 1), in_axes=(0, 0, None))


def of_data(p: dict[str, Array]) -> Array:
    """Return the covariance matrix of the noisy values."""
    return of_pairs(x, x, p) + np.exp(2 * p["noise"]) * np.eye(x.size)


def surprise(p: dict[str, Array]) -> Array:
    """Return minus the log density of the values."""
    factor = np.linalg.cholesky(of_data(p))
    white = np.linalg.solve(factor, y)
    return white @ white / 2 + np.log(np.diag(factor)).sum() + x.size / 2 * np.log(2 * np.pi)


def posterior(variances: Array, with_data: Array) -> tuple[Array, Array]:
    """Return means and standard deviations at points, given the prior's covariances."""
    weights = np.linalg.solve(of_data(fitted), with_data.T)
    return y @ weights, np.sqrt(variances - np.sum(with_data.T * weights, axis=0))


fitted = minimize(surprise, {"height": 0.0, "width": 0.0, "noise": -1.0}).x
value = posterior(np.diag(of_pairs(points, points, fitted)), of_pairs(points, x, fitted))
slope = posterior(slope_with_itself(points, points, fitted), slope_with_value(points, x, fitted))

truths = np.sin(2 * points) + 0.3 * points, 2 * np.cos(2 * points) + 0.3
axes = plt.figure(figsize=(8, 3), layout="constrained").subplots(1, 2)
for ax, (mean, spread), truth in zip(axes, (value, slope), truths, strict=True):
    ax.fill_between(points, mean - 2 * spread, mean + 2 * spread, color="#9ecae1")
    ax.plot(points, mean, "#08519c", points, truth, "k--", linewidth=1.2)
axes[0].plot(x, y, ".", color="#d95f02")
axes[0].set_title("the function, of which the dots are known")
axes[1].set_title("its slope")
plt.savefig("gaussian_process.png")
