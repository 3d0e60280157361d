"""Engines: functions of other libraries, checked by way of NumPy arrays.

An engine computes a function of its own arrays, and the gradients that cotangents pull back: a vector-Jacobian product
of NumPy arrays is all that a check needs.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograd import DtypeError
from autograd.inside import check_option

from .subject import Array, Subject, listed

Arrays = Sequence[Array]
Engine = Callable[[Callable[..., Any], Arrays, Arrays | None], tuple[Arrays, Arrays]]

LEFT_OUT = (
    "derivatives of second order, forward mode, threads, vmap and compile were not checked: the function is one of "
    "another engine"
)

FEW_OF_JAX = "few shapes were tried, as JAX compiles for each: signature= and like= say which matter"


class Foreign:
    """A function of the arrays of an engine, as one of NumPy arrays."""

    def __init__(self, fn: Callable[..., object], engine: Engine) -> None:
        self.fn, self.engine = fn, engine

    def __call__(self, *arrays: Array) -> list[Array]:
        """Return the outputs that hold floating-point numbers."""
        return self._run(arrays, None)[0]

    def pulled(self, arrays: Arrays, cotangents: Arrays) -> list[Array]:
        """Return the gradient of each input, for a cotangent of each of these outputs."""
        gradients = self._run(arrays, cotangents)[1]
        if len(gradients) != len(arrays):
            raise TypeError(f"the engine returned {len(gradients)} gradients for {len(arrays)} inputs")
        return gradients

    def _run(self, arrays: Arrays, cotangents: Arrays | None) -> tuple[list[Array], list[Array]]:
        try:
            outputs, gradients = self.engine(self.fn, arrays, cotangents)
        except RuntimeError as error:  # what PyTorch raises where others raise ValueError or TypeError
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return list(map(np.array, outputs)), list(map(np.array, gradients))


class ForeignSubject(Subject):
    """A function of another engine under test: arrays are its tensors, and the engine its graph."""

    def __init__(self, fn: Foreign, given: Arrays) -> None:
        super().__init__(fn, given)
        self.foreign = fn
        self.is_composed = False  # what another engine records is not known

    def inputs(self, arrays: Arrays) -> list[Any]:
        """Return copies."""
        return [np.array(a) for a in arrays]

    def laid_out(self, like: object, array: object) -> Any:
        return array

    def apply(self, inputs: Sequence[Any]) -> list[Any]:
        outputs = self.foreign(*inputs)
        if not outputs:
            raise DtypeError("the engine returned no outputs of floating-point numbers")
        return outputs

    def pulled(self, inputs: Sequence[Any], outputs: Sequence[object], cotangents: Arrays) -> list[Array]:
        """Return the gradients that the engine computes, with the outputs anew.

        Elsewhere a cotangent of 0 times an infinite slope is nan, by convention; 0 is returned for it, as here.
        """
        found = self.foreign.pulled(inputs, cotangents)
        if all(np.all(w != 0) for w in cotangents) or not any(np.any(np.isnan(g)) for g in found):
            return found
        slopes = self.foreign.pulled(inputs, [np.where(w == 0, np.ones_like(w), w) for w in cotangents])
        return [np.where(np.isnan(g) & np.isinf(s), np.zeros_like(g), g) for g, s in zip(found, slopes, strict=True)]


def engine_of(engine: str | Engine) -> Engine:
    """Return the engine of this name, or the callable itself."""
    if callable(engine):
        return engine
    check_option("check", "engine", engine, tuple(_ENGINES))
    return _ENGINES[engine]


def _torch(fn: Callable[..., object], arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
    import torch

    inputs = [_torch_tensor(x).requires_grad_(cotangents is not None) for x in arrays]
    outputs = [y for y in listed(fn(*inputs)) if y.is_floating_point() or y.is_complex()]
    values = [y.numpy(force=True) for y in outputs]
    if cotangents is None:
        return values, []
    live = [(y, _torch_tensor(w)) for y, w in zip(outputs, cotangents, strict=True) if y.requires_grad]
    if not live:
        return values, [np.zeros_like(x) for x in arrays]
    ys, ws = zip(*live, strict=True)
    found = torch.autograd.grad(ys, inputs, ws, allow_unused=True)
    return values, [np.zeros_like(x) if g is None else g.numpy(force=True) for x, g in zip(arrays, found, strict=True)]


def _torch_tensor(array: Array) -> Any:
    """Return a tensor of the same memory; of a copy, where PyTorch knows no such layout."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the array is read-only
        return torch.from_numpy(np.array(array) if any(stride < 0 for stride in array.strides) else np.asarray(array))


# JAX and HIPS autograd transpose a Jacobian of complex numbers without conjugating it.


def _jax(fn: Callable[..., object], arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
    import jax

    with jax.enable_x64(True):
        inputs = [jax.numpy.array(x) for x in arrays]
        given = cotangents and [jax.numpy.array(np.conj(w)) for w in cotangents]
        compiled, eager = _of_jax(fn)
        try:
            outputs, gradients = compiled(inputs, given)
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):  # what it does depends on its numbers
            outputs, gradients = eager(inputs, given)
        return outputs, [np.conj(g) for g in gradients]


@lru_cache(64)
def _of_jax(fn: Callable[..., object]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return a function of inputs and cotangents that gives outputs and gradients: compiled, and as it is."""
    import jax

    def floating(*inputs: Any) -> list[Any]:
        return [y for y in listed(fn(*inputs)) if jax.numpy.issubdtype(y.dtype, jax.numpy.inexact)]

    def both(inputs: Any, cotangents: Any) -> tuple[Any, Any]:
        if cotangents is None:
            return floating(*inputs), []
        outputs, pull = jax.vjp(floating, *inputs)
        return outputs, pull(cotangents)

    return jax.jit(both), both


def _autograd(fn: Callable[..., object], arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
    module = sys.modules.get("hips_autograd")
    if module is None:
        raise ImportError(
            'engine="hips" is HIPS autograd, whose package has the name of this one: load it under the name '
            "hips_autograd (sys.modules['hips_autograd'] = module), or give a callable as the engine, which returns "
            "(outputs, gradients) for (fn, arrays, cotangents)"
        )

    def flat(inputs: Any) -> Any:
        outputs = [y for y in listed(fn(*inputs)) if module.numpy.array(y).dtype.kind in "fc"]
        return module.numpy.concatenate([module.numpy.ravel(y) for y in outputs]) if len(outputs) > 1 else outputs[0]

    if cotangents is None:
        outputs = map(np.asarray, listed(fn(*arrays)))
        return [y for y in outputs if y.dtype.kind in "fc"], []
    given = np.concatenate([w.reshape(-1) for w in cotangents]) if len(cotangents) > 1 else cotangents[0]
    pull, output = module.core.make_vjp(flat, tuple(arrays))
    return [output], [np.conj(g) for g in pull(np.conj(given))]


def _mygrad(fn: Callable[..., object], arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
    import mygrad

    inputs = [mygrad.tensor(x) for x in arrays]
    outputs = [y for y in listed(fn(*inputs)) if y.dtype.kind in "fc"]
    if cotangents is not None:
        sum(mygrad.sum(y * w) for y, w in zip(outputs, cotangents, strict=True)).backward()
    gradients = [np.zeros_like(a) if x.grad is None else np.array(x.grad) for x, a in zip(inputs, arrays, strict=True)]
    return [np.array(y.data) for y in outputs], [] if cotangents is None else gradients


def _numpy(fn: Callable[..., Any], arrays: Arrays, cotangents: Arrays | None) -> tuple[Arrays, Arrays]:
    result, pull = fn(*arrays)
    outputs = [y for y in map(np.asarray, listed(result)) if y.dtype.kind in "fc"]
    return outputs, [] if cotangents is None else list(map(np.asarray, listed(pull(*cotangents))))


_ENGINES: dict[str, Engine] = {
    "torch": _torch, "jax": _jax, "autograd": _autograd, "hips": _autograd, "mygrad": _mygrad, "numpy": _numpy
}  # fmt: skip
