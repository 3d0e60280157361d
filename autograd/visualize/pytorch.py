"""PyTorch's modules: run one, and read its calls, values and gradients as nodes for pictures and pages.

Each call of a function of PyTorch is seen by its function mode, and calls of modules by their hooks. Each tensor that a
call is given is replaced by an alias, so that one pass back by PyTorch itself has the gradient of each result and the
contribution of each call to it. The ``.grad`` of parameters stays as it is.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.autograd.graph import get_gradient_edge
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from autograd import GraphError, UnsupportedError
from autograd.inside import LEAF, SourceLine, flatten, line_in, place, text_at, within_engine

from .failure import Failure
from .foreign import ForeignNode, ForeignOperation
from .given_arrays import Given, Named, given_of, memory_of
from .number_format import summarize
from .watching import Call, Note

_ROOT = os.path.dirname(torch.__file__) + os.sep
_SPARSE = ("embedding", "embedding_bag")  # their gradients may be sparse, which an alias cannot pass on
_INFERRED = ("detach", "data", "item", "numpy", "tolist", "requires_grad_", "register_hook", "retain_grad", "backward")


def torch_run(module: Any, inputs: tuple[Any, ...], gradient: Any = None) -> TorchRun:
    """Run a module, and backpropagate a gradient from its result; from ones, if it is not given."""
    run, results = TorchRun(module, inputs), []
    try:
        with run.hooked(), run, torch.enable_grad():
            results = [x for x in _tensors(module(*inputs)) if x.requires_grad]
    except Exception as error:
        if not run.nodes:
            raise
        run.failure = run.failed(error)
    run.roots = [run._node_of(x) for x in results]
    if run.failure is None:
        if not run.roots:
            raise GraphError(
                "nothing to draw: no parameter of the module, and no input, requires a gradient, or the result was "
                "detached"
            )
        run.contributions = run._backward(results, gradient)
    if gradient is None and sum(x.numel() for x in results) > 1:
        run.remarks = ("The gradients are those of the sum of the result.",)
    run.nodes = _depended_on(run.roots or run.nodes, run.nodes)
    run.names = {name: node for name, x in run.named() if (node := run.items.get(id(x))) in run.nodes}
    return run


class _Use(NamedTuple):
    """What a call was given: the node of a tensor, which of its results it is, and where the gradient is found."""

    source: ForeignNode
    part: int
    edge: Any
    in_place: bool


def _one_of(array: Any, use: _Use) -> Any:
    """Return a contribution to the gradient of a node: of one with several results, a tuple."""
    if not isinstance(use.source.value, tuple):
        return array
    return tuple(array if index == use.part else None for index in range(len(use.source.value)))


class TorchRun(TorchFunctionMode):  # type: ignore[misc]  # PyTorch is untyped here
    """One run of a module: all nodes that its result depends on, in order, and what they have names for."""

    def __init__(self, module: Any, inputs: tuple[Any, ...]) -> None:
        super().__init__()
        self.module, self.inputs, self.modules = module, inputs, dict(module.named_modules())
        self.roots: list[ForeignNode] = []
        self.names: dict[str, Any] = {}
        self.failure: Failure | None = None
        self.contributions: dict[tuple[ForeignNode, int], Any] = {}  # by operation and its input
        self.remarks: tuple[str, ...] = ()
        self.nodes: list[ForeignNode] = []
        self.items: dict[int, ForeignNode] = {}  # by the identity of a tensor
        self.held: list[Any] = []  # tensors, so that no other one gets the identity
        self.edges: dict[tuple[ForeignNode, int], Any] = {}  # of each result, and
        self.uses: dict[tuple[ForeignNode, int], _Use] = {}  # by operation and input
        self.results: dict[int, int] = {}  # which of several results a tensor is
        self.versions: dict[int, int] = {}  # of tensors, when a node was noted for them
        self.arrays: dict[int, Any] = {}  # of tensors that need no gradient, by identity
        self.calls: list[Call] = []
        self.given: list[Any] = []
        self.since = time.perf_counter()
        for x in _tensors(inputs):
            if x.requires_grad:
                self._leaf(x)

    def own(self, data: Mapping[Any, Any] | None) -> dict[Any, Any]:
        """Return numbers with nodes in place of the tensors of PyTorch."""
        return {self.items.get(id(key), key): number for key, number in (data or {}).items()}

    # Calls of modules

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Note the calls of modules in a block."""
        handles = [register_module_forward_pre_hook(self._begin), register_module_forward_hook(self._end)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _begin(self, module: Any, inputs: Any) -> None:
        pairs = [(name, x) for name, x in zip(_inputs_of(module), inputs, strict=False) if isinstance(x, torch.Tensor)]
        named = [
            Named(name, memory_of(array), f"{array.shape} {array.dtype}", False, None, weakref.ref(array))
            for name, x in pairs
            if not x.requires_grad and (array := self._array(x)) is not None
        ]
        words = f"module {type(module).__name__}"
        self.calls.append(Call(words, module, False, named))

    def _end(self, module: Any, inputs: Any, output: Any) -> None:
        self.calls.pop()

    def named(self) -> Iterator[tuple[str, Any]]:
        """Yield the parameters and the inputs with their names."""
        yield from self.module.named_parameters()
        yield from zip(_inputs_of(self.module), self.inputs, strict=False)

    # Calls of functions

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        live = [x for x in _tensors((args, kwargs)) if x.requires_grad]
        name = _name(func)
        if not live or not torch.is_grad_enabled() or name in _INFERRED:
            return func(*args, **kwargs)
        in_place = name.endswith("_") or (name.startswith("i") and func.__name__ == f"__{name}__")
        in_place = (
            in_place or name in ("setitem", *_SPARSE) or bool(kwargs.get("inplace")) or kwargs.get("out") is not None
        )
        aliases = {} if in_place else {id(x): x.view_as(x) for x in live}
        sources = {id(x): self._node_of(x) for x in live}
        parts = {id(x): self.results.get(id(x), 0) for x in live}
        edges = {id(x): get_gradient_edge(aliases.get(id(x), x)) for x in live}
        arrays = [x for x in _tensors((args, kwargs)) if not x.requires_grad]
        self.given = [*sources.values(), *(self.arrays[id(x)] for x in arrays if id(x) in self.arrays)]
        result = func(*_replaced(args, aliases), **_replaced(kwargs, aliases))
        results = [x for x in _tensors(args[0] if name == "setitem" else result) if x.requires_grad]
        if results:
            node = self._record(name, sources, results, [x for x in arrays if id(x) in self.arrays])
            for index, (identity, edge) in enumerate(edges.items()):
                self.uses[node, index] = _Use(sources[identity], parts[identity], edge, in_place)
        self.given = []
        return result

    def _record(self, name: str, sources: dict[int, Any], results: list[Any], arrays: list[Any]) -> ForeignNode:
        """Add a node for a call."""
        seconds = time.perf_counter() - self.since
        values = tuple(map(_array, results))
        rule = type(results[0].grad_fn).__name__
        op = ForeignOperation(name, (*sources.values(), *(None for _ in arrays)), f"PyTorch: {rule}")
        node = ForeignNode(len(self.nodes), op, values if len(values) > 1 else values[0], self._line())
        given = [Given("constant") for _ in sources] + [given_of(self.arrays[id(x)]) for x in arrays]
        node.scope, node.seconds = self._note(given, values, seconds), seconds
        self.nodes.append(node)
        for index, x in enumerate(results):
            self._know(x, node, index)
        self.since = time.perf_counter()
        return node

    def _know(self, x: Any, node: ForeignNode, index: int = 0) -> None:
        """Note that a tensor is a result of a node, or a leaf."""
        self.items[id(x)], self.results[id(x)], self.versions[id(x)] = node, index, x._version
        self.held.append(x)
        self.edges[node, index] = get_gradient_edge(x)

    def _note(self, given: list[Given], values: tuple[Any, ...], seconds: float) -> Note:
        note = Note("")
        note.calls, note.given, note.others, note.seconds = tuple(self.calls), tuple(given), (), seconds
        note.values = tuple(map(summarize, values))
        return note

    def _node_of(self, x: Any) -> ForeignNode:
        """Return the node of a tensor that requires a gradient: a new leaf, if no call has computed it."""
        node = self.items.get(id(x))
        if node is None:
            known = {} if x.grad_fn is None else self._reached(x.grad_fn)
            node = self._leaf(x) if not known else self._unseen(x, known)
        elif self.versions[id(x)] != x._version:
            raise UnsupportedError(
                f"the result of {node.op.name} was changed in place through a view of it, which cannot be shown: "
                f"write the operation that changes it without the underscore or inplace=True"
            )
        return node

    def _leaf(self, x: Any) -> ForeignNode:
        """Add a leaf."""
        node = ForeignNode(len(self.nodes), None, _array(x))
        self.nodes.append(node)
        self._know(x, node)
        return node

    def _unseen(self, x: Any, known: dict[tuple[ForeignNode, int], Any]) -> ForeignNode:
        """Add a node for what the function mode does not see, such as a function with a derivative of one's own."""
        name = type(x.grad_fn).__name__.removesuffix("Backward")
        node = self._record(name, {index: source for index, (source, _) in enumerate(known)}, [x], [])
        for index, ((source, part), edge) in enumerate(known.items()):
            self.uses[node, index] = _Use(source, part, edge, True)
        return node

    def _reached(self, function: Any) -> dict[tuple[ForeignNode, int], Any]:
        """Return the results, and their places in PyTorch's graph, that a function of that graph leads back to."""
        known = {(edge.node, edge.output_nr): (key, edge) for key, edge in self.edges.items()}
        found: dict[tuple[ForeignNode, int], Any] = {}
        seen, left = {function}, [function]
        while left:
            for before, number in left.pop().next_functions:
                if before is not None and hasattr(before, "variable"):
                    self._node_of(before.variable)
                    known = {(edge.node, edge.output_nr): (key, edge) for key, edge in self.edges.items()}
                if (before, number) in known:
                    key, edge = known[before, number]
                    found[key] = edge
                elif before is not None and before not in seen:
                    seen.add(before)
                    left.append(before)
        return found

    def _array(self, x: Any) -> Any:
        """Return the array of a tensor that needs no gradient: one for each tensor."""
        if id(x) not in self.arrays:
            self.held.append(x)
            self.arrays[id(x)] = _array(x)
        return self.arrays[id(x)]

    def _line(self) -> SourceLine:
        frame: FrameType = sys._getframe(1)
        while frame.f_back is not None and _is_own(frame):
            frame = frame.f_back
        return line_in(frame)

    # What a run ends with

    def failed(self, error: Exception) -> Failure:
        """Return where an error was raised."""
        lines = [
            (frame.f_code.co_filename, number) for frame, number in walk_tb(error.__traceback__) if not _is_own(frame)
        ]
        where, line = (place(*lines[-1]), text_at(*lines[-1])) if lines else ("", "")
        return Failure(error, where, line, tuple(self.calls), tuple(self.given), tuple(self.nodes))

    def _backward(self, results: list[Any], gradient: Any) -> dict[tuple[ForeignNode, int], Any]:
        """Give nodes their gradients, and return the contributions."""
        seeds = [torch.ones_like(x) if gradient is None else torch.as_tensor(gradient, dtype=x.dtype) for x in results]
        edges = [*self.edges.values(), *(use.edge for use in self.uses.values())]
        found = torch.autograd.grad(results, edges, seeds, allow_unused=True)
        arrays = [None if x is None else _array(x) for x in found]
        gathered: dict[ForeignNode, list[Any]] = {}
        for (node, _), array in zip(self.edges, arrays, strict=False):
            gathered.setdefault(node, []).append(array)
        for node, parts in gathered.items():
            several = isinstance(node.value, tuple)
            known = any(part is not None for part in parts)
            node.gradient = (tuple(parts) if several else parts[0]) if known else None
        passed: dict[Any, Any] = dict(zip(self.uses, arrays[len(self.edges) :], strict=True))
        for key, use in self.uses.items():
            if use.in_place and passed[key] is not None:  # it has no alias: it gets what no other use gives
                others = (passed[own] for own, other in self.uses.items() if own != key and other[:2] == use[:2])
                passed[key] = passed[key] - sum(array for array in others if array is not None)
        return {key: _one_of(array, self.uses[key]) for key, array in passed.items() if array is not None}


def _inputs_of(module: Any) -> list[str]:
    """Return the names that a module has for its inputs; a function written in C may tell none."""
    try:
        return [*inspect.signature(module.forward).parameters]
    except (TypeError, ValueError):
        return []


def _name(func: Callable[..., Any]) -> str:
    """Return the name of a function of PyTorch, of a property that of the attribute."""
    name = str(getattr(func, "__name__", type(func).__name__))
    if name == "__get__":
        name = str(getattr(getattr(func, "__self__", None), "__name__", name))
    return name.strip("_") if name.startswith("__") else name


def _is_own(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_ROOT) or within_engine(frame.f_code)


def _tensors(value: Any) -> list[Any]:
    """Return the tensors in nested containers, each once."""
    return [*{id(x): x for x in flatten(value)[0] if isinstance(x, torch.Tensor)}.values()]


def _replaced(value: Any, aliases: dict[int, Any]) -> Any:
    """Return nested containers with aliases instead of tensors."""
    leaves, rebuild = flatten(value)
    return rebuild([aliases.get(id(x), x) for x in leaves])


def _array(x: Any) -> Any:
    """Return a copy of a tensor as an array of NumPy."""
    x = x.detach().to_dense().cpu()
    return np.array((x.float() if x.dtype == torch.bfloat16 else x).numpy())


def _depended_on(ends: list[ForeignNode], nodes: list[ForeignNode]) -> list[ForeignNode]:
    """Return the nodes that `ends` depend on, in their order."""
    needed = {*ends}
    for node in reversed(nodes):
        if node in needed and node.op is not LEAF:
            needed |= {x for x in node.op.sources if x is not None}
    return [node for node in nodes if node in needed]
