"""Exercise 2: mistakes in the walk back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Value, player

from ..exercise import Exercise
from ..learner import Learner
from ..verdict import Failure, Mistake, Wrong, compare

NAME = "backward"
LINES = 20_000  # that the ladder may take; with one visit of each node it takes some hundreds
DEPTH = 5000


def square_of_product(a: Any, b: Any) -> Any:
    """Return (a b) (a b), where the product is used twice."""
    c = a * b
    return c * c


def short_and_long(a: Any, b: Any) -> Any:
    """Return c (c + a), where c = a b is reached in one step and in two."""
    c = a * b
    return c * (c + a)


def long_and_short(a: Any, b: Any) -> Any:
    """Return (c + a) c."""
    c = a * b
    return (c + a) * c


def on_one_level(a: Any, b: Any) -> Any:
    """Return (c + a) + c b, where c = a b is as far from the result on both ways."""
    c = a * b
    return (c + a) + c * b


def deeper(a: Any, b: Any) -> Any:
    """Return something in which no order by luck is the right one."""
    c = a * b
    d = c + a
    e = d * c
    return c * (d + (e * b + d))


AT = "at a = 2, b = 3; below are a.grad and b.grad"
EXPRESSIONS: dict[str, Callable[[Any, Any], Any]] = {
    f"a * b, {AT}": lambda a, b: a * b,
    f"a * b + a, {AT}": lambda a, b: a * b + a,
    f"c * c, where c = a * b, {AT}": square_of_product,
    f"(c + a) * c, where c = a * b, {AT}": long_and_short,
    f"(c + a) + c * b, where c = a * b, {AT}": on_one_level,
    f"c * (c + a), where c = a * b, {AT}": short_and_long,
    f"c * (d + (e * b + d)), where c = a * b, d = c + a, e = d * c, {AT}": deeper,
}


def order_of(result: Any) -> list[Any]:
    """Return the nodes, each after those that use it."""
    order: list[Any] = []
    seen: set[int] = set()

    def visit(node: Any) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for other in node.inputs:
                visit(other)
            order.append(node)

    visit(result)
    return order[::-1]


def walk(order: Callable[[Any], list[Any]], *, seed: float = 1.0, hand_on: Any = None) -> Callable[[Any], None]:
    """Return a walk over an order, with a mistake or without one."""

    def backward(result: Any) -> None:
        result.grad = seed
        for node in order(result):
            for other, slope in zip(node.inputs, node.slopes, strict=True):
                other.grad = hand_on(other.grad, slope, node.grad) if hand_on else other.grad + slope * node.grad

    return backward


def by_levels(result: Any) -> list[Any]:
    """Return the nodes in the order of their distance from the result, each once."""
    found = [result]
    for node in found:
        found += [other for other in dict.fromkeys(node.inputs) if other not in found]
    return found


def depth_first(result: Any) -> list[Any]:
    """Return the nodes in the order in which a descent first meets them."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if node not in found:
            found.append(node)
            for other in node.inputs:
                visit(other)

    visit(result)
    return found


def each_time(result: Any) -> None:
    """Hand on, at each visit, all that a node has so far."""

    def visit(node: Any) -> None:
        for other, slope in zip(node.inputs, node.slopes, strict=True):
            other.grad += slope * node.grad
            visit(other)

    result.grad = 1.0
    visit(result)


def meet_again(result: Any) -> list[Any]:
    """Return the nodes by levels, as often as they are met."""
    found = [result]
    for node in found:
        found += node.inputs
    return found


ORDER = "Draw the graph of the example and write at each node when it hands on. Had it all its shares by then?"
AGAIN = (
    "A node that is used twice was visited twice, and at the second visit handed on its first share once more",
    "How often may a node hand on its gradient? What does it have to wait for?",
)
MISTAKES = [
    Mistake(
        "A second share of the gradient takes the place of the first, instead of being added to it",
        "a is used more than once here. The sum in the text is over all nodes that use it: where does yours add?",
        walk(order_of, hand_on=lambda old, slope, g: slope * g),
    ),
    Mistake(
        "All gradients are 0 at the leaves: the walk begins with 0",
        "Every gradient is a product that begins with the result's own. What is the derivative of a number by itself?",
        walk(order_of, seed=0.0),
    ),
    Mistake(
        "The slopes are added up, but not multiplied with the gradient of the node that they belong to",
        "In one step from the result this makes no difference, because its gradient is 1. Which factor is missing?",
        walk(order_of, hand_on=lambda old, slope, g: old + slope),
    ),
    Mistake(
        "The walk goes from the leaves to the result: nodes hand on before they have received anything",
        "In which order were the nodes made, and in which order do gradients flow?",
        walk(lambda result: order_of(result)[::-1]),
    ),
    Mistake(*AGAIN, each_time),
    Mistake(*AGAIN, walk(meet_again)),
    Mistake(
        "The nodes are visited by their distance from the result. A node that is reached in one step and in two hands "
        "on too early, before the second share is there",
        ORDER,
        walk(by_levels),
    ),
    Mistake(
        "A node hands on when it is first met, before all that use it have had their turn",
        ORDER,
        walk(depth_first),
    ),
]


def gradients(node: Any, backward: Callable[[Any], object], text: str) -> Any:
    """Return what a walk leaves in the two leaves of an expression."""
    a, b = node(2.0), node(3.0)
    backward(EXPRESSIONS[text](a, b))
    return np.array([a.grad, b.grad], float)


def check(learner: Learner) -> None:
    """Compare the gradients of small graphs; then a graph with many paths, and a deep one."""
    node = learner.get("Node")
    compare(
        learner,
        NAME,
        ("y",),
        [(text,) for text in EXPRESSIONS],
        lambda text: gradients(node, walk(order_of), text),
        [Mistake(each.what, each.think, partial(gradients, node, each.model)) for each in MISTAKES],
        attempt=lambda text: learner.outcome(NAME, lambda backward: gradients(node, backward, text)),
    )
    check_many_paths(learner, node)
    check_deep(learner, node)


def check_many_paths(learner: Learner, node: Any) -> None:
    """See that each node is visited once, not along every path to it."""
    x = ladder = node(1.0)
    for _ in range(20):
        ladder = ladder + ladder
    text = "x doubled 20 times by y = y + y: 21 nodes, a million paths"
    try:
        failed = learner.outcome(NAME, lambda backward: backward(ladder), lines=LINES)
    except Wrong as verdict:
        if f"{LINES:,} lines" not in verdict.what:
            raise
        raise Wrong(
            "The gradients are right, but the walk goes along every path, not once through every node",
            where=verdict.where,
            example=[("y", text), ("stopped", f"after {LINES:,} lines")],
            think="How often does a node have to hand on, if it waits until its gradient is complete?",
        ) from None
    judge(learner, failed, x.grad, 2.0**20, text)


def check_deep(learner: Learner, node: Any) -> None:
    """See that a graph may be deeper than calls within each other."""
    y = x = node(1.0)
    for _ in range(DEPTH):
        y = y + x
    text = f"x + x + ... + x, with {DEPTH} signs"
    failed = learner.outcome(NAME, lambda backward: backward(y))
    if isinstance(failed, Failure) and isinstance(failed.error, RecursionError):
        raise Wrong(
            "The gradients are right, but a deep graph is too much: the function calls itself for each node below",
            where=learner.explained(failed).where,
            example=[("y", text), ("yours raises", "RecursionError")],
            think="Python stops at about a thousand calls within each other. A list can remember what is still to be "
            "visited. Or count for each node how many of those that use it have not handed on yet.",
        )
    judge(learner, failed, x.grad, DEPTH + 1.0, text)


def judge(learner: Learner, failed: Any, got: Any, expected: float, text: str) -> None:
    """Raise what is wrong in a large graph, if something is."""
    if isinstance(failed, Failure):
        raise learner.explained(failed)
    if got != expected:
        example = [("y", text), ("x.grad, yours", str(got)), ("right", f"{expected:g}")]
        raise Wrong(
            "Small graphs are right, a large one is not", where=learner.where(NAME), example=example, think=ORDER
        )


def draw(learner: Learner, path: Path) -> None:
    """Play a graph of the exercise, with what the learner's walk found at the leaves in their names."""
    a, b = learner.get("Node")(2.0), learner.get("Node")(3.0)
    learner.run(NAME, lambda backward: backward(short_and_long(a, b)))
    leaves = Value(2.0), Value(3.0)
    result = short_and_long(*leaves)
    names = {
        f"{name}: your walk says {node.grad:g}": leaf for name, node, leaf in zip("ab", (a, b), leaves, strict=True)
    }
    player(result, path, params=names)


EXERCISE = Exercise(
    "ex02_walk",
    "The walk: from the result back to the leaves",
    check,
    draw,
    (
        "Do it in two steps: first put the nodes into an order, then go through it and hand on.",
        "A descent that notes a node after all of its inputs puts every node after its inputs. Which way do you need "
        "it?",
        "A descent without recursion: a list of nodes to look at. Look at the last: if an input of it was not yet "
        "seen, "
        "put that on top; if there is none, take the node off and note it. Or: count how many users each node has, "
        "and let a node hand on when the count of those that have handed on to it is full.",
    ),
)
