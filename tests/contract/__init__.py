"""The numerical contract: per operation its domain, its kinks, and the gradient chosen there.

``docs/numerics.md`` is written from these tables, and the tests hold the operations to each entry. Importing this
module evaluates nothing: an entry is an expression and numbers.
"""

from . import (
    activations,
    attention,
    convolutions,
    elementwise,
    linear,
    losses,
    matrices,
    networks,
    reductions,
    sequences,
    special,
    statistics,
)
from .edge import Contract, Edge

__all__ = ["CONTRACTS", "Contract", "Edge"]

CONTRACTS = tuple(
    contract
    for subject in (
        elementwise, linear, reductions, statistics, sequences, matrices, networks, activations, attention,
        convolutions, losses, special
    )
    for contract in subject.CONTRACTS
)  # fmt: skip
