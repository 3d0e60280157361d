"""Callbacks that several tests of trainings share."""

from typing import Any

from nn.training import Callback


class Fail(Callback):
    """End the training with an error after a step, and after the checkpoint."""

    last = True

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, training: Any) -> None:
        if training.step == self.step:
            raise InterruptedError
