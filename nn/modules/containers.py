"""Containers: sequences, lists and dicts of modules and parameters, and `MLP`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any, Self, TypeVar, overload

from numpy.typing import DTypeLike

from autograd import GraphError, Tensor

from .._arguments import TensorLike, example
from .._warnings import message
from ..module import Module
from ..parameter import Parameter
from .activation import ReLU
from .linear import Linear

T = TypeVar("T")


class _Holder(Module):
    """Base class of rows and tables: their members are attributes."""

    kind: type  # the type of the members

    def _named(self) -> dict[str, Any]:
        return {name: value for name, value in list(self.__dict__.items()) if isinstance(value, self.kind)}

    def _checked(self, name: object, value: Any) -> Any:
        """Return `value`, or raise if it does not have the type of the members."""
        if not isinstance(value, self.kind):
            owner, what = type(self).__name__, type(value).__name__
            remedy = ""
            if isinstance(value, type):
                remedy = f". Make one: {value.__name__}()"
            elif isinstance(self, Sequential):
                listed = isinstance(value, list | tuple)
                remedy = ". " + message("list of layers" if listed else "function as a layer")
            raise TypeError(f"a {owner} holds {self.kind.__name__.lower()}s, but {name} is a {what}: {value!r}{remedy}")
        return value

    def _add(self, name: str, value: Any) -> None:
        value = self._checked(name, value)
        self._check_name(name)
        setattr(self, name, value)

    def __len__(self) -> int:
        return len(self._named())


class Row(_Holder, MutableSequence[T]):
    """A module that is a list, with all methods of a list. Its members are named ``0``, ``1``, ... in order.

    If some have other names, all keep their names, and a new one gets the first free number from the length on.
    """

    def __iter__(self) -> Iterator[T]:
        return iter(self._named().values())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(dict(list(self._named().items())[index]))
        return list(self._named().values())[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            raise TypeError(f"a {type(self).__name__} takes one member at a time, not the slice {index}")
        name = list(self._named())[index]
        setattr(self, name, self._checked(name, value))

    def __delitem__(self, index: int | slice) -> None:
        items = list(self._named().items())
        numbered = self._is_numbered()
        del items[index]
        self._replace(items, numbered)

    def append(self, value: T) -> Self:  # type: ignore[override]  # as PyTorch's, these three return the row
        """Append a member; return the row."""
        return self.insert(len(self), value)

    def extend(self, values: Iterable[T]) -> Self:  # type: ignore[override]
        """Append several members; return the row."""
        for value in list(values):
            self.append(value)
        return self

    def insert(self, index: int, value: T) -> Self:  # type: ignore[override]
        """Insert a member before the one at `index`, or at the end; return the row."""
        items = list(self._named().items())
        numbered, name = self._is_numbered(), len(items)
        while str(name) in self.__dict__:
            name += 1
        items.insert(index, (str(name), self._checked(index, value)))
        self._replace(items, numbered)
        return self

    def __add__(self, other: Iterable[T]) -> Any:
        """Return a row of the members of this one and of `other`."""
        return self._part({str(i): value for i, value in enumerate([*self, *other])})

    def _part(self, items: dict[str, Any]) -> Any:
        """Return a row of these members."""
        raise NotImplementedError

    def _is_numbered(self) -> bool:
        return all(name == str(i) for i, name in enumerate(self._named()))

    def _replace(self, items: list[tuple[str, Any]], numbered: bool) -> None:
        """Hold exactly `items`, named by numbers if `numbered`, otherwise by their names."""
        for name in self._named():
            delattr(self, name)
        for i, (name, value) in enumerate(items):
            self._add(str(i) if numbered else name, value)


class Table(_Holder, MutableMapping[str, T]):
    """A module that is a dict, with all methods of a dict. Its members are named by their keys."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __getitem__(self, key: str) -> T:
        return self._named()[key]

    def __setitem__(self, key: str, value: T) -> None:
        if key in self._named():
            setattr(self, key, self._checked(key, value))
        else:
            self._add(key, value)

    def __delitem__(self, key: str) -> None:
        self._named()[key]  # raises KeyError
        delattr(self, key)


class Sequential(Row[Module]):
    """Apply modules in order, each to the output of the one before.

    It is also a list, with ``append``, ``extend``, ``insert``, ``pop``, ``+``, ``del`` and slices.

    Parameters
    ----------
    *modules
        The modules, named ``0``, ``1``, ...; or one dict of names and modules.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    >>> len(model), model[1], [name for name, _ in model[2:].named_parameters()]
    (3, Tanh(), ['2.weight', '2.bias'])
    >>> model.append(nn.Sigmoid()).pop()
    Sigmoid()
    """

    kind = Module

    def __init__(self, *modules: Module | dict[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            named = modules[0]
        else:
            named = {str(i): module for i, module in enumerate(modules)}  # type: ignore[misc]  # checked below
        for name, module in named.items():
            self._add(name, module)

    def forward(self, x: TensorLike) -> Tensor:
        """Pass `x` through all modules in order."""
        out: Any = x
        name = layer = None
        try:
            for name, layer in list(self.__dict__.items()):  # noqa: B007 - another thread may register a hook
                if isinstance(layer, Module):
                    out = layer(out)
                    if out is None:
                        raise TypeError("it returned None: is a return missing?")  # noqa: TRY301 - its layer is named
        except (GraphError, TypeError, ValueError) as error:
            _name_layer(error, name, layer, out, out is x)
            raise
        return out

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module | Sequential:
        return super().__getitem__(index)

    def _part(self, items: dict[str, Module]) -> Sequential:
        return Sequential(items)


def _name_layer(error: Exception, name: str | None, layer: Any, given: Any, first: bool) -> None:
    """Add to an error which layer of a `Sequential` it is from, and why it may be given a tuple."""
    if type(error).__module__.partition(".")[0] not in ("autograd", "builtins", "nn") or len(error.args) != 1:
        return
    text = str(error)
    if isinstance(given, tuple | list) and layer is not None:
        text = message("batch for a layer" if first else "tuple for a layer", error=text)
    if text.startswith("layer ") and isinstance(layer, Sequential):
        error.args = (f"layer {name}.{text[6:]}",)
    else:
        error.args = (f"layer {name}, {type(layer).__name__ if any(layer.children()) else repr(layer)}: {text}",)


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation between them.

    Parameters
    ----------
    sizes
        The number of inputs, of units in each hidden layer, and of outputs.
    activation
        Called to make the module between two layers.
    dtype
        The dtype of the parameters; float32 by default.

    Examples
    --------
    >>> import nn
    >>> nn.MLP([784, 128, 10])
    MLP(
      (0): Linear(in_features=784, out_features=128, bias=True)
      (1): ReLU()
      (2): Linear(in_features=128, out_features=10, bias=True)
    )
    """

    def __init__(
        self, sizes: Sequence[int], activation: Callable[[], Module] = ReLU, dtype: DTypeLike | None = None
    ) -> None:
        if len(sizes) < 2:
            raise ValueError(f"an MLP needs at least the numbers of inputs and outputs, not sizes={list(sizes)}")
        layers = [Linear(*pair, dtype=dtype) for pair in itertools.pairwise(sizes)]
        between: list[Module] = [module for layer in layers for module in (layer, activation())]
        super().__init__(*between[:-1])


@example(
    "layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))",
    "_ = layers.append(nn.Tanh())",
    "len(layers), layers[-1], [name for name, _ in layers[1:2].named_parameters()]",
    "(4, Tanh(), ['0.weight', '0.bias'])",
)
class ModuleList(Row[Module]):
    """A list of modules, registered so that their parameters are found; the owner decides how to call them.

    It has ``append``, ``extend``, ``insert``, ``pop``, ``+``, ``del``, slices, and everything else of a list. A plain
    list in an attribute of a module is found as well.

    Parameters
    ----------
    modules
        The modules, named ``0``, ``1``, ...
    """

    kind = Module

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        for i, module in enumerate(modules):
            self._add(str(i), module)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Raise: the owner calls the modules."""
        raise NotImplementedError("ModuleList does not define forward(): call its items, or make it an nn.Sequential")

    def _part(self, items: dict[str, Module]) -> ModuleList:
        return ModuleList(items.values())


@example(
    'heads = nn.ModuleDict({"mean": nn.Linear(4, 1), "scale": nn.Linear(4, 1, bias=False)})',
    "list(heads), [name for name, _ in heads.named_parameters()]",
    "(['mean', 'scale'], ['mean.weight', 'mean.bias', 'scale.weight'])",
)
class ModuleDict(Table[Module]):
    """A dict of modules, registered so that their parameters are found.

    It has ``keys``, ``values``, ``items``, ``update``, ``pop``, ``clear``, and everything else of a dict.

    Parameters
    ----------
    modules
        Names and modules: a dict, or pairs of them. A name has to be a valid attribute name that the class does not
        use.
    """

    kind = Module

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        super().__init__()
        self.update(modules)


@example(
    "weights = nn.ParameterList(nn.Parameter(np.zeros(n)) for n in (2, 3))",
    "weights, list(weights.state_dict())",
    "(ParameterList((0): (2,) float32, (1): (3,) float32), ['0', '1'])",
)
class ParameterList(Row[Parameter]):
    """A list of parameters, with all methods of a list.

    Parameters
    ----------
    values
        The parameters, named ``0``, ``1``, ...
    """

    kind = Parameter

    def __init__(self, values: Iterable[Parameter] = ()) -> None:
        super().__init__()
        for i, value in enumerate(values):
            self._add(str(i), value)

    def _part(self, items: dict[str, Parameter]) -> ParameterList:
        return ParameterList(items.values())

    def extra_repr(self) -> str:
        return _described(self._named())


@example('nn.ParameterDict({"scale": nn.Parameter(np.ones(2))})', "ParameterDict((scale): (2,) float32)")
class ParameterDict(Table[Parameter]):
    """A dict of parameters, with all methods of a dict.

    Parameters
    ----------
    parameters
        Names and parameters: a dict, or pairs of them.
    """

    kind = Parameter

    def __init__(self, parameters: Mapping[str, Parameter] | Iterable[tuple[str, Parameter]] = ()) -> None:
        super().__init__()
        self.update(parameters)

    def extra_repr(self) -> str:
        return _described(self._named())


def _described(parameters: Mapping[str, Parameter]) -> str:
    return ", ".join(f"({name}): {parameter.shape} {parameter.dtype}" for name, parameter in parameters.items())
