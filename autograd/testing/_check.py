"""`check`: all that an operation promises, at points that it finds by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from autograd.inside import check_callable, check_number, check_option

from ._check_run import ORACLES, FoundError, Run
from .findings.report import Report, caller, declared
from .findings.smallest_example import explained
from .findings.totals import totals
from .subjects.engines import Engine
from .subjects.subject import calls_may_differ

ROUNDS = {"quick": 1, "default": 1, "thorough": 12}


def check(
    fn: Callable[..., object],
    *,
    like: ArrayLike | Sequence[ArrayLike] | None = None,
    signature: str | None = None,
    domain: tuple[float, float] | Sequence[tuple[float, float]] | None = None,
    keywords: Mapping[str, Sequence[Any]] | None = None,
    reference: Callable[..., object] | None = None,
    dtypes: Sequence[DTypeLike] | None = None,
    order: int = 2,
    transforms: bool = True,
    seed: int | None = None,
    profile: str | None = None,
    engine: str | Engine | None = None,
    numbers: bool = True,
    oracle: str = "differences",
    nondet_tol: float = 0.0,
) -> Report:
    """Check an operation and its derivatives, at shapes, numbers, dtypes and layouts of all kinds.

    The numbers include zeros, ties, neighbours, tiny and huge ones; the arrays empty ones, those of one element, those
    that broadcast, and large ones; dtypes go from float16 to complex128. At each, what `check_operation` lists is
    checked, and at some also that `vmap` gives what a loop gives, `compile` what eager calls give, the same tensor may
    be given twice, inputs may be overwritten after the call, threads may call at the same time, and nan or infinity in
    one element stay with it.

    Parameters
    ----------
    fn
        The operation, of arrays or tensors; it returns one, or a list or tuple.
    like
        Arrays such as it takes, one for each input, where it takes none of the shapes that are tried by default.
    signature
        The shapes that it takes, such as ``"(m,n),(n,p)->(m,p)"``; ``(...,n)`` has axes of a batch in front.
    domain
        The limits of the numbers that it takes, one pair for all inputs, or one for each. By default the widest of
        some intervals on which it returns finite real numbers.
    keywords
        Keyword arguments and, for each, the values to try: ``{"axis": [None, 0, -1]}``.
    reference
        A function of the same arrays and keyword arguments whose values `fn` has to have, up to rounding.
    dtypes
        Those of the arrays; by default float64, float32, float16, complex128 and complex64, as far as `fn` takes them.
    order
        The highest derivative to check.
    transforms
        Whether to check it under `vmap` and `compile`.
    seed
        Chooses the numbers; 0, or what ``pytest --gradcheck-seed`` says.
    profile
        "quick" checks first derivatives without transforms, "thorough" twelve times as many examples; "default", or
        what ``pytest --gradcheck-profile`` says.
    engine
        The library whose arrays `fn` takes, if it is another one: "torch"; "jax", compiled by `jit` if it can be, with
        double precision switched on during the check; "hips" or "autograd", which is HIPS autograd, loaded as
        `hips_autograd`; "mygrad"; "numpy", if `fn` returns its outputs and a function of their cotangents that returns
        the gradients; or a callable
        ``engine(fn, arrays, cotangents)`` that returns the outputs of `fn` which hold floating-point numbers, and the
        gradient of each input, all NumPy arrays. `cotangents` is None where only the outputs are needed. Values and
        first derivatives are checked; `report.notes` says what is left out.
    numbers
        Whether to compare derivatives with the values of `fn`. Without, contracts alone are checked: shapes, dtypes,
        layouts, memory, linearity, the two modes and transforms. A rule that is meant to be no derivative, such as a
        straight-through estimator, keeps them too.
    oracle
        What derivatives are compared with: "differences", or "taylor", the remainders of Taylor's formula, which of a
        right gradient fall as the square of the step. The report prints a table of them. They are looked at in fewer
        places, and find errors of a millionth.
    nondet_tol
        How far results of two calls may be apart, as a part of the largest, as where sums are added in random order.
        In PyTorch, that is absolute.

    Returns
    -------
    Report
        What was checked, what was not, and why.

    Raises
    ------
    GradientCheckError
        If something is wrong: the message says what, at the smallest example that shows it.
    TypeError
        If no inputs are found that `fn` takes: give `like`, `signature` or `domain`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.testing import check
    >>> check(np.tanh).compared > 1000
    True
    >>> report = check(np.matmul, signature="(m,n),(n,p)->(m,p)")
    """
    check_callable("fn", fn)
    seed = totals.seed if seed is None else seed
    profile = totals.profile if profile is None else profile
    check_option("check", "profile", profile, tuple(ROUNDS))
    __tracebackhide__ = True
    failure = None
    check_option("check", "oracle", oracle, tuple(filter(None, ORACLES)))
    check_number("nondet_tol", nondet_tol)
    order = 1 if profile == "quick" else order
    with calls_may_differ(nondet_tol):
        given = oracle if numbers else None
        run = Run(fn, like, signature, domain, keywords or {}, reference, order, seed, engine, dtypes, given)
        try:
            run.check_cases(ROUNDS[profile])
            if profile != "quick":
                run.check_other_calls(transforms)
        except FoundError as found:
            failure = explained(run, found, caller())
    totals.add(run.report, declared(fn))
    if failure is not None:
        raise failure
    return run.report
