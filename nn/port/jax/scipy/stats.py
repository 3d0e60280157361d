"""`jax.scipy.stats`: distributions, whose methods take and return arrays."""

from typing import Any

import autograd.scipy.stats

from .._array import forwarded, names_of

_names = names_of(None, __name__)


class _Distribution:
    def __init__(self, home: Any) -> None:
        self._home = home

    def __getattr__(self, name: str) -> Any:
        return forwarded(self._home, name)


def __getattr__(name: str) -> Any:
    return _Distribution(getattr(autograd.scipy.stats, name)) if name in autograd.scipy.stats.__all__ else _names(name)
