"""Module, the base class of layers and models: named parameters, buffers, submodules and hooks."""

from __future__ import annotations

import copy
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd import Context, DtypeError, Function, Handle, Tensor, tensor
from autograd.extend import borrow, describe_calls, lend, mark_written, missing

from ._arguments import check_constructor, check_device, example, is_device
from ._warnings import TrainingWarning, message, warn
from .parameter import Parameter

_METHODS = ("eval", "forward", "modules", "named_parameters", "parameters", "state_dict", "train", "zero_grad")
_FEW = 8  # modules, the paths within which are kept


class ModuleHooks:
    """The hooks of one module, each kind in the order of registration."""

    def __init__(self) -> None:
        self.before: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.backward: dict[int, Callable[..., Any]] = {}

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute the output of the module and call all hooks."""
        for hook in list(self.before.values()):
            replaced = hook(module, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
        crossing = _Crossing(module, self.backward, len(args)) if self.backward else None
        args = args if crossing is None else crossing.into(args)
        output = module.forward(*args, **kwargs)
        output = output if crossing is None else crossing.out_of(output)
        for hook in list(self.after.values()):
            replaced = hook(module, args, output)
            output = output if replaced is None else replaced
        return output


class _Crossing:
    """One call of a module with backward hooks: collects the gradients of the outputs, then those of the inputs."""

    def __init__(self, module: Module, hooks: dict[int, Callable[..., Any]], count: int) -> None:
        self._module, self._hooks, self._count = module, hooks, count
        self._places: list[int] = []
        self._of_outputs: tuple[Any, ...] = ()

    def into(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments; those that require a gradient pass through an operation that calls the hooks."""
        self._places, passed = _passed(args, self._arrived_at_inputs)
        return tuple(passed)

    def out_of(self, output: Any) -> Any:
        """Return the output, passed through an operation that stores the gradients."""
        several = isinstance(output, tuple | list)
        _, passed = _passed(output if several else [output], self._arrived_at_outputs)
        return type(output)(passed) if several else passed[0]

    def _arrived_at_outputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        self._of_outputs = tuple(map(_constant, gradients))
        if not self._places:  # no gradients of inputs will come
            self._call((None,) * self._count)
        return gradients

    def _arrived_at_inputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        given = dict(zip(self._places, map(_constant, gradients), strict=True))
        found = self._call(tuple(given.get(i) for i in range(self._count)))
        return tuple(found[i] for i in self._places)

    def _call(self, of_inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in list(self._hooks.values()):
            replaced = hook(self._module, of_inputs, self._of_outputs)
            if replaced is not None:
                of_inputs = replaced if isinstance(replaced, tuple) else (replaced,)
                if len(of_inputs) != self._count:
                    raise ValueError(
                        f"a backward hook of {type(self._module).__name__} returned {len(of_inputs)} gradients for "
                        f"{self._count} inputs"
                    )
        return of_inputs


def _passed(values: Any, arrived: Callable[[tuple[Any, ...]], object]) -> tuple[list[int], list[Any]]:
    """Return values, of which those that require a gradient passed through an operation; first where these are."""
    passed = list(values)
    live = [i for i, x in enumerate(passed) if isinstance(x, Tensor) and x.requires_grad]
    for i, x in zip(live, _Pass.apply(arrived, *(passed[i] for i in live)) if live else (), strict=True):
        passed[i] = x
    return live, passed


def _constant(g: Any) -> Any:
    return g if isinstance(g, Tensor) else Tensor(g)


class _Pass(Function):
    """Identity of several tensors; the backward pass gives all their gradients to a callback together."""

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        ctx.arrived = args[0]  # type: ignore[attr-defined]  # any attribute may be set
        return args[1:]

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        recorded = any(isinstance(part, Tensor) for part in g)
        passed = ctx.arrived(g)
        return (None, *(borrow(part) if isinstance(part, Tensor) and not recorded else part for part in passed))


Self = TypeVar("Self", bound="Module")


class IncompatibleKeys(NamedTuple):
    """The names that `Module.load_state_dict` found only in the module or only in the state."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """Base class of all layers and models: a function with parameters.

    A subclass creates its parameters and submodules in ``__init__``, after ``super().__init__()``, and computes in
    ``forward``. Its attributes are searched for parameters and submodules: each `Parameter` and `Module`, and those in
    lists, tuples and dicts, also within each other, which are named ``attribute.0``, ``attribute.1``, or
    ``attribute.key``.

    Attributes
    ----------
    training
        Whether the module is in training mode, which changes layers such as `Dropout`. See `train` and `eval`.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self, features):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(np.ones(features))
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> model = Scale(3)
    >>> [(name, p.shape) for name, p in model.named_parameters()]
    [('factor', (3,))]
    >>> model(np.float32([[1, 2, 3]]))
    Tensor([[1., 2., 3.]], dtype=float32, grad_fn=multiply)
    """

    training: bool
    _buffers: dict[str, bool]  # the names of the buffers, and whether state_dict holds them
    _hooks: ModuleHooks | None = None  # until the first hook
    _shown_values: ClassVar[tuple[str, ...]] = ()  # the attributes that `repr` shows, without their names
    _shown_options: ClassVar[tuple[str, ...]] = ()  # and with them; of `bias` whether there is one

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__dict__.get("__slots__"):
            raise TypeError(f"{cls.__name__} has __slots__, which would hide its parameters and layers: leave them out")
        check_constructor(cls)

    def __init__(self) -> None:
        self._buffers = {}
        self.training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output of the module; every subclass defines it."""
        from difflib import get_close_matches  # only this error needs it

        near = get_close_matches("forward", vars(type(self)), 1)
        remedy = f": is {near[0]}() meant to be it?" if near else ""
        raise NotImplementedError(f"{type(self).__name__} does not define forward(){remedy}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output: call `forward`, and the hooks if there are any."""
        hooks = self._hooks
        try:
            if hooks is not None:
                return hooks.call(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except (AttributeError, TypeError) as error:
            missing.explain(error)
            raise

    # Hooks

    def register_forward_pre_hook(self, hook: Callable[[Any, tuple[Any, ...]], Any]) -> Handle:
        """Call ``hook(module, args)`` before each `forward`; a result other than None replaces the arguments.

        Returns
        -------
        Handle
            Its ``remove()`` removes the hook; the other kinds of hooks return one too.
        """
        return Handle(self._all_hooks().before, hook)

    def register_forward_hook(self, hook: Callable[[Any, tuple[Any, ...], Any], Any]) -> Handle:
        """Call ``hook(module, args, output)`` after each `forward`; a result other than None replaces the output.

        Examples
        --------
        >>> import numpy as np
        >>> import nn
        >>> model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
        >>> shapes = []
        >>> with model[0].register_forward_hook(lambda module, args, output: shapes.append(output.shape)):
        ...     _ = model(np.zeros((5, 3), np.float32))
        >>> shapes
        [(5, 2)]
        """
        return Handle(self._all_hooks().after, hook)

    def register_full_backward_hook(self, hook: Callable[[Any, tuple[Any, ...], tuple[Any, ...]], Any]) -> Handle:
        """Call ``hook(module, grad_input, grad_output)`` in each backward pass through the module.

        `grad_output` holds the gradients of the outputs, `grad_input` those of the positional arguments, None for one
        that requires no gradient. A result other than None replaces `grad_input`.
        """
        return Handle(self._all_hooks().backward, hook)

    def _all_hooks(self) -> ModuleHooks:
        if self._hooks is None:
            self._hooks = ModuleHooks()
        return self._hooks

    # Parameters, buffers and submodules

    if TYPE_CHECKING:
        # What is registered under a name of run time; no function, so that calls of methods that are missing are found.
        def __getattr__(self, name: str) -> Tensor: ...

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter | Module):
            self._check_initialised(name)
            self._buffers.pop(name, None)
        elif value is not None and isinstance(self.__dict__.get(name), Parameter):
            raise TypeError(
                f"{type(self).__name__}.{name} is a Parameter and cannot become a {type(value).__name__}: change its "
                f"values with {name}.data[...] = ..., or assign nn.Parameter(...)"
            )
        elif name in _METHODS and not callable(value):
            raise TypeError(f"{name} is a method of modules: call model.{name}(...), or use another name")
        super().__setattr__(name, value)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Register a parameter under a name computed at run time; None stands for a parameter that is left out.

        Raises
        ------
        AttributeError
            If the name is taken, or cannot name an attribute.
        TypeError
            If `param` is neither a `Parameter` nor None.
        """
        self._check_name(name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"parameter {name!r} should be an nn.Parameter or None, not {type(param).__name__}")
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: ArrayLike | Tensor | None, persistent: bool = True) -> None:
        """Register an array that belongs to the state of the module but is not trained, such as a running mean.

        Parameters
        ----------
        name
            The name of the attribute that holds it.
        tensor
            A tensor, or anything that NumPy can convert to an array; None stands for a buffer that is left out.
        persistent
            Whether `state_dict` includes it.
        """
        self._check_name(name)
        self._buffers[name] = persistent
        setattr(self, name, tensor if tensor is None or isinstance(tensor, Tensor) else np.asarray(borrow(tensor)))

    def add_module(self, name: str, module: Module | None) -> None:
        """Register a submodule under a name computed at run time; None stands for a module that is left out."""
        self._check_name(name)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"module {name!r} should be an nn.Module or None, not {type(module).__name__}")
        setattr(self, name, module)

    def _check_initialised(self, name: str) -> None:
        if "_buffers" not in self.__dict__:
            raise AttributeError(
                f"cannot assign {name!r} before {type(self).__name__} is initialised: "
                f"call super().__init__() first in its __init__"
            )

    def _check_name(self, name: str) -> None:
        self._check_initialised(name)
        if not name or "." in name:
            raise AttributeError(
                f"{name!r} cannot name a parameter, buffer or module: it should be non-empty, without a dot"
            )
        if hasattr(self, name):
            raise AttributeError(f"{type(self).__name__} already has an attribute {name!r}")

    def _members(self, kind: type) -> Iterator[tuple[str, Any]]:
        """Yield the name and value of each attribute of a type, and of each such item of lists, tuples and dicts."""
        for name, value in list(self.__dict__.items()):
            if isinstance(value, kind):
                yield name, value
            elif type(value) in _CONTAINERS:
                yield from _items(name, value, kind, ())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the name and value of each direct submodule."""
        seen: set[int] = set()
        for name, child in self._members(Module):
            if id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def children(self) -> Iterator[Module]:
        """Yield each direct submodule."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """Yield the path and value of this module and of all its submodules, outer ones first.

        A module that is found at several paths is yielded once, unless `remove_duplicate` is False.
        """
        seen: set[int] = set()
        pending: list[tuple[str, Module, tuple[int, ...]]] = [(prefix, self, ())]
        while pending:
            path, module, above = pending.pop()
            if id(module) in seen or id(module) in above:  # `above`: a module may contain one of its own ancestors
                continue
            if remove_duplicate:
                seen.add(id(module))
            yield path, module
            above = (*above, id(module))
            inner = [(f"{path}.{name}" if path else name, child, above) for name, child in module._members(Module)]
            pending.extend(reversed(inner))

    def get_submodule(self, target: str) -> Module:
        """Return the submodule at a path such as ``"encoder.0.linear"``; ``""`` is this module.

        Raises
        ------
        AttributeError
            If there is none; the message lists the existing paths.
        """
        if isinstance(there := _at(self, target) if target else self, Module):
            return there
        found = dict(self.named_modules(remove_duplicate=False))
        if target not in found:
            paths = ", ".join(path for path in found if path) or "none"
            raise AttributeError(f"{type(self).__name__} has no module {target!r}; those it has are {paths}")
        return found[target]

    def modules(self) -> Iterator[Module]:
        """Yield this module and all its submodules."""
        return (module for _, module in self.named_modules())

    @example(
        "[name for name, _ in nn.Sequential(nn.Linear(3, 2), nn.ReLU()).named_parameters()]", "['0.weight', '0.bias']"
    )
    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the path and value of each parameter, including those of submodules unless `recurse` is False.

        A shared parameter, found at several paths, is yielded once unless `remove_duplicate` is False.
        """
        seen: set[int] = set()
        for path, module in self.named_modules(prefix, remove_duplicate) if recurse else [(prefix, self)]:
            for name, parameter in module._members(Parameter):
                if id(parameter) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(parameter))
                yield f"{path}.{name}" if path else name, parameter

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield each parameter once, including those of submodules unless `recurse` is False."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Any]]:
        """Yield the path and value of each buffer, including those of submodules unless `recurse` is False."""
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name in module._buffers:
                value = getattr(module, name)
                if value is not None:
                    yield f"{path}.{name}" if path else name, value

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Yield each buffer, including those of submodules unless `recurse` is False."""
        return (value for _, value in self.named_buffers(recurse=recurse))

    # Operations on the whole module

    def apply(self: Self, fn: Callable[[Module], object]) -> Self:
        """Call `fn` with each submodule, innermost first, and then with this module; return this module.

        Examples
        --------
        >>> import nn
        >>> def zero_biases(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.zeros_(module.bias)
        >>> nn.Sequential(nn.Linear(3, 2)).apply(zero_biases)[0].bias
        Parameter([0., 0.], dtype=float32, requires_grad=True)
        """
        for module in reversed(list(self.modules())):
            try:
                fn(module)
            except (AttributeError, TypeError) as error:
                missing.explain(error)
                raise
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Set `training` to `mode` here and in all submodules; return the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Set `training` to False here and in all submodules; return the module."""
        return self.train(False)

    @example("nn.Linear(2, 1).to(np.float64)(np.ones((1, 2))).dtype", "dtype('float64')")
    def to(self: Self, dtype: DTypeLike | None = None, *, device: Any = None, non_blocking: bool = False) -> Self:
        """Convert all floating-point parameters and buffers to `dtype`, in place; return the module.

        Create the optimizer afterwards: one that was created before raises at its next step.

        Parameters
        ----------
        dtype
            A dtype, or a device as for `device`; by default the parameters stay as they are.
        device
            Only ``"cpu"``, where all arrays are: accepted for programs written for PyTorch.
        non_blocking
            Has no effect.
        """
        dtype, device = (None, dtype) if is_device(dtype) else (dtype, device)
        check_device(device)
        if dtype is None:
            return self
        kind = np.dtype(dtype)
        if kind.kind != "f":
            raise DtypeError(f"parameters are floating-point numbers, so dtype is float32 or the like, not {kind}")
        for parameter in self.parameters():
            values, gradient = borrow(parameter).astype(kind, copy=False), parameter.grad
            if values is not borrow(parameter):
                parameter.data = values
                if parameter.requires_grad:
                    lend(parameter, values)  # no other reference to it exists
                    parameter.grad = None if gradient is None else borrow(gradient).astype(kind)
        for module in self.modules():
            for name in module._buffers:
                value = borrow(getattr(module, name))
                if value is not None and value.dtype.kind == "f" and value.dtype != kind:
                    held = getattr(module, name)
                    setattr(module, name, value.astype(kind) if held is value else tensor(value, dtype=kind))
        return self

    def cpu(self: Self) -> Self:
        """Return the module, which is always on the CPU."""
        return self

    def double(self: Self) -> Self:
        """Convert all floating-point parameters and buffers to float64, in place; return the module."""
        return self.to(np.float64)

    def float(self: Self) -> Self:
        """Convert all floating-point parameters and buffers to float32, in place; return the module."""
        return self.to(np.float32)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Make all parameters require a gradient, or freeze them; return the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters; with ``set_to_none=False``, set them to zeros."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is not None:
                parameter.grad = None if set_to_none else np.zeros_like(borrow(parameter))

    # State

    def _state(self) -> dict[str, tuple[Module, str, Any]]:
        """Return every parameter and persistent buffer by each of its paths, with its module and its name there."""
        state: dict[str, tuple[Module, str, Any]] = {}
        for path, module in self.named_modules(remove_duplicate=False):
            kept = [(name, getattr(module, name)) for name, persistent in module._buffers.items() if persistent]
            for name, value in (*module._members(Parameter), *kept):
                if value is not None:
                    state[f"{path}.{name}" if path else name] = module, name, value
        return state

    @example(
        "state = nn.Linear(3, 2).state_dict()",
        "{name: array.shape for name, array in state.items()}",
        "{'weight': (2, 3), 'bias': (2,)}",
    )
    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return a copy of every parameter and persistent buffer by path, for saving.

        The copies do not change as training continues.
        """
        warn_of_plain_tensors(self)
        return {path: np.array(borrow(value)) for path, (_, _, value) in self._state().items()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy values into the parameters and persistent buffers; their arrays stay the same objects.

        Parameters
        ----------
        state_dict
            Values by path, as `state_dict` returns them: ndarrays, tensors, or anything NumPy can convert, such as
            the tensors of a PyTorch ``state_dict``. They are cast to the dtypes of the module.
        strict
            Whether missing names, and names that the module does not have, are errors.

        Returns
        -------
        IncompatibleKeys
            The lists ``missing_keys`` and ``unexpected_keys``, both empty if `strict`.

        Raises
        ------
        RuntimeError
            If names or shapes do not fit; the message lists every mismatch, and nothing is copied.
        TypeError
            If it is not a dict of arrays, but for example a path, or a dict that holds the weights in an inner dict.
        """
        held = self._state()
        own = {path: value for path, (_, _, value) in held.items()}
        _check_state(own, state_dict)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        arrays = {name: np.asarray(borrow(state_dict[name])) for name in own if name in state_dict}
        faults = _misfits(own, arrays)
        if strict:
            faults += [f"missing: {name} {np.shape(borrow(own[name]))}" for name in missing]
            faults += [f"unexpected: {name}" for name in unexpected]
        if faults:
            raise RuntimeError(
                f"the state does not fit {type(self).__name__}, nothing was loaded:\n  " + "\n  ".join(faults)
            )
        for path, array in arrays.items():
            module, name, value = held[path]
            if isinstance(present := borrow(value), np.ndarray):
                np.copyto(present, array, casting="unsafe")  # which `_misfits` has looked at
                mark_written(present)
            else:  # a buffer that the module rebinds to NumPy numbers
                setattr(module, name, array.astype(np.asarray(present).dtype))
        return IncompatibleKeys(missing, unexpected)

    # Copies

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Return a copy; modules inside are copied before those around them, so that any depth can be copied."""
        for module in reversed(list(self.modules())):
            if module is not self and type(module).__deepcopy__ is not Module.__deepcopy__:
                copy.deepcopy(module, memo)
            elif id(module) not in memo:
                memo[id(module)] = _made_again(module, memo)
        return memo[id(self)]

    def __copy__(self) -> Any:
        return _made_again(self, None)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Describe the module for `pickle`, which calls itself for modules in modules."""
        if 5 * self._depth() > sys.getrecursionlimit():  # its calls for a module in a list of another
            raise ValueError(
                f"{type(self).__name__} has modules inside each other, {self._depth()} deep, which is too deep for "
                f"pickle: save its state_dict(), or put the modules beside each other in one list"
            )
        return super().__reduce_ex__(protocol)

    def _depth(self) -> int:
        """Return how many modules deep the innermost is."""
        seen, level, depth = {id(self)}, [self], 0
        while level:
            found = {id(child): child for module in level for _, child in module._members(Module)}
            level = [child for key, child in found.items() if key not in seen]
            seen |= found.keys()
            depth += 1
        return depth

    # Representation

    def __dir__(self) -> list[str]:
        return missing.listed(self, super().__dir__())

    def extra_repr(self) -> str:
        """Return the text that `repr` shows between the parentheses of a module; subclasses override it."""
        values = [str(getattr(self, name)) for name in self._shown_values]
        options = {name: getattr(self, name) for name in self._shown_options}
        if "bias" in options:
            options["bias"] = options["bias"] is not None
        values += [f"{name}={repr(value) if isinstance(value, str) else value}" for name, value in options.items()]
        return ", ".join(values)

    def __repr__(self) -> str:
        lines: list[str] = []
        opened: list[int] = []  # the modules around the next one
        pending: list[tuple[str, Any]] = [("", self)]  # None closes a module
        while pending:
            label, module = pending.pop()
            kind: Any = type(module)
            margin = "  " * len(opened)
            if module is None:
                opened.pop()
                text, margin = ")", margin[2:]
            elif id(module) in opened:  # a module may contain one of its own ancestors
                text = f"{label}{kind.__name__}(...)"
            elif module is not self and kind.__repr__ is not Module.__repr__:
                text = f"{label}{module!r}"
            else:
                extra, inner = module.extra_repr(), [(f"({name}): ", child) for name, child in module._members(Module)]
                text = f"{label}{kind.__name__}("
                if inner:
                    text += f"\n  {extra}" if extra else ""
                    opened.append(id(module))
                    pending += [("", None), *reversed(inner)]
                else:
                    text += f"{extra})"
            lines.append(margin + text.replace("\n", "\n" + margin))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from ._notebook import html_of  # only notebooks ask for it

        return html_of(self)


missing.install(Module)


_CONTAINERS = (list, tuple, dict)


def _items(path: str, held: Any, kind: type, around: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Yield the path and value of each item of a type in a list, tuple or dict, and in those within it."""
    for key, item in list(held.items() if type(held) is dict else enumerate(held)):
        if isinstance(item, kind):
            yield f"{path}.{key}", item
        elif type(item) in _CONTAINERS and not any(item is outer for outer in (*around, held)):
            yield from _items(f"{path}.{key}", item, kind, (*around, held))


_told: WeakValueDictionary[int, Tensor] = WeakValueDictionary()  # what `warn_of_plain_tensors` has warned of, by id


def warn_of_plain_tensors(model: Module, used: bool = False) -> None:
    """Warn once of each attribute that asks for a gradient and is no parameter; `used` says to ask whether it got one.

    An optimizer is given parameters alone, and so is a file.
    """
    for path, module in model.named_modules():
        for name, value in module._members(Tensor):
            plain = not isinstance(value, Parameter) and value.requires_grad and value.is_leaf
            if plain and id(value) not in _told and not (used and value.grad is None):
                _told[id(value)] = value
                listed = f"the attribute {path}{'.' * bool(path)}{name} {value.shape}"
                warn(message("plain tensor", listed=listed), TrainingWarning)


def _made_again(module: Module, memo: dict[int, Any] | None) -> Any:
    """Return a copy as the functions of `copy` make it: without `memo`, what is in the module is shared."""
    own = type(module).__reduce_ex__ is not Module.__reduce_ex__
    described = module.__reduce_ex__(4) if own else object.__reduce_ex__(module, 4)
    return copy._reconstruct(module, memo, *described)  # type: ignore[attr-defined]


def _path(modules: list[Any]) -> str:
    """Describe the innermost of a chain of running modules by its path from the outermost, for messages."""
    names = [_name_within(outer, inner) for outer, inner in itertools.pairwise(modules)]
    inner, outer = type(modules[-1]).__name__, type(modules[0]).__name__
    return f"module '{'.'.join(names)}' ({inner}) of {outer}" if names else f"module {outer}"


_names: dict[int, dict[int, str]] = {}  # paths of the modules within a few, by identity


def _name_within(outer: Module, inner: Module) -> str:
    """Return the path of a module within another: the one that it had last, if it is still there."""
    name = _names.get(id(outer), {}).get(id(inner))
    if name is None or _at(outer, name) is not inner:
        if len(_names) > _FEW:
            _names.clear()
        found = _names[id(outer)] = {id(module): path for path, module in outer.named_modules()}
        name = found.get(id(inner), type(inner).__name__)
    return name


def _at(found: Any, path: str) -> Any:
    """Return what is at a path within a module, or None."""
    for name in path.split("."):
        if isinstance(found, Module):
            found = found.__dict__.get(name)
        elif type(found) is dict:
            found = found.get(name)
        elif type(found) in (list, tuple) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


describe_calls(Module.__call__, _path)


def _check_state(own: Mapping[str, Any], state: Any) -> None:
    """Raise if `state` is not a dict of arrays by name, or holds the weights in an inner dict."""
    if not isinstance(state, Mapping):
        remedy = f"nn.load({state!r})" if isinstance(state, str | os.PathLike) else "module.state_dict()"
        raise TypeError(
            f"load_state_dict() takes a dict of arrays by name, such as {remedy} returns, not {type(state).__name__}"
        )
    inner = [key for key, value in state.items() if isinstance(value, Mapping)]
    if inner:
        fitting = next((key for key in inner if own.keys() <= state[key].keys()), inner[0])
        raise TypeError(
            f"the state is that of more than weights, for it holds dicts ({', '.join(map(repr, inner))}): give one of "
            f"them, such as state[{fitting!r}]"
        )


def _misfits(own: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]]) -> list[str]:
    """Return a line for each array that cannot be copied to the parameter or buffer of its name."""
    faults = []
    for name, array in arrays.items():
        present = np.asarray(borrow(own[name]))
        if array.shape != present.shape:
            faults.append(f"shape: {name} is {present.shape}, the state has {array.shape}")
        elif not np.can_cast(array.dtype, present.dtype, casting="same_kind") and not _is_whole(array, present.dtype):
            faults.append(f"dtype: {name} is {present.dtype}, the state has {array.dtype}")
    return faults


def _is_whole(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> bool:
    """Whether floats are whole numbers, as the means of several states may be."""
    with np.errstate(invalid="ignore"):
        return array.dtype.kind == "f" and dtype.kind in "iu" and np.array_equal(array, array.astype(dtype))
