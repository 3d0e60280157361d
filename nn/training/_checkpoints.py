"""Checkpoints: a killed training resumes as if nothing had happened, and the best model is kept."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np

from autograd.extend import borrow

from .._arguments import Size
from ..distributed._collectives import spread_object
from ..distributed._processes import world
from ..module import Module
from ..random import default_generator
from ..serialization import load, save
from ._callbacks import Best, Callback, Mode
from ._divergence import warn
from ._state import Training

_FORMAT = 1


class Checkpoint(Callback):
    """Save a training to a file, from which it can be resumed.

    The file holds the model, the optimizer, the scheduler, the generator of `nn`, the place in the data within the
    epoch, the history, and the states of the other callbacks. A training that is killed at any moment and resumed ends
    with the same weights, bit for bit, and the same history except for the seconds. What the file does not hold is the
    state of generators that the program has itself, for example one that augments images: a callback of its own
    saves it in `state_dict`.

    It is written after each epoch, and when Ctrl-C ends the training, within the epoch. It replaces the one before
    when it is complete. It is a NumPy archive, and nothing in it is pickled.

    Parameters
    ----------
    path
        The file, ending in ``.npz``; its folder is made.
    every
        The number of steps after which it is also written, or None.
    resume
        Whether to resume from the file if it exists. Otherwise the training starts from scratch and overwrites it.

    If the program has another option of the optimizer or the scheduler than the training in the file began with, that
    of the file is used, and a warning says so.

    Raises
    ------
    ValueError
        When resuming, if the file is not a checkpoint, or is that of another training (another kind of optimizer or
        scheduler, other callbacks, another size of batches), or the data have another order.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> import nn
    >>> X, y = np.ones((8, 3)), np.ones((8, 1))
    >>> def train(epochs, path):
    ...     nn.manual_seed(0)
    ...     model = nn.Linear(3, 1)
    ...     optimizer = nn.optim.Adam(model.parameters())
    ...     saving = [nn.training.Checkpoint(path, resume=True)]
    ...     history = nn.fit(
    ...         model, (X, y), nn.MSELoss(), optimizer, epochs=epochs, batch_size=4, callbacks=saving, verbose=False
    ...     )
    ...     return model, history
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = train(2, os.path.join(folder, "a.npz"))
    ...     model, history = train(5, os.path.join(folder, "a.npz"))  # three more
    ...     whole, _ = train(5, os.path.join(folder, "b.npz"))
    >>> len(history), bool((model.weight.data == whole.weight.data).all())
    (5, True)
    """

    last = True

    def __init__(self, path: str | os.PathLike[str], every: Size | None = None, resume: bool = False) -> None:
        self.path, self.every, self.resume = _archive_path(path), every, resume

    def on_start(self, training: Training) -> None:
        """Make the folder, and resume from the file if that is asked for."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._settings = _settings(training)
        state = spread_object(load(self.path) if self.resume and world().rank == 0 and self.path.exists() else None)
        if state is not None:
            _restore(training, state, self.path)
            self._settings = _say_what_differs(training, self._settings, state.get("settings", {}), self.path)
            place = f"epoch {training.epoch + 1}, batch {training.batch + 1}"
            done = training.stopped or training.epoch >= training.epochs
            training.progress.say(f"{self.path}: " + ("nothing is left to do" if done else f"going on with {place}"))

    def on_step(self, training: Training) -> None:
        """Save, where it is due."""
        if training.interrupted or (self.every is not None and training.step % self.every == 0):
            self._write(training)

    def on_epoch(self, training: Training) -> None:
        """Save, unless the epoch was cut short and so was saved where it was."""
        if not training.interrupted:
            self._write(training)

    def _write(self, training: Training) -> None:
        if world().rank == 0:
            save({**_capture(training), "settings": self._settings}, self.path)


class SaveBest(Callback):
    """Save the weights of the model whenever a figure is better than in all epochs before.

    Parameters
    ----------
    path
        The file, ending in ``.npz`` or ``.safetensors``, which `nn.load` reads; its folder is made.
    monitor, mode
        As for `EarlyStopping`.
    """

    def __init__(self, path: str | os.PathLike[str], monitor: str = "val_loss", mode: Mode | None = None) -> None:
        self.path, self.monitor, self._mode = Path(path), monitor, mode
        self._best = Best(monitor, mode)

    def on_start(self, training: Training) -> None:
        """Make the folder, and forget an earlier training."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._best = Best(self.monitor, self._mode)

    def on_epoch(self, training: Training) -> None:
        """Save the model if the epoch was the best."""
        if self._best.improved(training.history[-1]) and world().rank == 0:
            save(training.evaluated, self.path)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value."""
        return self._best.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._best.load_state_dict(state)


def _archive_path(path: str | os.PathLike[str]) -> Path:
    result = Path(path)
    if result.suffix != ".npz":
        raise ValueError(f"{result}: a checkpoint is an archive of NumPy's, give it a name that ends in .npz")
    return result


def _options(training: Training) -> dict[str, Any]:
    """Return the options that a position in the data depends on."""
    batch_size = getattr(training.source, "batch_size", None)
    return {"batch_size": batch_size, "accumulate": training.accumulate}


def _with_state(training: Training) -> list[Callback]:
    """Return the callbacks whose state matters; others may come and go."""
    return [callback for callback in training.callbacks if type(callback).state_dict is not Callback.state_dict]


def _kinds(training: Training) -> dict[str, str | None]:
    """Return the kinds of the optimizer and the scheduler; a state fits no other kind."""
    parts = {"optimizer": training.optimizer, "scheduler": training.scheduler}
    return {part: None if value is None else type(value).__name__ for part, value in parts.items()}


def _settings(training: Training) -> dict[str, Any]:
    """Return the settings that both the program and the file have, with their initial or present values.

    These are the options of the optimizer and the scheduler, and the buffers of the loss, such as weights of classes.
    """
    groups = training.optimizer.param_groups
    settings = {
        f"{name} of group {i}" if len(groups) > 1 else name: group.get("initial_lr", value) if name == "lr" else value
        for i, group in enumerate(groups)
        for name, value in group.items()
        if name not in ("params", "initial_lr")
    }
    buffers = training.loss.named_buffers() if isinstance(training.loss, Module) else ()
    settings |= {f"loss.{name}": np.array(borrow(buffer)) for name, buffer in buffers}
    return settings | _schedule_of(training.scheduler, "scheduler")


def _schedule_of(scheduler: Any, place: str) -> dict[str, Any]:
    """Return the options of a scheduler, and of those that it is made of."""
    if scheduler is None:
        return {}
    state = scheduler.state_dict()
    options = {*inspect.signature(type(scheduler)).parameters} - {"last_epoch", "optimizer", "schedulers"}
    options |= {f"{name}s" for name in options}  # where it has one for each group
    found = {f"{place}.{name.lstrip('_')}": value for name, value in state.items() if name.lstrip("_") in options}
    for i, inner in enumerate(getattr(scheduler, "_schedulers", ())):
        found |= _schedule_of(inner, f"{place}.schedulers[{i}]")
    return found


def _say_what_differs(training: Training, given: dict[str, Any], kept: dict[str, Any], path: Path) -> dict[str, Any]:
    """Warn of options that the program has changed, once the file is read; return those that the training began with.

    Some change during a training: one that continues in the same process finds their present values.
    """
    now = _settings(training)
    kept = {name: kept.get(name, value) for name, value in now.items()}
    changed = [
        f"{name}={kept[name]}, not {value}"
        for name, value in given.items()
        if name in kept and not (_same(value, kept[name]) or _same(value, now[name]))
    ]
    if changed:
        warn(
            f"{path}: the training was begun with {'; with '.join(changed)} as in the program now. It goes on with the "
            f"options of the file. To change them, set them in on_epoch_start of a callback, as in "
            f"training.optimizer.param_groups[0]['lr'] = 0.1; or begin anew, with resume=False"
        )
    return kept


def _same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other)) if np.ndarray in (type(one), type(other)) else bool(one == other)


def _capture(training: Training) -> dict[str, Any]:
    scheduler = training.scheduler
    return {
        "format": _FORMAT,
        "kinds": _kinds(training),
        "options": _options(training),
        "model": training.model.state_dict(),
        "loss": _state_of(training.loss),
        "optimizer": training.optimizer.state_dict(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "generator": default_generator().bit_generator.state,
        "seed": getattr(training.source, "seed", None),
        "callbacks": [[type(callback).__name__, callback.state_dict()] for callback in _with_state(training)],
        "training": training.state_dict(),
    }


def _state_of(loss: Any) -> dict[str, Any]:
    return dict(loss.state_dict()) if hasattr(loss, "state_dict") else {}


def _restore(training: Training, state: dict[str, Any], path: Path) -> None:
    version = state.get("format")
    if type(version) is not int:
        raise ValueError(f"{path}: is not a checkpoint of a training, which Checkpoint writes, but holds other arrays")
    if version != _FORMAT:
        raise ValueError(f"{path}: is a checkpoint of format {version}, this version reads {_FORMAT}")
    for name, value in _options(training).items():
        if state["options"][name] != value:
            raise ValueError(f"{path}: was made with {name}={state['options'][name]}, not {value}: use the same")
    kinds = _kinds(training)
    for part, kind in state.get("kinds", {}).items():
        if None not in (kind, kinds[part]) and kind != kinds[part]:
            raise ValueError(
                f"{path}: was made with the {part} {kind}, not {kinds[part]}: use the same, or begin anew with "
                f"resume=False"
            )
    others = _with_state(training)
    names, saved = [type(callback).__name__ for callback in others], [name for name, _ in state["callbacks"]]
    if names != saved or (training.scheduler is None) != (state["scheduler"] is None):
        schedule = [
            "no scheduler" if missing else "a scheduler"
            for missing in (state["scheduler"] is None, training.scheduler is None)
        ]
        raise ValueError(f"{path}: was made with callbacks {saved} and {schedule[0]}, not {names} and {schedule[1]}")
    training.load_state_dict(state["training"])
    training.model.load_state_dict(state["model"])
    if state["loss"] or _state_of(training.loss):
        if not hasattr(training.loss, "load_state_dict"):
            raise ValueError(f"{path}: was made with a loss that has {list(state['loss'])}: use the same")
        training.loss.load_state_dict(state["loss"])
    training.optimizer.load_state_dict(state["optimizer"])
    if training.scheduler is not None:
        training.scheduler.load_state_dict(state["scheduler"])
    default_generator().bit_generator.state = state["generator"]
    if state["seed"] is not None:
        training.source.seed = state["seed"]  # type: ignore[attr-defined]  # where there is one, it is an attribute
    for callback, (_, kept) in zip(others, state["callbacks"], strict=True):
        callback.load_state_dict(kept)
