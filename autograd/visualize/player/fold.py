"""Fold a graph that is too large for a page: its beginning becomes one step."""

from __future__ import annotations

from ...graph.node import LEAF
from .record import Edge, Recording, Step

__all__ = ["folded"]


def folded(recording: Recording, most: int) -> Recording:
    """Return a recording whose last `most` operations are single steps, and all before them one step.

    Leaves that these last operations use stay visible. The contributions that pass between such a leaf and the
    operations within the folded step are added up.
    """
    steps = recording.steps
    operations = [place for place, step in enumerate(steps) if step.node.op is not LEAF]
    if len(operations) <= most:
        return recording
    shown = set(operations[-most:])
    shown |= {edge.source for edge in recording.edges if edge.target in shown and steps[edge.source].node.op is LEAF}
    hidden = [place for place in range(len(steps)) if place not in shown]
    leaves = [place for place in sorted(shown) if steps[place].node.op is LEAF]
    rest = [place for place in sorted(shown) if steps[place].node.op is not LEAF]
    # An operation before the fold uses no result after it, so this is again a topological order.
    places = {place: new for new, place in enumerate(leaves)}
    places |= {place: new for new, place in enumerate(rest, len(leaves) + 1)}
    fold = len(leaves)
    one = Step(steps[hidden[-1]].node, f"first {len(hidden):,} steps", folded=len(hidden))
    kept = [*(steps[place] for place in leaves), one, *(steps[place] for place in rest)]
    return Recording(kept, _rerouted(recording.edges, places, fold))


def _rerouted(edges: list[Edge], places: dict[int, int], fold: int) -> list[Edge]:
    sums: dict[int, Edge] = {}
    result = []
    for edge in edges:
        source, target = places.get(edge.source, fold), places.get(edge.target, fold)
        if target != fold:
            result.append(Edge(source, target, edge.index, edge.contribution))
        elif source != fold:
            into = sums.get(source)
            if into is None:
                into = sums[source] = Edge(source, fold, 0, edge.contribution)
                result.append(into)
            else:
                into.contribution = into.contribution + edge.contribution
    # Gradients that leave the fold come after all that enter it.
    return [edge for edge in result if edge.target != fold] + list(sums.values())
