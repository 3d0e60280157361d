"""The function under test: its inputs as tensors, its outputs as plain numbers, and the gradients of its graph."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, partial
from typing import Any

import numpy as np

from autograd import DtypeError, Tensor, gradients
from autograd.inside import Leaf, Node, ancestors, defined, differentiated, fronts, unmasked

Array = np.ndarray[Any, Any]

_silent: ContextVar[bool] = ContextVar("silent", default=False)
_noise: ContextVar[float] = ContextVar("noise", default=0.0)


class Subject:
    """A function, and copies of the inputs that it is differentiated with respect to."""

    def __init__(
        self,
        fn: Callable[..., object],
        given: Sequence[Any],
        names: Sequence[str] | None = None,
        output_name: str = "output",
    ) -> None:
        self.fn, self.given, self.output_name = fn, given, output_name
        names = [f"input {i}" for i in range(len(given))] if names is None else names
        self.positions = [i for i, x in enumerate(given) if _is_floating(x)]
        self.names = [names[i] for i in self.positions]
        self.arrays = [np.array(unmasked(array_of(given[i]))) for i in self.positions]
        if not self.positions:
            raise DtypeError(
                f"no input holds floating-point numbers, only {', '.join(map(_kind, given)) or 'nothing'}: there is "
                f"nothing to differentiate with respect to. Write 1.0 for 1, or x.astype(float) for x"
            )

    @cached_property
    def is_composed(self) -> bool:
        """Whether several operations are recorded: what each of them rounds, or loses, reaches the others."""
        with quiet():
            outputs = self.apply(self.inputs(self.arrays))
        return len(recorded_operations(outputs)) > 1

    def inputs(self, arrays: Sequence[Array]) -> list[Any]:
        """Return new inputs with the values of `arrays`, each of which requires a gradient."""
        return [self.laid_out(self.given[i], np.array(a)) for i, a in zip(self.positions, arrays, strict=True)]

    def laid_out(self, like: Any, array: Any) -> Any:
        """Return an input of the type of `like` that holds `array` itself, whatever its layout."""
        return type(like)(array.item()) if type(like) in fronts else Tensor(array, requires_grad=True)

    def call(self, inputs: Sequence[object]) -> object:
        """Return what the function returns."""
        arguments = list(self.given)
        for position, x in zip(self.positions, inputs, strict=True):
            arguments[position] = x
        return self.fn(*arguments)

    def apply(self, inputs: Sequence[object]) -> list[Any]:
        """Return the outputs that hold floating-point numbers."""
        with differentiated(x._node if isinstance(x, Tensor) else x for x in inputs):
            result = self.call(inputs)
        outputs = listed(result)
        floating = [y for y in outputs if _is_floating(y)]
        if not floating:
            found = ", ".join(str(getattr(y, "dtype", type(y).__name__)) for y in outputs)
            raise DtypeError(f"{defined(self.fn)} returned no floating-point numbers, only {found or 'nothing'}")
        return floating

    def outputs(self, arrays: Sequence[Array]) -> list[Array]:
        """Return copies of the outputs for `arrays`, as plain arrays."""
        return [np.array(array_of(y)) for y in self.apply(self.inputs(arrays))]

    def numbers(self, arrays: Sequence[Array]) -> Array:
        """Return the parts of all elements of all outputs for `arrays`, in one line, in double precision."""
        outputs = self.apply(self.inputs(arrays))
        return numbers_of([np.asarray(array_of(y)) for y in outputs])

    def pulled(self, inputs: Sequence[Any], outputs: Sequence[object], cotangents: Sequence[Array]) -> list[Array]:
        """Return the gradient of each input that the graph gives for `cotangents`, a gradient of each output."""
        live = [(y, w) for y, w in zip(outputs, cotangents, strict=True) if is_recorded(y)]
        if not live:
            return list(map(_zeros_like, inputs))
        if any(type(y) in fronts for y, _ in live):
            rows = [[slope * w for slope in _slopes(y, inputs)] for y, w in live]
            return [np.asarray(sum(column)) for column in zip(*rows, strict=True)]
        ys, ws = zip(*live, strict=True)
        pulled = gradients(ys, inputs, ws, retain_graph=True, allow_unused=True)
        return [_zeros_like(x) if g is None else g._array for x, g in zip(inputs, pulled, strict=True)]


def gradient_subject(first: Subject) -> Subject:
    """Return the function of the inputs and of a cotangent for each output that `backward` computes."""
    random = np.random.default_rng(0)
    cotangents = [np.asarray(normal(random, y), y.dtype) for y in first.outputs(first.arrays)]
    names = [*(first.names[first.positions.index(i)] if i in first.positions else "" for i in range(len(first.given)))]
    kind = "cotangent" if first.output_name == "output" else "further cotangent"
    names += [f"{kind} {k}" for k in range(len(cotangents))]
    second = Subject(partial(_gradients_of, first), [*first.given, *cotangents], names, "gradient")
    second.is_composed = first.is_composed
    return second


def _gradients_of(subject: Subject, *arguments: Any) -> list[Tensor]:
    """Return the gradients that the cotangents, which follow the inputs, pull back through the subject."""
    count = len(subject.given)
    inputs = [arguments[i] for i in subject.positions]
    outputs = subject.apply(inputs)
    live = [(y, g) for y, g in zip(outputs, arguments[count:], strict=True) if is_recorded(y)]
    if not live:
        return [Tensor(np.zeros(x.shape, x.dtype)) for x in inputs]
    ys, gs = zip(*live, strict=True)
    found = gradients(ys, inputs, gs, create_graph=True, allow_unused=True)
    return [Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for x, g in zip(inputs, found, strict=True)]


def recorded_operations(outputs: Sequence[object]) -> list[Node]:
    """Return the nodes of the operations that tensors were computed by."""
    nodes = ancestors(y._node for y in outputs if isinstance(y, Tensor) and y._node is not None)
    return [node for node in nodes if not isinstance(node, Leaf)]


def listed(result: Any) -> list[Any]:
    """Return the results of a function, which returns one, or a list or tuple of them."""
    return list(result) if isinstance(result, list | tuple) else [result]


@contextmanager
def quiet() -> Iterator[None]:
    """Say nothing of overflow, nan and infinity: a check asks for them.

    To begin takes longer than a small function; within one, another costs nearly nothing.
    """
    if _silent.get():
        yield
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        token = _silent.set(True)
        try:
            yield
        finally:
            _silent.reset(token)


@contextmanager
def calls_may_differ(by: float) -> Iterator[None]:
    """Let results of two calls be apart by so much, relative to the largest, as if arrays had no further digits."""
    token = _noise.set(by)
    try:
        yield
    finally:
        _noise.reset(token)


def precision_of(*arrays: Array) -> float:
    """Return the relative error of the least precise array, or by how much calls may differ."""
    return max([_noise.get(), *(float(np.finfo(x.dtype).eps) for x in arrays if x.dtype.kind in "fc")])


def is_repeated(a: Array, b: Array) -> bool:
    """Tell whether two calls gave the same, apart from what they may differ by."""
    if np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
        return True
    largest = float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=_noise.get() * largest, equal_nan=True))


def _is_floating(x: Any) -> bool:
    return type(x) in fronts or dtype_of(x).kind in "fc"


def _kind(x: Any) -> str:
    dtype = getattr(x, "dtype", None)
    return type(x).__name__ if dtype is None else f"{type(x).__name__} of {dtype}"


def dtype_of(x: object) -> np.dtype[Any]:
    """Return the dtype of a tensor, an array or a number."""
    dtype = getattr(x, "dtype", None)
    return dtype if isinstance(dtype, np.dtype) else np.asarray(array_of(x)).dtype


def array_of(x: Any) -> Any:
    """Return the array or number within a tensor or a `Value`; anything else is returned as it is.

    It is for reading: the graph does not look out for writes to it, as it would for `x.data`.
    """
    return x._array if isinstance(x, Tensor) else x.data if type(x) in fronts else x


def _zeros_like(x: Any) -> Array:
    array = np.asarray(array_of(x))
    return np.zeros(array.shape, array.dtype)


def is_recorded(y: object) -> bool:
    """Tell whether a graph leads from `y` to anything."""
    return type(y) in fronts or (isinstance(y, Tensor) and y.requires_grad)


def _slopes(output: Any, inputs: Sequence[Any]) -> list[float]:
    """Return the derivatives of a `Value` by others."""
    for x in inputs:
        x.grad = 0.0
    output.backward()
    return [x.grad for x in inputs]


def widened(array: Array) -> Array:
    """Return a copy in double precision."""
    return np.array(array, np.complex128 if array.dtype.kind == "c" else np.float64)


# A complex number counts as two real numbers here, its parts, each with its own derivative.


def inner_product(a: Array, b: Array) -> Any:
    """Return the sum of the products of the parts of two arrays."""
    return np.sum((np.conjugate(a) * b).real)


def parts(array: Array) -> Array:
    """Return the elements in one line, each complex one as two numbers."""
    return np.stack([array.real, array.imag], -1).reshape(-1) if array.dtype.kind == "c" else array.reshape(-1)


def numbers_of(arrays: Sequence[Array]) -> Array:
    """Return the parts of all elements of all arrays in one line, in double precision."""
    return np.concatenate([np.asarray(parts(y), np.float64) for y in arrays])


def normal(random: np.random.Generator, like: Array) -> Array:
    """Return normally distributed numbers of the shape of `like`, complex if it is complex, in double precision."""
    real, imag = (np.asarray(random.standard_normal(like.shape)) for _ in range(2))
    return real + 1j * imag if like.dtype.kind == "c" else real
