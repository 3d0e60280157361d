"""A program of a user's, with types: tensors, gradients, a model, two ways to train it, an operation of one's own."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import nn
from autograd import Tensor, checkpoint, elementwise, grad, gradients, no_grad, tensor, value_and_grad
from datasets import make_moons, train_test_split
from nn import functional as F

Array = np.ndarray[Any, Any]

gaussian = elementwise(lambda x: np.exp(-x * x), lambda g, x, out: -2 * g * x * out, name="gaussian")


class Network(nn.Module):
    """Two layers, with an activation of its own between them."""

    def __init__(self, features: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, hidden)
        self.dropout = nn.Dropout(0.1)
        self.second = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.dropout(gaussian(self.first.forward(x))))  # type: ignore[no-any-return]


@dataclass
class Line:
    slope: float
    offset: float


def squared_error(line: dict[str, Tensor], x: Array, y: Array) -> Tensor:
    return ((line["slope"] * x + line["offset"] - y) ** 2).mean()


def of_tensors() -> float:
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x.reshape(4).clip(0, 3).exp().sum(axis=0, keepdims=True)
    z = (x @ x.T)[0, 1:].mean() + y.max() - F.softmax(x, dim=1).std(axis=0, ddof=1).sum()
    z.backward(retain_graph=True)
    (again,) = gradients(z, x)
    rows, columns = x.shape
    largest: Array = x.data.argmax(axis=1)
    return float((x.grad - again).norm()) + rows * columns + int(largest[0]) + x.item() if x.size == 1 else 0.0


def of_functions() -> float:
    line = {"slope": np.zeros(()), "offset": np.zeros(())}
    x = np.linspace(0.0, 1.0, 20)
    for _ in range(50):
        loss, found = value_and_grad(squared_error)(line, x, 3 * x + 1)
        line = {name: line[name] - 0.5 * found[name] for name in line}
    slope: float = grad(lambda t: t**3)(2.0)
    return slope + float(line["slope"]) + float(loss)


@no_grad()
def accuracy(model: nn.Module, X: Array, labels: Array) -> float:
    scores: Tensor = model(X)
    return float((scores.argmax(axis=1) == labels).mean())


def in_a_loop(model: Network, X: Array, labels: Array, epochs: int) -> list[float]:
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05, betas=(0.9, 0.99))
    scheduler = nn.optim.lr_scheduler.StepLR(optimizer, step_size=10)
    loss_of = nn.CrossEntropyLoss()
    losses: list[float] = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss: Tensor = loss_of(checkpoint(model.forward, tensor(X)), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


def main() -> None:
    X, y = make_moons(80, seed=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25)
    model = Network(2, 8, 2)
    losses = in_a_loop(model, X_train, y_train, epochs=3)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    history = nn.fit(
        model, (X_train, y_train), nn.CrossEntropyLoss(), optimizer, epochs=2, batch_size=16, metrics=["accuracy"],
        validation=(X_test, y_test), verbose=False,
    )  # fmt: skip
    scores = nn.predict(model, X_test)
    print(accuracy(model, X_test, y_test), len(history), len(losses), scores.shape, of_tensors(), of_functions())


if __name__ == "__main__":
    main()
