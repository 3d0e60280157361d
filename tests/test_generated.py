"""Files that follow from the declarations are up to date."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_types_of_installed_methods_are_up_to_date() -> None:
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    assert generate["STUB"].read_text() == generate["stub"](), "run: python docs/generate.py"
