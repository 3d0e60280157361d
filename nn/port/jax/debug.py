"""`jax.debug`."""

import builtins
from typing import Any


def print(fmt: str, *args: Any, ordered: bool = False, **kwargs: Any) -> None:
    """Print values in the places of a text."""
    builtins.print(fmt.format(*args, **kwargs))
