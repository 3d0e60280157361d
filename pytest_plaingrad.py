"""The pytest plugin of plaingrad: options and a summary for `check`, a fixture for `audit`, and pages of differences.

It is a module of its own, outside of the package `autograd`, since pytest loads it for every project: it imports
`autograd`, and with it NumPy, only where a test or an option asks for it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograd import GraphDifference
    from autograd.testing import Audit

_TOTALS = "autograd.testing.findings.totals"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("gradcheck", "gradient checks with autograd.testing")
    group.addoption("--gradcheck-seed", type=int, help="chooses the numbers of check(), where seed= is not given")
    group.addoption(
        "--gradcheck-profile",
        choices=("quick", "default", "thorough"),
        help="how much check() tries, where profile= is not given",
    )
    parser.getgroup("graphs", "pages of autograd").addoption(
        "--graph-diff",
        action="store_true",
        help="where a test fails, write a page into graph-diff/ of what diff_graphs() found, or of two tensors",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell `check` what the options say."""
    seed, profile = config.getoption("--gradcheck-seed"), config.getoption("--gradcheck-profile")
    if seed is not None or profile is not None:
        from autograd.testing.findings.totals import totals

        totals.seed = totals.seed if seed is None else seed
        totals.profile = profile or totals.profile


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what the options are, if they are given."""
    options = {name: config.getoption(f"--gradcheck-{name}") for name in ("seed", "profile")}
    given = [f"{name} {value}" for name, value in options.items() if value is not None]
    return f"gradcheck: {', '.join(given)}" if given else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what was found from a process of pytest-xdist to the one that prints it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None and _TOTALS in sys.modules:
        output["gradcheck"] = asdict(sys.modules[_TOTALS].totals)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a process of pytest-xdist found."""
    found = getattr(node, "workeroutput", {}).get("gradcheck")
    if found is not None:
        from autograd.testing.findings.totals import Totals, totals

        totals.merge(Totals(**{**found, "worst": [tuple(pair) for pair in found["worst"]]}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the calls of `check` found, if there were any."""
    done = getattr(sys.modules.get(_TOTALS), "totals", None)
    if done is None or not done.calls:
        return
    write = terminalreporter.write_line
    terminalreporter.section("gradient checks")
    write(
        f"{done.calls} call{'s' * (done.calls != 1)} of check: {done.examples} examples, {done.compared} derivatives "
        f"compared; {done.untold} could not be told, {done.set_aside} examples set aside"
    )
    write("the largest errors, as parts of what is allowed:")
    for part, where in done.worst:
        write(f"{part:8.2g}  {where}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have the differences kept that a test finds, if pages are asked for."""
    if item.config.getoption("--graph-diff"):
        from autograd.visualize.difference import difference

        difference.made = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write the pages of a test that failed, and tell where they are."""
    report = yield
    if report.failed and call.excinfo is not None and item.config.getoption("--graph-diff"):
        written = "\n".join(_pages(item, call.excinfo))
        if written:
            report.sections.append(("graph differences", written))
    return report


def _pages(item: pytest.Item, failure: pytest.ExceptionInfo[BaseException]) -> Iterator[str]:
    from autograd.visualize.difference import difference

    found = [each for each in difference.made or () if not each.same]
    difference.made = None
    folder = item.config.rootpath / "graph-diff"
    for number, each in enumerate(found or _compared(failure), 1):
        folder.mkdir(exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", item.nodeid)[-150:] + (f"-{number}" if number > 1 else "")
        yield f"{each.to_html(folder / f'{name}.html', title=item.nodeid)}: {each.verdict}"


def _compared(failure: pytest.ExceptionInfo[BaseException]) -> Iterator[GraphDifference]:
    """Yield the difference of the two results that a function such as `numpy.testing.assert_allclose` was given."""
    import numpy as np

    from autograd import Tensor, diff_graphs, record_run

    for frame in (entry.frame for entry in failure.traceback[1:]):
        names = frame.code.raw.co_varnames[: frame.code.raw.co_argcount]
        given = [x for name in names if isinstance(x := frame.f_locals.get(name), Tensor) and not x.is_leaf]
        if len(given) == 2:
            a, b = (record_run(x, gradient=np.ones(x.shape)) for x in given)
            yield diff_graphs(a, b)
            return


@pytest.fixture
def audited(request: pytest.FixtureRequest) -> Iterator[Audit]:
    """Run the test within `autograd.testing.audit`: it fails if an operation gives a wrong gradient."""
    from autograd.testing import audit

    with audit(seed=request.config.getoption("--gradcheck-seed") or 0) as report:
        yield report
