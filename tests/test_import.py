"""What `import autograd` loads, and what is loaded when it is first used."""

import subprocess
import sys

import pytest


def fresh(program: str) -> str:
    """Run a program in a new process, and return what it printed."""
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


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


FURTHER = {
    "decompositions": "np.linalg.eigvalsh(x @ x.T)",
    "differences": "np.diff(x)",
    "einsum": "np.einsum('ij,jk', x, x)",
    "emath": "np.emath.sqrt(x + 0.0)",
    "fft": "np.fft.irfft(x + 0j)",
    "histogram": "np.histogram([1.0, 2.0], weights=x[0])[0]",
    "linalg": "np.linalg.inv(x)",
    "nan": "np.nansum(x)",
    "pad": "np.pad(x, 1)",
    "piecewise": "np.select([np.eye(2) > 0], [x])",
    "polynomial": "np.polyval(x[0], 2.0)",
    "quantiles": "np.median(x)",
    "rearrange": "np.rot90(x)",
    "signal": "np.convolve(x[0], x[0])",
    "statistics": "np.cov(x)",
    "ufunc_methods": "np.maximum.accumulate(x)",
}


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
    from autograd.ops import further

    assert set(further.__all__) == set(FURTHER)


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
    program = """
import autograd
from autograd.tensors.dispatch import declare_further_functions
before = dict(vars(autograd.Tensor))
declare_further_functions()
assert dict(vars(autograd.Tensor)) == before  # none of them is a method, which would not be found before
"""
    assert fresh(program) == ""


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
