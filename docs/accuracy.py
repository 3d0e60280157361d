"""The page about accuracy: ``docs/accuracy.md``, from ``docs/ulps/measured.json`` and ``docs/ulps/distributions.json``.

``python docs/accuracy.py`` measures every function, with mpmath and beside PyTorch and JAX where they are installed,
and writes these files; this takes an hour on one core, and less with ``gmpy2``. With names, such as ``np.tanh``, it
measures only these; with ``distributions``, these alone. The true results are kept in the folder for temporary files,
so that a second run takes minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from docs.ulps.distribution_reasons import explained  # noqa: E402 - as above
from docs.ulps.functions import FUNCTIONS, SECTIONS, Function  # noqa: E402 - found through the path set above
from docs.ulps.reasons import LIMIT, needs_reason, reason  # noqa: E402 - as above
from docs.ulps.reductions import REDUCTIONS, Reduction  # noqa: E402 - as above

EVERYTHING: tuple[Function | Reduction, ...] = (*FUNCTIONS, *REDUCTIONS)
PAGE = ROOT / "docs" / "accuracy.md"  # written when the site is built
MEASURED = ROOT / "docs" / "ulps" / "measured.json"
DISTRIBUTIONS = ROOT / "docs" / "ulps" / "distributions.json"
ROWS = 4  # places for each function of a distribution
ORDERS = ("value", "gradient", "second")
PRECISIONS = ("float32", "float64")
LIBRARIES = ("plaingrad", "PyTorch", "JAX")
HEAD = """\
# Accuracy

This page gives the worst errors of functions, of their gradients and of their second derivatives, beside those of
PyTorch and JAX. `python docs/accuracy.py` measures them against [mpmath](https://mpmath.org) with 50 digits and more.
The derivatives are differences of the function's definition with so many digits that 20 of the result are right, so
that no formula for a derivative enters.

* **The unit** is an *ulp* of the true result: its distance to the next number of the dtype. A correctly rounded result
  has an error of at most 0.5. Near a zero of a result, any rounding on the way is large beside the result. Where the
  result $q$ has a zero so near that Newton's method converges to it ($|q q''| < q'^2/2$), the unit is that of $x q'$
  if it is larger: what an ulp of $x$ itself changes. For reductions this holds everywhere, with the sum over the
  elements.
* **The places** of a function lie dense around 0, whole numbers and halves, zeros, poles, and the ends of its domain;
  they include the largest, the smallest and subnormal numbers, and random ones of all exponents. Of functions of
  several variables, the exponents are a quarter of those that the dtype has, so that products of four stay in range.
  *places* is how many were measured, in both dtypes together; mpmath takes long for some functions.
* Results below the smallest normal number are left out, and of JAX, which replaces them with 0, subnormal places too.
* **inf** is a result that is infinite or nan where the true one is neither, **-** one that a library does not have.
* A cell shows the errors of value, gradient and second derivative. For several variables, each is the worst among all
  of them, the mixed second derivatives included. Of reductions, *second* is the gradient of a weighted sum of the
  gradient's elements, and the place says how many elements of which kind.

The errors depend a little on the processor and on the versions of NumPy and SciPy: the vector instructions for `exp` or
`sin` in float32, for example, have other last digits than the scalar ones. These are from
{versions}.
"""
OF_DISTRIBUTIONS = """
## Densities, quantiles and moments

These are the errors of `nn.distributions` and `autograd.scipy.stats`, of value and gradient: the worst of a few places
of each function, in the bulk and the tails, by parameters between the extremes of the dtype. The unit is the larger of
an ulp of the result and what an ulp of each argument changes. Those of `autograd.scipy.stats` are of float64, in which
it computes; a result that is no number of the dtype is left out, and so is its gradient.
"""
OF_LIBRARY = {
    "nn": ("log_prob", "cdf", "icdf", "entropy", "mean", "variance", "stddev"),
    "scipy": ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf"),
}
OUTLIERS = """
## Errors above {limit:.0f} ulps

These are all errors of this library above {limit:.0f} ulps. *Of an ulp of x* is the worst error in the larger of two
units: an ulp of the result, and what an ulp of every input changes. *Ill-conditioned* says that this is below
{limit:.0f}: to write down the input rounds away as much as is lost here, and a formula is no better unless its steps
have more digits than the dtype.
"""


def table() -> dict[str, Any]:
    """Return the errors that were measured, by the call of the function."""
    measured: dict[str, Any] = json.loads(MEASURED.read_text())
    return measured


def page() -> str:
    """Return the text of the page."""
    measured = table()
    parts = [HEAD.format(versions=measured["versions"])]
    for title, functions in SECTIONS.items():
        parts += _section(title, functions, measured)
    parts += _section("Reductions", REDUCTIONS, measured)
    parts += _distributions(json.loads(DISTRIBUTIONS.read_text()))
    parts.append(OUTLIERS.format(limit=LIMIT))
    parts.append("\n| result | dtype | ulps | at | of an ulp of x | why |\n|---|---|---|---|---|---|\n")
    parts += [
        f"| `{_short(call)}`, {order} | {precision[5:]} | {_number(entry['error'])} | {_place(entry['at'])} "
        f"| {_number(errors.get(order + '*', entry)['error'])} | {reason(call, order, errors)} |\n"
        for call, precision, order, entry, errors in outliers(measured)
    ]
    return "".join(parts)


def outliers(measured: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any], dict[str, Any]]]:
    """Yield the errors of this library above the limit: call, precision, order, the error, and all of the function."""
    for function in EVERYTHING:
        for precision, errors in measured[function.call]["plaingrad"].items():
            for order in ORDERS:
                if order in errors and needs_reason(errors[order]):
                    yield function.call, precision, order, errors[order], errors


def _section(title: str, functions: tuple[Function | Reduction, ...], measured: dict[str, Any]) -> list[str]:
    """Return the table of errors of some functions, and that of the places where they are."""
    lines = [f"\n## {title}\n\n| function | dtype | {' | '.join(LIBRARIES)} |\n|---|---|---|---|---|\n"]
    places = ["\n| worst at | dtype | value | gradient | second | places |\n|---|---|---|---|---|---|\n"]
    for function in functions:
        of_all = measured[function.call]
        for precision in PRECISIONS:
            cells = [_cell(of_all.get(library, {}).get(precision)) for library in LIBRARIES]
            lines.append(f"| `{_short(function.call)}` | {precision[5:]} | {' | '.join(cells)} |\n")
            ours = of_all["plaingrad"][precision]
            where = [_place(ours[order]["at"]) if ours[order]["error"] else "exact" for order in ORDERS]
            count = str(of_all["places"]) if precision == PRECISIONS[0] else ""
            places.append(f"| `{_short(function.call)}` | {precision[5:]} | {' | '.join(where)} | {count} |\n")
    return [*lines, *places]


def _distributions(measured: dict[str, Any]) -> list[str]:
    """Return a table for each library: a row for each distribution and dtype, and the reasons of large errors."""
    parts = [OF_DISTRIBUTIONS]
    for library, functions in OF_LIBRARY.items():
        shown = [
            name.replace("pdf", "pdf or pmf") if library == "scipy" and "pdf" in name else name for name in functions
        ]
        parts.append(f"\n| `{library}` | dtype | {' | '.join(shown)} |\n|{'---|' * (len(functions) + 2)}\n")
        names = sorted({key.split(".")[1] for key in measured if key.startswith(f"{library}.")})
        for name in names:
            for precision in PRECISIONS if library == "nn" else PRECISIONS[1:]:
                found = [
                    measured.get(f"{library}.{name}.{one}")
                    or measured.get(f"{library}.{name}.{one.replace('df', 'mf')}")
                    for one in functions
                ]
                cells = [_pair(each[precision]) if each else "-" for each in found]
                parts.append(f"| `{name}` | {precision[5:]} | {' | '.join(cells)} |\n")
    parts.append("\n| errors above 100 ulps | why |\n|---|---|\n")
    parts += [f"| {results} | {why} |\n" for results, why in explained()]
    return parts


def _pair(errors: dict[str, Any]) -> str:
    return ", ".join(_number(errors[order][0]) if order in errors else "-" for order in ORDERS[:2])


def _short(call: str) -> str:
    return call.replace("ag_special.", "autograd.special.").replace("ag.", "autograd.")


def _cell(errors: dict[str, Any] | None) -> str:
    """Return the errors of value, gradient and second derivative."""
    if errors is None:
        return "-"
    return ", ".join(_number(errors[order]["error"]) if order in errors else "-" for order in ORDERS)


def _number(error: float) -> str:
    """Return an error with two digits; what is below the accuracy of the reference is 0."""
    if math.isinf(error):
        return "inf"
    return "0" if error < 0.01 else f"{error:.1f}" if error < 10 else f"{error:.0f}" if error < 1e4 else f"{error:.0e}"


def _place(at: list[float] | str) -> str:
    return at if isinstance(at, str) else ", ".join(f"{x:.5g}" for x in at)


def _measure(call: str) -> tuple[str, dict[str, Any]]:
    from docs.ulps.measure import measured, measured_reduction

    found = next(one for one in EVERYTHING if one.call == call)
    return call, measured(found) if isinstance(found, Function) else measured_reduction(found)


def _versions() -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "torch", "jax"))


def shown(measured: dict[str, Any]) -> dict[str, Any]:
    """Return of the errors of a function what the page shows: the places are those of this library."""
    kept: dict[str, Any] = {"places": measured["places"]}
    for library in LIBRARIES:
        for precision, errors in measured.get(library, {}).items():
            its = kept.setdefault(library, {}).setdefault(precision, {})
            for order, entry in errors.items():
                its[order] = {"error": entry["error"]}
                if library == LIBRARIES[0] and order in ORDERS:
                    its[order]["at"] = entry["at"]
    return kept


def measure(names: list[str], processes: int = 2) -> None:
    """Measure the functions of these names, or all, and write the table."""
    chosen = [one.call for one in EVERYTHING if not names or one.name in names or one.call in names]
    measured = table() if MEASURED.exists() else {}
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for call, errors in pool.imap_unordered(_measure, chosen):
            print(call, errors["plaingrad"])
            measured[call] = shown(errors)
    known = {one.call for one in EVERYTHING}
    kept = {call: measured[call] for call in sorted(known & set(measured))}
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in ({"versions": _versions()} | kept).items())
    MEASURED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def measure_distributions() -> None:
    """Measure all distributions and write their table."""
    from docs.ulps.distributions import measured

    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in measured(ROWS).items())
    DISTRIBUTIONS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="functions, or distributions (default: all)")
    given = parser.parse_args().names
    names = [name for name in given if name != "distributions"]
    if names or not given:
        measure(names)
    if names != given or not names:
        measure_distributions()
    PAGE.write_text(page())
