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


def asgd(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of ASGD, as its documentation says."""
    o: dict[str, Any] = {"lr": 1e-2, "lambd": 1e-4, "alpha": 0.75} | DECAY | options
    eta = o["lr"]
    for t, g in enumerate(gradients, 1):
        p, g = decayed(o, p, g)
        p = p - eta * o["lambd"] * p - eta * g
        eta = o["lr"] / (1 + o["lambd"] * o["lr"] * t) ** o["alpha"]
    return p


def rprop(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of Rprop, as its documentation says."""
    o: dict[str, Any] = {"lr": 1e-2, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50), "maximize": False} | options
    h, n = np.zeros_like(p), np.full_like(p, o["lr"])
    for g in gradients:
        g = -g if o["maximize"] else g
        n = np.clip(n * np.where(g * h > 0, o["etas"][1], np.where(g * h < 0, o["etas"][0], 1)), *o["step_sizes"])
        h = np.where(g * h < 0, 0, g)
        p = p - n * np.sign(h)
    return p


def lion(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of algorithm 2 of the paper about Lion."""
    o: dict[str, Any] = {"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0, "maximize": False} | options
    (beta1, beta2), m = o["betas"], np.zeros_like(p)
    for g in gradients:
        g = -g if o["maximize"] else g
        c = beta1 * m + (1 - beta1) * g
        p = p - o["lr"] * (np.sign(c) + o["weight_decay"] * p)
        m = beta2 * m + (1 - beta2) * g
    return p


def adafactor(p: Array, gradients: list[Array], **options: Any) -> Array:
    """Take the steps of Adafactor, as its documentation says, for a matrix or less."""
    o: dict[str, Any] = {"lr": 1e-2, "beta2_decay": -0.8, "eps": (None, 1e-3), "d": 1, "weight_decay": 0}
    o = o | {"maximize": False} | options
    r = c = v = np.float64(0)
    least = np.finfo(p.dtype).eps if o["eps"][0] is None else o["eps"][0]
    for t, g in enumerate(gradients, 1):
        part, size = t ** o["beta2_decay"], np.sqrt(np.mean(p * p))
        p = p * (1 - o["lr"] * o["weight_decay"])
        if p.ndim < 2:
            v = (1 - part) * v + part * g * g
        else:
            r = (1 - part) * r + part * (g * g).mean(-1, keepdims=True)
            c = (1 - part) * c + part * (g * g).mean(-2, keepdims=True)
            v = r * c / np.maximum(np.mean(r), least)
        u = (-g if o["maximize"] else g) / np.sqrt(np.maximum(v, least**2))
        step = min(o["lr"], 1 / np.sqrt(t)) * max(o["eps"][1], size)
        p = p - step * u / max(1, np.sqrt(np.mean(u * u)) / o["d"])
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
    "ASGD": asgd,
    "Rprop": rprop,
    "Lion": lion,
    "Adafactor": adafactor,
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
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.25, 2.0), "step_sizes": (0.05, 0.5), "maximize": True}),
    ("Lion", {}),
    ("Lion", {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.3, "maximize": True}),
    ("Adafactor", {"lr": 0.1, "eps": (1e-2, 0.1), "d": 2.0, "weight_decay": 0.1, "maximize": True}),
]
