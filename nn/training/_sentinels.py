"""Signs of the mistakes that training does not notice by itself: it goes on, and learns less than it could."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..functional import cross_entropy, nll_loss
from ..loss import CrossEntropyLoss, NLLLoss
from ..module import Module
from ._measures import Sizes
from ._metrics import values_of
from ._warnings import warn

__all__ = ["Sentinels", "changes_with_mode"]

Array = np.ndarray[Any, Any]

FEW = 10  # steps after which a parameter should have had a gradient
LONG = 15  # looks after which a ratio has been odd for long; later ones are many steps apart
_WIDER = {"float32": "float", "float64": "double"}  # the method of a module that makes its parameters of a dtype
_MODAL = ("Dropout", "BatchNorm", "InstanceNorm")


def changes_with_mode(model: Module) -> Iterator[tuple[str, Module]]:
    """Yield the paths and modules that compute something else in training than in evaluation."""
    for path, module in model.named_modules():
        kinds = [kind.__name__ for kind in type(module).__mro__]
        if any(word in kind for kind in kinds for word in _MODAL) and _matters(module):
            yield path or type(module).__name__, module


def _matters(module: Module) -> bool:
    """Tell whether the options of such a module leave a difference: dropout of nothing has none."""
    return getattr(module, "p", 1) != 0 and getattr(module, "track_running_stats", True)


class Sentinels:
    """What is looked for in some of the steps of a training; each finding is warned of once.

    Parameters
    ----------
    model, optimizer, loss
        Those of the training; `loss` may be None where it is not known.
    """

    def __init__(self, model: Module, optimizer: Any, loss: Any = None) -> None:
        self._model, self._optimizer, self._loss = model, optimizer, loss
        self._warned: set[tuple[str, str]] = set()
        self._looks = 0
        self._met: dict[str, bool] = {}  # whether a parameter had a gradient, and one that is not 0
        self._streaks: dict[tuple[str, str], int] = {}
        self._output_checks = _checks_of(loss)

    def named(self) -> list[tuple[str, Any]]:
        """Return the parameters that the training should change, by path."""
        modules = {"": self._model, **({"loss": self._loss} if isinstance(self._loss, Module) else {})}
        return [
            item
            for prefix, module in modules.items()
            for item in module.named_parameters(prefix)
            if item[1].requires_grad
        ]

    def check_optimizer(self) -> None:
        """Compare the parameters of the model with those of the optimizer."""
        held = {id(p): p for group in self._optimizer.param_groups for p in group["params"]}
        named = self.named()
        missing = [(name, parameter) for name, parameter in named if id(parameter) not in held]
        known = {id(parameter) for _, parameter in named}
        shapes = [p.shape for key, p in held.items() if key not in known and p.requires_grad]
        for name, parameter in missing:
            if parameter.shape in shapes:
                self._warn(
                    "stale",
                    name,
                    f"the parameter {name} {parameter.shape} is not in the optimizer, which holds another one of this "
                    f"shape that the model does not have: it was replaced after the optimizer was made, and will never "
                    f"change. Make the optimizer after the model is complete, or write to {name}.data[...]",
                )
            else:
                self._warn(
                    "missing",
                    name,
                    f"the parameter {name} {parameter.shape} is not in the optimizer and will never change: pass "
                    f"model.parameters() to it, use optimizer.add_param_group, or, if it is meant to stay, "
                    f"{name}.requires_grad_(False)",
                )

    def check_dtype(self, inputs: Sequence[Any], output: Any) -> None:
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
            self._warn(
                "dtype",
                "",
                f"the parameters of the model are {widest}, but its input is {what}, so that all is computed in "
                f"{computed}, as NumPy does it: right, but that takes two to three times as long. Give it "
                f"np.asarray(X, np.{widest}); if the digits are meant, model.{_WIDER.get(computed.name, 'double')}()",
            )

    def check_output(self, output: Any, target: Any) -> None:
        """Look at what the model gives to the loss."""
        output = values_of(output)
        if not isinstance(output, np.ndarray) or output.ndim < 2 or output.dtype.kind != "f":
            return
        for kind, odd, message in self._output_checks:
            if self._streak(kind, "", odd(output), 3):
                self._warn(kind, "", message)
        target = values_of(target)
        varied = isinstance(target, np.ndarray) and len(target) > 1 and bool((target != target[:1]).any())
        if self._streak("constant", "", varied and bool((output == output[:1]).all()), FEW):
            self._warn(
                "constant",
                "",
                f"the model has given the same output for all rows of a batch, {FEW} times in a row, while the targets "
                f"differ: its units may be dead (try a smaller learning rate), or the inputs do not reach the output",
            )

    def check_sizes(self, sizes: Mapping[str, Sizes]) -> None:
        """Look at the gradients and updates of a step."""
        self._looks += 1
        rate = max(float(group["lr"]) for group in self._optimizer.param_groups)
        held = {id(p) for group in self._optimizer.param_groups for p in group["params"]}
        held_names = {name for name, parameter in self.named() if id(parameter) in held}
        for name, size in sizes.items():
            if size.gradient is not None:
                self._met[name] = self._met.get(name, False) or size.gradient != 0
            if name in held_names and size.gradient and size.weight and rate:
                self._check_ratio(name, size.update / size.weight)
        if self._looks == FEW:
            self._check_gradients()

    def finish(self) -> None:
        """Tell of gradients that never came, where the training was shorter than it takes to tell."""
        if 0 < self._looks < FEW:
            self._check_gradients()

    def _check_gradients(self) -> None:
        for name, parameter in self.named():
            when = f"in the {self._looks} steps that were looked at"
            if name not in self._met:
                self._warn(
                    "no gradient",
                    name,
                    f"the parameter {name} {parameter.shape} had no gradient {when}: the loss does not depend on it. "
                    f"Use it in forward(), look for detach(), .data or no_grad() on the way to the loss, or remove it",
                )
            elif not self._met[name] and self._looks >= FEW:
                self._warn(
                    "zero gradient",
                    name,
                    f"the gradient of the parameter {name} {parameter.shape} was 0 in every element {when}: the units "
                    f"above it may be dead, or a factor on the way to the loss is 0. Try a smaller learning rate or "
                    f"another initialisation",
                )

    def _check_ratio(self, name: str, ratio: float) -> None:
        if self._streak("fast", name, ratio > 0.1, LONG):
            self._warn(
                "fast",
                name,
                f"each step changes the parameter {name} by more than a tenth of its norm (now {ratio:.2g}; about "
                f"0.001 is usual): try a smaller learning rate",
            )
        if self._streak("slow", name, ratio < 1e-7, LONG):
            self._warn(
                "slow",
                name,
                f"the steps change the parameter {name} by less than 1e-7 of its norm (now {ratio:.2g}; about 0.001 is "
                f"usual): it does not learn. Try a larger learning rate, or look for vanishing gradients",
            )

    def _streak(self, kind: str, name: str, odd: bool, length: int) -> bool:
        """Tell whether something has been odd in `length` looks in a row."""
        count = self._streaks[kind, name] = self._streaks.get((kind, name), 0) + 1 if odd else 0
        return count == length

    def _warn(self, kind: str, name: str, message: str) -> None:
        if (kind, name) not in self._warned:
            self._warned.add((kind, name))
            warn(message)

    def warn_once(self, kind: str, message: str) -> None:
        """Warn, unless it was warned of this kind of thing before."""
        self._warn(kind, "", message)


_Check = tuple[str, Callable[[Array], bool], str]


def _checks_of(loss: Any) -> list[_Check]:
    """Return what is to be looked for in the outputs that a loss is given."""
    kinds = {kind.__name__ for kind in type(loss).__mro__}
    if isinstance(loss, CrossEntropyLoss) or loss is cross_entropy:
        return [
            (
                "softmax",
                _are_probabilities,
                "the model gives probabilities, rows that sum to 1, to a cross-entropy that takes logits and applies "
                "softmax itself: learning is slow and never certain. Remove the softmax at the end of the model",
            )
        ]
    if isinstance(loss, NLLLoss) or loss is nll_loss:
        return [
            (
                "log-softmax",
                _are_not_logarithms,
                "the model gives NLLLoss what are no log-probabilities: their exponentials do not sum to 1. End it "
                "with LogSoftmax, or use CrossEntropyLoss on logits",
            )
        ]
    if "BCEWithLogitsLoss" in kinds:
        return [
            (
                "sigmoid",
                lambda output: output.size >= 32 and bool(((output >= 0) & (output <= 1)).all()),
                "all outputs of the model are between 0 and 1, and BCEWithLogitsLoss takes logits and applies sigmoid "
                "itself: remove the sigmoid at the end of the model, or use BCELoss",
            )
        ]
    return []


def _are_probabilities(output: Array) -> bool:
    return output.shape[1] > 1 and bool((output >= 0).all() and (np.abs(output.sum(axis=1) - 1) < 1e-3).all())


def _are_not_logarithms(output: Array) -> bool:
    largest = output.max(axis=1, keepdims=True)
    return bool((np.abs(np.log(np.exp(output - largest).sum(axis=1)) + largest[:, 0]) > 1e-2).any())
