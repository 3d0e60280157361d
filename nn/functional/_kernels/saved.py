"""What the forward of an operation saves for its rules."""

from __future__ import annotations

from typing import Any


class Saved(list[Any]):
    """A list to which a forward saves what its rules need, made anew for each call.

    A node copies a list that it is given, and what is in it. This one belongs to nobody else, and is kept as it is.
    """
