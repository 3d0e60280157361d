"""Which test files are near a source file: by the words of their paths, and by what they import."""

from __future__ import annotations

from pathlib import Path

# Words of tests whose paths say it otherwise.
SAID = {
    "batching": "vmap", "units": "vmap", "optim": "optimizers", "scheduler": "schedulers", "swa": "averaging",
    "adam": "optimizers", "lbfgs": "optimizers", "session": "training", "recorder": "guards",
}  # fmt: skip


def near_tests(root: Path, sources: list[Path]) -> list[str]:
    """Return the test files that are near some sources, the nearest first."""
    tests = [test.relative_to(root) for test in sorted(root.glob("tests/**/test_*.py"))]
    found: dict[str, int] = {}
    for test in tests:
        text = (root / test).read_text()
        found[str(test)] = max(_nearness(source, test, text) for source in sources)
    return sorted((test for test in found if found[test]), key=lambda test: -found[test])


def _nearness(source: Path, test: Path, text: str) -> int:
    subject, folders, said = _words(source.stem), set(source.parts[2:-1]) | {source.parts[1]}, set(test.parts[1:-1])
    said |= _words(test.stem)
    module = ".".join(source.with_suffix("").parts)
    return (
        4 * (subject <= said or module in text)
        + 2 * bool(subject & said)
        + bool(folders & said or {SAID.get(each) for each in folders | subject} & said)
    )


def _words(stem: str) -> set[str]:
    return set(stem.strip("_").split("_")) - {"test"}
