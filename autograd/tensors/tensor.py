"""Tensors: ndarrays in a graph, which NumPy's own functions accept.

Operations are installed on the class by their declarations. This file defines the tensor itself and `backward`.
"""

from __future__ import annotations

import math
import sys
from _thread import RLock  # `threading` has the same one, and takes half a millisecond to import
from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, Never, TypeAlias
from weakref import ref

import numpy as np

from ..arrays.door import (
    ARRAY_TYPES,
    BATCH_TYPES,
    TRACED_TYPES,
    ArrayLike,
    DTypeLike,
    Used,
    as_array,
    concrete,
    constant,
    contents,
    innermost_level,
    levels,
    recorder,
    whole,
)
from ..arrays.standin import StandIn
from ..errors import BatchError, DtypeError, GraphError, ShapeError, UnsupportedError, in_library, no_number
from ..foreign.missing import TENSOR_KEYWORDS, install, listed, refuse_keywords
from ..graph.backward import pull_back
from ..graph.buffer_reuse import held_once
from ..graph.grad_mode import EVER, Cut, cut_at, enable_grad, moment, reason, recording
from ..graph.mutation import expose, forget, owner_of
from ..graph.node import GradientBuffer, Leaf, Lift, Node, Operation, Share, ancestors, leading_to
from ..later import load
from ..source.call_site import leaves_operator, users_line
from ..source.source_info import warn
from . import conversions, dispatch
from .conversions import is_differentiated, refuse, refuse_copy, refuse_number, refuse_stored, refuse_unpacked, taken
from .dataframes import holds_tensors, numbers_of_table, without_polars
from .dispatch import DeclaredLater, operation_of, operations, plain, writers

if TYPE_CHECKING:
    from .methods import Installed
else:
    Installed = object

Array = np.ndarray[Any, Any]
Axis: TypeAlias = int | tuple[int, ...] | None
TensorLike: TypeAlias = "ArrayLike | Tensor"
ndarray = np.ndarray

plain.update((np.shape, np.ndim, np.size))  # the engine itself calls these on tensors


class Tensor(Installed):
    """An ndarray with a gradient, in a graph.

    Attributes and methods have NumPy's names and meanings; NumPy's functions accept tensors and return tensors.
    Functions that always give integers or bools (``argmax``, ``isnan``, ``numpy.less``) return plain NumPy results; an
    operator such as ``<`` gives a constant tensor, which serves as an index or a condition as an ndarray does. Step
    functions (``floor``, ``round``, ``sign``) have the derivative 0.

    Parameters
    ----------
    data
        The values. An ndarray is shared, not copied; `tensor` copies.
    requires_grad
        Whether `backward` is to compute a gradient for this tensor. Only real and complex floating-point values can
        have one. The gradient of a real loss with respect to complex values x + iy is dL/dx + i dL/dy, the direction
        of steepest ascent, as in PyTorch.

    Raises
    ------
    DtypeError
        If `requires_grad` is set and the values are integers or bools.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> np.sum(x * x).backward()
    >>> x.grad
    Tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "_aliases", "_array", "_cut", "_grad", "_node")

    _aliases: list[Any]  # weak references to the tensors that share its memory, including itself; mostly unset
    _array: Array  # not `_data`, which numpy.ma reads from any object that has it, nor `_values`, which pandas reads
    _cut: Cut | None  # where `_node` is None: the call that cut it from a graph
    _grad: Tensor | None
    _node: Node | None

    def __init__(self, data: ArrayLike | Tensor, requires_grad: bool = False) -> None:
        self._array = _numeric_array(data._array if isinstance(data, Tensor) else data)
        self._node = self._cut = None
        if isinstance(data, Tensor):
            if data._node is not None:
                refuse_copy(data._node, "making a tensor of this tensor")
            link(data, self)
            self._cut = cut_at("making a tensor of a tensor", data)
        if requires_grad:
            self.requires_grad_()

    # Values and attributes

    @property
    def data(self) -> Array:
        """The ndarray itself. Writing to it is not recorded; `backward` then raises if it needs the old values.

        See `borrow` for programs that read it often.
        """
        _hand_out(self)
        conversions.note_value(self._node)
        return self._array

    @data.setter
    def data(self, data: ArrayLike) -> None:
        array = _numeric_array(data)
        node = self._node
        if node is not None:
            if type(node) is not Leaf:
                raise GraphError(
                    "the data of a recorded result cannot be replaced, its graph would not fit: detach() first"
                )
            if array.dtype != node.dtype or array.shape != node.shape:
                _require_floating(array)
                self._node = Leaf(array.shape, array.dtype, ref(self))
                self._grad = None
            leaf: Any = self._node
            leaf.shared = True
        self._array = array

    @property
    def grad(self) -> Any:
        """The gradient that `backward` accumulated, a tensor, or None before the first call.

        Its type is Any to type checkers, so that ``x.grad.data`` after `backward` needs no check for None.
        """
        if Used.compile and (records := recorder.get()) is not None:
            records.uses_gradient(self)
        try:
            return self._grad
        except AttributeError:
            if self._node is not None and type(self._node) is not Leaf:
                warn(
                    "the gradient of a tensor that is not a leaf is not kept: call retain_grad() before backward(). "
                    "Where a step of a descent made it, as in w = w - rate * w.grad, write w.data -= rate * w.grad.data"
                )
            return None

    @grad.setter
    def grad(self, gradient: ArrayLike | Tensor | None) -> None:
        node = self._node
        if Used.compile and (records := recorder.get()) is not None:
            records.replaces_gradient(self)
        if node is None:
            if gradient is not None:
                raise GraphError(
                    "a tensor that does not require a gradient cannot hold one: call requires_grad_() first"
                )
            return
        if gradient is not None:
            gradient = gradient if isinstance(gradient, Tensor) else Tensor(gradient)
            if gradient.shape != node.shape:
                clear = "" if gradient.shape else ": to clear it, write x.grad = None, or zero_grad() of an optimizer"
                raise ShapeError(f"a gradient of shape {gradient.shape} for a tensor of shape {node.shape}{clear}")
            if gradient.dtype != node.dtype:
                gradient = Tensor(gradient._array.astype(node.dtype))
            if type(gradient._array) in BATCH_TYPES:
                _refuse_outside({node: gradient})
        self._grad = gradient

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient can flow to or through this tensor."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor is not the recorded result of an operation."""
        return self._node is None or type(self._node) is Leaf

    @property
    def grad_fn(self) -> Operation | None:
        """The operation that made this tensor, or None for a leaf."""
        return None if self._node is None or type(self._node) is Leaf else self._node.op

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        shape: tuple[int, ...] = self._array.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The data type of the elements."""
        dtype: np.dtype[Any] = self._array.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    @property
    def nbytes(self) -> int:
        """The number of bytes that the elements take."""
        return self._array.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        """How many bytes apart neighbours along each axis are."""
        return self._array.strides

    @property
    def device(self) -> str:
        """The device that holds the elements: always ``"cpu"``."""
        return "cpu"

    def to_device(self, device: str, /, *, stream: Any = None) -> Tensor:
        """Return the tensor itself if it is on `device`.

        Raises
        ------
        ValueError
            If another device is asked for, or a stream: the CPU has none.
        """
        if device != self.device or stream is not None:
            raise ValueError(
                f"there is no device but {self.device!r}, and it has no streams: got {device!r}, {stream!r}"
            )
        return self

    def to(self, device: Any, *, non_blocking: bool = False) -> Tensor:
        """Return the tensor itself if it is on `device`, for programs written for PyTorch.

        Raises
        ------
        ValueError
            If another device is asked for, or a dtype: use `astype` for that.
        """
        if str(device) != self.device:
            remedy = ": for a dtype there is t.astype(dtype)" if isinstance(device, type | np.dtype) else ""
            raise ValueError(f"there is no device but {self.device!r}, not {device!r}{remedy}")
        return self

    def cpu(self) -> Tensor:
        """Return the tensor itself, which is on the CPU already."""
        return self

    def item(self) -> Any:
        """Return the only element as a Python number."""
        conversions.note_value(self._node)
        return _apart(self._array).item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        conversions.note_value(self._node)
        return _apart(self._array).tolist()

    def numpy(self) -> Array:
        """Return the ndarray itself, as `data` does."""
        return self.data

    # The graph

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient of this leaf, or stop asking; return the tensor itself.

        Raises
        ------
        DtypeError
            If the elements are not floating-point numbers.
        GraphError
            If the tensor is the result of an operation: its inputs decide whether it requires a gradient.
        """
        if self._node is not None and type(self._node) is not Leaf:
            if not requires_grad:
                raise GraphError("a result of recorded operations cannot stop requiring a gradient: use detach()")
        elif not requires_grad:
            self._cut = cut_at("requires_grad_(False)", self)
            self._node = self._grad = None
        elif self._node is None:
            _require_floating(self._array)
            self._node = Leaf(self._array.shape, self._array.dtype, ref(self))
            self._grad = None
        return self

    def detach(self) -> Tensor:
        """Return a constant tensor that shares the data."""
        constant = Tensor(_apart(self._array))
        constant._cut = cut_at("detach()", self)
        link(self, constant)
        return constant

    def detach_(self) -> Tensor:
        """Cut this tensor from its graph in place, so that it is a constant from now on, and return it."""
        self._cut = cut_at("detach_()", self)
        self._node = self._grad = None
        return self

    def zero_grad(self) -> None:
        """Set `grad` to None."""
        self.grad = None

    def backward(
        self,
        gradient: ArrayLike | Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Compute the gradient of this tensor with respect to the leaves of its graph, and add it to their `grad`.

        Parameters
        ----------
        gradient
            The gradient with respect to this tensor (the cotangent), of its shape. May be left out if the tensor has
            one element.
        retain_graph
            Keep the saved values, so that `backward` can go through the graph again. Defaults to `create_graph`.
        create_graph
            Record the derivatives too, so that gradients can be differentiated in turn.
        inputs
            The only tensors to compute a gradient for; by default all leaves that require one.

        Raises
        ------
        GraphError
            If this tensor does not depend on anything that requires a gradient, if it has more than one element and
            no `gradient` is given, or if an earlier `backward` freed the graph.

        Examples
        --------
        >>> from autograd import tensor
        >>> x = tensor([1.0, 2.0], requires_grad=True)
        >>> (x**2).backward(gradient=[1.0, 10.0])
        >>> x.grad
        Tensor([ 2., 40.])
        """
        root = self._node
        if root is None:
            raise GraphError(f"backward() has nothing to go back through: {reason(self._cut)}")
        array: Any = self._array
        if type(array) in BATCH_TYPES:
            array.level.check_running(array)
        seed = self._seed(gradient)
        retain = create_graph if retain_graph is None else retain_graph
        order = ancestors([root])
        if taken:
            self._look_for_numbers(order)
        targets = None
        if inputs is not None:
            targets = []
            if not isinstance(inputs, Iterable):
                raise TypeError(f"backward() takes a tensor or several as inputs, not {type(inputs).__name__}")
            for x in [inputs] if isinstance(inputs, Tensor) else inputs:
                if not isinstance(x, Tensor):
                    raise TypeError(f"backward() takes tensors as inputs, not {type(x).__name__}")
                targets.append(_node_of(x))
                targets[-1].owner = ref(x)
            order = leading_to(targets, order)
        if create_graph:
            with enable_grad():
                found = pull_back(
                    {root: Tensor(seed)}, order, targets, partial=inputs is not None, lift=LIFT, free=not retain
                )
        else:
            found = pull_back({root: seed}, order, targets, partial=inputs is not None, free=not retain)
        del seed, gradient
        if moment() is not EVER and any(node.number < moment() for node in found):
            raise GraphError(
                "backward() in a function that is evaluated once more for derivatives, as by checkpoint(), would add "
                "to the gradients of tensors from outside a second time: use grad() or gradients() there"
            )
        if Used.vmap:
            _refuse_outside(found)
        with accumulation:
            for node in found:
                _accumulate(node, found)

    @staticmethod
    def _look_for_numbers(order: list[Node]) -> None:
        """Warn if numbers that were taken from tensors came back into the graph; those that it ends with cannot."""
        earlier = [each for each in taken if each[0] < order[-1].number]
        taken.clear()
        if earlier:
            from .taken_numbers import Taken, warn_of_numbers  # few programs need it

            warn_of_numbers([Taken(*each) for each in earlier], order)

    def _seed(self, gradient: ArrayLike | Tensor | None) -> Array:
        data = self._array
        if gradient is None:
            if data.size != 1:
                raise GraphError(
                    f"backward() without a gradient needs one element, but this tensor has shape {data.shape}: "
                    f"reduce it first, as in loss.mean().backward(), or pass gradient= of that shape"
                )
            if data.dtype.kind == "c":
                raise GraphError(
                    f"backward() without a gradient needs a real number, but this tensor is {data.dtype}: take its "
                    f"real part or its absolute value, or pass gradient="
                )
            return np.ones(data.shape, data.dtype) if data.ndim else np.array(1, data.dtype)
        array = gradient._array if isinstance(gradient, Tensor) else plain_array(gradient)
        if array.shape != data.shape:
            raise ShapeError(f"backward() got a gradient of shape {array.shape} for a tensor of shape {data.shape}")
        if array.dtype.kind not in "biufc":
            raise DtypeError(f"backward() got a gradient of dtype {array.dtype}: it should hold numbers")
        if array.dtype.kind == "c":
            array = array.conjugate() if data.dtype.kind == "c" else array.real
        return array if array.dtype == data.dtype else array.astype(data.dtype)

    # NumPy's protocols

    __array_priority__ = 1000
    __pandas_priority__ = 5000  # above that of a DataFrame, so that pandas leaves its operators to tensors

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if leaves_operator(sys._getframe(1)):
            return np.array(None, dtype=object)
        if self._node is not None:
            refuse("converting this tensor to an ndarray")
        shown: Any = self._array
        if type(shown) in TRACED_TYPES:  # which says what to do instead
            return shown.__array__(dtype, copy)  # type: ignore[no-any-return]
        array = np.array(self._array, dtype=dtype, copy=copy)
        if array is self._array:
            _hand_out(self)
        return array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and method == "__call__":
            operation = operations.get(ufunc) or operation_of(ufunc)
            if operation is not None:
                try:
                    return operation(*inputs)
                except BatchError:
                    return _looped(operation, inputs, {})
        try:
            return dispatch.ufunc_fallback(ufunc, method, inputs, kwargs)
        except BatchError:
            if method == "at" or "out" in kwargs:
                raise  # one element after another, it would be written to the same memory
            return _looped(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if len(types) > 1 and _hands_over(types):
            return NotImplemented
        operation = operation_of(function) or writers.get(function)
        if operation is not None:
            if not args:  # NumPy calls the first parameter `a`, `ary`, `m` or `x`; an operation takes it by position
                first = next(iter(signature(function).parameters))
                args, kwargs = (kwargs[first],), {name: kwargs[name] for name in kwargs if name != first}
            given = "out" in kwargs or (len(args) > 1 and len(args) > dispatch.out_and_after(function)[0])
            if given and function not in writers:
                return dispatch.call_into(function, operation, args, kwargs)
            try:
                return operation(*args, **kwargs)
            except BatchError:
                if function in writers:
                    raise
                return _looped(operation, args, kwargs)
        if function in _MAKERS:  # which `like` names, as its array makes them
            return function(*args, **kwargs, like=self._array if _MAKERS[function] else whole(self._array))
        if function in plain or not any_live((args, kwargs)):
            return dispatch.call_undifferentiated(function, args, kwargs)
        return unsupported(function.__name__, {})

    # The array API standard

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        array_api = load("the array API")  # a program that never asks for it does not load it
        if api_version not in (None, *array_api.versions):
            raise ValueError(f"the array API {api_version!r} is not among {', '.join(array_api.versions)}")
        return array_api

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if self._node is not None:
            refuse("handing this tensor to another library")
        if not copy:
            _hand_out(self)
        array: Any = self._array
        return array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self, /) -> tuple[int, int]:
        return self._array.__dlpack_device__()

    # Arrow's, by which Polars and others make columns

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        if self._node is not None:
            refuse("handing this tensor to another library")
        try:
            from pyarrow import array
        except ImportError:
            raise TypeError(f"a column is made of t.data, the array of a tensor t, at {users_line()}") from None
        _hand_out(self)
        return array(self._array).__arrow_c_array__(requested_schema)

    # Python's protocols

    __hash__ = object.__hash__

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        refuse_unpacked(sys._getframe(1))
        return (self[i] for i in range(len(self._array)))

    def __bool__(self) -> bool:
        return bool(self._array)

    def __float__(self) -> float:
        if self._node is not None:
            refuse_number(self._node, self._array)
        return float(_apart(self._array))

    def __complex__(self) -> complex:
        if self._node is not None:
            refuse_number(self._node, self._array)
        return complex(_apart(self._array))

    # Integers, whose derivative is 0: a constant is right, unless an ndarray would store it instead of the tensor.

    def __int__(self) -> int:
        if self._node is not None:
            refuse_stored()
        return int(_apart(self._array))

    def __index__(self) -> int:
        return self._array.__index__()

    def __trunc__(self) -> int:
        return int(_apart(self._array))

    def __floor__(self) -> int:
        return math.floor(_apart(self._array))

    def __ceil__(self) -> int:
        return math.ceil(_apart(self._array))

    def __contains__(self, value: Any) -> bool:
        return unwrap(value) in self._array

    def __dir__(self) -> list[str]:
        return listed(self, super().__dir__())

    def __format__(self, spec: str) -> str:
        return format(self.item() if self._array.ndim == 0 else self._array, spec) if spec else str(self)

    def __repr__(self) -> str:
        array: Any = self._array
        if type(array) in TRACED_TYPES:
            array = array.records.text(array)
        body = repr(array) if type(array) in BATCH_TYPES else np.array2string(array, separator=", ", prefix="Tensor(")
        parts = [body]
        if self._array.dtype not in (np.float64, np.int64, np.bool_):
            parts.append(f"dtype={self._array.dtype}")
        if type(self._node) is Leaf:
            parts.append("requires_grad=True")
        elif self._node is not None:
            parts.append(f"grad_fn={self._node.op.name}")
        return f"Tensor({', '.join(parts)})"

    def _repr_html_(self) -> str | None:
        from .notebook import html_of  # only notebooks ask for it

        node = self._node
        role = "" if node is None else "requires_grad=True" if type(node) is Leaf else f"computed by {node.op.name}"
        return html_of(self._array, role, self.__repr__)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._node is not None:
            refuse_copy(self._node, "pickling this tensor")
        _hand_out(self)  # to pickle, which may pass it on out of band
        made = pickled(Tensor, self._array, type(self._node) is Leaf)
        return made if type(self) is Tensor else (_of_kind, (type(self), _attributes(self), *made))

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None and (is_differentiated(self._node) or holds_tensors(sys._getframe(1).f_back)):
            memo[id(self)] = recorded = +self  # a result, where a program or a model means a leaf of its own
            return recorded
        copied = Tensor(self._array.copy("K"), type(self._node) is Leaf)
        if type(self) is not Tensor:
            from copy import deepcopy  # which programs without subclasses never need

            copied = _of_kind(type(self), deepcopy(_attributes(self), memo), lambda: copied, ())
        if type(self._node) is Leaf and self._grad is not None:
            copied.grad = Tensor(self._grad._array.copy("K"))
        memo[id(self)] = copied
        return copied


def _of_kind(kind: type[Tensor], attributes: dict[str, Any], make: Callable[..., Tensor], args: Any) -> Tensor:
    """Return the tensor that ``make(*args)`` makes as one of a subclass, whose constructor may take anything."""
    made, same = make(*args), object.__new__(kind)
    Tensor.__init__(same, made._array, made.requires_grad)
    for name, value in attributes.items():
        object.__setattr__(same, name, value)
    return same


def _attributes(x: Tensor) -> dict[str, Any]:
    """Return the attributes that a subclass has beyond those of tensors."""
    named, in_slots = getattr(object, "__getstate__")(x)  # noqa: B009  # mypy takes it for that of some other class
    return {name: value for name, value in {**in_slots, **(named or {})}.items() if name not in Tensor.__slots__}


def pickled(kind: type[Tensor], array: Array, *others: Any) -> tuple[Any, ...]:
    """Return what `__reduce__` of a class of tensors returns, to make it from its array, in the same order of memory.

    Products round otherwise in another order, which pickle does not keep if it is neither C's nor Fortran's.

    Parameters
    ----------
    kind
        The class.
    array
        Its first argument.
    *others
        The other arguments.

    Examples
    --------
    >>> import pickle
    >>> import numpy as np
    >>> from autograd import Tensor
    >>> from autograd.extend import pickled
    >>> make, args = pickled(Tensor, np.ones((2, 3, 4)).transpose(1, 0, 2))
    >>> make(*pickle.loads(pickle.dumps(args))).data.strides
    (32, 96, 8)
    """
    if unmasked(array).flags.forc:  # which NumPy keeps
        return kind, (array, *others)
    axes = np.argsort([-abs(stride) for stride in array.strides], kind="stable")
    return _unpickled, (kind, array.transpose(axes), np.argsort(axes).tolist(), *others)


def _unpickled(kind: type[Tensor], array: Array, axes: list[int], *others: Any) -> Tensor:
    return kind(array.transpose(axes), *others)


install(Tensor)
for _name in ("register_hook", "register_post_accumulate_grad_hook", "retain_grad", "retains_grad"):
    setattr(Tensor, _name, DeclaredLater(_name, "hooks"))


class _TensorLift:
    """Turns an array that a node saved into a tensor with that node, so that rules record themselves."""

    def wrap(self, array: Any, node: Node) -> Tensor:
        while type(node) is Share:  # the array is that of the tensor itself; who uses it with a batch adds another
            node = node.x  # type: ignore[assignment]  # it has an input
        lifted = object.__new__(Tensor)
        array = array if type(array) is ndarray else as_array(array)
        lifted._array, lifted._node, lifted._cut = array, node, None
        return lifted

    def unwrap(self, gradient: Any) -> Array:
        return gradient._array if isinstance(gradient, Tensor) else as_array(gradient)


LIFT: Lift = _TensorLift()
# What makes arrays of no other, and whether in a batch one for each element, which may be written to.
_MAKERS = dict.fromkeys((np.zeros, np.empty, np.ones), True) | dict.fromkeys((np.eye, np.identity, np.tri), False)


def _apart(array: Any) -> Array:
    """Return an array as what asks a tensor for its value alone gets it: `sparsity` does not follow that."""
    apart: Array = array.detached() if isinstance(array, StandIn) else array
    return apart


def _looped(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function that could not compute for a batch at once for each of its elements; see `vmap`."""
    level: Any = innermost_level(args, kwargs)
    if level is None:
        raise
    return level.loop_call(function, args, kwargs)


_linking = RLock()  # held while a list of tensors that share memory is made or cleared of those that are gone


def link(x: Tensor, view: Tensor) -> None:
    """Note that `view` shares memory with `x`: see `views`."""
    group = getattr(x, "_aliases", None)
    if group is None or (len(group) >= 64 and len(group) & (len(group) - 1) == 0):  # at powers of two: cheap in total
        with _linking:
            group = getattr(x, "_aliases", None)
            if group is None:
                group = x._aliases = [ref(x)]
            count = len(group)  # another thread may append meanwhile
            group[:count] = [member for member in group[:count] if member() is not None]
    group.append(ref(view))
    view._aliases = group


def tensor(
    data: ArrayLike | Tensor, dtype: DTypeLike | None = None, requires_grad: bool = False, **foreign: Never
) -> Tensor:
    """Make a tensor from a copy of `data`, with the dtype that `numpy.array` would give: float64 for a list of floats.

    Parameters
    ----------
    data
        Numbers, nested sequences of numbers, an ndarray or a tensor.
    dtype
        The dtype of the elements; by default NumPy's choice.
    requires_grad
        Whether `backward` is to compute a gradient for this tensor.
    **foreign
        Nothing: other names are refused, with the one that was probably meant.

    Examples
    --------
    >>> from autograd import tensor
    >>> tensor([1, 2], dtype="float32", requires_grad=True)
    Tensor([1., 2.], dtype=float32, requires_grad=True)
    """
    if foreign:
        refuse_keywords("tensor()", foreign, TENSOR_KEYWORDS, ["data", "dtype", "requires_grad"])
    if isinstance(data, Tensor) and data._node is not None:
        refuse_copy(data._node, "making a tensor of this tensor")
        if requires_grad and type(data._node) is not Leaf and recording():
            warn(
                "this copy of a computed tensor begins anew, without its graph: no gradient reaches what it was "
                "computed from. Use the tensor itself, or, where a new leaf is meant, give t.detach()"
            )
    array = data._array if isinstance(data, Tensor) else without_polars(unmasked(data))
    try:
        copied = array.astype(dtype or array.dtype) if isinstance(array, StandIn) else np.array(array, dtype=dtype)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(f"a tensor has rows of one length, and these are rows of different lengths: {error}") from None
    if copied.dtype.kind == "O":
        copied = plain_array(data).copy()  # of columns that may have missing values
    made = Tensor(copied, requires_grad)
    if type(made._node) is Leaf:
        made._node.shared = False  # nobody else has the copy
    elif isinstance(data, Tensor):
        made._cut = cut_at("making a tensor of a tensor", data)
    return made


def _hand_out(x: Tensor) -> None:
    """Note that the ndarray of a tensor is handed out, if it or a tensor that shares its memory is in a graph."""
    sharing = getattr(x, "_aliases", None)
    if sharing is not None:
        members = [member for member in (reference() for reference in sharing) if member is not None]
        matters = [expose(member._node, x._array) for member in members if member._node is not None]
    elif x._node is not None:
        matters = [expose(x._node, x._array)]
    else:
        return
    if not any(matters):
        forget(id(owner_of(x._array)))


def as_tensor(data: ArrayLike | Tensor) -> Tensor:
    """Return `data` if it is a tensor, else a constant tensor that shares its memory where possible."""
    return data if isinstance(data, Tensor) else Tensor(data)


def unwrap(value: Any) -> Any:
    """Return `value` with each tensor, including those in lists, tuples and dicts, replaced by its ndarray."""
    if isinstance(value, Tensor):
        return value._array
    if type(value) in (list, tuple):
        return type(value)(map(unwrap, value))
    if type(value) is dict:
        return {key: unwrap(item) for key, item in value.items()}
    return value if type(value) in ARRAY_TYPES else without_polars(unmasked(value))


def refuse_values(*given: Any) -> None:
    """Raise where a result without a derivative holds values of tensors in a function that is being differentiated."""
    for value in contents([given]):
        if isinstance(value, Tensor) and value._node is not None:
            refuse_copy(value._node, "taking values of this tensor")


def any_live(value: Any) -> bool:
    """Tell whether a gradient can flow to a tensor in `value`, including those in lists, tuples and dicts."""
    return any(isinstance(x, Tensor) and x._node is not None for x in contents([value])) and bool(recording())


def unsupported(name: str, options: dict[str, Any]) -> Any:
    """Raise the error for a NumPy function without a derivative here; it says what to do instead."""
    if name.startswith("save"):
        raise UnsupportedError(
            f"numpy.{name} writes arrays: give it t.data, the values, at {users_line()}; nn.save(model, path) writes "
            f"all parameters of a model"
        )
    full = in_library(name)
    function = full.removesuffix(name) + name.partition(".")[0]
    what = full + (f" with {', '.join(sorted(options))}=" if options else "")
    raise UnsupportedError(
        f"{what} has no derivative here, and its input, at {users_line()}, requires a gradient. To differentiate "
        f"it, declare it: autograd.general({function}, lambda g, ...: ...). Where the value alone "
        f"is meant, pass t.detach() or t.data, a constant: gradients then take no account of it"
    )


def unmasked(data: Any) -> Any:
    """Return `data`; raise for a masked array, even if nothing is masked, and for a matrix: it would be an array."""
    if type(data) not in ARRAY_TYPES and isinstance(data, ndarray):
        _refuse_odd(data)
    return data


def _hands_over(types: Iterable[type]) -> bool:
    """Ask whether the class of an argument may hold tensors, as pint's quantities do; masked arrays raise."""
    for kind in types:
        if issubclass(kind, ndarray):
            _refuse_odd(kind)
        elif not issubclass(kind, Tensor) and kind.__module__.partition(".")[0] != "autograd":
            return True
    return False


def _refuse_odd(data: Any) -> None:
    for odd in ("mask", "A1"):  # of masked arrays, without loading numpy.ma, and of numpy.matrix
        if hasattr(data, odd):
            from .remedies import ODD  # only errors need it

            raise DtypeError(f"{ODD[odd]} (at {users_line()})")


def plain_array(data: Any) -> Array:
    """Return `data` as an ndarray, not as an instance of a subclass; a batched array of `vmap` stays one."""
    array: Array = data
    if type(data) is ndarray:
        return array
    if isinstance(data, StandIn):
        return data.array()  # type: ignore[no-any-return]
    array = np.asarray(without_polars(unmasked(data)))
    if array.dtype.kind == "O":
        numbers = numbers_of_table(data)
        return array if numbers is None else numbers
    return array


def _numeric_array(data: Any) -> Array:
    array: Array = plain_array(data)
    if array.dtype.kind not in "biufc":
        raise DtypeError(f"a tensor holds numbers, not {no_number(array)}")
    return array


def _require_floating(array: Array) -> None:
    if array.dtype.kind not in "fc":
        raise DtypeError(
            f"only floating-point tensors can require a gradient, not {array.dtype}: "
            f"write 1.0 for 1, x.astype(float) for an array, or pass dtype=float (shape {array.shape})"
        )


def _node_of(x: Tensor) -> Node:
    if x._node is None:
        raise GraphError(
            f"an input does not require a gradient: {reason(x._cut)}"
            if x._cut is not None
            else "an input does not require a gradient: call requires_grad_() before computing with it"
        )
    return x._node


def constant_tensor(array: Array) -> Tensor:
    """Return a constant tensor of an array that needs no check."""
    constant = object.__new__(Tensor)
    constant._array = array
    constant._node = constant._cut = None
    return constant


def conjugated(g: Array | Tensor) -> Any:
    """Return the conjugate of a complex gradient, and a real gradient as it is.

    Within a backward pass the gradient of L with respect to z = x + iy is dL/dx - i dL/dy, so that analytic functions
    have the same rules as real ones, without a conjugate. Users see dL/dx + i dL/dy, along which L grows.
    """
    return np.conjugate(g) if g.dtype.kind == "c" else g


# Held while gradients are accumulated in leaves, as other threads may do too; hooks may call backward() in turn.
accumulation = RLock()


def _refuse_outside(found: dict[Node, Any]) -> None:
    """Raise where a gradient, within `vmap`, is for a tensor from outside it, as all elements share its `grad`."""
    running = max([level.number for level in levels()], default=0)
    for node, gradient in found.items():
        level = innermost_level(gradient)  # in another thread, no level may be known to run
        if node.number < max(running, level.number if level else 0):
            here = "sparsity" if level is not None and level.of_pattern else "vmap"
            raise BatchError(
                f"backward(), at {users_line()}, reaches a tensor of shape {node.shape} that was made outside {here} "
                f"and has one grad for all elements of the batch: use grad() or gradients() for those of each element, "
                f"or call backward() after vmap, on a sum or mean of what it returned"
            )


def _accumulate(node: Node, found: dict[Node, Any]) -> None:
    """Add the gradient found for `node` to that of its tensor, in memory that nobody else can see."""
    tensor = node.owner()
    if tensor is None:
        return  # the tensor is gone
    if type(node) is not Leaf:
        tensor._grad = _sum(None, node, found if node.dtype.kind != "c" else {node: seen_at(node, found[node])})
        return
    buffer, hooks = node.buffer, node.hooks
    if node.dtype.kind == "c" or hooks is not None:
        found = {node: seen_at(node, found[node])}
    if buffer is None or isinstance(found[node], Tensor):
        tensor._grad = _sum(tensor._grad, node, found)
    else:
        _accumulate_in(buffer, tensor, node, found)
    if hooks is not None:
        hooks.accumulated()


def _sum(present: Tensor | None, node: Node, found: dict[Node, Any]) -> Tensor:
    """Return the sum of the gradient that a tensor has, if any, and the gradient found, copied only if necessary."""
    if isinstance(found[node], Tensor):
        return in_own_memory(found[node]) if present is None else present + found[node]
    if present is None:
        return constant_tensor(as_array(found[node]) if held_once(found, node) else as_array(found[node]).copy("K"))
    return (
        present + found[node] if present._node is not None else constant_tensor(as_array(present._array + found[node]))
    )


def _accumulate_in(buffer: GradientBuffer, tensor: Tensor, node: Node, found: dict[Node, Any]) -> None:
    """Add the gradient found for `node` to that of `tensor` in the array of `buffer`, unless somebody else holds it."""
    array = buffer.array  # no other thread can claim it as long as it is held here
    if tensor._grad is None and concrete(found[node]) is array:
        tensor._grad = constant_tensor(found[node])
    elif tensor._grad is not None and concrete(tensor._grad._array) is array:
        tensor._grad = None  # whoever still holds it must not see it change
        owned = buffer.claim(1) is not None
        total = np.add(array, found[node], array) if owned else np.add(array, found[node], order=_order(array))
        tensor._grad = constant_tensor(np.asarray(total))
    elif tensor._grad is None and buffer.claim(1) is not None:
        np.copyto(array, found[node])
        tensor._grad = constant_tensor(constant(array))
    else:
        if found[node].strides != array.strides:
            found = {node: np.asarray(as_array(found[node]), order=_order(array))}
        tensor._grad = _sum(tensor._grad, node, found)


def _order(array: Array) -> Any:
    """Return the order of memory of a gradient, which it has elsewhere too: a norm, for one, rounds otherwise else."""
    return "C" if array.flags.c_contiguous else "F"


def as_now(x: Tensor) -> Tensor:
    """Return another tensor with the current value and node of `x`."""
    now = constant_tensor(x._array)
    now._node = x._node
    return now


def in_own_memory(g: Tensor) -> Tensor:
    """Return a recorded gradient as a new tensor that shares its memory with no other."""
    if type(g._node) is Leaf:
        return g + 0
    own = constant_tensor(g._array.copy())
    own._node, own._cut = g._node, getattr(g, "_cut", None)
    return own


def seen_at(node: Node, g: Array | Tensor) -> Any:
    """Return the gradient of a target of a backward pass as users see it, after the hooks of a leaf."""
    g = conjugated(g)
    return node.hooks.arrived(g) if type(node) is Leaf and node.hooks is not None else g
