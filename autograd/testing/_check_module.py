"""Checks of a whole module: gradients of its parameters, its modes, its buffers, its state and its copies."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.inside import check_callable, described, flatten, random_states, set_random_states

from .comparisons.named_arrays import refuse
from .conditions.module_gradients import ModuleGradients
from .conditions.pullback import largest
from .subjects.module_calls import Call, buffers_of, cast, changed, differ_in_outputs, parameters_of, tensors_of
from .subjects.module_state import ModuleLike, Snapshot, differ, draw_some
from .subjects.subject import Array, array_of
from .subjects.torch_modules import TorchModule, as_arrays, is_torch

METHODS = ("named_parameters", "named_buffers", "modules", "train", "state_dict", "load_state_dict", "double")


@dataclass(frozen=True)
class ModuleCheck:
    """What `check_module` compared, when it found nothing wrong.

    Attributes
    ----------
    compared
        The number of derivatives that were compared: elements of small arrays, and directions of large ones.
    untold
        The names of parameters and inputs of which differences tell nothing at this point, such as at a jump.
    rowwise
        Whether each row of the batch was also computed alone.
    """

    compared: int
    untold: tuple[str, ...]
    rowwise: bool


def check_module(
    module: ModuleLike,
    *inputs: Any,
    loss: Callable[[Any], Any] | None = None,
    unused: str | Collection[str] = (),
    batched: bool | None = None,
) -> ModuleCheck:
    """Check a module, such as a layer or a model: its gradients, and whatever else training relies on.

    On copies of the module, it is checked that

    - the gradients of all parameters, and of inputs of floating-point numbers, are those of differences, in training
      mode and in evaluation mode, and that they are the same in the module's own precision as in float64;
    - every parameter gets a gradient;
    - evaluation mode is not random and leaves the buffers as they are; training mode is random in no other way than
      through the generators of `nn` and of NumPy, and changes the buffers the same way each time;
    - ``load_state_dict(state_dict())`` carries over all that training changes, and a deepcopy shares nothing;
    - a second call gives what the first one of a new copy with the same parameters gives, and outputs are no wider than
      the parameters;
    - a batch gives what its rows give one by one, if they do not affect one another.

    The module itself stays as it is: its parameters, gradients, buffers and mode, and the state of the generators.

    Parameters
    ----------
    module
        A module: it has the methods of `nn.Module`. One of PyTorch, in the CPU's memory, is checked likewise.
    *inputs
        What it is called with: arrays, tensors, or lists, tuples and dicts of them.
    loss
        A function of what the module returns, to check the gradients of the loss; by default, those of weighted sums of
        all outputs are checked.
    unused
        The names of parameters that get no gradient, such as those of a head that is not called.
    batched
        Whether the first axis of inputs and outputs is that of a batch, whose rows do not affect one another in
        evaluation mode; False where rows are not to be compared. By default, it is tried.

    Raises
    ------
    GradientCheckError
        If something is wrong. The message lists all faults, with the parameter, as in ``layers.0.weight[2, 1]``.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> from autograd.testing import check_module
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.2), nn.Linear(4, 2))
    >>> check_module(model, np.random.default_rng(0).normal(size=(5, 3))).rowwise
    True

    A layer that scales its weights but forgets the gradient of the scale:

    >>> class Scaled(nn.Linear):
    ...     def forward(self, x):
    ...         return super().forward(x) / np.linalg.norm(self.weight.detach())
    >>> check_module(Scaled(3, 2), np.ones((4, 3)))
    Traceback (most recent call last):
        ...
    autograd.GradientCheckError: check_module found a fault in Scaled:
      the gradient of weight[...
    """
    if isinstance(module, type):
        raise TypeError(f"check_module() takes a module, not its class: make one, as in {module.__name__}(...)")
    missing = [name for name in METHODS if not hasattr(module, name)]
    if missing:
        raise TypeError(
            f"check_module() takes a module, which has {missing[0]}(), not {described(module)}; gradcheck() takes a "
            f"function"
        )
    if loss is not None:
        check_callable("loss", loss)
    names, kind = _unused(module, unused), type(module).__name__
    checked: Any = module
    if is_torch(module, "Module"):
        checked, inputs = TorchModule(module, loss), as_arrays(inputs)
        loss = None if loss is None else lambda result: result
    before = Snapshot(dict(checked.named_parameters()), checked)
    try:
        examination = _Examination(checked, inputs, loss, names, batched)
        with np.errstate(all="ignore"):
            examination.run()
        examination.faults += [
            f"a copy.deepcopy() of it is not independent: calls of the copy changed {name}" for name in before.changes()
        ]
    finally:
        before.restore()
    refuse(examination.faults, "check_module", f" in {kind}")
    gradients = examination.gradients
    return ModuleCheck(gradients.compared, tuple(sorted(gradients.untold)), examination.rowwise)


def _unused(module: Any, unused: str | Collection[str]) -> set[str]:
    names = {unused} if isinstance(unused, str) else set(unused)
    known = {name for name, _ in module.named_parameters()}
    if names - known:
        raise ValueError(
            f"unused names {', '.join(sorted(map(repr, names - known)))}, but the parameters are "
            f"{', '.join(sorted(known)) or 'none'}"
        )
    return names


class _Examination:
    """The checks of one module, and what they find."""

    def __init__(
        self, module: Any, inputs: Any, loss: Callable[[Any], Any] | None, unused: set[str], batched: bool | None
    ) -> None:
        self.original, self.loss, self.batched = module, loss, batched
        self.own = copy.deepcopy(module)  # in its own precision
        dtype = next((p.dtype for p in module.parameters() if p.dtype.kind == "f"), None)
        self.given = inputs if dtype is None else cast(inputs, dtype)
        self.inputs = cast(self.given, np.dtype(np.float64))
        self.start = random_states()
        self.faults: list[str] = []
        self.gradients = ModuleGradients(self.call, unused)
        self.rowwise = False

    def run(self) -> None:
        """Make all checks; those that others rely on come first."""
        self._check_copies()
        if self.faults:
            return
        self.wide = copy.deepcopy(self.own).double()
        self._check_registered()
        is_random = self._check_modes()
        self._check_state(is_random)
        self._check_dtype()
        if not is_random:
            self._check_second_call()
        self.gradients.check()
        self.faults += self.gradients.faults
        if not is_random:
            self._check_rows()

    def call(self, training: bool, arrays: Mapping[str, Array] | None = None, *, wide: bool = True) -> Call:
        """Call a new copy of the module, with the random generators as they were at first."""
        inputs = self.inputs if wide else self.given
        return self._called(copy.deepcopy(self.wide if wide else self.own), training, inputs, arrays)

    def _called(self, module: Any, training: bool, inputs: Any = None, arrays: Any = None) -> Call:
        set_random_states(self.start)
        module.train(training)
        return Call(module, self.inputs if inputs is None else inputs, self.loss, arrays or {})

    # Copies

    def _check_copies(self) -> None:
        mine, its = (dict(m.named_parameters()) | dict(m.named_buffers()) for m in (self.original, self.own))
        if mine.keys() != its.keys():
            odd = ", ".join(sorted(mine.keys() ^ its.keys()))
            self.faults.append(
                f"a copy.deepcopy() of it has other parameters or buffers: {odd}; do not define __deepcopy__"
            )
        for name in mine.keys() & its.keys():
            a, b = array_of(mine[name]), array_of(its[name])
            if isinstance(a, np.ndarray) and np.shares_memory(a, b):
                self.faults.append(f"a copy.deepcopy() of it is not independent: it shares the memory of {name}")
            elif differ(a, b):
                self.faults.append(f"a copy.deepcopy() of it has other values in {name}")
        for names in set(_tied(self.original)) ^ set(_tied(self.own)):
            self.faults.append(
                f"a copy.deepcopy() of it has another parameter for each of {', '.join(names)}, which are one"
            )

    def _check_registered(self) -> None:
        known = {id(p) for part in self.own.modules() for p in part.parameters()}
        known |= {id(array_of(b)) for b in self.own.buffers()}
        for path, part in self.own.named_modules():
            for name, value in vars(part).items():
                label = f"{path}.{name}" if path else name
                for x in flatten([*value] if isinstance(value, set | frozenset) else value)[0]:
                    tensor = isinstance(x, Tensor) or is_torch(x)
                    if tensor and x.requires_grad and x.is_leaf and id(x) not in known:
                        self.faults.append(
                            f"{label} holds a tensor that requires a gradient, but is no parameter, so that no "
                            f"optimizer is given it: make it an nn.Parameter, in an attribute, a list or a dict"
                        )

    # Modes

    def _check_modes(self) -> bool:
        """Check training and evaluation mode; tell whether evaluation mode is random."""
        first = self.call(False)
        again = self._called(first.module, False)
        is_random = differ_in_outputs(first, again)
        if not is_random:  # in the two calls, random numbers were the same
            after: Any = np.random.get_state()
            draw_some(self.start)
            module = copy.deepcopy(self.wide)
            module.train(False)
            other = Call(module, self.inputs, self.loss, {})
            is_random = differ_in_outputs(first, other)
            then: Any = np.random.get_state()
            if after[2] == then[2] and np.array_equal(after[1], then[1]):
                self.faults.append("a call seeds NumPy's global generator: draw from a generator of your own")
        if is_random:
            self.faults.append(
                "it is random in evaluation mode: two calls after eval() give different outputs. Draw random numbers, "
                "as dropout does, only where self.training is true, and keep nothing from call to call"
            )
        for name in changed(buffers_of(self.wide), buffers_of(again.module)):
            self.faults.append(
                f"a call in evaluation mode changes the buffer {name}: change running statistics only where "
                f"self.training is true"
            )
        a, b = self.call(True), self.call(True)
        if differ_in_outputs(a, b):
            self.faults.append(
                "it is not reproducible in training mode: two calls with the same seed give different outputs. Draw "
                "random numbers with nn.random.draw, or with a generator that is an attribute"
            )
        else:
            for name in changed(buffers_of(a.module), buffers_of(b.module)):
                self.faults.append(
                    f"two calls in training mode, with the same seed, change the buffer {name} differently"
                )
        for x in a.strangers[:1] if self.loss is None and not self.faults else ():
            self.faults.append(
                f"its outputs depend on a tensor of shape {x.shape} that requires a gradient, but is no parameter, so "
                f"that no optimizer is given it: make it an nn.Parameter, in an attribute"
            )
        for mode, call in ((False, first), (True, a)):
            if {part.training for part in call.module.modules()} != {mode}:
                self.faults.append(
                    f"a call after {'train' if mode else 'eval'}() leaves some of it in the other mode: set "
                    f"self.training by train() and eval() alone"
                )
        return is_random

    # State

    def _check_dtype(self) -> None:
        """Check that the outputs are no wider than the parameters and the inputs."""
        dtypes = {p.dtype for p in self.own.parameters() if p.dtype.kind == "f"}
        for y in self.call(False, wide=False).outputs if len(dtypes) == 1 and self.loss is None else ():
            if y.dtype.itemsize > min(dtypes).itemsize:
                self.faults.append(
                    f"it returns {y.dtype}, though its parameters and inputs are {min(dtypes)}: an array in forward() "
                    f"is wider, such as np.ones(n), which np.ones(n, x.dtype) is not"
                )
                return

    def _check_second_call(self) -> None:
        """Compare a second call, with other parameters and inputs, with the first one of a new copy that has these."""
        random, before = np.random.default_rng(4), self.call(False)
        arrays = {name: x + 0.1 * random.standard_normal(x.shape) for name, x in parameters_of(before.module).items()}
        for name, x in before.inputs.items():  # which may have to be above 0
            arrays[name] = x._array * (1 + 0.1 * random.uniform(-1, 1, x.shape))
        again, first = self._called(before.module, False, arrays=arrays), self.call(False, arrays)
        weights = random.standard_normal(first.numbers.size)
        changed_outputs = differ_in_outputs(again, first)
        found, expected = ({} if changed_outputs else call.gradients(weights) for call in (again, first))
        other = [name for name, g in found.items() if differ(np.asarray(g), np.asarray(expected[name]))]
        if changed_outputs or other:
            what = "its outputs are" if changed_outputs else f"the gradient of {other[0]} is"
            self.faults.append(
                f"it keeps something of its first call: once parameters and inputs have changed, {what} not what a new "
                f"copy gives. Compute in each call what depends on parameters or inputs"
            )

    def _check_state(self, is_random: bool) -> None:
        """Compare a module that was trained a little with a new copy that loads its state."""
        trained = copy.deepcopy(self.wide)
        random = np.random.default_rng(3)
        for p in trained.parameters():
            p._array[...] += 0.1 * random.standard_normal(p.shape)
        for _ in range(2):
            self._called(trained, True)
        state = trained.state_dict()
        fresh = copy.deepcopy(self.wide)
        fresh.load_state_dict(state)
        missing = changed(parameters_of(trained), parameters_of(fresh))
        for name in missing:
            self.faults.append(f"load_state_dict(state_dict()) does not restore the parameter {name}")
        for name in changed(buffers_of(trained), buffers_of(fresh)):
            self.faults.append(
                f"load_state_dict(state_dict()) does not restore the buffer {name}, which training changes: "
                f"register_buffer({name.rpartition('.')[2]!r}, ...) with persistent=True"
            )
            missing.append(name)
        if missing or is_random:
            return
        one, two = (self._called(m, False) for m in (trained, fresh))
        if differ_in_outputs(one, two):
            self.faults.append(
                "load_state_dict(state_dict()) does not restore all that training changes: after it the outputs are "
                "others. register_buffer() what forward() changes, instead of keeping it in a plain attribute"
            )
        for name, array in state.items():
            if any(np.shares_memory(array, x) for x in tensors_of(trained)):
                self.faults.append(
                    f"state_dict() holds the memory of {name} itself, which training changes: return copies"
                )

    # Rows

    def _check_rows(self) -> None:
        """Compare a batch with its rows one by one."""
        if self.batched is False or self.loss is not None:
            return
        leaves, rebuild = flatten(self.inputs)
        first = next((np.shape(array_of(x)) for x in leaves if np.ndim(array_of(x))), ())
        count = first[0] if first else 0
        whole = self.call(False)
        fits = count > 1 and all(y.ndim and y.shape[0] == count for y in whole.outputs)
        if not fits or not (self.batched or self._rows_are_apart(leaves, rebuild, count, whole)):
            if self.batched and not fits:
                self.faults.append(
                    f"batched=True, but not all outputs have the {count} rows of the first input: their shapes are "
                    f"{', '.join(str(y.shape) for y in whole.outputs)}"
                )
            return
        self.rowwise = True
        for i in range(count):
            rows = [array_of(x)[i : i + 1] if _has_rows(x, count) else x for x in leaves]
            try:
                call = self._called(copy.deepcopy(self.wide), False, rebuild(rows))
            except (ValueError, IndexError, TypeError) as error:
                self.faults.append(f"it takes a batch of {count} rows, but raises for a batch of one: {error}")
                return
            for y, one in zip(whole.outputs, call.outputs, strict=True):
                row, off = y._array[i : i + 1], 1e-10 * largest(y._array)
                if row.shape != one.shape or not np.allclose(row, one._array, rtol=1e-9, atol=off, equal_nan=True):
                    self.faults.append(
                        f"in evaluation mode row {i} of a batch of {count} gives {_short(row)}, but alone it gives "
                        f"{_short(one._array)}: it depends on the batch. Say batched=False if it should"
                    )
                    return

    def _rows_are_apart(self, leaves: Sequence[Any], rebuild: Callable[[Any], Any], count: int, whole: Call) -> bool:
        """Tell whether a change of the last row leaves the others as they are."""
        changed = []
        for x in leaves:
            if _has_rows(x, count):
                x = np.array(array_of(x))
                x[-1] = x[0] if x.dtype.kind != "f" else x[-1] * 1.5 + 0.25
            changed.append(x)
        other = self._called(copy.deepcopy(self.wide), False, rebuild(changed))
        return all(
            y.shape == z.shape and np.allclose(y._array[:-1], z._array[:-1], rtol=1e-9, atol=1e-12, equal_nan=True)
            for y, z in zip(whole.outputs, other.outputs, strict=True)
        )


def _has_rows(x: Any, count: int) -> bool:
    shape = np.shape(array_of(x))
    return bool(shape) and shape[0] == count


def _tied(module: Any) -> Iterator[tuple[str, ...]]:
    """Yield the names of each parameter that has several."""
    paths: dict[int, list[str]] = {}
    for name, p in module.named_parameters(remove_duplicate=False):
        paths.setdefault(id(p), []).append(name)
    yield from (tuple(names) for names in paths.values() if len(names) > 1)


def _short(array: Array) -> str:
    return np.array2string(array.reshape(-1)[:4], precision=6)
