"""Learning-rate schedulers: they change the rates of an optimizer during a training.

A scheduler sets the rates of an optimizer when it is made, and again each time that ``scheduler.step()`` is called
after ``optimizer.step()``: after each epoch or each batch, as its numbers are meant.
"""

from autograd.extend import set_module as _set_module

from ._base import LRScheduler
from ._cyclic import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from ._decay import ConstantLR, CosineAnnealingLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from ._lambda import LambdaLR, MultiplicativeLR
from ._plateau import ReduceLROnPlateau
from ._sequential import ChainedScheduler, SequentialLR

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip

_set_module(__name__, *(globals().get(name) for name in __all__))
