"""A bare environment: the README's programs and the pages run with what ``pip install -e '.[plot]'`` installs."""

import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .test_readme import FIRST, FIT, LOOP, README, ROOT, TENSORS
from .test_site import PAGES, code


def installed(requirement: str, found: set[str]) -> set[str]:
    """Add the distributions to `found` that are installed with one."""
    wanted = Requirement(requirement)
    if (canonicalize_name(wanted.name) in found) and not wanted.extras:
        return found
    found.add(canonicalize_name(wanted.name))
    try:
        further = requires(wanted.name) or []
    except PackageNotFoundError:  # for another system
        return found
    for each in further:
        marker = Requirement(each).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted.extras or {""}):
            installed(each, found)
    return found


BARE = installed("plaingrad[plot]", set())
ABSENT = sorted(
    name
    for name, owners in packages_distributions().items()
    if not BARE & set(map(canonicalize_name, owners)) and name.isidentifier()
)


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment variables of a Python to which no other package is installed."""
    (tmp_path / "site").mkdir()
    text = f"import sys\nsys.modules.update(dict.fromkeys({ABSENT!r}))\n"
    (tmp_path / "site/sitecustomize.py").write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "site"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def run(folder: Path, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Warning" not in done.stderr
    return done.stdout


def test_what_a_bare_environment_has() -> None:
    assert {"plaingrad", "numpy", "pandas", "tqdm", "graphviz", "matplotlib"} <= BARE
    assert not {"scipy", "numba", "torch", "hypothesis", "scikit-learn"} & BARE
    assert {"numba", "scipy", "sklearn", "pytest"} <= set(ABSENT)
    assert not {"numpy", "pandas", "matplotlib", "dateutil", "autograd", "nn"} & set(ABSENT)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(FIRST, id="derivative"),
        pytest.param(TENSORS, id="tensors"),
        pytest.param(LOOP, id="loop", marks=pytest.mark.thorough),
        pytest.param(FIT, id="fit", marks=pytest.mark.thorough),
    ],
)
def test_a_program_of_the_readme_runs_as_a_file(program: str, tmp_path: Path, bare: dict[str, str]) -> None:
    (tmp_path / "first.py").write_text(program, encoding="utf-8")
    printed = run(tmp_path, bare, "first.py")
    said = re.findall(r"([\d.]+)% of the test digits|'accuracy': ([\d.]+)", printed)
    assert len(said) == {LOOP: 3, FIT: 1}.get(program, 0)
    assert all(float(percent or 100 * float(share)) > 93 for percent, share in said)


@pytest.mark.thorough
def test_the_first_picture(tmp_path: Path, bare: dict[str, str]) -> None:
    run(tmp_path, bare, "-m", "examples.moons", "--quick", "--out", "pictures")
    assert list((tmp_path / "pictures").glob("*.png"))


def test_what_an_example_needs_further_is_said_in_the_readme(tmp_path: Path, bare: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.diabetes"], cwd=tmp_path, env=bare, capture_output=True, text=True, check=False
    )
    assert "pip install scikit-learn" in done.stderr
    assert "`diabetes` needs `.venv/bin/pip install -e '.[sklearn]'`" in README


@pytest.mark.one_in(16)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.stem)
        for page in PAGES
        if ">>>" in code(page)
        and not set(re.findall(r"(?:import|from) (\w+)", code(page))) & set(ABSENT)
        and page.stem not in ("distributions", "sparse", "onnx", "onnx-load")  # which say what they need
    ],
)
def test_a_page_needs_no_other_package(page: Path, tmp_path: Path, bare: dict[str, str]) -> None:
    (tmp_path / page.name).write_text(code(page), encoding="utf-8")
    run(tmp_path, bare, "-m", "doctest", "-o", "ELLIPSIS", "-o", "NORMALIZE_WHITESPACE", page.name)


WRITTEN = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name != "changelog.md"]


def test_a_page_that_needs_another_package_says_how_to_install_it() -> None:
    owners = packages_distributions()
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        for name in set(re.findall(r"^>>> (?:import|from) (\w+)", text, re.MULTILINE)) & set(ABSENT):
            commands = re.findall(r"pip install ([^`\n]+)|[Ee]xtra `(\w+)`", text)
            known = any(owner.lower() in " ".join(command) for command in commands for owner in owners[name])
            assert known or any("[" in command or extra for command, extra in commands), (path, name)


def test_no_page_installs_what_is_on_no_index() -> None:
    for path in [*WRITTEN, ROOT / "README.md", *(ROOT / "autograd").rglob("*.py")]:
        assert not re.search(r"pip install (-\S+ )*plaingrad\b", path.read_text(encoding="utf-8")), path
