"""Functions of pytrees, and classes that are registered as containers."""

import dataclasses
from collections import namedtuple
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import (
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    checkpoint,
    compile,
    fixed_point,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    ravel_pytree,
    register_dataclass,
    register_pytree_node,
    tensor,
    tree_flatten,
    tree_leaves,
    tree_map,
    vjp,
    vmap,
)
from autograd.transforms.pytree import REGISTERED


@dataclasses.dataclass
class Layer:
    w: Any
    b: Any


class Interval:
    """A class that is no container by itself."""

    def __init__(self, low: Any, high: Any, name: str = "") -> None:
        self.low, self.high, self.name = low, high, name


def remade(name: str, parts: tuple[Any, ...]) -> Interval:
    low, high = parts
    return Interval(low, high, name)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register_pytree_node(Interval, lambda i: ((i.low, i.high), i.name), remade)
    yield
    del REGISTERED[Interval]


LEAVES = st.floats(-2, 2) | st.builds(
    lambda shape, x: np.full(shape, x), st.sampled_from([(), (2,), (2, 3), (0,), (1, 2, 1)]), st.floats(-2, 2)
)
TREES = st.recursive(
    LEAVES | st.none(),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.tuples(parts, parts)
        | st.dictionaries(st.text(max_size=2), parts, max_size=3)
        | st.builds(Layer, parts, parts)
        | st.builds(Interval, parts, parts, st.text(max_size=2))
    ),
    max_leaves=8,
)


def written(tree: Any) -> Any:
    """Return what a tree is, to be compared."""
    if isinstance(tree, Interval):
        return "Interval", tree.name, written(tree.low), written(tree.high)
    if isinstance(tree, Layer):
        return "Layer", written(tree.w), written(tree.b)
    if isinstance(tree, dict):
        return {key: written(part) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(map(written, tree))
    return None if tree is None else (np.shape(tree), np.asarray(tree).dtype, np.asarray(tree).tolist())


@given(TREES)
def test_leaves_are_put_back(tree: Any) -> None:
    leaves, rebuild = tree_flatten(tree)
    assert not any(leaf is None for leaf in leaves)
    assert written(rebuild(leaves)) == written(tree)
    assert all(a is b for a, b in zip(tree_leaves(tree), leaves, strict=True))
    assert written(tree_map(lambda a, b: a + b, tree, tree)) == written(rebuild([2 * leaf for leaf in leaves]))
    with pytest.raises(ValueError, match=f"has {len(leaves)} leaves, but {len(leaves) + 1} were given"):
        rebuild([*leaves, 1.0])


@given(TREES, st.sampled_from([np.float32, np.float64, np.complex128]))
def test_a_vector_of_all_leaves(tree: Any, dtype: Any) -> None:
    tree = tree_map(lambda leaf: np.asarray(leaf, dtype), tree)
    vector, unravel = ravel_pytree(tree)
    assert vector.shape == (sum(leaf.size for leaf in tree_leaves(tree)),)
    assert not vector.size or vector.dtype == dtype
    assert written(unravel(vector)) == written(tree)
    with pytest.raises(ShapeError, match=rf"takes a vector of shape \({vector.size},\), not"):
        unravel(np.zeros(vector.size + 1, dtype))


@given(TREES)
def test_derivatives_go_through_the_vector(tree: Any) -> None:
    def of_tree(tree: Any) -> Any:
        return sum((np.sum(np.sin(leaf) * (i + 1)) for i, leaf in enumerate(tree_leaves(tree))), 0.0)

    vector, unravel = ravel_pytree(tree)
    if not vector.size:
        return
    found = grad(lambda v: of_tree(unravel(v)))(vector)
    expected, _ = ravel_pytree(grad(of_tree)(tree))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    through = grad(lambda tree: np.sum(np.sin(ravel_pytree(tree)[0])))(tree)
    np.testing.assert_allclose(ravel_pytree(through)[0], np.cos(vector), rtol=1e-12)


def test_vectors_under_all_transforms() -> None:
    vector, unravel = ravel_pytree({"w": np.array([[1.0, 2.0]]), "b": 3.0})

    def loss(v: Any) -> Any:
        p = unravel(v)
        return np.sum(p["w"] ** 2) * p["b"]

    expected = np.array([[6.0, 0, 2], [0, 6, 4], [2, 4, 0]])
    np.testing.assert_allclose(hessian(loss)(vector), expected)
    np.testing.assert_allclose(jacobian(grad(loss), mode="forward")(vector), expected)
    points = np.arange(12.0).reshape(4, 3)
    np.testing.assert_allclose(vmap(grad(loss))(points), [grad(loss)(p) for p in points])
    compiled = compile(grad(loss))
    for point in points:
        np.testing.assert_array_equal(compiled(point), grad(loss)(point))


def test_the_parameters_of_a_module() -> None:
    model, x = nn.Linear(3, 2), np.ones((4, 3))
    vector, unravel = ravel_pytree(dict(model.named_parameters()))
    assert isinstance(vector, Tensor)
    assert vector.requires_grad
    outputs = nn.functional_call(model, unravel(vector.data), x)
    np.testing.assert_array_equal(outputs, model(x).data)


def test_precisions_come_back() -> None:
    tree = [np.float32(1), np.ones(2), np.float16(3)]
    vector, unravel = ravel_pytree(tree)
    assert vector.dtype == np.float64
    assert [leaf.dtype for leaf in unravel(vector)] == [np.float32, np.float64, np.float16]
    whole, unravel = ravel_pytree([1, True])
    np.testing.assert_array_equal(whole, [1, 1])
    assert [leaf.dtype.kind for leaf in unravel(whole)] == ["i", "b"]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"w": 1.0, "n": 3}, r"real numbers and integers in the tree \(float64 and int64\)"),
        ([1.0, 1j], "real numbers and complex numbers in the tree"),
        (["a"], "takes a tree of numbers; one of its leaves has dtype <U1"),
        ([object()], "takes a tree of numbers; one of its leaves has dtype object"),
    ],
)
def test_leaves_of_several_kinds(tree: Any, message: str) -> None:
    with pytest.raises(DtypeError, match=message):
        ravel_pytree(tree)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"w": [1.0], "b": 2.0}, r"differ at tree\['w'\]: the first has a list of 2, another a list of 1$"),
        ({"w": [1.0, 2.0]}, "differ at tree: the first has a dict with 'w', 'b', another a dict with 'w'$"),
        ({"w": (1.0, 2.0), "b": 2.0}, r"the first has a list of 2, another a tuple of 2$"),
        ({"w": None, "b": 2.0}, r"the first has a list of 2, another None$"),
        (3.0, "differ at tree: the first has a dict with 'w', 'b', another a leaf, float$"),
    ],
)
def test_other_containers_are_named(other: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tree_map(lambda a, b: a, {"w": [1.0, 2.0], "b": 3.0}, other)


def test_dicts_may_have_another_order_and_leaves_anything_in_their_place() -> None:
    found = tree_map(lambda a, b: (a, b), {"w": 1.0, "b": 2.0}, {"b": [20, 21], "w": None})
    assert found == {"w": (1.0, None), "b": (2.0, [20, 21])}
    assert tree_map(lambda a: a + 1, Layer(None, 2.0)) == Layer(None, 3.0)


def test_a_registered_class_in_all_transforms() -> None:
    interval = Interval(1.0, np.array([3.0, 4.0]), "time")

    def size(i: Interval) -> Any:
        return ((i.high - i.low) ** 2).sum()

    slope = grad(size)(interval)
    assert slope.name == "time"
    np.testing.assert_allclose(slope.low, -10)
    np.testing.assert_allclose(slope.high, [4, 6])
    compiled = compile(grad(size))
    for factor in (1.0, 2.0, 3.0):
        found: Any = compiled(Interval(factor, interval.high, "time"))
        np.testing.assert_allclose(found.high, 2 * (interval.high - factor))
    value, tangent = jvp(size, (interval,), (Interval(1.0, np.ones(2), "time"),))
    assert (float(value), float(tangent)) == (13, 0)
    _, pull = vjp(lambda i: Interval(i.high * 2, i.low * 3, "turned"), interval)
    np.testing.assert_allclose(pull(Interval(np.ones(2), 1.0, "turned"))[0].high, [2, 2])
    batch = Interval(np.arange(3.0), np.ones((3, 2)), "time")
    np.testing.assert_allclose(vmap(size)(batch), [2, 0, 2])
    x = tensor(2.0, requires_grad=True)
    checkpoint(size, Interval(x, 3.0, "time")).backward()
    assert x.grad is not None
    assert x.grad.item() == -2


def test_a_program_is_that_of_one_rest() -> None:
    compiled = compile(lambda i: i.low * (2 if i.name == "double" else 1))
    for name, expected in (("double", 6), ("", 3), ("double", 6), ("", 3)):
        assert float(compiled(Interval(np.array(3.0), 0.0, name))) == expected


def test_none_in_a_container_is_no_variable() -> None:
    layer: Any = {"w": np.array([2.0, 3.0]), "b": None}
    x = np.array([1.0, 4.0])

    def loss(p: Any) -> Any:
        return (p["w"] @ x) ** 2 if p["b"] is None else p["b"]

    slope = grad(loss)(layer)
    assert slope["b"] is None
    np.testing.assert_allclose(slope["w"], 28 * x)
    np.testing.assert_allclose(jacobian(lambda p: p["w"] * 2)(layer)["w"], 2 * np.eye(2))
    value, tangent = jvp(loss, (layer,), ({"w": np.ones(2), "b": None},))
    assert (float(value), float(tangent)) == (196, 140)
    product = hvp(loss, layer, {"w": np.ones(2), "b": None})
    assert product["b"] is None
    np.testing.assert_allclose(product["w"], 10 * x)
    batch = {"w": np.ones((3, 2)), "b": None}
    np.testing.assert_allclose(vmap(grad(loss))(batch)["w"], 10 * np.broadcast_to(x, (3, 2)))
    compiled = compile(grad(loss))
    for _ in range(3):
        np.testing.assert_allclose(compiled(layer)["w"], 28 * x)
    with pytest.raises(DtypeError, match="cannot differentiate with respect to None"):
        grad(lambda p: 1.0)(None)


def test_none_in_a_container_is_no_result() -> None:
    def several(x: Any) -> Any:
        return {"double": 2 * x, "bias": None}

    x = np.array([1.0, 4.0])
    found = jacobian(several)(x)
    assert found["bias"] is None
    np.testing.assert_array_equal(found["double"], 2 * np.eye(2))
    assert vmap(several)(x)["bias"] is None
    value, pull = vjp(several, x)
    assert value["bias"] is None
    np.testing.assert_array_equal(pull({"double": np.ones(2), "bias": None})[0], [2, 2])
    assert jvp(several, x, x)[1]["bias"] is None
    with pytest.raises(GraphError, match="a function that returns one number, not dict"):
        grad(several)(1.0)


def test_what_cannot_be_registered() -> None:
    for kind in (Interval, dict, list, tuple, np.ndarray, Tensor, float, str):
        with pytest.raises(ValueError, match=r"is registered already|has a meaning already"):
            register_pytree_node(kind, lambda tree: ((), None), lambda rest, parts: None)
    with pytest.raises(TypeError, match="takes a class, not 3"):
        register_pytree_node(3, lambda tree: ((), None), lambda rest, parts: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="flatten should be a function"):
        register_pytree_node(Layer, 1, 2)  # type: ignore[arg-type]

    class Odd:
        pass

    register_pytree_node(Odd, lambda tree: [1.0], lambda rest, parts: Odd())  # type: ignore[arg-type, return-value]
    try:
        with pytest.raises(TypeError, match=r"returns its parts and the rest, as in `return \(tree.a, tree.b\), None`"):
            tree_leaves(Odd())
    finally:
        del REGISTERED[Odd]


@pytest.fixture
def described() -> Iterator[Any]:
    """Return a dataclass with an array, a container, a name and a setting, and what is not copied."""

    @dataclasses.dataclass
    class Described:
        w: Any
        inner: Any = None
        name: str = dataclasses.field(default="", metadata={"static": True})
        power: int = dataclasses.field(default=2, metadata={"static": True})
        notes: list[str] = dataclasses.field(default_factory=list)
        made: float = dataclasses.field(init=False, default=0.5)

    register_dataclass(Described, drop_fields=["notes"])
    yield Described
    del REGISTERED[Described]


def test_fields_that_describe_a_dataclass_are_no_variables(described: Any) -> None:
    w = np.array([1.0, 2.0])
    tree = described(w, {"b": 3.0}, "first", 3, ["gone"])

    def f(t: Any) -> Any:
        return np.sum(t.w**t.power) + t.inner["b"]

    slopes = [grad(f)(tree), vjp(f, tree)[1](1.0)[0], grad(lambda t: checkpoint(f, t))(tree), compile(grad(f))(tree)]
    for slope in slopes:
        assert (slope.name, slope.power, slope.notes, slope.made) == ("first", 3, [], 0.5)
        assert np.allclose(slope.w, 3 * w**2)
        assert slope.inner == {"b": 1.0}
    assert jvp(f, (tree,), (tree,))[1] == linearize(f, tree)[1](tree) == 3 * 9 + 3
    assert np.allclose(hessian(f)(tree).w.w, np.diag(6 * w))
    vector, unravel = ravel_pytree(tree)
    assert np.array_equal(vector, [1, 2, 3])
    assert unravel(vector * 2).name == "first"
    rows = described(np.stack([w, w]), {"b": np.ones(2)}, "rows", 3)
    assert np.array_equal(vmap(f)(rows), [10, 10])
    compiled = compile(f)
    assert [compiled(dataclasses.replace(tree, power=n)) for n in (2, 3, 2)] == [8, 12, 8]
    assert len(compiled.programs) == 2
    with pytest.raises(ValueError, match="the trees differ at tree"):
        tree_map(lambda a, b: a, tree, {"w": w})


def test_dataclasses_are_registered_with_all_their_fields() -> None:
    for data, meta, drop, words in (
        (["w"], [], [], "once, but not 'b'"),
        (["w", "b"], ["name"], [], "once, but not 'name'"),
        (["w", "b"], ["b"], [], "once, but not 'b', 'b'"),
        (["w"], None, [], "data_fields and meta_fields together, or neither"),
        (None, None, ["c"], "once, but not 'c'"),
    ):
        with pytest.raises(ValueError, match=words):
            register_dataclass(Layer, data, meta, drop)
    with pytest.raises(TypeError, match="takes a dataclass, not 'Interval'"):
        register_dataclass(Interval)
    assert Layer not in REGISTERED


@dataclasses.dataclass
class Counted:
    """A dataclass with a variable of the class, which is no field."""

    count: ClassVar[int] = 0
    x: float = 1.0


def test_variables_of_the_class_are_no_parts_of_a_dataclass() -> None:
    assert tree_map(lambda a, b: a - b, Counted(3.0), Counted(1.0)) == Counted(2.0)
    register_dataclass(Counted)
    try:
        assert grad(lambda tree: tree.x**2)(Counted(3.0)) == Counted(6.0)
        assert tree_map(lambda a, b: a - b, Counted(3.0), Counted(1.0)) == Counted(2.0)
    finally:
        del REGISTERED[Counted]


Pair = namedtuple("Pair", "low high")


@pytest.mark.thorough
def test_fixed_points_are_found_for_containers() -> None:
    def step(x: Any, a: Any) -> Any:
        return tree_map(lambda part: 0.5 * np.cos(part) * a, x)

    alone = fixed_point(lambda x, a: 0.5 * np.cos(x) * a, 1.0, 0.9)
    slope = grad(lambda a: fixed_point(lambda x, a: 0.5 * np.cos(x) * a, 1.0, a))(0.9)
    for start in (
        {"b": 1.0, "a": np.zeros((2, 1))},
        Layer(np.ones(2), 0.0),
        Interval(1.0, np.ones(3), "t"),
        Pair(1.0, [np.ones(2), 0.0]),
    ):
        found = fixed_point(step, start, 0.9)
        assert type(found) is type(start)
        size = sum(np.size(leaf) for leaf in tree_leaves(start))
        assert np.allclose(ravel_pytree(found)[0], np.full(size, alone))
        gradient = grad(lambda a, start=start: np.sum(ravel_pytree(fixed_point(step, start, a, tolerance=1e-9))[0]))
        assert np.isclose(gradient(0.9), size * slope)
        assert np.isclose(compile(gradient)(0.9), size * slope)
        assert np.allclose(
            ravel_pytree(vmap(lambda a, s=start: fixed_point(step, s, a))(np.array([0.9, 0.9])))[0], alone
        )
    turned = fixed_point(lambda x: {"a": 0.5 * x["a"] + 1, "b": 0.5 * x["b"]}, {"b": 0.0, "a": 0.0})
    assert turned == {"b": 0.0, "a": pytest.approx(2.0)}
    assert type(turned["a"]) is np.float64
    with pytest.raises(
        ShapeError, match=r"has an array of shape \(2, 3\) in x, where the function makes shape \(3, 2\)"
    ):
        fixed_point(lambda x: {"a": x["a"].T}, {"a": np.ones((2, 3))})
    with pytest.raises(ValueError, match="the trees differ"):
        fixed_point(lambda x: {"b": x["a"]}, {"a": np.ones(2)})


def deep(kind: str, leaf: Any, depth: int = 5_000) -> Any:
    for _ in range(depth):
        leaf = {"dict": {"a": leaf}, "list": [leaf], "tuple": (leaf,)}[kind]
    return leaf


def innermost(tree: Any) -> Any:
    while isinstance(tree, dict | list | tuple):
        tree = tree["a"] if isinstance(tree, dict) else tree[0]
    return tree


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["dict", "list", "tuple"])
def test_trees_that_are_nested_deeper_than_calls(kind: str) -> None:
    x = np.array([1.0, 2.0])
    tree = deep(kind, x)
    double = lambda tree: innermost(tree) * 2  # noqa: E731
    square = lambda tree: np.sum(innermost(tree) ** 2)  # noqa: E731
    assert innermost(grad(square)(tree)).tolist() == [2, 4]
    assert innermost(innermost(hessian(square)(tree))).tolist() == [[2, 0], [0, 2]]
    assert innermost(jacobian(double)(tree)).tolist() == [[2, 0], [0, 2]]
    assert vmap(double)(tree).tolist() == [2, 4]
    assert innermost(vmap(lambda tree: tree, in_axes=(deep(kind, 0),))(tree)).tolist() == [1, 2]
    assert jvp(square, (tree,), (tree,))[1] == 10
    assert innermost(vjp(lambda tree: tree, tree)[1](tree)[0]).tolist() == [1, 2]
    assert innermost(tree_map(np.add, tree, tree)).tolist() == [2, 4]
    assert tree_leaves(tree)[0] is x
    assert innermost(ravel_pytree(tree)[1](x + 1)).tolist() == [2, 3]
    for function in (fixed_point, checkpoint):
        with pytest.raises(ValueError, match="an argument has containers inside each other, deeper than"):
            function(lambda *args: args[0], tensor(x, requires_grad=True), tree)


def test_a_second_result_says_how_it_is_given() -> None:
    with pytest.raises(GraphError, match=r"one number, not tuple: with has_aux=True, other results come second"):
        grad(lambda x: (x * x, x))(2.0)
    assert grad(lambda x: (x * x, 3), has_aux=True)(2.0) == (4.0, 3)
