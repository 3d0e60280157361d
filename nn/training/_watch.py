"""Watch: the sentinels for training loops of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import Handle, extend, is_grad_enabled
from autograd.extend import borrow

from ..module import Module
from ._sentinels import (
    ALWAYS_CHECKED,
    LOOKED_AT,
    Sentinels,
    StepNorms,
    is_checked,
    mode_dependent_modules,
    trainable_parameters,
)
from ._types import Loss

if TYPE_CHECKING:
    from ..optim import Optimizer


def watch(model: Module, optimizer: Optimizer, loss: Loss | None = None) -> Watch:
    """Check a training for mistakes that it does not notice, and warn of each once.

    The first ten steps are checked, and every fiftieth from then on. What is looked for, in a loop of your own as in
    `fit`:

    - parameters that the optimizer does not have, or that were replaced after it was made;
    - parameters that get no gradient, or one that is always 0; plain tensors in place of parameters; layers that are
      made anew in each call;
    - a forgotten `zero_grad`, so that gradients of earlier steps are added to the present ones; a forgotten ``step()``;
    - a model that is trained in evaluation mode, or evaluated in training mode, if it has layers that depend on
      the mode, such as `Dropout`;
    - labels of shape ``(n,)`` that are broadcast against outputs of shape ``(n, 1)``, a loss that is maximised or has
      no minimum, a softmax or sigmoid before a loss that applies it itself, targets that no output can reach;
    - one layer in several places of a list, units with the same weights, attributes that freeze nothing;
    - probabilities given to `CrossEntropyLoss`, which takes logits, and targets that are none; anything but
      log-probabilities given to `NLLLoss` (if `loss` is given);
    - outputs that are the same for all rows (if `loss` is given);
    - inputs of a wider dtype than the parameters, NumPy's float64 for example, in which everything is then computed;
    - updates that are larger than a tenth of a weight matrix, or smaller than 1e-7 of it, for a while; steps uphill.

    Where `fit` is given arrays, it also looks for recurrent and attention layers that take the rows for steps.

    Parameters
    ----------
    model, optimizer
        Those of the training.
    loss
        The loss, if it is a module.

    Returns
    -------
    Watch
        Its ``remove()`` ends the watching, and so does the end of a ``with`` block that it begins.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model = nn.Linear(2, 1)
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> with nn.watch(model, optimizer):
    ...     for step in range(3):
    ...         optimizer.zero_grad()
    ...         model(np.float32([[1, 2]])).sum().backward()
    ...         optimizer.step()
    """
    return Watch(model, optimizer, loss)


class Watch:
    """What `watch` returns: it sees the calls of the model, the loss and ``optimizer.step`` until `remove`."""

    def __init__(self, model: Module, optimizer: Optimizer, loss: Loss | None = None) -> None:
        self._model, self._optimizer, self._loss = model, optimizer, loss
        self._sentinels = Sentinels(model, optimizer, loss)
        self._steps, self._trained, self._evaluated = 0, False, False
        self._take_step = optimizer.step
        self._left: Any = None  # the gradient that the last step used
        self._added = False  # whether gradients were added to it since
        self._stepping = False  # a step with a closure may compute many gradients
        self._cleared = 0  # how often gradients came where there were none, since the last step
        self._look: Any = None  # at what is computed with the output: ends it, and returns what it found
        self._handles: list[Handle] = [model.register_forward_hook(self._see_output)]
        if isinstance(loss, Module):
            self._handles.append(loss.register_forward_pre_hook(self._see_loss))
        named = trainable_parameters(model, loss)
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        self._smallest = min((p for _, p in named if id(p) in held), key=lambda p: int(p.size), default=None)
        self._zeroing = None if self._smallest is None else self._smallest.register_hook(self._see_gradient)
        optimizer.step = self._step  # type: ignore[method-assign]  # which is removed again
        self._sentinels.check_optimizer()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *raised: object) -> None:
        self.remove()

    def remove(self) -> None:
        """End the watching, and warn of gradients that never came."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._end_look()
        self._stop_zeroing()
        if self._optimizer.__dict__.get("step") == self._step:
            del self._optimizer.step
        self._sentinels.finish()

    def _checking(self) -> bool:
        return is_checked(self._steps, self._steps)

    def _see_output(self, model: Module, args: tuple[Any, ...], output: Any) -> None:
        recording = is_grad_enabled()
        self._end_look()
        if recording and self._checking():
            self._sentinels.check_call(args, output)
            if self._steps < LOOKED_AT:
                self._look = extend.look_for_mistakes()
        self._trained |= recording and model.training
        self._evaluated |= recording and not model.training
        if not recording and model.training:
            dependent = next((found for found in mode_dependent_modules(model) if found[1].training), None)
            if dependent is not None:
                self._sentinels.warn_once("evaluation", path=dependent[0])

    def _end_look(self) -> None:
        """End looking at what is computed with the output, and warn of what was found."""
        if self._look is not None:
            end, self._look = self._look, None
            self._sentinels.check_loss(end())

    def _see_loss(self, loss: Module, args: tuple[Any, ...]) -> None:
        if self._checking() and is_grad_enabled() and len(args) == 2:
            self._sentinels.check_output(*args)

    def _see_gradient(self, gradient: Any) -> None:
        """Note, as a gradient arrives, whether that of an earlier step is still there and will be added to."""
        present = None if self._smallest is None else self._smallest.grad
        if present is None or present is self._left:
            self._added = present is not None and bool(borrow(present).any())
        self._end_look()
        came = not self._stepping and (present is None or not borrow(present).any())
        self._cleared = self._cleared + 1 if came else 0
        if self._cleared == ALWAYS_CHECKED:
            self._sentinels.warn_once("no step", count=self._cleared)

    def _step(self, *args: Any, **kwargs: Any) -> Any:
        self._end_look()
        if self._added:  # and nothing cleared it again, as a step of another model may
            self._sentinels.warn_once("zero_grad")
        self._added, self._cleared = False, 0
        norms = StepNorms(trainable_parameters(self._model, self._loss)) if self._checking() else None
        self._stepping = True
        result = self._take_step(*args, **kwargs)
        self._stepping = False
        if norms is not None:
            self._sentinels.check_optimizer()
            self._sentinels.check_norms(norms.finish())
            self._check_mode()
        self._steps += 1
        self._trained = self._evaluated = False
        if self._zeroing is not None and self._smallest is not None:
            self._left = self._smallest.grad
            if self._steps > ALWAYS_CHECKED:
                self._stop_zeroing()
        return result

    def _stop_zeroing(self) -> None:
        if self._zeroing is not None:
            self._zeroing.remove()
        self._zeroing = self._left = None

    def _check_mode(self) -> None:
        dependent = next(mode_dependent_modules(self._model), None)
        if self._evaluated and not self._trained and dependent is not None:
            self._sentinels.warn_once("mode", path=dependent[0])
