"""Of which kind of optimizer a state is: its options tell."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._optimizer import Optimizer

__all__ = ["check_options"]

_RECENT = {"maximize", "decoupled_weight_decay"}  # which states of earlier versions of PyTorch do not have


def check_options(names: set[str], optimizer: Optimizer, base: type[Optimizer]) -> None:
    """Raise if `names` are those of the options of another kind of optimizer, of all that derive from `base`.

    Names that no optimizer knows are no sign of another: PyTorch has some of its own, such as ``foreach``, and notes
    there what its schedulers start from.
    """
    kinds = dict(_kinds(base))
    missing = {*optimizer.defaults} - names - _RECENT
    foreign = names & set().union(*kinds.values()) - {*optimizer.defaults}
    if missing or foreign:
        nearest = min(kinds, key=lambda kind: len(kinds[kind] ^ names))
        found = [*(f"no {name}" for name in sorted(missing)), *sorted(foreign)]
        raise ValueError(
            f"the state is that of another kind of optimizer, of {nearest} by its options, and this is "
            f"{type(optimizer).__name__}: it has {', '.join(found)}. Load it into one of the same kind"
        )


def _kinds(base: type[Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield the name of each kind of optimizer, and those of its options."""
    for kind in base.__subclasses__():
        yield kind.__name__, {*inspect.signature(kind).parameters} - {"params"}
        yield from _kinds(kind)
