"""Other calls: ways of asking for the same derivatives, all of which have to give the same.

An input may be the only one that is live, arrays may get other values between two calls, as in a training step,
cotangents have all kinds of forms, derivatives are taken in each order of the two modes, and a call leaves NumPy as it
was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd import GradientCheckError, gradients, jvp, vjp

from ..comparisons.compare import compare_directions
from ..comparisons.point import Measure, Point
from ..findings.jacobians import refuse_wrong
from ..points.layouts import LAYOUTS, Layout, placed
from ..subjects.refusals import REFUSALS, failing
from ..subjects.subject import Array, Subject, array_of, gradient_subject, inner_product, is_recorded, normal, quiet
from .pullback import ROUNDING, Pullback, RoundingError, differs, largest, refuse_others, shown
from .rules import check_cotangent_layout, check_input_layout, check_scaled


def check_left_alone(subject: Subject, arrays: Sequence[Array]) -> None:
    """Check that a call and the walk back change neither NumPy's random generator nor how it handles errors."""
    before, handled = np.random.get_state(), np.geterr()
    np.random.random(5)  # so that a generator that earlier calls have seeded is not where they left it
    state = np.random.get_state()
    inputs = subject.inputs(arrays)
    try:
        outputs = subject.apply(inputs)
        subject.pulled(inputs, outputs, [np.ones(np.shape(array_of(y)), array_of(y).dtype) for y in outputs])
    except REFUSALS:
        return  # said elsewhere
    finally:
        after, then = np.random.get_state(), np.geterr()
        np.random.set_state(before)
        np.seterr(**handled)
    if then != handled:
        raise GradientCheckError(f"a call changes how NumPy handles errors, from {handled} to {then}")
    if any(np.any(a != b) for a, b in zip(state, after, strict=True)):
        raise GradientCheckError("a call draws from NumPy's global random generator, or seeds it")


def check_one_live(subject: Subject, arrays: Sequence[Array], slopes: bool) -> None:
    """Check the derivatives with respect to each input alone, the others being constants, second ones if `slopes`."""
    if len(subject.positions) != len(subject.given) or len(arrays) < 2:
        return
    together = Pullback(subject, arrays)
    for i, x in enumerate(arrays):
        alone = Subject(partial(_with_one, subject.fn, list(arrays), i), [x], [subject.names[i]])
        pullback = Pullback(alone, [x])
        found = pullback.pulled(together.cotangents)[0]
        if differs(together.found[i], found, together.limits[i]):
            raise GradientCheckError(
                f"{together.name(i)} is {shown(found)} where the other inputs are constants, but "
                f"{shown(together.found[i])} where they are not"
            )
        if pullback.is_recorded and slopes:
            check_slopes(gradient_subject(alone))


def _with_one(fn: Callable[..., object], arrays: Sequence[Array], i: int, x: object) -> object:
    return fn(*arrays[:i], x, *arrays[i + 1 :])


def check_slopes(subject: Subject) -> None:
    """Compare derivatives with differences, along some directions."""
    with failing("computing the gradient in double precision"):
        point, measure = Point(subject), Measure()
        found = list(compare_directions(point, measure, np.random.default_rng(1)))
    refuse_wrong(point, measure, found)


def check_further_layouts(subject: Subject, arrays: Sequence[Array]) -> None:
    """Check values and gradients for inputs, and gradients for cotangents, that lie in memory in other ways.

    Inputs that are slices of one array may overlap.
    """
    layouts: dict[str, Layout] = {
        **LAYOUTS,
        "every second row": lambda x: placed(x, (2 * len(x), *x.shape[1:]), np.s_[::2]) if x.ndim else np.array(x),
        "the transpose of a copy": lambda x: np.array(x.T, order="C").T,
    }
    for name, lay_out in layouts.items():
        compare_layout(subject, name, list(map(lay_out, arrays)))
    if all(x.size for x in arrays):
        one = [np.broadcast_to(x.reshape(-1)[:1].reshape(()), x.shape) for x in arrays]
        compare_layout(subject, "strides of 0", one)
    if len(arrays) > 1 and all(x.shape == arrays[0].shape and x.ndim and x.size for x in arrays):
        wide = np.concatenate([arrays[0], arrays[0][:1]])
        compare_layout(subject, "slices that overlap", [wide[:-1], wide[1:], *(wide[:-1] for _ in arrays[2:])])
    pullback = Pullback(subject, arrays)
    for name in ("rows apart", "every second row", "the transpose of a copy"):
        check_cotangent_layout(pullback, name, list(map(layouts[name], pullback.cotangents)))


def compare_layout(subject: Subject, layout: str, given: Sequence[Array]) -> None:
    """Compare values and gradients with those for the same numbers in C order."""
    try:
        with quiet():
            pullback = Pullback(subject, [np.array(x, order="C") for x in given])
    except REFUSALS:
        return  # the function does not take such numbers, or its error is said elsewhere
    outputs = check_input_layout(pullback, layout, given)
    for k, (y, z) in enumerate(zip(pullback.outputs, outputs, strict=False)):
        a, b = np.asarray(array_of(y)), np.asarray(array_of(z))
        if a.shape != b.shape or differs(a, b, ROUNDING * pullback.epsilon * (np.abs(a) + largest(a))):
            raise GradientCheckError(f"output {k} is {shown(b)} for inputs with {layout}, but {shown(a)} in C order")


def check_further_cotangents(subject: Subject, arrays: Sequence[Array]) -> None:
    """Check that the gradient is linear also for cotangents of some form: ones, one of 1, whole numbers, and so on."""
    pullback = Pullback(subject, arrays)
    forms: dict[str, Callable[[Array], Array]] = {
        "1 everywhere": np.ones_like,
        "positive": lambda w: np.abs(w).astype(w.dtype),
        "negative": lambda w: -np.abs(w).astype(w.dtype),
        "whole numbers": lambda w: np.asarray(np.round(3 * w), w.dtype),
        "0 but for the last": lambda w: _only(w, -1),
        "0 but for the first": lambda w: _only(w, 0),
        "equal everywhere": lambda w: np.full_like(w, -0.7),
    }
    for form, make in forms.items():
        special = [make(w) for w in pullback.cotangents]
        sums = [np.asarray(w + v, w.dtype) for w, v in zip(pullback.cotangents, special, strict=True)]
        with failing(f"computing the gradient for a cotangent that is {form}"):
            found, total = pullback.pulled(special), pullback.pulled(sums)
        for i, (g, h, s) in enumerate(zip(pullback.found, found, total, strict=True)):
            with np.errstate(all="ignore"):
                allowed = 10 * pullback.limits[i] + ROUNDING * pullback.epsilon * (np.abs(g) + np.abs(h))
                expected = np.where(np.isfinite(g), s - g, h)
            if differs(expected, h, allowed):
                message = (
                    f"{pullback.name(i)} is not linear in the cotangent: for one that is {form}, it is "
                    f"{shown(h, expected)}, not {shown(expected, h)}"
                )
                raise RoundingError(message, arrays)
    check_scaled(pullback)


def _only(w: Array, point: int) -> Array:
    only = np.zeros_like(w)
    only.reshape(-1)[point:][:1] = 0.7
    return only


def check_updated(subject: Subject, arrays: Sequence[Array]) -> None:
    """Check gradients after arrays got other values in place, as parameters do in each step of a training."""
    given = [np.array(x) for x in arrays]
    for factor in (1.0, 0.75, 0.75):
        for x in given:
            x *= x.dtype.type(factor)
        try:
            with quiet():
                fresh = Pullback(subject, [np.array(x) for x in given])
                found = fresh.anew(given)
        except REFUSALS:
            return
        refuse_others(
            fresh,
            found,
            lambda of, h, g: (
                f"{of} is {h} after the array got other values, but {g} for a new array of them: the rule "
                f"remembers what it should not"
            ),
        )


def check_derived(subject: Subject, arrays: Sequence[Array], order: int) -> None:
    """Check second derivatives in each order of the two modes, and third ones against differences."""
    if order < 2 or any(x.dtype.kind != "f" for x in arrays):
        return
    pullback = Pullback(subject, arrays)
    if not pullback.is_recorded or not all(map(is_recorded, pullback.outputs)):
        return
    random = np.random.default_rng(6)
    v, u = ([np.asarray(normal(random, x), x.dtype) for x in arrays] for _ in range(2))
    weights = pullback.cotangents

    def total(*inputs: Any) -> Any:
        return sum(np.sum(y * w) for y, w in zip(subject.apply(inputs), weights, strict=True))

    def slope(*inputs: Any) -> Any:  # by forward mode
        return jvp(total, inputs, tuple(v))[1]

    def reversed_slope(*inputs: Any) -> Any:
        value, pull = vjp(total, *inputs)
        return sum(np.sum(g * t) for g, t in zip(pull(np.ones((), value.dtype)), v, strict=True))

    with failing("computing second derivatives"):
        inputs = subject.inputs(arrays)
        expected, size = _along(reversed_slope(*inputs), inputs, u)
    if not np.isfinite(expected):
        return
    for how in ("reverse mode of forward mode", "forward mode of forward mode", "forward mode of reverse mode"):
        with failing(f"computing second derivatives, in {how}"):
            if how.startswith("reverse"):
                inputs = subject.inputs(arrays)
                found = _along(slope(*inputs), inputs, u)[0]
            else:
                function = slope if how.endswith("forward mode") else reversed_slope
                pushed = jvp(function, tuple(np.array(x) for x in arrays), tuple(u))[1]
                found = float(np.sum(np.asarray(array_of(pushed))))
        if not abs(found - expected) <= 1e6 * pullback.epsilon * (size + largest(*pullback.found)):
            raise GradientCheckError(
                f"a second derivative is {found:.8g} in {how}, but {expected:.8g} in reverse mode of reverse mode"
            )
    check_slopes(gradient_subject(gradient_subject(subject)))


def _along(total: Any, inputs: Sequence[Any], direction: Sequence[Array]) -> tuple[float, float]:
    """Return the derivative of a number along a direction, and the size of its terms."""
    if not is_recorded(total):
        return 0.0, 0.0
    found = gradients([total], inputs, allow_unused=True)
    pairs = [(g.data, u) for g, u in zip(found, direction, strict=True) if g is not None]
    return sum(float(inner_product(g, u)) for g, u in pairs), sum(float(np.sum(np.abs(g * u))) for g, u in pairs)
