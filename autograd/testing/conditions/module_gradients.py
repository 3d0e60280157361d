"""Gradients of a module: beside differences, in the other mode, and in the module's own precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..comparisons.named_arrays import Comparison, Deviation
from ..subjects.module_calls import Call, differ_in_outputs
from ..subjects.subject import Array

Caller = Callable[..., Call]


class ModuleGradients:
    """What is wrong with the gradients of a module.

    `call` calls a new copy of it, in a mode, with arrays in the place of its parameters and inputs; the parameters
    named `unused` get no gradient.
    """

    def __init__(self, call: Caller, unused: set[str]) -> None:
        self.call, self.unused = call, unused
        self.faults: list[str] = []
        self.untold: set[str] = set()
        self.compared = 0

    def check(self) -> None:
        """Check the gradients in both modes."""
        trained = self._check_gradients(True)
        if differ_in_outputs(self.call(True), self.call(False)):
            self._check_gradients(False)
        else:
            self._check_evaluation(trained)

    def _check_evaluation(self, trained: Comparison) -> None:
        """Compare the gradients of evaluation mode with those of training mode, where both give the same outputs."""
        call = self.call(False)
        for weights, expected in zip(_weights(call.numbers.size), trained.gradients, strict=True):
            for name, g in call.gradients(weights).items():
                off = np.abs(_zeros_for(g, expected[name]) - expected[name])
                if off.size and not np.max(off) <= 1e-9 * np.max(np.abs(expected[name])):
                    at = tuple(map(int, np.unravel_index(int(np.argmax(off)), off.shape)))
                    found = 0.0 if g is None else g[at]
                    deviation = Deviation(name, at, float(found), float(expected[name][at]), told=True)
                    self.faults.append(
                        f"the gradient of {deviation.label} is {deviation.analytic:.8g} in evaluation mode but "
                        f"{deviation.numeric:.8g} in training mode, though the outputs are the same{factor(deviation)}"
                    )
                    return

    def _check_gradients(self, training: bool) -> Comparison:
        call = self.call(training)
        arrays = {name: leaf._array.astype(np.float64) for name, leaf in call.leaves.items()}
        precision = max(float(np.finfo(y.dtype).eps) for y in call.outputs)
        weights = _weights(call.numbers.size)
        # What rounding makes of a sum depends on its terms: with this added, the sums are as large as these, or larger.
        size = 2 * np.sum(np.abs(weights * call.numbers), axis=1)
        found = [call.gradients(each) for each in weights]
        absent = {name for name, g in found[0].items() if g is None}
        pulled = [{name: _zeros_for(g, arrays[name]) for name, g in each.items()} for each in found]

        def values(moved: Mapping[str, Array]) -> Array:
            sums: Array = weights @ self.call(training, moved).numbers + size
            return sums

        comparison = Comparison(values, arrays, pulled, precision, _padding(call.module))
        for name in arrays:
            for deviation in comparison.deviations(name):
                self._report(deviation, name in absent, "training" if training else "evaluation")
        self.compared += comparison.compared
        if training:
            self._check_unused(call, absent)
        self._check_precision(training, weights, comparison)
        return comparison

    def _report(self, deviation: Deviation, absent: bool, mode: str) -> None:
        if not deviation.told:
            self.untold.add(deviation.name)
        elif absent:
            self.faults.append(
                f"{deviation.name} gets no gradient, though the outputs depend on it (in {mode} mode the slope is "
                f"{deviation.numeric:.6g} for {deviation.label}): the graph is left by detach(), no_grad(), .data or "
                f"np.asarray()"
            )
            self.unused.add(deviation.name)  # it is reported
        else:
            whole = "" if deviation.index is not None else ", along a random direction,"
            self.faults.append(
                f"the gradient of {deviation.label}{whole} is {deviation.analytic:.8g} by the graph but "
                f"{deviation.numeric:.8g} by differences, in {mode} mode{factor(deviation)}"
            )

    def _check_unused(self, call: Call, absent: set[str]) -> None:
        for name in sorted(absent - self.unused - call.inputs.keys()):
            self.faults.append(
                f"{name} gets no gradient, as nothing that is returned depends on it: use it in forward(), or say "
                f"unused={name!r}"
            )
        for name in sorted(self.unused & call.leaves.keys() - absent):
            self.faults.append(f"{name} gets a gradient, but unused= names it")

    def _check_precision(self, training: bool, weights: Array, comparison: Comparison) -> None:
        """Compare the gradients in the module's own precision with those in double precision."""
        call = self.call(training, wide=False)
        eps = max((float(np.finfo(p.dtype).eps) for p in call.parameters.values()), default=0.0)
        if eps < 1e-12 or call.numbers.size != weights.shape[1]:
            return
        random = np.random.default_rng(5)
        moved = {name: x * (1 + eps * random.uniform(-1, 1, x.shape)) for name, x in comparison.arrays.items()}
        other = self.call(training, moved)
        for each, wide in zip(weights, comparison.gradients, strict=True):
            narrow, nudged = call.gradients(each), other.gradients(each)
            overall = max((float(np.max(np.abs(g), initial=0)) for g in wide.values()), default=0.0)
            for name, g in narrow.items():
                rounded, expected = nudged[name], wide[name]
                if g is None or rounded is None or not g.size:
                    continue
                doubt = 30 * float(np.max(np.abs(rounded - expected))) + 20 * eps * overall
                off = np.abs(g - expected)
                if not float(np.max(off)) <= doubt + 300 * eps * float(np.max(np.abs(expected))):
                    at = tuple(map(int, np.unravel_index(int(np.argmax(off)), g.shape)))
                    label = Deviation(name, at, 0.0, 0.0, told=True).label
                    self.faults.append(
                        f"the gradient of {label} is {g[at]:.8g} in {g.dtype}, but {expected[at]:.8g} in float64"
                    )
                    return


def factor(deviation: Deviation) -> str:
    """Describe by what the gradient is wrong, if that is a simple number."""
    quotient = deviation.analytic / deviation.numeric if deviation.numeric else np.inf
    for number in (-1, 0, 2, 0.5, *range(3, 65), *(1 / n for n in range(3, 65))):
        if abs(quotient - number) < 1e-6 * max(abs(number), 1e-3):
            many = f"{number:g} times" if number >= 1 else f"1/{round(1 / number)} of" if number > 0 else ""
            return {-1: ": its sign is wrong", 0: ""}.get(number, f": it is {many} what it should be")
    return ""


def _weights(count: int) -> Array:
    """Return some weights of so many numbers, of both signs; a single number has the weight 1."""
    return np.ones((1, 1)) if count == 1 else np.random.default_rng(0).standard_normal((3, count))


def _padding(module: Any) -> dict[str, Array]:
    """Return by name where parameters get no gradient by design: the rows of embeddings that stand for padding."""
    held = {}
    for path, part in module.named_modules():
        row, weight = getattr(part, "padding_idx", None), getattr(part, "weight", None)
        if row is not None and weight is not None:
            held[f"{path}.weight" if path else "weight"] = np.zeros(tuple(weight.shape), bool)
            held[f"{path}.weight" if path else "weight"][row] = True
    return held


def _zeros_for(g: Array | None, like: Array) -> Array:
    return np.zeros(like.shape) if g is None else g
