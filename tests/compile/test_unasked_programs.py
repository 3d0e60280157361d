"""Examples, pages, notebooks and pictures that call `fit` end with the same bits, compiled or not."""

import contextlib
import doctest
import io
import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.training import _compiled, _loop

from .agreement import differs
from .training_steps import state

pytest.importorskip("matplotlib", reason="the programs draw: pip install matplotlib").use("Agg")
ROOT = Path(__file__).parents[2]
EXAMPLES = ("augmented", "autoencoder", "characters", "convnet", "diabetes", "mnist", "sequential_digits")
PAGES = ("howto/data.md", "howto/fit.md", "howto/many-machines.md", "howto/onnx-load.md", "tutorials/own-model.md")
NOTEBOOKS = ("looking_inside", "onnx_elsewhere")


def run_example(name: str) -> None:
    sys.argv = [name, "--quick", "--out", "run"]
    runpy.run_module(f"examples.{name}", run_name="__main__", alter_sys=True)


def run_page(name: str) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for example in doctest.DocTestParser().get_examples((ROOT / "docs" / name).read_text(encoding="utf-8")):
        with pytest.raises(Exception) if example.exc_msg else contextlib.nullcontext():
            exec(compile(example.source, name, "single"), names)


def run_notebook(name: str) -> None:
    cells = json.loads((ROOT / "docs" / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    exec(compile("\n".join(code), name, "exec"), {"__name__": "__main__"})


def run_picture(name: str) -> None:
    source = (ROOT / "docs" / "gallery" / f"{name}.py").read_text(encoding="utf-8")
    exec(compile(source, f"{name}.py", "exec"), {"__name__": "__main__"})


PROGRAMS: list[tuple[Callable[[str], None], str]] = [
    *((run_example, name) for name in EXAMPLES),
    *((run_page, name) for name in PAGES),
    *((run_notebook, name) for name in NOTEBOOKS),
    (run_picture, "per_sample"),
]


def trainings(run: Callable[[str], None], name: str, compiles: bool, folder: Path) -> list[Any]:
    """Return, of each training of a program, its history and what it left, and whether it was compiled."""
    found: list[Any] = []
    ordinary = _loop.TrainingLoop.run

    def noted(loop: Any) -> None:
        ordinary(loop)
        rows = [{key: value for key, value in row.items() if key != "seconds"} for row in loop.training.history]
        figures = {f"{key} {i}": np.array(value) for i, row in enumerate(rows) for key, value in row.items()}
        drawn = repr(nn.random.default_generator().bit_generator.state)
        found.append(([figures, state(loop.training.model), state(loop.training.optimizer), drawn], loop.compiled.said))

    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        patch.setattr(_loop.TrainingLoop, "run", noted)
        patch.setattr(_compiled, "pays", lambda batches, seconds: compiles)
        patch.setattr(sys, "argv", [name])
        patch.syspath_prepend(ROOT)
        nn.manual_seed(0)
        with contextlib.suppress(SystemExit):
            run(name)
    return found


@pytest.mark.parametrize(
    ("run", "name"),
    [
        pytest.param(*each, marks=[] if each[1] == "tutorials/own-model.md" else pytest.mark.thorough)
        for each in PROGRAMS
    ],
    ids=[name for _, name in PROGRAMS],
)
@pytest.mark.filterwarnings("ignore")  # what the programs are warned of is the subject of other tests
def test_the_same_bits(run: Callable[[str], None], name: str, tmp_path: Path) -> None:
    expected, found = (trainings(run, name, compiles, tmp_path / str(compiles)) for compiles in (False, True))
    assert expected
    assert not differs([left for left, _ in expected], [left for left, _ in found])
    assert not any(said == "yes" for _, said in expected)
    refused = {"howto/many-machines.md": "several ranks", "autoencoder": "generator"}.get(name)
    assert any(said == "yes" if refused is None else refused in said for _, said in found)


def test_no_program_is_left_out() -> None:
    """A file that calls `fit` is in one of the lists."""
    folders = {"examples": "*.py", "docs/gallery": "*.py", "docs/howto": "*.md", "docs/tutorials": "*.md"}
    files = [path for folder, pattern in folders.items() for path in (ROOT / folder).glob(pattern)]
    files += (ROOT / "docs" / "notebooks").glob("*.ipynb")
    calling = {
        path for path in files if "= nn.fit(" in (text := path.read_text(encoding="utf-8")) or "\nnn.fit(" in text
    }
    listed = {ROOT / "examples" / f"{name}.py" for name in EXAMPLES} | {ROOT / "docs" / name for name in PAGES}
    listed |= {ROOT / "docs" / "notebooks" / f"{name}.ipynb" for name in NOTEBOOKS}
    assert calling <= listed | {ROOT / "docs" / "gallery" / "per_sample.py"}
