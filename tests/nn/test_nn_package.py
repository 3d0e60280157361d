"""What the package exports, what it stands on, and what it says where another `autograd` is in its place."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn
from nn.modules._applied import Applied, ForAxes

PRIVATE = {name for name in [*autograd.Tensor.__slots__, *dir(autograd.Tensor)] if name[0] == "_" != name[1]}
PRIVATE -= {"_repr_html_"}  # what notebooks ask any object for
ROOT = Path(nn.__file__).parent


@pytest.mark.parametrize("module", [nn, nn.functional, nn.init, nn.optim])
def test_exports_are_sorted_and_complete(module: ModuleType) -> None:
    def sort_key(name: str) -> tuple[int, str]:  # the linter's order: constants, then classes, then the others
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert module.__all__ == sorted(module.__all__, key=sort_key)
    assert all(hasattr(module, name) for name in module.__all__)


def test_layers_that_take_what_their_base_class_takes_document_it_too() -> None:
    inherited = 0
    for name in nn.__all__:
        cls = getattr(nn, name)
        if isinstance(cls, type) and issubclass(cls, Applied | ForAxes) and "__init__" not in vars(cls):
            own, base = (parameters_of(each) for each in cls.__mro__[:2])
            assert own or not base, name
            inherited += own == base != []
    assert inherited > 25
    assert parameters_of(nn.Dropout2d) == ["p", "    The probability, from 0 to 1.", *parameters_of(nn.ReLU)]
    assert str(nn.ReflectionPad3d.__doc__).count("\nExamples\n") == 1
    assert type("Own", (nn.ReflectionPad2d,), {"__doc__": "One of a user."}).__doc__ == "One of a user."


def parameters_of(cls: type) -> list[str]:
    """Return the lines on parameters in the docstring of a class, which stand before its examples."""
    text = inspect.cleandoc(cls.__doc__ or "").partition("\nExamples\n")[0]
    return text.partition("\nParameters\n----------\n")[2].partition("\n\n")[0].strip().splitlines()


def test_only_public_names_of_the_engine_are_used() -> None:
    imported = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "autograd":
                assert node.module in ("autograd", "autograd.extend"), path
                imported |= {alias.name for alias in node.names}
            if isinstance(node, ast.Attribute):
                assert node.attr not in PRIVATE, path
    assert {"Tensor", "general"} <= imported <= {*autograd.__all__, *autograd.extend.__all__}


def run_import(tmp_path: Path, path: list[Path]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-c", "import nn"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)


def test_another_autograd_is_named(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    (other / "autograd").mkdir(parents=True)
    (other / "autograd" / "__init__.py").write_text("__version__ = '1.8.0'\ndef grad(function): pass\n")
    result = run_import(tmp_path, [other, ROOT.parent])
    assert result.returncode == 1
    message = result.stderr.splitlines()[-1]
    assert message.startswith("ImportError: nn needs plaingrad's own package autograd")
    assert "version 1.8.0" in message
    assert str(other / "autograd" / "__init__.py") in message
    assert "pip uninstall autograd" in message
    assert run_import(tmp_path, [ROOT.parent, other]).returncode == 0


@pytest.mark.thorough
def test_a_folder_named_autograd_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "autograd").mkdir(parents=True)
    (tmp_path / "nn").symlink_to(ROOT, target_is_directory=True)
    result = run_import(tmp_path, [tmp_path, tmp_path / "elsewhere"])
    if "site-packages" not in autograd.__file__ and result.returncode:
        assert str(tmp_path / "elsewhere" / "autograd") in result.stderr.splitlines()[-1]
