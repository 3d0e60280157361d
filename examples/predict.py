"""Let a network that ``examples.mnist`` saved read an image.

``python -m examples.predict MODEL IMAGE`` prints the guess, how certain the network is, the next best guesses, and what
it saw. IMAGE is a picture of one digit of any size, dark on light or light on dark, which is fitted to what the network
was trained on; or ``test:ROW``, a row of the test set, counted from 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import no_grad
from datasets import DataError, load_idx, load_mnist
from datasets.handwriting import as_mnist, as_text, read_brightness
from examples.command import UsageError, image_shape

ROW_PREFIX = "test:"

EPILOG = """\
examples:
  python -m examples.predict runs/mnist/model.npz test:17
  python -m examples.predict runs/mnist/model.npz photo-of-a-seven.png
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code, 0 or 1."""
    options = parse(arguments)
    try:
        model = load_model(options.model)
        pixels, label = read(options.image, options.data)
        probabilities = classify(model, pixels)
    except (UsageError, DataError, ImportError) as error:
        print(f"examples.predict: {error}", file=sys.stderr)
        return 1
    print(as_text(pixels.reshape(image_shape(pixels.size))))
    print(describe(probabilities, label))
    return 0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.predict",
        description=(__doc__ or "").partition("\n")[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="the model.npz that examples.mnist saved")
    parser.add_argument("image", metavar="IMAGE", help="a picture of one digit, or test:ROW for a row of the test set")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="whose test set test:ROW means, if not MNIST's")
    return parser.parse_args(arguments)


def load_model(path: Path) -> nn.MLP:
    """Return the network whose parameters `nn.save` wrote; its layers have the sizes that these have."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file. Train a model with: python -m examples.mnist")
    try:
        state = nn.load(path)
        shapes = [array.shape for name, array in state.items() if name.endswith("weight")]
        model = nn.MLP([shapes[0][1], *(outputs for outputs, _ in shapes)])
        model.load_state_dict(state)
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise UsageError(
            f"{path}: is not a model that examples.mnist saved, such as runs/mnist/model.npz, or is damaged"
        ) from error
    return model


def read(image: str, folder: Path | None) -> tuple[NDArray[np.float32], int | None]:
    """Return the pixels of an image in one row, and its label if it is one of the test set."""
    if not image.startswith(ROW_PREFIX):
        return as_mnist(read_brightness(Path(image))).reshape(-1), None
    images, labels = (load_idx(folder) if folder else load_mnist())[1]
    text = image.removeprefix(ROW_PREFIX)
    if not text.isdecimal() or int(text) >= len(labels):
        raise UsageError(f"{image}: the rows of the test set are {ROW_PREFIX}0 to {ROW_PREFIX}{len(labels) - 1}")
    return images[int(text)], int(labels[int(text)])


def classify(model: nn.MLP, pixels: NDArray[np.float32]) -> NDArray[Any]:
    """Return the probability of each class."""
    expected = next(iter(model.parameters())).shape[1]
    if pixels.size != expected:
        raise UsageError(f"the image has {pixels.size} pixels, but the model was trained on images of {expected}")
    with no_grad():
        return np.asarray(nn.functional.softmax(model(pixels).data))


def describe(probabilities: NDArray[Any], label: int | None) -> str:
    """Return what the network says about an image, and whether it is right where that is known."""
    best = probabilities.argsort()[::-1][:3]
    lines = [f"guess {best[0]}, {percent(probabilities[best[0]])} certain"]
    if label is not None:
        lines[0] += f"; the label is {label}: {'right' if label == best[0] else 'wrong'}"
    return "\n".join(lines + [f"  {digit}  {percent(probabilities[digit]):>6}" for digit in best])


def percent(share: float) -> str:
    """Write a probability, without rounding one that is not quite certain up to 100%."""
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"


if __name__ == "__main__":
    sys.exit(main())
