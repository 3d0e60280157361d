"""What the package says of itself: numbers that stand in several files are the same in all of them."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import autograd
import nn

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]


def test_one_version() -> None:
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert PROJECT["version"] == autograd.__version__ == nn.__version__ == cited.group(1)


def test_one_list_of_pythons() -> None:
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert f"PYTHONS = {PYTHONS}".replace("'", '"') in (ROOT / "noxfile.py").read_text()
    assert f"now Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "docs/installation.md").read_text()


def test_numpy_of_the_supported_versions() -> None:
    (numpy,) = [each for each in PROJECT["dependencies"] if each.startswith("numpy")]
    assert f"NumPy {numpy.partition('>=')[2]} and newer" in (ROOT / "docs/installation.md").read_text()


def test_the_changelog_has_a_place_for_what_is_next() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+( - \d{4}-\d\d-\d\d)?", heading) for heading in headings[1:])


def test_addresses_are_those_of_one_repository() -> None:
    home = PROJECT["urls"]["Source"]
    assert all(url.startswith(home) for name, url in PROJECT["urls"].items() if name in ("Changelog", "Issues"))
    assert home in (ROOT / "CITATION.cff").read_text()


def test_the_distribution_that_stands_for_hips_autograd() -> None:
    stub = tomllib.loads((ROOT / "packaging/autograd/pyproject.toml").read_text())["project"]
    assert stub["dependencies"] == [PROJECT["name"]]
    assert f'"autograd": "{stub["version"]}"' in (ROOT / "benchmarks/hips.py").read_text()
    assert stub["name"] in PROJECT["import-names"]


def run_in(folder: Path, program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True).stderr


def test_files_of_other_packages_among_our_own_are_noticed(tmp_path: Path) -> None:
    for package in ("autograd", "nn", "datasets"):
        (tmp_path / package).mkdir()
    shutil.copy(ROOT / "nn/_engine_check.py", tmp_path / "nn")
    (tmp_path / "nn/__init__.py").write_text("from . import _engine_check")
    (tmp_path / "autograd/__init__.py").write_text("__version__ = '1.9.1'")
    assert "or put the folder that holds plaingrad first" in run_in(tmp_path, "import nn")
    (tmp_path / "autograd/inside.py").touch()
    assert "was installed over plaingrad, in one folder" in run_in(tmp_path, "import nn")
    shutil.rmtree(tmp_path / "autograd")
    (tmp_path / "autograd.py").write_text("x = 1")
    assert "autograd.py. A file of that name hides it: rename it" in run_in(tmp_path, "import nn")
    shutil.copy(ROOT / "datasets/__init__.py", tmp_path / "datasets")
    (tmp_path / "datasets/arrow_dataset.py").touch()
    assert "pip uninstall -y datasets plaingrad" in run_in(tmp_path, "import datasets")
