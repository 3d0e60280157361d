"""Calls of `autograd`'s own functions that work; the suite of wrong arguments breaks them one argument at a time.

What returns a function is called together with it: a derivative that was asked for wrongly has to say so.
"""

import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value
from autograd.graph.name_scope import _described, _named
from autograd.tensors.dispatch import operations, plain
from autograd.transforms.checkpoint import _generators
from autograd.transforms.pytree import REGISTERED

Function = Callable[..., Any]
Made = Callable[[], list[Any]]


def x() -> Tensor:
    return Tensor(np.array([0.5, 1.0, 2.0]), requires_grad=True)


def square(x: Any) -> Any:
    return x * x


def total(x: Any) -> Any:
    return np.sum(x * x)


def custom_reverse(fun: Any, nondiff_argnums: Any, fwd: Any, bwd: Any, *args: Any) -> Any:
    made = autograd.custom_vjp(fun, nondiff_argnums)
    made.defvjp(fwd, bwd)
    return autograd.grad(lambda *args: np.sum(made(*args)), 1)(*args)


def custom_forward(fun: Any, nondiff_argnums: Any, rule: Any, *args: Any) -> Any:
    made = autograd.custom_jvp(fun, nondiff_argnums)
    made.defjvp(rule)
    return autograd.grad(lambda *args: np.sum(made(*args)))(*args)


def custom_parts(fun: Any, first: Any, second: Any, *args: Any) -> Any:
    made = autograd.custom_jvp(fun)
    made.defjvps(first, second)
    return autograd.grad(lambda *args: np.sum(made(*args)))(*args)


class Held:
    """A class that is no container of itself."""

    def __init__(self, x: Any) -> None:
        self.x = x


def registered(flatten: Any, unflatten: Any, x: Any) -> Any:
    autograd.register_pytree_node(Held, flatten, unflatten)
    try:
        return autograd.grad(lambda held: total(held.x))(Held(x)).x
    finally:
        del REGISTERED[Held]


@dataclass
class Named:
    """A dataclass with a field that is none of its parts."""

    x: Any
    name: str = "name"


def registered_fields(data_fields: Any, meta_fields: Any, x: Any, drop_fields: Any = ()) -> Any:
    autograd.register_dataclass(Named, data_fields, meta_fields, drop_fields)
    try:
        return autograd.grad(lambda named: total(named.x))(Named(x)).x
    finally:
        del REGISTERED[Named]


def pair(x: Any) -> Any:
    return np.sum(x * x), {"beside": x}


def product(x: Any, y: Any) -> Any:
    return np.sum(x * y)


def product_of(x: Any, y: Any) -> Any:
    return x * y


def added(state: Any, x: Any) -> Any:
    return state + x, state * x


def squared(x: Any) -> Any:
    return x * x + 1


def small(x: Any) -> Any:
    return np.max(x) < 10


def twice(x: Any) -> Any:
    return x, 2 * x


def halved(x: Any, y: Any) -> Any:
    return 0.5 * (x + y / x)


def compiled(function: Any, x: Any, **options: Any) -> Any:
    """Compile a function and call it twice."""
    call = autograd.compile(function, **options)
    return call(x), call(x)


def derivative_of(transform: Function) -> Function:
    """Return the function that asks for a derivative and calls it with the last argument."""

    def derivative(function: Any, x: Any, *options: Any) -> Any:
        return transform(function, *options)(x)

    return derivative


def pulled(function: Any, x: Any, cotangent: Any) -> Any:
    return autograd.vjp(function, x)[1](cotangent)


def pushed(function: Any, x: Any, tangent: Any) -> Any:
    return autograd.linearize(function, x)[1](tangent)


def declared(declare: Function) -> Function:
    """Return the function that declares an operation, and uses it in both directions."""

    def use(function: Any, *rules: Any, **options: Any) -> Any:
        operation = declare(function, *rules, **options)
        result = operation(*(x() for _ in rules))
        result.sum().backward()
        return result

    return use


def of_several(function: Any, rule: Any, outputs: Any) -> Any:
    operation = autograd.general(function, rule, outputs=outputs)
    first, second = operation(x())
    (first + second).sum().backward()
    return first


def of_class(forward: Any, backward: Any, *args: Any) -> Any:
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    made: Any = type("Made", (autograd.Function,), methods)
    return walked_back(made.apply(*args))


def within(context: Function) -> Function:
    """Return the function that computes and walks back within a context."""

    def use(*args: Any) -> Any:
        with context(*args):
            result = np.exp(x()).sum()
        if result.requires_grad:
            result.backward()
        return result

    return use


def hooked(register: str) -> Function:
    def use(hook: Any) -> Any:
        leaf = x()
        getattr(leaf, register)(hook)
        square(leaf).sum().backward()
        return leaf.grad

    return use


def method(name: str, make: Callable[[], Any]) -> Function:
    """Return the method of a tensor that `make` makes."""
    return lambda *args, **options: getattr(make(), name)(*args, **options)


def checkpointed(function: Any, x: Any) -> Any:
    return walked_back(autograd.checkpoint(function, x))


def walked_back(result: Any) -> Any:
    total = np.sum(result)
    if isinstance(total, Tensor) and total.requires_grad:
        total.backward()
    return result


def scaled_value(factor: Any) -> Any:
    result = Value(2.0) * factor
    if isinstance(result, Value):
        result.backward()
    return result


class Buffer:
    """Where a gradient is kept, as an optimizer has it."""

    def __init__(self) -> None:
        self.array = self.whole = np.zeros(3)

    def claim(self, known: int = 0) -> Any:
        return self.array


def buffered(parameter: Any, buffer: Any) -> Any:
    autograd.extend.set_gradient_buffer(parameter, buffer)
    parameter.sum().backward()
    return parameter.grad


class Weight(Tensor):
    """A tensor of a subclass."""


def of_batch(x: Any) -> Any:
    """Return what is taken out of a batch and put back."""

    def of_element(x: Any) -> Any:
        level = autograd.extend.innermost(x)
        return autograd.extend.enter_batch(autograd.extend.leave_batch(x, level), level)

    return autograd.vmap(of_element)(x)


def lent(x: Any, array: Any) -> Any:
    autograd.extend.lend(x, array)
    return x


def described(method: Any, describe: Any) -> Any:
    autograd.extend.describe_calls(method, describe)
    with autograd.watch_calls():
        return Described().method(x())


def named(function: Any) -> Any:
    autograd.extend.name_calls(function)
    try:
        return autograd.draw_graph(lambda: function(x()))
    finally:
        if (code := getattr(function, "__code__", None)) is not None:
            _named.pop(code, None)


class Described:
    def method(self, x: Any) -> Any:
        return x * x


def made_generator(make: Any, own: Any = None) -> Any:
    autograd.extend.restore_in_checkpoints(make, own)
    return autograd.checkpoint(square, x())


def composed(function: Any, composition: Any, method: bool = False) -> Any:
    return autograd.composed(function, method=method)(composition)(x())


def written(name: str, make: Callable[[], Tensor]) -> Function:
    def write(value: Any) -> Any:
        tensor = make()
        setattr(tensor, name, value)
        return tensor

    return write


def operate(symbol: Function) -> Function:
    def use(x: Any, y: Any) -> Any:
        return symbol(x, y)

    return use


def set_item(key: Any, value: Any) -> Any:
    tensor = _constant()
    tensor[key] = value
    return tensor


def _array() -> Any:
    return np.array([0.5, 1.0, 2.0])


def _result() -> Any:
    return np.sum(np.exp(x()))


def _constant() -> Tensor:
    return Tensor(_array())


# By the names that the test has: the function, what makes arguments that it accepts, and its options with defaults.
CALLS: dict[str, tuple[Function, Made, dict[str, Any]]] = {
    "Tensor": (Tensor, lambda: [_array()], {"requires_grad": True}),
    "tensor": (autograd.tensor, lambda: [_array()], {"dtype": None, "requires_grad": True}),
    "as_tensor": (autograd.as_tensor, lambda: [_array()], {}),
    "Value": (Value, lambda: [2.0], {}),
    "Value.backward": (scaled_value, lambda: [3.0], {}),
    "grad": (derivative_of(autograd.grad), lambda: [total, _array(), 0, False], {}),
    "grad.aux": (derivative_of(autograd.grad), lambda: [pair, _array(), 0, True], {}),
    "grad.of_trees": (derivative_of(autograd.grad), lambda: [lambda p: product(*p["a"]), {"a": [1.0, 2.0]}], {}),
    "grad.twice": (derivative_of(lambda f: autograd.grad(autograd.grad(f))), lambda: [total, 3.0], {}),
    "value_and_grad": (derivative_of(autograd.value_and_grad), lambda: [total, _array(), 0, False], {}),
    "value_and_grad.aux": (derivative_of(autograd.value_and_grad), lambda: [pair, _array(), 0, True], {}),
    "elementwise_grad": (derivative_of(autograd.elementwise_grad), lambda: [square, _array(), 0], {}),
    "jacobian": (derivative_of(autograd.jacobian), lambda: [square, _array(), 0, None], {}),
    "hessian": (derivative_of(autograd.hessian), lambda: [total, _array(), 0], {}),
    "sparsity": (
        lambda function, x, argnums, **options: autograd.sparsity(function, argnums, **options)(x),
        lambda: [square, _array(), 0], {"order": 1, "everywhere": False, "dense": False},
    ),
    "vjp": (autograd.vjp, lambda: [product, _array(), 2.0], {}),
    "vjp.pull": (pulled, lambda: [square, _array(), np.ones(3)], {}),
    "jvp": (autograd.jvp, lambda: [product, (_array(), 2.0), (_array(), 1.0)], {}),
    "linearize": (autograd.linearize, lambda: [square, _array()], {}),
    "linearize.push": (pushed, lambda: [square, _array(), np.ones(3)], {}),
    "custom_vjp": (
        custom_reverse,
        lambda: [product, (0,), lambda x, y: (product(x, y), y), lambda x, y, g: (g * x * np.ones(3),), 2.0, x()], {},
    ),
    "custom_jvp": (
        custom_forward, lambda: [product, (), lambda p, t: (product(*p), np.sum(p[1] * t[0])), _array(), 2.0], {}
    ),
    "custom_jvp.defjvps": (
        custom_parts,
        lambda: [product, lambda t, z, x, y: np.sum(t * y), lambda t, z, x, y: np.sum(t * x), _array(), 2.0], {},
    ),
    "hvp": (autograd.hvp, lambda: [total, _array(), np.ones(3)], {}),
    "ggnvp": (autograd.ggnvp, lambda: [square, _array(), np.ones(3), total], {}),
    "vmap": (derivative_of(autograd.vmap), lambda: [square, _array(), 0, 0], {}),
    "vmap.options": (
        lambda function, x, **options: autograd.vmap(function, **options)(x),
        lambda: [square, _array()], {"loops": "warn", "branches": "error", "randomness": "error"},
    ),
    "vmap.of_trees": (
        derivative_of(autograd.vmap),
        lambda: [lambda p: {"c": product(*p["a"])}, {"a": [_array(), _array()]}, ({"a": [0, None]},), {"c": 0}], {},
    ),
    "vmap.grad": (
        derivative_of(lambda f, *axes: autograd.vmap(autograd.grad(f), *axes)), lambda: [total, _array(), 0, 0], {}
    ),
    "gradients": (
        lambda x, *rest, **options: autograd.gradients(square(x), x, *rest, **options),
        lambda: [x(), np.ones(3)], {"retain_graph": None, "create_graph": False, "allow_unused": False},
    ),
    "gradients.of": (autograd.gradients, lambda: [[y := x()], [y], [np.ones(3)]], {}),
    "checkpoint": (checkpointed, lambda: [square, x()], {}),
    "tree_flatten": (lambda tree, leaves: autograd.tree_flatten(tree)[1](leaves), lambda: [{"a": [1.0]}, [2.0]], {}),
    "tree_leaves": (autograd.tree_leaves, lambda: [{"a": [1.0, _array()]}], {}),
    "tree_map": (autograd.tree_map, lambda: [product, {"a": 1.0}, {"a": 2.0}], {}),
    "ravel_pytree": (
        lambda tree, vector: autograd.ravel_pytree(tree)[1](vector), lambda: [{"a": [1.0, _array()]}, np.ones(4)], {}
    ),
    "register_pytree_node": (
        registered, lambda: [lambda tree: ((tree.x,), None), lambda rest, parts: Held(*parts), _array()], {}
    ),
    "register_dataclass": (
        registered_fields, lambda: [["x"], ["name"], _array()], {"drop_fields": ()}
    ),
    "fixed_point": (autograd.fixed_point, lambda: [halved, 1.0, Tensor(2.0, requires_grad=True)],
                    {"tolerance": 1e-9, "max_iterations": 50}),
    "scan": (autograd.scan, lambda: [added, x(), np.ones((2, 3)), 2],
             {"reverse": False, "checkpoint": None, "memory": None}),
    "scan.few": (autograd.scan, lambda: [added, x(), np.ones((4, 3))], {"checkpoint": 2}),
    "scan.memory": (autograd.scan, lambda: [added, x(), np.ones((4, 3))], {"memory": "50 B"}),
    "while_loop": (autograd.while_loop, lambda: [small, squared, x()], {}),
    "gradcheck": (autograd.gradcheck, lambda: [square, x()],
                  {"eps": 1e-6, "atol": 1e-5, "rtol": 1e-3, "fast_mode": False, "raise_exception": True}),
    "gradgradcheck": (autograd.gradgradcheck, lambda: [square, x()],
                      {"eps": 1e-6, "atol": 1e-5, "rtol": 1e-3, "fast_mode": False, "raise_exception": True}),
    "explain": (autograd.explain, lambda: [np.exp(y := x()).sum(), y], {"gradient": None}),
    "lint": (autograd.lint, lambda: [_result()], {}),
    "saved": (autograd.saved, lambda: [_result()], {}),
    "diff_graphs": (autograd.diff_graphs, lambda: [_result(), _result()],
                    {"params": None, "gradient": None, "rtol": 1e-5, "atol": 1e-8}),
    "record_run": (autograd.record_run, lambda: [_result()], {"params": None, "gradient": None}),
    "elementwise": (declared(autograd.elementwise), lambda: [square, lambda g, x: 2 * g * x],
                    {"forward": None, "name": None, "aliases": ()}),
    "linear": (declared(autograd.linear), lambda: [square, lambda g, x: 2 * g * x],
               {"forward": None, "name": None, "aliases": ()}),
    "multilinear": (declared(autograd.multilinear), lambda: [product_of, lambda g, y: g * y, lambda g, x: g * x],
                    {"forward": None, "name": None, "aliases": ()}),
    "general": (declared(autograd.general), lambda: [square, lambda g, x: 2 * g * x],
                {"forward": None, "name": None, "aliases": ()}),
    "general.outputs": (of_several, lambda: [twice, lambda g: g[0] + 2 * g[1], True], {}),
    "composed": (composed, lambda: [lambda x: x, square], {"method": False}),
    "not_differentiable": (autograd.not_differentiable, lambda: [square], {"methods": False}),
    "Function": (of_class, lambda: [lambda ctx, x: 2 * x, lambda ctx, g: 2 * g, x()], {}),
    "saved_tensors_hooks": (within(autograd.saved_tensors_hooks), lambda: [lambda a: a, lambda a: a], {}),
    "accurate_sum": (autograd.extend.accurate_sum, lambda: [x(), 0], {"keepdims": False}),
    "compile": (compiled, lambda: [total, _array()], {"fallback": "raise", "backend": "numpy"}),
    "no_grad": (within(autograd.no_grad), list, {}),
    "enable_grad": (within(autograd.enable_grad), list, {}),
    "set_grad_enabled": (within(autograd.set_grad_enabled), lambda: [True], {}),
    "detect_anomaly": (within(autograd.detect_anomaly), list, {}),
    "find_mistakes": (within(autograd.extend.find_mistakes), list, {}),
    "look_for_mistakes": (lambda: autograd.extend.look_for_mistakes()(), list, {}),
    "leaves": (autograd.extend.leaves, lambda: [_result()], {}),
    "is_unpacked": (lambda: autograd.extend.is_unpacked(sys._getframe()), list, {}),
    "trace_operations": (within(autograd.extend.trace_operations), list, {}),
    "trace_calls": (autograd.extend.trace_calls, list, {}),
    "register_hook": (hooked("register_hook"), lambda: [lambda g: 2 * g], {}),
    "register_post_accumulate_grad_hook": (
        hooked("register_post_accumulate_grad_hook"), lambda: [lambda leaf: None], {}
    ),
    "retain_grad": (method("retain_grad", _result), list, {}),
    "borrow": (autograd.extend.borrow, lambda: [x()], {}),
    "same_tensor": (autograd.extend.same_tensor, lambda: [x(), Weight], {}),
    "pickled": (autograd.extend.pickled, lambda: [autograd.Tensor, _array()], {}),
    "as_array": (autograd.extend.as_array, lambda: [_array()], {"dtype": None}),
    "whole": (autograd.extend.whole, lambda: [_array()], {}),
    "anywhere": (autograd.extend.anywhere, lambda: [_array() > 0], {}),
    "everywhere": (autograd.extend.everywhere, lambda: [_array() > 0], {}),
    "innermost": (autograd.extend.innermost, lambda: [_array()], {}),
    "levels": (autograd.extend.levels, list, {}),
    "enter_batch": (of_batch, lambda: [x()], {}),
    "leave_batch": (of_batch, lambda: [x()], {}),
    "lend": (lent, lambda: [x(), _array()], {}),
    "is_sole_owner": (autograd.extend.is_sole_owner, lambda: [x()], {}),
    "portions": (autograd.extend.portions, lambda: [_array(), [(2,), ()], ["C", "C"]], {}),
    "mark_written": (autograd.extend.mark_written, lambda: [_array()], {}),
    "overwrite": (autograd.extend.overwrite, lambda: [x(), x()], {}),
    "set_gradient_buffer": (buffered, lambda: [x(), Buffer()], {}),
    "set_module": (autograd.extend.set_module, lambda: ["nn"], {}),
    "name_calls": (named, lambda: [square], {}),
    "describe_calls": (described, lambda: [Described.method, lambda *args: ("method", {})], {}),
    "restore_in_checkpoints": (made_generator, lambda: [lambda: np.random.default_rng(0)], {"own": None}),
    "evaluated_again": (autograd.extend.evaluated_again, list, {}),
    "logsumexp": (autograd.logsumexp, lambda: [x()], {"axis": None, "keepdims": False}),
    "Tensor.backward": (method("backward", _result), lambda: [np.array(1.0)],
                        {"retain_graph": None, "create_graph": False, "inputs": None}),
    "Tensor.requires_grad_": (method("requires_grad_", _constant), lambda: [True], {}),
    "Tensor.detach": (method("detach", x), list, {}),
    "Tensor.detach_": (method("detach_", x), list, {}),
    "Tensor.item": (method("item", _result), list, {}),
    "Tensor.tolist": (method("tolist", x), list, {}),
    "Tensor.numpy": (method("numpy", _constant), list, {}),
    "Tensor.zero_grad": (method("zero_grad", x), list, {}),
    "Tensor.astype": (method("astype", x), lambda: [np.float32], {"casting": "unsafe", "copy": True}),
    "Tensor.to_device": (method("to_device", x), lambda: ["cpu"], {"stream": None}),
    "Tensor.reshape": (method("reshape", x), lambda: [3, 1], {"order": "C", "copy": None}),
    "Tensor.transpose": (method("transpose", x), lambda: [0], {}),
    "Tensor.flatten": (method("flatten", x), lambda: ["C"], {}),
    "Tensor.fill": (method("fill", _constant), lambda: [2.0], {}),
    "Tensor.sort": (method("sort", _constant), lambda: [0], {"kind": None, "stable": None}),
    "Tensor.put": (method("put", _constant), lambda: [[0], [1.0]], {"mode": "raise"}),
    "Tensor.clip": (method("clip", x), lambda: [0.0, 1.0], {}),
    "Tensor.take": (method("take", x), lambda: [[0, 1]], {"axis": 0, "mode": "raise"}),
    "Tensor.argsort": (method("argsort", x), list, {"axis": 0}),
    "Tensor.grad": (written("grad", x), lambda: [np.ones(3)], {}),
    "Tensor.data": (written("data", x), lambda: [np.ones(3)], {}),
    "Tensor.requires_grad": (written("requires_grad", _constant), lambda: [True], {}),
    "Tensor[]": (operator.getitem, lambda: [x(), [0, 1]], {}),
    "Tensor[] =": (set_item, lambda: [0, 1.0], {}),
    "Tensor +=": (operator.iadd, lambda: [_constant(), 1.0], {}),
    **{f"Tensor.{symbol.__name__}": (operate(symbol), lambda: [x(), _array()], {})
       for symbol in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul,
                      operator.mod, operator.floordiv, operator.lt, operator.eq)},
    **{f"Value.{symbol.__name__}": (operate(symbol), lambda: [Value(2.0), 3.0], {})
       for symbol in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt)},
}  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """Forget what was declared within."""
    names = set(vars(Tensor))
    known = [(store, store.copy()) for store in (operations, plain, _described, _generators)]
    try:
        yield
    finally:
        for store, before in known:
            store.clear()
            store.update(before)  # type: ignore[arg-type]  # a dict for a dict, a set for a set
        for name in set(vars(Tensor)) - names:
            delattr(Tensor, name)
