"""The modules of HIPS autograd: NumPy's names, lists of what is differentiated, containers, and what goes with them."""

import importlib
import itertools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import autograd
import autograd.numpy as np
from autograd import grad, jacobian
from autograd.builtins import isinstance as is_of
from autograd.builtins import type as type_of
from autograd.errors import GradientCheckError
from autograd.extend import defvjp, primitive, vspace
from autograd.misc import const_graph, flatten
from autograd.misc.fixed_points import fixed_point
from autograd.misc.flatten import flatten_func
from autograd.misc.optimizers import adam, rmsprop, sgd
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.test_util import check_grads, combo_check
from autograd.tracer import Node, getval, isbox, toposort, trace

names: Any = np


def test_every_name_of_numpy_is_there() -> None:
    for module in ("", ".linalg", ".fft", ".random"):
        ours, theirs = (importlib.import_module(name + module) for name in ("autograd.numpy", "numpy"))
        for name in theirs.__all__:
            if name not in ("test", "show_config", "show_runtime", "__array_namespace_info__"):
                assert hasattr(ours, name), name
    assert names.sin is numpy.sin
    assert autograd.numpy is np
    with pytest.raises(AttributeError, match="no attribute 'sine'"):
        names.sine  # noqa: B018  # it raises


def test_type_checkers_find_every_module_where_hips_has_it() -> None:
    package = Path(autograd.__file__).parent
    found = {path.relative_to(package / "hips").with_suffix("") for path in (package / "hips").rglob("*.py")}
    of_hips = {
        path for path in found if path.name not in {"boxes", "creation", "definitions", "traces", "vector_spaces"}
    }
    stubs = {path.relative_to(package).with_suffix("") for path in package.rglob("*.pyi")}
    assert stubs - {Path("tensors/methods")} == of_hips - {Path("__init__")}


def test_modules_are_there_without_being_imported() -> None:
    program = "import numpy.fft, autograd.numpy as np; print(np.linalg.__name__, np.fft.__name__, np.random.__name__)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["autograd.numpy.linalg", "autograd.numpy.fft", "autograd.numpy.random"]


def test_arrays_of_lists() -> None:
    def f(x: Any) -> Any:
        made = names.array([[x[0], 2.0], [3.0, x[1] ** 2]])
        return np.sum(made * names.array(made) * names.array(x, ndmin=2)[0])

    x = numpy.array([0.5, 2.0])
    check_grads(f)(x)
    assert jacobian(lambda x: names.array([x, [x, 1.0]][0]))(2.0) == 1
    for function in ("sum", "mean", "max", "prod", "std", "concatenate", "vstack", "append", "linalg.norm"):
        home: Any = np
        for part in function.split("."):
            home = getattr(home, part)
        expected = home(numpy.array([[0.5, 2.0], [1.0, 3.0]]), *([1.0] if function == "append" else []))

        def g(x: Any, home: Any = home, function: str = function) -> Any:
            return home([x, numpy.array([1.0, 3.0])], *([1.0] if function == "append" else []))

        numpy.testing.assert_allclose(g(x), expected)
        if function != "max":
            check_grads(g)(x)


def test_creation() -> None:
    check_grads(lambda x: names.full((2, 3), x) * names.full_like(numpy.ones((2, 3)), x))(2.0)
    check_grads(lambda x: names.r_[x, 1:3, x[0]] ** 2)(numpy.array([1.0, 2.0]))
    check_grads(lambda x: names.c_[x, x**2])(numpy.array([1.0, 2.0]))
    numpy.testing.assert_array_equal(names.r_["0,2", [1, 2], [3, 4]], numpy.r_["0,2", [1, 2], [3, 4]])
    with pytest.raises(NotImplementedError, match="use concatenate"):
        grad(lambda x: np.sum(names.r_["0,2", x, x]))(numpy.ones(2))
    check_grads(lambda x: names.where(condition=x > 1, x=x, y=x**2))(numpy.array([0.5, 2.0]))
    check_grads(lambda x: names.make_diagonal(x, axis1=-1, axis2=-2))(numpy.ones((2, 3)))
    assert grad(lambda x: x * names.int64(x))(2.5) == 2
    assert names.asarray([1, 2]).dtype == int
    check_grads(lambda x: names.asarray([x, x]) + names.asanyarray(x))(1.0)


def test_questions_about_values() -> None:
    def f(x: Any) -> Any:
        assert isbox(x)
        assert is_of(x, float)
        assert not is_of(x, str)
        assert type_of(x) is numpy.float64
        assert not isbox(getval(x))
        assert x._value == 2
        return x * 1.0

    assert grad(f)(2.0) == 1
    for name in ("dict", "list", "tuple"):
        assert getattr(autograd, name) is getattr(autograd.builtins, name)
    from autograd.numpy.numpy_boxes import ArrayBox

    grad(lambda x: np.sum(x) if isinstance(x, ArrayBox) else pytest.fail("no box"))(numpy.ones(2))


class Written(Node):
    """A node that writes down its operation, with names for what depends on the argument."""

    def __init__(
        self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: tuple[int, ...], parents: tuple[Any, ...]
    ) -> None:
        self.parents, self.value, self.lines = parents, value, parents[0].lines
        names: list[Any] = list(args)
        for i, parent in zip(parent_argnums, parents, strict=True):
            names[i] = parent.name
        self.name = f"v{len(self.lines) + 1}"
        names += [f"{name}={value}" for name, value in kwargs.items()]
        self.lines.append(f"{self.name} = {fun.__name__}({', '.join(map(str, names))})")

    def initialize_root(self, name: str) -> None:
        """Give the argument a name."""
        self.name, self.lines, self.parents = name, [], ()


def double_of(x: Any, y: float, less: int) -> Any:
    return 2 * x * y - less


def test_a_trace_with_nodes_of_a_programs_own() -> None:
    double = primitive(double_of)
    defvjp(double, lambda ans, x, y, less: lambda g: 2 * g)
    root = Written.new_root("x")

    def f(x: Any) -> Any:
        return np.sum(np.concatenate([x, [3.0]]) * double(x, 1.0, less=1)[0] + np.tanh(4.0), axis=0)

    value, end = trace(root, f, numpy.ones(2))
    assert numpy.isclose(value, 5 + 3 * numpy.tanh(4.0))
    assert value == end.value
    assert root.lines == [
        "v1 = concatenate(x, [3.0])",
        "v2 = double_of(x, 1.0, less=1)",
        "v3 = getitem(v2, 0)",
        "v4 = multiply(v1, v3)",
        f"v5 = add(v4, {numpy.tanh(4.0)})",
        "v6 = sum(v5, axis=0)",
    ]
    nodes = list(toposort(end))
    assert nodes[0] is end
    assert nodes[-1] is root
    for i, node in enumerate(nodes):
        assert all(parent in nodes[i + 1 :] for parent in node.parents)
    root = Written.new_root("x")
    trace(root, grad(lambda x: np.sin(x) * x), 2.0)
    assert {line.partition(" = ")[2].partition("(")[0] for line in root.lines} >= {"sin", "cos", "multiply", "add"}
    assert trace(root, lambda x: x, 2.0) == (2.0, root)
    of_list = primitive(lambda parts: parts[0] * parts[1])
    defvjp(of_list, lambda ans, parts: lambda g: [g * parts[1], g * parts[0]])
    root = Written.new_root("x")
    assert trace(root, lambda x: of_list([x, 3.0]), 2.0)[0] == 6
    assert len(root.lines) == 1
    root = Written.new_root("x")
    assert trace(root, lambda x: np.linalg.slogdet(x)[1] + 1.0, numpy.eye(2))[1].parents[0].parents == (root,)
    with pytest.warns(UserWarning, match="does not depend on its argument"):
        assert trace(root, lambda x: 3.0, 2.0) == (3.0, None)
    with pytest.raises(NotImplementedError, match="Node defines no initialize_root"):
        Node.new_root()


def test_a_vector_has_what_is_in_a_dict_in_the_order_of_the_sorted_keys() -> None:
    """Programs count on it: lifelines gives its standard errors names by it."""
    tree = {"b": [3.0, {"z": 5.0, "a": numpy.array([4.0, 4.5])}], "a": (1.0, {"y": 2.5, "x": 2.0})}
    vector, unflatten = flatten(tree)
    assert vector.tolist() == [1, 2, 2.5, 3, 4, 4.5, 5]
    assert str(unflatten(vector * 1.0)) == str(unflatten(flatten(unflatten(vector))[0]))
    back = unflatten(vector)
    assert list(back) == ["b", "a"]
    assert (back["a"][1], back["b"][1]["z"]) == ({"y": 2.5, "x": 2.0}, 5.0)
    function, _, start = flatten_func(lambda t: {"q": t["a"][0] * 10, "p": t["b"][1]["z"]}, tree)
    assert function(start).tolist() == [5, 10]
    numpy.testing.assert_array_equal(jacobian(function)(start), [[0] * 6 + [1], [10] + [0] * 6])


def test_flat_containers() -> None:
    tree = {"w": numpy.ones((2, 3)), "b": [1.5, (2.0,)]}
    vector, unflatten = flatten(tree)
    assert vector.shape == (8,)
    assert str(unflatten(vector)) == str({"w": numpy.ones((2, 3)), "b": [numpy.float64(1.5), (numpy.float64(2.0),)]})
    check_grads(lambda x: np.sum(unflatten(x)["w"] * 3) + unflatten(x)["b"][0] ** 2)(vector)
    check_grads(lambda w: flatten({"w": w, "b": w[0]})[0])(numpy.ones((2, 2)))
    flat, back, start = flatten_func(lambda t: t["w"] * 2, tree)
    numpy.testing.assert_array_equal(flat(start), 2 * numpy.ones(6))
    assert back(start)["b"][0] == 1.5
    with pytest.raises(ValueError, match=r"shape \(3,\) for containers of 8 numbers"):
        unflatten(numpy.ones(3))


@pytest.mark.parametrize("optimizer", [sgd, adam, rmsprop])
def test_optimizers(optimizer: Any) -> None:
    seen: list[int] = []

    def gradient(x: Any, i: int) -> Any:
        return {"a": 2 * (x["a"] - 3), "b": 2 * x["b"]}

    end = optimizer(
        gradient, {"a": numpy.zeros(2), "b": 1.0}, lambda x, i, g: seen.append(i), num_iters=500, step_size=0.05
    )
    numpy.testing.assert_allclose(end["a"], [3, 3], atol=0.05)
    assert abs(end["b"]) < 0.05
    assert seen == list(range(500))


def test_fixed_points() -> None:
    def root(a: Any) -> Any:
        return fixed_point(lambda a: lambda x: (x + a / x) / 2, a, 1.0, lambda x, y: abs(x - y), 1e-8)

    check_grads(root, modes=["rev"])(2.0)
    assert const_graph(lambda x, y: x * y, 2.0)(3.0) == 6


def test_broadcasting_undone() -> None:
    add = primitive(lambda x, y: x + y)
    defvjp(add, lambda out, x, y: unbroadcast_f(x, lambda g: g), lambda out, x, y: unbroadcast_f(y, lambda g: g))
    for shapes in itertools.product([(), (3,), (1, 3), (2, 1), (2, 3)], repeat=2):
        check_grads(add, argnum=(0, 1), order=1)(*map(numpy.ones, shapes))


def test_vector_spaces() -> None:
    for value in (0.5, 1j, numpy.ones((2, 1)), {"a": [1.0, (2.0, 1j)]}):
        space = vspace(value)
        basis = list(space.standard_basis())
        assert len(basis) == space.size
        assert all(vspace(each) == space for each in (space.randn(), space.zeros(), space.ones(), *basis))
        total = space.zeros()
        for each in basis:
            total = space.mut_add(total, each)
        assert space.inner_prod(total, space.ones()) == space.size
        assert hash(space) == hash(vspace(space.ones()))
    assert vspace(1.0) != vspace([1.0])
    assert repr(vspace(numpy.ones(2, "f4"))) == "VSpace(float32 (2,))"


def test_checks_find_what_is_wrong() -> None:
    wrong = primitive(lambda x: x * x)
    defvjp(wrong, lambda out, x: lambda g: g * 2.001 * x)
    with pytest.raises(GradientCheckError, match=r"Derivative \(VJP\) check of .* failed with arg 1.0"):
        check_grads(wrong, modes=["rev"])(1.0)
    with pytest.raises(GradientCheckError, match="JVP"):
        combo_check(wrong, [0])([1.0, 2.0])
    combo_check(lambda x, k=1: x**k, [0])([1.0, 2.0], k=[1, 2])
    with pytest.raises(ValueError, match="'fwd' and 'rev'"):
        check_grads(np.sin, modes=["reverse"])(1.0)


def test_two_packages_in_one_folder_are_refused(tmp_path: Path) -> None:
    shutil.copytree(Path(autograd.__file__).parent, tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    program = [sys.executable, "-c", "import autograd.core; print(autograd.core.__file__)"]
    found = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert Path(found.stdout.strip()) == tmp_path / "autograd" / "hips" / "core.py"
    (tmp_path / "autograd" / "core.py").write_text("")
    found = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert "two packages named autograd are installed in one folder" in found.stderr
    assert "pip uninstall -y autograd plaingrad" in found.stderr
