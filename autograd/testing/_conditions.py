"""Conditions that a rule keeps at any point, whatever the derivative is: no differences are taken here.

A gradient has the shape and dtype of its input, is linear in the cotangent, the same at each call, for each layout of
inputs and cotangents, and in single precision up to rounding; forward mode is the transpose of reverse mode; nothing
is written to, and nothing is handed out twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from autograd import AutogradError, GradientCheckError, Tensor, gradients, jvp
from autograd.inside import fronts

from ._layouts import COTANGENT_LAYOUTS, LAYOUTS, read_only
from ._subject import Array, Subject, array_of, inner_product, is_recorded, normal, quiet, widened

NARROW = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}


class RoundingError(GradientCheckError):
    """A gradient that is off by more than roundings of its operation; between several, digits may have cancelled.

    Attributes
    ----------
    arrays
        The inputs, in the dtypes in which that was found.
    """

    def __init__(self, message: str, arrays: Sequence[Array], pair: tuple[Any, Any] | None = None) -> None:
        super().__init__(message, pair=pair)
        self.arrays = arrays


REFUSALS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AutogradError)
ROUNDING = 64.0  # how many roundings, relative to the largest gradient, results may differ by


@contextlib.contextmanager
def failing(what: str) -> Iterator[None]:
    """Raise GradientCheckError, with `what` was done, for an error of values; others pass through."""
    try:
        with quiet():
            yield
    except GradientCheckError:
        raise
    except REFUSALS as error:
        raise GradientCheckError(f"{what}, an error: {type(error).__name__}: {error}") from error


class Gradients:
    """The gradients of a function at a point, for cotangents that are drawn once, and how sensitive they are.

    Where the outputs have the same shapes as those of another point, `like`, its cotangents are taken instead.
    """

    def __init__(self, subject: Subject, arrays: Sequence[Array], seed: int = 1, like: Gradients | None = None) -> None:
        self.subject, self.arrays = subject, list(arrays)
        self.random = np.random.default_rng(seed)
        self.inputs = subject.inputs(self.arrays)
        with quiet():
            self.outputs = subject.apply(self.inputs)
        values = [np.asarray(array_of(y)) for y in self.outputs]
        self.cotangents: list[Array]
        if like is not None and [w.shape for w in like.cotangents] == [y.shape for y in values]:
            self.cotangents = [np.asarray(w, y.dtype) for w, y in zip(like.cotangents, values, strict=True)]
        else:
            self.cotangents = [_drawn(self.random, y) for y in values]
        with failing("computing the gradient"):
            self.found = self.pulled(self.cotangents)

    @property
    def is_recorded(self) -> bool:
        """Whether a graph leads from an output to an input."""
        return any(map(is_recorded, self.outputs))

    def pulled(self, cotangents: Sequence[Array]) -> list[Array]:
        """Return the gradients for these cotangents."""
        with quiet():
            return self.subject.pulled(self.inputs, self.outputs, cotangents)

    def anew(self, arrays: Sequence[Array], cotangents: Sequence[Array] | None = None) -> list[Array]:
        """Return the gradients at other arrays, or for the same in another layout."""
        inputs = [self.subject.laid_out(x, a) for x, a in zip(self.inputs, arrays, strict=True)]
        given = self.cotangents if cotangents is None else cotangents
        with quiet():
            return self.subject.pulled(inputs, self.subject.apply(inputs), given)

    def name(self, i: int) -> str:
        """Return what the input is called, as the beginning of a sentence about its gradient."""
        return f"the gradient of {self.subject.names[i]}"

    @cached_property
    def epsilon(self) -> float:
        """The precision of the least precise array that takes part."""
        dtypes = [x.dtype for x in self.arrays] + [w.dtype for w in self.cotangents]
        return max(float(np.finfo(dtype).eps) for dtype in dtypes)

    def _nearby(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> list[Array]:
        """Return the gradients at arrays that differ by roundings; infinity, if the function refuses these."""
        try:
            return self.anew(arrays, cotangents)
        except (ArithmeticError, ValueError):
            return [np.full(x.shape, np.inf) for x in self.arrays]

    @cached_property
    def limits(self) -> list[Array]:
        """How far each gradient may be off, in the precision of the arrays."""
        return self.allowance(self.epsilon)

    def allowance(self, epsilon: float, by_size: bool = True) -> list[Array]:
        """Return how far each gradient may be off, if it is computed with this precision.

        That is what changes of the inputs by some roundings make of it, and the rounding of a sum of terms as large as
        the largest gradient. Elements change by roundings of their own, equal ones alike; without `by_size` by those of
        the largest one, as matrices do in a decomposition.
        """
        changes = [np.zeros(g.shape) for g in self.found]
        for _ in range(2):
            moved = perturbed(self.arrays, 4 * epsilon, self.random)
            if not by_size:
                moved = [_shaken(x, epsilon, self.random) for x in moved]
            given = perturbed(self.cotangents, 4 * epsilon, self.random)
            for change, g, h in zip(changes, self.found, self._nearby(moved, given), strict=True):
                with np.errstate(all="ignore"):
                    np.fmax(change, np.abs(np.subtract(g, h)), out=change)
        return [30 * change + limit for change, limit in zip(changes, self.rounding(epsilon), strict=True)]

    def rounding(self, epsilon: float) -> list[Array]:
        """Return what the rounding of a sum of terms makes of each gradient."""
        most = largest(*(w * np.asarray(array_of(y)) for w, y in zip(self.cotangents, self.outputs, strict=True)))
        limits = []
        for x, g in zip(self.arrays, self.found, strict=True):
            with np.errstate(all="ignore"):
                floor = np.fmin(most / np.abs(x), largest(*self.cotangents))
                limits.append(ROUNDING * epsilon * (largest(g) + np.nan_to_num(floor)))
        return limits


def largest(*arrays: Array) -> float:
    """Return the size of the largest of all finite numbers; 0 if there is none."""
    return max((float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a))) for a in arrays), default=0.0)


def _drawn(random: np.random.Generator, like: Array) -> Array:
    return read_only(np.asarray(normal(random, like), like.dtype))


def perturbed(arrays: Sequence[Array], amount: float, random: np.random.Generator) -> list[Array]:
    """Return copies changed by a relative `amount`, upwards or downwards; equal elements change alike."""
    numbers = np.concatenate([widened(x).reshape(-1) for x in arrays]) if arrays else np.zeros(0)
    distinct, where = np.unique(numbers, return_inverse=True)
    factors = (1 + amount * random.choice([-1.0, 1.0], distinct.size))[where]
    pieces = np.split(numbers * factors, np.cumsum([x.size for x in arrays])[:-1]) if arrays else []
    return [np.asarray(p.reshape(x.shape), x.dtype) for p, x in zip(pieces, arrays, strict=True)]


def _shaken(x: Array, epsilon: float, random: np.random.Generator) -> Array:
    """Return an array whose elements change by a rounding of the largest."""
    return np.asarray(x + epsilon * largest(x) * random.choice([-1.0, 1.0], x.shape), x.dtype)


def differs(a: Array, b: Array, allowed: Array | float) -> bool:
    """Tell whether two gradients differ by more than is allowed; nan and infinity are equal to themselves."""
    same = np.equal(a, b)
    if same.all():  # as most are
        return False
    with np.errstate(all="ignore"):
        same = same | (np.isnan(a) & np.isnan(b)) | (np.abs(np.subtract(a, b)) <= allowed)
    return not bool(np.all(same))


def refuse_others(
    point: Gradients, found: Sequence[Array], say: Callable[[str, str, str], str], times: float = 1.0
) -> None:
    """Raise if gradients are others than those of the point, by more than so many times what these may be off.

    `say` returns the message, for what the first such gradient is called, the one found and that of the point.
    """
    for i, (g, h) in enumerate(zip(point.found, found, strict=True)):
        if differs(g, h, 0.0) and differs(g, h, times * point.limits[i]):
            raise RoundingError(say(point.name(i), shown(h), shown(g)), point.arrays)


def check_conditions(point: Gradients, *, nondet_tol: float = 0.0) -> None:
    """Check all conditions that need no other dtype and no forward mode."""
    _check_types(point)
    _check_repeated(point, [limit + nondet_tol for limit in point.rounding(point.epsilon)])
    check_untouched(point.subject.names, [np.asarray(array_of(x)) for x in point.inputs], point.arrays)
    _check_linear(point)
    _check_cotangent_layouts(point)
    _check_input_layouts(point)
    _check_memory(point)


def _check_types(point: Gradients) -> None:
    for i, (x, g) in enumerate(zip(point.arrays, point.found, strict=True)):
        if (g.shape, g.dtype) != (x.shape, x.dtype):
            raise GradientCheckError(f"{point.name(i)} is {g.dtype} {g.shape}, but the input is {x.dtype} {x.shape}")


def _check_repeated(point: Gradients, limits: Sequence[Array]) -> None:
    kept = [np.array(g) for g in point.found]
    values = [np.array(array_of(y)) for y in point.outputs]
    before: Any = np.random.get_state()
    with failing("computing the same gradient once more"):
        again = point.pulled(point.cotangents)
        after: Any = np.random.get_state()
        anew = point.anew(point.arrays)
        _call_meanwhile(point)
        later = point.pulled(point.cotangents)
    if after[2] != before[2] or not np.array_equal(after[1], before[1]):
        raise GradientCheckError("the rule draws from NumPy's global random generator")
    for i, (g, *others) in enumerate(zip(kept, again, anew, later, strict=True)):
        if differs(g, point.found[i], 0.0):
            raise GradientCheckError(f"{point.name(i)} was overwritten by a later call: the rule hands out its memory")
        if any(differs(g, h, limits[i]) for h in others[:2]):  # matrix products round as memory is aligned
            raise GradientCheckError(f"{point.name(i)} differs from call to call: the rule is not deterministic")
        if differs(g, others[2], limits[i]):
            raise GradientCheckError(f"{point.name(i)} changes when the function is called with other inputs meanwhile")
    for k, (y, value) in enumerate(zip(point.outputs, values, strict=True)):
        if differs(value, np.asarray(array_of(y)), 0.0):
            raise GradientCheckError(f"output {k} was overwritten by a later call: the function hands out its memory")


def check_untouched(names: Sequence[str], arrays: Sequence[Array], originals: Sequence[Array]) -> None:
    """Check that arrays still hold what they held, to the bit."""
    for name, x, original in zip(names, arrays, originals, strict=True):
        if x.tobytes() != np.asarray(original).tobytes():
            raise GradientCheckError(f"{name} was written to")


def _call_meanwhile(point: Gradients) -> None:
    """Call the function with other inputs, and walk back; it may refuse them."""
    with contextlib.suppress(*REFUSALS):
        point.anew(perturbed(point.arrays, 0.25, point.random))


def _check_linear(point: Gradients) -> None:
    others = [read_only(np.ones(w.shape, w.dtype)) for w in point.cotangents]
    negative = [read_only(-w) for w in point.cotangents]
    combined = [read_only(np.asarray(2 * w - 3 * v, w.dtype)) for w, v in zip(point.cotangents, others, strict=True)]
    zero = [read_only(np.zeros(w.shape, w.dtype)) for w in point.cotangents]
    with failing("computing the gradient for another cotangent"):
        second, minus, sums, none = map(point.pulled, (others, negative, combined, zero))
    terms = largest(*(w * np.asarray(array_of(y)) for w, y in zip(combined, point.outputs, strict=True)))
    check_scaled(point)
    for i, (g, h, m, s, z) in enumerate(zip(point.found, second, minus, sums, none, strict=True)):
        with np.errstate(all="ignore"):
            allowed = ROUNDING * (point.epsilon * (np.abs(g) + np.abs(h)) + float(np.finfo(g.dtype).tiny))
            known = np.maximum(np.abs(g), np.abs(h)) < np.finfo(g.dtype).max / 8  # or multiples may overflow
            expected = np.where(known, 2 * g - 3 * h, s)
            lost = 2 * point.epsilon * terms  # of terms that cancel, as those of softmax do
        pairs = (np.where(known, -g, m), m), (expected, s)
        if any(differs(*pair, allowed) and differs(*pair, allowed + 10 * point.limits[i] + lost) for pair in pairs):
            raise RoundingError(f"{point.name(i)} is not linear in the cotangent", point.arrays)
        if differs(np.where(known, 0 * g, z), z, 0.0):
            raise GradientCheckError(f"{point.name(i)} is not zero for a cotangent of zeros")


def check_scaled(point: Gradients) -> None:
    """Check that the gradient is as many times larger as the cotangent, for a large and a small one."""
    most = largest(*point.found)
    powers = ((600 if most < 1e60 else 20), -600) if point.epsilon < 1e-10 else (6, -6)
    for power in powers:
        factor = 2.0**power
        if power > 0 and any(most > float(np.finfo(g.dtype).max) ** 0.8 / factor for g in point.found):
            continue  # multiples may overflow
        with failing(f"computing the gradient for a cotangent {factor:g} times as large"):
            found = point.pulled([read_only(np.asarray(factor * w, w.dtype)) for w in point.cotangents])
        for i, (g, h) in enumerate(zip(point.found, found, strict=True)):
            with np.errstate(all="ignore"):
                tiny = max(1.0, factor) * float(np.finfo(g.dtype).tiny)  # below it, numbers have fewer digits
                allowed = ROUNDING * (factor * point.epsilon * np.abs(g) + tiny)
                expected = np.where(np.isfinite(g), factor * g, h)
            if differs(expected, h, allowed) and differs(expected, h, allowed + factor * 10 * point.limits[i]):
                message = (
                    f"{point.name(i)} is not linear in the cotangent: for one {factor:g} times as large, it is "
                    f"{shown(h / factor)} as large, not {shown(g)}"
                )
                raise RoundingError(message, point.arrays)


def _check_cotangent_layouts(point: Gradients) -> None:
    for layout, lay_out in COTANGENT_LAYOUTS.items():
        if layout == "rows apart" and all(w.ndim < 2 for w in point.cotangents):
            continue
        given = [lay_out(w) for w in point.cotangents]
        if _lie_alike(given, point.cotangents):
            continue
        plain = [np.array(w, order="C") for w in given]
        with failing(f"computing the gradient for a cotangent in another layout ({layout})"):
            expected = point.found if layout != "strides of 0" else point.pulled(plain)
            found = point.pulled(given)
        for i, (g, h) in enumerate(zip(expected, found, strict=True)):
            allowed = ROUNDING * point.epsilon * largest(g)
            if differs(g, h, allowed) and differs(g, h, 10 * point.limits[i] + allowed):
                raise GradientCheckError(
                    f"{point.name(i)} depends on the layout of the cotangent: with {layout}, it is {shown(h)}; in C "
                    f"order, {shown(g)}",
                    pair=(h, g),
                )


def _lie_alike(arrays: Sequence[Array], others: Sequence[Array]) -> bool:
    """Tell whether arrays have the strides of others, as one axis has in Fortran's order and in C's."""
    return [x.strides for x in arrays] == [y.strides for y in others]


def _check_input_layouts(point: Gradients) -> None:
    if any(type(x) in fronts for x in point.inputs):
        return
    for layout, lay_out in LAYOUTS.items():
        if layout == "C" or (layout == "rows apart" and all(x.ndim < 2 for x in point.arrays)):
            continue
        arrays = [lay_out(a) for a in point.arrays]
        if layout != "read-only" and _lie_alike(arrays, point.arrays):
            continue
        inputs = [point.subject.laid_out(x, a) for x, a in zip(point.inputs, arrays, strict=True)]
        try:
            with quiet():
                outputs = point.subject.apply(inputs)
        except REFUSALS as error:
            if layout == "read-only":
                continue  # the function itself writes to its inputs
            raise GradientCheckError(
                f"inputs in another layout ({layout}) are refused: {type(error).__name__}: {error}"
            ) from error
        with failing(f"computing the gradient for inputs in another layout ({layout})"):
            found = point.subject.pulled(inputs, outputs, point.cotangents)
        for i, (g, h) in enumerate(zip(point.found, found, strict=True)):
            if differs(g, h, 0.0) and differs(g, h, 10 * point.limits[i]):
                message = (
                    f"{point.name(i)} depends on the layout of the inputs: with {layout}, it is {shown(h)}; in C "
                    f"order, {shown(g)}"
                )
                raise RoundingError(message, point.arrays, pair=(h, g))


def _check_memory(point: Gradients) -> None:
    given = [np.array(w) for w in point.cotangents]
    kept = [np.array(w) for w in given]
    values = [np.array(array_of(x)) for x in point.inputs]
    with failing("computing the gradient for cotangents that can be written to"):
        found = point.pulled(given)
    inputs = [np.asarray(array_of(x)) for x in point.inputs]
    names = ["the cotangent"] * len(given) + point.subject.names
    for name, x, copy in zip(names, [*given, *inputs], [*kept, *values], strict=True):
        if x.tobytes() != copy.tobytes():
            raise GradientCheckError(f"the rule writes to {name}")
    foreign = [*inputs, *(np.asarray(array_of(y)) for y in point.outputs), *given]
    for i, g in enumerate(found):
        if any(np.shares_memory(g, other) for other in (*foreign, *found[:i])):
            raise GradientCheckError(f"{point.name(i)} shares memory with an array that is not its own")


def check_parts(point: Gradients) -> None:
    """Check that the gradients of several outputs are the sum of the gradients of each, the others undefined."""
    if len(point.outputs) < 2:
        return
    with failing("computing the gradient of one output alone"):
        alone = [
            point.subject.pulled(point.inputs, [y], [w]) for y, w in zip(point.outputs, point.cotangents, strict=True)
        ]
    for i, g in enumerate(point.found):
        pieces = [found[i] for found in alone]
        with np.errstate(all="ignore"):
            total = np.sum(pieces, axis=0)
        if differs(g, total, point.limits[i] + ROUNDING * point.epsilon * largest(*pieces)):
            raise GradientCheckError(
                f"{point.name(i)} is {shown(g)} for all outputs at once, but {shown(total)} is the sum of those for "
                f"each: a rule mixes up outputs whose gradient is undefined"
            )


def check_batched(point: Gradients) -> None:
    """Compare gradients for a batch of cotangents with those for each of them."""
    live = [(y, w) for y, w in zip(point.outputs, point.cotangents, strict=True) if isinstance(y, Tensor)]
    if not point.is_recorded or len(live) != len(point.outputs):
        return
    others = [_drawn(point.random, w) for w in point.cotangents]
    stacked = [np.stack([w, v]) for w, v in zip(point.cotangents, others, strict=True)]
    recorded = [(y, s) for y, s in zip(point.outputs, stacked, strict=True) if is_recorded(y)]
    ys, batches = zip(*recorded, strict=True)
    with failing("computing the gradients of a batch"):
        found = gradients(ys, point.inputs, batches, retain_graph=True, allow_unused=True, is_grads_batched=True)
    second = point.pulled(others)
    for i, (batch, g, h) in enumerate(zip(found, point.found, second, strict=True)):
        if batch is not None and (
            differs(batch.data[0], g, point.limits[i]) or differs(batch.data[1], h, 10 * point.limits[i])
        ):
            raise GradientCheckError(f"{point.name(i)} differs in a batch of cotangents from that for each of them")


def check_precision(point: Gradients, dtypes: Collection[str] | None = None) -> None:
    """Compare the gradients in single and half precision, or as the inputs are, with those in double precision.

    `dtypes` names those that the function takes; by default, all are tried.
    """
    if any(type(x) in fronts for x in point.inputs):
        return
    single = [np.asarray(x, NARROW.get(x.dtype, x.dtype)) for x in point.arrays]
    kinds = [single]
    if all(x.dtype == np.float64 for x in point.arrays):
        kinds.append([x.astype(np.float16) for x in point.arrays])
    if len(single) > 1:
        kinds += [[x, *point.arrays[1:]] for x in single[:1]] + [[*point.arrays[:-1], x] for x in single[-1:]]
    for narrow in kinds:
        if all(map(_is_normal, narrow)) and (dtypes is None or all(x.dtype.name in dtypes for x in narrow)):
            check_narrow(point.subject, narrow)


def _is_normal(x: Array) -> bool:
    """Tell whether all numbers are finite, and none so small that it has fewer digits.

    In half precision, squares and their reciprocals have to be numbers too: rules that form them are not wrong.
    """
    size = np.abs(x)
    least, most = (2.0**-8, 2.0**8) if x.dtype == np.float16 else (np.finfo(x.dtype).tiny, np.inf)
    return bool(np.all(np.isfinite(x) & ((size == 0) | ((size >= least) & (size <= most)))))


def check_narrow(subject: Subject, narrow: Sequence[Array]) -> None:
    """Compare the gradients for narrow inputs with those for the same numbers in double precision."""
    try:
        with quiet():
            low = Gradients(subject, narrow)
    except GradientCheckError:
        raise
    except REFUSALS:  # the function itself takes no such arrays
        return
    _check_types(low)
    with failing("computing the gradient in double precision"):
        wide = Gradients(subject, list(map(widened, narrow)), like=low)
        if not _same_shapes(wide, low) or _all_near(low, wide):
            return
        distance = _distance(low, wide)
        if distance > 0.1:  # something became 0, or its digits cancelled
            return
        epsilon = max(low.epsilon, 2 * distance)
        limits: list[Array] = [np.zeros(g.shape) for g in wide.found]
        for _ in range(4):  # a rounding that leads over a jump is not met at once by each of many elements
            further = wide.allowance(epsilon if epsilon < 1e-4 else epsilon / 8, by_size=False)
            limits = [np.fmax(a, b) for a, b in zip(limits, further, strict=True)]
            if not any(differs(g, h, limit) for g, h, limit in _comparable(low, wide, narrow, limits)):
                return
    for i, (g, h, limit) in enumerate(_comparable(low, wide, narrow, limits)):
        if differs(g, h, limit):
            g, h = low.found[i], wide.found[i]
            message = f"{low.name(i)} is {shown(g)} in {g.dtype}, but {shown(h)} in {h.dtype}"
            raise RoundingError(message, narrow, pair=(g, h))


def _comparable(
    low: Gradients, wide: Gradients, narrow: Sequence[Array], limits: Sequence[Array]
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield the gradients of each input in both precisions, 0 where a narrow one may overflow, and their limits."""
    least = min(float(np.min(np.abs(widened(x)), initial=1.0, where=x != 0)) for x in narrow)
    for g, h, limit in zip(low.found, wide.found, limits, strict=True):
        most = (0.01 if g.dtype == np.float16 else 0.1) * np.finfo(g.dtype).max  # beyond it, what rules form overflows
        finite = np.isfinite(h) & (np.abs(h) < most * _smaller(wide.cotangents, h))
        if not np.all(finite):
            finite &= ~np.isnan(g)  # made of what overflowed
        tiny = 4 * float(np.finfo(g.dtype).tiny) * (1 + 1 / least)  # below it, gradients or values have fewer digits
        yield np.where(finite, g, 0), np.where(finite, h, 0), limit + tiny


def _smaller(cotangents: Sequence[Array], gradient: Array) -> Array:
    """Return by how much a gradient may be smaller than a derivative that the rule forms of the same element."""
    alike = [np.abs(w) for w in cotangents if w.shape == gradient.shape]
    return np.minimum(1.0, np.min(alike, axis=0)) if alike else np.ones(())


def _all_near(low: Gradients, wide: Gradients) -> bool:
    """Tell whether all gradients agree within a few roundings of their own: the rest need not be looked at."""
    return not any(differs(g, h, 16 * low.epsilon * np.abs(h)) for g, h in zip(low.found, wide.found, strict=True))


def _same_shapes(wide: Gradients, low: Gradients) -> bool:
    """Tell whether the function returns finite numbers in the same places, so that gradients can be compared."""
    values, others = ([np.asarray(array_of(y)) for y in point.outputs] for point in (wide, low))
    return len(values) == len(others) and all(
        y.shape == z.shape and np.array_equal(np.isfinite(y), np.isfinite(z))
        for y, z in zip(values, others, strict=True)
    )


def _distance(low: Gradients, wide: Gradients) -> float:
    """Return the largest relative error of the values: some of SciPy's functions are less precise than their dtype."""
    errors = [0.0]
    for y, z in zip(low.outputs, wide.outputs, strict=True):
        a, b = np.asarray(array_of(y)), np.asarray(array_of(z))
        with np.errstate(all="ignore"):
            errors.append(float(np.max(np.abs(a - b) / np.abs(b), initial=0.0, where=np.isfinite(b) & (b != 0))))
    return min(max(errors), 1.0)


def check_forward(point: Gradients) -> None:
    """Compare forward mode with reverse mode: ``<J v, w>`` with ``<v, J' w>``."""
    subject = point.subject
    tangents = [_drawn(point.random, x) for x in point.arrays]

    def function(*inputs: Any) -> Any:
        return tuple(subject.apply(inputs))

    with failing("computing the derivative in forward mode"):
        pushed = jvp(function, tuple(np.array(x) for x in point.arrays), tuple(tangents))[1]
    with np.errstate(all="ignore"):
        live = [(w, t) for w, t, y in zip(point.cotangents, pushed, point.outputs, strict=True) if is_recorded(y)]
        forward = sum(float(inner_product(w, np.asarray(array_of(t)))) for w, t in live)
        reverse = sum(float(inner_product(g, v)) for g, v in zip(point.found, tangents, strict=True))
        terms = sum(float(np.sum(np.abs(w * np.asarray(array_of(t))))) for w, t in live)
        terms += sum(float(np.sum(np.abs(g * v))) for g, v in zip(point.found, tangents, strict=True))
        off = abs(forward - reverse) - 1e3 * point.epsilon * terms
        if not np.isfinite(terms) or off <= 0:
            return
        slack = sum(float(np.sum(a * np.abs(v))) for a, v in zip(point.limits, tangents, strict=True))
    if not off <= slack:
        message = f"forward mode gives {forward:.8g} where reverse mode gives {reverse:.8g}"
        raise RoundingError(message, point.arrays)


def shown(array: Array) -> str:
    """Return an array in a line."""
    return np.array2string(array, precision=8, threshold=8, edgeitems=3, separator=", ").replace("\n", "")
