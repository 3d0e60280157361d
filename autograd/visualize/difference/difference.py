"""`diff_graphs`: compare two runs of a model, and find the first node at which they part."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from autograd import Tensor, Value
from autograd.inside import LEAF, TensorLike, ancestors

from ..node_info import Model
from ..page import write_page
from .comparison import ComparedNode, Tolerance, compared
from .reading import record_run
from .recorded_run import RecordedRun

if TYPE_CHECKING:
    from .page import Comparison

Run: TypeAlias = "Tensor | Value | Callable[[], Tensor | Value] | RecordedRun"
Named: TypeAlias = "Mapping[str, Tensor | Value] | Model"
Runs: TypeAlias = "Sequence[Run] | Mapping[str, Run]"
made: list[GraphDifference] | None = None  # what is found, while a test with `pytest --graph-diff` runs
_SHOWN = 8  # differences with their details in a log


@dataclass(frozen=True, eq=False)
class GraphDifference:
    """Two runs, node by node; `str` is a report for a log, and `to_html` writes a page.

    A node has ``a`` and ``b``, its entries in the two runs, of which one may be None; ``title``; ``kinds``, in what it
    differs; ``follows``, whether that may be a mere consequence; and ``value`` and ``gradient``, by how much these
    deviate: ``largest``, ``count`` of ``size`` elements, ``index`` of the largest, and the two numbers ``a`` and ``b``
    there. `str` says all of it. An entry has ``operation``, ``name``, ``shapes``, ``dtypes``, ``value``, ``gradient``,
    ``kept`` bytes, ``forward`` and ``backward`` seconds, ``where`` and ``line`` of the program, and ``module``.

    Attributes
    ----------
    a, b
        The two runs.
    nodes
        All leaves and operations, each after those that it depends on: in pairs, or alone if one run lacks it.
    tolerance
        Up to which numbers are equal.
    remarks
        What could not be compared, and how to get it.
    """

    a: RecordedRun
    b: RecordedRun
    nodes: tuple[ComparedNode, ...]
    tolerance: Tolerance
    remarks: tuple[str, ...] = ()

    @cached_property
    def differences(self) -> list[ComparedNode]:
        """The nodes that differ, each with the `kinds` of its differences."""
        return [node for node in self.nodes if node.kinds]

    @property
    def same(self) -> bool:
        """Whether no node differs."""
        return not self.differences

    @cached_property
    def first_difference(self) -> ComparedNode | None:
        """The node at which the runs part, in the order in which they compute: forward, and then back.

        Nothing before it differs. None if nothing differs.
        """
        own = [node for node in self.differences if not node.follows]
        forward = [node for node in own if node.kinds != ["gradient"]]
        if forward:
            return forward[0]
        return own[-1] if own else next(iter(self.differences), None)

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        count, all_of_them = len(self.differences), len(self.nodes)
        if not count:
            return f"no difference in {all_of_them:,} nodes"
        first = self.first_difference
        assert first is not None  # there are differences
        return f"{count:,} of {all_of_them:,} nodes differ, first {first.title}: {', '.join(first.kinds)}"

    def __str__(self) -> str:
        rtol, atol = self.tolerance
        lines = [f"{self.verdict} (rtol={rtol:g}, atol={atol:g})"]
        first = self.first_difference
        if first is not None:
            own = [first, *(node for node in self.differences if not node.follows and node is not first)]
            for node in own[:_SHOWN]:
                lines += ["", *str(node).splitlines()]
            rest = len(self.differences) - len(own)
            lines += ["", f"{len(own) - _SHOWN:,} more differ by themselves"] if len(own) > _SHOWN else []
            lines += ["", f"{rest:,} more differ after these, perhaps only as a consequence"] if rest else []
        if self.remarks:
            lines += ["", "not compared:", *(f"  {text}" for text in self.remarks)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.verdict}>"

    def to_html(self, path: str | os.PathLike[str], *, title: str = "Difference of two graphs") -> Path:
        """Write a page with the first difference, the graph around it, and all nodes: values, gradients, bytes, times.

        It is one file that needs no network, and follows the reader's light or dark mode.

        Parameters
        ----------
        path
            The file to write.
        title
            The heading, such as what was compared.
        """
        from .page import page_of  # few programs write one

        return write_page(path, page_of(title, self.verdict, [self._compared("b")], self.tolerance))

    def _compared(self, name: str) -> Comparison:
        from .page import Comparison

        return Comparison(name, self.verdict, (self.a, self.b), self.nodes, self.first_difference, self.remarks)


class GraphDifferences(dict[str, GraphDifference]):
    """Several runs, each compared with the same one, by name; `str` is a report, and `to_html` writes one page."""

    @property
    def same(self) -> bool:
        """Whether no run differs."""
        return all(each.same for each in self.values())

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        names = [name for name, each in self.items() if not each.same]
        count = f"{len(names):,} of {len(self):,} runs differ from run a"
        return (
            f"{count}: {', '.join(names)}" if names else f"no difference in {len(self):,} run{'s' * (len(self) != 1)}"
        )

    def __str__(self) -> str:
        lines = [self.verdict, *(f"  {name}: {each.verdict}" for name, each in self.items())]
        for name, each in self.items():
            if not each.same:
                lines += ["", f"run {name}", *(f"  {line}".rstrip() for line in str(each).splitlines())]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.verdict}>"

    def to_html(self, path: str | os.PathLike[str], *, title: str = "Differences of several graphs") -> Path:
        """Write a page like that of one difference, which shows the runs in a table and one of them in detail."""
        from .page import page_of

        comparisons = [each._compared(name) for name, each in self.items()]
        tolerance = next(iter(self.values())).tolerance
        return write_page(path, page_of(title, self.verdict, comparisons, tolerance))


@overload
def diff_graphs(
    a: Run,
    b: Runs,
    params: Named | tuple[Named, ...] | None = ...,
    *,
    gradient: TensorLike | None = ...,
    rtol: float = ...,
    atol: float = ...,
) -> GraphDifferences: ...


@overload
def diff_graphs(
    a: Run,
    b: Run,
    params: Named | tuple[Named, ...] | None = ...,
    *,
    gradient: TensorLike | None = ...,
    rtol: float = ...,
    atol: float = ...,
) -> GraphDifference: ...


def diff_graphs(
    a: Run,
    b: Run | Runs,
    params: Named | tuple[Named, ...] | None = None,
    *,
    gradient: TensorLike | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> GraphDifference | GraphDifferences:
    """Compare two runs, such as two versions of a model, and find the first node at which they part.

    Nodes correspond if their operations do, and their inputs or their users; lines need not agree. A pair may differ in
    its operation, its inputs or their order, an argument, shape, dtype, value or gradient, and a node may have been
    inserted or removed. Differences that may be mere consequences of others say so (`follows`).

    A graph holds only what its backward pass needs. So functions tell most: they are called here, and all their values
    are compared; the times are those of this one call. What is not known of a result is not compared, and `remarks`
    say so. Let functions set the seeds that they need.

    Parameters
    ----------
    a, b
        Functions without arguments that compute a result, such as ``lambda: loss(model(x), y)``; or results whose
        graphs were recorded; or what `record_run` returned, such as the same model before a change. `b` may be a list
        of several, or a dict by name: each is compared with `a`.
    params
        The tensors or values to name, or the model; a tuple with one for each run if they have different ones. By
        default, the parameters of the modules that a function calls. Leaves with the same name are compared with each
        other.
    gradient
        The gradient of the results; may be left out if they have one element.
    rtol, atol
        The tolerances of `numpy.allclose`.

    Returns
    -------
    GraphDifference or GraphDifferences
        The second if `b` has several runs: a dict of differences by name, with a report and a page of all.

    Raises
    ------
    TypeError
        If a result, or something in `params`, is neither a tensor nor a value.
    GraphError
        If nothing was recorded, or an array that a graph keeps was written to since.
    ValueError
        If a tolerance is negative, or `b` is an empty list.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import diff_graphs, tensor
    >>> x, w = tensor([1.0, 2.0], requires_grad=True), tensor([0.5, 0.5], requires_grad=True)
    >>> difference = diff_graphs(
    ...     lambda: np.tanh(x * w).sum(), lambda: np.sin(x * w).sum(), {"x": x, "w": w}
    ... )
    >>> difference.same, difference.first_difference.title, difference.first_difference.kinds
    (False, 'tanh → sin', ['operation', 'value'])
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not value >= 0:
            raise ValueError(f"{name} is 0 or more, not {value}")
    several = isinstance(b, Mapping | list | tuple)
    runs: Any = b if several else [b]
    others: dict[str, Run] = dict(runs) if isinstance(runs, Mapping) else _lettered(runs)
    named = params if isinstance(params, tuple) else (params,) * (1 + len(others))
    if not others:
        raise ValueError("b has no run to compare with a")
    if len(named) != 1 + len(others):
        raise ValueError(f"params has names for all {1 + len(others)} runs, or one for each; not {len(named)}")
    first, *seconds = (
        run if isinstance(run, RecordedRun) else record_run(run, names, gradient=gradient)
        for run, names in zip((a, *others.values()), named, strict=True)
    )
    tolerance = Tolerance(float(rtol), float(atol))
    found = GraphDifferences()
    for (name, run), second in zip(others.items(), seconds, strict=True):
        nodes = tuple(compared(first.entries, second.entries, tolerance))
        found[name] = GraphDifference(first, second, nodes, tolerance, tuple(_remarks(first, second, _shared(a, run))))
    if made is not None:
        made.extend(found.values())
    return found if several else next(iter(found.values()))


def _lettered(runs: Sequence[Run]) -> dict[str, Run]:
    """Return runs by letters from b, or by numbers if there are many."""
    names = "bcdefghijklmnopqrstuvwxyz" if len(runs) < 26 else [str(number) for number in range(2, 2 + len(runs))]
    return dict(zip(names, runs, strict=False))


def _shared(a: Run, b: Run) -> int:
    """Return how many leaves two results share, whose values are only known as they are now."""
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        return 0
    return sum(node.op is LEAF for node in {*ancestors([a._node])} & {*ancestors([b._node])})  # type: ignore[list-item]


def _remarks(a: RecordedRun, b: RecordedRun, shared: int) -> Iterator[str]:
    for text in dict.fromkeys((*a.remarks, *b.remarks)):
        yield f"{' and '.join(letter for letter, run in (('a', a), ('b', b)) if text in run.remarks)}: {text}"
    if shared:
        yield (
            f"a and b: the earlier values of {shared:,} leaves that both graphs use, as in a model that was changed in "
            f"between: use record_run() before the change"
        )
