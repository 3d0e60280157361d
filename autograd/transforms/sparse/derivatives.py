"""What ``jacobian(f, sparse=True)`` and ``hessian(f, sparse=True)`` return, with pattern and colours or without.

Seeds are sums of the unit vectors of one colour. The products of the Jacobian with these are walks through the recorded
function, and each entry of the matrix is read from one place in the products. One product more, with a random vector,
has to be that of the matrix which was read: if it is not, the pattern lacks an entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import update_wrapper, wraps
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from ...arrays.door import constant
from ...arrays.standin import StandIn
from ...errors import DerivativeError, GraphError, ShapeError, check_callable
from ...graph.grad_mode import enable_grad, recording
from ...graph.node import Node
from ...source.source_info import defined, warn
from ...tensors.tensor import Tensor, seen_at, unwrap
from ..blocks import all_derivatives, conformed, holomorphic, rows
from ..grad import aux_of, choose, without_aux
from ..pytree import flatten, structure, without_none
from ..recording import Recording, track
from ..trees import tree_map
from ..units import along
from .colouring import Compression, compressions
from .pattern import blocks, pattern_of, symmetric

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
Argnums = int | tuple[int, ...]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

_FORWARD = 1.5  # walks back, what one forward takes: it looks for nan at each step
_LINES = 8  # of those that differ, which are looked at
_MANY = 300  # products, above which it is said that there are as many as of a dense matrix


class Form(NamedTuple):
    """The containers of some arrays, with 0 in the place of each, and the shapes and dtypes of the arrays."""

    tree: Any
    shapes: list[tuple[int, ...]]
    dtypes: list[np.dtype[Any]]

    @property
    def bounds(self) -> list[int]:
        """Where each array begins among all elements, and where the last one ends."""
        return [0, *accumulate(map(math.prod, self.shapes))]

    @property
    def is_complex(self) -> bool:
        """Whether an array is complex."""
        return any(dtype.kind == "c" for dtype in self.dtypes)

    def rebuild(self, contents: Sequence[Any]) -> Any:
        """Return the containers with other contents."""
        return without_none(*flatten(self.tree))[1](contents)

    def fits(self, other: Form) -> bool:
        """Tell whether arrays of another form can stand for these."""
        return self[1:] == other[1:] and structure(self.tree) == structure(other.tree)

    def __str__(self) -> str:
        texts = [f"{dtype}{list(shape)}" for shape, dtype in zip(self.shapes, self.dtypes, strict=True)]
        return repr(self.rebuild(texts)).replace("'", "")


def form(arrays: Sequence[Array | Tensor | Node], rebuild: Callable[[list[Any]], Any]) -> Form:
    """Return the form of arrays, or those of nodes, that `rebuild` puts into their containers."""
    return Form(rebuild([0] * len(arrays)), [tuple(x.shape) for x in arrays], [np.dtype(x.dtype) for x in arrays])


class Derivative(NamedTuple):
    """What is computed: the Jacobian of a function, or with `order` 2 its Hessian, the Jacobian of the gradient.

    With `has_aux` the function returns something beside its result. `format` is that of the matrices.
    """

    function: Function
    argnums: Argnums
    mode: str | None
    order: int
    has_aux: bool
    format: str

    def __str__(self) -> str:
        return f"the {self.kind} of {defined(self.function)}"

    @property
    def kind(self) -> str:
        """What messages call it."""
        return "sparse Jacobian" if self.order == 1 else "sparse Hessian"

    def of_which(self, aux: list[Any]) -> Function:
        """Return the function whose Jacobian it is; what else the function returns is appended to `aux`."""
        function = without_aux(self.function, aux) if self.has_aux else self.function
        if self.order == 1:
            return function

        @wraps(function)
        def number(*args: Any, **kwargs: Any) -> Any:
            returned = function(*args, **kwargs)
            shapes = [np.shape(y) for y in without_none(*flatten(returned))[0]]
            if list(map(math.prod, shapes)) == [1]:
                return returned
            raise GraphError(f"{self} is that of one number, not of arrays of shapes {shapes}: sum them, or choose one")

        return all_derivatives(number, self.argnums, rows)

    def inputs(self, arguments: Arguments) -> Form:
        """Return the form of the arrays to differentiate with respect to."""
        return form(*track(choose(self.function, self.argnums, *arguments)[1]))

    def pattern(self, arguments: Arguments, everywhere: bool = False, dense: bool = False) -> tuple[Form, Form, Any]:
        """Return the forms of inputs and outputs, and which of these depend on which."""
        of_chosen, primals = choose(self.of_which([]), self.argnums, *arguments)
        if any(isinstance(getattr(x, "_array", x), StandIn) for x in flatten(arguments)[0]):
            raise DerivativeError(f"{self} {_WITHIN}")
        found, record = pattern_of(of_chosen, primals, everywhere, dense)
        outputs = _outputs_of(record)
        if self.order == 2 and not outputs.is_complex:
            found = symmetric(found)
        number = np.int32 if max(*found.shape, found.nnz) <= np.iinfo(np.int32).max else np.int64
        parts = found.data, found.indices.astype(number), found.indptr.astype(number)
        return form(record.input_nodes, record.rebuild_inputs), outputs, csr_array(parts, shape=found.shape)


def _outputs_of(record: Recording) -> Form:
    """Return the form of what a recorded function returned."""
    tree = record.rebuild_outputs([0] * len(record.outputs))
    return Form(tree, [shape for shape, _ in record.output_types], [dtype for _, dtype in record.output_types])


class SparseDerivative:
    """A function that computes a sparse Jacobian or Hessian: what ``jacobian(f, sparse=True)`` returns.

    Called with the arguments of ``f``, it finds the pattern at that point, colours it, and computes the entries: it is
    right at every point. `prepare` keeps pattern and colours, which take longer than the entries, for many points.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> J = jacobian(lambda x: x[1:] * x[:-1], sparse=True)
    >>> J(np.arange(1.0, 4.0)).toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """

    def __init__(self, function: Callable[..., Any], argnums: Argnums, mode: str | None, *options: Any) -> None:
        check_callable("function", function)
        self._of = Derivative(function, argnums, mode, *options)
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a `scipy.sparse.csr_array` for each pair of an output and an input, with explicit zeros."""
        return self.prepare(*args, **kwargs)(*args, **kwargs)

    def prepare(
        self, *args: Any, everywhere: bool = False, dense: bool = False, compile: bool = False, **kwargs: Any
    ) -> PreparedDerivative:
        """Find the pattern at a point, and colours, and keep them for many points.

        Parameters
        ----------
        *args, **kwargs
            The arguments of the function: a point. Others may have other numbers, not other shapes or dtypes.
        everywhere, dense
            As of `sparsity`: find a pattern for all branches of `numpy.where`, `maximum` and the like; accept one that
            is so full that it is refused.
        compile
            Compile the products, as `autograd.compile` does. The first call records them, and takes longer. What cannot
            be recorded runs as it is, with a warning.

        Returns
        -------
        PreparedDerivative
            To be called with arguments of the function.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd import hessian
        >>> H = hessian(lambda x: np.sum(x[1:] ** 2 * x[:-1]), sparse=True).prepare(np.ones(1000))
        >>> H
        <sparse Hessian: 1,000 x 1,000, 2,997 entries, 3 colors reverse>
        >>> H(np.full(1000, 2.0))[0, :3].toarray()
        array([0., 4., 0.])
        """
        return PreparedDerivative(self._of, compile, *self._of.pattern((args, kwargs), everywhere, dense))


_WITHIN = (
    "is wanted within another derivative, vmap or compile, but a scipy.sparse matrix holds NumPy's numbers alone: call "
    "prepare(...) outside, and values(...) of what it returns within, which gives them as an array"
)


@dataclass(frozen=True)
class Plan:
    """How products are computed: the colours and the value of the seeds of each step, and the function of all steps.

    `order` says where the entries stand in what the steps give, if that is not their order.
    """

    ways: list[Compression]
    steps: list[tuple[Compression, complex]]
    order: Array | None
    products: Function

    @property
    def forward(self) -> bool:
        """Whether some products are with columns."""
        return any(way.forward for way, _ in self.steps)


class PreparedDerivative:
    """A sparse Jacobian or Hessian whose pattern and colours are known: what `prepare` of a `SparseDerivative` returns.

    Call it with the arguments of the function, of the shapes and dtypes that it was prepared for.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> J = jacobian(lambda x: x[1:] ** 2 - x[:-1], sparse=True).prepare(np.zeros(1000))
    >>> J
    <sparse Jacobian: 999 x 1,000, 1,998 entries, 2 colors reverse>
    >>> J(np.arange(1000.0))[[2]].indices, J.values(np.arange(1000.0))[4:6]
    (array([2, 3], dtype=int32), array([-1.,  6.]))
    """

    def __init__(self, of: Derivative, compiled: bool, inputs: Form, outputs: Form, pattern: Any) -> None:
        self._of, self._compiled, self._inputs, self._outputs = of, compiled, inputs, outputs
        update_wrapper(self, of.function)
        self._pattern = pattern
        eps = [np.finfo(dtype).eps for dtype in (*inputs.dtypes, *outputs.dtypes) if dtype.kind in "fc"]
        self._tolerance = float(max(eps, default=0.0)) ** (2 / 3)
        self._blocks = _blocks(pattern, inputs.bounds, outputs.bounds)
        self._plan = self._planned(of.mode)
        (height, width), many = pattern.shape, sum(way.many for way in self._plan.ways)
        if many > _MANY and 2 * many > min(height, width):
            warn(
                f"{of}, {height:,} x {width:,}, takes {many:,} products at each call, since rows or columns are dense: "
                f"{pattern.nnz:,} entries, {pattern.nnz * 12 >> 20:,} MB. Without sparse=True there are "
                f"{min(height, width):,} products and {height * width * 8 >> 20:,} MB",
                RuntimeWarning,
            )

    def __reduce__(self) -> Any:
        return type(self), (self._of, self._compiled, self._inputs, self._outputs, self._pattern)

    def _planned(self, mode: str | None) -> Plan:
        inputs, outputs = self._inputs, self._outputs
        symmetric = self._of.order == 2 and not inputs.is_complex
        is_complex = inputs.is_complex or outputs.is_complex
        costs = _FORWARD * (1 + inputs.is_complex), 1 + outputs.is_complex
        ways, order = compressions(self._pattern, mode, costs, symmetric=symmetric, both=not is_complex)
        steps: list[tuple[Compression, complex]] = []
        for way in ways:
            seeded, unit = (inputs, 1j) if way.forward else (outputs, -1j)  # the conjugate, as walks back take it
            steps += [(way, 1), (way, unit)] if seeded.is_complex else [(way, 1)]
        products = _products(self._of, inputs, outputs, steps)
        if self._compiled:
            from ..compile.compiled import compile  # most programs never compile

            products = compile(products, fallback="warn")  # as `prepare` has no option to say so
        return Plan(ways, steps, order, products)

    @property
    def pattern(self) -> Any:
        """A csr_array of booleans: a row for each element of all outputs in turn, a column for each of all inputs."""
        return self._pattern.copy()

    @property
    def colors(self) -> Any:
        """The colour of each column, or in reverse direction of each row: those of one colour share a product.

        In both directions, it is a pair of these, with -1 for what has none: its entries are read from the others.
        """
        found = {way.forward: way.colors.copy() for way in self._plan.ways}
        return (found[True], found[False]) if len(found) > 1 else next(iter(found.values()))

    @property
    def direction(self) -> str:
        """``"forward"``: a product for each colour of columns; ``"reverse"``: of rows; or ``"both"``."""
        return "both" if len(self._plan.ways) > 1 else _direction(self._plan.ways[0])

    def __repr__(self) -> str:
        height, width = self._pattern.shape
        counts = [f"{way.many:,} color{'s' * (way.many != 1)} {_direction(way)}" for way in self._plan.ways]
        return f"<{self._of.kind}: {height:,} x {width:,}, {self._pattern.nnz:,} entries, {', '.join(counts)}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the matrix: a scipy.sparse.csr_array for each pair of an output and an input."""
        found, aux = self._data((args, kwargs))
        if any(type(data) is not np.ndarray for row in found for data in row):
            raise DerivativeError(f"{self._of} {_WITHIN}")
        kind = self._of.format
        matrices = [
            [_filled(block.pattern, data, owned=True).asformat(kind) for data, block in zip(*row, strict=True)]
            for row in zip(found, self._blocks, strict=True)
        ]
        return self._built(matrices, aux)

    def values(self, *args: Any, **kwargs: Any) -> Any:
        """Return the entries, in the order of ``data`` of a csr_array: an array for each pair of output and input.

        Unlike a matrix of SciPy's, they can be differentiated, mapped by `vmap`, and computed in a compiled function.
        There, rows or columns are nan where the pattern is larger than the prepared one.
        """
        return self._built(*self._data((args, kwargs)))

    def _built(self, found: list[list[Any]], aux: Any) -> Any:
        """Return what was found for each output and input, in the containers of the outputs and inputs."""
        within = [self._inputs.rebuild(row) for row in found]
        built = self._outputs.rebuild([x[0] if isinstance(self._of.argnums, int) else x for x in within])
        return (built, aux) if self._of.has_aux else built

    def _data(self, arguments: Arguments) -> tuple[list[list[Any]], Any]:
        """Return the entries for each output and input, and what the function returns beside its result."""
        given = self._of.inputs(arguments)
        if not given.fits(self._inputs):
            raise ShapeError(f"{self._of} was prepared for {self._inputs}, not for {given}: prepare() it for these")
        plan, (products, aux) = self._walk(arguments)
        parts = [
            self._checked(way, data, product, arguments)
            for (way, _), (data, product) in zip(plan.steps, products, strict=True)
        ]
        if plan.order is not None:
            parts = [np.concatenate(parts).take(constant(plan.order))]
        found = [
            [
                _combined(
                    [x if block.order is None else x.take(constant(block.order)) for x in parts], plan.forward, to, x
                )
                for x, block in zip(self._inputs.dtypes, row, strict=True)
            ]
            for to, row in zip(self._outputs.dtypes, self._blocks, strict=True)
        ]
        return found, aux

    def _walk(self, arguments: Arguments) -> tuple[Plan, Any]:
        """Return the products, of rows if there is an operation of a user's without a forward rule."""
        plan, (args, kwargs) = self._plan, arguments
        if self._compiled:  # what shares memory with what the function reads is not compiled
            args = tree_map(lambda x: x.copy() if type(x) is np.ndarray else x, args)
        try:
            return plan, plan.products(*args, **kwargs)
        except DerivativeError:
            if self._of.mode is not None or not plan.forward:
                raise
        plan = self._planned("reverse")
        found = plan.products(*args, **kwargs)
        self._plan = plan
        return plan, found

    def _checked(self, way: Compression, data: Any, product: Any, arguments: Arguments) -> Any:
        """Return the entries; raise, or where that cannot be return nan, if an entry is missing among them."""
        if not recording():  # nobody wants a derivative with respect to tensors that the function closes over
            data, product = unwrap(data), unwrap(product)
        if type(data) is not np.ndarray or type(product) is not np.ndarray:
            return self._nan_if_off(way, data, product)
        matrix = _filled(way.matrix, data)
        sums = matrix @ way.random
        apart = np.abs(sums - product)
        off = np.flatnonzero(~(apart <= self._tolerance * np.abs(product)) & way.whole)
        if off.size:  # perhaps since the product is small where its terms are large
            scale = (abs(matrix) @ np.abs(way.random))[off] + np.abs(product[off])
            off = off[(apart[off] > self._tolerance * scale) | (np.isfinite(sums[off]) & ~np.isfinite(product[off]))]
        if off.size:
            self._refuse_larger(arguments)
            self._refuse_fault(way, off[np.argsort(-apart[off])[:_LINES]], arguments)
        return data  # which rounding alone sets apart

    def _refuse_larger(self, arguments: Arguments) -> None:
        """Raise if the pattern is larger here than the prepared one."""
        pattern = self._of.pattern(arguments)[2]
        more = pattern > self._pattern
        if more.nnz:
            row, column = (int(place[0]) for place in more.nonzero())
            raise DerivativeError(
                f"{self._of} has entries here where the pattern that was prepared has none: {more.nnz:,}, the first at "
                f"[{row}, {column}]. prepare() it anew at such a point, or with everywhere=True, which joins the "
                f"branches of numpy.where, maximum and the like"
            )

    def _refuse_fault(self, way: Compression, lines: Array, arguments: Arguments) -> None:
        """Raise if a line has entries that no pattern knows: then a product without the known ones is not 0."""
        for line in lines:
            others = way.random.copy()
            others[way.lines.indices[way.lines.indptr[line] : way.lines.indptr[line + 1]]] = 0
            alone = replace(way, many=0, place=np.zeros(0, np.intp), random=others)
            steps = [(alone, value) for each, value in self._plan.steps if each is way]
            products, _ = _products(self._of, self._inputs, self._outputs, steps)(*arguments[0], **arguments[1])
            if any(product[line] != 0 for _, product in products):
                raise DerivativeError(
                    f"{self._of} has entries in {'row' if way.forward else 'column'} {line} which its pattern lacks: "
                    f"that is a fault of plaingrad, please report it. Without sparse=True the result is right"
                )

    def _nan_if_off(self, way: Compression, data: Any, product: Any) -> Any:
        """Return the entries, without a branch: nan in each row, or column, whose product is not the true one."""
        lines = way.lines
        terms = data[constant(lines.data)] * constant(way.random[lines.indices])
        terms = np.concatenate([terms, np.zeros(1, terms.dtype)])  # an empty line at the end begins there
        starts, filled = constant(lines.indptr[:-1].astype(np.intp)), constant(np.diff(lines.indptr) > 0)
        sums, scale = [np.where(filled, np.add.reduceat(each, starts), 0) for each in (terms, np.abs(terms))]
        right = np.abs(sums - product) <= self._tolerance**0.75 * (scale + np.abs(product))
        off = ~right & constant(way.whole)
        return np.where(off[constant(way.line)] | np.any(off & ~filled), np.nan, data)


def _direction(way: Compression) -> str:
    return "forward" if way.forward else "reverse"


def _filled(pattern: Any, data: Array, *, owned: bool = False) -> Any:
    """Return a matrix of a pattern, in a tenth of the time that SciPy takes to check one; `owned` it may be changed."""
    matrix = copy(pattern)
    matrix.data = data
    if owned:
        matrix.indices, matrix.indptr = pattern.indices.copy(), pattern.indptr.copy()
    return matrix


class Block(NamedTuple):
    """The pattern for one output and input, and the places of its entries among all; None if these are all."""

    pattern: Any
    order: Array | None


def _blocks(pattern: Any, inputs: list[int], outputs: list[int]) -> list[list[Block]]:
    """Return the blocks of a pattern; elements of inputs and outputs begin at these columns and rows."""
    if len(inputs) == len(outputs) == 2:
        return [[Block(pattern, None)]]
    entries = csr_array((np.arange(pattern.nnz), pattern.indices, pattern.indptr), shape=pattern.shape)
    return [[Block(part, part.data) for part in row] for row in blocks(entries, outputs, inputs)]


def _products(
    of: Derivative, inputs: Form, outputs: Form, steps: list[tuple[Compression, complex]]
) -> Callable[..., tuple[list[tuple[Any, Any]], Any]]:
    """Return the function that computes, in each step, the entries of its pattern and a random product.

    It returns what the function returns beside its result, too; None if there is nothing.
    """

    @wraps(of.function)
    def products(*args: Any, **kwargs: Any) -> tuple[list[tuple[Any, Any]], Any]:
        aux: list[Any] = []
        of_chosen, primals = choose(of.of_which(aux), of.argnums, args, kwargs)
        found = []
        with enable_grad():
            record = Recording(of_chosen, *track(primals))
            _check_outputs(of, record, outputs)
            for way, value in steps:
                seeds = _seeds(inputs if way.forward else outputs, way, value)
                rows = _compressed(record, way, seeds)
                # clip: there is nothing to clip, and NumPy writes straight to where the entries go
                found.append((rows.reshape(-1).take(constant(way.place), mode="clip"), rows[-1]))
        return found, aux_of(aux, record) if of.has_aux else None

    return products


def _check_outputs(of: Derivative, record: Recording, outputs: Form) -> None:
    now = _outputs_of(record)
    if (
        now.shapes != outputs.shapes
        or now.is_complex is not outputs.is_complex
        or structure(now.tree) != structure(outputs.tree)
    ):
        raise ShapeError(f"{of} was prepared for the results {outputs}, not for {now}: prepare() it for these")


def _seeds(form: Form, way: Compression, value: complex) -> Callable[[int, int], list[Any]]:
    """Return what makes the seeds of some colours, with the random vector as a last one, for the arrays of a form."""
    bounds = list(pairwise(form.bounds))

    def seeds(start: int, stop: int) -> list[Any]:
        made = []
        for shape, dtype, (first, last) in zip(form.shapes, form.dtypes, bounds, strict=True):
            shape = (stop - start, *shape)
            if dtype.kind not in ("fc" if value == 1 else "c"):
                made.append(np.zeros(shape, dtype))
                continue
            units = (constant(way.colors[first:last]) == np.arange(start, stop)[:, None]).astype(dtype)
            if stop > way.many:
                units = np.concatenate([units[:-1], constant(way.random[first:last].astype(dtype)[None])])
            made.append((units if value == 1 else value * units).reshape(shape))
        return made

    return seeds


def _compressed(record: Recording, way: Compression, seeds: Callable[[int, int], list[Any]]) -> Any:
    """Return the products, a row for each seed, with what they give all arrays one after another."""

    def push(*tangents: Any) -> list[Any]:
        return record.push_forward(dict(zip(record.input_nodes, tangents, strict=True)))

    def pull(*cotangents: Any) -> list[Any]:
        given: dict[Any, Any] = {}
        for node, seed in zip(record.output_nodes, cotangents, strict=True):
            if node is not None:
                given[node] = given[node] + seed if node in given else seed
        found = record.pull_back(given)
        return [seen_at(x, found[x]) if x in found else np.zeros(x.shape, x.dtype) for x in record.input_nodes]

    count = way.many + 1
    parts = along(record, push if way.forward else pull, seeds, count)
    flat = [part.reshape(count, -1) if part.size else np.zeros((count, 0), part.dtype) for part in parts]
    if len(flat) == 1:
        return flat[0]
    return np.concatenate(flat, 1) if flat else np.zeros((count, 0))


def _combined(parts: list[Any], forward: bool, output: np.dtype[Any], x: np.dtype[Any]) -> Any:
    """Return the entries for an output and an input of these dtypes, of those along 1 and along i."""
    kinds = output.kind + x.kind
    found = parts[0]
    if kinds == "cc":
        found = holomorphic(found, parts[1])
        found = found if forward else np.conjugate(found)
    elif kinds[forward] == "c":
        found = found + 1j * parts[1]
    elif "c" not in kinds and found.dtype.kind == "c":  # others are complex
        found = found.real
    return conformed(found, output.kind == "c", x)
