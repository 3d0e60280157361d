"""`nn.port` and PyTorch: programs and single lines mean the same before and after."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.port import port
from nn.port._table import tables

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
from nn.port._compare import TOLERANCE, compare, differences  # noqa: E402 - as it needs torch

PORT = Path(__file__).parent.parent / "port"
PROGRAMS = sorted((PORT / "programs").glob("*.txt"))
TENSORS = """
i = torch.arange(24) % 5
x = torch.sin(torch.arange(24.0)).view(2, 3, 4)
y = torch.cos(torch.arange(24.0)).view(2, 3, 4)
m = torch.sin(torch.arange(9.0)).view(3, 3)
p = x.abs() + 0.5
"""
# A call or more of each line of the table that gives a value.
LINES = (PORT / "lines.txt").read_text(encoding="utf-8")
CALLS = LINES.splitlines()


def value_of(text: str, name: str) -> Any:
    scope: dict[str, Any] = {}
    exec(compile(text, name, "exec"), scope)
    return scope["result"]


def arrays(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [array for each in value for array in arrays(each)]
    return [np.asarray(value.detach() if hasattr(value, "detach") else value)]


@pytest.mark.parametrize("call", CALLS)
def test_a_line_has_the_value_that_it_has_in_pytorch(call: str) -> None:
    program = f"import torch\n{TENSORS}\nresult = {call}\n"
    ported = port(program)
    assert not ported.refused, ported.refused
    assert "torch" not in ported.text, ported.text
    theirs, ours = arrays(value_of(program, "torch")), arrays(value_of(ported.text, "port"))
    assert [each.shape for each in ours] == [each.shape for each in theirs], ported.text
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == other.dtype or mine.dtype.kind == other.dtype.kind == "i", ported.text
        np.testing.assert_allclose(mine.astype(float), other.astype(float), rtol=1e-4, atol=1e-5, err_msg=ported.text)


def test_each_spelling_of_a_value_is_among_the_lines() -> None:
    random = {"rand", "randn", "randint", "randperm", "normal", "multinomial", "bernoulli", "rand_like", "randn_like"}
    random |= {"randint_like", "poisson"}
    states = {"autocast", "get_default_dtype", "set_default_dtype", "set_default_tensor_type", "set_default_device"}
    elsewhere = (
        random
        | states
        | {
            "empty_like",
            "cuda",
            "pin_memory",
            "from_numpy",
            "save",
            "load",
            "device",
            "softplus",
            "moveaxis",
            "cholesky",  # of which PyTorch warns
            "compile",
            "conv1d",
            "conv2d",
            "dropout",
            "new",
            "new_empty",
            *("to_dense", "spmm", "sparse_coo_tensor"),  # of which tests/port has a program
        }
    )
    missing = [
        name
        for section in ("tensors", "torch")
        for name in tables()[section]
        if name not in elsewhere
        and "grad" not in name
        and "." not in name
        and name not in ("Generator", "inference_mode")
        if f"{name}(" not in LINES
    ]
    assert not missing


@pytest.mark.filterwarnings("ignore::UserWarning")  # of PyTorch, about itself
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_compute_what_they_compute_in_pytorch(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = path.read_text(encoding="utf-8")
    ported = port(source)
    assert not ported.refused, ported.refused
    assert compare(source, ported.text, str(path)) == 0, capsys.readouterr()


def test_compare_tells_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    source = next(path for path in PROGRAMS if path.stem == "logistic_regression").read_text(encoding="utf-8")
    ported = port(source).text
    assert "ddof=1" in ported
    assert compare(source, ported.replace("ddof=1", "ddof=0"), "wrong") == 1
    assert "largest relative difference" in capsys.readouterr().out
    assert compare(source, ported.replace("range(8)", "range(7)"), "short") == 1
    assert "the programs compute different things" in capsys.readouterr().err
    assert nn.Linear(2, 1).weight.dtype == np.float32, "what it replaces is put back"
    assert torch.get_default_dtype() == torch.float32
    assert TOLERANCE < 1e-6


def test_what_is_rounding_beside_other_results_is_no_difference() -> None:
    def losses(*values: float) -> list[tuple[str, list[Any]]]:
        return [("losses", [np.array(value)]) for value in values]

    assert differences(losses(2.0, 1e-17), losses(2.0, -3e-17))["losses"] < TOLERANCE
    assert differences(losses(2.0, 1e-5), losses(2.0, 1.1e-5))["losses"] > 0.09
    assert differences(losses(1e-9), losses(1.1e-9))["losses"] > 0.09
    assert differences(losses(np.nan, np.inf), losses(np.nan, np.inf))["losses"] == 0
    assert differences(losses(1.0), losses(np.nan))["losses"] > 1
