"""A user's program with types: tensors, gradients, a model, two ways to train it, an operation of one's own."""

from typing import Any

import numpy as np

import nn
from autograd import Tensor, Value, checkpoint, elementwise, grad, gradients, no_grad, tensor, value_and_grad
from datasets import make_moons, train_test_split
from nn import functional

Array = np.ndarray[Any, Any]


def bell(x: Array) -> Array:
    out: Array = np.exp(-x * x)
    return out


def bell_rule(g: Array, x: Array, out: Array) -> Array:
    return -2 * g * x * out


gaussian = elementwise(bell, bell_rule, name="gaussian")


class Network(nn.Module):
    def __init__(self, features: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, hidden)
        self.dropout = nn.Dropout(0.1)
        self.second = nn.Linear(hidden, classes)
        self.register_buffer("shift", np.zeros(classes, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.second(self.dropout(gaussian(self.first.forward(x))))
        return scores + self.shift


def squared_error(line: dict[str, Tensor], x: Array, y: Array) -> Tensor:
    return ((line["slope"] * x + line["offset"] - y) ** 2).mean()


def cube(t: Tensor) -> Tensor:
    return t**3


def of_tensors() -> float:
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x.reshape(4).clip(0, 3).exp().sum(axis=0, keepdims=True)
    z = (x @ x.T)[0, 1:].mean() + y.max() - functional.softmax(x, dim=1).std(axis=0, ddof=1).sum()
    z.backward(retain_graph=True)
    (again,) = gradients(z, x)
    rows, columns = x.shape
    return float((x.grad - again).norm()) + rows * columns + int(x.argmax(axis=1)[0])


def of_functions() -> float:
    line = {"slope": np.zeros(()), "offset": np.zeros(())}
    x = np.linspace(0.0, 1.0, 20)
    loss, found = value_and_grad(squared_error)(line, x, 3 * x + 1)
    line = {name: line[name] - 0.5 * found[name] for name in line}
    slope: float = grad(cube)(2.0)
    return slope + float(line["slope"]) + float(loss) + (Value(2.0) * 3 + 1).data


@no_grad()
def accuracy(model: nn.Module, X: Array, labels: Array) -> float:
    scores: Tensor = model(X)
    return float((scores.argmax(axis=1) == labels).mean())


def in_a_loop(model: Network, X: Array, labels: Array, epochs: int) -> list[float]:
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05, betas=(0.9, 0.99))
    scheduler = nn.optim.lr_scheduler.StepLR(optimizer, step_size=10)
    losses: list[float] = []
    model.train()
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = functional.cross_entropy(checkpoint(model.forward, tensor(X)), labels)
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
    loss = nn.CrossEntropyLoss()
    history = nn.fit(model, (X_train, y_train), loss, optimizer, epochs=2, metrics=["accuracy"], verbose=False)
    scores = nn.predict(model, X_test)
    print(accuracy(model, X_test, y_test), len(history), losses, scores.shape, of_tensors(), of_functions())


if __name__ == "__main__":
    main()
