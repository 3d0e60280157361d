"""Per-sample gradients: find the wrong labels among a thousand handwritten digits.

A digit whose label contradicts the others pulls hard at the parameters. `grad` is of the
loss of one digit, and `vmap` computes it for all of them at once.
"""

import matplotlib.pyplot as plt
import numpy as np

import nn
from autograd import grad, vmap
from datasets import load_mnist

Array = np.ndarray
rng = np.random.default_rng(0)
images, truth = (part[:1000] for part in load_mnist()[0])
wrong = rng.choice(1000, size=40, replace=False)
labels = truth.copy()
labels[wrong] = (truth[wrong] + rng.integers(1, 10, size=40)) % 10

nn.manual_seed(0)
model = nn.MLP([784, 16, 10], nn.Tanh)
optimizer = nn.optim.Adam(model.parameters(), lr=0.003)
nn.fit(model, (images, labels), nn.CrossEntropyLoss(), optimizer, epochs=8, verbose=False)


def loss(parameters: dict[str, Array], image: Array, label: Array) -> Array:
    """Return the loss of one digit."""
    scores = nn.functional_call(model, parameters, image)
    return nn.functional.cross_entropy(scores, label)


def length(parameters: dict[str, Array], image: Array, label: Array) -> Array:
    """Return the Euclidean norm of the gradient of one digit's loss."""
    gradient = grad(loss)(parameters, image, label)
    return np.sqrt(sum(np.sum(g**2) for g in gradient.values()))


parameters = model.state_dict()
lengths = vmap(length, in_axes=(None, 0, 0))(parameters, images, labels)
order = np.argsort(-lengths)
found = np.isin(order[:40], wrong).sum()
print(f"{found} of the 40 wrong labels are among the 40 with the largest gradients")

figure, axes = plt.subplots(2, 10, figsize=(8, 2.1), layout="constrained")
for ax, row in zip(axes.flat, order, strict=False):
    ax.imshow(images[row].reshape(28, 28), cmap="gray_r")
    ax.set_title(labels[row], color="#d95f02" if row in wrong else "black")
    ax.axis("off")
figure.savefig("per_sample.png")
