"""Revolve: a loop whose backward pass keeps a few states, and computes the others again by a binomial schedule.

To go back through l steps with s states in memory, the first of which is there, advance m steps, keep the state found
there, go back through the last l - m steps with s - 1 states, and through the first m with s again. With

    b(s, r) = (s + r)! / (s! r!)

steps none is taken more than r times, and m can be chosen so that the steps are r * l - b(s + 1, r - 1) in all, the
least there is (Griewank 1992; Griewank and Walther, "Algorithm 799: revolve", ACM TOMS 26, 2000).
"""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from math import comb
from typing import Any

import numpy as np

from ..arrays.door import batches
from ..errors import GraphError
from ..graph.backward import pull_back
from ..graph.grad_mode import PACKING, enable_grad, evaluated_as_at, moment, no_grad, watching
from ..graph.mutation import written_since
from ..graph.node import Leaf, Node, ancestors, by_number, counter, leading_to
from ..graph.saved_tensors import saved_tensors_hooks
from ..primitives.function import Function
from ..tensors.tensor import LIFT, Tensor, as_tensor, unwrap
from .checkpoint import drawing_from, drawn_since, random_states, set_random_states
from .fixed_point import recorded_since, standing_at
from .forward_mode import push_forward
from .scan import Leaves, Steps


def advance(length: int, states: int) -> int:
    """Return after how many of `length` steps to keep the next state, where `states` can be, with the first."""
    if states == 1:
        return length - 1
    repeats = 1
    while comb(states + repeats, states) < length:
        repeats += 1
    before = comb(states + repeats - 2, states) if repeats > 1 else 1
    return max(before, length - comb(states - 1 + repeats, states - 1))


class Revolved:
    """The steps of a loop, with the places at which states are kept.

    Parameters
    ----------
    steps
        The loop.
    states
        How many states to keep, beside the one before the last step.
    """

    def __init__(self, steps: Steps, states: int) -> None:
        self.steps, self.states = steps, states
        self._begun = next(counter)
        self._moment = min(self._begun, moment())
        n = steps.length
        self.order = range(n)[::-1] if steps.reverse else range(n)
        # Some steps at a time, which are recorded together: their graph takes no more than the kept states.
        size = min(max(n // (16 * states), states // 4, 1), 64)
        self.blocks = [range(start, min(start + size, n)) for start in range(0, n, size)]
        self.known: list[Node] = []  # from before the loop, on which its steps depend
        # From which step on leaves of the state are tensors, and which of them depend on something.
        self._kinds: list[tuple[int, list[tuple[bool, bool]]]] = []
        self.results: tuple[Any, ...] = ()
        self.count = 0  # of the results, of which those after are kept states
        self.places = self._places()
        self.random: list[Any] = []  # states of the random generators at these places

    def _places(self) -> list[int]:
        """Return where states are kept on the way forward."""
        places, at, last = list[int](), 0, len(self.blocks) - 1
        while at < last and len(places) < self.states:
            places.append(at)
            at += advance(last + 1 - at, self.states + 1 - len(places))
        return [*places, last]

    def run(self) -> tuple[Any, Any]:
        """Run the loop, and return the last state and what is collected."""
        steps, leaves, places = self.steps, self.steps.leaves, set(self.places)
        known, kept, collected = set[Node](), list[Any](), list[list[Any]]()
        for k in range(len(self.blocks)):
            self._note_kinds(k, leaves)
            if k in places:
                kept += [unwrap(x) for x in leaves if x is not None] if k else ()
                self.random.append(random_states())
            begun, leaves, ys, _ = self._recorded(k, [None if x is None else unwrap(x) for x in leaves], steps.rows)
            known |= _before(begun, (*leaves, *itertools.chain(*ys)))
            collected += [list(map(_cut, y)) for y in ys]
        if not drawn_since(self.random[0]):
            self.random = [[]] * len(places)  # nothing is drawn
        collected = collected[::-1] if steps.reverse else collected
        made = [*map(_cut, leaves), *(steps.stacked(parts) for parts in zip(*collected, strict=True))]
        results = [x for x in made if x is not None]
        given = [x for x in (*steps.leaves, *steps.rows) if x is not None]
        self.known, self.count = sorted(known, key=by_number), len(results)
        if known or any(isinstance(x, Tensor) and x._node is not None for x in given):
            self.results = (*map(unwrap, results), *kept)
            like = next((x for x in self.results if batches(x)), None)
            found = _Revolve.apply(self, *given, *[standing_at(node, like) for node in self.known])
            results = [x if isinstance(y, Tensor) else unwrap(x) for x, y in zip(found, results, strict=False)]
        full = _filled(made, iter(results))
        return steps.rebuild(full[: len(leaves)]), steps.rebuild_ys(full[len(leaves) :])

    def _note_kinds(self, k: int, leaves: list[Any]) -> None:
        kinds = [(isinstance(x, Tensor), isinstance(x, Tensor) and x._node is not None) for x in leaves]
        if not self._kinds or self._kinds[-1][1] != kinds:
            self._kinds.append((k, kinds))

    def _tensors(self, k: int, arrays: list[Any], live: bool) -> list[Any]:
        """Return the leaves of the state before a block, of their arrays."""
        kinds = next(kinds for start, kinds in reversed(self._kinds) if start <= k)
        return [
            Tensor(x, requires_grad=live and depends) if is_tensor else x
            for x, (is_tensor, depends) in zip(arrays, kinds, strict=True)
        ]

    def _recorded(self, k: int, arrays: list[Any], rows: list[Any]) -> tuple[int, list[Any], list[Any], list[Any]]:
        """Record a block; return the moment before, the next state, what is collected, and the nodes of its inputs."""
        begun = next(counter)
        packs = watching() & PACKING  # what is soon let go need not be packed
        with enable_grad(), saved_tensors_hooks(_itself, _itself) if packs else nullcontext():
            leaves = self._tensors(k, arrays, True)
            nodes, ys = [list(map(_node, leaves))], list[Any]()  # now: a step may write to them
            for j in self.blocks[k]:
                row = self._row(j, rows, True)
                nodes.append(list(map(_node, row)))
                leaves, y = self.steps.taken(leaves, row)
                ys.append(y)
        return begun, leaves, ys, nodes

    def _row(self, j: int, rows: list[Any], live: bool) -> list[Any]:
        """Return what a step takes of each array that the loop goes along."""
        found: list[Any] = []
        for x, given in zip(rows, self.steps.rows, strict=True):
            row: Any = None if x is None else unwrap(x)[self.order[j]]
            is_tensor = isinstance(given, Tensor)
            found.append(Tensor(row, requires_grad=live and given._node is not None) if is_tensor else row)
        return found

    # Back

    def back(self, start: Leaves, rows: Leaves, kept: Leaves, g: Leaves) -> list[Any]:
        """Return the gradients of the first state, of the rows, and of `known`, from those of the results."""
        leaves, count = self.steps.leaves, sum(x is not None for x in start)
        states = [start, *(_filled(leaves, iter(kept[i : i + count])) for i in range(0, len(kept), count))]
        stack = list(zip(self.places, states, self.random, strict=False))
        pulled = _Pulled(self, rows, _filled(leaves, iter(g)), list(g[count:]))
        with drawing_from(self.random[0]), evaluated_as_at(self._moment):
            for k in reversed(range(len(self.blocks))):
                pulled.through(k, self._reached(k, stack, rows))
        owners = (node.owner() for node in self.known if type(node) is Leaf)
        if written_since(self._begun, [x._array for x in owners if x is not None]):
            raise GraphError(f"{self.steps.defined} had other values: a tensor {_BETWEEN}")
        return pulled.gradients()

    def _reached(self, k: int, stack: list[Any], rows: list[Any]) -> list[Any]:
        """Return the state before a block, by steps from the last one that is kept; keep others on the way."""
        while stack[-1][0] > k:
            stack.pop()
        place, state, random = stack.pop() if stack[-1][0] == k else stack[-1]
        while place < k:
            ahead = advance(k + 1 - place, self.states + 1 - len(stack))
            set_random_states(random)
            with no_grad():
                leaves = self._tensors(place, state, False)
                for block in self.blocks[place : place + ahead]:
                    for j in block:
                        leaves, _ = self.steps.taken(leaves, self._row(j, rows, False))
            state = [None if x is None else unwrap(x) for x in leaves]
            place, random = place + ahead, random and random_states()
            if place < k:
                stack.append((place, state, random))
        set_random_states(random)
        reached: list[Any] = state
        return reached

    # With all states in memory, for a derivative of the derivative

    def again(self, leaves: Leaves, rows: Leaves) -> tuple[list[Any], list[Any]]:
        """Run the loop again as a plain one; return the nodes that it started from, and its results."""
        steps = self.steps
        given = [+x if isinstance(x, Tensor) and x._node is not None else x for x in (*leaves, *rows)]
        state, rows = given[: len(leaves)], given[len(leaves) :]
        collected: list[list[Any]] = []
        with drawing_from(self.random[0]), evaluated_as_at(self._moment), enable_grad():
            for j in self.order:
                state, ys = steps.taken(state, [None if x is None else x[j] for x in rows])
                collected.append(ys)
            collected = collected[::-1] if steps.reverse else collected
            ys = [steps.stacked(parts) for parts in zip(*collected, strict=True)]
        return [_node(x) for x in given if x is not None], [x for x in (*state, *ys) if x is not None]

    def pulled_again(self, leaves: Leaves, rows: Leaves, g: Leaves) -> list[Any]:
        """Return the gradients as tensors."""
        nodes, results = self.again(leaves, rows)
        seeds = _seeds(zip(results, [None if x is None else as_tensor(x) for x in g], strict=True))
        targets = [*(node for node in nodes if node is not None), *self.known]
        order = leading_to(targets, ancestors(seeds, set(targets)))
        found = pull_back(seeds, order, targets, partial=True, lift=LIFT)
        return [None if node is None else found.get(node) for node in (*nodes, *self.known)]

    def pushed_again(self, leaves: Leaves, rows: Leaves, tangents: Leaves) -> list[Any]:
        """Return the tangents of the results as tensors."""
        nodes, results = self.again(leaves, rows)
        return self._pushed(
            [*nodes, *self.known], [None if t is None else as_tensor(t) for t in tangents], results, LIFT
        )

    # Forward mode, which needs no state again

    def pushed(self, leaves: Leaves, rows: Leaves, tangents: Leaves) -> list[Any]:
        """Return the tangents of the results."""
        given = iter(tangents)
        state, along, known = _filled(leaves, given), _filled(rows, given), list(given)
        collected: list[list[Any]] = []
        with drawing_from(self.random[0]), evaluated_as_at(self._moment):
            for k, block in enumerate(self.blocks):
                _, after, ys, nodes = self._recorded(k, leaves, rows)
                of_rows = [[None if t is None else t[self.order[j]] for t in along] for j in block]
                seeds = [*itertools.chain(*nodes), *self.known], [*state, *itertools.chain(*of_rows), *known]
                found = self._pushed(*seeds, [*after, *itertools.chain(*ys)], None)
                state, parts = found[: len(after)], found[len(after) :]
                collected += [parts[i * len(ys[0]) : (i + 1) * len(ys[0])] for i in range(len(ys))]
                leaves = [None if x is None else unwrap(x) for x in after]
        collected = collected[::-1] if self.steps.reverse else collected
        whole = [self.steps.stacked(parts) for parts in zip(*collected, strict=True)]
        return [x for x in (*state, *whole) if x is not None]

    def _pushed(self, nodes: list[Any], tangents: list[Any], results: list[Any], lift: Any) -> list[Any]:
        seeds = {node: t for node, t in zip(nodes, tangents, strict=True) if node is not None and t is not None}
        reached = [_node(x) for x in results]
        order = leading_to(seeds, ancestors([node for node in reached if node is not None], seeds))
        found = push_forward(seeds, order, lift)
        zeros = [None if x is None else np.zeros(x.shape, x.dtype if x.dtype.kind in "fc" else float) for x in results]
        return [found.get(node, zero) if zero is not None else None for node, zero in zip(reached, zeros, strict=True)]


class _Pulled:
    """The gradients of a loop, from the last step back to the first."""

    def __init__(self, loop: Revolved, rows: list[Any], state: list[Any], ys: list[Any]) -> None:
        self.loop, self.rows, self.state, self.ys = loop, rows, state, ys
        self.of_rows: list[list[Any]] = [[] for _ in rows]
        self.sums: dict[Node, Any] = {}

    def through(self, k: int, arrays: Leaves) -> None:
        """Carry the gradients back through a block from the state before it."""
        loop = self.loop
        begun, after, ys, nodes = loop._recorded(k, arrays, self.rows)
        if not _before(begun, (*after, *itertools.chain(*ys))).issubset(loop.known):
            raise GraphError(f"{loop.steps.defined} computes with something else than before: a tensor {_BETWEEN}")
        pairs = list(zip(after, self.state, strict=True))
        for j, y in zip(loop.blocks[k], ys, strict=True):
            of_y = [None if g is None else unwrap(g)[loop.order[j]] for g in self.ys]
            pairs += zip((part for part in y if part is not None), of_y, strict=True)
        seeds = _seeds(pairs)
        targets = [*(node for node in itertools.chain(*nodes) if node is not None), *loop.known]
        order = leading_to(targets, ancestors(seeds, set(targets)))
        found = pull_back(seeds, order, targets, partial=True)
        self.state = [found.get(node) for node in nodes[0]]
        for row in reversed(nodes[1:]):
            for parts, node in zip(self.of_rows, row, strict=True):
                if node is not None:
                    parts.append(found[node] if node in found else np.zeros(node.shape, node.dtype))
        for node in loop.known:
            if node in found:
                self.sums[node] = self.sums[node] + found[node] if node in self.sums else found[node]

    def gradients(self) -> list[Any]:
        """Return those of the first state, of the rows, and of the known nodes; None where there is none."""
        steps = self.loop.steps
        of_state = [g for g, x in zip(self.state, steps.leaves, strict=True) if x is not None]
        rows = [
            np.stack(parts if steps.reverse else parts[::-1]) if parts else None
            for parts, x in zip(self.of_rows, steps.rows, strict=True)
            if x is not None
        ]
        return [*of_state, *rows, *map(self.sums.get, self.loop.known)]


_BETWEEN = "that it closes over was written to between scan() and its derivative. Compute derivatives before that"


class _Revolve(Function):
    """A loop that has run: its results, and further ones, the states that were kept on the way."""

    _told_of_none = True

    @staticmethod
    def forward(ctx: Any, loop: Revolved, *given: Any) -> Any:
        count = sum(x is not None for x in (*loop.steps.leaves, *loop.steps.rows))
        ctx.loop = loop
        ctx.save_for_backward(*given[:count], *loop.results[loop.count :])
        results, loop.results = loop.results, ()
        return results

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        loop: Revolved = ctx.loop
        saved = iter(ctx.saved_tensors)
        leaves, rows = _filled(loop.steps.leaves, saved), _filled(loop.steps.rows, saved)
        g = g[: loop.count]
        if any(isinstance(x, Tensor) for x in (*leaves, *rows, *g)):
            return None, *loop.pulled_again(leaves, rows, list(g))
        return None, *loop.back(leaves, rows, list(saved), list(g))

    @staticmethod
    def jvp(ctx: Any, _: Any, *tangents: Any) -> Any:
        loop: Revolved = ctx.loop
        saved = iter(ctx.saved_tensors)
        leaves, rows = _filled(loop.steps.leaves, saved), _filled(loop.steps.rows, saved)
        lifted = any(isinstance(x, Tensor) for x in (*leaves, *rows, *tangents))
        found = (loop.pushed_again if lifted else loop.pushed)(leaves, rows, list(tangents))
        return *found, *(np.zeros(x.shape, x.dtype) for x in saved)  # nothing else sees the states


def _seeds(pairs: Any) -> dict[Node, Any]:
    """Return the gradients of nodes, from pairs of a result and its gradient, or None."""
    seeds: dict[Node, Any] = {}
    for x, g in pairs:
        if g is not None and (node := _node(x)) is not None:
            seeds[node] = seeds[node] + g if node in seeds else g
    return seeds


def _before(begun: int, results: Any) -> set[Node]:
    """Return the nodes from before a moment that results depend on."""
    nodes = [x._node for x in results if isinstance(x, Tensor) and x._node is not None]
    return {node for root in nodes for node in recorded_since(begun, root, None)[1]}


def _filled(like: list[Any], given: Any) -> list[Any]:
    """Return the next of what is given for each leaf that is not None."""
    return [None if x is None else next(given) for x in like]


def _cut(x: Any) -> Any:
    return Tensor(x._array) if isinstance(x, Tensor) else x


def _node(x: Any) -> Any:
    return x._node if isinstance(x, Tensor) else None


def _itself(x: Any) -> Any:
    return x
