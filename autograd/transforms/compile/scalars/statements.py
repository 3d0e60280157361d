"""Printing: the steps of a run as two functions of straight-line Python, one for the results and one for the gradients.

The gradient is computed in the order in which `Value.backward` does it, and skipped where it does, at gradients of 0;
so both give the same bits.
"""

from __future__ import annotations

from collections import Counter
from types import FunctionType
from typing import Any

from autograd.inside import SourceLine, forward_of, source_of

from ..quoting import is_literal, line_comment
from .expressions import Names, Text, as_text, called, forward_text, never_raises, slope_text
from .recorder import Step

_INDENT = "    "
_LONG = 100  # characters: longer expressions get a name


class Statements:
    """The text of a program.

    Parameters
    ----------
    steps
        The steps of the run, in its order.
    outputs
        The steps of the results.
    names
        The objects that the text refers to.
    """

    def __init__(self, steps: list[Step], outputs: list[Step], names: Names) -> None:
        self.names = names
        self.outputs = outputs
        self.steps = _needed(steps, outputs)
        self.inputs = [step for step in steps if step.kind in ("input", "number")]
        self.reads = [step for step in self.steps if step.kind == "read"]
        self._text: dict[Step, Text] = {}
        for prefix, group in (("x", self.inputs), ("w", self.reads)):
            self._text.update({step: Text(f"{prefix}{i}") for i, step in enumerate(group)})
        self._number = {step: f"v{i}" for i, step in enumerate(step for step in self.steps if step.args)}
        # what is not computed in one place alone has a name
        self._uses = Counter(_root(arg) for step in self.steps for arg in step.args * _writings(step))
        self._uses.update(map(_root, outputs))
        self._parts: dict[Step, Text] = {}  # expressions that are written where they are used
        self._roots = [step.args[0] for step in self.steps if step.kind == "backward"]
        self._ends = {*map(_root, outputs), *self._roots}
        self.saved: dict[str, None] = {}  # the names that the backward function needs, in the order of use
        live = [step for step in outputs if step.live and step.kind == "value"]
        roots = {step: f"g{i}" for i, step in enumerate(live)}
        self._backward = {carefully: self._gradients(roots, carefully)[0] for carefully in (False, True)}
        self.found: dict[Step, str] = {}  # the gradients that the program itself computes, by name
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
        for step in self.steps:
            if not step.args:
                continue
            printed = self._statement(step)
            if printed and comment != (comment := _comment(step.line)):
                lines.append(comment)
            lines += printed
        return lines

    def _statement(self, step: Step) -> list[str]:
        if step.kind == "backward":
            lines, gradients = self._within[step.args[0]]
            self.found |= gradients
            return ["one = 1.0", *lines]
        if step.kind in ("grad", "data"):
            target, number = step.args
            prefix = "g_" if step.kind == "grad" else "d_"
            return [f"{prefix}{self._text[target]} = {self._operand(number)}"]
        text = Text(self._gradient_of(step.args[0], self.found)) if step.kind == "gradient" else self._expression(step)
        if step.kind == "guard":
            return [f"if {text.within(0)}: return miss" if not step.value else f"if not ({text}): return miss"]
        name = self._number[step]
        short = len(text.text) < _LONG and step not in self._ends and self._uses[step] == 1
        is_operator = getattr(_function(step), "__module__", "") == "_operator"
        if short and name not in self.saved and is_operator and text.rank:
            self._parts[step] = text
            return []
        self._text[step] = Text(name)
        return [f"{name} = {text}"]

    def _gradient_of(self, step: Step, among: dict[Step, str]) -> str:
        """Return the name of the gradient of a value, which is among these or is there before."""
        return f"g_{self._text[step]}" if step.kind in ("read", "input") else among.get(step, "0.0")

    def assigned(self, kind: str) -> list[str]:
        """Return the names of the inputs and reads whose ``"data"`` or ``"grad"`` the program changes."""
        found = {step.args[0]: None for step in self.steps if step.kind == kind}
        if kind == "grad":
            reached = "\n".join(line for lines, _ in self._within.values() for line in lines)
            words = set(_words(reached))
            found |= {step: None for step in (*self.inputs, *self.reads) if f"g_{self._text[step]}" in words}
        return [str(self._text[step]) for step in found]

    @property
    def asked(self) -> list[str]:
        """The names of the inputs and reads whose gradients the program needs at its beginning."""
        asked = [step.args[0] for step in self.steps if step.kind == "gradient"]
        return sorted({*self.assigned("grad"), *[str(self._text[x]) for x in asked if x.kind in ("read", "input")]})

    def _expression(self, step: Step) -> Text:
        args = tuple(self._operand(arg) for arg in step.args)
        if step.kind == "value":
            return forward_text(step.function, args, self.names)
        return called(step.function, args, self.names)

    def _operand(self, step: Step) -> Text:
        """Return the expression of a step: its name, its number, or what it is computed by."""
        step = _root(step)
        if step.kind == "constant":
            return self._constant(step.value)
        found = self._parts.pop(step, None)
        return self._text[step] if found is None else found

    def _constant(self, value: Any) -> Text:
        if type(value) is float or (type(value) in (int, bool) and is_literal(value)):
            return as_text(value)
        return Text(self.names.name(value, "constant"))

    def result(self, step: Step) -> str:
        """Return the expression of a result."""
        return self._operand(step).text

    # Gradients

    def _gradients(self, roots: dict[Step, str], carefully: bool) -> tuple[list[str], dict[Step, str]]:
        """Return the lines that add the contributions of `roots` to all gradients, and the names of the gradients."""
        self._gradient = dict(roots)
        contributions = Counter(arg for step in self._live() for arg in step.args if arg.live)
        contributions.update(list(self._gradient))
        # what the program can see is 0.0 before anything is added to it, which makes 0.0 of -0.0
        shown = {*self.outputs, *[step.args[0] for step in self.steps if step.kind == "gradient"]}
        blocks: list[tuple[str, str]] = []
        zeros: list[str] = []
        for step in reversed(self._live()):
            g = self._gradient.get(step)
            if g is None:
                continue
            for index, arg in enumerate(step.args):
                if not arg.live:
                    continue
                text = self._slope(step, index, carefully)
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
                blocks.append((g, f"{self._gradient_of(arg, self._gradient)} += {gx}"))
        return [*([" = ".join([*zeros, "0.0"])] if zeros else []), *_conditional(blocks)], self._gradient

    def _live(self) -> list[Step]:
        return [step for step in self.steps if step.live and step.kind == "value"]

    def _slope(self, step: Step, index: int, carefully: bool) -> Text | float:
        args = tuple(self._kept(arg) for arg in step.args)
        text = slope_text(step.function, index, args, Text(self._number[step]), self.names, carefully=carefully)
        for word in _words(str(text)):
            if word[0] in "xvw" and word[1:].isdigit():
                self.saved[word] = None
        return text

    def _kept(self, step: Step) -> Any:
        step = _root(step)
        if step.kind == "constant" and type(step.value) is float:
            return step.value
        if step.kind == "constant":
            return self._constant(step.value)
        return self._text.get(step) or Text(self._number[step])


def _needed(steps: list[Step], outputs: list[Step]) -> list[Step]:
    """Return the steps without those whose results nothing needs and that cannot fail."""
    needed = {*outputs, *map(_root, outputs)}
    kept = []
    for step in reversed(steps):
        fails = step.kind in ("value", "float") and not never_raises(_function(step))
        if step in needed or step.kind in ("guard", "backward", "grad", "data") or fails:
            kept.append(step)
            waiting = list(step.args)
            while waiting:
                arg = waiting.pop()
                needed.add(arg)
                waiting += arg.args if arg.kind == "alias" else ()
    return kept[::-1]


def _root(step: Step) -> Step:
    """Return the step whose number a step has."""
    while step.kind == "alias":
        (step,) = step.args
    return step


def _comment(line: SourceLine | None) -> str:
    """Return a line of the user's program as a comment."""
    return "" if line is None else line_comment(*source_of(line))


def _function(step: Step) -> Any:
    return forward_of(step.function) if step.kind == "value" else step.function


def _writings(step: Step) -> int:
    """Return how often a step may write what it is computed from: a function that is written out, more than once.

    A gradient does not write the value at all, which has to be computed nevertheless: it may raise an error.
    """
    written_out = step.function is not None and isinstance(_function(step), FunctionType)
    return 2 if written_out or step.kind in ("gradient", "backward") else 1


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
