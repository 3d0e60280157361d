"""Optimizers as their documentation says, in plain NumPy: what they are compared with."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def sgd(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of SGD, as its documentation says."""
    o: dict[str, Any] = {
        "lr": 1e-3,
        "momentum": 0,
        "dampening": 0,
        "weight_decay": 0,
        "nesterov": False,
        "maximize": False,
    } | options
    b = None
    for g in gradients:
        g = (-g if o["maximize"] else g) + o["weight_decay"] * p
        if o["momentum"]:
            b = g if b is None else o["momentum"] * b + (1 - o["dampening"]) * g
            g = g + o["momentum"] * b if o["nesterov"] else b
        p = p - o["lr"] * g
    return p


def adam(p: Array, gradients: list[Array], *, decoupled: bool = False, **options: Any) -> Array:
    """Take the steps of Adam, as its documentation says."""
    o: dict[str, Any] = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": False, "maximize": False}
    o = o | {"weight_decay": 1e-2 if decoupled else 0} | options
    m = v = largest = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        g = -g if o["maximize"] else g
        if decoupled:
            p = p * (1 - o["lr"] * o["weight_decay"])
        else:
            g = g + o["weight_decay"] * p
        m = o["betas"][0] * m + (1 - o["betas"][0]) * g
        v = o["betas"][1] * v + (1 - o["betas"][1]) * g * g
        largest = np.maximum(largest, v)
        size = np.sqrt(largest if o["amsgrad"] else v) / np.sqrt(1 - o["betas"][1] ** t) + o["eps"]
        p = p - o["lr"] * (m / (1 - o["betas"][0] ** t)) / size
    return p


def adamw(p: Array, gradients: list[Array], **options: Any) -> Array:
    return adam(p, gradients, decoupled=True, **options)


def nadam(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of NAdam, as its documentation says."""
    o: dict[str, Any] = {"lr": 2e-3, "momentum_decay": 4e-3} | ADAM | options
    m = v = np.zeros_like(p)

    def mu(t: int) -> float:
        return float(o["betas"][0] * (1 - 0.96 ** (t * o["momentum_decay"]) / 2))

    product = 1.0
    for t, g in enumerate(gradients, 1):
        p, g = decayed(o, p, g)
        m, v = means(o, m, v, g)
        product *= mu(t)
        a, b = mu(t + 1) / (1 - product * mu(t + 1)), (1 - mu(t)) / (1 - product)
        p = p - o["lr"] * (a * m + b * g) / (np.sqrt(v / (1 - o["betas"][1] ** t)) + o["eps"])
    return p


def radam(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of RAdam, as its documentation says."""
    o: dict[str, Any] = {"lr": 1e-3} | ADAM | options
    m = v = np.zeros_like(p)
    most = 2 / (1 - o["betas"][1]) - 1
    for t, g in enumerate(gradients, 1):
        p, g = decayed(o, p, g)
        m, v = means(o, m, v, g)
        decay = o["betas"][1] ** t
        r = most - 2 * t * decay / (1 - decay)
        step = o["lr"] * m / (1 - o["betas"][0] ** t)
        if r > 5:
            k = np.sqrt((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r))
            step = step * k * np.sqrt(1 - decay) / (np.sqrt(v) + o["eps"])
        p = p - step
    return p


def adamax(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of Adamax, as its documentation says."""
    o: dict[str, Any] = {"lr": 2e-3} | ADAM | options
    m = u = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        p, g = decayed(o, p, g)
        m = o["betas"][0] * m + (1 - o["betas"][0]) * g
        u = np.maximum(o["betas"][1] * u, abs(g) + o["eps"])
        p = p - o["lr"] / (1 - o["betas"][0] ** t) * m / u
    return p


def adagrad(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of Adagrad, as its documentation says."""
    o: dict[str, Any] = {"lr": 1e-2, "lr_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10} | DECAY | options
    h = np.full_like(p, o["initial_accumulator_value"])
    for t, g in enumerate(gradients, 1):
        p, g = decayed(o, p, g)
        h = h + g * g
        p = p - o["lr"] / (1 + (t - 1) * o["lr_decay"]) * g / (np.sqrt(h) + o["eps"])
    return p


def rmsprop(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of RMSprop, as its documentation says."""
    o: dict[str, Any] = {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "momentum": 0, "centered": False} | DECAY | options
    v = mean = b = np.zeros_like(p)
    for g in gradients:
        p, g = decayed(o, p, g)
        v = o["alpha"] * v + (1 - o["alpha"]) * g * g
        mean = o["alpha"] * mean + (1 - o["alpha"]) * g
        b = o["momentum"] * b + g / (np.sqrt(v - mean**2 if o["centered"] else v) + o["eps"])
        p = p - o["lr"] * b
    return p


def adadelta(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of Adadelta, as its documentation says."""
    o: dict[str, Any] = {"lr": 1.0, "rho": 0.9, "eps": 1e-6} | DECAY | options
    v = u = np.zeros_like(p)
    for g in gradients:
        p, g = decayed(o, p, g)
        v = o["rho"] * v + (1 - o["rho"]) * g * g
        d = np.sqrt(u + o["eps"]) / np.sqrt(v + o["eps"]) * g
        u = o["rho"] * u + (1 - o["rho"]) * d * d
        p = p - o["lr"] * d
    return p


DECAY = {"weight_decay": 0, "maximize": False, "decoupled_weight_decay": False}
ADAM = DECAY | {"betas": (0.9, 0.999), "eps": 1e-8}


def decayed(o: dict[str, Any], p: Array, g: Array) -> tuple[Array, Array]:
    """Return the parameter and the gradient after weight decay."""
    g = -g if o["maximize"] else g
    if o["decoupled_weight_decay"]:
        return p * (1 - o["lr"] * o["weight_decay"]), g
    return p, g + o["weight_decay"] * p


def means(o: dict[str, Any], m: Array, v: Array, g: Array) -> tuple[Array, Array]:
    """Return the running means of Adam."""
    (one, two) = o["betas"]
    return one * m + (1 - one) * g, two * v + (1 - two) * g * g


REFERENCES: dict[str, Callable[..., Array]] = {
    "SGD": sgd,
    "Adam": adam,
    "AdamW": adamw,
    "NAdam": nadam,
    "RAdam": radam,
    "Adamax": adamax,
    "Adagrad": adagrad,
    "RMSprop": rmsprop,
    "Adadelta": adadelta,
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-2}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.5)}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "betas": (0.9, 0.5)}),
    ("Adam", {"lr": 0.1, "maximize": True, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.1, "amsgrad": True, "betas": (0.9, 0.5), "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-2, "momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-2, "weight_decay": 0.1, "maximize": True}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.5), "weight_decay": 0.3, "decoupled_weight_decay": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-2, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-2}),
    ("Adagrad", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.9, "centered": True, "eps": 1e-2, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.9, "maximize": True}),
    ("RMSprop", {"lr": 1e-3, "alpha": 0.9, "momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.5, "eps": 1e-2, "weight_decay": 0.1, "maximize": True}),
]
