"""Libraries that are written for the standard compute with tensors; what they compose of it is differentiated."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONSUMERS = Path(__file__).parent / "consumers.py"


@pytest.mark.thorough
def test_scipy_and_scikit_learn() -> None:
    """SciPy reads its switch when it is imported, so that the tests of `consumers` run in a process of their own."""
    pytest.importorskip("scipy", "1.17")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CONSUMERS)]
    done = subprocess.run(
        command,
        cwd=CONSUMERS.parents[2],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d\d passed", done.stdout), done.stdout
