"""What the package says of itself: numbers that stand in several files are the same in all of them."""

import re
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
