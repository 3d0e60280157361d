"""Every function of NumPy is in a class, and the class is true."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, UnsupportedError, tensor
from autograd.tensors.dispatch import declare_special_functions, operations, plain
from autograd.tensors.tensor import unwrap

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs import reasons, surface

Function = Callable[..., Any]

# What HIPS autograd 1.9.1 differentiates, and what MyGrad 2.5.0 does beyond that.
PEERS = """
abs add angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh array_split atleast_1d atleast_2d atleast_3d
broadcast_to cbrt clip column_stack concatenate conj copysign cos cosh cross cumprod cumsum deg2rad degrees diag
diagonal diff divide dot dsplit dstack einsum exp exp2 expand_dims expm1 fabs fliplr flipud fmax fmin gradient hsplit
hstack hypot imag inner kron linspace log log10 log1p log2 logaddexp logaddexp2 matmul max maximum mean min minimum
mod moveaxis multiply nan_to_num negative outer pad partition power prod rad2deg radians ravel real real_if_close
reciprocal repeat reshape roll rollaxis rot90 sin sinc sinh sort split sqrt square squeeze stack std subtract sum
swapaxes tan tanh tensordot tile trace transpose tril triu var vsplit vstack where linalg.cholesky linalg.det
linalg.eig linalg.eigh linalg.inv linalg.multi_dot linalg.norm linalg.pinv linalg.slogdet linalg.solve linalg.svd
fft.fft fft.fft2 fft.fftn fft.fftshift fft.ifft fft.ifft2 fft.ifftn fft.ifftshift fft.irfft fft.irfft2 fft.irfftn
fft.rfft fft.rfft2 fft.rfftn
"""
# The ufuncs of scipy.special that HIPS autograd differentiates.
PEERS_OF_SCIPY = """
beta betainc betaln digamma erf erfc erfcinv erfinv expit gamma gammainc gammaincc gammaln i0 i1 iv ive j0 j1 jn logit
psi rgamma y0 y1 yn
"""


def test_every_function_of_this_numpy_is_in_a_class() -> None:
    assert not surface.unclassified(), "declare it, or give the reason in docs/reasons.py"


def test_a_function_of_a_new_numpy_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def brand_new(x: Any) -> Any:
        return x

    monkeypatch.setattr(np, "brand_new", brand_new, raising=False)
    if hasattr(np, "__all__"):
        monkeypatch.setattr(np, "__all__", [*np.__all__, "brand_new"])
    assert surface.unclassified() == ["numpy.brand_new"]


def test_no_reason_is_given_where_there_is_a_derivative_or_no_function() -> None:
    assert not surface.contradicted(), "remove it from docs/reasons.py"


def test_classes_are_disjoint() -> None:
    assert not reasons.OUTSIDE.keys() & reasons.NOT_YET.keys()


def test_what_versions_have_is_told_for_functions_that_some_lack() -> None:
    for name in reasons.ONLY:
        module, _, function = name.rpartition(".")
        assert f"`{function}` ({reasons.ONLY[name]})" in surface.page(_page()).partition(f"## {module}\n")[2]


def test_a_line_of_a_function_that_is_missing_here_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reasons.ONLY, "numpy.fft.warp", "since NumPy 9.9")
    line = "| `warp` (since NumPy 9.9) | yes | linear | nothing |"
    present = f"\n## numpy.fft\n\n| a | b |\n|---|---|\n{line}\n\n## numpy.emath\n"
    assert line in surface.page(present)
    assert surface.page(surface.page(present)) == surface.page(present)


def test_a_line_of_a_function_that_this_scipy_lacks_is_kept() -> None:
    pytest.importorskip("scipy.special")
    line = "| `warped` | elementwise | `x` |"
    assert line in surface.page(_page() + line + "\n").splitlines()


def test_what_peers_differentiate_is_differentiated() -> None:
    missing = [name for name in PEERS.split() if _resolve(name) not in operations]
    assert not missing


def test_what_peers_differentiate_of_scipy_is_differentiated() -> None:
    special = pytest.importorskip("scipy.special")
    declare_special_functions()
    assert [name for name in PEERS_OF_SCIPY.split() if getattr(special, name) not in operations] == []


def _resolve(name: str) -> Function:
    space, _, function = name.rpartition(".")
    found: Function = getattr(getattr(np, space) if space else np, function)
    return found


def _page() -> str:
    return (Path(surface.__file__).parent / "operations.md").read_text()


PLAIN = {
    f"{module}.{names[0]}": function
    for module in surface.NUMPY
    for names, function in surface.by_identity(surface.functions(module))
    if function in plain
}
# Arguments, of which each of them takes some.
NUMBERS, WHOLE, SQUARE = np.array([1.0, 2.0]), np.array([1, 2]), np.eye(2)
ARGUMENTS: list[tuple[Any, ...]] = [
    (NUMBERS,),
    (NUMBERS, NUMBERS),
    (NUMBERS, 1),
    (WHOLE,),
    (WHOLE, WHOLE),
    (SQUARE,),
    (WHOLE, (3, 3)),
    (np.eye(2, dtype=int), (3, 3)),
    (NUMBERS, float),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", PLAIN)
def test_functions_without_a_derivative_give_what_they_give_on_arrays(name: str) -> None:
    function: Any = PLAIN[name]
    arguments = next(arguments for arguments in ARGUMENTS if _takes(function, arguments))
    found = function(*map(_live, arguments))
    if function in operations or name.endswith("_like"):  # of complex numbers; an array to write to
        found = unwrap(found)
    _assert_equal(found, function(*arguments), numbers=not name.startswith("numpy.empty"))


def _takes(function: Any, arguments: tuple[Any, ...]) -> bool:
    if isinstance(function, np.ufunc) and len(arguments) != function.nin:  # another would be where to write to
        return False
    try:
        function(*arguments)
    except (TypeError, ValueError, np.exceptions.AxisError):
        return False
    return True


def _live(value: Any) -> Any:
    """Return an array as a tensor that shares its memory, and requires a gradient if it can."""
    return Tensor(value, requires_grad=value.dtype.kind == "f") if isinstance(value, np.ndarray) else value


def _assert_equal(found: Any, expected: Any, numbers: bool) -> None:
    """Compare types and numbers, also within tuples."""
    assert type(found) is type(expected)
    if isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            _assert_equal(one, other, numbers)
    elif isinstance(expected, np.ndarray):
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        assert not numbers or np.array_equal(found, expected)
    else:
        assert found == expected


REFUSED: dict[str, Function] = {
    "numpy.array": np.array,
    "numpy.asarray": np.asarray,
    "numpy.packbits": np.packbits,
    "numpy.lib.stride_tricks.as_strided": np.lib.stride_tricks.as_strided,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_outside_any_graph_refuses_a_live_tensor(name: str) -> None:
    assert name in reasons.OUTSIDE
    with pytest.raises((UnsupportedError, ValueError, TypeError, RuntimeError)):
        REFUSED[name](tensor([1.0, 2.0], requires_grad=True))
