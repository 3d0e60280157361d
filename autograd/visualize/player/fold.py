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
    operations = [index for index, step in enumerate(steps) if not _is_given(step)]
    if len(operations) <= most:
        return played
    shown = set(operations[-most:])
    shown |= {edge.source for edge in played.edges if edge.target in shown and _is_given(steps[edge.source])}
    shown |= {source for source, target, _ in played.feeds if target in shown}
    hidden = [index for index in range(len(steps)) if index not in shown]
    leaves = [index for index in sorted(shown) if _is_given(steps[index])]
    rest = [index for index in sorted(shown) if not _is_given(steps[index])]
    # An operation before the fold uses no result after it, so this is again a topological order.
    indices = {index: new for new, index in enumerate(leaves)}
    indices |= {index: new for new, index in enumerate(rest, len(leaves) + 1)}
    fold = len(leaves)
    count = sum(not _is_given(steps[index]) for index in hidden)
    one = Step(steps[hidden[-1]].node, f"first {count:,} operations", folded=count)
    kept = [*(steps[index] for index in leaves), one, *(steps[index] for index in rest)]
    feeds = {
        (indices[source], indices.get(target, fold), index if target in indices else -1)
        for source, target, index in played.feeds
        if source in indices
    }
    return Playback(kept, _rerouted(played.edges, indices, fold), sorted(feeds))


def _is_given(step: Step) -> bool:
    """Tell whether nothing computed it: a leaf, or an input without a gradient."""
    return step.node is None or step.node.op is LEAF


def _rerouted(edges: list[Edge], indices: dict[int, int], fold: int) -> list[Edge]:
    sums: dict[int, Edge] = {}
    result = []
    for edge in edges:
        source, target = indices.get(edge.source, fold), indices.get(edge.target, fold)
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
