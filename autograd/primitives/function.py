"""`Function`: a custom operation as a class, for several outputs or for state that is not a tensor.

Where a function and a rule are enough, `elementwise` and its siblings are shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, NoReturn

import numpy as np

from ..arrays.door import FAILURES, Array, innermost_level
from ..errors import DeclarationError, DerivativeError, DtypeError
from ..graph.buffer_reuse import read_only, sum_gradients, writeable
from ..graph.grad_mode import cut_of, recording
from ..graph.mutation import Guard, guard, keep_constant
from ..graph.node import LEAF, Exposed, FreedOperation, Gradients, Lift, MultiNode, Node, absent
from ..tensors.tensor import Tensor, link, plain_array, unmasked
from .multi_output import ManyOutputs, output_node
from .nary import record
from .operands import settled
from .read_only import of_constant


class Context:
    """The context that `Function.forward` passes to `Function.backward`: saved tensors, and attributes of any name.

    Attributes
    ----------
    needs_input_grad
        For each argument, whether a gradient for it is wanted.
    saved_tensors
        In `backward`, the arrays that were passed to `save_for_backward`.
    """

    needs_input_grad: tuple[bool, ...]
    saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *arrays: Array) -> None:
        """Save arguments or results for `backward`, which finds them in `saved_tensors`.

        Where derivatives are recorded, they are tensors there, and so are arguments and results that are attributes.
        Compute anything else that `backward` needs again there; any other attribute counts as a constant.
        """
        self.saved_tensors = arrays

    def mark_non_differentiable(self, *results: Array) -> None:
        """Mark results that have no gradient although they are floating-point arrays."""
        self._without = results

    _without: tuple[Array, ...] = ()


class Function:
    """An operation with several outputs or with state besides tensors; a subclass defines `forward` and `backward`.

    Set ``promises_not_to_write = True`` in a subclass whose `forward` needs arrays that may be written to, as compiled
    code may ask for, and that it does not write to all the same: nothing checks that.

    Both are plain NumPy. For higher derivatives, `backward` is called with tensors and so records itself: second order
    and forward mode need no more code. `gradcheck` checks the operations and `draw_graph` draws them like those of the
    library.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Function, gradgradcheck, tensor
    >>> class Scaled(Function):
    ...     @staticmethod
    ...     def forward(ctx, x, factors):
    ...         ctx.factors = factors
    ...         ctx.save_for_backward(x)
    ...         return tuple(factor * x * x for factor in factors)
    ...
    ...     @staticmethod
    ...     def backward(ctx, *g):
    ...         (x,) = ctx.saved_tensors
    ...         return sum(2 * factor * x * each for factor, each in zip(ctx.factors, g)), None
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> once, thrice = Scaled.apply(x, [1, 3])
    >>> (once + thrice).sum().backward()
    >>> x.grad
    Tensor([ 8., 16.])
    >>> bool(gradgradcheck(lambda x: Scaled.apply(x, [1, 3]), x))
    True
    """

    promises_not_to_write: ClassVar[bool] = False
    _told_of_none: ClassVar[bool] = False  # whether the gradient of an unused result is None
    _operation: _OfClass

    def __init_subclass__(cls) -> None:
        """Create the operation of the subclass."""
        super().__init_subclass__()
        cls._operation = (_OfClass if cls.jvp is Function.jvp else _WithForwardMode)(cls)

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """Compute the result, an array or a tuple of arrays; tensors passed to `apply` are arrays here."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Context, *g: Any) -> Any:
        """Return the gradient of each argument, or None if it needs none, from the gradient of each result.

        The gradient of an unused result is zeros, that of a result without a gradient None.
        """
        raise NotImplementedError("a subclass of Function defines backward(ctx, g), which returns its gradients")

    @staticmethod
    def jvp(ctx: Context, *tangents: Any) -> Any:
        """Return the tangent of each result, from that of each argument, None for one that has none.

        Define it where `backward` is not NumPy code, whose transpose forward mode takes otherwise. `ctx` is as in
        `backward`.
        """
        raise NotImplementedError

    def __call__(self, *args: object) -> NoReturn:
        """Refuse to be called: `apply` is the operation."""
        raise DeclarationError(f"call {type(self).__name__}.apply(...), and make no object of it")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Return the result of `forward` as a tensor, or as a tuple of tensors."""
        if cls is Function:
            raise DeclarationError("Function is there to be subclassed: define forward and backward, then call apply")
        return cls._operation.apply_to(args)


class _OfClass(ManyOutputs):
    """The operation of one subclass of `Function`; its nodes are `MultiNode` where it returned a tuple."""

    def __init__(self, definition: type[Function]) -> None:
        self.definition, self.name, self.kind, self.variadic = definition, definition.__name__, "general", False
        self.trusted, self.rules = False, ()
        self.freed = FreedOperation(self)
        self.pull = lambda node, g, gradients: self.pull_carefully(node, g, gradients, None, False)

    def apply_to(self, args: tuple[Any, ...]) -> Any:
        inputs = [x._node if isinstance(x, Tensor) else None for x in args]
        mode = recording()
        ctx = Context()
        ctx.needs_input_grad = tuple(x is not None and bool(mode) for x in inputs)
        # A list may change before the backward pass, in which an attribute of the context may be that list.
        given = [x._array if isinstance(x, Tensor) else _as_it_is(x) for x in args]
        values = [writeable(x) for x in given] if self.definition.promises_not_to_write else list(map(read_only, given))
        try:
            returned = self.definition.forward(ctx, *values)
        except FAILURES:
            level: Any = innermost_level(values)
            if level is None:
                raise
            return level.loop(self.name, self.definition.apply, args)
        several = isinstance(returned, tuple | list)
        parts = returned if several else [returned]
        arrays, inputs = settled([z._array if isinstance(z, Tensor) else z for z in parts], inputs, values)
        live = [x for x in inputs if x is not None]
        without = [any(z is given for given in ctx._without) for z in parts]
        results = [self._result(z) for z in arrays]
        _link_views(args, given, results)
        if not (live and mode):
            for result in results:
                result._cut = cut_of(self, args, mode)
            return tuple(results) if several else results[0]
        exposed = _are_of_others(arrays, inputs, values)
        sources = [_source(a, values, inputs, arrays) for a in ctx.saved_tensors]
        origins = {
            name: [_origin(a, values, inputs, arrays) for a in _parts(value)]
            for name, value in ctx.__dict__.items()
            if not hasattr(Context, name)
        }
        depend = {name: each for name, each in origins.items() if any(x is not _CONSTANT for x in each)}
        guards = _keep(ctx, inputs, values)
        kept = (ctx, ctx.saved_tensors, sources, without, depend)
        ctx.saved_tensors = ()
        out = tuple(arrays) if several else arrays[0]
        node = record(self, live, kept, (inputs, None), guards, tuple(given), out, mode)
        for i, (result, array) in enumerate(zip(results, arrays, strict=True)):
            if array.dtype.kind in "fc" and not without[i]:
                result._node = output_node(node, i, array) if several else node
                if exposed:
                    result._node.__class__ = Exposed
        return tuple(results) if several else results[0]

    def _result(self, array: Array) -> Tensor:
        try:
            return Tensor(array)
        except DtypeError as error:
            raise DtypeError(f"{self.name}.forward returned something other than numbers: {error}") from None

    def kept(self, node: Node, index: int) -> tuple[Any, ...]:
        saved: tuple[Any, ...] = node.kept[1]
        return saved

    def lifted(self, node: Node, index: int, lift: Lift) -> tuple[Any, ...]:
        _, saved, sources, *_ = node.kept
        return tuple(self._lifted(array, source, node, lift) for array, source in zip(saved, sources, strict=True))

    def _lifted(self, array: Any, source: tuple[str, int] | None, node: Node, lift: Lift) -> Any:
        if source is _CONSTANT:
            return array
        if source is None:
            if getattr(array, "dtype", np.dtype(int)).kind in "fc":
                raise DerivativeError(
                    f"{self.name} kept for backward an array (shape {array.shape}) that is neither an argument "
                    f"nor a result, so how it depends on them is not known and it cannot be differentiated again: "
                    f"compute it again in backward, return it as another result, or make a constant an attribute of ctx"
                )
            return array
        what, position = source
        if what == "result":
            several = isinstance(node, MultiNode)
            return lift.wrap(array, output_node(node, position, array) if several else node)
        x = node.kept_y[0][position]
        return array if x is None else lift.wrap(array, x)

    def statics(self, node: Node) -> None:
        return None

    def complete(self, node: MultiNode, g: list[Any]) -> tuple[Any, ...]:
        return tuple(g) if self.definition._told_of_none else super().complete(node, g)

    def derivative(self, node: Node, index: int, g: Any, lift: Lift | None = None, replace: Any = None) -> Any:
        gx = self._gradients(node, g if isinstance(node, MultiNode) else (g,), lift, replace)[index]
        x = node.kept_y[0][index]
        return np.zeros(x.shape, x.dtype) if gx is None else gx

    def _gradients(self, node: Node, g: tuple[Any, ...], lift: Lift | None, replace: Any) -> list[Any]:
        """Call `backward` once, and return the gradients of all arguments."""
        saved = self.kept(node, 0) if lift is None else self.lifted(node, 0, lift)
        ctx, _, _, without, depend = node.kept
        attributes = ctx.__dict__ if lift is None else self._attributes(ctx.__dict__, depend, node, lift)
        saved = saved if replace is None else tuple(map(replace, saved))
        g = tuple(None if none else read_only(part) for part, none in zip(g, without, strict=True))
        try:
            gradients = self._backward(attributes, saved, g)
        except FAILURES:
            level: Any = innermost_level(g, saved, attributes)
            if level is None:
                raise
            gradients = level.loop(f"{self.name}.backward", self._backward, (attributes, saved, g))
        count = len(node.kept_y[0])
        if len(gradients) < count or any(gx is not None for gx in gradients[count:]):
            raise DerivativeError(
                f"{self.name}.backward returned {len(gradients)} gradients for {count} arguments: it should return one "
                f"for each, None where there is none"
            )
        return gradients

    def _attributes(self, given: dict[str, Any], depend: dict[str, Any], node: Node, lift: Lift) -> dict[str, Any]:
        """Return the attributes of a context; those that hold arguments or results are tensors, as if saved."""
        found = dict(given)
        for name, sources in depend.items():
            parts = map(partial(self._lifted, node=node, lift=lift), _parts(given[name]), sources)
            found[name] = type(given[name])(parts) if type(given[name]) in (tuple, list) else next(parts)
        return found

    def _backward(self, attributes: dict[str, Any], saved: tuple[Any, ...], g: tuple[Any, ...]) -> list[Any]:
        """Call `backward` with the attributes that `forward` set and what it saved."""
        given = Context()
        given.__dict__.update(attributes)
        given.saved_tensors = saved
        returned = self.definition.backward(given, *g)
        if returned is None:
            raise DerivativeError(
                f"{self.name}.backward returned None: is a return missing? It returns the gradient of each argument; "
                f"(None,) says that the only one has none"
            )
        return list(returned) if isinstance(returned, tuple | list) else [returned]

    def pull_carefully(self, node: Any, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Pull back as `graph.Operation` says, by one call of `backward` for all arguments."""
        several = isinstance(node, MultiNode)
        g = self.complete(node, g) if several else g
        found = self._gradients(node, g if several else (g,), lift, None)
        for index, (x, gx) in enumerate(zip(node.kept_y[0], found, strict=False)):
            held = gradients[x]
            if x is None or held is absent or (gx is None and x.op is LEAF):
                continue
            gx = np.zeros(x.shape, x.dtype) if gx is None else gx
            gx = self.conform(self._absorb(gx, node, index, g, lift) if absorb else gx, x, node)
            gradients[x] = gx if held is None else sum_gradients(held, gx)


class _WithForwardMode(_OfClass):
    """The operation of a subclass that says its forward derivative itself."""

    def push(self, node: Node, tangents: Sequence[Any], lift: Lift | None) -> Any:
        """Return the tangent of the result, or a tuple of tangents, from those of the arguments."""
        context = Context()
        ctx, _, _, _, depend = node.kept
        context.__dict__.update(ctx.__dict__ if lift is None else self._attributes(ctx.__dict__, depend, node, lift))
        context.saved_tensors = self.kept(node, 0) if lift is None else self.lifted(node, 0, lift)
        returned = self.definition.jvp(context, *tangents)
        several = isinstance(node, MultiNode)
        parts = list(returned) if isinstance(returned, tuple | list) else [returned]
        shapes, dtypes = (node.shapes, node.dtypes) if isinstance(node, MultiNode) else ((node.shape,), (node.dtype,))
        if len(parts) != len(shapes):
            raise DerivativeError(f"{self.name}.jvp returned {len(parts)} tangents for {len(shapes)} results")
        found = [self._checked(*each) for each in zip(parts, shapes, dtypes, strict=True)]
        return tuple(found) if several else found[0]

    def _checked(self, tangent: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        if tangent is None and dtype.kind in "fc":
            raise DerivativeError(f"{self.name}.jvp returned None for a result of shape {shape}: is a return missing?")
        if tangent is None or dtype.kind not in "fc":
            return np.zeros(shape)
        tangent = of_constant(tangent)
        tangent = tangent if isinstance(tangent, Tensor) else plain_array(tangent)
        if tangent.shape != shape:
            raise DerivativeError(f"{self.name}.jvp returned shape {tangent.shape} for a result of shape {shape}")
        if tangent.dtype.kind == "c" != dtype.kind:
            tangent = tangent.real
        return tangent if tangent.dtype == dtype else tangent.astype(dtype)


def _as_it_is(value: Any) -> Any:
    """Return an argument that is not a tensor; a list is copied."""
    return list(value) if type(value) is list else unmasked(value)


def _link_views(args: tuple[Any, ...], given: list[Any], results: list[Tensor]) -> None:
    """Note which results share memory with arguments; they are writeable if the arguments are."""
    for x, value in zip(args, given, strict=True):
        for result in results if isinstance(value, np.ndarray) else ():
            if type(result._array) is np.ndarray and np.may_share_memory(value, result._array):
                if 0 not in result._array.strides:
                    result._array.flags.writeable = value.flags.writeable
                if isinstance(x, Tensor):
                    link(x, result)


def _keep(ctx: Context, inputs: list[Node | None], values: list[Any]) -> Guard | None:
    """Copy what a context kept of constants, and return the guards of what it kept of other inputs."""
    guards = None
    constants = [v for x, v in zip(inputs, values, strict=True) if x is None and isinstance(v, np.ndarray)]

    def keep(value: Any) -> Any:
        nonlocal guards
        if isinstance(value, np.ndarray) and any(np.may_share_memory(value, constant) for constant in constants):
            value, guards = keep_constant(value, guards)
        return read_only(value)

    saved = ctx.saved_tensors = tuple(map(keep, ctx.saved_tensors))
    for name, value in ctx.__dict__.items():
        if isinstance(value, np.ndarray):
            setattr(ctx, name, keep(value))
    kept = (*saved, *ctx.__dict__.values())
    for x, value in zip(inputs, values, strict=True):
        if x is not None and _are_of_others(kept, [x], [value]):
            guards = guard(x, value, guards)
    return guards


def _are_of_others(arrays: Any, inputs: list[Node | None], values: list[Any]) -> bool:
    """Tell whether an array shares memory with the value of an input that others may write to."""
    theirs = [v for x, v in zip(inputs, values, strict=True) if type(x) is not Node and isinstance(v, np.ndarray)]
    return any(np.may_share_memory(a, v) for a in arrays if isinstance(a, np.ndarray) for v in theirs)


def _parts(value: Any) -> Sequence[Any]:
    """Return an attribute of a context that is a tuple or a list, or else a tuple of it alone."""
    return value if type(value) in (tuple, list) else (value,)


_CONSTANT = ("constant", 0)


def _origin(array: Any, values: list[Any], inputs: list[Node | None], results: list[Array]) -> tuple[str, int] | None:
    """Return what `_source` does; but what is no live argument and no result with numbers is a constant."""
    others = [*(v for v, x in zip(values, inputs, strict=True) if x is not None), *results]
    depends = any(z is array and array.dtype.kind in "fc" for z in others)
    return _source(array, values, inputs, results) if depends else _CONSTANT


def _source(array: Any, values: list[Any], inputs: list[Node | None], results: list[Array]) -> tuple[str, int] | None:
    """Return which argument or result was saved; live arguments come first, then results, then constants."""
    arguments = [i for i, value in enumerate(values) if value is array]
    live = [i for i in arguments if inputs[i] is not None]
    if live:
        return "argument", live[0]
    for i, result in enumerate(results):
        if result is array:
            return "result", i
    return ("argument", arguments[0]) if arguments else None
