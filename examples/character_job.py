"""The job of ``examples.characters``: train, evaluate, write a sample, save and print."""

from __future__ import annotations

import argparse
import math
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
from autograd import __version__
from examples.character_model import CharacterModel, bits_per_character, generate
from examples.character_text import ALPHABET, Codes, Text, counted_bits, decode, encode, load_text
from examples.files import check_writable, save_figure, save_json
from examples.job import blas_threads
from examples.report import BLUE, INK, MUTED, RED, new_figure, pictures_possible
from nn.training import Interruption

__all__ = ["Progress", "Training", "run"]

SIZES = {"context": 64, "width": 96, "heads": 4, "layers": 3}
QUICK_SIZES = {"context": 32, "width": 32, "heads": 2, "layers": 1}
BATCH_SIZE, RATE, WARM_UP, LARGEST_NORM = 32, 0.003, 1 / 12, 1.0
EVALUATIONS = 20
SAMPLE = 600  # characters
TABLES = {"bigrams": 1, "trigrams": 2, "5-grams": 4}  # of the characters, so many before the one to predict


@dataclass(frozen=True)
class Progress:
    """The mean bits per character of the batches since the last entry, and of the validation text."""

    step: int
    training: float
    validation: float


class Training:
    """A model on its way through random stretches of a text.

    Parameters
    ----------
    model
        Its parameters are changed in place.
    text
        What to learn; of the validation part only the bits are taken, for the curves.
    steps
        How many there will be.
    seed
        Of the stretches.

    Attributes
    ----------
    history
        An entry for each twentieth of the steps, and for the last one.
    steps_done
        The number of steps.
    """

    def __init__(self, model: CharacterModel, text: Text, steps: int, seed: int) -> None:
        self.model, self.text, self.steps = model, text, steps
        self.rng = np.random.default_rng(seed)
        self.optimizer = nn.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.1)
        schedules, warm_up = nn.optim.lr_scheduler, max(1, round(WARM_UP * steps))
        rising = schedules.LinearLR(self.optimizer, 1 / warm_up, total_iters=warm_up)
        falling = schedules.CosineAnnealingLR(self.optimizer, max(1, steps - warm_up), eta_min=RATE / 30)
        self.schedule = schedules.SequentialLR(self.optimizer, [rising, falling], [warm_up])
        self.history: list[Progress] = []
        self.steps_done = 0

    def run(self, interruption: Interruption) -> None:
        """Take all steps, or as many as the interruption allows, but one at least."""
        every, losses, start = max(1, self.steps // EVALUATIONS), list[float](), time.perf_counter()
        with tqdm(total=self.steps, unit=" steps", disable=None, nrows=20) as bar:  # no bar where nobody watches
            while not self.steps_done or (self.steps_done < self.steps and not interruption.requested):
                losses.append(self.step())
                bar.update()
                if self.steps_done % every == 0 or self.steps_done == self.steps or interruption.requested:
                    self._note(float(np.mean(losses)), bar, time.perf_counter() - start)
                    losses.clear()

    def step(self) -> float:
        """Take one step; return the bits per character of the batch before it."""
        starts = self.rng.integers(0, len(self.text.training) - self.model.context, (BATCH_SIZE, 1))
        batch = self.text.training[starts + np.arange(self.model.context + 1)]
        logits = self.model(batch[:, :-1])
        loss = nn.functional.cross_entropy(logits.reshape(-1, len(ALPHABET)), batch[:, 1:].reshape(-1))
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), LARGEST_NORM)
        self.optimizer.step()
        self.schedule.step()
        self.steps_done += 1
        return float(loss.item()) / math.log(2)

    def _note(self, training: float, bar: Any, seconds: float) -> None:
        entry = Progress(self.steps_done, training, bits_per_character(self.model, self.text.validation))
        self.history.append(entry)
        figures = f"{entry.training:.3f} bits per character, validation {entry.validation:.3f}"
        bar.set_postfix_str(figures)
        if bar.disable:
            print(f"step {entry.step}/{self.steps}: {figures}, {seconds:.1f} s", flush=True)


def run(options: argparse.Namespace) -> bool:
    """Do the job that the options of `examples.characters` ask for; tell whether Ctrl-C was pressed."""
    check_writable(options.out)
    pictures = pictures_possible()
    text = load_text()
    tables = {name: counted_bits(text, before) for name, before in TABLES.items()}
    return learn(text, tables, options, pictures)


def learn(text: Text, tables: dict[str, float], options: argparse.Namespace, pictures: bool) -> bool:
    """Train, write and save; tell whether Ctrl-C was pressed."""
    nn.manual_seed(options.seed)
    sizes = QUICK_SIZES if options.quick else SIZES
    training = Training(CharacterModel(**sizes), text, options.steps, options.seed)
    with Interruption() as interruption:
        describe(text, tables, training)
        wall, cpu = time.perf_counter(), time.process_time()
        training.run(interruption)
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        metrics = measure(training, tables, options, seconds, interruption)
        save(training, metrics, options, pictures)
    return interruption.requested


def describe(text: Text, tables: dict[str, float], training: Training) -> None:
    """Print what is going to happen, and what there is to compare with."""
    model = training.model
    print(f"{text.name}: {len(text.training)} characters to train on, {len(text.validation)} of other topics")
    print(f"bits per character of those, by counting: {', '.join(f'{n} {bits:.3f}' for n, bits in tables.items())}")
    print(
        f"{len(model.layers)} layers of width {model.characters.weight.shape[1]}, {count(model)} parameters, "
        f"{model.context} characters of context; AdamW, {training.steps} steps of {BATCH_SIZE} stretches",
        flush=True,
    )


def count(model: nn.Module) -> int:
    """Return the number of trained numbers."""
    return sum(parameter.size for parameter in model.parameters())


def measure(
    training: Training,
    tables: dict[str, float],
    options: argparse.Namespace,
    seconds: dict[str, float],
    interruption: Interruption,
) -> dict[str, Any]:
    """Return what was reached, and how."""
    model, text = training.model, training.text
    return {
        "text": text.name,
        "training_characters": len(text.training),
        "validation_characters": len(text.validation),
        "validation_bits": bits_per_character(model, text.validation),
        "bits_by_counting": tables,
        **(QUICK_SIZES if options.quick else SIZES),
        "parameters": count(model),
        "steps": training.steps_done,
        "batch_size": BATCH_SIZE,
        "learning_rate": RATE,
        "seed": options.seed,
        "temperature": options.temperature,
        "interrupted": interruption.requested,
        **{name: round(value, 3) for name, value in seconds.items()},
        "threads": blas_threads(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
        "machine": platform.machine(),
        "history": [asdict(entry) for entry in training.history],
    }


def save(training: Training, metrics: dict[str, Any], options: argparse.Namespace, pictures: bool) -> None:
    """Write the folder, what matters most first, and print what was reached."""
    folder: Path = options.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curves.png").unlink(missing_ok=True)  # of an earlier run
    nn.save(training.model, folder / "model.npz")
    save_json(metrics, folder / "metrics.json")
    sample = write(training.model, encode(options.prompt), options)
    with nn.utils.replacing(folder / "sample.txt") as partial:
        partial.write_bytes(sample.encode() + b"\n")
    bits, seconds = metrics["validation_bits"], metrics["seconds"]
    print(f"{training.steps_done} steps in {seconds:.1f} s: {bits:.3f} bits per character of the other topics")
    print("\n" + "\n".join("  " + line for line in sample.splitlines()) + "\n")
    written = ["model.npz", "metrics.json", "sample.txt"]
    if pictures and training.history:
        draw(training.history, metrics["bits_by_counting"], folder / "curves.png")
        written.append("curves.png")
    print(f"{folder} holds {', '.join(written)}")


def write(model: CharacterModel, prompt: Codes, options: argparse.Namespace) -> str:
    """Return what the model writes after the prompt, or after the end of a line if there is none."""
    generator = np.random.default_rng(options.seed)
    start = prompt if len(prompt) else encode("\n")
    length = SAMPLE // 6 if options.quick else SAMPLE
    return decode(generate(model, start, length, options.temperature, generator))


def draw(history: list[Progress], tables: dict[str, float], path: Path) -> None:
    """Draw the bits per character over the steps, and those that counting needs."""
    figure = new_figure(7.2, 4.4)
    axes = figure.subplots()
    steps = [entry.step for entry in history]
    for values, colour, label in (
        ([entry.training for entry in history], RED, "training text"),
        ([entry.validation for entry in history], BLUE, "other topics"),
    ):
        axes.plot(steps, values, color=colour, marker="o", markersize=3.5, label=label)
    for name, bits in tables.items():
        axes.axhline(bits, color=MUTED, linestyle=":", linewidth=1.2)
        axes.annotate(f"{name}, counted", (1, bits), (-4, 3), xycoords=("axes fraction", "data"),
                      textcoords="offset points", ha="right", color=MUTED, fontsize=9)  # fmt: skip
    axes.set_title("How many bits the next character takes", color=INK)
    axes.set_xlabel("step")
    axes.set_ylabel("bits per character")
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False)
    save_figure(figure, path)
