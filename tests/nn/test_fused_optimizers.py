"""Fused updates are the unfused ones: the same bits, states, groups and errors, and no LLVM unless it is asked for."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor
from autograd.extend import load_llvm
from autograd.transforms.compile.fused.loops import cache_folder
from nn.optim import _adam, _fused

from ..thorough import few
from .optimizer_formulas import CASES, Array

FUSED = ("Adam", "AdamW", "SGD")  # the optimizers that have the option
FLOATS = st.floats(0, 1, exclude_max=True)


def test_which_optimizers_have_the_option() -> None:
    made = {name: getattr(nn.optim, name) for name in nn.optim.__all__ if isinstance(getattr(nn.optim, name), type)}
    del made["Optimizer"]
    having = [name for name, kind in made.items() if "fused" in kind([nn.Parameter([[1.0]])]).defaults]
    assert sorted(having) == sorted(FUSED)


@st.composite
def options(draw: Any) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from(FUSED))
    chosen: dict[str, Any] = {"lr": draw(FLOATS), "maximize": draw(st.booleans())}
    chosen["weight_decay"] = draw(st.sampled_from((0.0, 0.1)))
    if name == "SGD":
        chosen["momentum"] = draw(st.sampled_from((0.0, 0.5, 0.9)))
        chosen["nesterov"] = bool(chosen["momentum"]) and draw(st.booleans())
        chosen["dampening"] = 0.0 if chosen["nesterov"] else draw(st.sampled_from((0.0, 0.3)))
    else:
        chosen["betas"] = (draw(FLOATS), draw(FLOATS))
        chosen["eps"] = draw(st.sampled_from((0.0, 1e-8, 1e-2)))
        chosen["amsgrad"] = draw(st.booleans())
    return name, chosen


def pair(name: str, shapes: list[tuple[int, ...]], dtype: Any, seed: int, **options: Any) -> Any:
    """Return the same parameters twice, and an optimizer of each: unfused and fused."""
    draw = np.random.default_rng(seed)
    starts = [draw.standard_normal(shape) for shape in shapes]
    both = [[nn.Parameter(start, dtype=dtype) for start in starts] for _ in range(2)]
    return both, [
        getattr(nn.optim, name)(w, fused=fused, **options) for w, fused in zip(both, (None, True), strict=True)
    ]


def assert_same_bits(both: list[list[Tensor]], optimizers: list[Any]) -> None:
    for one, other in zip(*both, strict=True):
        assert one.data.tobytes() == other.data.tobytes()
    plain, fused = (optimizer.state_dict()["state"] for optimizer in optimizers)
    assert plain.keys() == fused.keys()
    for number, state in plain.items():
        assert state.keys() == fused[number].keys()
        for name, value in state.items():
            assert np.asarray(value).tobytes() == np.asarray(fused[number][name]).tobytes(), name


def gradients(draw: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return gradients of very different sizes, zeros among them."""
    sizes = 10.0 ** draw.uniform(-25, 6, shape)
    return np.asarray(draw.standard_normal(shape) * sizes * (draw.random(shape) < 0.8))


@few(6)
@given(
    case=options(),
    dtype=st.sampled_from((np.float32, np.float64)),
    steps=st.integers(1, 140),
    absent=st.sampled_from((0.0, 0.3)),
    seed=st.integers(0, 1000),
)
def test_fused_steps_are_the_same_bits(case: Any, dtype: Any, steps: int, absent: float, seed: int) -> None:
    """With parameters that have no gradient at times, and rates that a schedule changes."""
    name, chosen = case
    both, optimizers = pair(name, [(3, 5), (), (17,), (0, 2)], dtype, seed, **chosen)
    draw = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        for step in range(steps):
            for i, (one, other) in enumerate(zip(*both, strict=True)):
                gone, g = draw.random() < absent and i != step % 4, gradients(draw, one.shape)
                one.grad, other.grad = (None, None) if gone else (g, g)
            for optimizer in optimizers:
                optimizer.param_groups[0]["lr"] = chosen["lr"] / (1 + step // 10)
                optimizer.step()
        assert_same_bits(both, optimizers)


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the fused updates that are made, where 20 elements are many."""
    made, real = list[int](), _fused.update

    def update(step: Any, group: Any, flat: Any, run: Any, *args: Any) -> Any:
        made.append(run.stop - run.start)
        return real(step, group, flat, run, *args)

    monkeypatch.setattr(_adam, "PATIENT", 40)
    monkeypatch.setattr(_adam, "LEAST", 20)
    monkeypatch.setattr(_fused, "update", update)
    return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_long_trainings_are_fused_unasked_to_the_same_bits(name: str, dtype: Any, updates: list[int]) -> None:
    starts, draw = np.random.default_rng(0).standard_normal((2, 4, 3)), np.random.default_rng(1)
    both: list[list[Tensor]] = [[nn.Parameter(start, dtype=dtype) for start in starts] for _ in range(2)]
    optimizers = [getattr(nn.optim, name)(w, fused=f, amsgrad=True) for w, f in zip(both, (False, None), strict=True)]
    made = []
    for _ in range(70):
        for parameters in zip(*both, strict=True):
            slopes = gradients(draw, (4, 3)) / 1e3
            for parameter in parameters:
                parameter.grad = slopes
        before = len(updates)
        for optimizer in optimizers:
            optimizer.step()
        made.append(len(updates) - before)
    assert made == [0, 0] + [1] * 68
    assert_same_bits(both, optimizers)


class Own(nn.optim.Adam):
    """An optimizer of the user's."""


@pytest.mark.parametrize("case", ["few", "half precision", "own", "off", "raises", "no LLVM", "lr", "eps"])
def test_what_is_never_fused_unasked(case: str, updates: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    if case == "no LLVM":
        monkeypatch.setitem(sys.modules, "llvmlite", None)
        _adam._has_llvm.cache_clear()
    w = nn.Parameter(np.ones(5 if case == "few" else 30), dtype=np.float16 if case == "half precision" else np.float32)
    kind = Own if case == "own" else nn.optim.Adam
    optimizer = kind([w], eps=1e-3, fused=False if case == "off" else None)
    if case in ("lr", "eps"):  # one for each element
        optimizer.param_groups[0][case] = np.linspace(1e-3, 1e-2, 30)
    with np.errstate(over="raise" if case == "raises" else "warn"):
        for _ in range(20):
            w.grad = np.ones(w.shape)
            optimizer.step()
    _adam._has_llvm.cache_clear()
    assert not updates
    if case == "raises":
        optimizer.step()
        assert updates == [30]


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_that_are_not_finite(name: str, dtype: Any) -> None:
    """nan stays nan; an overflow is inf, of which the loop gives no warning."""
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, np.finfo(dtype).max, np.finfo(dtype).tiny / 8, 1.0], dtype)
    starts, slopes = (np.array(grid, dtype).ravel() for grid in np.meshgrid(values, values))
    options: dict[str, Any] = {"momentum": 0.9} if name == "SGD" else {"amsgrad": True}
    made = [nn.Parameter(starts, dtype=dtype) for _ in range(2)]
    both = [getattr(nn.optim, name)([w], fused=f, **options) for w, f in zip(made, (False, True), strict=True)]
    for _ in range(3):
        made[0].grad = made[1].grad = slopes
        with np.errstate(all="ignore"):
            both[0].step()
        both[1].step()
    np.testing.assert_array_equal(made[0].data, made[1].data)


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] in FUSED])
def test_a_training_goes_on_from_a_state_of_either_kind(name: str, options: dict[str, Any]) -> None:
    both, optimizers = pair(name, [(4, 3), (7,)], np.float32, 0, **options)
    draw = np.random.default_rng(0)

    def walk(optimizer: Any, parameters: list[Tensor], slopes: list[list[Array]]) -> None:
        for step in slopes:
            for parameter, g in zip(parameters, step, strict=True):
                parameter.grad = g
            optimizer.step()

    slopes = [[draw.standard_normal(w.shape) for w in both[0]] for _ in range(80)]
    for optimizer, parameters in zip(optimizers, both, strict=True):
        walk(optimizer, parameters, slopes[:40])
    plain, fused = (pickle.loads(pickle.dumps(optimizer.state_dict())) for optimizer in optimizers)
    optimizers[0].load_state_dict(fused)
    optimizers[1].load_state_dict(plain)
    assert [optimizer.param_groups[0]["fused"] for optimizer in optimizers] == [None, True]
    for optimizer, parameters in zip(optimizers, both, strict=True):
        walk(optimizer, parameters, slopes[40:])
    assert_same_bits(both, optimizers)


def test_groups_may_differ_and_views_see_the_step() -> None:
    values = np.ones(3, np.float32)
    held, free, half = Tensor(values, requires_grad=True), nn.Parameter([1.0]), nn.Parameter(np.ones(2, np.float16))
    optimizer = nn.optim.SGD([{"params": [held, free], "fused": True}, {"params": [half]}], lr=0.5)
    for parameter in (held, free, half):
        parameter.grad = np.ones(parameter.shape, parameter.dtype)
    optimizer.step()
    assert values.tolist() == [0.5, 0.5, 0.5]
    assert (free.item(), half.data.tolist()) == (0.5, [0.5, 0.5])
    twin = pickle.loads(pickle.dumps(optimizer))
    assert [group["fused"] for group in twin.param_groups] == [True, None]


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_dtypes_without_a_loop(name: str, dtype: Any) -> None:
    w = nn.Parameter(np.ones(2), dtype=dtype)
    message = rf"fused=True updates float32 and float64, but a parameter of shape \(2,\) is {w.dtype}: put it in a"
    options: dict[str, Any] = {} if name == "SGD" else {"eps": 1e-3}
    with pytest.raises(TypeError, match=message):
        getattr(nn.optim, name)([w], fused=True, **options)
    optimizer = getattr(nn.optim, name)([w], **options)
    optimizer.param_groups[0]["fused"] = True
    w.grad = np.ones(2, dtype)
    with pytest.raises(TypeError, match=message):
        optimizer.step()
    assert w.data.tolist() == [1.0, 1.0]


WITHOUT = """
import sys
import nn

sys.modules["llvmlite"] = None  # so that importing it fails, as where it is not installed
try:
    nn.optim.{name}([nn.Parameter([1.0])], fused=True)
except ImportError as error:
    print(error)
"""


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", FUSED)
def test_without_llvm_an_error_says_what_to_install(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT.format(name=name)], capture_output=True, text=True, check=True)
    assert done.stdout == "fused=True needs LLVM: pip install llvmlite\n", done.stderr


ASKED = """
import os, sys, time
import numpy as np
import nn

w = nn.Parameter([1.0])
w.grad = [1.0]
nn.optim.Adam([w]).step()
assert "llvmlite" not in sys.modules
optimizer = nn.optim.Adam([w], fused=True)
assert "llvmlite" in sys.modules
started = time.process_time()
optimizer.step()
print(time.process_time() - started)
"""


@pytest.mark.thorough
def test_llvm_is_loaded_when_asked_for_and_its_loops_are_kept_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
        assert float(done.stdout) < 2, "seconds for the first step"
        kept = [path.name for path in tmp_path.rglob("plaingrad_*.*")]
        assert len(kept) == 1, "one loop: the second process compiled none"
    assert not list(Path(nn.__file__).parent.rglob("*.nb[ci]"))


def test_the_folder_of_compiled_loops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "given"))
    folder = cache_folder()
    assert folder is not None
    assert folder.is_relative_to(tmp_path / "given")
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert cache_folder() is None  # then loops are compiled in each process


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ("raise ImportError('no libffi')", r"x needs llvmlite, which cannot be loaded here \(no libffi\): pip install"),
        ("llvm_version_info = 14, 0, 6", r"x needs llvmlite, which is 0\.43\.0 here, with an LLVM older than 20: pip"),
    ],
)
def test_an_llvm_that_is_of_no_use(found: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llvmlite").mkdir()
    (tmp_path / "llvmlite/__init__.py").write_text("__version__ = '0.43.0'")
    (tmp_path / "llvmlite/binding.py").write_text(found)
    for module in ("llvmlite", "llvmlite.binding"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=message):
        load_llvm("x")
    for module in ("llvmlite", "llvmlite.binding"):
        sys.modules.pop(module, None)  # what was loaded before comes back
