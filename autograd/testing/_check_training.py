"""A check of a whole training step: the gradients that it uses beside differences of the loss that it returns."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.extend import find_mistakes
from autograd.inside import check_callable, described, note_written

from .comparisons.named_arrays import Comparison, Deviation, refuse
from .subjects.module_state import ModuleLike, Snapshot, differ
from .subjects.subject import Array, array_of
from .subjects.torch_modules import TorchModule, TorchParameter, as_arrays, is_torch

Gradients = dict[str, Array | None]


@dataclass(frozen=True)
class TrainingCheck:
    """What `check_training` compared, when it found nothing wrong.

    Attributes
    ----------
    loss
        The loss that the step returned.
    compared
        The number of derivatives that were compared: elements of few parameters, and directions of many.
    untold
        The names of parameters of which differences tell nothing here, such as where the loss hardly depends on them.
    """

    loss: float
    compared: int
    untold: tuple[str, ...]


def check_training(
    step: Callable[[], Any], model: ModuleLike | Iterable[Tensor] | Mapping[str, Tensor], optimizer: Any = None
) -> TrainingCheck:
    """Check a whole step of a training: the gradients, and what the step does with them.

    The step is called many times from the same state, which is put back each time and in the end: parameters,
    gradients, buffers and mode of the model, optimizers and schedulers, and random generators. It is checked that

    - the gradients at ``optimizer.step()`` are those of the loss that the step returns, by differences along random
      directions of each parameter;
    - they do not add up from call to call, as where ``zero_grad()`` is forgotten, nor change after ``step()``;
    - every parameter that gets a gradient moves, and no frozen one does;
    - no labels of shape ``(N,)`` are broadcast against outputs of shape ``(N, 1)``, and what else `find_mistakes` of
      `autograd.extend` looks for in a loss.

    Parameters
    ----------
    step
        The step, without arguments: it clears the gradients, computes the loss of one batch, always the same, calls
        ``backward()`` and ``optimizer.step()``, and returns the loss. ``return optimizer.step(closure)`` does so too.
    model
        The module that is trained, or its parameters: a dict of tensors by name, or a sequence of tensors. Those of
        PyTorch, in the CPU's memory, are checked likewise.
    optimizer
        The optimizer, or a sequence of several; by default, those that `step` refers to.

    Raises
    ------
    GradientCheckError
        If something is wrong. The message lists all faults, and what to do.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> from autograd.testing import check_training
    >>> X, y = np.random.default_rng(0).normal(size=(8, 3)), np.arange(8) % 2
    >>> model = nn.MLP([3, 4, 2], dtype=np.float64)
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> def step():
    ...     loss = nn.functional.cross_entropy(model(X), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> check_training(step, model)
    Traceback (most recent call last):
        ...
    autograd.GradientCheckError: check_training found a fault:
      the gradients add up from call to call: call optimizer.zero_grad() before backward()
    """
    check_callable("step", step)
    training = _Training(step, model, optimizer)
    try:
        with np.errstate(all="ignore"):
            training.check()
    finally:
        training.restore()
    refuse(training.faults, "check_training")
    return TrainingCheck(training.loss, training.compared, tuple(sorted(training.untold)))


def _named(model: Any) -> tuple[dict[str, Any], Any]:
    """Return the parameters by name, and the module if there is one."""
    if is_torch(model, "Module"):
        return {name: TorchParameter(p) for name, p in model.named_parameters()}, TorchModule(model)
    if hasattr(model, "named_parameters"):
        return dict(model.named_parameters()), model
    if isinstance(model, Mapping):
        found = dict(model)
    elif isinstance(model, Iterable) and not (isinstance(model, Tensor) or is_torch(model)):
        found = {f"parameter {i}": p for i, p in enumerate(model)}
    else:
        found = {"parameter": model}
    found = {name: TorchParameter(p) if is_torch(p) else p for name, p in found.items()}
    for p in found.values():
        if not isinstance(p, Tensor | TorchParameter):
            raise TypeError(f"check_training() takes a module, or parameters, which are tensors, not {described(p)}")
    return found, None


def _referred(step: Any) -> list[Any]:
    """Return the objects that a function, method or callable object refers to."""
    if isinstance(step, partial):
        return [*step.args, *step.keywords.values(), *_referred(step.func)]
    if inspect.ismethod(step):
        return [*vars(step.__self__).values(), *_referred(step.__func__)]
    if not inspect.isfunction(step):
        return list(getattr(step, "__dict__", {}).values())
    names = inspect.getclosurevars(step)
    return [*names.nonlocals.values(), *names.globals.values(), *(step.__defaults__ or ())]


def _optimizers(step: Any, given: Any) -> list[Any]:
    if given is None:
        return [x for x in _referred(step) if hasattr(x, "param_groups") and callable(getattr(x, "step", None))]
    found = list(given) if isinstance(given, list | tuple) else [given]
    for x in found:
        if not hasattr(x, "param_groups"):
            raise TypeError(f"optimizer should be an optimizer, which has param_groups, not {described(x)}")
    return found


class _Training:
    """A step, the state that it starts from, and what is found."""

    def __init__(
        self, step: Callable[[], Any], model: ModuleLike | Iterable[Tensor] | Mapping[str, Tensor], optimizer: Any
    ) -> None:
        self.step = step
        self.parameters, module = _named(model)
        self.optimizers = _optimizers(step, optimizer)
        referred = _referred(step)
        stateful = [x for x in referred if hasattr(x, "load_state_dict") and not hasattr(x, "named_parameters")]
        self.stateful = list({id(x): x for x in (*self.optimizers, *stateful)}.values())
        self.generators = [x for x in referred if isinstance(x, np.random.Generator)]
        self.snapshot = Snapshot(self.parameters, module)
        self.states = [(x, dict(vars(x)), copy.deepcopy(x.state_dict())) for x in self.stateful]
        self.drawn = [(x, x.bit_generator.state) for x in self.generators]
        self.faults: list[str] = []
        self.untold: set[str] = set()
        self.late: list[str] = []  # whose gradients change after the last call of an optimizer
        self.compared = 0
        self.loss = float("nan")

    def restore(self, gradients: bool = True, optimizers: bool = True) -> None:
        """Put everything back as it was; what comes after the loss, the optimizers, only if it matters."""
        for x, attributes, state in self.states if optimizers else ():
            vars(x).update({name: value for name, value in attributes.items() if type(value) in (bool, int, float)})
            x.load_state_dict(copy.deepcopy(state))
        self.snapshot.restore(gradients)
        for generator, state in self.drawn:
            generator.bit_generator.state = state

    def run(self, values: Mapping[str, Array] | None = None, keep_gradients: bool = False) -> tuple[float, Gradients]:
        """Call the step from the state at first, and return its loss and the gradients that optimizers are given."""
        self.restore(gradients=not keep_gradients, optimizers=values is None)
        for name, p in self.parameters.items():
            if not keep_gradients and p.requires_grad:
                p.grad = None
            if values is not None and name in values:
                p._array[...] = values[name]
                note_written(p._array)
        with _noting_gradients(self.parameters, self.optimizers) as noted:
            result = self.step()
        left = _gradients(self.parameters)
        cleared = {name for name, g in left.items() if g is None or not np.any(g)}
        self.late = [name for name in left.keys() - cleared if noted and _differ(left[name], noted[-1][name])]
        return _loss(result), noted[0] if noted else left

    def check(self) -> None:
        """Make all checks; those that others rely on come first."""
        with find_mistakes() as mistakes:
            self.loss, found = self.run()
        moved = {name for name, p, values, _ in self.snapshot.parameters if differ(p._array, values)}
        self.faults += map(str, mistakes)
        if self.late:
            self.faults.append(
                f"the gradient of {min(self.late)} changes after the last optimizer.step(), which does not see "
                f"that: clip or scale gradients between backward() and step()"
            )
        self._check_moves(moved, found)
        again, same = self.run()
        if differ(again, self.loss) or any(_differ(same[name], found[name]) for name in found):
            self.faults.append(
                "the step is not repeatable: from the same state it gives another loss. It should compute with the "
                "same batch each time, and draw random numbers from generators of nn or NumPy that it refers to"
            )
            return
        if all(g is None for g in found.values()):
            self.faults.append(
                "no parameter gets a gradient: compute the loss with the parameters of this model, and call "
                "loss.backward() before optimizer.step()"
            )
            return
        self._check_accumulation(found)
        self._check_gradients(found)

    def _check_moves(self, moved: set[str], found: Gradients) -> None:
        held = {id(p) for x in self.optimizers for group in x.param_groups for p in group["params"]}
        trained = [name for name, g in found.items() if g is not None and np.any(g)]
        for name in sorted(moved):
            if not self.parameters[name].requires_grad:
                self.faults.append(
                    f"{name} is frozen, but the step moves it: clear its old gradient with {name}.grad = None, or "
                    f"leave it out of the optimizer"
                )
        if trained and not moved:
            self.faults.append(
                "no parameter moves: call optimizer.step() after backward(), with a learning rate above 0, and create "
                "the optimizer with the parameters of this model"
            )
            return
        for name in trained:
            p = self.parameters[name]
            if name not in moved and p.requires_grad and id(getattr(p, "inner", p)) not in held:
                self.faults.append(
                    f"{name} gets a gradient, but the step does not move it, as no optimizer has it: create the "
                    f"optimizer with all of model.parameters()"
                )

    def _check_accumulation(self, found: Gradients) -> None:
        """Call the step twice, and keep the gradients of the first call."""
        self.run()
        left = _gradients(self.parameters)
        _, second = self.run(keep_gradients=True)
        for name, g in found.items():
            before, after = left[name], second[name]
            if g is None or before is None or after is None or not np.any(before) or not differ(after, g):
                continue
            double = np.allclose(after, g + before, rtol=1e-3, atol=1e-6 * float(np.max(np.abs(g))))
            if double and self.parameters[name].requires_grad:
                self.faults.append(
                    "the gradients add up from call to call: call optimizer.zero_grad() before backward()"
                )
                return

    def _check_gradients(self, found: Gradients) -> None:
        self.restore()
        arrays = {name: np.array(p._array, np.float64) for name, p in self.parameters.items() if p.requires_grad}
        if not arrays:
            return
        precision = max(float(np.finfo(p.dtype).eps) for p in self.parameters.values())
        gradients = {name: np.zeros(x.shape) if found[name] is None else found[name] for name, x in arrays.items()}

        def values(moved: Mapping[str, Array]) -> Array:
            return np.array([self.run(moved)[0]])

        comparison = Comparison(values, arrays, [gradients], precision, directions=1)  # type: ignore[list-item]  # none is None
        deviations = [deviation for name in arrays for deviation in comparison.deviations(name, narrow=False)]
        self.compared = comparison.compared
        self.untold = {deviation.name for deviation in deviations if not deviation.told}
        wrong = [deviation for deviation in deviations if deviation.told]
        quotients = [deviation.analytic / deviation.numeric for deviation in wrong if deviation.numeric]
        same = len(quotients) == len(wrong) > 1 and np.ptp(quotients) < 1e-2 * abs(quotients[0])
        if same and quotients[0]:
            self.faults.append(
                f"all gradients are {quotients[0]:.5g} times those of the loss that the step returns: return the very "
                f"loss that backward() is called on, and check the step without clipping or scaling"
            )
            return
        for one in wrong:
            for deviation in comparison.deviations(one.name):
                self.faults.append(_described(deviation, absent=found[deviation.name] is None))


def _described(deviation: Deviation, *, absent: bool) -> str:
    if absent:
        return (
            f"{deviation.name} gets no gradient, though the loss depends on it (the slope is {deviation.numeric:.5g} "
            f"for {deviation.label}): the graph is left by detach(), no_grad(), .data or np.asarray()"
        )
    along = "" if deviation.index is not None else ", along a random direction,"
    return (
        f"the gradient of {deviation.label}{along} is {deviation.analytic:.6g}, but differences of the loss that the "
        f"step returns give {deviation.numeric:.6g}: a derivative is wrong, or that is not the loss that backward() is "
        f"called on"
    )


@contextmanager
def _noting_gradients(parameters: Mapping[str, Tensor], optimizers: list[Any]) -> Iterator[list[Gradients]]:
    """Note the gradients when an optimizer is first called, as a step may clear them, and when the last call ends."""
    noted: list[Gradients] = []

    def noting(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)  # PyTorch's schedulers look for attributes of it
        def step(closure: Callable[[], Any] | None = None) -> Any:
            computed = [] if closure is None else [closure()]
            if not noted:
                noted.append(_gradients(parameters))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that nothing moves, which the check says in full
                result = method() if closure is None else method(lambda: computed.pop() if computed else closure())
            noted[1:] = [_gradients(parameters)]
            return result

        return step

    own = [vars(optimizer).get("step") for optimizer in optimizers]  # of an optimizer whose method was replaced before
    for optimizer in optimizers:
        optimizer.step = noting(optimizer.step)
    try:
        yield noted
    finally:
        for optimizer, step in zip(optimizers, own, strict=True):
            del optimizer.step
            if step is not None:
                optimizer.step = step


def _gradients(parameters: Mapping[str, Tensor]) -> Gradients:
    return {name: None if p.grad is None else np.array(p.grad._array) for name, p in parameters.items()}


def _loss(result: Any) -> float:
    """Return the loss that a step returned as a number."""
    array = np.asarray(array_of(as_arrays(result)))
    if array.dtype.kind not in "fiu" or array.size != 1:
        what = "None" if result is None else described(result)
        raise TypeError(f"step() should return the loss, a number or a tensor of one element, not {what}")
    return float(array.reshape(()))


def _differ(a: Array | None, b: Array | None) -> bool:
    return (a is None) is not (b is None) or (a is not None and b is not None and differ(a, b))
