"""Running metrics: counts over all batches of an epoch, from which figures follow that are no means of batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import check_constructor

Array = NDArray[Any]


class Metric:
    """What `fit` measures over the batches of an epoch together; a subclass defines `reset`, `update` and `compute`.

    Attributes
    ----------
    name
        Of the column in the history.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> class Largest(nn.training.Metric):
    ...     name = "largest_error"
    ...     def reset(self):
    ...         self.value = 0.0
    ...     def update(self, output, target):
    ...         self.value = max(self.value, float(np.abs(output - target).max()))
    ...     def compute(self):
    ...         return self.value
    >>> data = np.arange(4.0)[:, None], np.zeros((4, 1))
    >>> nn.evaluate(nn.Identity(), data, nn.MSELoss(), Largest(), batch_size=2)
    {'loss': 3.5, 'largest_error': 3.0}
    """

    name: str = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_constructor(cls)

    def __init__(self) -> None:
        options = set(self.__dict__)
        self.reset()
        self._measured = [name for name in self.__dict__ if name not in options]

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError(f"{type(self).__name__} should define reset()")

    def update(self, output: Array, target: Array) -> None:
        """Take in a batch."""
        raise NotImplementedError(f"{type(self).__name__} should define update(output, target)")

    def compute(self) -> float | Array:
        """Return the figure over all batches so far."""
        raise NotImplementedError(f"{type(self).__name__} should define compute()")

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint needs: the attributes that `reset` makes, unless a subclass says otherwise."""
        return {name: getattr(self, name) for name in self._measured}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned."""
        self.__dict__.update(state)


def labels_of(name: str, target: Array, classes: int) -> Array:
    """Return labels as integers, or raise unless they are those of the classes."""
    labels = target.astype(np.int64)
    if (labels != target).any() or (len(labels) and not 0 <= labels.min() <= labels.max() < classes):
        raise ValueError(f"{name} has labels that are not classes from 0 to {classes - 1}, such as {target.max()}")
    return labels
