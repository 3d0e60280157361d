"""The programs of `examples` as a person runs them, in the root of the repository."""

import contextlib
import io
import json
import os
import runpy
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
Run = subprocess.CompletedProcess[str]


def run(module: str, *arguments: object, **environment: str) -> Run:
    """Run a program, and return what it printed and its exit code."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False
    )


def run_here(module: str, *arguments: object) -> Run:
    """Run a program in this process, which takes a hundredth of the time where it only reads its options."""
    command, code = [module, *map(str, arguments)], 0
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", command), contextlib.chdir(ROOT), warnings.catch_warnings(),
        contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors),
    ):  # fmt: skip
        warnings.filterwarnings("ignore", ".* found in sys.modules", RuntimeWarning)  # a test imported the module
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return subprocess.CompletedProcess(command, code, output.getvalue(), errors.getvalue())


def without_matplotlib(module: str, *arguments: object, **environment: str) -> Run:
    """Run a program that finds no matplotlib: drawing takes longer than a short training."""
    hidden = (
        "import runpy, sys, importlib.util as util; find = util.find_spec; "
        "util.find_spec = lambda name, *rest: None if name == 'matplotlib' else find(name, *rest); "
        f"sys.argv[0] = {module!r}; runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", hidden, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False
    )


def interrupt(module: str, *arguments: object, after: str, again: str = "") -> Run:
    """Press Ctrl-C when a line that holds `after` was printed, and again, if asked to, when an error holds `again`."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert any(after in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        if again:
            assert any(again in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def interrupted_metrics(result: Run, folder: Path) -> dict[str, Any]:
    """Check that a program ended well after Ctrl-C, and return what it reached until then."""
    assert result.returncode == 130
    assert "Traceback" not in result.stderr
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    assert metrics["interrupted"] is True
    return metrics


def check_interrupted(module: str, *arguments: object, out: Path, after: str, files: set[str]) -> dict[str, Any]:
    """Press Ctrl-C in a program after a line that holds `after`; check that it saves what there is; return metrics."""
    result = interrupt(module, *arguments, "--out", out, after=after)
    assert "Ctrl-C: saving what there is" in result.stderr
    assert {path.name for path in out.iterdir()} == files
    return interrupted_metrics(result, out)


def check_usage(module: str, *options: str, wrong: tuple[str, str, str]) -> None:
    """Check that ``--help`` names the options, and that a wrong option, or a folder that is a file, is explained."""
    result = run_here(module, "--help")
    assert result.returncode == 0, result.stderr
    assert all(f"--{option}" in result.stdout for option in (*options, "seed", "out", "quick"))
    option, value, message = wrong
    for arguments, code, said in (
        ([option, value], 2, message),
        (["--out", "README.md/runs"], 1, "is a file, where a folder is to be written: choose another --out"),
    ):
        result = run_here(module, *arguments)
        assert result.returncode == code
        assert said in result.stderr
        assert "Traceback" not in result.stderr
