"""Files that follow from the declarations are up to date."""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
REMEDY = "run: python docs/generate.py"


@pytest.fixture(scope="module")
def generate() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))


def test_the_types_of_installed_methods_are_up_to_date(generate: dict[str, Any]) -> None:
    written = generate["STUB"].read_text()
    assert written == generate["stub"].text(written), REMEDY


def test_the_page_about_operations_is_up_to_date(generate: dict[str, Any]) -> None:
    pytest.importorskip("scipy.special")  # a part of the page is about its functions
    assert generate["OPERATIONS"].read_text() == generate["operations_page"](), REMEDY


def test_the_names_from_elsewhere_are_up_to_date(generate: dict[str, Any]) -> None:
    assert generate["PYTORCH"].read_text() == generate["pytorch_page"](), REMEDY


def test_the_list_of_what_compile_refuses_is_up_to_date(generate: dict[str, Any]) -> None:
    assert generate["COMPILE"].read_text() == generate["compile_page"](), REMEDY


def test_the_page_about_numerics_is_up_to_date(generate: dict[str, Any]) -> None:
    assert generate["NUMERICS"].read_text() == generate["numerics_page"](), REMEDY


def test_the_page_about_scipy_names_all_that_has_derivatives() -> None:
    """What is beside it depends on the version of SciPy."""
    surface = pytest.importorskip("docs.scipy_surface", reason="needs SciPy", exc_type=ImportError)
    sections = surface.page().split("\n## scipy.")[1:]
    assert [section.partition("\n")[0] for section in sections] == list(surface.MODULES)
    for section in sections:
        module, _, rest = section.partition("\n")
        names = surface.here(module)
        assert f"{len(names)} with derivatives: {', '.join(f'`{name}`' for name in names)}." in rest
    special = {*surface.here("special")}
    assert {"erf", "logsumexp"} <= special
    assert not {"zetac", "comb", "errstate"} & special  # which have no rule


def test_pictures_name_no_place_of_the_machine_that_drew_them() -> None:
    pictures = [*(ROOT / "docs" / "images").glob("*.svg")]
    assert len(pictures) > 3
    assert not [picture.name for picture in pictures if re.search(r"<title>(/|[A-Z]:)", picture.read_text())]


SCRIPTS = sorted(path.name for path in (ROOT / "docs").glob("*.py") if "\nif __name__ ==" in path.read_text())


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_that_is_asked_for_help_or_for_what_it_has_not_does_nothing_else(script: str) -> None:
    for option, code in (("--help", 0), ("--unknown", 2)):
        run = subprocess.run([sys.executable, f"docs/{script}", option], cwd=ROOT, capture_output=True, text=True)
        if "ModuleNotFoundError" in run.stderr:
            pytest.skip(run.stderr.splitlines()[-1])
        assert (run.returncode, f"usage: {script}" in run.stdout + run.stderr) == (code, True), run.stderr
