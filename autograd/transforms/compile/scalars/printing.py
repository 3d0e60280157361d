"""Printing: the items of a run as two functions of straight-line Python, one for the results and one for the gradients.

The gradient is computed in the order in which `Value.backward` does it, and skipped where it does, at gradients of 0;
so both give the same bits.
"""

from __future__ import annotations

from collections import Counter
from types import FunctionType
from typing import Any

from ....scalar.functions import forward_of
from ....source.source_info import SourceLine, source_of
from ..quoting import is_literal, line_comment
from .expressions import Names, Text, as_text, called, forward_text, never_raises, slope_text
from .recording import Item

_INDENT = "    "
_LONG = 100  # characters: longer expressions get a name


class Printer:
    """The text of a program.

    Parameters
    ----------
    items
        The items of the run, in its order.
    outputs
        The items of the results.
    names
        The objects that the text refers to.
    """

    def __init__(self, items: list[Item], outputs: list[Item], names: Names) -> None:
        self.names = names
        self.outputs = outputs
        self.items = _needed(items, outputs)
        self.inputs = [item for item in items if item.kind in ("input", "number")]
        self.reads = [item for item in self.items if item.kind == "read"]
        self._text: dict[Item, Text] = {}
        for prefix, group in (("x", self.inputs), ("w", self.reads)):
            self._text.update({item: Text(f"{prefix}{i}") for i, item in enumerate(group)})
        self._number = {item: f"v{i}" for i, item in enumerate(item for item in self.items if item.args)}
        # what is not computed in one place alone has a name
        self._uses = Counter(_root(arg) for item in self.items for arg in item.args * _writings(item))
        self._uses.update(map(_root, outputs))
        self._parts: dict[Item, Text] = {}  # expressions that are written where they are used
        self._roots = [item.args[0] for item in self.items if item.kind == "backward"]
        self._ends = {*map(_root, outputs), *self._roots}
        self.saved: dict[str, None] = {}  # the names that the backward function needs, in the order of use
        live = [item for item in outputs if item.live and item.kind == "value"]
        roots = {item: f"g{i}" for i, item in enumerate(live)}
        self._backward = {carefully: self._gradients(roots, carefully)[0] for carefully in (False, True)}
        self.found: dict[Item, str] = {}  # the gradients that the program itself computes, by name
        self._within = {root: self._gradients({root: "one"}, carefully=True) for root in self._roots}
        self.forward = self._results()

    def backward(self, *, carefully: bool) -> list[str]:
        """Return the lines of the gradients of one call."""
        return self._backward[carefully]

    # Results

    def _results(self) -> list[str]:
        """Return the lines that compute all results."""
        lines: list[str] = []
        comment = ""
        for item in self.items:
            if not item.args:
                continue
            printed = self._statement(item)
            if printed and comment != (comment := _comment(item.line)):
                lines.append(comment)
            lines += printed
        return lines

    def _statement(self, item: Item) -> list[str]:
        if item.kind == "backward":
            lines, gradients = self._within[item.args[0]]
            self.found |= gradients
            return ["one = 1.0", *lines]
        if item.kind in ("grad", "data"):
            target, number = item.args
            prefix = "g_" if item.kind == "grad" else "d_"
            return [f"{prefix}{self._text[target]} = {self._operand(number)}"]
        text = Text(self._gradient_now(item.args[0])) if item.kind == "gradient" else self._expression(item)
        if item.kind == "guard":
            return [f"if {text.within(0)}: return miss" if not item.value else f"if not ({text}): return miss"]
        name = self._number[item]
        short = len(text.text) < _LONG and item not in self._ends
        if short and self._uses[item] == 1 and name not in self.saved and _is_operator(item) and text.rank:
            self._parts[item] = text
            return []
        self._text[item] = Text(name)
        return [f"{name} = {text}"]

    def _gradient_now(self, item: Item) -> str:
        """Return the name of the gradient that a value has at this point of the program."""
        return f"g_{self._text[item]}" if item.kind in ("read", "input") else self.found.get(item, "0.0")

    def assigned(self, kind: str) -> list[str]:
        """Return the names of the inputs and reads whose ``"data"`` or ``"grad"`` the program changes."""
        found = {item.args[0]: None for item in self.items if item.kind == kind}
        if kind == "grad":
            reached = "\n".join(line for lines, _ in self._within.values() for line in lines)
            words = set(_words(reached))
            found |= {item: None for item in (*self.inputs, *self.reads) if f"g_{self._text[item]}" in words}
        return [str(self._text[item]) for item in found]

    @property
    def asked(self) -> list[str]:
        """The names of the inputs and reads whose gradients the program needs at its beginning."""
        asked = [item.args[0] for item in self.items if item.kind == "gradient"]
        return sorted({*self.assigned("grad"), *[str(self._text[x]) for x in asked if x.kind in ("read", "input")]})

    def _expression(self, item: Item) -> Text:
        args = tuple(self._operand(arg) for arg in item.args)
        if item.kind == "value":
            return forward_text(item.function, args, self.names)
        return called(item.function, args, self.names)

    def _operand(self, item: Item) -> Text:
        """Return the expression of an item: its name, its number, or what it is computed by."""
        item = _root(item)
        if item.kind == "constant":
            return self._constant(item.value)
        found = self._parts.pop(item, None)
        return self._text[item] if found is None else found

    def _constant(self, value: Any) -> Text:
        if type(value) is float or (type(value) in (int, bool) and is_literal(value)):
            return as_text(value)
        return Text(self.names.name(value, "constant"))

    def result(self, item: Item) -> str:
        """Return the expression of a result."""
        return self._operand(item).text

    # Gradients

    def _gradients(self, roots: dict[Item, str], carefully: bool) -> tuple[list[str], dict[Item, str]]:
        """Return the lines that add the contributions of `roots` to all gradients, and the names of the gradients."""
        self._gradient = dict(roots)
        contributions = Counter(arg for item in self._live() for arg in item.args if arg.live)
        contributions.update(list(self._gradient))
        # what the program can see is 0.0 before anything is added to it, which makes 0.0 of -0.0
        shown = {*self.outputs, *[item.args[0] for item in self.items if item.kind == "gradient"]}
        blocks: list[tuple[str, str]] = []
        zeros: list[str] = []
        for item in reversed(self._live()):
            g = self._gradient.get(item)
            if g is None:
                continue
            for index, arg in enumerate(item.args):
                if not arg.live:
                    continue
                text = self._slope(item, index, carefully)
                one = text == 1.0 if isinstance(text, float) else False
                gx = g if one else f"{g} * {as_text(text).within(3)}"
                if arg.kind == "value" and arg not in self._gradient:
                    alone = contributions[arg] == 1 and arg not in shown
                    if one and alone:
                        self._gradient[arg] = g
                        continue
                    self._gradient[arg] = f"g_{self._number[arg]}"
                    zeros.append(self._gradient[arg])
                    if alone:
                        blocks.append((g, f"{self._gradient[arg]} = {gx}"))
                        continue
                blocks.append((g, f"{self._place(arg)} += {gx}"))
        return [*([" = ".join([*zeros, "0.0"])] if zeros else []), *_conditional(blocks)], self._gradient

    def _live(self) -> list[Item]:
        return [item for item in self.items if item.live and item.kind == "value"]

    def _slope(self, item: Item, index: int, carefully: bool) -> Text | float:
        args = tuple(self._kept(arg) for arg in item.args)
        text = slope_text(item.function, index, args, Text(self._number[item]), self.names, carefully=carefully)
        for word in _words(str(text)):
            if word[0] in "xvw" and word[1:].isdigit():
                self.saved[word] = None
        return text

    def _kept(self, item: Item) -> Any:
        item = _root(item)
        if item.kind == "constant" and type(item.value) is float:
            return item.value
        if item.kind == "constant":
            return self._constant(item.value)
        return self._text.get(item) or Text(self._number[item])

    def _place(self, item: Item) -> str:
        """Return the name of the gradient that contributions are added to."""
        return f"g_{self._text[item]}" if item.kind in ("read", "input") else self._gradient[item]


def _needed(items: list[Item], outputs: list[Item]) -> list[Item]:
    """Return the items without those whose results nothing needs and that cannot fail."""
    needed = {*outputs, *map(_root, outputs)}
    kept = []
    for item in reversed(items):
        fails = item.kind in ("value", "float") and not never_raises(_function(item))
        if item in needed or item.kind in ("guard", "backward", "grad", "data") or fails:
            kept.append(item)
            waiting = list(item.args)
            while waiting:
                arg = waiting.pop()
                needed.add(arg)
                waiting += arg.args if arg.kind == "alias" else ()
    return kept[::-1]


def _root(item: Item) -> Item:
    """Return the item whose number an item has."""
    while item.kind == "alias":
        (item,) = item.args
    return item


def _comment(line: SourceLine | None) -> str:
    """Return a line of the user's program as a comment."""
    if line is None:
        return ""
    return line_comment(*source_of(line))


def _function(item: Item) -> Any:
    return forward_of(item.function) if item.kind == "value" else item.function


def _writings(item: Item) -> int:
    """Return how often an item may write what it is computed from: a function that is written out, more than once.

    A gradient does not write the value at all, which has to be computed nevertheless: it may raise an error.
    """
    written_out = item.function is not None and isinstance(_function(item), FunctionType)
    return 2 if written_out or item.kind in ("gradient", "backward") else 1


def _is_operator(item: Item) -> bool:
    return getattr(_function(item), "__module__", "") == "_operator"


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def _conditional(blocks: list[tuple[str, str]]) -> list[str]:
    """Return the lines of statements, each under the condition that a gradient is not 0."""
    lines: list[str] = []
    last = ""
    for condition, statement in blocks:
        if condition != last:
            lines.append(f"if {condition}:")
            last = condition
        lines.append(_INDENT + statement)
    return lines
