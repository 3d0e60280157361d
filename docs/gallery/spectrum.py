"""Parameters as one vector, for SciPy: three peaks of a spectrum, fitted with their errors.

A model names its parameters in a dict, SciPy's functions want a vector. `flatten` returns the one
as the other, and the function that goes back.
"""

import matplotlib.pyplot as plt
import numpy as np
from autograd.misc import flatten
from scipy.optimize import minimize

from autograd import hessian, value_and_grad

Array = np.ndarray
channels = np.arange(200.0)
truth = {
    "height": np.array([80.0, 50.0, 30.0]),
    "centre": np.array([55.0, 68.0, 130.0]),
    "width": np.array([4.0, 6.0, 10.0]),
    "background": np.array([20.0, -0.08]),
}


def expected(p: dict[str, Array]) -> Array:
    """Return the expected counts of all channels: Gaussian peaks on a straight line."""
    peaks = p["height"] * np.exp(-0.5 * ((channels[:, None] - p["centre"]) / p["width"]) ** 2)
    return peaks.sum(axis=1) + p["background"][0] + p["background"][1] * channels


def loss(vector: Array) -> Array:
    """Return minus the log likelihood of the counts, which are Poisson, up to a constant."""
    mean = np.maximum(expected(unflatten(vector)), 1e-3)
    return np.sum(mean - counts * np.log(mean))


counts = np.random.default_rng(0).poisson(expected(truth))
guess = {
    "height": np.array([50.0, 50.0, 50.0]),
    "centre": np.array([50.0, 75.0, 125.0]),
    "width": np.array([5.0, 5.0, 5.0]),
    "background": np.array([10.0, 0.0]),
}
start, unflatten = flatten(guess)
found = minimize(value_and_grad(loss), start, jac=True, hess=hessian(loss), method="trust-exact")
best = unflatten(found.x)
error = unflatten(np.sqrt(np.diag(np.linalg.inv(hessian(loss)(found.x)))))
print(f"{found.nit} iterations")
for name in truth:
    print(f"{name:10}  {best[name].round(2)} ± {error[name].round(2)}, in truth {truth[name]}")

plt.figure(figsize=(7, 3), layout="constrained")
plt.step(channels, counts, where="mid", color="#9ecae1")
plt.plot(channels, expected(guess), "--", color="grey")
plt.plot(channels, expected(best), color="#08519c")
plt.xlabel("channel"), plt.ylabel("counts")
plt.savefig("spectrum.png")
