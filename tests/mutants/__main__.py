"""Change code one expression at a time, and print which changes no test notices: ``python -m tests.mutants``.

The derivative rules are changed unless files are given. Of files without rules, such as those of ``compile``, the tests
near them run once, to see which of them reach what is changed. Nothing is written into the checkout: the changed
functions are in child processes.
"""

import argparse
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.affected import WHOLE, nearest

from .mutations import mutations
from .runner import Runner

ROOT = Path(__file__).parents[2]
FILES = ("autograd/ops/**/*.py", "autograd/calculus.py", "autograd/primitives/accurate_sum.py", "nn/functional/**/*.py")
NEAR = 60  # of so many files with tests, those nearest to files without rules, it is seen what they reach
TESTS = (
    "tests/operations", "tests/ops", "tests/nn", "tests/primitives/test_numerics.py",
    "tests/tensors/test_half_precision.py", "tests/graph/test_accurate_sum.py", "tests/tensors/test_complex.py",
    "tests/tensors/test_writing.py", "tests/graph/test_nan_safety.py", "tests/scalar/test_value.py",
    "tests/fused/test_recurrent.py", "tests/against_pytorch",
)  # fmt: skip
NOT_OF_RULES = (
    "training",
    "plots",
    "test_constructors.py",
    "test_onnx.py",
    "test_onnx_load.py",
    "test_onnx_operators.py",
    "test_serialization.py",
    "test_summary.py",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", help="files, file:line or folders; by default all with rules")
    parser.add_argument("--sample", type=int, help="how many mutants are drawn; by default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="how many children run at a time")
    parser.add_argument("--limit", type=float, default=20.0, help="how many seconds the tests of a mutant may take")
    parser.add_argument("--tests", nargs="+", help="the tests to choose from")
    parser.add_argument("--measure", type=float, default=120.0, help="how many seconds the tests near files may take")
    options = parser.parse_args()
    lines = {each.partition(":")[2] for each in options.paths}
    found, of_rules = files([each.partition(":")[0] for each in options.paths])
    mutants = [mutant for file in found for mutant in mutations(str(file), (ROOT / file).read_text())]
    if lines and "" not in lines:
        mutants = [mutant for mutant in mutants if f"{ROOT / mutant.file}:{mutant.line}" in _absolute(options.paths)]
    if options.sample is not None:
        mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
    runner = Runner(ROOT, mutants, options.limit, options.jobs, 0 if of_rules else options.measure)
    sources = sorted({Path(mutant.file) for mutant in mutants})
    tests = options.tests or (
        TESTS if of_rules else [str(path) for path in nearest(sources)[:NEAR] if path not in WHOLE]
    )
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # children are forked
        os.environ.setdefault(name, "1")
    os.environ["NUMBA_CACHE_DIR"] = os.devnull  # machine code of a mutant is not for others, nor theirs for it
    ignored = [f"--ignore=tests/nn/{name}" for name in NOT_OF_RULES]
    pytest.main([*tests, *ignored, "-q", "-m", "", "--no-header", "--no-summary", "-p", "no:cacheprovider"], [runner])
    print(report(runner))


def files(paths: list[str]) -> tuple[list[Path], bool]:
    """Return the files that are within `paths`, and whether they have rules."""
    rules = sorted({path.relative_to(ROOT) for pattern in FILES for path in ROOT.glob(pattern)})
    if not paths:
        return rules, True
    wanted = [Path(path).resolve() for path in paths]
    within = [each for path in wanted for each in ([path] if path.is_file() else sorted(path.rglob("*.py")))]
    found = list(dict.fromkeys(path.relative_to(ROOT) for path in within))
    return found, set(found) <= set(rules)


def _absolute(paths: list[str]) -> set[str]:
    return {str(Path(path).resolve()) for path in paths}


def report(runner: Runner) -> str:
    """Say how many mutants were noticed, and which survived."""
    there = [result for result in runner.results if result.said != "not there"]
    noticed = sum(result.noticed for result in there)
    alive = sorted(str(result.mutation) for result in there if not result.noticed)
    counts = Counter(result.said for result in runner.results)
    share = 100 * noticed / max(len(there), 1)
    score = f"{noticed} of {len(there)} mutants are noticed: {share:.1f} %"
    return "\n".join(["", score, ", ".join(f"{n} {said}" for said, n in counts.items()), "", *alive])


if __name__ == "__main__":
    main()
