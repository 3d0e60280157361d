"""Satellites: inputs that stand beside the operation that uses them, not in the column of what is computed."""

from __future__ import annotations

from collections.abc import Sequence

from .picture import SATELLITES, Edge, Kind

_MOST = 8  # beside one box; a taller stack would push apart what is above and below


def beside_of(kinds: Sequence[Kind], edges: Sequence[Edge], within: Sequence[int | None]) -> dict[int, int]:
    """Return for each input that a single operation in its frame uses that operation, beside which it stands.

    One input of each operation is left in the column: where all are inputs, those that are no parameters.

    Parameters
    ----------
    kinds
        The kind of each box.
    edges
        Pairs of boxes.
    within
        The innermost frame of each box, or None.
    """
    users: dict[int, set[int]] = {}
    sources: dict[int, dict[int, None]] = {}
    for source, target in edges:
        users.setdefault(source, set()).add(target)
        sources.setdefault(target, {})[source] = None
    found: dict[int, int] = {}
    for target, inputs in sources.items():
        own = [
            source
            for source in inputs
            if kinds[source] in SATELLITES
            and len(users[source]) == 1
            and source not in sources
            and within[source] == within[target]
        ]
        if len(own) == len(inputs):  # something has to lead here
            data = [source for source in own if kinds[source] in ("leaf", "input")] or [
                source for source in own if kinds[source] != "parameter"
            ]
            own = [source for source in own if source not in data[:1]] if data and len(data) < len(own) else []
        if len(own) <= _MOST:
            found.update(dict.fromkeys(own, target))
    return found
