"""Character-level transformer: learn to write like Python's language reference.

    python -m examples.characters                              1.97 bits a character, in about three minutes
    python -m examples.characters --quick                      a tiny model, to see that it works
    python -m examples.characters --temperature 0.3            more cautious, and more repetitive
    python -m examples.characters --prompt "The with statement"

The text comes with Python: the topics that `help()` shows. Three layers of causal attention with four heads read up to
64 characters. How well they predict topics that they were not trained on is measured in bits per character, beside
counted bigrams, trigrams and 5-grams.

Writes runs/characters: model.npz, metrics.json, sample.txt (what it writes) and curves.png (bits over the epochs).
"""

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import no_grad
from datasets import python_reference as reference
from examples import command

CLASSES = len(reference.ALPHABET)
SIZES = {"context": 64, "width": 96, "heads": 4, "layers": 3}
QUICK_SIZES = {"context": 32, "width": 32, "heads": 2, "layers": 1}
STEPS, QUICK_STEPS = 2000, 120
BATCH_SIZE, RATE, WARM_UP = 32, 0.003, 1 / 12
TABLES = {"bigrams": 1, "trigrams": 2, "5-grams": 4}  # how many characters come before the one to predict


class CharacterModel(nn.Module):
    """A causal transformer, in which each position attends to itself and to those before it.

    It maps the codes of up to `context` characters, shape ``(n, length)``, to the logits of the character after each
    one, shape ``(n, length, characters)``.
    """

    def __init__(self, context: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.context = context
        self.characters = nn.Embedding(CLASSES, width)
        self.positions = nn.Embedding(context, width)
        self.layers = [
            nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True)
            for _ in range(layers)
        ]
        self.norm = nn.LayerNorm(width)
        self.following = nn.Linear(width, CLASSES)
        for embedding in (self.characters, self.positions):
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, codes: reference.Codes) -> Any:
        """Return the logits of the character after each one of `codes`."""
        x = self.characters(codes) + self.positions(np.arange(codes.shape[1]))
        for layer in self.layers:
            x = layer(x, is_causal=True)
        return self.following(self.norm(x))


def loss(logits: Any, following: Any) -> Any:
    """Return the mean cross-entropy over all characters, in nats."""
    return nn.functional.cross_entropy(logits.reshape(-1, CLASSES), following.reshape(-1))


def main(options: argparse.Namespace) -> None:
    """Train with AdamW, a warm-up and a cosine of the learning rate; evaluate, and write the results."""
    text = reference.load_text()
    counted = {name: reference.counted_bits(text, before) for name, before in TABLES.items()}
    print(f"{text.name}: {len(text.training)} characters to train on, {len(text.validation)} of other topics")
    print("by counting, those take", ", ".join(f"{n} {b:.3f}" for n, b in counted.items()), "bits each", flush=True)

    nn.manual_seed(options.seed)
    sizes = QUICK_SIZES if options.quick else SIZES
    model = CharacterModel(**sizes)
    steps = options.steps or (QUICK_STEPS if options.quick else STEPS)
    per_epoch = max(1, steps // 20)
    batches = reference.RandomStretches(text.training, model.context, BATCH_SIZE, per_epoch, options.seed)
    optimizer = nn.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.1)
    schedules, warm_up = nn.optim.lr_scheduler, max(1, round(WARM_UP * steps))
    rising = schedules.LinearLR(optimizer, 1 / warm_up, total_iters=warm_up)
    falling = schedules.CosineAnnealingLR(optimizer, max(1, steps - warm_up), eta_min=RATE / 30)

    with command.Run(options) as run:
        history = nn.fit(
            model, batches, loss, optimizer, epochs=-(-steps // per_epoch),
            validation=reference.stretches(text.validation, model.context),
            metrics={"bits": lambda logits, following: loss(logits, following) / math.log(2)},
            scheduler=schedules.SequentialLR(optimizer, [rising, falling], [warm_up]), scheduler_every="step",
            clip_norm=1.0,
        )  # fmt: skip
        reached = float(history["val_bits"].iloc[-1])
        print(f"{reached:.3f} bits per character of the other topics\n")
        prompt = reference.encode(options.prompt)
        sample = generate(model, prompt if len(prompt) else reference.encode("\n"), options)
        print("\n".join("  " + line for line in sample.splitlines()) + "\n")
        metrics = {"text": text.name, "validation_bits": reached, "bits_by_counting": counted, **sizes}
        files = {
            "sample.txt": lambda path: path.write_text(sample + "\n", encoding="utf-8"),
            "curves.png": lambda path: draw(history, counted, path),
        }
        run.write(model, metrics, files, history)


def generate(model: CharacterModel, start: reference.Codes, options: argparse.Namespace) -> str:
    """Return the text of `start` and its continuation: each character is drawn given the last `context` ones.

    The temperature divides the logits: below 1 probable characters become more probable; 0 takes the most probable one.
    """
    generator = np.random.default_rng(options.seed)
    codes = np.concatenate([start, np.zeros(100 if options.quick else 600, np.int64)])
    with no_grad():
        for i in range(len(start), len(codes)):
            logits = model(codes[None, max(0, i - model.context) : i]).data[0, -1].astype(float)
            if options.temperature == 0:
                codes[i] = logits.argmax()
            else:
                codes[i] = generator.choice(CLASSES, p=nn.functional.softmax(logits / options.temperature))
    return reference.decode(codes)


def draw(history: Any, counted: dict[str, float], path: Path) -> None:
    """Draw the bits per character over the epochs, and those of counted n-grams."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = nn.plots.metric(history, "bits", figure.subplots())
    for name, needed in counted.items():
        axes.axhline(needed, color="#8c8c8c", linestyle=":", linewidth=1.2)
        axes.annotate(f"{name}, counted", (1, needed), (-4, 3), xycoords=("axes fraction", "data"),
                      textcoords="offset points", ha="right", color="#6b7280", fontsize=9)  # fmt: skip
    axes.set(title="How many bits the next character takes", ylabel="bits per character")
    figure.savefig(path, dpi=150)


def temperature(text: str) -> float:
    """Read a number from 0 to 10."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 10:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 10")
    return number


if __name__ == "__main__":
    arguments = command.parser("characters", __doc__, quick="a tiny model and few steps")
    add = arguments.add_argument
    add("--steps", type=command.positive, metavar="N", help=f"of training ({STEPS}, or {QUICK_STEPS} with --quick)")
    add("--prompt", metavar="TEXT", default="The ", help='what the sample begins with ("The ")')
    add("--temperature", type=temperature, metavar="T", default=0.7, help="0 is most cautious, 1 draws freely (0.7)")
    sys.exit(command.run(arguments, main))
