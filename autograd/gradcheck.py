"""Checking derivatives: what the graph computes, compared with central differences.

The derivative of ``fn`` along ``v`` is ``(fn(x + eps v) - fn(x - eps v)) / (2 eps)`` up to terms in ``eps**2``
(Nocedal & Wright, Numerical Optimization, section 8.1). In float64 this leaves some nine correct digits, enough to tell
a wrong rule from a right one; in float32 it leaves none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .errors import DtypeError, GradientCheckError
from .registry import fronts
from .tensor import Tensor
from .transforms import gradients

__all__ = ["GradientCheck", "Mismatch", "gradcheck", "gradgradcheck"]

Array = np.ndarray[Any, Any]
Index = tuple[int, ...]


@dataclass(frozen=True)
class Mismatch:
    """One element of a Jacobian, by the graph and by central differences.

    Attributes
    ----------
    input, index
        Which input, and which element of it; None if only a random direction was looked at. In `gradgradcheck` the
        inputs are followed by one cotangent for each output.
    output, output_index
        Which output, and which element of it, or None. In `gradgradcheck` the outputs are the gradients of the inputs.
    analytic, numeric
        The derivative of that element of the output with respect to that element of the input, by the graph and by
        central differences.
    error, tolerance
        How far the two are apart, and how far they may be: ``atol + rtol * abs(numeric)``.
    where
        The same in words.
    """

    input: int
    index: Index | None
    output: int
    output_index: Index | None
    analytic: float
    numeric: float
    error: float
    tolerance: float
    where: str

    def __str__(self) -> str:
        return (
            f"the derivative of {self.where} is {self.analytic:.8g} by the graph but {self.numeric:.8g} by central "
            f"differences (error {self.error:.2g}, tolerance {self.tolerance:.2g})"
        )


@dataclass(frozen=True)
class GradientCheck:
    """The result of a check; it is true if the check succeeded.

    Attributes
    ----------
    ok
        Whether every derivative agrees.
    worst
        The element with the greatest error for its tolerance; None if there is nothing to compare, or if the function
        gives another result each time.
    hint
        The likely cause, if the check failed and there is one.
    """

    ok: bool
    worst: Mismatch | None = None
    hint: str = ""

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        found = "the gradients agree" if self.ok else "the gradients differ"
        worst = f"; at worst, {self.worst}" if self.worst is not None else ""
        return f"{found}{worst}{'. ' if self.hint else ''}{self.hint}"


def gradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    fast_mode: bool = False,
    raise_exception: bool = True,
) -> GradientCheck:
    """Compare the gradients of `fn` with central differences.

    Parameters
    ----------
    fn
        Takes the inputs as tensors and returns a tensor, or a list or tuple of them. It must give the same result
        each time.
    inputs
        A tensor, array, number or `Value`, or a list or tuple of them, of any shapes. Each that holds floating-point
        numbers is checked, on a copy that requires a gradient; others are handed to `fn` as they are.
    eps
        The length of the step to each side.
    atol, rtol
        The gradients agree where ``abs(analytic - numeric) <= atol + rtol * abs(numeric)``.
    fast_mode
        Compare the derivatives in one random direction instead of every element of the Jacobian. The time no longer
        grows with the size of the inputs, but the error of one element among many may be lost.
    raise_exception
        Raise if the check fails, instead of returning a result that is false.

    Returns
    -------
    GradientCheck
        True if all agree; it names the worst element, with both values.

    Raises
    ------
    GradientCheckError
        If the gradients differ. The message names the worst element, both values, and the likely cause: a kink, too
        little precision, a function that gives another result each time or leaves the graph.
    DtypeError
        If no input or no output holds real floating-point numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise, gradcheck
    >>> bool(gradcheck(np.tanh, np.array([0.5, -1.0])))
    True
    >>> wrong = elementwise(lambda x: np.sin(x), lambda g, x: -g * np.cos(x), name="wrong")
    >>> check = gradcheck(wrong, [0.0], raise_exception=False)
    >>> check.ok, check.worst.analytic, round(check.worst.numeric, 6)
    (False, -1.0, 1.0)
    """
    given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    names = [f"input {i}" for i in range(len(given))]
    return _conclude(_Subject(fn, given, names, "output"), _Measure(eps, atol, rtol), fast_mode, raise_exception)


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    fast_mode: bool = False,
    raise_exception: bool = True,
) -> GradientCheck:
    """Compare the second derivatives of `fn` with central differences of the first.

    What is checked is the function of the inputs, and of a cotangent for each output, that `backward` computes; the
    cotangents are random. Check the first derivatives with `gradcheck` before.

    Parameters
    ----------
    fn, inputs, eps, atol, rtol, fast_mode, raise_exception
        As in `gradcheck`; the inputs cannot be of type `Value`.

    Returns
    -------
    GradientCheck
        Its outputs are the gradients of the inputs, its inputs are those of `fn` followed by the cotangents.

    Raises
    ------
    GradientCheckError, DtypeError
        As in `gradcheck`.
    TypeError
        If an input is a `Value`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import gradgradcheck
    >>> bool(gradgradcheck(lambda x, y: np.sin(x) * y, [np.array([0.5, -1.0]), 2.0]))
    True
    """
    given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if any(type(x) in fronts for x in given):
        raise TypeError("gradgradcheck() differentiates tensors twice: pass numbers or arrays in place of values")
    first = _Subject(fn, given, [""] * len(given), "output")
    outputs = first.outputs(first.arrays)
    random = np.random.default_rng(0)
    cotangents = [np.asarray(random.standard_normal(y.shape), y.dtype) for y in outputs]
    names = [f"input {i}" for i in range(len(given))] + [f"cotangent {k}" for k in range(len(cotangents))]
    second = _Subject(partial(_gradients_of, first), [*given, *cotangents], names, "gradient")
    return _conclude(second, _Measure(eps, atol, rtol), fast_mode, raise_exception)


class _Measure(NamedTuple):
    """The step of the differences and what they may be apart from the graph's derivatives."""

    eps: float
    atol: float
    rtol: float

    def tolerance(self, numeric: Any) -> Any:
        return self.atol + self.rtol * np.abs(numeric)

    def excess(self, analytic: Any, numeric: Any) -> Any:
        """Return how many times the tolerance the two are apart; infinity where they cannot be compared."""
        with np.errstate(invalid="ignore"):
            times = np.abs(analytic - numeric) / self.tolerance(numeric)
        return np.where(np.equal(analytic, numeric), 0.0, np.where(np.isnan(times), np.inf, times))


class _Subject:
    """A function, and copies of the inputs to differentiate it with respect to."""

    def __init__(self, fn: Callable[..., Any], given: list[Any], names: list[str], output_name: str) -> None:
        self.fn, self.given, self.output_name = fn, given, output_name
        self.places = [i for i, x in enumerate(given) if _is_floating(x)]
        self.names = [names[i] for i in self.places]
        self.arrays = [np.array(_array_of(given[i])) for i in self.places]
        if not self.places:
            raise DtypeError(
                f"no input holds floating-point numbers, only {', '.join(type(x).__name__ for x in given) or 'nothing'}"
                f": there is nothing to differentiate with respect to"
            )

    def inputs(self, arrays: Sequence[Array]) -> list[Any]:
        """Return new inputs with the values of `arrays`, each of which requires a gradient."""
        return [_input_like(self.given[i], a) for i, a in zip(self.places, arrays, strict=True)]

    def apply(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs that hold floating-point numbers."""
        arguments = list(self.given)
        for place, x in zip(self.places, inputs, strict=True):
            arguments[place] = x
        result = self.fn(*arguments)
        outputs = list(result) if isinstance(result, list | tuple) else [result]
        floating = [y for y in outputs if _is_floating(y)]
        if not floating:
            found = ", ".join(str(getattr(y, "dtype", type(y).__name__)) for y in outputs)
            raise DtypeError(f"the function returned no real floating-point numbers, only {found or 'nothing'}")
        return floating

    def outputs(self, arrays: Sequence[Array]) -> list[Array]:
        """Return copies of the outputs for `arrays`, as plain arrays."""
        return [np.array(_array_of(y)) for y in self.apply(self.inputs(arrays))]


def _is_floating(x: Any) -> bool:
    return type(x) in fronts or np.asarray(_array_of(x)).dtype.kind == "f"


def _array_of(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) or type(x) in fronts else x


def _input_like(given: Any, array: Array) -> Any:
    """Return an input of the type of `given`: a `Value` for a `Value`, for all else a tensor."""
    return type(given)(array.item()) if type(given) in fronts else Tensor(np.array(array), requires_grad=True)


def _gradients_of(subject: _Subject, *arguments: Any) -> list[Tensor]:
    """Return the gradients that the cotangents, which follow the inputs, pull back through the subject."""
    count = len(subject.given)
    inputs = [arguments[i] for i in subject.places]
    outputs = subject.apply(inputs)
    live = [(y, g) for y, g in zip(outputs, arguments[count:], strict=True) if _is_recorded(y)]
    if not live:
        return [Tensor(np.zeros(x.shape, x.dtype)) for x in inputs]
    ys, gs = zip(*live, strict=True)
    found = gradients(ys, inputs, gs, create_graph=True, allow_unused=True)
    return [Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for x, g in zip(inputs, found, strict=True)]


def _is_recorded(y: Any) -> bool:
    return type(y) in fronts or (isinstance(y, Tensor) and y.requires_grad)


def _pulled(inputs: list[Any], output: Any, cotangent: Array) -> list[Array]:
    """Return the gradient of each input that the graph gives for `cotangent`, a gradient of `output`."""
    if not _is_recorded(output):
        return [np.zeros(np.shape(_array_of(x))) for x in inputs]
    if type(output) in fronts:
        for x in inputs:
            x.grad = 0.0
        output.backward()
        return [np.asarray(x.grad * cotangent) for x in inputs]
    found = gradients(output, inputs, [cotangent], retain_graph=True, allow_unused=True)
    return [np.zeros(x.shape) if g is None else g.data for x, g in zip(inputs, found, strict=True)]


def _conclude(subject: _Subject, measure: _Measure, fast: bool, raises: bool) -> GradientCheck:
    check = _check(subject, measure, fast)
    if raises and not check:
        raise GradientCheckError(str(check))
    return check


def _check(subject: _Subject, measure: _Measure, fast: bool) -> GradientCheck:
    before, again = subject.outputs(subject.arrays), subject.outputs(subject.arrays)
    if len(before) != len(again) or not all(map(partial(np.array_equal, equal_nan=True), before, again)):
        return GradientCheck(
            ok=False,
            hint="The function is not deterministic: it gave two results for the same inputs. Give its random numbers "
            "the same seed in each call, or switch them off",
        )
    found = list((_directions if fast else _elements)(subject, measure))
    if not found:
        return GradientCheck(ok=True)
    excess, place, worst = _worst(found)
    ok = excess <= 1
    if fast and not ok:
        among_elements = _worst(list(_elements(subject, measure)))
        if among_elements[0] > 1:
            _, place, worst = among_elements  # which names the element that is wrong
    return GradientCheck(ok, worst, "" if ok else _hint(subject, worst, measure, place))


Found = tuple[float, tuple[int, int], Mismatch]


def _worst(found: list[Found]) -> Found:
    return max(found, key=lambda item: item[0])


def _elements(subject: _Subject, measure: _Measure) -> Iterator[Found]:
    """Compare each pair of an input and an output, and give the worst element of their Jacobian."""
    inputs = subject.inputs(subject.arrays)
    rows = [[_pulled(inputs, y, seed) for seed in _unit_arrays(np.shape(_array_of(y)))] for y in subject.apply(inputs)]
    for i, array in enumerate(subject.arrays):
        columns = [_difference(subject, i, unit, measure.eps) for unit in _unit_arrays(array.shape)]
        for k, of_output in enumerate(rows):
            if columns and of_output:
                analytic = np.array([row[i].reshape(-1) for row in of_output])
                numeric = np.array([column[k].reshape(-1) for column in columns]).T
                times = measure.excess(analytic, numeric)
                place = np.unravel_index(np.argmax(times), times.shape)
                index = np.unravel_index(place[1], array.shape)
                output_index = np.unravel_index(place[0], columns[0][k].shape)
                worst = _mismatch(subject, measure, (i, k), (index, output_index), analytic[place], numeric[place])
                yield float(times[place]), (i, k), worst


def _directions(subject: _Subject, measure: _Measure) -> Iterator[Found]:
    """Compare, for each pair of an input and an output, the derivative in one random direction."""
    random = np.random.default_rng(0)
    inputs = subject.inputs(subject.arrays)
    outputs = subject.apply(inputs)
    cotangents = [random.standard_normal(np.shape(_array_of(y))) for y in outputs]
    pulled = [_pulled(inputs, y, w) for y, w in zip(outputs, cotangents, strict=True)]
    for i, array in enumerate(subject.arrays):
        v = random.standard_normal(array.shape)
        changes = _difference(subject, i, v, measure.eps) if array.size else []
        for k, change in enumerate(changes):
            analytic, numeric = np.sum(pulled[k][i] * v), np.sum(cotangents[k] * change)
            worst = _mismatch(subject, measure, (i, k), None, analytic, numeric)
            yield float(measure.excess(analytic, numeric)), (i, k), worst


def _mismatch(
    subject: _Subject,
    measure: _Measure,
    place: tuple[int, int],
    at: tuple[Any, Any] | None,
    analytic: Any,
    numeric: Any,
) -> Mismatch:
    i, k = place
    if at is None:
        index = output_index = None
        where = f"{subject.output_name} {k} with respect to {subject.names[i]} in a random direction"
    else:
        index, output_index = (tuple(map(int, position)) for position in at)
        where = f"{subject.output_name} {k} at {output_index} with respect to {subject.names[i]} at {index}"
    with np.errstate(invalid="ignore"):
        error = abs(float(analytic) - float(numeric))
    tolerance = float(measure.tolerance(numeric))
    return Mismatch(subject.places[i], index, k, output_index, float(analytic), float(numeric), error, tolerance, where)


def _unit_arrays(shape: tuple[int, ...]) -> Iterator[Array]:
    """Yield, for each element of an array of `shape`, an array that is 1 there and 0 elsewhere."""
    for place in range(int(np.prod(shape))):
        unit = np.zeros(shape)
        unit.reshape(-1)[place] = 1
        yield unit


def _shifted(subject: _Subject, i: int, step: Array) -> list[Array]:
    """Return the outputs after adding `step` to the input `i`."""
    arrays = list(subject.arrays)
    arrays[i] = np.asarray(arrays[i] + step, arrays[i].dtype)
    with np.errstate(all="ignore"):  # a step over the edge of the domain is the check's doing, not the caller's
        return [y.astype(np.float64) for y in subject.outputs(arrays)]


def _difference(subject: _Subject, i: int, direction: Array, eps: float) -> list[Array]:
    """Return the derivative of each output as the input `i` moves in `direction`."""
    step = eps * direction
    ahead, behind = _shifted(subject, i, step), _shifted(subject, i, -step)
    return [(a - b) / (2 * eps) for a, b in zip(ahead, behind, strict=True)]


def _hint(subject: _Subject, worst: Mismatch, measure: _Measure, place: tuple[int, int]) -> str:
    i, k = place
    name = subject.names[i]
    output = subject.apply(subject.inputs(subject.arrays))[k]
    dtypes = [(n, a.dtype) for n, a in zip(subject.names, subject.arrays, strict=True)]
    dtypes.append((f"{subject.output_name} {k}", np.asarray(_array_of(output)).dtype))
    for what, dtype in dtypes:
        if dtype.itemsize < 8:
            return f"Use float64: {what} is {dtype}, in which differences over {measure.eps:g} drown in rounding"
    if not _is_recorded(output):
        return (
            f"No graph leads from {subject.output_name} {k} to any input: the function left it through detach(), "
            f"no_grad(), .data, or a function without a derivative"
        )
    if not np.isfinite(worst.numeric):
        return f"The function is not finite within {measure.eps:g} of {name}: check it at another point"
    if worst.index is not None and _has_kink(subject, worst, measure, place):
        return (
            f"A kink is suspected: the differences to the left and to the right of {name} at {worst.index} disagree, "
            f"so there is no derivative to compare with. Check at a point further from it than eps"
        )
    return ""


def _has_kink(subject: _Subject, worst: Mismatch, measure: _Measure, place: tuple[int, int]) -> bool:
    """Tell whether one-sided differences disagree by more than a smooth function's would.

    For a smooth function they disagree by ``eps`` times the second derivative, so ten times less with a step ten
    times shorter.
    """
    i, k = place
    unit = np.zeros(subject.arrays[i].shape)
    unit[worst.index] = 1
    here = _shifted(subject, i, 0 * unit)[k]

    def disagreement(eps: float) -> float:
        ahead, behind = (_shifted(subject, i, sign * eps * unit)[k] for sign in (1, -1))
        return float(abs((ahead - 2 * here + behind)[worst.output_index]) / eps)

    far, near = disagreement(measure.eps), disagreement(measure.eps / 10)
    return far > worst.tolerance and not far / 30 < near < far / 3
