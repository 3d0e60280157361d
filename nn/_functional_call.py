"""Calls of a module with other parameters than its own: for `grad` and `vmap`, and for ensembles."""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterator, Mapping, Sequence
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import as_array, borrow

from ._arguments import Array
from .module import Module
from .parameter import Parameter, standing_in


def functional_call(
    module: Module,
    parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    strict: bool = True,
) -> Any:
    """Call a module with the given parameters and buffers in place of its own, which stay as they are.

    This makes a pure function of a module, for `autograd.grad` and `autograd.vmap`. It is called as a copy that shares
    its parameters where none are given, and has copies of its buffers: whatever the call assigns to attributes of the
    module, or adds to running statistics, is gone afterwards, and other threads see nothing of it.

    Parameters
    ----------
    module
        The module to call.
    parameters
        Arrays or tensors by name, as in ``dict(module.named_parameters())``, for all parameters of the module. Buffers,
        such as running statistics, may be among them, as in ``module.state_dict()``: a layer that updates those writes
        to the arrays given, which within `vmap` should be copies. Several such dicts are taken together.
    args
        The arguments: a tuple, or a single one.
    kwargs
        Its keyword arguments.
    strict
        Whether all parameters have to be given. Otherwise the module has its own for those that are not, which `grad`
        knows nothing of.

    Returns
    -------
    Tensor
        Whatever the module returns.

    Raises
    ------
    ValueError
        If a name is not that of a parameter or buffer, or the parameters are not complete and `strict`.
    ShapeError
        If an array has another shape than the parameter or buffer that it stands for.
    TypeError
        If the module holds a function that refers to its own parameters by a global variable, which could not be
        replaced; those in the closure of a function, such as a lambda, are.

    Examples
    --------
    A gradient per sample:

    >>> import numpy as np
    >>> import nn
    >>> from autograd import grad, vmap
    >>> model = nn.Linear(3, 1)
    >>> def loss(parameters, x, y):
    ...     return ((nn.functional_call(model, parameters, x) - y) ** 2).sum()
    >>> x, y = np.ones((8, 3), np.float32), np.zeros((8, 1), np.float32)
    >>> gradients = vmap(grad(loss), in_axes=(None, 0, 0))(dict(model.named_parameters()), x, y)
    >>> gradients["weight"].shape
    (8, 1, 3)
    """
    if not isinstance(module, Module):
        raise TypeError(f"functional_call() calls an nn.Module, not {type(module).__name__}")
    given = _merged(parameters)
    called = _Copies(module, given, strict).of(module)
    return called(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))


def stack_parameters(modules: Sequence[Module]) -> dict[str, Array]:
    """Stack the parameters and buffers of modules that are built alike, for an ensemble.

    Parameters
    ----------
    modules
        Modules whose parameters and buffers have the same names, shapes and dtypes.

    Returns
    -------
    dict
        Copies, along a new first axis, by name: what `functional_call` takes for each of the modules.

    Raises
    ------
    TypeError
        If they are not modules.
    ValueError
        If there are no modules, or they are not built alike.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> from autograd import vmap
    >>> models = [nn.Linear(3, 2) for _ in range(5)]
    >>> parameters = nn.stack_parameters(models)
    >>> parameters["weight"].shape
    (5, 2, 3)
    >>> x = np.ones((8, 3), np.float32)
    >>> vmap(lambda p, x: nn.functional_call(models[0], p, x), in_axes=(0, None))(parameters, x).shape
    (5, 8, 2)
    """
    odd_one = next((type(each).__name__ for each in modules if not isinstance(each, Module)), None)
    if odd_one is not None:
        raise TypeError(f"stack_parameters() takes modules, not {odd_one}")
    states = [_own(module) for module in modules]
    if not states:
        raise ValueError("stack_parameters() needs at least one module")
    forms = [{name: (array.shape, array.dtype) for name, array in state.items()} for state in states]
    modes = [[inner.training for inner in module.modules()] for module in modules]
    for number, (form, mode) in enumerate(zip(forms, modes, strict=True)):
        odd = next((name for name in (*forms[0], *form) if form.get(name) != forms[0].get(name)), None)
        if odd is not None:
            raise ValueError(
                f"stack_parameters() needs modules that are built alike, but {odd!r} is {_described(forms[0], odd)} in "
                f"module 0 and {_described(form, odd)} in module {number}"
            )
        if mode != modes[0]:
            raise ValueError(
                f"stack_parameters() needs modules in one mode, but module {number} is in another than module 0: call "
                f"train() or eval() of all"
            )
    return {name: np.stack([state[name] for state in states]) for name in states[0]}


def _described(form: Mapping[str, tuple[tuple[int, ...], Any]], name: str) -> str:
    return "{} {}".format(*form[name]) if name in form else "missing"


def _own(module: Module) -> dict[str, Array]:
    """Return the arrays of the parameters and buffers of a module by name, each once."""
    return {name: np.asarray(borrow(value)) for name, value in (*module.named_parameters(), *module.named_buffers())}


def _buffers(module: Module) -> Iterator[tuple[str, tuple[int, str], Any]]:
    """Yield the path of each buffer, where it is kept, and its value."""
    for path, inner in module.named_modules(remove_duplicate=False):
        for name in inner._buffers:
            value = getattr(inner, name)
            if value is not None:
                yield f"{path}.{name}" if path else name, (id(inner), name), value


def _merged(parameters: Any) -> dict[str, Any]:
    """Return one dict of all parameters and buffers that are given."""
    several = [parameters] if isinstance(parameters, Mapping) else parameters
    if not isinstance(several, list | tuple) or not all(isinstance(each, Mapping) for each in several):
        raise TypeError(
            f"functional_call() takes parameters as a dict of arrays by name, such as dict(module.named_parameters()), "
            f"not {type(parameters).__name__}"
        )
    merged: dict[str, Any] = {}
    for each in several:
        twice = [name for name in each if name in merged]
        if twice:
            raise ValueError(f"functional_call() was given {twice[0]!r} twice, in several dicts")
        merged.update(each)
    return merged


class _Copies:
    """Copies of modules, with the given parameters and buffers in place of their own."""

    def __init__(self, module: Module, given: Mapping[str, Any], strict: bool) -> None:
        self._copies: dict[int, Module] = {}
        self._functions: dict[int, FunctionType] = {}
        self._parameters: dict[int, Parameter] = {}
        self._buffers: dict[tuple[int, str], Any] = {}
        self._modules = {id(inner) for inner in module.modules()}
        parameters = dict(module.named_parameters(remove_duplicate=False))
        buffers = {path: (place, value) for path, place, value in _buffers(module)}
        kind = type(module).__name__
        unknown = [name for name in given if name not in parameters and name not in buffers]
        if unknown:
            known = ", ".join((*parameters, *buffers)) or "none"
            raise ValueError(
                f"functional_call: {kind} has no parameter or buffer {unknown[0]!r}; those it has are {known}"
            )
        names: dict[int, str] = {}
        for name, value in given.items():
            own: Any = parameters[name] if name in parameters else buffers[name][1]
            array = as_array(borrow(value))
            if array.shape != np.shape(borrow(own)):
                _refuse_shape(kind, name, array.shape, np.shape(borrow(own)))
            if name in buffers:
                self._buffers[buffers[name][0]] = value if isinstance(value, Tensor) else array
                continue
            if id(own) in names and given[names[id(own)]] is not value:
                raise ValueError(
                    f"functional_call: {names[id(own)]!r} and {name!r} of {kind} are one parameter, so give one of "
                    f"them, as dict(module.named_parameters()) does"
                )
            names[id(own)] = name
            self._parameters[id(own)] = standing_in(value if isinstance(value, Tensor) else array)
        missing = [name for name, own in module.named_parameters() if id(own) not in names]
        if missing and strict:
            raise ValueError(
                f"functional_call: {kind} was not given its parameter{'s' * (len(missing) > 1)} {', '.join(missing)}: "
                f"to keep the module's own, give strict=False"
            )

    def of(self, module: Module) -> Module:
        """Return the copy of a module, which stays the same one."""
        copy = self._copies.get(id(module))
        if copy is None:
            copy = self._copies[id(module)] = object.__new__(type(module))
            attributes = copy.__dict__
            for name, value in list(module.__dict__.items()):
                attributes[name] = self._now(value, f"{type(module).__name__}.{name}")
            for name in module._buffers:
                if attributes.get(name) is not None:
                    attributes[name] = self._buffer((id(module), name), attributes[name])
        return copy

    def _buffer(self, place: tuple[int, str], own: Any) -> Any:
        if place in self._buffers:
            return self._buffers[place]
        copied = np.array(borrow(own))
        return Tensor(copied) if isinstance(own, Tensor) else copied

    def _now(self, value: Any, name: str) -> Any:
        """Return what an attribute of a copy has in place of that of the module."""
        kind = type(value)
        if kind is list or kind is tuple:
            return kind([self._now(item, name) for item in value])
        if kind is dict:
            return {key: self._now(item, name) for key, item in value.items()}
        return self._inner(value, name)

    def _inner(self, value: Any, name: str) -> Any:
        if isinstance(value, Module):
            return self.of(value)
        if isinstance(value, Parameter):
            return self._parameters.get(id(value), value)
        if isinstance(value, MethodType) and isinstance(value.__self__, Module):
            return MethodType(value.__func__, self.of(value.__self__))
        if isinstance(value, functools.partial):
            keywords = {key: self._inner(item, name) for key, item in value.keywords.items()}
            return functools.partial(
                self._inner(value.func, name), *[self._inner(item, name) for item in value.args], **keywords
            )
        if isinstance(value, FunctionType):
            return self._function(value, name)
        return value

    def _function(self, function: FunctionType, name: str) -> FunctionType:
        """Return a function that refers to the copies where it refers to modules and parameters."""
        if id(function) in self._functions:
            return self._functions[id(function)]
        code, own = function.__code__, function.__closure__ or ()
        cells = tuple(CellType() for _ in own)
        made = FunctionType(code, function.__globals__, function.__name__, None, cells)
        self._functions[id(function)] = made  # it may refer to itself
        changed = False
        for cell, before in zip(cells, own, strict=True):
            try:
                content = before.cell_contents
            except ValueError:  # not assigned yet
                continue
            cell.cell_contents = now = self._now(content, name)
            changed |= content is not function and not _is_same(now, content)
        defaults, keywords = function.__defaults__ or (), function.__kwdefaults__ or {}
        made.__defaults__, made.__kwdefaults__ = self._now(defaults, name), self._now(keywords, name)
        changed |= not _is_same(made.__defaults__, defaults) or not _is_same(made.__kwdefaults__, keywords)
        of_globals = {id(function.__globals__.get(each)) for each in code.co_names}
        if (changed and _assigns(code)) or of_globals & (self._modules | self._parameters.keys()):
            raise TypeError(
                f"functional_call: {name} is a function that refers to the module or to a parameter by a global "
                f"variable, or assigns a nonlocal one, and would compute with the module's own: make it a method of "
                f"the module"
            )
        if not changed:
            self._functions[id(function)] = function
            return function
        made.__dict__.update(function.__dict__)
        return made


@functools.cache
def _assigns(code: CodeType) -> bool:
    """Ask whether a function assigns variables of the function around it."""
    written = {each.argval for each in dis.get_instructions(code) if each.opname in ("STORE_DEREF", "DELETE_DEREF")}
    return not written.isdisjoint(code.co_freevars)


def _is_same(now: Any, before: Any) -> bool:
    """Ask whether nothing in what `_now` returned was replaced."""
    if type(now) in (list, tuple):
        return all(map(_is_same, now, before))
    if type(now) is dict:
        return all(_is_same(now[key], before[key]) for key in now)
    return now is before


def _refuse_shape(kind: str, name: str, shape: tuple[int, ...], own: tuple[int, ...]) -> None:
    stacked = len(shape) == len(own) + 1 and shape[1:] == own
    remedy = ": to call it for each of several models, use autograd.vmap with in_axes=0" if stacked else ""
    raise ShapeError(f"functional_call: {name!r} of {kind} has shape {own}, but was given shape {shape}{remedy}")
