"""Conditions that a rule keeps at any point, whatever the derivative is: no differences are taken here.

A gradient has the shape and dtype of its input, is linear in the cotangent, the same at each call, for each layout of
inputs and cotangents, and in single precision up to rounding; forward mode is the transpose of reverse mode; nothing
is written to, and nothing is handed out twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from autograd import GradientCheckError, NotReproducibleError, Tensor, gradients, jvp
from autograd.inside import fronts

from ..points.layouts import COTANGENT_LAYOUTS, LAYOUTS, read_only
from ..subjects.refusals import REFUSALS, failing
from ..subjects.subject import Array, Subject, array_of, inner_product, is_recorded, quiet, widened
from .pullback import NARROW, ROUNDING, Pullback, RoundingError, differs, drawn, largest, perturbed, shown


def check_conditions(pullback: Pullback, *, nondet_tol: float = 0.0) -> None:
    """Check all conditions that need no other dtype and no forward mode."""
    _check_types(pullback)
    _check_repeated(pullback, [limit + nondet_tol for limit in pullback.rounding(pullback.epsilon)])
    check_untouched(pullback.subject.names, [np.asarray(array_of(x)) for x in pullback.inputs], pullback.arrays)
    _check_linear(pullback)
    _check_cotangent_layouts(pullback)
    _check_input_layouts(pullback)
    _check_memory(pullback)


def _check_types(pullback: Pullback) -> None:
    for i, (x, g) in enumerate(zip(pullback.arrays, pullback.found, strict=True)):
        if (g.shape, g.dtype) != (x.shape, x.dtype):
            raise GradientCheckError(f"{pullback.name(i)} is {g.dtype} {g.shape}, but the input is {x.dtype} {x.shape}")


def _check_repeated(pullback: Pullback, limits: Sequence[Array]) -> None:
    kept = [np.array(g) for g in pullback.found]
    values = list(map(np.array, pullback.values))
    before: Any = np.random.get_state()
    with failing("computing the same gradient once more"):
        again = pullback.pulled(pullback.cotangents)
        after: Any = np.random.get_state()
        anew = pullback.anew(pullback.arrays)
        _call_meanwhile(pullback)
        later = pullback.pulled(pullback.cotangents)
    if after[2] != before[2] or not np.array_equal(after[1], before[1]):
        raise GradientCheckError("the rule draws from NumPy's global random generator")
    for i, (g, *others) in enumerate(zip(kept, again, anew, later, strict=True)):
        name = pullback.name(i)
        if differs(g, pullback.found[i], 0.0):
            raise GradientCheckError(f"{name} was overwritten by a later call: the rule hands out its memory")
        if any(differs(g, h, limits[i]) for h in others[:2]):  # matrix products round as memory is aligned
            raise NotReproducibleError(f"{name} differs from call to call: the rule is not deterministic")
        if differs(g, others[2], limits[i]):
            raise NotReproducibleError(f"{name} changes when the function is called with other inputs meanwhile")
    for k, (y, value) in enumerate(zip(pullback.values, values, strict=True)):
        if differs(value, y, 0.0):
            raise GradientCheckError(f"output {k} was overwritten by a later call: the function hands out its memory")


def check_untouched(names: Sequence[str], arrays: Sequence[Array], originals: Sequence[Array]) -> None:
    """Check that arrays still hold what they held, to the bit."""
    for name, x, original in zip(names, arrays, originals, strict=True):
        if x.tobytes() != np.asarray(original).tobytes():
            raise GradientCheckError(f"{name} was written to")


def _call_meanwhile(pullback: Pullback) -> None:
    """Call the function with other inputs, and walk back; it may refuse them."""
    with contextlib.suppress(*REFUSALS):
        pullback.anew(perturbed(pullback.arrays, 0.25, pullback.random))


def _check_linear(pullback: Pullback) -> None:
    others = [read_only(np.ones(w.shape, w.dtype)) for w in pullback.cotangents]
    negative = [read_only(-w) for w in pullback.cotangents]
    combined = [read_only(np.asarray(2 * w - 3 * v, w.dtype)) for w, v in zip(pullback.cotangents, others, strict=True)]
    zero = [read_only(np.zeros(w.shape, w.dtype)) for w in pullback.cotangents]
    with failing("computing the gradient for another cotangent"):
        second, minus, sums, none = map(pullback.pulled, (others, negative, combined, zero))
    terms = largest(*(w * y for w, y in zip(combined, pullback.values, strict=True)))
    check_scaled(pullback)
    for i, (g, h, m, s, z) in enumerate(zip(pullback.found, second, minus, sums, none, strict=True)):
        with np.errstate(all="ignore"):
            allowed = ROUNDING * (pullback.epsilon * (np.abs(g) + np.abs(h)) + float(np.finfo(g.dtype).tiny))
            known = np.maximum(np.abs(g), np.abs(h)) < np.finfo(g.dtype).max / 8  # or multiples may overflow
            expected = np.where(known, 2 * g - 3 * h, s)
            lost = 2 * pullback.epsilon * terms  # of terms that cancel, as those of softmax do
        pairs = (np.where(known, -g, m), m), (expected, s)
        if any(differs(*pair, allowed) and differs(*pair, allowed + 10 * pullback.limits[i] + lost) for pair in pairs):
            raise RoundingError(f"{pullback.name(i)} is not linear in the cotangent", pullback.arrays)
        if differs(np.where(known, 0 * g, z), z, 0.0):
            raise GradientCheckError(f"{pullback.name(i)} is not zero for a cotangent of zeros")


def check_scaled(pullback: Pullback) -> None:
    """Check that the gradient is as many times larger as the cotangent, for a large and a small one."""
    most = largest(*pullback.found)
    powers = ((600 if most < 1e60 else 20), -600) if pullback.epsilon < 1e-10 else (6, -6)
    for power in powers:
        factor = 2.0**power
        if power > 0 and any(most > float(np.finfo(g.dtype).max) ** 0.8 / factor for g in pullback.found):
            continue  # multiples may overflow
        with failing(f"computing the gradient for a cotangent {factor:g} times as large"):
            found = pullback.pulled([read_only(np.asarray(factor * w, w.dtype)) for w in pullback.cotangents])
        for i, (g, h) in enumerate(zip(pullback.found, found, strict=True)):
            with np.errstate(all="ignore"):
                tiny = max(1.0, factor) * float(np.finfo(g.dtype).tiny)  # below it, numbers have fewer digits
                allowed = ROUNDING * (factor * pullback.epsilon * np.abs(g) + tiny)
                expected = np.where(np.isfinite(g), factor * g, h)
            if differs(expected, h, allowed) and differs(expected, h, allowed + factor * 10 * pullback.limits[i]):
                message = (
                    f"{pullback.name(i)} is not linear in the cotangent: for one {factor:g} times as large, it is "
                    f"{shown(h / factor)} as large, not {shown(g)}"
                )
                raise RoundingError(message, pullback.arrays)


def _check_cotangent_layouts(pullback: Pullback) -> None:
    for layout, lay_out in COTANGENT_LAYOUTS.items():
        given = [lay_out(w) for w in pullback.cotangents]
        if not _lie_alike(given, pullback.cotangents):
            check_cotangent_layout(pullback, layout, given)


def check_cotangent_layout(pullback: Pullback, layout: str, given: Sequence[Array]) -> None:
    """Check the gradients for cotangents in another layout: those of the point, or with strides of 0 others."""
    with failing(f"computing the gradient for a cotangent in another layout ({layout})"):
        plain = [np.array(w, order="C") for w in given]
        expected = pullback.found if layout != "strides of 0" else pullback.pulled(plain)
        found = pullback.pulled(given)
    for i, (g, h) in enumerate(zip(expected, found, strict=True)):
        allowed = ROUNDING * pullback.epsilon * largest(g)
        if differs(g, h, allowed) and differs(g, h, 10 * pullback.limits[i] + allowed):
            raise GradientCheckError(
                f"{pullback.name(i)} depends on the layout of the cotangent: with {layout}, it is {shown(h)}; in C "
                f"order, {shown(g)}",
                pair=(h, g),
            )


def _lie_alike(arrays: Sequence[Array], others: Sequence[Array]) -> bool:
    """Tell whether arrays have the strides of others, as one axis has in Fortran's order and in C's."""
    return [x.strides for x in arrays] == [y.strides for y in others]


def _check_input_layouts(pullback: Pullback) -> None:
    if any(type(x) in fronts for x in pullback.inputs):
        return
    for layout, lay_out in LAYOUTS.items():
        given = [lay_out(x) for x in pullback.arrays]
        if layout == "read-only" or not _lie_alike(given, pullback.arrays):
            check_input_layout(pullback, layout, given)


def check_input_layout(pullback: Pullback, layout: str, given: Sequence[Array]) -> list[Any]:
    """Check the gradients for the inputs in another layout, and return the outputs.

    A function may refuse arrays that cannot be written to, as it writes to its inputs itself: then there are none.
    """
    inputs = [pullback.subject.laid_out(x, a) for x, a in zip(pullback.inputs, given, strict=True)]
    try:
        with quiet():
            outputs = pullback.subject.apply(inputs)
    except REFUSALS as error:
        if not all(x.flags.writeable for x in given):
            return []
        raise GradientCheckError(
            f"inputs in another layout ({layout}) are refused: {type(error).__name__}: {error}"
        ) from error
    with failing(f"computing the gradient for inputs in another layout ({layout})"):
        found = pullback.subject.pulled(inputs, outputs, pullback.cotangents)
    for i, (g, h) in enumerate(zip(pullback.found, found, strict=True)):
        if differs(g, h, 0.0) and differs(g, h, 10 * pullback.limits[i]):
            message = (
                f"{pullback.name(i)} depends on the layout of the inputs: with {layout}, it is {shown(h)}; in C "
                f"order, {shown(g)}"
            )
            raise RoundingError(message, pullback.arrays, pair=(h, g))
    return outputs


def _check_memory(pullback: Pullback) -> None:
    given = [np.array(w) for w in pullback.cotangents]
    kept = [np.array(w) for w in given]
    values = [np.array(array_of(x)) for x in pullback.inputs]
    with failing("computing the gradient for cotangents that can be written to"):
        found = pullback.pulled(given)
    inputs = [np.asarray(array_of(x)) for x in pullback.inputs]
    names = ["the cotangent"] * len(given) + pullback.subject.names
    for name, x, copy in zip(names, [*given, *inputs], [*kept, *values], strict=True):
        if x.tobytes() != copy.tobytes():
            raise GradientCheckError(f"the rule writes to {name}")
    foreign = [*inputs, *pullback.values, *given]
    for i, g in enumerate(found):
        if any(np.shares_memory(g, other) for other in (*foreign, *found[:i])):
            raise GradientCheckError(f"{pullback.name(i)} shares memory with an array that is not its own")


def check_parts(pullback: Pullback) -> None:
    """Check that the gradients of several outputs are the sum of the gradients of each, the others undefined."""
    if len(pullback.outputs) < 2:
        return
    with failing("computing the gradient of one output alone"):
        pairs = zip(pullback.outputs, pullback.cotangents, strict=True)
        alone = [pullback.subject.pulled(pullback.inputs, [y], [w]) for y, w in pairs]
    for i, g in enumerate(pullback.found):
        pieces = [found[i] for found in alone]
        with np.errstate(all="ignore"):
            total = np.sum(pieces, axis=0)
        if differs(g, total, pullback.limits[i] + ROUNDING * pullback.epsilon * largest(*pieces)):
            raise GradientCheckError(
                f"{pullback.name(i)} is {shown(g)} for all outputs at once, but {shown(total)} is the sum of those for "
                f"each: a rule mixes up outputs whose gradient is undefined"
            )


def check_batched(pullback: Pullback) -> None:
    """Compare gradients for a batch of cotangents with those for each of them."""
    live = [(y, w) for y, w in zip(pullback.outputs, pullback.cotangents, strict=True) if isinstance(y, Tensor)]
    if not pullback.is_recorded or len(live) != len(pullback.outputs):
        return
    others = [drawn(pullback.random, w) for w in pullback.cotangents]
    stacked = [np.stack([w, v]) for w, v in zip(pullback.cotangents, others, strict=True)]
    recorded = [(y, s) for y, s in zip(pullback.outputs, stacked, strict=True) if is_recorded(y)]
    ys, batches = zip(*recorded, strict=True)
    with failing("computing the gradients of a batch"):
        found = gradients(ys, pullback.inputs, batches, retain_graph=True, allow_unused=True, is_grads_batched=True)
    second = pullback.pulled(others)
    for i, (batch, g, h) in enumerate(zip(found, pullback.found, second, strict=True)):
        if batch is not None and (
            differs(batch.data[0], g, pullback.limits[i]) or differs(batch.data[1], h, 10 * pullback.limits[i])
        ):
            raise GradientCheckError(f"{pullback.name(i)} differs in a batch of cotangents from that for each of them")


def check_precision(pullback: Pullback, dtypes: Collection[str] | None = None, mixed: bool = True) -> None:
    """Compare the gradients in single and half precision, or as the inputs are, with those in double precision.

    `dtypes` names those that the function takes; by default, all are tried. `mixed` is whether inputs may have several.
    """
    if any(type(x) in fronts for x in pullback.inputs):
        return
    single = [np.asarray(x, NARROW.get(x.dtype, x.dtype)) for x in pullback.arrays]
    kinds = [single]
    if all(x.dtype == np.float64 for x in pullback.arrays):
        kinds.append([x.astype(np.float16) for x in pullback.arrays])
    if mixed and len(single) > 1:
        kinds += [[x, *pullback.arrays[1:]] for x in single[:1]] + [[*pullback.arrays[:-1], x] for x in single[-1:]]
    for narrow in kinds:
        if all(_is_normal(x) and not _is_near_singular(x) for x in narrow) and (
            dtypes is None or all(x.dtype.name in dtypes for x in narrow)
        ):
            check_narrow(pullback.subject, narrow)


def _is_near_singular(x: Array) -> bool:
    """Tell whether a matrix has columns that are no more independent than roundings of its dtype make them."""
    if x.ndim < 2 or min(x.shape) < 2 or not np.any(x):
        return False
    values = np.linalg.svd(widened(x), compute_uv=False)
    return bool(np.any((values[..., -1] < 8 * np.finfo(x.dtype).eps * values[..., 0]) & (values[..., -1] > 0)))


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
            low = Pullback(subject, narrow)
    except GradientCheckError:
        raise
    except REFUSALS:  # the function itself takes no such arrays
        return
    _check_types(low)
    with failing("computing the gradient in double precision"):
        wide = Pullback(subject, list(map(widened, narrow)), like=low)
        known, others = ([(y.shape, np.isfinite(y).tobytes()) for y in each.values] for each in (wide, low))
        pairs = zip(low.found, wide.found, strict=True)
        if known != others or not any(differs(g, h, 16 * low.epsilon * np.abs(h)) for g, h in pairs):
            return  # gradients of other numbers, or such as are off by a few roundings of their own
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
    low: Pullback, wide: Pullback, narrow: Sequence[Array], limits: Sequence[Array]
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


def _distance(low: Pullback, wide: Pullback) -> float:
    """Return the largest relative error of the values: some of SciPy's functions are less precise than their dtype."""
    errors = [0.0]
    for a, b in zip(low.values, wide.values, strict=True):
        with np.errstate(all="ignore"):
            errors.append(float(np.max(np.abs(a - b) / np.abs(b), initial=0.0, where=np.isfinite(b) & (b != 0))))
    return min(max(errors), 1.0)


def check_forward(pullback: Pullback) -> None:
    """Compare forward mode with reverse mode: ``<J v, w>`` with ``<v, J' w>``."""
    subject = pullback.subject
    tangents = [drawn(pullback.random, x) for x in pullback.arrays]

    def function(*inputs: Any) -> Any:
        return tuple(subject.apply(inputs))

    with failing("computing the derivative in forward mode"):
        pushed = jvp(function, tuple(np.array(x) for x in pullback.arrays), tuple(tangents))[1]
    with np.errstate(all="ignore"):
        live = [(w, t) for w, t, y in zip(pullback.cotangents, pushed, pullback.outputs, strict=True) if is_recorded(y)]
        forward = sum(float(inner_product(w, np.asarray(array_of(t)))) for w, t in live)
        reverse = sum(float(inner_product(g, v)) for g, v in zip(pullback.found, tangents, strict=True))
        terms = sum(float(np.sum(np.abs(w * np.asarray(array_of(t))))) for w, t in live)
        terms += sum(float(np.sum(np.abs(g * v))) for g, v in zip(pullback.found, tangents, strict=True))
        off = abs(forward - reverse) - 1e3 * pullback.epsilon * terms
        if not np.isfinite(terms) or off <= 0:
            return
        slack = sum(float(np.sum(a * np.abs(v))) for a, v in zip(pullback.limits, tangents, strict=True))
    if not off <= slack:
        message = f"forward mode gives {forward:.8g} where reverse mode gives {reverse:.8g}"
        raise RoundingError(message, pullback.arrays)
