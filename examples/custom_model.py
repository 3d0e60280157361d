"""A custom model and a custom operation: a Gaussian bump, checked, and a network of bumps that learns a curve.

Run it with ``python -m examples.custom_model``; it takes a second.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import Tensor, elementwise, gradcheck, gradgradcheck

Floats = NDArray[np.float32]

# An operation is a NumPy function and its derivative: g, the gradient of the output, times d(out)/dx. The names of the
# parameters tell what the rule needs. It works on tensors, arrays and scalars, and can be differentiated again.
gaussian = elementwise(lambda x: np.exp(-x * x), lambda g, out, x: -2 * g * x * out, name="gaussian")


class Bumps(nn.Module):
    """A sum of bumps of learned position, width and height: numbers, shape (n,), in and out."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.place = nn.Parameter(np.linspace(-3, 3, count))
        self.width, self.height = nn.Parameter(np.ones(count)), nn.Parameter(np.zeros(count))

    def forward(self, x: Tensor | Floats) -> Tensor:
        """Evaluate the sum at each number of `x`."""
        out: Tensor = gaussian((x[:, None] - self.place) / self.width) @ self.height
        return out


def train(model: nn.Module, x: Floats, y: Floats, steps: int) -> None:
    """Fit the model to points of a curve."""
    optimizer, loss_function = nn.optim.Adam(model.parameters(), lr=0.03), nn.MSELoss()
    for step in range(steps + 1):
        loss = loss_function(model(x), y)
        if step % (steps // 5) == 0:
            print(f"step {step:4}: loss {loss.item():.6f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def main() -> None:
    """Check the operation, train the model, and show what it learned."""
    print("first derivatives:", gradcheck(gaussian, np.linspace(-2, 2, 9)))
    print("second derivatives:", gradgradcheck(gaussian, np.linspace(-2, 2, 9)))
    x = np.linspace(-3, 3, 200, dtype=np.float32)
    y = np.sin(2 * x) + 0.3 * x
    model = Bumps(12)
    train(model, x, y, 1000)
    for i in (50, 100, 150):
        print(f"at {x[i]:6.3f}: {model(x[i : i + 1]).item():7.4f}, the curve is {y[i]:7.4f}")


if __name__ == "__main__":
    argparse.ArgumentParser("python -m examples.custom_model", description=__doc__).parse_args()
    main()
