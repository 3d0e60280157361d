"""Sentinels: checks for mistakes that a training does not notice, and learns less for."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import Tensor, extend
from autograd.extend import borrow

from .._arguments import Array, TensorLike
from .._warnings import message
from ..functional import cross_entropy, nll_loss
from ..module import Module, warn_of_plain_tensors
from ..modules.containers import Row
from ..modules.loss import CrossEntropyLoss, NLLLoss
from ..parameter import Parameter
from ..parameter import watchers as parameter_watchers
from ._divergence import warn
from ._metrics import values_of
from ._types import Loss

if TYPE_CHECKING:
    from autograd import Finding


ALWAYS_CHECKED = 10  # the first steps of a training; after them every parameter should have had a gradient
LOOKED_AT = 2  # in which the operations of the loss are looked at
CHECK_EVERY = 50  # steps, from then on
SHORT_STREAK, LONG_STREAK = 10, 15  # checks in a row; after those of the first steps there are many steps between two
_WIDER = {"float32": "float", "float64": "double"}  # the method of a module that makes its parameters of a dtype
_CALL = Module.__call__.__code__
_MODE_DEPENDENT = ("Dropout", "BatchNorm", "InstanceNorm")


def is_checked(step: int, position: int) -> bool:
    """Tell whether a step is one of those that are checked, by its number and its position in the epoch."""
    return step < ALWAYS_CHECKED or position % CHECK_EVERY == 0


class ParameterNorms(NamedTuple):
    """Of one parameter in one step: the norms of its gradient (None without one), of its values and their change.

    `climb` is the product of its gradient and its change.
    """

    gradient: float | None
    weight: float
    update: float
    climb: float


class StepNorms:
    """The norms of a step: made before it, finished after it. Few steps are measured, for it costs several passes."""

    def __init__(self, named: Sequence[tuple[str, Any]]) -> None:
        self._named = named
        self._gradients = [None if p.grad is None else borrow(p.grad) for _, p in named]
        self._norms = [None if gradient is None else _norm(gradient) for gradient in self._gradients]
        self._before = [np.array(borrow(p)) for _, p in named]  # in the order of memory that they have

    def finish(self) -> dict[str, ParameterNorms]:
        """Return the norms by the path of each parameter."""
        found = {}
        for (name, parameter), gradient, norm, before in zip(
            self._named, self._gradients, self._norms, self._before, strict=True
        ):
            change = np.subtract(borrow(parameter), before, out=np.empty_like(before))
            climb = 0.0 if gradient is None else float(np.vdot(gradient, change).real)
            found[name] = ParameterNorms(norm, _norm(before), _norm(change), climb)
        return found


def total_norm(norms: Sequence[float]) -> float:
    """Return the norm of all parts together."""
    return math.sqrt(sum(norm * norm for norm in norms))


def _norm(array: Array) -> float:
    flat = array.ravel("K")
    return math.sqrt(flat.dot(flat))


def trainable_parameters(model: Module, loss: Loss | None) -> list[tuple[str, Any]]:
    """Return the parameters that a training should change, those of a loss among them, with their paths."""
    modules = {"": model, **({"loss": loss} if isinstance(loss, Module) else {})}
    return [
        item for prefix, module in modules.items() for item in module.named_parameters(prefix) if item[1].requires_grad
    ]


def mode_dependent_modules(model: Module) -> Iterator[tuple[str, Module]]:
    """Yield the paths and modules whose results differ between training and evaluation mode."""
    for path, module in model.named_modules():
        kinds = [kind.__name__ for kind in type(module).__mro__]
        matters = getattr(module, "p", 1) != 0 and getattr(module, "track_running_stats", True)  # as its options say
        if matters and any(word in kind for kind in kinds for word in _MODE_DEPENDENT):
            yield path or type(module).__name__, module


class Sentinels:
    """Checks of some of the steps of a training; each finding is warned of once.

    Parameters
    ----------
    model, optimizer, loss
        Those of the training; `loss` may be None if it is not known.
    """

    def __init__(self, model: Module, optimizer: Any, loss: Any = None) -> None:
        self._model, self._optimizer, self._loss = model, optimizer, loss
        self._warned: set[tuple[str, str]] = set()
        self._checks = 0
        self._nonzero: dict[str, bool] = {}  # of each parameter that had a gradient: whether one was not 0
        self._streaks: dict[tuple[str, str], int] = {}
        self._output_checks = _checks_of(loss)
        self._takes_probabilities = isinstance(loss, CrossEntropyLoss) or loss is cross_entropy
        self._mistaken = False  # whether there was a mistake in the loss, which explains others
        self._shapes: list[tuple[str, Any, tuple[int, ...]]] = []  # that `axes_noted` noted
        self._uphill = 0  # in how many steps the change went along the gradient
        parameter_watchers.add(self)

    def _named(self) -> list[tuple[str, Any]]:
        return trainable_parameters(self._model, self._loss)

    def check_optimizer(self) -> None:
        """Compare the parameters of the model with those of the optimizer."""
        held = {id(p): p for group in self._optimizer.param_groups for p in group["params"]}
        named = self._named()
        missing = [(name, parameter) for name, parameter in named if id(parameter) not in held]
        known = {id(parameter) for _, parameter in named}
        shapes = [p.shape for key, p in held.items() if key not in known and p.requires_grad]
        self._warn_of("stale", [item for item in missing if item[1].shape in shapes])
        self._warn_of("missing", [item for item in missing if item[1].shape not in shapes])

    def parameter_made(self) -> None:
        """Warn if a parameter is made within a call of the model; lazy layers do that in the first one."""
        frame = sys._getframe(2) if self._checks else None
        while frame is not None:
            if frame.f_code is _CALL and frame.f_locals["self"] is self._model:
                self.warn_once("made anew")
                return
            frame = frame.f_back

    def check_loss(self, mistakes: Sequence[Finding]) -> None:
        """Warn of mistakes in the loss, which `find_mistakes` found."""
        ascends = any(group.get("maximize") for group in self._optimizer.param_groups)
        for finding in mistakes:
            if ascends and "below 0" in finding.form:
                continue
            if finding.form == "a mean of outputs" and self._output_checks:  # which say more of such a loss
                continue
            if (finding.remedy, "") not in self._warned:
                self._warned.add((finding.remedy, ""))
                warn(str(finding))
            self._mistaken, self._output_checks = True, []

    @contextmanager
    def axes_noted(self) -> Iterator[None]:
        """Note what layers that tell rows from steps are given in a call of the model with an array of rows."""
        handles = [
            module.register_forward_pre_hook(partial(self._note_shape, path))
            for path, module in self._model.named_modules()
            if hasattr(module, "batch_first")
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _note_shape(self, path: str, module: Module, args: tuple[Any, ...]) -> None:
        shape = getattr(args[0], "shape", ()) if args else ()  # a call may have names alone
        self._shapes.append((f"{type(module).__name__} {path}".strip(), module, shape))

    def check_call(self, inputs: Sequence[TensorLike], output: object) -> None:
        """Check what a call of the model computed with, before a backward pass."""
        self._check_dtype(inputs, output)
        rows = len(inputs[0]) if self._shapes else 0  # type: ignore[arg-type]  # an array of rows
        for name, module, shape in self._shapes:
            at = 0 if module.batch_first else 1
            if len(shape) == 3 and shape[1 - at] == rows != shape[at]:
                self.warn_once("batch first", name=name, shape=shape, rows=rows, needed=not module.batch_first)
        self._shapes.clear()
        if self._checks != 1 or ("made anew", "") in self._warned or not isinstance(output, Tensor):
            return  # the first call of lazy layers makes parameters
        if output.requires_grad and not any(getattr(x, "requires_grad", False) for x in inputs):
            known = {id(p) for group in self._optimizer.param_groups for p in group["params"]}
            known |= {id(parameter) for parameter in self._model.parameters()}
            strange = [p for p in extend.leaves(output) if isinstance(p, Parameter) and id(p) not in known]
            if strange:
                self.warn_once("hidden", listed=_listed([("", parameter) for parameter in strange]).replace("  ", " "))

    def _check_dtype(self, inputs: Sequence[TensorLike], output: object) -> None:
        """Compare the dtype in which the model computes with that of its parameters."""
        computed, own = getattr(output, "dtype", None), [p.dtype for p in self._model.parameters()]
        if computed is None or not own or computed.kind != "f":
            return
        widest = np.result_type(*own)
        kinds = [getattr(x, "dtype", None) for x in inputs]
        wide = [kind is None or np.result_type(kind, widest) != widest for kind in kinds]
        if computed.itemsize > widest.itemsize and any(wide):
            place = wide.index(True)
            what = kinds[place] or f"made of a {type(inputs[place]).__name__}, {computed}"
            self.warn_once("dtype", own=widest, what=what, computed=computed, wider=_WIDER.get(computed.name, "double"))

    def check_output(self, output: Any, target: Any) -> None:
        """Check what the model gives to the loss."""
        last, output = getattr(getattr(output, "grad_fn", None), "name", None), values_of(output)
        if not isinstance(output, np.ndarray) or output.ndim < 2 or output.dtype.kind != "f":
            return
        for kind, odd in self._output_checks:
            by_chance = kind == "sigmoid" and last in ("linear", "matmul")  # a new network gives small numbers
            if self._streak(kind, "", odd(output) and not by_chance, 3):
                self.warn_once(kind)
        target = values_of(target)
        if not isinstance(target, np.ndarray):
            return
        if self._takes_probabilities and target.dtype.kind == "f" and target.shape == output.shape:
            sums = target.sum(axis=1)
            odd_sums = sums[(sums != 0) & (np.abs(sums - 1) > 1e-3)]  # rows of 0 do not count
            if odd_sums.size:
                self.warn_once("sums of rows", total=odd_sums[0])
        varied = len(target) > 1 and bool((target != target[:1]).any()) and not self._mistaken
        if self._streak("constant", "", varied and bool((output == output[:1]).all()), SHORT_STREAK):
            self.warn_once("constant", count=SHORT_STREAK)

    def check_norms(self, norms: Mapping[str, ParameterNorms]) -> None:
        """Check the gradients and updates of a step."""
        self._checks += 1
        if self._checks == 1:
            warn_of_plain_tensors(self._model, used=True)
            self._check_modules()
        rate = max(float(group["lr"]) for group in self._optimizer.param_groups)
        ascends = any(group.get("maximize") for group in self._optimizer.param_groups)
        self._uphill += not ascends and sum(norm.climb for norm in norms.values()) > 0
        held = {id(p) for group in self._optimizer.param_groups for p in group["params"]}
        for name, norm in norms.items():
            if norm.gradient is not None:
                self._nonzero[name] = self._nonzero.get(name, False) or norm.gradient != 0
        if rate:
            self._check_ratios(
                [
                    (name, parameter, norms[name].update / norms[name].weight)
                    for name, parameter in self._named()
                    if id(parameter) in held and name in norms and norms[name].gradient and norms[name].weight
                ]
            )
        if self._checks == ALWAYS_CHECKED:
            self._check_gradients()

    def finish(self) -> None:
        """Warn of gradients that never came, if the training was too short for the regular check."""
        if 0 < self._checks < ALWAYS_CHECKED:
            self._check_gradients()

    def _check_modules(self) -> None:
        """Look for one layer in several places, and for parameters that are meant to stay."""
        for path, module in self._model.named_modules():
            name = path or type(module).__name__
            if isinstance(module, Row):
                twice = [i for i, (a, b) in enumerate(pairwise(module)) if a is b and any(True for _ in a.parameters())]
                if twice:
                    self.warn_once("same layer", name=name, first=twice[0], second=twice[0] + 1)
            for flag in ("requires_grad", "trainable"):
                if vars(module).get(flag) is False and any(p.requires_grad for p in module.parameters()):
                    self.warn_once("flag of a module", name=name, flag=flag)

    def _check_gradients(self) -> None:
        named, when = self._named(), f"in the {self._checks} steps that were looked at"
        if self._checks > 2 and self._uphill == self._checks:
            self.warn_once("uphill", when=when)
        if named and not self._nonzero:
            if not self._optimizer.idle:
                self.warn_once("no backward", when=when)
            return
        if ("made anew", "") in self._warned:  # in place of these
            return
        self._warn_of("no gradient", [item for item in named if item[0] not in self._nonzero], when=when)
        if self._checks >= ALWAYS_CHECKED and not self._mistaken:
            zero = [  # a bias alone may cancel, as in a difference
                (name, parameter)
                for name, parameter in named
                if self._nonzero.get(name) is False and not self._nonzero.get(name.removesuffix("bias") + "weight")
            ]
            self._warn_of("zero gradient", zero, when=when)
            self._warn_of("same units", [item for item in named if self._nonzero.get(item[0]) and _all_same(item[1])])

    def _check_ratios(self, ratios: list[tuple[str, Any, float]]) -> None:
        """Check the size of updates in proportion to the parameters."""
        for kind, least, most in (("fast", 0.1, math.inf), ("slow", -1, 1e-7)):
            found = [item for item in ratios if self._streak(kind, item[0], least < item[2] < most, LONG_STREAK)]
            self._warn_of(kind, [item[:2] for item in found], ratio=found[0][2] if found else 0)

    def _streak(self, kind: str, name: str, odd: bool, length: int) -> bool:
        """Tell whether something has been odd in exactly `length` checks in a row."""
        count = self._streaks[kind, name] = self._streaks.get((kind, name), 0) + 1 if odd else 0
        return count == length

    def _warn_of(self, kind: str, found: Sequence[tuple[str, Any]], **parts: Any) -> None:
        """Warn of all parameters that were not warned of before in one warning: they have one cause."""
        new = [item for item in found if (kind, item[0]) not in self._warned]
        if new:
            self._warned.update((kind, name) for name, _ in new)
            warn(message(kind, listed=_listed(new), **parts))

    def warn_once(self, kind: str, /, **parts: Any) -> None:
        """Warn, unless there was a warning of this kind before."""
        if (kind, "") not in self._warned:
            self._warned.add((kind, ""))
            warn(message(kind, **parts))


def _all_same(parameter: Any) -> bool:
    """Tell whether all units of a layer have the same weights."""
    weight = borrow(parameter)
    return weight.ndim > 1 and len(weight) > 1 and bool((weight == weight[:1]).all())


def _listed(named: Sequence[tuple[str, Any]]) -> str:
    """Return the names and shapes of parameters as words; of many, the first and the number."""
    shown = [f"{name} {parameter.shape}" for name, parameter in named]
    if len(shown) == 1:
        return f"the parameter {shown[0]}"
    return f"the {len(shown)} parameters {', '.join(shown[:3])}" + (", ..." if len(shown) > 3 else "")


_Check = tuple[str, Callable[[Array], bool]]


def _checks_of(loss: Any) -> list[_Check]:
    """Return the checks of the outputs that a loss is given."""
    kinds = {kind.__name__ for kind in type(loss).__mro__}
    if isinstance(loss, CrossEntropyLoss) or loss is cross_entropy:
        return [("softmax", _are_probabilities)]
    if isinstance(loss, NLLLoss) or loss is nll_loss:
        return [("log-softmax", _are_not_logarithms)]
    if "KLDivLoss" in kinds:
        return [("logarithms", lambda output: bool((output > 0).any()))]
    if "BCEWithLogitsLoss" in kinds:
        return [("sigmoid", lambda output: output.size >= 32 and bool(((output >= 0) & (output <= 1)).all()))]
    return []


def _are_probabilities(output: Array) -> bool:
    return output.shape[1] > 1 and bool((output >= 0).all() and (np.abs(output.sum(axis=1) - 1) < 1e-3).all())


def _are_not_logarithms(output: Array) -> bool:
    largest = output.max(axis=1, keepdims=True)
    return bool((np.abs(np.log(np.exp(output - largest).sum(axis=1)) + largest[:, 0]) > 1e-2).any())
