"""Starting programs on several ranks, with the mpiexec of the environment that the tests run in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MPIEXEC = Path(sys.executable).parent / "mpiexec"

needs_mpi = pytest.mark.skipif(not MPIEXEC.exists(), reason="needs pip install 'plaingrad[mpi]'")


def start(ranks: int, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start ``python *arguments`` on some ranks, in a group of its own, as a terminal would."""
    threads = {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [str(MPIEXEC), "-n", str(ranks), sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **threads},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )


def run(ranks: int, *arguments: str, seconds: float = 120) -> tuple[int, str, str]:
    """Run ``python *arguments`` on some ranks; return the exit code and what was written to both streams."""
    process = start(ranks, *arguments)
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err
