"""What libraries that build on HIPS autograd do with it, beyond what programs do: each as one of them does it."""

import importlib
import subprocess
import sys
import threading
from typing import Any, ClassVar

import numpy as np
import pytest

import autograd.numpy as anp
from autograd import DerivativeError, GraphError, UnsupportedError, compatibility, grad, hessian, jacobian
from autograd.builtins import SequenceBox, make_sequence
from autograd.core import JVPNode, SparseObject, VJPNode, VSpace, backward_pass, make_vjp
from autograd.extend import defvjp, defvjp_argnums, primitive, vspace
from autograd.numpy import numpy_vjps
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_jvps import broadcast
from autograd.numpy.numpy_vspaces import ArrayVSpace
from autograd.numpy.numpy_wrapper import _astype, array_from_args, concatenate_args, vstack, wrap_namespace
from autograd.test_util import check_grads
from autograd.tracer import Box, find_top_boxed_args, getval, isbox, new_box, register_notrace, trace_stack
from autograd.util import subval, subvals

NAMES = """
core: Box JVPNode SparseObject VJPNode VSpace add_outgrads backward_pass def_linear defjvp defjvp_argnum defjvp_argnums
core: defvjp defvjp_argnum defvjp_argnums func getval identity_vjp isbox make_jvp make_vjp notrace_primitive primitive
core: primitive_jvps primitive_vjps register_notrace sparse_add sum_outgrads translate_jvp translate_vjp vspace
tracer: Box Node TraceStack find_top_boxed_args getval isbox new_box notrace_primitive notrace_primitives primitive
tracer: register_notrace toposort trace trace_stack
extend: Box JVPNode SparseObject VJPNode VSpace def_linear defjvp defjvp_argnums defvjp defvjp_argnums notrace_primitive
extend: primitive register_notrace vspace
numpy.numpy_vjps: balanced_eq dot_adjoint_0 dot_adjoint_1 grad_chooser match_complex repeat_to_match_shape replace_zero
numpy.numpy_vjps: tensordot_adjoint_0 unbroadcast unbroadcast_f untake
numpy.numpy_jvps: broadcast def_linear fwd_grad_chooser
numpy.numpy_wrapper: _astype array array_from_args concatenate_args notrace_functions stack vstack wrap_intdtype
numpy.numpy_wrapper: wrap_namespace
builtins: SequenceBox container_take dict isinstance list make_sequence sequence_extend_left tuple type
util: func subval subvals toposort
differential_operators: make_jvp make_vjp value_and_grad vspace
"""


@pytest.mark.parametrize("line", NAMES.strip().splitlines())
def test_every_name_is_there_or_its_error_says_what_to_use(line: str) -> None:
    home, _, names = line.partition(": ")
    module = importlib.import_module(f"autograd.{home}")
    for name in names.split():
        if not hasattr(module, name):
            with pytest.raises(AttributeError, match="here it is"):
                getattr(module, name)
            with pytest.raises(ImportError, match="here it is"):
                exec(f"from autograd.{home} import {name}")


@pytest.fixture(autouse=True)
def _as_programs_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the properties of boxes from the modules as programs name them; other tests import them by another name."""
    traces, boxes = (importlib.import_module(f"autograd.{name}") for name in ("traces", "boxes"))
    monkeypatch.setattr(Box, "_trace", property(traces._trace_of))
    monkeypatch.setattr(Box, "_value", property(boxes._value))


def test_the_tracer_is_among_the_loaded_modules() -> None:
    """Libraries that choose a method by types look for its Box there; it is loaded no sooner."""
    program = """
import sys, autograd
module = sys.modules["autograd.tracer"]
assert "autograd.boxes" not in sys.modules
assert module.Box is autograd.Tensor
import autograd.tracer
assert autograd.tracer.trace is module.trace
assert autograd.tracer.__doc__ == module.__doc__
assert vars(module)["Box"] is autograd.Tensor
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_namespaces_hold_their_functions() -> None:
    for ours, theirs in ((anp, np), (anp.linalg, np.linalg), (anp.fft, np.fft), (anp.random, np.random)):
        held = vars(ours)
        names = {name for name in theirs.__all__ if callable(vars(theirs).get(name))}
        assert names - held.keys() <= {"test", "show_config", "show_runtime", "__array_namespace_info__"}
        assert "__getattr__" not in held
    copied: dict[str, Any] = {}
    wrap_namespace(vars(anp), copied)
    assert copied["pi"] == np.pi
    assert grad(lambda x: copied["sum"]([x, x**2]))(3.0) == 7


class Marked(np.ndarray[Any, Any]):
    """An array of a library's own, which computes with ufuncs itself and knows nothing of tensors."""

    refused: ClassVar[bool] = False

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        values = [np.asarray(x) if isinstance(x, Marked) else x for x in inputs]
        return np.asarray(getattr(ufunc, method)(*values, **options)).view(Marked)


class Thing:
    pass


def boxed(x: Any) -> Any:
    if Marked.refused:
        raise TypeError("this array has no gradient")
    return ArrayBox(x)


def test_arrays_of_a_librarys_own() -> None:
    Box.type_mappings[Marked] = boxed
    VSpace.mappings[Marked] = ArrayVSpace
    ArrayBox.register(Marked)  # type: ignore[attr-defined]
    VSpace.register(Marked, lambda x: ArrayVSpace(x))
    Box.type_mappings[Marked] = boxed
    x = np.array([1.0, 2.0]).view(Marked)
    assert vspace(x).shape == (2,)
    for f in (lambda t: t * x, lambda t: x * t, lambda t: np.multiply(x, t), lambda t: np.sin(x) * t):
        np.testing.assert_allclose(jacobian(f)(np.ones(2)), np.diag(np.asarray(f(np.ones(2)))))
    assert type(x * 2) is Marked
    np.testing.assert_array_equal(grad(lambda t: np.sum(t**2))(x), [2, 4])
    Marked.refused = True
    with pytest.raises(TypeError, match="this array has no gradient"):
        grad(np.sum)(x)
    with pytest.raises(TypeError, match="this array has no gradient"):
        new_box(x, 0, VJPNode.new_root())
    Marked.refused = False
    for register in (Box.register, VSpace.register):
        with pytest.raises(UnsupportedError, match=r"Thing is no array: tell autograd\.register_pytree_node"):
            register(Thing)
    for kind in (ArrayBox, VSpace):
        own: Any = type("Own", (kind,), {})
        with pytest.raises(UnsupportedError, match="Own is not used"):
            own.register(np.ndarray)


def total_of(rule: Any, argnums: bool = False) -> Any:
    total = primitive(lambda parts: sum(np.sum(part**2) for part in parts))
    if argnums:
        defvjp_argnums(total, lambda argnums, out, args, kwargs: lambda g: [rule(args[0], g)])
    else:
        defvjp(total, lambda out, parts: lambda g: rule(parts, g))
    return total


@pytest.mark.parametrize("argnums", [False, True])
def test_the_gradient_of_a_list_may_be_an_array(argnums: bool) -> None:
    x = np.array([1.0, 2.0, -0.5])
    total = total_of(lambda parts, g: g * 2 * np.stack(list(parts)), argnums)
    np.testing.assert_array_equal(grad(lambda x: total([x[0], x[1], 7.0]))(x), [2, 4, 0])
    np.testing.assert_array_equal(grad(lambda x: total((x, x[::-1], x)))(x), 6 * x)
    np.testing.assert_allclose(hessian(lambda x: total([x[0], x[2]]))(x), np.diag([2, 0, 2]))
    check_grads(lambda x: total([x[0], x[1]]), modes=["rev"])(x)
    nested = primitive(lambda rows: sum(a * b for a, b in rows))
    defvjp(nested, lambda out, rows: lambda g: g * np.array([[float(b), float(a)] for a, b in rows]))
    np.testing.assert_array_equal(grad(lambda x: nested([[x[0], x[1]], (x[2], 3.0)]))(x), [2, 1, 3])
    of_one_element = primitive(lambda parts: parts[0] * 3.0)
    defvjp(of_one_element, lambda out, parts: lambda g: [np.array([3.0]) * g])
    assert grad(lambda x: of_one_element([x]))(2.0) == 3
    for wrong, count in ((np.ones(3), "3"), (1.0, "one number"), ([1.0], "1")):
        with pytest.raises(DerivativeError, match=f"a list of 2, returned {count}"):
            grad(lambda x, wrong=wrong: total_of(lambda parts, g: wrong, argnums)([x[0], x[1]]))(x)


def test_traces_by_hand() -> None:
    x = np.array([[0.5, 1.0, 2.0], [1.5, 0.1, 0.2]])

    def f(x: Any) -> Any:
        return np.stack([np.sum(x**3, axis=1), np.prod(x, axis=1)], axis=1)

    start = new_box(x, 0, VJPNode.new_root())
    end = f(start)
    rows = []
    for j in range(2):
        seed = np.zeros((2, 2))
        seed[:, j] = 1
        plain = backward_pass(seed, end._node)
        pulled = backward_pass(new_box(seed, 0, VJPNode.new_root()), end._node)
        assert not isbox(plain)
        np.testing.assert_array_equal(pulled._value, plain)
        rows.append(plain)
    expected = jacobian(lambda x: np.sum(f(x), axis=0))(x)
    np.testing.assert_allclose(np.stack(rows), expected)
    np.testing.assert_array_equal(end._value, f(x))
    assert backward_pass(seed, VJPNode.new_root()) is seed

    tree = new_box({"a": 2, "b": [3.0, np.ones(2)]}, 0, VJPNode.new_root())
    found = backward_pass(1.0, (tree["a"] ** 2 * tree["b"][0])._node)
    assert found["a"] == 12
    assert found["b"][0] == 4
    np.testing.assert_array_equal(found["b"][1], [0, 0])
    with pytest.raises(GraphError, match=r"depends on nothing of it"):
        grad(lambda x: backward_pass(1.0, (x * 2)._node))(1.0)
    with pytest.raises(GraphError, match="new_box"):
        new_box(1.0, 0, object())  # type: ignore[arg-type]

    def inner(a: Any) -> Any:
        box = new_box(np.array([1.0, 2.0]), 0, VJPNode.new_root())
        return np.sum(backward_pass(1.0, np.sum(box**2 * a)._node) ** 2)

    assert grad(inner)(3.0) == 2 * 3.0 * 4 * 5


@pytest.mark.parametrize("library", [None, "hips"])
def test_derivatives_of_complex_numbers_by_hand(library: str | None) -> None:
    z = np.array([1 + 2j, 0.5 - 1j])
    with compatibility(library):
        box = new_box(z, 0, VJPNode.new_root())
        end = np.real(np.sum(box**3))
        np.testing.assert_allclose(backward_pass(1.0, end._node), grad(lambda z: np.real(np.sum(z**3)))(z))
        seed, end = z[::-1] * 1j, box**3
        expected = make_vjp(lambda z: z**3, z)[0](seed)
        for g in (seed, new_box(seed, 0, VJPNode.new_root())):
            np.testing.assert_allclose(getval(backward_pass(g, end._node)), expected)


@pytest.mark.parametrize(
    ("function", "independent"),
    [
        (lambda x, y: 3.0, True),
        (lambda x, y: np.sum(x) * y, False),
        (lambda x, y: (1.0, y), False),
        (lambda x, y: np.ones(2) * 2, True),
    ],
)
def test_whether_a_result_depends_on_arguments(function: Any, independent: bool) -> None:
    node = VJPNode.new_root()
    with trace_stack.new_trace() as number:
        start = new_box((np.ones(2), 2.0), number, node)
        assert start._trace == number
        end = function(*start)
    ends = end if isinstance(end, tuple) else (end,)
    assert any(isbox(each) and each._trace == start._trace for each in ends) is not independent
    assert trace_stack.top == -1


def test_boxes_of_the_innermost_trace() -> None:
    outer, inner = (new_box(1.0, number, VJPNode.new_root()) for number in (0, 1))
    boxes, number, kind = find_top_boxed_args([outer, 3.0, inner * outer])
    assert [i for i, _ in boxes] == [2]
    assert (number, kind) == (1, VJPNode)
    assert find_top_boxed_args([3.0]) == ([], -1, None)


def test_sequences() -> None:
    assert isinstance(SequenceBox, type)
    for value, expected in (([1], True), ((1,), True), ({}, False), (np.ones(2), False)):
        assert isinstance(value, SequenceBox) is expected
    assert make_sequence(list, 1, 2) == [1, 2]
    assert subvals((1, 2, 3), [(0, 5), (2, 7)]) == (5, 2, 7)
    assert subval([1, 2], 1, 0) == (1, 0)


def test_operations_that_are_not_traced() -> None:
    rounded = primitive(lambda x: x + np.round(x))
    for kind in (VJPNode, JVPNode):
        register_notrace(kind, rounded)
    assert grad(lambda x: x * rounded(x))(2.3) == 4.3


def test_what_rules_are_written_with() -> None:
    x, z = np.array([0.0, 2.0, 2.0]), np.array([1 + 1j, 2.0])
    np.testing.assert_array_equal(numpy_vjps.replace_zero(x, 9.0), [9, 2, 2])
    np.testing.assert_array_equal(numpy_vjps.balanced_eq(x, x, np.array([0.0, 1.0, 2.0])), [0.5, 1, 0.5])
    assert numpy_vjps.match_complex(x, z).dtype == float
    assert numpy_vjps.match_complex(z, x).dtype == complex
    np.testing.assert_array_equal(numpy_vjps.untake(np.ones(3), [0, 2, 2], vspace(x)), [1, 0, 2])
    np.testing.assert_array_equal(numpy_vjps.grad_chooser(2.0, x)(1.0), [0, 0.5, 0.5])
    for axis, keepdims, shape in ((0, False, (3,)), (-1, True, (2, 1)), (None, False, ()), ((0, 1), True, (1, 1))):
        spread, count = numpy_vjps.repeat_to_match_shape(np.ones(shape), (2, 3), float, axis, keepdims)
        assert spread.shape == (2, 3)
        assert count == 6 / np.size(np.ones(shape))
    assert broadcast(1.0, np.ones((2, 3))).shape == (2, 3)
    assert broadcast(1.0, z).dtype == complex
    check_grads(lambda x: _astype(x, complex) * array_from_args((), {}, x[0], 1.0, x[1]))(x)
    check_grads(lambda x: concatenate_args(0, x, [x[0], 1.0]))(x)
    check_grads(lambda x: vstack(([x[0], 1.0], x[1:])))(x)
    take = primitive(lambda x, i: x[i])
    defvjp(take, lambda out, x, i: lambda g: SparseObject(vspace(x), lambda to: (np.add.at(to, i, g), to)[1]))  # type: ignore[func-returns-value]
    np.testing.assert_array_equal(grad(lambda x: np.sum(take(x, [0, 1, 1])))(x), [1, 2, 0])


class Circuit:
    """An operation of parameters that it is given beside an object that holds them, as a quantum circuit does."""

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters


def run(circuit: Circuit) -> Any:
    return execute([*circuit.parameters], circuit)


@primitive
def execute(parameters: Any, circuit: Circuit) -> Any:
    return np.cos(circuit.parameters[0]) * np.cos(circuit.parameters[1])


def shifted(out: Any, parameters: Any, circuit: Circuit) -> Any:
    def pull(g: Any) -> tuple[Any, ...]:
        found = []
        for i, parameter in enumerate(circuit.parameters):
            sides = [[*circuit.parameters] for _ in range(2)]
            sides[0][i], sides[1][i] = parameter + np.pi / 2, parameter - np.pi / 2
            slope = (run(Circuit(sides[0])) - run(Circuit(sides[1]))) / 2
            found.append(slope * g)
        return tuple([getattr(each, "_value", each) for each in found])  # out of one box, not of two

    return pull


defvjp(execute, shifted, argnums=[0])


def test_rules_that_know_tensors_which_they_are_not_given() -> None:
    x = np.array([0.3, 0.5])

    def f(x: Any) -> Any:
        return run(Circuit([x[0], x[1]]))

    def g(x: Any) -> Any:
        return np.cos(x[0]) * np.cos(x[1])

    with compatibility("hips"):
        np.testing.assert_allclose(f(x), g(x))
        np.testing.assert_allclose(grad(f)(x), grad(g)(x))
        np.testing.assert_allclose(jacobian(grad(f))(x), hessian(g)(x), atol=1e-12)
        seen: list[Any] = []
        other = threading.Thread(target=lambda: seen.append(grad(lambda y: y * y._value)(2.0)))
        other.start()
        other.join()
        assert seen == [2.0]
    with pytest.raises(GraphError, match="would cut it from its graph"):
        grad(f)(x)
