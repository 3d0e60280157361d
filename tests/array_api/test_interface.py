"""Every name of the standard is there, with its parameters, and nothing of it costs a program that does not ask."""

import inspect
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, array_api, tensor

from .standard import ATTRIBUTES, CONSTANTS, DTYPES, OPERATORS, SIGNATURES

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def named(name: str) -> Any:
    found = array_api
    for part in name.split("."):
        found = getattr(found, part)
    return found


def test_the_table_of_the_standard_is_whole() -> None:
    assert len([name for name in SIGNATURES if "." not in name]) == 136
    assert len([name for name in SIGNATURES if name.startswith("linalg.")]) == 25
    assert len([name for name in SIGNATURES if name.startswith("fft.")]) == 14


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_is_that_of_the_standard(name: str) -> None:
    found = [(p.name, p.kind, p.default) for p in inspect.signature(named(name)).parameters.values()]
    if name in ("all", "any"):  # xarray hands on what NumPy's functions give its methods
        assert found.pop() == ("out", inspect.Parameter.KEYWORD_ONLY, None)
    assert found == [(p.name, p.kind, p.default) for p in SIGNATURES[name].parameters.values()]


@pytest.mark.parametrize("name", SIGNATURES)
def test_function_says_what_it_does(name: str) -> None:
    assert named(name).__name__ == name.rpartition(".")[2]
    assert named(name).__doc__


@pytest.mark.parametrize("name", OPERATORS)
def test_method_takes_what_the_standard_says(name: str) -> None:
    found = list(inspect.signature(getattr(Tensor, name)).parameters.values())
    wanted = list(OPERATORS[name].parameters.values())
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        if theirs.kind in POSITIONAL:
            assert ours.kind in POSITIONAL
        else:
            assert (ours.name, ours.kind, ours.default) == (theirs.name, theirs.kind, theirs.default)


ARITHMETIC = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"
]  # fmt: skip


@pytest.mark.parametrize("name", ARITHMETIC)
def test_operator_has_a_reflected_and_an_in_place_form(name: str) -> None:
    assert hasattr(Tensor, f"__r{name}__")
    assert hasattr(Tensor, f"__i{name}__")


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_tensor_has_the_attribute(name: str) -> None:
    assert hasattr(tensor([[1.0]]), name)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant(name: str) -> None:
    assert getattr(array_api, name) is getattr(np, name) or np.array_equal(
        getattr(array_api, name), getattr(np, name), equal_nan=True
    )


@pytest.mark.parametrize("name", DTYPES)
def test_dtype_is_that_of_arrays(name: str) -> None:
    dtype = getattr(array_api, name)
    made = array_api.zeros(1, dtype=dtype)
    assert made.dtype == dtype
    assert hash(made.dtype) == hash(dtype)


def test_all_is_the_standard() -> None:
    functions = {name for name in SIGNATURES if "." not in name}
    extra = {"__array_api_version__", "linalg", "fft", "special"}
    assert set(array_api.__all__) == functions | set(CONSTANTS) | set(DTYPES) | extra


@pytest.mark.parametrize("version", [None, "2021.12", "2022.12", "2023.12", "2024.12", "2025.12"])
def test_tensor_names_its_namespace(version: str | None) -> None:
    assert tensor([1.0]).__array_namespace__(api_version=version) is array_api
    assert array_api.__array_api_version__ == "2025.12"


@pytest.mark.parametrize("version", ["2020.10", "2124.12", ""])
def test_unknown_version_is_an_error(version: str) -> None:
    with pytest.raises(ValueError, match=r"is not among 2021\.12, 2022\.12, 2023\.12, 2024\.12, 2025\.12"):
        tensor([1.0]).__array_namespace__(api_version=version)


def test_namespace_is_loaded_when_it_is_asked_for() -> None:
    program = (
        "import sys, autograd; assert 'autograd.array_api' not in sys.modules; "
        "autograd.tensor(1.0).__array_namespace__(); assert 'autograd.array_api' in sys.modules; "
        "assert 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# What the namespace tells of itself


def test_capabilities() -> None:
    told = array_api.__array_namespace_info__().capabilities()
    assert told["boolean indexing"] is True
    assert told["data-dependent shapes"] is True
    most = told["max dimensions"]
    assert array_api.ones((1,) * most).ndim == most
    with pytest.raises(ValueError, match="dimension"):
        array_api.ones((1,) * (most + 1))


def test_default_dtypes_are_those_of_python_numbers() -> None:
    info = array_api.__array_namespace_info__()
    for device in (None, *info.devices()):
        default = info.default_dtypes(device=device)
        assert array_api.asarray(1.0).dtype == default["real floating"]
        assert array_api.asarray(1j).dtype == default["complex floating"]
        assert array_api.asarray(1).dtype == default["integral"]
        assert array_api.argmax(tensor([1.0])).dtype == default["indexing"]
    assert info.default_device() in info.devices()


@pytest.mark.parametrize(
    "kind", ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"]
)
def test_dtypes_of_a_kind(kind: str) -> None:
    info = array_api.__array_namespace_info__()
    found = info.dtypes(kind=kind)
    assert found == {name: getattr(array_api, name) for name in DTYPES if array_api.isdtype(np.dtype(name), kind)}
    assert info.dtypes(kind=(kind,), device="cpu") == found


def test_all_dtypes() -> None:
    info = array_api.__array_namespace_info__()
    assert info.dtypes() == {name: getattr(array_api, name) for name in DTYPES}
    assert info.dtypes(kind=("bool", "real floating")).keys() == {"bool", "float32", "float64"}
    with pytest.raises(ValueError, match="there is no kind 'string'"):
        info.dtypes(kind="string")


# Devices and other libraries


def test_there_is_one_device() -> None:
    t = tensor([1.0])
    assert t.device == "cpu"
    assert t.to_device("cpu") is t
    assert t.to_device(t.device, stream=None) is t
    for device, stream in (("cuda", None), ("cpu", 1)):
        with pytest.raises(ValueError, match="no device but 'cpu'"):
            t.to_device(device, stream=stream)
    for function in (array_api.ones, array_api.zeros, array_api.empty):
        assert function(2, device="cpu").device == "cpu"
        with pytest.raises(ValueError, match="there is no device 'cuda'"):
            function(2, device="cuda")


def test_dlpack_shares_memory_both_ways() -> None:
    t = tensor([[1.0, 2.0], [3.0, 4.0]])
    there = np.from_dlpack(t)
    assert np.shares_memory(there, t.data)
    back = array_api.from_dlpack(there, device="cpu")
    assert isinstance(back, Tensor)
    assert np.shares_memory(back.data, t.data)
    assert not np.shares_memory(array_api.from_dlpack(t, copy=True).data, t.data)
    assert t.__dlpack_device__() == (1, 0)


def test_dlpack_does_not_cut_a_graph_silently() -> None:
    with pytest.raises(GraphError, match=r"from_dlpack\(\) on this tensor.*t\.detach\(\)"):
        array_api.from_dlpack(tensor([1.0], requires_grad=True))
    np.testing.assert_array_equal(np.from_dlpack(tensor([1.0], requires_grad=True).detach()), [1])


# Names beyond the standard


def test_other_names_are_those_of_numpy() -> None:
    x = tensor([1.0, 2.0, 4.0], requires_grad=True)
    assert array_api.pad is np.pad
    array_api.gradient(array_api.pad(x, 1)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.5, 0.0, -0.5]
    assert array_api.broadcast_shapes((2, 1), (3,)) == (2, 3)
    assert array_api.isin(tensor([1, 2, 3]), 2, invert=True).tolist() == [True, False, True]
    for name in ("__version__", "nonsense", "_core"):
        with pytest.raises(AttributeError, match=rf"module 'autograd\.array_api' has no attribute '{name}'"):
            getattr(array_api, name)
