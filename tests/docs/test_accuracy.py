"""The page about accuracy has every function, and a reason for each large error; formulas that were mended stay so."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd.tensors.dispatch import declare_further_functions, declare_special_functions, operations

from ..lists import assert_complete, assert_listed
from ..operations.samples import LIBRARIES, Operation, is_apart

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs import accuracy
from docs.ulps import left_out
from docs.ulps.libraries import ours
from docs.ulps.reasons import LIMIT, REASONS, reason

pytest.importorskip("scipy.special", reason="half of the functions are SciPy's: pip install scipy")

CALLS = {one.call: one for one in accuracy.EVERYTHING}


def declared() -> dict[str, set[str]]:
    """Return the names of all operations of the library, each with the modules that declare one."""
    declare_further_functions()
    declare_special_functions()
    found: dict[str, set[str]] = {}
    for function, apply in operations.items():
        operation = Operation(function, function if hasattr(function, "__name__") else apply, apply)
        of_vmap = operation.declared is not None and "level" in operation.declared.parameters
        if operation.library in LIBRARIES and not of_vmap and not is_apart(apply):
            rules = operation.rules
            module = rules[0].__module__ if rules else apply.__module__
            found.setdefault(named(operation), set()).add(module)
    return found


def named(operation: Operation) -> str:
    """Return the name of NumPy's or SciPy's function, or that of our own operation."""
    module = str(getattr(operation.public, "__module__", None)).partition(".")[0]
    return (operation.apply.__name__ if module in LIBRARIES else str(operation)).lstrip("_")


def measured_names() -> set[str]:
    """Return the functions' names within their modules."""
    return {one.name.partition(".")[2].removeprefix("linalg.") for one in CALLS.values()}


def test_every_function_is_measured_or_there_is_a_reason() -> None:
    known = measured_names() | left_out.OPERATIONS.keys()
    missing = {name: at for name, at in declared().items() if name not in known and not at <= left_out.MODULES.keys()}
    assert_listed(
        missing, (), "docs/ulps/functions.py, which measures them, or docs/ulps/left_out.py, which says why not"
    )


def test_no_reason_is_given_for_what_is_measured_or_does_not_exist() -> None:
    found = declared()
    modules = set().union(*found.values())
    assert not left_out.OPERATIONS.keys() & measured_names()
    assert left_out.OPERATIONS.keys() <= found.keys()
    assert left_out.MODULES.keys() <= modules


def test_every_function_has_its_errors() -> None:
    assert_complete(CALLS, accuracy.table().keys() - {"versions"}, "the page, by python docs/accuracy.py NAME")


def test_the_page_has_the_errors_of_every_function() -> None:
    page = accuracy.page()
    shown = [call.replace("ag_special.", "autograd.special.").replace("ag.", "autograd.") for call in CALLS]
    assert not [call for call in shown if f"\n| `{call}` | 64 | " not in page]


def test_every_large_error_has_a_reason() -> None:
    outliers = list(accuracy.outliers(accuracy.table()))
    unexplained = [(call, order) for call, _, order, _, errors in outliers if not reason(call, order, errors)]
    assert not unexplained, "mend it, or say why in docs/ulps/reasons.py"


def test_no_reason_is_left_over() -> None:
    given = {
        key
        for call, _, order, _, errors in accuracy.outliers(accuracy.table())
        for key in (call, f"{call} {order}")
        if reason(call, order, errors) == REASONS.get(key)
    }
    assert given == REASONS.keys()


# Where formulas lost most digits that now do not: the call, a place, the variables of a derivative, and its true value
# (mpmath, by differences at 60 digits).
MENDED: list[tuple[str, tuple[float, ...], tuple[int, ...], float]] = [
    ("np.hypot(x, y)", (3.5, -2.2e-06), (0, 0), 1.1288629737602641e-13),
    ("np.hypot(x, y)", (-4.8e39, -18.8), (0, 0), 3.1958912037037036e-117),
    ("special.psi(x)", (-4.5e-58,), (0,), 4.938271604938271e114),
    ("special.psi(x)", (-4.5e-58,), (0, 0), 2.194787379972565e172),
    ("special.gamma(x)", (-4.000000000000002,), (0, 0), -1.4867163465687081e43),
    ("special.gammaln(x)", (-4.000000000000002,), (0, 0), 3.1691265005705735e29),
    ("special.erf(x)", (1e308,), (0, 0), 0.0),
    ("special.erfcx(x)", (9.9,), (0, 0), 0.0011286236863188082),
    ("special.erfcinv(x)", (1e-100,), (0,), -3.311561294461473e98),
    ("special.erfcinv(x)", (1e-100,), (0, 0), 3.304313880571065e198),
    ("special.ndtri(x)", (1e-300,), (0,), 2.697304465042612e298),
    ("special.ndtri(x)", (1e-100,), (0,), 4.690375414837741e98),
    ("special.ndtri(x)", (1e-100,), (0, 0), -4.6800792702224667e198),
    ("special.ndtri_exp(x)", (-1e-270,), (0,), 2.8438994552692804e268),
    ("special.ndtri_exp(x)", (-1e-90,), (0, 0), 4.93497889861586e178),
    ("special.boxcox1p(x, y)", (1e-09, 0.5), (0, 1), 9.999999990000001e-10),
    ("special.boxcox1p(x, y)", (-4e-75, 1.7e-05), (0, 1), -4e-75),
    ("special.inv_boxcox(x, y)", (3.7e-09, 0.2), (0, 1), -3.700000015059e-09),
    ("special.inv_boxcox1p(x, y)", (3.7e-09, 0.2), (0, 1), -3.700000015059e-09),
    ("special.wrightomega(x)", (1e17,), (0, 0), 1.0000000000000008e-34),
    ("special.pseudo_huber(x, y)", (1.4e-09, 6.0), (1, 1), 1.27037037037037e-29),
    ("special.i0e(x)", (600.0,), (0,), -1.3580787966314241e-05),
    ("special.i0e(x)", (600.0,), (0, 0), 3.3966152062371076e-08),
    ("special.i1e(x)", (600.0,), (0, 0), 3.382456726232556e-08),
    ("special.ive(2.5, x)", (600.0,), (0,), -1.3369273129510335e-05),
    ("special.ive(2.5, x)", (600.0,), (0, 0), 3.3085760564398433e-08),
    ("special.k0e(x)", (600.0,), (0,), -4.261200523647875e-05),
    ("special.k0e(x)", (600.0,), (0, 0), 1.0648573616323537e-07),
    ("special.k1e(x)", (600.0,), (0,), -4.2718490972641984e-05),
    ("special.k1e(x)", (600.0,), (0, 0), 1.0692924247303584e-07),
    ("special.kve(2.5, x)", (600.0,), (0, 0), 1.0927180893143298e-07),
    ("special.betaln(x, y)", (10000.0, 0.5), (0,), -5.0001249999998436e-05),
    ("special.betaln(x, y)", (10000.0, 0.5), (0, 0), 5.000249999999375e-09),
    ("special.betaln(x, y)", (50000.0, 1e-06), (0,), -2.000020000113333e-11),
    ("special.betaln(x, y)", (50000.0, 1e-06), (0, 0), 4.0000800007199976e-16),
    ("special.binom(x, y)", (40.0, 1e-05), (0,), 2.469116328653036e-07),
    ("special.binom(x, y)", (40.0, 1e-05), (0, 0), -6.095904072889067e-09),
    ("special.binom(x, y)", (40.0, 1e-05), (0, 1), 0.024692222752438684),
    ("special.poch(x, y)", (0.05, 1e-62), (0,), 4.015323573421151e-60),
    ("special.poch(x, y)", (0.05, 1e-62), (0, 0), -1.6002108158021942e-58),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (0,), -2.357955807386915e-06),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (1,), 2.3580256766257697e-08),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (2,), 0.0003536776508786295),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (0, 0), 2.3580256766257694e-07),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (0, 1), -3.1441506888906235e-09),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (0, 2), -2.357851000034589e-05),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (1, 1), 2.3585497250323495e-07),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (1, 2), 2.357850988387982e-07),
    ("special.voigt_profile(x, y, z)", (30.0, 0.1, 0.1), (2, 2), -2.3580256766257694e-07),
    ("special.ellipkm1(x)", (1e-137,), (0, 0), 5.000000000000001e273),
    ("special.ellipe(x)", (-1.5e308,), (0,), -4.08248290463863e-155),
    ("special.sici(x)[0]", (1e200,), (0, 0), 7.650518214752429e-201),
    ("special.shichi(x)[0]", (1e-20,), (0, 0), 3.3333333333333333e-21),
    ("special.eval_legendre(3, x)", (1e-20,), (0, 0), 1.5e-19),
]


@pytest.mark.parametrize(("call", "place", "quantity", "true"), MENDED)
def test_derivatives_keep_their_digits(
    call: str, place: tuple[float, ...], quantity: tuple[int, ...], true: float
) -> None:
    orders = [(), *((i,) for i in range(len(place)))]
    orders += [(i, j) for i in range(len(place)) for j in range(i, len(place))]
    results: list[Any] = ours(CALLS[call], [np.array([x]) for x in place])
    found = results[orders.index(quantity)][0]
    assert abs(found - true) <= LIMIT * np.spacing(abs(true))
