"""Exercise 2: the walk.

A result was computed from inputs, those from others, and so on down to the leaves: a graph, in
which each node knows its inputs and its slope, the derivative of its value by each input. What
changes a leaf by a little changes the result along every path between the two. So the derivative of
the result by a node v is a sum over those who use v:

    grad(v) = sum over all nodes u that have v as an input of  grad(u) * (derivative of u by v)

It begins with grad(result) = 1. The formula says when a node may hand on what it has: its own
gradient is a sum that has to be complete first. An order in which every node comes before its
inputs is called topological, and there is one, since nothing was computed from what came later.
Finding it and going through it is the whole of backpropagation.

Given:     the class Node below. A node may be used many times, also twice by the same node, as in
           x * x. Graphs may be thousands of nodes deep, and there may be more paths through them
           than atoms in the universe.
Asked for: backward(result), which sets grad of the result and of every node that it was computed
           from. All are 0 before.
The real:  autograd/graph/backward.py walks, over an order that autograd/graph/node.py finds.
"""

from __future__ import annotations


class Node:
    """A number in a graph: its value, the nodes that it was computed from, and its derivative by each of these."""

    def __init__(self, data: float, inputs: tuple[Node, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.inputs, self.slopes = data, inputs, slopes
        self.grad = 0.0

    def __add__(self, other: Node) -> Node:
        return Node(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Node) -> Node:
        return Node(self.data * other.data, (self, other), (other.data, self.data))


def backward(result: Node) -> None:
    """Set the grad of `result` to 1, and that of each node it was computed from to the derivative by that node."""
    raise NotImplementedError("your turn")
