"""Parameters as one vector, for SciPy: peaks of a spectrum, fitted with their errors.

A model names its parameters in a dict, SciPy's functions want a vector. `ravel_pytree`
returns the one as the other, and the function that goes back.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

from autograd import hessian, ravel_pytree, value_and_grad

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
    apart = (channels[:, np.newaxis] - p["centre"]) / p["width"]
    line = p["background"][0] + p["background"][1] * channels
    return np.exp(-(apart**2) / 2) @ p["height"] + line


def loss(vector: Array) -> Array:
    """Return minus the log likelihood of Poisson counts, up to a constant."""
    mean = np.maximum(expected(unravel(vector)), 1e-3)
    return np.sum(mean - counts * np.log(mean))


counts = np.random.default_rng(0).poisson(expected(truth))
guess = {
    "height": np.array([50.0, 50.0, 50.0]),
    "centre": np.array([50.0, 75.0, 125.0]),
    "width": np.array([5.0, 5.0, 5.0]),
    "background": np.array([10.0, 0.0]),
}
start, unravel = ravel_pytree(guess)
method = {"method": "trust-exact", "jac": True, "hess": hessian(loss)}
found = minimize(value_and_grad(loss), start, **method)
best = unravel(found.x)
error = unravel(np.sqrt(np.diag(np.linalg.inv(hessian(loss)(found.x)))))
print(f"{found.nit} iterations")
for name, true in truth.items():
    print(f"{name}: {best[name].round(2)} ± {error[name].round(2)}, in truth {true}")

plt.figure(figsize=(7, 3), layout="constrained")
plt.step(channels, counts, where="mid", color="#9ecae1")
plt.plot(channels, expected(guess), "--", color="grey")
plt.plot(channels, expected(best), color="#08519c")
plt.xlabel("channel"), plt.ylabel("counts")
plt.savefig("spectrum.png")
