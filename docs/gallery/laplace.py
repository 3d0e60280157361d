"""Laplace's approximation: the risk that cold breaks the seals of a rocket.

Before the Challenger started at 31 °F, seals had been damaged in 7 of 23 flights (Dalal,
Fowlkes and Hoadley, "Risk analysis of the space shuttle", Journal of the American
Statistical Association 84, 1989). The posterior of a logistic regression is taken to be a
normal distribution, whose covariance is the inverse of the Hessian at the peak.
"""

import matplotlib.pyplot as plt
import numpy as np

from autograd import hessian, vmap
from autograd.scipy.optimize import minimize

Array = np.ndarray
damaged = np.array([53, 57, 58, 63, 70, 70, 75])  # the temperatures of flights, in °F
intact = np.array([66, 67, 67, 67, 68, 69, 70, 70, 72, 73, 75, 76, 76, 78, 79, 81])


def log_odds(w: Array, temperature: Array) -> Array:
    """Return the logarithm of the odds of damage."""
    return w[0] + w[1] * (temperature - 70) / 10


def log_posterior(w: Array) -> Array:
    """Return the log density of w, up to a constant; a priori it has deviation 5."""
    surprises = np.append(-log_odds(w, damaged), log_odds(w, intact))
    return -np.logaddexp(0, surprises).sum() - np.sum(w**2) / (2 * 5**2)


peak = minimize(lambda w: -log_posterior(w), np.zeros(2), method="trust-exact").x
covariance = np.linalg.inv(-hessian(log_posterior)(peak))
log_evidence = log_posterior(peak) + 0.5 * np.linalg.slogdet(covariance / 5**2)[1]

draws = np.random.default_rng(0).multivariate_normal(peak, covariance, size=2000)
temperatures = np.linspace(30, 85, 111)
risk = 1 / (1 + np.exp(-log_odds(draws.T[..., np.newaxis], temperatures)))
low, middle, high = np.quantile(risk, [0.05, 0.5, 0.95], axis=0)
print(f"per 10 °F warmer: {peak[1]:.2f} ± {covariance[1, 1] ** 0.5:.2f} in log odds")
print(f"at 31 °F: risk {risk[:, 2].mean():.3f}, with 95 % above {low[2]:.2f}")

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
grid = np.array(np.meshgrid(np.linspace(-3, 1, 90), np.linspace(-5, 0.5, 90)))
exact = vmap(log_posterior)(grid.reshape(2, -1).T).reshape(90, 90)
apart = np.moveaxis(grid, 0, -1) - peak
normal = -0.5 * np.sum(apart @ np.linalg.inv(covariance) * apart, axis=-1)
levels = np.arange(0.1, 1.1, 0.15)
left.contourf(*grid, np.exp(exact - exact.max()), levels, cmap="Blues")
left.contour(*grid, np.exp(normal), levels=[0.1, 0.4, 0.7], colors="#d95f02")
left.set(title="posterior: exact, and Laplace's", xlabel="log odds", ylabel="per 10 °F")
right.fill_between(temperatures, low, high, color="#9ecae1")
right.plot(temperatures, middle, color="#08519c")
right.plot(damaged, 0 * damaged + 1, "kx", intact, 0 * intact, "k.")
right.axvline(31, color="#d95f02")
right.set(title="probability of damage", xlabel="temperature in °F")
figure.savefig("laplace.png")
