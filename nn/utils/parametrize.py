"""Parametrizations: weights that are computed from other parameters, such as symmetric or normalized ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from autograd import Tensor, is_grad_enabled, no_grad
from autograd.extend import borrow, missing

from .._arguments import TensorLike
from ..module import Module
from ..modules.containers import ModuleDict, ModuleList
from ..parameter import Parameter
from ._originals import check_result, inverted, like, listed, set_values

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations"]

Kind = TypeVar("Kind", bound=Module)
Held: TypeAlias = Tensor | np.ndarray[Any, Any]

# What `cached` keeps, by the list that computed it and whether it was recorded. With the list kept, its id is its own.
_Cache = dict[tuple[int, bool], tuple["ParametrizationList", Any]]
_cache: ContextVar[_Cache | None] = ContextVar("cache of parametrizations", default=None)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied in order, and the parameters that they compute it from.

    ``module.parametrizations.weight`` is one; `register_parametrization` makes it.

    Parameters
    ----------
    modules
        The parametrizations.
    original
        What the first of them is given: one parameter or buffer, which becomes the attribute ``original``; or a list of
        several, ``original0``, ``original1``, ...
    unsafe
        Whether they may change shape and dtype.

    Attributes
    ----------
    original
        The parameter that is trained, if there is one.
    is_tensor, ntensors
        Whether there is one, and how many there are.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> held = layer.parametrizations.weight
    >>> held.ntensors, held.original0.shape, held.original1.shape, held().shape
    (2, (2, 1), (2, 3), (2, 3))
    """

    def __init__(self, modules: Sequence[Module], original: Held | Sequence[Held], unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        self.is_tensor = isinstance(original, Tensor | np.ndarray)
        given: list[Held] = [original] if isinstance(original, Tensor | np.ndarray) else list(original)
        self.ntensors = len(given)
        for name, each in zip(self._names(), given, strict=True):
            if isinstance(each, Parameter):
                self.register_parameter(name, each)
            else:
                self.register_buffer(name, each)

    def _names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def originals(self) -> list[Any]:
        """Return the parameters or buffers that the tensor is computed from."""
        return [getattr(self, name) for name in self._names()]

    def forward(self) -> Tensor:
        """Compute the tensor."""
        first, *others = self
        out: Tensor = first(*self.originals())
        for module in others:
            out = module(out)
        return out

    def right_inverse(self, value: TensorLike) -> None:
        """Set the originals to what the parametrizations compute `value` from: the last one's inverse comes first.

        Raises
        ------
        RuntimeError
            If a parametrization has no ``right_inverse``.
        ValueError
            If there are more or fewer originals than their inverse gives.
        """
        without = [type(module).__name__ for module in self if not hasattr(module, "right_inverse")]
        if without:
            raise RuntimeError(
                f"a parametrized tensor is assigned to through right_inverse(), which {without[0]} does not define"
            )
        found = listed(inverted(list(self), value, needed=True))
        if len(found) != self.ntensors:
            raise ValueError(f"right_inverse() gave {len(found)} tensors for {self.ntensors} originals")
        for original, given in zip(self.originals(), found, strict=True):
            set_values(original, given)


def register_parametrization(module: Kind, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Kind:
    """Have a parameter or buffer of a module computed by a parametrization: ``module.weight`` is its output.

    What is trained is ``module.parametrizations.weight.original``, the same parameter object as before, so that an
    optimizer that has it goes on. A parametrization is a module, and may have parameters of its own. Further ones on
    the same tensor are applied to the result of those before.

    If the parametrization defines ``right_inverse(value)``, that gives the first values of ``original``, and
    ``module.weight = value`` sets them. Where it returns a tuple, these are ``original0``, ``original1``, ...,
    new parameters for an optimizer. Without it, ``original`` begins with the values that the tensor has.

    The class of the module becomes a subclass with a property, ``ParametrizedLinear`` for `nn.Linear`.

    Parameters
    ----------
    module
        The module.
    tensor_name
        The name of its parameter or buffer.
    parametrization
        A module that computes a tensor from one, or from several.
    unsafe
        Whether it may change the shape or the dtype; nothing is checked then.

    Returns
    -------
    Module
        `module`.

    Raises
    ------
    ValueError
        If the module has no such parameter or buffer.
    ShapeError, DtypeError
        If the parametrization changes the shape or the dtype; then the module is what it was.
    TypeError
        If it does not return a tensor.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return np.triu(x) + np.triu(x, 1).mT
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight.data == layer.weight.data.T).all())
    True
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original']
    """
    for given in (module, parametrization):
        if not isinstance(given, Module):
            raise TypeError(f"register_parametrization() takes modules, not {type(given).__name__}")
    parametrization.train(module.training)
    what = f"{tensor_name!r} of {type(module).__name__}"
    if is_parametrized(module, tensor_name):
        held = _list_of(module, tensor_name)
        if not unsafe:
            check_result(what, parametrization, [getattr(module, tensor_name)], getattr(module, tensor_name))
        held.append(parametrization)
        held.unsafe = held.unsafe or unsafe
        return module
    own = module.__dict__.get(tensor_name)
    if not isinstance(own, Parameter) and (tensor_name not in module._buffers or own is None):
        known = [name for name, _ in module.named_parameters(recurse=False)]
        known += [name for name, _ in module.named_buffers(recurse=False)]
        raise ValueError(
            f"register_parametrization: {type(module).__name__} has no parameter or buffer {tensor_name!r}; those it "
            f"has are {', '.join(known) or 'none'}"
        )
    found = inverted([parametrization], own)
    if not unsafe:
        check_result(what, parametrization, listed(found), own)
    if not isinstance(found, list):
        set_values(own, found)
    original = [like(own, each) for each in found] if isinstance(found, list) else own
    held = ParametrizationList([parametrization], original, unsafe).train(module.training)
    delattr(module, tensor_name)
    module._buffers.pop(tensor_name, None)
    if not is_parametrized(module):
        module.parametrizations = ModuleDict()
    _lists_of(module)[tensor_name] = held
    _set_class(module, _type_before(module))
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Tell whether a tensor of a module is parametrized, or any if no name is given.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> nn.utils.parametrize.is_parametrized(layer, "weight"), nn.utils.parametrize.is_parametrized(layer, "bias")
    (True, False)
    """
    names = getattr(type(module), "_parametrized", ())
    return bool(names) if tensor_name is None else tensor_name in names


def remove_parametrizations(module: Kind, tensor_name: str, leave_parametrized: bool = True) -> Kind:
    """Make a parametrized tensor a parameter or buffer again, with the values that it has.

    Parameters
    ----------
    module
        The module.
    tensor_name
        The name of the tensor.
    leave_parametrized
        If False, it has the values of ``original`` instead.

    Returns
    -------
    Module
        `module`. Its parameter is ``original``, the object that an optimizer has; where there were several, it is a new
        one.

    Raises
    ------
    ValueError
        If the tensor is not parametrized, or was computed from several and `leave_parametrized` is False.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> nn.utils.parametrize.remove_parametrizations(layer, "weight")
    Linear(in_features=3, out_features=2, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"{tensor_name!r} of {type(module).__name__} is not parametrized")
    held = _list_of(module, tensor_name)
    if not held.is_tensor and not leave_parametrized:
        raise ValueError(
            f"{tensor_name!r} of {type(module).__name__} is computed from {held.ntensors} tensors, so that "
            f"leave_parametrized=False leaves no values for it"
        )
    own, *_ = held.originals()
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name)
        if held.is_tensor:
            set_values(own, value)
        else:
            own = like(own, value)
    persistent = not held._buffers or any(held._buffers.values())
    del _lists_of(module)[tensor_name]
    _set_class(module, _type_before(module))
    if not is_parametrized(module):
        del module.parametrizations
    if isinstance(own, Parameter):
        module.register_parameter(tensor_name, own)
    else:
        module.register_buffer(tensor_name, own, persistent)
    return module


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once within the block, at its first use, however often it is used.

    For a recurrent cell that is called in a loop, or a discriminator that is called twice. Make steps of an optimizer
    outside of the block, which goes on with the values before. Other threads compute their own.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> with nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    >>> layer.weight is layer.weight
    False
    """
    token = _cache.set({}) if _cache.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _cache.reset(token)


def _type_before(module: Module) -> type[Module]:
    """Return the class that a module had before its tensors were parametrized."""
    kind = type(module)
    return kind.__bases__[0] if "_parametrized" in vars(kind) else kind


def _lists_of(module: Any) -> ModuleDict:
    lists: ModuleDict = module.parametrizations
    return lists


def _list_of(module: Module, name: str) -> ParametrizationList:
    held: ParametrizationList = getattr(_lists_of(module), name)
    return held


def _set_class(module: Module, kind: type[Module]) -> None:
    """Give a module the subclass of `kind` that has a property for each of its parametrized tensors."""
    names = tuple(_lists_of(module))
    module.__class__ = _with_properties(kind, names) if names else kind


def _with_properties(kind: type[Module], names: tuple[str, ...]) -> type[Module]:
    """Return the subclass of a class with a property for each name, the same one each time."""
    for made in kind.__subclasses__():
        if vars(made).get("_parametrized") == names:
            return made
    members: dict[str, Any] = {name: _property(name) for name in names}
    members |= {
        "_parametrized": names,
        "__reduce_ex__": _reduced,
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
    }
    if hasattr(kind, "reset_parameters"):
        members["reset_parameters"] = _refuse_reset
    return type(f"Parametrized{kind.__name__}", (kind,), members)


def _refuse_reset(module: Module) -> None:
    """Raise: new values would be written to what is computed."""
    names = ", ".join(vars(type(module))["_parametrized"])
    raise RuntimeError(
        f"reset_parameters() of {type(module).__name__} would not reach {names}, which parametrizations compute: "
        f"assign to it, or call it before they are registered"
    )


def _property(name: str) -> property:
    def computed(module: Module) -> Any:
        return _value(_list_of(module, name))

    def assigned(module: Module, value: Any) -> None:
        held = _list_of(module, name)
        held.right_inverse(value)
        for recorded in (True, False):
            (_cache.get() or {}).pop((id(held), recorded), None)

    return property(computed, assigned)


def _value(held: ParametrizationList) -> Any:
    kept = _cache.get()
    if kept is None:
        return held()
    key = (id(held), is_grad_enabled())
    if key in kept:
        return kept[key][1]
    value = held()
    if type(borrow(value)) is np.ndarray:  # that of a batch, or of a program, is gone after it
        kept[key] = held, value
    return value


def _reduced(module: Module, protocol: int) -> tuple[Callable[..., Module], tuple[type[Module], tuple[str, ...]], Any]:
    """Reduce a parametrized module to its class and the names of its parametrized tensors, for copies and pickles."""
    state: Any = object.__reduce_ex__(module, 2)[2]
    return _blank, (_type_before(module), vars(type(module))["_parametrized"]), state


def _blank(kind: type[Module], names: tuple[str, ...]) -> Module:
    """Return a parametrized module without attributes, which are given to it next."""
    return object.__new__(_with_properties(kind, names))


if not TYPE_CHECKING:  # with it, type checkers would take any name for one that there is
    __getattr__ = missing.lookup(__name__)
