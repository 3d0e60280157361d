"""What `import autograd` loads, and what is loaded when it is first used."""

import os
import subprocess
import sys

import pytest


def fresh(program: str, environment: dict[str, str] | None = None) -> str:
    """Run a program in a new process, and return what it printed."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def test_the_import_loads_only_what_most_programs_use() -> None:
    loaded = fresh("""
import sys, numpy
for name in ("dataclasses", "numpy.fft", "json", "logging", "decimal", "numpy.random"):
    sys.modules.pop(name, None)  # NumPy may have loaded it
before = set(sys.modules)
import autograd
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("autograd")))
""")
    assert set(loaded.split()) <= {"__future__", "gc"}  # both are built in


@pytest.mark.parametrize("switch", ["enable", "disable"])
def test_the_import_leaves_garbage_collection_as_it_was(switch: str) -> None:
    assert fresh(f"import gc; gc.{switch}(); import autograd; print(gc.isenabled())") == f"{switch == 'enable'}\n"


def test_memory_that_a_walk_freed_is_used_by_the_next_without_a_page_fault() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    faults = fresh(
        """
import platform, resource, numpy as np, autograd
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def walk():
    [np.ones(1 << 17) for _ in range(16)]  # 16 MB
walk()
before = faults()
for _ in range(10):
    walk()
print(faults() - before if platform.libc_ver()[0] == "glibc" else 0)  # other libraries have rules of their own
""",
        environment,
    )
    assert int(faults) < 4000  # one walk has 4096 pages


FURTHER = {
    "bessel": "np.sinc(x)",
    "complex": "np.angle(x + 1j * x[0])",
    "cumulative": "np.cumsum(x)",
    "decompositions": "np.linalg.eigvalsh(x @ x.T)",
    "differences": "np.diff(x)",
    "einsum": "np.einsum('ij,jk', x, x)",
    "emath": "np.emath.sqrt(x + 0.0)",
    "fft": "np.fft.irfft(x + 0j)",
    "further_elementwise": "np.arctan(x)",
    "histogram": "np.histogram([1.0, 2.0], weights=x[0])[0]",
    "join": "np.concatenate([x, x])",
    "linalg": "np.linalg.inv(x)",
    "nan": "np.nansum(x)",
    "norm": "np.linalg.norm(x)",
    "pad": "np.pad(x, 1)",
    "piecewise": "np.select([np.eye(2) > 0], [x])",
    "polynomial": "np.polyval(x[0], 2.0)",
    "product": "x @ x",
    "quantiles": "np.median(x)",
    "rearrange": "np.rot90(x)",
    "setitem": "np.put_along_axis(y := +x, np.array([[0]]), 3.0, 1) or y",
    "signal": "np.convolve(x[0], x[0])",
    "sort": "np.sort(x)",
    "statistics": "np.cov(x)",
    "ufunc_methods": "np.maximum.accumulate(x)",
    "variance": "np.var(x)",
}


@pytest.mark.one_in(8)
@pytest.mark.parametrize("family", FURTHER)
def test_a_function_that_is_declared_later_is_differentiated_at_its_first_call(family: str) -> None:
    assert (
        fresh(f"""
import sys, numpy as np, autograd
assert "autograd.ops.{family}" not in sys.modules
x = autograd.tensor([[2.0, 1.0], [0.5, 3.0]], requires_grad=True)
y = {FURTHER[family]}
y.sum().real.backward()
assert x.grad is not None and x.grad.data.any()
print(y.requires_grad)
""")
        == "True\n"
    )


def test_every_family_that_is_declared_later_is_tried() -> None:
    from autograd.tensors.dispatch import further

    assert [name.rpartition(".")[2] for name in sorted(further)] == list(FURTHER)


def test_every_method_that_is_installed_later_is_installed_by_the_module_that_is_named() -> None:
    program = """
import autograd
from autograd.tensors.dispatch import DeclaredLater, declare_further_functions
before = dict(vars(autograd.Tensor))
later = [name for name, method in before.items() if isinstance(method, DeclaredLater)]
for name in later:
    getattr(autograd.Tensor, name)
print(len(later) > 80, [name for name in later if isinstance(vars(autograd.Tensor)[name], DeclaredLater)])
declare_further_functions()
print(vars(autograd.Tensor).keys() - before.keys())  # none that would not be found before
"""
    assert fresh(program) == "True []\nset()\n"


def test_threads_may_call_such_functions_first_at_the_same_time() -> None:
    program = f"""
import sys, threading, numpy as np, autograd
sys.setswitchinterval(1e-6)
x = autograd.tensor([[2.0, 1.0], [0.5, 3.0]], requires_grad=True)
calls = {list(FURTHER.values())!r}
together = threading.Barrier(len(calls))
results = []
def call(text):
    together.wait()
    results.append(eval(text).requires_grad)
threads = [threading.Thread(target=call, args=(text,)) for text in calls]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results == [True] * len(calls))
"""
    assert fresh(program) == "True\n"


def test_the_first_call_may_be_within_a_compiled_function() -> None:
    program = """
import numpy as np
from autograd import compile, grad
for function in (np.linalg.inv, np.nansum, np.maximum.accumulate, np.add.reduce):
    derivative = compile(grad(lambda x: function(x).sum()))
    first, *later = [derivative(np.array([[2.0, 1.0], [0.5, 3.0]])) for _ in range(3)]
    print(all(np.array_equal(first, each) for each in later))
"""
    assert fresh(program) == "True\n" * 4


def test_the_first_call_may_be_within_vmap_or_a_transform() -> None:
    calls = {
        "vmap(np.linalg.inv)(np.eye(2)[None])": "[[[1. 0.]\n  [0. 1.]]]\n",
        "vmap(lambda x: np.diff(x))(np.array([[1.0, 3.0]]))": "[[2.]]\n",
        "grad(lambda x: np.median(x))(np.array([1.0, 3.0, 2.0]))": "[0. 0. 1.]\n",
        "jvp(lambda x: np.flip(np.diff(x)), (np.array([1.0, 3.0]),), (np.ones(2),))[1]": "[0.]\n",
    }
    for call, expected in calls.items():
        assert fresh(f"import numpy as np; from autograd import grad, jvp, vmap; print({call})") == expected


def test_what_a_program_declares_stays_when_further_functions_are_loaded() -> None:
    program = """
import numpy as np, autograd
from autograd.tensors.dispatch import declare_further_functions, operations
mine = autograd.general(np.diff, lambda g, a: g * 0, forward=lambda a: np.diff(a), name="mine")
declare_further_functions()
assert operations[np.diff] is mine
assert np.linalg.inv in operations
"""
    assert fresh(program) == ""


@pytest.mark.one_in(2)
@pytest.mark.parametrize("before", ["", "declare_further_functions()"])
def test_operators_that_a_program_declares_stay_whenever_others_are_loaded(before: str) -> None:
    program = f"""
import numpy as np, autograd
from autograd.tensors.dispatch import declare_further_functions
{before}
autograd.elementwise(np.remainder, lambda g: g * 5, lambda g: g, name="mine")
autograd.general(np.matmul, lambda g, y: g, lambda g, x: g, forward=lambda x, y: np.matmul(x, y), name="mine")
autograd.composed(np.linalg.norm)(lambda x: (x * x).sum())
autograd.not_differentiable(np.var)
x = autograd.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
for _ in range(2):
    print(*[repr(y).rpartition("=")[2] for y in (x % 2, 2 % x, x @ x, x.norm(), np.linalg.norm(x), np.var(x), x.var())])
    declare_further_functions()
"""
    # the method of a norm is the library's, and so are variances, which have a derivative
    assert fresh(program) == "mine) mine) mine) norm) sum) var) var)\n" * 2


METHODS = {  # what is first asked of a tensor, and what must be true of it
    "x += 1": "x.tolist() == [1.25, 1.5]",
    "x @= np.eye(2)": "x.tolist() == [0.25, 0.5]",
    "x[0] = 2": "x.tolist() == [2.0, 0.5]",
    "y = x @ x": "y.requires_grad",
    "y = [1.0, 2.0] @ x": "y.requires_grad",
    "y = x % 2": "y.requires_grad",
    "y = 2 // x": "isinstance(y, autograd.Tensor)",
    "y = divmod(x, 2)": "len(y) == 2",
    "y = x.imag": "y.tolist() == [0.0, 0.0]",
    "y = autograd.Tensor.arctan(x)": "y.requires_grad",
    "y = x.std()": "y.requires_grad",
    "y = hasattr(x, 'register_hook')": "y",
    "y = np.log2(x, out=autograd.tensor([0.0, 0.0]))": "y.requires_grad",
    "y = np.arctan2.outer(x, x)": "y.shape == (2, 2)",
    "y = np.reciprocal(autograd.Value(2.0))": "y.data == 0.5",
    "y = autograd.Value(2.0) % 3": "y.data == 2.0",
    "y = autograd.gradgradcheck(np.tanh, np.array([0.5]))": "y",
}


@pytest.mark.one_in(8)
@pytest.mark.parametrize("statement", METHODS)
def test_a_method_that_is_installed_later_is_found_at_its_first_use(statement: str) -> None:
    program = f"""
import numpy as np, autograd
x = +autograd.tensor([0.25, 0.5], requires_grad=True)
{statement}
print(bool({METHODS[statement]}))
"""
    assert fresh(program) == "True\n"


def test_attributes_without_setters_cannot_be_set_before_they_are_loaded_either() -> None:
    program = """
import autograd
try:
    autograd.tensor(1.0).real = 2
except AttributeError as error:
    print(error)
"""
    assert fresh(program) == "property of 'Tensor' object has no setter\n"


def test_families_are_attributes_of_ops() -> None:
    program = """
import autograd
print(autograd.ops.linalg.__name__, autograd.ops.reduce.__name__)
try:
    autograd.ops.nothing
except AttributeError as error:
    print(error)
"""
    assert fresh(program).splitlines() == [
        "autograd.ops.linalg autograd.ops.reduce",
        "module 'autograd.ops' has no attribute 'nothing'",
    ]


def test_without_scipy_its_functions_say_what_to_install() -> None:
    program = """
import sys
sys.modules["scipy"] = None
import autograd
for load in (lambda: autograd.scipy.stats, lambda: __import__("autograd.scipy.linalg")):
    try:
        load()
    except ModuleNotFoundError as error:
        print(error)
"""
    assert fresh(program) == "autograd.scipy needs SciPy: pip install scipy\n" * 2
