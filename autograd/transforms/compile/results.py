"""Results that require gradients: a compiled call is one node, whose derivative is a program of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...arrays.door import unrecorded
from ...arrays.traced import Traced, Variable
from ...errors import GraphError
from ...graph.backward import pull_back
from ...graph.grad_mode import enable_grad, recording
from ...graph.mutation import guard, keep_constant
from ...graph.node import FreedOperation, Gradient, Gradients, Leaf, Lift, MultiNode, Node, absent, ancestors
from ...primitives.multi_output import output_node
from ...primitives.nary import record
from ...primitives.primitive import unbundled
from ...tensors.tensor import Tensor
from ..pytree import flatten
from .floats import TracedFloat
from .program import ARGUMENT, MADE, Argument, Memory, Outside, Program, replaced, traced_in
from .recorder import ProgramRecorder
from .types import Array, ArrayArgument, Leaves

_ones = np.ones  # which is another one while a function is recorded


@dataclass(eq=False, repr=False)
class CompiledDerivative:
    """The derivative of a compiled function: the operation of the node that a call of it makes.

    Parameters
    ----------
    name
        That of the function.
    function
        The function itself, for derivatives of the derivative and where a program does not fit.
    program
        Takes the gradients of the results and what the function kept, and gives those of the inputs.
    tensors
        Functions of the leaves of the arguments that return the tensors.
    memories
        For each array that the function kept: the tensor whose memory it is, None for an array that was passed, or an
        array of the program's own.
    live
        The positions, in what the function returned, of the results that require gradients.
    pure
        Whether the function can be evaluated again: it draws nothing, and writes only to what it made.
    """

    kind: ClassVar = "compiled"
    name: str
    function: Callable[..., Any]
    program: Program
    tensors: list[Callable[[Sequence[Any]], Tensor]]
    memories: list[Any]
    live: list[int]
    pure: bool
    run: Callable[[Sequence[Any]], Any] | None = None

    def __post_init__(self) -> None:
        self.freed = FreedOperation(self)

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        """Return the nodes of the tensors that the function used."""
        return unbundled(node)

    def note(
        self,
        results: list[Tensor],
        kept: list[Array],
        leaves: Leaves,
        call: tuple[tuple[ArrayArgument | Tensor, ...], dict[str, Any]],
    ) -> None:
        """Give the results that require gradients a node."""
        nodes: list[Any] = [fetch(leaves)._node for fetch in self.tensors]
        guards = None
        kept = list(kept)
        for k, memory in enumerate(self.memories):
            source: Any = memory(leaves)._node if callable(memory) else None
            if source is not None:
                guards = guard(source, kept[k], guards)
            elif memory is not MADE:
                kept[k], guards = keep_constant(kept[k], guards)
        outputs = [results[i] for i in self.live]
        arrays: Any = outputs[0]._array if len(outputs) == 1 else tuple([x._array for x in outputs])
        node = record(self, nodes, kept, call, guards, (), arrays, recording())
        for i, x in enumerate(outputs):
            x._node = node if len(outputs) == 1 else output_node(node, i, x._array)

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        """Add what the results' gradients give to those of the inputs."""
        given = self._complete(node, g)
        found = None
        if self.run is not None and all(type(part) is np.ndarray for part in given):
            found = self.run([*given, *node.kept])
        if found is None:
            self.pull_carefully(node, g, gradients, None, False)
            return
        self._add(zip(self.inputs(node), found, strict=True), gradients)

    def _add(self, found: Iterable[tuple[Any, Any]], gradients: Gradients) -> None:
        for x, gx in found:
            held = gradients[x]
            if held is not absent and gx is not None:
                gradients[x] = gx if held is None else held + gx

    def pull_carefully(self, node: Node, g: Gradient, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Do the same by the function itself, which is evaluated again."""
        if not self.pure:
            what = "a derivative of its derivative is asked for" if lift is not None else "a gradient is nan or inf"
            raise GraphError(
                f"{what}, for which the compiled {self.name} would have to be evaluated again, but it draws random "
                f"numbers or writes to what it does not own: call backward() within the compiled function"
            )
        args, kwargs = node.kept_y
        with enable_grad():
            outputs = flatten(unrecorded(self.function)(*args, **kwargs))[0]
        seeds: dict[Node, Any] = {}
        for i, part in zip(self.live, self._complete(node, g), strict=True):
            x = outputs[i]._node
            part = Tensor(part) if lift is not None and not isinstance(part, Tensor) else part
            seeds[x] = seeds[x] + part if x in seeds else part
        inputs = [x for x in self.inputs(node) if x is not None]
        found = pull_back(seeds, ancestors(seeds), inputs, partial=True, lift=lift)
        self._add([(x, found.get(x)) for x in inputs], gradients)

    def _complete(self, node: Node, g: Any) -> list[Any]:
        """Return the gradients of all results, zeros for those that were not used."""
        if not isinstance(node, MultiNode):
            return [g]
        kinds = zip(node.shapes, node.dtypes, strict=True)
        return [np.zeros(shape, dtype) if part is None else part for part, (shape, dtype) in zip(g, kinds, strict=True)]


def is_freed(x: Tensor) -> bool:
    """Tell whether a backward pass within the function has freed part of the graph of a result, as that of a loss."""
    return x._node is not None and any(isinstance(node.op, FreedOperation) for node in ancestors([x._node]))


def recorded_derivative(
    records: ProgramRecorder, function: Callable[..., Any], name: str, results: list[Any]
) -> tuple[CompiledDerivative, list[Any]] | None:
    """Record the derivative of the results that require gradients; return it and what it needs of the function."""
    live = [i for i, x in enumerate(results) if isinstance(x, Tensor) and x._node is not None and not is_freed(x)]
    if not live or not records.records():
        return None
    nodes = [results[i]._node for i in live]
    order = ancestors(nodes)
    leaves: list[Any] = [node for node in order if type(node) is Leaf]
    states = {state.node: state for state in records.tensors.values() if state.node is not None}
    if any(leaf not in states for leaf in leaves):
        records.refuse("a result that depends on a tensor made in the function", "detach() the result")
        return None
    forward, records.program = records.program, Program()
    buffers = [leaf.buffer for leaf in leaves]
    try:
        for leaf in leaves:
            leaf.buffer = None  # a gradient goes to memory of its own
        seeds: dict[Any, Any] = {}
        for k, node in enumerate(nodes):
            seed = records.source(_ones(node.shape, node.dtype), ARGUMENT, Argument(k))
            seeds[node] = seeds[node] + seed if node in seeds else seed
        found = pull_back(seeds, order, leaves)
    finally:
        for leaf, buffer in zip(leaves, buffers, strict=True):
            leaf.buffer = buffer
        program, records.program = records.program, forward
    program.outputs = [found.get(leaf) for leaf in leaves]
    kept = _kept(program)
    stand_ins: dict[int, Variable] = {}
    for k, x in enumerate(kept):
        fetch = Argument(len(live) + k)
        if isinstance(x, TracedFloat):
            stand_ins[id(x)] = TracedFloat(x.value, records, fetch)
        else:
            stand_ins[id(x)] = Traced(x.value, records, Memory(ARGUMENT, x.value))
        program.sources.append((stand_ins[id(x)], fetch))
    for call in program.calls:
        call.args, call.kwargs = replaced(stand_ins, call.args), replaced(stand_ins, call.kwargs)
    program.outputs = replaced(stand_ins, program.outputs)
    owners = {id(state.traced): state.fetch for state in records.tensors.values()}
    memories = [MADE if not x.memory.is_others else owners.get(id(x)) for x in kept]
    pure = not any(
        isinstance(call, Outside) or (call.writes is not None and call.writes.is_others) for call in forward.calls
    )
    fetches = [states[leaf].fetch for leaf in leaves]
    return CompiledDerivative(name, function, program, fetches, memories, live, pure), kept


def _kept(program: Program) -> list[Traced]:
    """Return the arrays that a program reads and does not make."""
    own = {id(x) for x, _ in program.sources}
    own.update(id(x) for call in program.calls for x in traced_in(call.result))
    kept: dict[int, Traced] = {}
    for x in traced_in(([(call.args, call.kwargs) for call in program.calls], program.outputs)):
        if id(x) not in own:
            kept[id(x)] = x
    return list(kept.values())
