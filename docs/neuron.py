"""The neuron that the README draws and the site plays."""

from autograd import Value


def neuron() -> tuple[Value, dict[str, Value]]:
    """Return the output of a neuron of two inputs, and its inputs and weights by name."""
    x1, x2, w1, w2, b = Value(2.0), Value(0.5), Value(-3.0), Value(1.0), Value(6.8)
    return (x1 * w1 + x2 * w2 + b).tanh(), {"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": b}
