"""docs/design.md: the files, functions and folders that it names exist, and its floor plan has all of them."""

import ast
import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from autograd import grad, jacobian, tensor, vmap

ROOT = Path(__file__).parents[2]
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
PLAN = DESIGN.partition("## Floor plan")[2].partition("## ")[0]
# `folder/`, `folder/file.py` and `file.py:Class.method`; a first folder other than these is one of autograd.
NAMED = re.compile(r"`((?:\w+/)+|(?:\w+/)*\w+\.pyi?)(?::([\w.]+))?`")
PACKAGES = ("autograd", "nn", "datasets", "examples", "tests", "docs")
NAMES = sorted({(path, name) for path, name in NAMED.findall(DESIGN) if path != "__init__.py"})


def located(path: str) -> Path:
    return ROOT / path if path.split("/")[0] in PACKAGES and "/" in path else ROOT / "autograd" / path


def definition(scope: ast.AST, name: str) -> ast.AST | None:
    """Find what a module, a class or a function binds to a name."""
    for node in ast.walk(scope):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name and node is not scope:
            return node
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return node
    return None


@pytest.mark.parametrize(("path", "name"), NAMES, ids=[f"{path}:{name}".rstrip(":") for path, name in NAMES])
def test_what_the_page_names_exists(path: str, name: str) -> None:
    file = located(path)
    assert file.exists(), f"docs/design.md names {path}"
    scope: ast.AST | None = ast.parse(file.read_text(encoding="utf-8")) if name else None
    for part in name.split(".") if name else ():
        assert scope is not None
        scope = definition(scope, part)
        assert scope is not None, f"docs/design.md names {name}, and {path} has no {part}"


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_the_floor_plan_has_every_folder(package: str) -> None:
    rooms = {path.name for path in (ROOT / package).iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    part = PLAN.partition(f"{package}/\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"^  (\w+)/ ", part, re.MULTILINE)) == rooms
    files = set(re.findall(r"\b(\w+\.py)\b", part))
    public = {path.name for path in (ROOT / package).glob("*.py") if not path.name.startswith("_")}
    assert files == public


def parts_of_the_trip() -> list[Any]:
    """Return each piece of code about the trip, with the rows of the table that follows it."""
    trip = DESIGN.partition("## One trip")[2].partition("\n## ")[0].split("```")
    return [
        pytest.param(code.removeprefix("python"), [line for line in after.splitlines() if line.startswith("|")][2:])
        for code, after in zip(trip[1::2], trip[2::2], strict=True)
    ]


@pytest.mark.parametrize(("code", "rows"), parts_of_the_trip())
def test_the_trip_calls_the_functions_in_its_tables_in_their_order(code: str, rows: list[str]) -> None:
    called: list[tuple[Path, str]] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            called.append((Path(frame.f_code.co_filename), frame.f_code.co_qualname.replace("<locals>.", "")))

    program = compile(code, "docs/design.md", "exec")
    names = {"np": np, "tensor": tensor, "jacobian": jacobian, "grad": grad, "vmap": vmap}
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        exec(program, names)
    finally:
        sys.setprofile(before)
    steps = [NAMED.findall(row.split("|")[3])[0] for row in rows]
    if "import" in rows[0]:
        del steps[:2]  # which were taken before
    functions = [(located(path), name) for path, name in steps if name.split(".")[-1].strip("_").islower()]
    assert len(functions) > 4
    when = [called.index(function) for function in functions]
    assert when == sorted(when)


def test_the_page_has_names_and_trips_to_check() -> None:
    assert len(NAMES) > 60
    assert len(parts_of_the_trip()) == 3
