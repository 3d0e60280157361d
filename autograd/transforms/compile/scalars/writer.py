"""Writer: the text of a program's functions, and the objects that it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd import Value
from autograd.inside import LEAF, ON, counter, recording, value_recorder

from ..quoting import is_literal, literal
from .arguments import PLAIN, Arguments
from .recorder import RecordedFloat, Step, ValueRecorder
from .statements import Statements

miss: Any = type("miss", (), {"__repr__": lambda self: "miss"})()  # the result of a program that does not serve a call

_new = object.__new__


class Writer:
    """Writes the functions of a program; it holds the steps of the run, which the program itself does not need."""

    def __init__(self, arguments: Arguments, recorder: ValueRecorder, result: Any, mode: int) -> None:
        self._arguments, self._mode = arguments, mode
        self._outputs: dict[Step, bool] = {}  # and whether each is a value
        self._result = self._structure(recorder, result)
        self._statements = Statements(recorder.steps, list(self._outputs), arguments.names)
        self.reads = [step.value for step in self._statements.reads]
        self._goes_back = any(step.kind == "backward" for step in recorder.steps)
        leaves = [step for step in (*self._statements.inputs, *self._statements.reads) if step.kind != "number"]
        if self._goes_back and any(step.value.op is not LEAF for step in leaves):
            recorder.refuse(
                "backward() cannot be compiled in a function that reads values which were computed before it",
                "compute them in the function, or call backward() outside of it",
            )
        self.live = [step for step in self._outputs if step.live and step.kind == "value"]
        self.batched = self._statements.backward[0] == self._statements.backward[1]

    def lines(self, *, carefully: bool) -> list[str]:
        """Return the text of both functions, or of the careful form of the second where that differs."""
        if carefully:
            return [] if self.batched else self._backward(carefully=True)
        return [*self._forward(), "", *self._backward(carefully=False)]

    @property
    def scope(self) -> dict[str, Any]:
        """The objects that the text refers to, but for those of the program itself."""
        return {
            **self._arguments.names,
            **{f"p{i}": value for i, value in enumerate(self.reads)},
            "Value": Value, "new": _new, "miss": miss, "counter": counter, "link": _link, "LEAF": LEAF,
            "recording": recording, "recorder": value_recorder.get, "held": frozenset(self.reads),
            "made": [p for p in self.reads if p.op is not LEAF],
        }  # fmt: skip

    # The structure of the result

    def _structure(self, recorder: ValueRecorder, result: Any) -> Any:
        """Return the result with steps in the place of numbers and values."""
        if isinstance(result, Value):
            step = recorder.step_of(result)
            if not step.live and any(step in each.args for each in recorder.steps if each.live):
                recorder.refuse(
                    "the function returned a value that is a constant, to which gradients of other results flow",
                    "compute it outside of no_grad, or return its data",
                )
            self._outputs[step] = True
            return step
        if type(result) is RecordedFloat:
            step = Step("alias", None, None, (result.step,))  # another result than the value whose number it is
            self._outputs[step] = False
            return step
        if type(result) in (list, tuple):
            return type(result)([self._structure(recorder, part) for part in result])
        if type(result) is dict:
            return {key: self._structure(recorder, part) for key, part in result.items()}
        if not isinstance(result, (*PLAIN, float, np.floating)):
            kind = type(result).__name__
            recorder.refuse(f"the function returned an object of type {kind}", "return values, or containers of them")
        return result

    def _returned(self, structure: Any) -> str:
        if isinstance(structure, Step):
            return self._texts_of_results[structure]
        if isinstance(structure, list | tuple):
            parts = [self._returned(part) for part in structure]
            if isinstance(structure, list):
                return f"[{', '.join(parts)}]"
            return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
        if isinstance(structure, dict):
            return "{" + ", ".join(f"{self._key(key)}: {self._returned(part)}" for key, part in structure.items()) + "}"
        return self._statements.names.name(structure, "constant")

    def _key(self, key: Any) -> str:
        return literal(key) if is_literal(key) else self._statements.names.name(key, "key")

    # The text

    def _forward(self) -> list[str]:
        """Return the lines of the function that checks a call and computes its results."""
        # with ON, the mode tells that another function is being recorded
        recorded = "" if self._mode == ON else " or recorder() is not None"
        body = [*self._arguments.lines, f"if recording() != {self._mode}{recorded}: return miss"]
        values = self._arguments.values
        if len(values) > 1:
            body.append(f"if len({{{', '.join(values)}}}) != {len(values)}: return miss")
        if values and self.reads:
            body.append(f"if not held.isdisjoint(({', '.join(values)},)): return miss")
        if self._goes_back:
            body += [f"if {name}.op is not LEAF: return miss" for name in values]
        body.append("if not environment.unchanged(): return miss")
        body += [f"x{name[1:]} = {name}.data" for name in values]
        if self.reads:
            names = ", ".join(f"w{i}" for i in range(len(self.reads)))
            body.append(f"{names}, = data = [{', '.join(f'p{i}.data' for i in range(len(self.reads)))}]")
        body += [f"g_{name} = {self._object(name)}.grad" for name in self._statements.asked]
        compute = [*self._statements.forward]
        body += ["try:", *_indented(compute or ["pass"]), "except (ArithmeticError, ValueError):", "    return miss"]
        body += self._results()
        for kind, prefix in (("grad", "g_"), ("data", "d_")):
            body += [f"{self._object(name)}.{kind} = {prefix}{name}" for name in self._statements.assigned(kind)]
        body.append(f"return {self._returned(self._result)}")
        return [f"def forward(args, kwargs, {self._bound()}):", *_indented(body)]

    def _object(self, name: str) -> str:
        """Return the name of the value whose number has a name."""
        return f"{'i' if name[0] == 'x' else 'p'}{name[1:]}"

    def _bound(self) -> str:
        """Return parameters that bind the values that were read: Python reads its locals fastest."""
        return ", ".join(["new=new", "Value=Value", *[f"p{i}=p{i}" for i in range(len(self.reads))]])

    def _results(self) -> Iterator[str]:
        """Yield the lines that make the values of the result, and note in `_texts_of_results` where each is found."""
        self._texts_of_results: dict[Step, str] = {}
        several = len(self.live) > 1
        if self.live:
            node = "node" if several else "o0"
            yield f"{node} = new(Value)"
            values = self._arguments.values
            if not values and not any(p.op is not LEAF for p in self.reads):
                yield f"{node}.x = {node}.y = None"
            else:
                yield f"link({node}, ({''.join(f'{name}, ' for name in values)}*made))"
            yield f"{node}.dy = {node}.grad = 0.0"
            yield f"{node}.op = call"
            yield f"{node}.number = next(counter)"
            if not several:
                yield f"o0.data = {self._statements.result(self.live[0])}"
                self._texts_of_results[self.live[0]] = "o0"
        if several:
            for i, step in enumerate(self.live):
                yield f"o{i} = new(Value)"
                yield f"o{i}.data = {self._statements.result(step)}"
                yield f"o{i}.x = node"
                yield f"o{i}.y = None"
                yield f"o{i}.dx = 1.0"
                yield f"o{i}.dy = o{i}.grad = 0.0"
                yield f"o{i}.op = outputs[{i}]"
                yield f"o{i}.number = next(counter)"
                self._texts_of_results[step] = f"o{i}"
        if self.live:
            yield f"{node}.dx = ({''.join(f'{name}, ' for name in self._kept())})"
        for i, step in enumerate(self.live):
            if step in self._statements.found:
                yield f"o{i}.grad = {self._statements.found[step]}"
        for step, of_value in self._outputs.items():
            if step not in self._texts_of_results:
                yield from self._plain_result(step, of_value)

    def _plain_result(self, step: Step, of_value: bool) -> Iterator[str]:
        """Yield the line of a result that no gradient flows through: a number, or a value that was there or is made."""
        if of_value and step.kind == "input":
            self._texts_of_results[step] = f"i{self._statements.result(step)[1:]}"
        elif of_value and step.kind == "read":
            self._texts_of_results[step] = f"p{self._statements.result(step)[1:]}"
        else:
            name = f"r{len(self._texts_of_results)}"
            text = self._statements.result(step)
            yield f"{name} = Value({text})" if of_value else f"{name} = {text}"
            self._texts_of_results[step] = name

    def _inner(self) -> list[int]:
        """Return the positions of results that other results are computed from."""
        used = {arg for step in self._statements.steps if step.live for arg in step.args}
        return [i for i, step in enumerate(self.live) if step in used and len(self.live) > 1]

    def _kept(self) -> list[str]:
        """Return the names of all that the node of a call keeps for its gradient."""
        saved = [name for name in self._statements.saved if name[0] != "w"]
        data = ["data"] if any(name[0] == "w" for name in self._statements.saved) else []
        return [*self._arguments.values, *saved, *[f"o{i}" for i in self._inner()], *data]

    def _backward(self, *, carefully: bool) -> list[str]:
        """Return the lines of the function that adds the gradients of calls to those of what they read."""
        lines = self._statements.backward[carefully]
        text = "\n".join(lines)
        reads = [i for i in range(len(self.reads)) if f"g_w{i} +=" in text]
        inputs = [name[1:] for name in self._arguments.values if f"g_x{name[1:]} +=" in text]
        several = len(self.live) > 1
        gs = ", ".join(f"g{i}" for i in range(len(self.live)))
        kept = self._kept()
        loop = [f"{gs} = call.grad" if not several else "if not call.grad: continue"]
        loop.append(f"{gs} = call.grad" if several else "if not g0: continue")
        if kept:
            loop.append(f"{', '.join(kept)}, = call.dx")
        if "data" in kept:
            loop.append(f"{', '.join(f'w{i}' for i in range(len(self.reads)))}, = data")
        loop += [f"g_x{i} = i{i}.grad" for i in inputs]
        loop += lines
        loop += [f"i{i}.grad = g_x{i}" for i in inputs]
        loop += [f"o{i}.grad = g{i}" for i in self._inner()]
        body = [f"g_w{i} = p{i}.grad" for i in reads]
        body += ["for call in calls:", *_indented(loop)]
        body += [f"p{i}.grad = g_w{i}" for i in reads]
        name = "backward_carefully" if carefully else "backward"
        if not self.live:
            return []
        return [f"def {name}(calls, {self._bound()}):", *_indented(body)]


def _link(node: Value, values: tuple[Value, ...]) -> None:
    """Have `node` lead to those of `values` that operations made; leaves need not be found before the walk back."""
    made = [value for value in values if value.op is not LEAF]
    while len(made) > 2:
        pair = _new(Value)
        pair.x, pair.y = made.pop(), made.pop()
        pair.data = pair.dx = pair.dy = pair.grad = 0.0
        pair.op, pair.number = _INPUTS, next(counter)
        made.append(pair)
    node.x = made[0] if made else None
    node.y = made[1] if len(made) > 1 else None


class _InputsOperation:
    """The operation of a node that stands for two inputs of a call that has more than two; no gradient reaches it."""

    name = "inputs"

    def inputs(self, node: Value) -> tuple[Value | None, ...]:
        """Return the two values."""
        return node.x, node.y


_INPUTS: Any = _InputsOperation()


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]
