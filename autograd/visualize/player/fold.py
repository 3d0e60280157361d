"""Fold a graph that is too large for a page: its beginning becomes one step."""

from __future__ import annotations

from autograd.inside import LEAF

from ..steps import Step
from .playback import Edge, Playback


def folded(played: Playback, most: int) -> Playback:
    """Return a played whose last `most` operations are single steps, and all before them one step.

    Leaves that these last operations use stay visible. The contributions that pass between such a leaf and the
    operations within the folded step are added up.
    """
    steps = played.steps
    operations = [place for place, step in enumerate(steps) if not _is_given(step)]
    if len(operations) <= most:
        return played
    shown = set(operations[-most:])
    shown |= {edge.source for edge in played.edges if edge.target in shown and _is_given(steps[edge.source])}
    shown |= {source for source, target, _ in played.feeds if target in shown}
    hidden = [place for place in range(len(steps)) if place not in shown]
    leaves = [place for place in sorted(shown) if _is_given(steps[place])]
    rest = [place for place in sorted(shown) if not _is_given(steps[place])]
    # An operation before the fold uses no result after it, so this is again a topological order.
    places = {place: new for new, place in enumerate(leaves)}
    places |= {place: new for new, place in enumerate(rest, len(leaves) + 1)}
    fold = len(leaves)
    count = sum(not _is_given(steps[place]) for place in hidden)
    one = Step(steps[hidden[-1]].node, f"first {count:,} operations", folded=count)
    kept = [*(steps[place] for place in leaves), one, *(steps[place] for place in rest)]
    feeds = {
        (places[source], places.get(target, fold), index if target in places else -1)
        for source, target, index in played.feeds
        if source in places
    }
    return Playback(kept, _rerouted(played.edges, places, fold), sorted(feeds))


def _is_given(step: Step) -> bool:
    """Tell whether nothing computed it: a leaf, or an input without a gradient."""
    return step.node is None or step.node.op is LEAF


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
