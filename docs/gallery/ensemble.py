"""Functional models: twenty networks, trained together, disagree where there are no data.

`nn.stack_parameters` stacks the parameters of all networks along a new axis. A network as
a function of its parameters is `nn.functional_call`, and `vmap` calls it for all.
"""

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import vmap

Array = np.ndarray
rng = np.random.default_rng(0)
x = np.append(rng.uniform(-3, -0.8, 30), rng.uniform(1.2, 2.5, 20))[:, np.newaxis]
y = np.sin(2 * x) + rng.normal(0, 0.1, x.shape)
points = np.linspace(-3.6, 3.2, 171)[:, np.newaxis]

nn.manual_seed(0)
models = [nn.MLP([1, 32, 32, 1], nn.SiLU, dtype=np.float64) for _ in range(20)]
stacked = {name: nn.Parameter(2 * w) for name, w in nn.stack_parameters(models).items()}


def predict(parameters: dict[str, Array], x: Array) -> Array:
    """Return what the network with these parameters gives at x."""
    return nn.functional_call(models[0], parameters, x)


def loss(parameters: dict[str, Array]) -> Array:
    """Return the loss of one network."""
    return nn.functional.mse_loss(predict(parameters, x), y)


optimizer = nn.optim.Adam(stacked.values(), lr=0.01)
for _ in range(300):
    optimizer.zero_grad()
    vmap(loss)(stacked).sum().backward()
    optimizer.step()

curves = vmap(predict, in_axes=(0, None))(stacked, points).numpy()[..., 0]
mean, spread = curves.mean(axis=0), curves.std(axis=0)

plt.figure(figsize=(7, 3), layout="constrained")
plt.fill_between(points[:, 0], mean - 2 * spread, mean + 2 * spread, color="#9ecae1")
plt.plot(points, curves.T, color="#08519c", linewidth=0.4)
plt.plot(points, np.sin(2 * points), "k--", linewidth=1)
plt.plot(x, y, ".", color="#d95f02")
plt.ylim(-2.5, 2)
plt.savefig("ensemble.png")
