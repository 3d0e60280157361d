"""Modules that are lists or dicts of what they hold, which is found under its number or key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, MutableSequence
from typing import Any, Self, TypeVar

from .module import Module

__all__ = ["Row", "Table"]

T = TypeVar("T")


class _Holder(Module):
    """What rows and tables share: their members are attributes."""

    kind: type  # what they hold

    def _named(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if isinstance(value, self.kind)}

    def _checked(self, name: object, value: Any) -> Any:
        """Return `value` if it can be held under a name."""
        if not isinstance(value, self.kind):
            raise TypeError(
                f"a {type(self).__name__} holds {self.kind.__name__.lower()}s, but {name} is a {type(value).__name__}: "
                f"{value!r}"
            )
        return value

    def _add(self, name: str, value: Any) -> None:
        value = self._checked(name, value)
        self._check_name(name)
        setattr(self, name, value)

    def __len__(self) -> int:
        return len(self._named())


class Row(_Holder, MutableSequence[T]):
    """A module that is a list: it has all methods of one. Its members are named ``0``, ``1``, ... in order.

    Where some have other names, all keep theirs, and a new one gets the first free number from its length on.
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
        """Put a member behind the last; return the row."""
        return self.insert(len(self), value)

    def extend(self, values: Iterable[T]) -> Self:  # type: ignore[override]
        """Put several members behind the last; return the row."""
        for value in list(values):
            self.append(value)
        return self

    def insert(self, index: int, value: T) -> Self:  # type: ignore[override]
        """Put a member before the one at `index`, or behind the last; return the row."""
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
        """Hold `items` and nothing else, under numbers or else under their names."""
        for name in self._named():
            delattr(self, name)
        for i, (name, value) in enumerate(items):
            self._add(str(i) if numbered else name, value)


class Table(_Holder, MutableMapping[str, T]):
    """A module that is a dict: it has all methods of one. Its members are named by their keys."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __getitem__(self, key: str) -> T:
        value: T = self._named()[key]
        return value

    def __setitem__(self, key: str, value: T) -> None:
        if key in self._named():
            setattr(self, key, self._checked(key, value))
        else:
            self._add(key, value)

    def __delitem__(self, key: str) -> None:
        self._named()[key]  # raises KeyError
        delattr(self, key)
