"""The tests that are nearest to a change are those that its author would look for."""

from pathlib import Path

import pytest

from . import affected
from .test_layout import modules

MODULES = sorted(path.relative_to(affected.ROOT) for path in modules().values() if path.name != "__init__.py")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("autograd/ops/einsum.py", "tests/ops/test_einsum.py"),
        ("autograd/ops/reduce.py", "tests/operations/test_derivatives.py"),
        ("nn/optim/_adam.py", "tests/nn/test_optimizers.py"),
        ("autograd/transforms/compile/passes.py", "tests/compile/test_passes.py"),
        ("autograd/visualize/svg.py", "test_svg.py"),
    ],
)
def test_the_nearest_files(changed: str, expected: str) -> None:
    assert any(path.as_posix().endswith(expected) for path in affected.nearest([Path(changed)])[:50])


@pytest.mark.thorough
def test_the_file_that_mirrors_a_module_comes_before_those_of_lists() -> None:
    changed = Path("autograd/transforms/compile/results.py")  # none of its names is mentioned, as if all were new
    first = next(path for path in affected.nearest([changed]) if path not in affected.WHOLE)
    assert first == Path("tests/compile/test_results.py")


@pytest.mark.parametrize("of_lists", ["tests/primitives/test_numerics.py", "tests/docs/test_site.py"])
def test_lists_come_first_where_a_function_is_new(of_lists: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, defined = Path("nn/functional/_regression_loss.py"), affected.defined
    new = "_".join(("new", "loss"))  # which no test mentions, this one neither
    monkeypatch.setattr(affected, "defined", lambda path: defined(path) | ({new} if path == changed else set()))
    assert Path(of_lists) in affected.nearest([changed])[:30]


@pytest.mark.thorough
@pytest.mark.parametrize("changed", MODULES[::50], ids=str)
def test_each_module_is_near_to_tests(changed: Path) -> None:
    assert not affected.WHOLE.issuperset(affected.nearest([changed]))


@pytest.mark.thorough
def test_a_changed_test_comes_first_and_a_changed_helper_brings_the_tests_that_use_it() -> None:
    assert affected.nearest([Path("tests/ops/test_pad.py")])[0] in {*affected.WHOLE, Path("tests/ops/test_pad.py")}
    assert Path("tests/ops/test_emath.py") in affected.nearest([Path("tests/ops/agreement.py")])[:40]


@pytest.mark.parametrize("name", ["mean", "sum"])
def test_what_is_called_with_a_changed_name_comes_first_and_nothing_begins_late(
    name: str, request: pytest.FixtureRequest
) -> None:
    here = Path(__file__).relative_to(affected.ROOT)
    in_time, late = (affected.Nearest({"mean"}, [here], seconds) for seconds in (1e6, -1))
    assert in_time.distance(request.node) == (0 if name == "mean" else 1)
    for each in (in_time, late):
        each.pytest_collection_modifyitems([])
    assert in_time.pytest_runtest_protocol(request.node) is None
    assert late.pytest_runtest_protocol(request.node)
    assert (in_time.left, late.left) == (0, 1)
