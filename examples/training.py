"""The training of a classifier: steps, epochs, the mean of the weights, and how good the result is."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import nn
from autograd import no_grad
from datasets import batches
from nn.training import Interruption

__all__ = ["LEARNING_RATE", "Data", "Epoch", "Plan", "Training", "evaluate", "logits_of"]

Images = NDArray[np.float32]
Labels = NDArray[np.int64]

LEARNING_RATE = 0.001


@dataclass(frozen=True)
class Data:
    """Images as rows of pixels from 0 to 1, shape (n, pixels), and their labels, shape (n,)."""

    name: str
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels

    @property
    def pixels(self) -> int:
        """The number of pixels of an image."""
        return int(self.train_images.shape[1])

    @property
    def classes(self) -> int:
        """The number of classes: labels are below it."""
        return 1 + int(max(self.train_labels.max(), self.test_labels.max()))


@dataclass(frozen=True)
class Plan:
    """How long to train and in which portions.

    Attributes
    ----------
    epochs
        How often to go through the training set.
    batch_size
        The rows of a minibatch, or None to take the whole training set in each step.
    averaged
        In how many of the last epochs the mean of the weights is taken: the mean over all steps of those epochs is
        what gets evaluated and saved. 0 keeps the weights of the last step.
    """

    epochs: int
    batch_size: int | None
    averaged: int


@dataclass(frozen=True)
class Epoch:
    """How far the training was, in epochs, and what it had reached.

    Loss and accuracy are those of the minibatches of this epoch, each as it came, before the step that it led to. The
    test accuracy is that of the weights that would be saved.
    """

    epoch: float
    loss: float
    accuracy: float
    test_accuracy: float


class Training:
    """A model on its way through the data.

    Parameters
    ----------
    model
        Its parameters are changed in place. It maps images to logits, shape (n, classes).
    data
        What to learn; of the test set only the accuracy after each epoch is taken, for the curves.
    plan
        How long and in which portions.
    seed
        Of the order of the rows.

    Attributes
    ----------
    model
        The model whose weights each step changes.
    mean
        A model whose weights are the mean of those of `model` over the last `averages` steps.
    history
        An entry for each epoch, the last one also if it was interrupted.
    steps, completed
        The number of steps, and of whole epochs.
    """

    def __init__(self, model: nn.Module, data: Data, plan: Plan, seed: int) -> None:
        self.model, self.mean, self.averages = model, copy.deepcopy(model), 0
        self.data, self.plan = data, plan
        self.loss_function = nn.CrossEntropyLoss()
        self.optimizer = nn.optim.Adam(model.parameters(), lr=LEARNING_RATE)
        self.batches = _batches(data, plan, seed)
        self.history: list[Epoch] = []
        self.steps = self.completed = 0

    @property
    def result(self) -> nn.Module:
        """The model to evaluate and to save: the mean of the last epochs, if any of them has begun."""
        return self.mean if self.averages else self.model

    @property
    def averaged_from(self) -> float | None:
        """The epoch, as the history counts them, after which the mean was begun, or None."""
        return self.plan.epochs - self.plan.averaged if self.averages else None

    def run(self, interruption: Interruption) -> None:
        """Go through all epochs, or as far as the interruption allows."""
        start = time.perf_counter()
        rows = self.plan.epochs * len(self.data.train_labels)
        # disable=None shows the bar where a person watches; nrows, also in terminals that do not know their size
        with tqdm(total=rows, unit=" images", unit_scale=True, disable=None, nrows=20) as bar:
            for number in range(1, self.plan.epochs + 1):
                bar.set_description(f"epoch {number}/{self.plan.epochs}", refresh=False)
                self._run_epoch(number, bar, interruption)
                if bar.disable:
                    self._print_epoch(time.perf_counter() - start)
                if interruption.requested:
                    break

    def _run_epoch(self, number: int, bar: Any, interruption: Interruption) -> None:
        averaging = number > self.plan.epochs - self.plan.averaged
        seen = total_loss = right = 0.0
        for images, labels in self.batches:
            loss, hits = self.step(images, labels)
            if averaging:
                self._average()
            seen, total_loss, right = seen + len(labels), total_loss + loss * len(labels), right + hits
            bar.set_postfix_str(f"loss={total_loss / seen:.4f}, accuracy={right / seen:.2%}", refresh=False)
            bar.update(len(labels))
            if interruption.requested:
                break
        rows = len(self.data.train_labels)
        self.completed += seen == rows
        _, accuracy = evaluate(self.result, self.data.test_images, self.data.test_labels)
        self.history.append(Epoch(number - 1 + seen / rows, total_loss / seen, right / seen, accuracy))

    def step(self, images: Images, labels: Labels) -> tuple[float, int]:
        """Take one step; return the loss and the number of right guesses that the minibatch had before it."""
        logits = self.model(images)
        loss = self.loss_function(logits, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        return loss.item(), int(np.count_nonzero(logits.data.argmax(axis=1) == labels))

    def _average(self) -> None:
        """Take the present weights into the mean: mean += (weights - mean) / n."""
        self.averages += 1
        for mean, parameter in zip(self.mean.parameters(), self.model.parameters(), strict=True):
            mean.data += (parameter.data - mean.data) / self.averages

    def _print_epoch(self, seconds: float) -> None:
        last = self.history[-1]
        print(
            f"epoch {last.epoch:g}/{self.plan.epochs}: loss {last.loss:.4f}, accuracy {last.accuracy:.2%}, "
            f"test accuracy {last.test_accuracy:.2%}, {seconds:.1f} s",
            flush=True,
        )


def _batches(data: Data, plan: Plan, seed: int) -> Iterable[tuple[Any, ...]]:
    if plan.batch_size is None:
        return [(data.train_images, data.train_labels)]
    return batches(data.train_images, data.train_labels, batch_size=plan.batch_size, seed=seed)


def logits_of(model: nn.Module, images: Images) -> NDArray[np.float32]:
    """Return the logits of `model`, shape (n, classes), computed in portions that need little memory."""
    with no_grad():
        return np.concatenate([model(images[start : start + 5000]).data for start in range(0, len(images), 5000)])


def evaluate(model: nn.Module, images: Images, labels: Labels) -> tuple[float, float]:
    """Return the mean cross-entropy and the share of right guesses."""
    logits = logits_of(model, images)
    loss = float(nn.functional.cross_entropy(logits, labels))
    return loss, float(np.mean(logits.argmax(axis=1) == labels))
