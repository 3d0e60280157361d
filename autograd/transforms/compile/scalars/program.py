"""Programs: the compiled form of one run, with the checks that tell whether a call is one that it serves."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ....errors import AnomalyError
from ....graph.grad_mode import ANOMALY, ON, recording, watching
from ....graph.node import LEAF, counter
from ....scalar.value import CallOperation, OutputOperation, Value, value_recorder
from ..environment import Environment
from .expressions import Names
from .printing import Printer
from .recording import Item, Number, Recorded, Recorder

__all__ = ["Arguments", "ScalarProgram", "miss"]

miss: Any = type("miss", (), {"__repr__": lambda self: "miss"})()  # the result of a program that does not serve a call

_new = object.__new__
_PLAIN = (int, str, bytes, bool, type(None), complex, np.integer, np.bool_)


class Arguments:
    """The arguments of the recorded call, and the lines that check whether others are of the same kind.

    Attributes
    ----------
    objects
        Arguments that are neither numbers nor containers of them: they are compared by identity.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], held: set[int]) -> None:
        self.names = Names()
        self.lines: list[str] = []
        self.objects: list[Any] = []
        self.inputs = 0
        self._args, self._kwargs, self._held = args, kwargs, held
        self._first: dict[int, str] = {}
        self._copies: list[tuple[Any, list[Any]]] = []
        self._variables = 0

    def recorded(self, recorder: Recorder) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments to record the function with."""
        args = self._container(recorder, "args", self._args)
        kwargs = self._container(recorder, "kwargs", self._kwargs)
        return args, kwargs

    def _container(self, recorder: Recorder, name: str, value: Any) -> Any:
        kind = type(value).__name__
        parts = list(value.values()) if isinstance(value, dict) else list(value)
        keys = f" or [*{name}] != {list(value)!r}" if isinstance(value, dict) and value else ""
        self._unless(f"type({name}) is not {kind} or len({name}) != {len(value)}{keys}")
        variables = [self._variable() for _ in parts]
        if parts:
            self.lines.append(f"{', '.join(variables)}, = {name}{'.values()' if isinstance(value, dict) else ''}")
        made = [self._part(recorder, *each) for each in zip(variables, parts, strict=True)]
        copy = dict(zip(value, made, strict=True)) if isinstance(value, dict) else type(value)(made)
        self._copies.append((copy, _contents(copy)))
        return copy

    def changed(self) -> str | None:
        """Return the type of an argument that the function changed, or None."""
        for copy, contents in self._copies:
            now = _contents(copy)
            if len(now) != len(contents) or not all(map(operator.is_, now, contents)):
                return type(copy).__name__
        return None

    def _part(self, recorder: Recorder, name: str, value: Any) -> Any:
        kind = type(value)
        if kind in (Value, Recorded):
            return self._value(recorder, name, value)
        if kind in (list, tuple, dict):
            return self._container(recorder, name, value)
        if kind is float or isinstance(value, np.floating):
            self._unless(f"type({name}) is not {self.names.name(kind, kind.__name__)}")
            self.lines.append(f"x{self._input()} = {name}")
            return recorder.argument(value)
        if isinstance(value, Value | np.ndarray):
            what = "an array" if isinstance(value, np.ndarray) else f"a value of the subclass {kind.__name__}"
            recorder.refuse(f"the function was given {what}", "give it floats or values, such as array.tolist()")
        if isinstance(value, _PLAIN):
            same = repr(value) if kind in (int, str, bytes, bool) else self.names.name(value, "given")
            self._unless(f"type({name}) is not {self.names.name(kind, kind.__name__)} or {name} != {same}")
            return value
        self.objects.append(value)
        self._unless(f"{name} is not {self.names.name(value, 'given')}")
        return value

    def _value(self, recorder: Recorder, name: str, value: Value) -> Value:
        if id(value) in self._held:  # the function reads it anyway: gradients of both meet
            self._unless(f"{name} is not {self.names.name(value, 'held')}")
            return value
        if id(value) in self._first:
            self._unless(f"{name} is not {self._first[id(value)]}")
            return value
        self._unless(f"type({name}) is not Value")
        number = self._input()
        self._first[id(value)] = f"i{number}"
        self.lines.append(f"i{number} = {name}")
        returned: Value = recorder.argument(value)
        return returned

    @property
    def values(self) -> list[str]:
        """The names of the values among the inputs."""
        return list(self._first.values())

    def _unless(self, condition: str) -> None:
        self.lines.append(f"if {condition}: return miss")

    def _variable(self) -> str:
        self._variables += 1
        return f"a{self._variables - 1}"

    def _input(self) -> int:
        self.inputs += 1
        return self.inputs - 1


def _contents(container: Any) -> list[Any]:
    return [*container, *container.values()] if isinstance(container, dict) else list(container)


class ScalarProgram:
    """The compiled form of one run.

    Attributes
    ----------
    source
        Its text.
    operations
        The number of operations that were recorded.
    forward
        Called with the arguments and keyword arguments of a call: returns its results, or `miss` if this program does
        not serve the call.
    """

    def __init__(
        self, name: str, arguments: Arguments, environment: Environment, recorder: Recorder, result: Any, mode: int
    ) -> None:
        self.environment = environment
        self.operations = sum(bool(item.args) for item in recorder.items)
        self._name, self._arguments, self._mode = name, arguments, mode
        self._outputs: dict[Item, bool] = {}  # and whether each is a value
        structure = self._structure(recorder, result)
        self._printer = Printer(recorder.items, list(self._outputs))
        self._reads = [item.value for item in self._printer.reads]
        self._scope: dict[str, Any] = {}
        self._structure_text = structure
        self._compile()

    def difference(self) -> Any:
        """Return what the function reads and is not as it was, or None."""
        return self.environment.difference()

    # The structure of the result

    def _structure(self, recorder: Recorder, result: Any) -> Any:
        """Return the result with items in the place of numbers and values."""
        if isinstance(result, Value):
            item = recorder.item_of(result)
            if not item.live and any(item in each.args for each in recorder.items if each.live):
                recorder.refuse(
                    "the function returned a value that is a constant, to which gradients of other results flow",
                    "compute it outside of no_grad, or return its data",
                )
            self._outputs[item] = True
            return item
        if type(result) is Number:
            self._outputs.setdefault(result.item, False)
            return result.item
        if type(result) in (list, tuple):
            return type(result)([self._structure(recorder, part) for part in result])
        if type(result) is dict:
            return {key: self._structure(recorder, part) for key, part in result.items()}
        if not isinstance(result, (*_PLAIN, float, np.floating)):
            kind = type(result).__name__
            recorder.refuse(f"the function returned an object of type {kind}", "return values, or containers of them")
        return result

    def _returned(self, structure: Any) -> str:
        if isinstance(structure, Item):
            return self._places[structure]
        if isinstance(structure, list | tuple):
            parts = [self._returned(part) for part in structure]
            if isinstance(structure, list):
                return f"[{', '.join(parts)}]"
            return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
        if isinstance(structure, dict):
            return "{" + ", ".join(f"{key!r}: {self._returned(part)}" for key, part in structure.items()) + "}"
        return self._printer.names.name(structure, "constant")

    # The text

    def _compile(self) -> None:
        printer = self._printer
        self._live = [item for item in self._outputs if item.live and item.kind == "value"]
        self._batched = printer.backward(carefully=False) == printer.backward(carefully=True)
        operation = CallOperation(self._name, self._go_back)
        lines = [*self._forward(), "", *self._backward(carefully=False)]
        self.source = "\n".join(lines) + "\n"
        careful = "" if self._batched else "\n".join(self._backward(carefully=True))
        self._scope |= self._arguments.names | printer.names
        self._scope |= {
            "Value": Value, "new": _new, "miss": miss, "counter": counter, "LEAF": LEAF, "recording": recording,
            "recorder": value_recorder.get,
            "environment": self.environment, "held": frozenset(self._reads), "call": operation, "link": _link,
            "outputs": [OutputOperation(f"{self._name}[{i}]", i, len(self._live)) for i in range(len(self._live))],
            "made": [p for p in self._reads if p.op is not LEAF],
        }  # fmt: skip
        self._scope |= {f"p{i}": value for i, value in enumerate(self._reads)}
        exec(self.source + careful, self._scope)
        self.forward: Callable[[tuple[Any, ...], dict[str, Any]], Any] = self._scope["forward"]
        self._gradients: Callable[[list[Value]], None] = self._scope.get("backward", _nothing)
        self._carefully: Callable[[list[Value]], None] = self._scope.get("backward_carefully", _nothing)

    def _forward(self) -> list[str]:
        """Return the lines of the function that checks a call and computes its results."""
        # with ON, the mode tells that another function is being recorded
        recorded = "" if self._mode == ON else " or recorder() is not None"
        body = [*self._arguments.lines, f"if recording() != {self._mode}{recorded}: return miss"]
        values = self._arguments.values
        if len(values) > 1:
            body.append(f"if len({{{', '.join(values)}}}) != {len(values)}: return miss")
        if values and self._reads:
            body.append(f"if not held.isdisjoint(({', '.join(values)},)): return miss")
        body.append("if not environment.unchanged(): return miss")
        body += [f"x{name[1:]} = {name}.data" for name in values]
        if self._reads:
            names = ", ".join(f"w{i}" for i in range(len(self._reads)))
            body.append(f"{names}, = data = [{', '.join(f'p{i}.data' for i in range(len(self._reads)))}]")
        compute = [*self._printer.forward]
        body += ["try:", *_indented(compute or ["pass"]), "except (ArithmeticError, ValueError):", "    return miss"]
        body += self._results()
        body.append(f"return {self._returned(self._structure_text)}")
        return [f"def forward(args, kwargs, {self._bound()}):", *_indented(body)]

    def _bound(self) -> str:
        """Return parameters that bind the values that were read: Python reads its locals fastest."""
        return ", ".join(["new=new", "Value=Value", *[f"p{i}=p{i}" for i in range(len(self._reads))]])

    def _results(self) -> Iterator[str]:
        """Yield the lines that make the values of the result, and note in `_places` where each is found."""
        self._places: dict[Item, str] = {}
        several = len(self._live) > 1
        if self._live:
            node = "node" if several else "o0"
            yield f"{node} = new(Value)"
            values = self._arguments.values
            if not values and "made" and not any(p.op is not LEAF for p in self._reads):
                yield f"{node}.x = {node}.y = None"
            else:
                yield f"link({node}, ({''.join(f'{name}, ' for name in values)}*made))"
            yield f"{node}.dy = {node}.grad = 0.0"
            yield f"{node}.op = call"
            yield f"{node}.number = next(counter)"
            if not several:
                yield f"o0.data = {self._printer.result(self._live[0])}"
                self._places[self._live[0]] = "o0"
        if several:
            for i, item in enumerate(self._live):
                yield f"o{i} = new(Value)"
                yield f"o{i}.data = {self._printer.result(item)}"
                yield f"o{i}.x = node"
                yield f"o{i}.y = None"
                yield f"o{i}.dx = 1.0"
                yield f"o{i}.dy = o{i}.grad = 0.0"
                yield f"o{i}.op = outputs[{i}]"
                yield f"o{i}.number = next(counter)"
                self._places[item] = f"o{i}"
        if self._live:
            yield f"{node}.dx = ({''.join(f'{name}, ' for name in self._kept())})"
        for item, of_value in self._outputs.items():
            if item not in self._places:
                yield from self._plain_result(item, of_value)

    def _plain_result(self, item: Item, of_value: bool) -> Iterator[str]:
        """Yield the line of a result that no gradient flows through: a number, or a value that was there or is made."""
        if of_value and item.kind == "input":
            self._places[item] = f"i{self._printer.result(item)[1:]}"
        elif of_value and item.kind == "read":
            self._places[item] = f"p{self._printer.result(item)[1:]}"
        else:
            name = f"r{len(self._places)}"
            text = self._printer.result(item)
            yield f"{name} = Value({text})" if of_value else f"{name} = {text}"
            self._places[item] = name

    def _inner(self) -> list[int]:
        """Return the positions of results that other results are computed from."""
        used = {arg for item in self._printer.items if item.live for arg in item.args}
        return [i for i, item in enumerate(self._live) if item in used and len(self._live) > 1]

    def _kept(self) -> list[str]:
        """Return the names of all that the node of a call keeps for its gradient."""
        saved = [name for name in self._printer.saved if name[0] != "w"]
        data = ["data"] if any(name[0] == "w" for name in self._printer.saved) else []
        return [*self._arguments.values, *saved, *[f"o{i}" for i in self._inner()], *data]

    def _backward(self, *, carefully: bool) -> list[str]:
        """Return the lines of the function that adds the gradients of calls to those of what they read."""
        lines = self._printer.backward(carefully=carefully)
        text = "\n".join(lines)
        reads = [i for i in range(len(self._reads)) if f"g_w{i} +=" in text]
        inputs = [name[1:] for name in self._arguments.values if f"g_x{name[1:]} +=" in text]
        several = len(self._live) > 1
        gs = ", ".join(f"g{i}" for i in range(len(self._live)))
        kept = self._kept()
        loop = [f"{gs} = call.grad" if not several else "if not call.grad: continue"]
        loop.append(f"{gs} = call.grad" if several else "if not g0: continue")
        if kept:
            loop.append(f"{', '.join(kept)}, = call.dx")
        if "data" in kept:
            loop.append(f"{', '.join(f'w{i}' for i in range(len(self._reads)))}, = data")
        loop += [f"g_x{i} = i{i}.grad" for i in inputs]
        loop += lines
        loop += [f"i{i}.grad = g_x{i}" for i in inputs]
        loop += [f"o{i}.grad = g{i}" for i in self._inner()]
        body = [f"g_w{i} = p{i}.grad" for i in reads]
        body += ["for call in calls:", *_indented(loop)]
        body += [f"p{i}.grad = g_w{i}" for i in reads]
        name = "backward_carefully" if carefully else "backward"
        if not self._live:
            return []
        return [f"def {name}(calls, {self._bound()}):", *_indented(body)]

    # Gradients

    def _go_back(self, calls: list[Value]) -> None:
        if self._batched:
            self._gradients(calls)
        else:
            for call in calls:
                self._go_back_once(call)
        if watching() & ANOMALY:
            for value in (*self._reads, *_inputs_of(calls)):
                if not math.isfinite(value.grad):
                    raise AnomalyError(f"the derivative of '{self._name}' gave {value.grad} for the input {value.data}")

    def _go_back_once(self, call: Value) -> None:
        try:
            self._gradients([call])
        except ArithmeticError:  # an infinite derivative: nothing has been stored yet
            self._carefully([call])


def _inputs_of(calls: list[Any]) -> list[Value]:
    return [x for call in calls for x in call.dx if isinstance(x, Value)]


def _nothing(calls: list[Value]) -> None:
    """Go back through calls whose results are constants."""


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
