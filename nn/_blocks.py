"""Blocks after which a model is as it was: the modes of its modules, and which parameters require a gradient."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import Module


@contextmanager
def modes_kept(model: Module) -> Iterator[None]:
    """Restore the mode of each module, training or evaluation, after a block."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def recordable(model: Module) -> Iterator[None]:
    """Make all parameters require a gradient in a block, so that all operations on them are recorded."""
    frozen = [p for p in model.parameters() if not p.requires_grad]
    for p in frozen:
        p.requires_grad_(True)
    try:
        yield
    finally:
        for p in frozen:
            p.requires_grad_(False)
