"""The page about kinks, edges and domains: ``docs/numerics.md``, from `tests.contract`."""

from __future__ import annotations

from typing import Any

from tests.contract import CONTRACTS, Contract, Edge

SHORT = {"numpy": "np", "nn.functional": "F", "scipy.special": "special", "autograd": "ag"}
HEAD = """\
# The numerical contract

This page defines the gradient wherever there is a choice, or where it is easy to get wrong. `python docs/generate.py`
writes it from `tests/contract`. Each entry is tested in float64 and float32, and at each of these points a zero
gradient stays zero.

Four rules decide most cases:

* **The subgradient of least norm** at a kink: 0 for `relu`, `abs`, and every norm at 0.
* **Ties share evenly**, between arguments and within a reduction.
* **An element that was not selected gets no gradient.** A zero gradient stays zero where it meets nan or inf, at every
  order, so the branch that a `where` does not select may be undefined.
* **Infinite slopes stay infinite.** The gradient is infinite too, and a `RuntimeWarning` says so; `detect_anomaly`
  finds the line.

[Accuracy](accuracy.md) has the errors of values and derivatives in ulps, away from these points.

In the expressions, `np` is NumPy, `F` is `nn.functional`, `special` is `scipy.special` and `ag` is `autograd`.
*gradient* is the gradient of the sum of the results with respect to each variable. *second* is the gradient of the sum
of these gradients, where it is defined too.
"""


def page() -> str:
    """Return the text of the page."""
    return HEAD + "".join(_section(contract) for contract in CONTRACTS)


def _section(contract: Contract) -> str:
    names = ", ".join(f"`{_short(name)}`" for name in contract.operations)
    text = f"\n## {_title(contract)}\n\n{names}: {contract.domain}.\n"
    if contract.edges:
        text += "\n| expression | at | gradient | second | why |\n|---|---|---|---|---|\n"
        text += "".join(_line(edge) for edge in contract.edges)
    return text


def _title(contract: Contract) -> str:
    """Return the names of a contract's operations, or the first few of many."""
    names = [_short(name).removeprefix("np.") for name in contract.operations]
    return ", ".join(names[:4]) + (" and others" if len(names) > 4 else "")


def _short(name: str) -> str:
    """Return a name as the expressions write it."""
    for module, short in SHORT.items():
        if name.startswith(module + "."):
            return short + name.removeprefix(module)
    return name


def _line(edge: Edge) -> str:
    at = ", ".join(f"{name} = {_shown(value)}" for name, value in zip("xyz", edge.at, strict=False))
    second = _all(edge.second) if edge.second is not None else ""
    return f"| `{edge.call}` | {at} | {_all(edge.gradient)} | {second} | {edge.why} |\n"


def _all(values: tuple[Any, ...]) -> str:
    return "; ".join(map(_shown, values))


def _shown(value: Any) -> str:
    """Return a number, or a list of numbers, in few characters; a list of one as its element."""
    if isinstance(value, list):
        return _shown(value[0]) if len(value) == 1 else f"[{', '.join(map(_shown, value))}]"
    return f"{value:.4g}"
