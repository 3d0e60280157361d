"""What a tensor is to Python and to NumPy, apart from its derivatives."""

import copy
import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    AnomalyError,
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    UnsupportedError,
    as_tensor,
    detect_anomaly,
    enable_grad,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
    tensor,
)
from autograd.extend import set_gradient_buffer
from autograd.tensors.dispatch import operations


def test_tensor_copies_and_the_class_shares() -> None:
    array = np.array([1.0, 2.0])
    assert not np.shares_memory(tensor(array).data, array)
    assert Tensor(array).data is array
    shared = Tensor(array)
    assert as_tensor(shared) is shared
    assert as_tensor(array).data is array
    assert tensor([1.0]).dtype == np.float64
    assert tensor([1]).dtype == np.int64
    assert tensor([1, 2], dtype="float32").dtype == np.float32


@pytest.mark.parametrize("data", [[1, 2], [True, False], np.array([1], dtype=np.uint8), 3])
def test_only_floating_point_tensors_require_a_gradient(data: Any) -> None:
    with pytest.raises(DtypeError, match=r"floating-point tensors.*write 1\.0 for 1"):
        tensor(data, requires_grad=True)


@pytest.mark.parametrize("data", ["text", [None], [object()], [["ragged", 1]]])
def test_a_tensor_holds_numbers(data: Any) -> None:
    with pytest.raises(TypeError, match="a tensor holds numbers"):
        Tensor(data)


def test_attributes_are_those_of_the_array() -> None:
    t = tensor(np.zeros((2, 3), np.float32))
    assert (t.shape, t.ndim, t.size, t.nbytes, len(t)) == ((2, 3), 2, 6, 24, 2)
    assert t.dtype == np.float32
    assert tensor(2.5).item() == 2.5
    assert tensor([[1, 2]]).tolist() == [[1, 2]]
    assert t.numpy() is t.data


def test_python_protocols() -> None:
    t = tensor(2.5, requires_grad=True)
    assert (float(t), int(t), bool(t), complex(t), f"{t:.1f}") == (2.5, 2, True, 2.5 + 0j, "2.5")
    assert [10, 20, 30][tensor(1)] == 20  # by __index__
    assert [row.item() for row in tensor([1.0, 2.0])] == [1.0, 2.0]
    assert 2.0 in tensor([1.0, 2.0])
    assert len({t, t, tensor(2.5)}) == 2  # hashed by identity
    with pytest.raises(TypeError):
        len(t)
    with pytest.raises(TypeError):
        float(tensor([1.0, 2.0]))


def test_repr_says_what_matters() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "Tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "Tensor([2., 4.], grad_fn=multiply)"
    assert repr(tensor(np.ones(2, np.float32))) == "Tensor([1., 1.], dtype=float32)"


def test_conversion_to_an_array_never_cuts_a_graph_silently() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"np\.asarray\(\) on this tensor.*t\.detach\(\)"):
        np.asarray(x * 2)
    assert np.array_equal(np.asarray(x.detach()), [1.0, 2.0])
    assert np.array_equal(np.array(tensor([1, 2]), dtype=float), [1.0, 2.0])


def test_unregistered_functions_raise_where_a_gradient_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    function: Any = np.rot90
    monkeypatch.delitem(operations, function)
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    with pytest.raises(UnsupportedError, match=r"numpy\.rot90 has no derivative here.*t\.data"):
        np.rot90(x)
    with no_grad():
        assert np.array_equal(np.rot90(x), [[2.0, 4.0], [1.0, 3.0]])


def test_results_are_not_written_outside_the_graph() -> None:
    x, place = tensor([1.0, 2.0], requires_grad=True), np.zeros(2)
    with pytest.raises(GraphError, match="out="):
        np.multiply(x, 2, out=place)
    with no_grad():
        assert np.multiply(x, 2, out=place) is place
    assert place.tolist() == [2.0, 4.0]


def test_updating_the_data_by_hand() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    before = w.data
    w.data -= 0.5 * w.grad
    assert w.data is before
    assert w.data.tolist() == [0.0, 0.0]
    assert w.is_leaf


def test_replacing_the_data() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    w.data = np.ones((2, 2), np.float32)
    (w * 3).sum().backward()
    assert (w.grad.shape, w.grad.dtype) == ((2, 2), np.float32)
    with pytest.raises(DtypeError):
        w.data = np.array([1, 2])
    with pytest.raises(GraphError, match="detach"):
        (w * 2).data = np.zeros(2)


def test_setting_the_gradient() -> None:
    w = tensor(np.zeros(2, np.float32), requires_grad=True)
    w.grad = np.array([1.0, 2.0])
    assert w.grad.dtype == np.float32
    with pytest.raises(ShapeError, match=r"shape \(3,\).*shape \(2,\)"):
        w.grad = np.zeros(3)
    with pytest.raises(GraphError, match=r"requires_grad_\(\)"):
        tensor(1.0).grad = 1.0


def test_requiring_a_gradient_later_and_no_more() -> None:
    w = tensor(1.0)
    assert not w.requires_grad
    assert w.requires_grad_() is w
    assert w.requires_grad
    w.requires_grad = False
    assert (w * 2).is_leaf
    y = tensor(1.0, requires_grad=True) * 2
    with pytest.raises(GraphError, match=r"detach\(\)"):
        y.requires_grad_(False)
    with pytest.raises(GraphError, match="none to retain"):
        w.retain_grad()


def test_detaching_shares_the_values_and_cuts_the_graph() -> None:
    x = tensor([1.0], requires_grad=True)
    y = (x * 2).detach()
    assert y.is_leaf
    assert not y.requires_grad
    assert y.grad_fn is None


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda t: pickle.loads(pickle.dumps(t))])
def test_copies(duplicate: Any) -> None:
    leaf = tensor([1.0, 2.0], requires_grad=True)
    again = duplicate(leaf)
    assert again.is_leaf
    assert again.requires_grad
    (again * 2).sum().backward()
    assert leaf.grad is None
    result = duplicate(leaf * 2)  # cut from its graph, never an error
    assert not result.requires_grad
    assert result.tolist() == [2.0, 4.0]


def test_a_deep_copy_has_the_gradient_but_not_its_memory() -> None:
    leaf = tensor([1.0, 2.0], requires_grad=True)
    (leaf * 3).sum().backward()
    again = copy.deepcopy(leaf)
    assert again.grad.tolist() == [3.0, 3.0]
    assert not np.shares_memory(again.grad.data, leaf.grad.data)


def test_grad_mode() -> None:
    x = tensor(1.0, requires_grad=True)

    @no_grad()
    def constant() -> Tensor:
        return x * 2

    @set_grad_enabled(False)
    def also_constant() -> Tensor:
        return x * 2

    assert is_grad_enabled()
    assert not constant().requires_grad
    assert not also_constant().requires_grad
    with no_grad():
        assert not is_grad_enabled()
        with enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        _ = 1 / 0
    assert is_grad_enabled()
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)
    assert is_grad_enabled()


def test_modes_belong_to_their_thread() -> None:
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_anomalies_are_named_where_they_arise() -> None:
    x = tensor([1.0, 0.0], requires_grad=True)
    with (
        detect_anomaly(),
        np.errstate(divide="ignore"),
        pytest.raises(
            AnomalyError,
            match=r"'log' gave inf in 1 of 2 elements \(shape \(2,\), dtype float64\), at .*test_tensor.py:\d+; it was",
        ),
    ):
        np.log(x)
    with detect_anomaly():
        y = np.sqrt(x).sum()
        with pytest.raises(AnomalyError, match=r"the derivative of 'sqrt', recorded at .*test_tensor.py:\d+, gave"):
            y.backward()


class Place:
    """A gradient buffer that counts how often it is claimed."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array, self.whole, self.claims = array, array.reshape(-1), 0

    def claim(self, known: int = 0) -> np.ndarray[Any, Any]:
        self.claims += 1
        return self.array


def test_what_lies_beside_the_gradients_does_not_count_as_theirs() -> None:
    """A buffer may still hold the nan that the gradient of another leaf had in an earlier walk."""
    whole = np.array([0.0, 0.0, np.nan])
    x, place = tensor([1.0, 2.0], requires_grad=True), Place(whole[:2])
    place.whole = whole
    set_gradient_buffer(x, place)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    with pytest.warns(RuntimeWarning, match=r"has inf in 1 of 2 elements"):
        (x * np.array([np.inf, 1.0])).sum().backward()


def test_gradients_are_written_to_their_buffer() -> None:
    x, place = tensor([1.0, 2.0], requires_grad=True), Place(np.zeros(2))
    set_gradient_buffer(x, place)
    (x * x).sum().backward()
    assert x.grad.data is place.array
    (x * x).sum().backward()
    assert place.array.tolist() == [4.0, 8.0]
    set_gradient_buffer(x, None)
    x.zero_grad()
    x.sum().backward()
    assert x.grad.data is not place.array
    with pytest.raises(ShapeError, match="a buffer of shape"):
        set_gradient_buffer(x, Place(np.zeros(3)))
    with pytest.raises(GraphError, match="only a leaf"):
        set_gradient_buffer(x * 2, place)


def test_a_buffer_changes_no_gradient_of_complex_values() -> None:
    """What the walk carries is the conjugate of what users see, also where a rule wrote it to the buffer."""
    values, data = np.array([[1 + 2j, 3 - 1j]]), np.array([[2 - 1j, 1 + 1j], [0.5j, 2.0]])
    gradients = []
    for buffer in (None, Place(np.zeros((1, 2), complex))):
        weight = tensor(values, requires_grad=True)
        set_gradient_buffer(weight, buffer)
        out = nn.functional.linear(data, weight)
        (out.real**2 + 3 * out.imag**2).sum().backward()
        gradients.append(weight.grad.tolist())
    assert gradients[0] == gradients[1]
    assert np.imag(gradients[0]).all()


def test_objects_are_refused() -> None:
    t = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(
        DtypeError, match="'concatenate' takes numbers and arrays of numbers, but was given an array of"
    ):
        np.append(t, len)  # type: ignore[call-overload]
    with pytest.raises(DtypeError, match="'where' takes numbers"):
        np.where([True, False], t, {})  # type: ignore[call-overload]
    with pytest.raises(DtypeError, match="takes numbers"):
        np.multiply(t.detach(), np.array([1, 2], dtype=object))
    with no_grad(), pytest.raises(DtypeError, match="takes numbers"):
        np.multiply(t, np.array([1, 2], dtype=object))
    with pytest.raises(DtypeError, match="takes numbers"):
        np.multiply(t, np.array([1, 2], dtype=object))


def test_masks_are_refused() -> None:
    with pytest.raises(DtypeError, match="a tensor has no mask"):
        Tensor(np.ma.array([1.0, 2.0], mask=[False, True]))


class Tagged(Tensor):
    """A tensor of a user, with a constructor and attributes of its own."""

    def __init__(self, tag: str, values: Any) -> None:
        super().__init__(values, requires_grad=True)
        self.tag, self.notes = tag, [tag]


class Slotted(Tensor):
    __slots__ = ("tag",)
    tag: str


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_subclasses_are_of_the_subclass_with_its_attributes(duplicate: Callable[[Any], Any]) -> None:
    x = Tagged("w", np.arange(6.0).reshape(2, 3).T)
    x.notes.append("more")
    twin = duplicate({"x": x})["x"] if duplicate is not copy.copy else duplicate(x)
    assert (type(twin), twin.tag, twin.notes, twin.is_leaf, twin.requires_grad) == (
        Tagged,
        "w",
        ["w", "more"],
        True,
        True,
    )
    (twin * twin).sum().backward()
    assert np.array_equal(twin.grad, 2 * twin.data)
    assert x.grad is None
    plain = Slotted([1.0, 2.0])
    plain.tag = "s"
    assert (type(duplicate(plain)), duplicate(plain).tag) == (Slotted, "s")
    assert not duplicate(plain).requires_grad
