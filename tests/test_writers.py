"""Everything that the packages write takes its place whole, through links, with the mode of what it replaces."""

import ast
import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, diff_graphs, draw_graph, player

ROOT = Path(nn.__file__).parent.parent
PACKAGES = ("autograd", "nn", "datasets")
X, Y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)


def fit(*callbacks: nn.training.Callback) -> Any:
    model = nn.Linear(2, 1)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    return nn.fit(model, (X, Y), nn.MSELoss(), optimizer, epochs=2, callbacks=callbacks, verbose=False)


def draw(path: Path) -> None:
    draw_graph(Value(2.0) * Value(3.0)).write(path)


def export(path: Path) -> None:
    pytest.importorskip("onnx", reason="writes models: pip install onnx")
    nn.onnx.export(nn.Linear(2, 1), X, path)


def report(path: Path) -> None:
    pytest.importorskip("matplotlib", reason="draws: pip install matplotlib")
    nn.plots.report(path, fit())


WRITERS: dict[str, Callable[[Path], Any]] = {
    "model.npz": lambda path: nn.save(nn.Linear(2, 1), path),
    "model.safetensors": lambda path: nn.save(nn.Linear(2, 1), path),
    "last.npz": lambda path: fit(nn.training.Checkpoint(path)),
    "best.npz": lambda path: fit(nn.training.SaveBest(path, monitor="loss")),
    "history.csv": lambda path: fit(nn.training.CSVLogger(path)),
    "model.onnx": export,
    "report.html": report,
    "graph.svg": draw,
    "graph.gv": draw,
    "graph.mmd": draw,
    "graph.html": draw,
    "difference.html": lambda path: diff_graphs(Value(2.0) * Value(3.0), Value(2.0) * Value(4.0)).to_html(path),
    "player.html": lambda path: player(Value(2.0) * Value(3.0), path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_links_and_modes_stay(name: str, tmp_path: Path) -> None:
    target, link = tmp_path / "there" / name, tmp_path / name
    target.parent.mkdir()
    target.write_text("before")
    target.chmod(0o600)
    link.symlink_to(target)
    WRITERS[name](link)
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_bytes() != b"before"
    assert os.listdir(target.parent) == [name]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("fault", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("name", WRITERS)
def test_a_fault_leaves_what_was_there(
    name: str, fault: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_text("before")

    def fail(descriptor: int) -> None:
        raise fault(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(fault) as caught:
        WRITERS[name](path)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == [name]
    if isinstance(caught.value, OSError):
        assert str(path) in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="limits the length of files")
@pytest.mark.parametrize("name", ["model.npz", "model.safetensors"])
def test_a_disk_that_is_full_in_the_middle(name: str, tmp_path: Path) -> None:
    import resource

    path = tmp_path / name
    nn.save({"a": np.ones(3)}, path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large") as caught:
            nn.save({f"array {i}": np.ones(20_000) for i in range(10)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


WRITING = "open|write_text|write_bytes|savez|to_csv"


def writes(tree: ast.AST, inside: bool = False) -> Iterator[int]:
    """Yield the lines that open a file to write outside of a `with` block of `replacing`."""
    for node in ast.iter_child_nodes(tree):
        guarded = inside or (isinstance(node, ast.With) and any("replacing(" in ast.unparse(i) for i in node.items))
        if isinstance(node, ast.Call) and not guarded:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            modes = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            opened = name == "open" and any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)
            if opened or (name != "open" and re.fullmatch(WRITING, name)):
                yield node.lineno
        yield from writes(node, guarded)


# The rows of a table are added while others read it; the rest is called in such a block.
EXCEPTIONS = {"nn/training/_loggers.py": 1, "nn/_npz.py": 1, "nn/_safetensors.py": 1, "autograd/files.py": 1}


def test_nothing_else_writes_files() -> None:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if re.search(WRITING, text) and (lines := list(writes(ast.parse(text)))):
                found[path.relative_to(ROOT).as_posix()] = len(lines)
    assert found == EXCEPTIONS
