"""Classify an image with the network that ``examples.mnist`` saved.

    python -m examples.predict runs/mnist/model.npz test:17
    python -m examples.predict runs/mnist/model.npz photo-of-a-seven.png

Prints what the network saw, its guess, how certain it is, and the next best guesses. The image is a picture of one
digit of any size, dark on light or light on dark, which is made to look like MNIST's; or ``test:ROW``, a row of the
test set, counted from 0.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import nn
from datasets import load_idx, load_mnist
from datasets.handwriting import as_mnist, as_text, image_shape, read_brightness
from examples import command


def main(options: argparse.Namespace) -> None:
    """Read the image, and print it with the guesses of the network."""
    model = load_model(options.model)
    pixels, label = read(options.image, options.data)
    expected = model[0].weight.shape[1]
    if pixels.size != expected:
        raise command.UsageError(
            f"the image has {pixels.size} pixels, but the model was trained on images of {expected}"
        )
    probabilities = nn.functional.softmax(nn.predict(model, pixels[None])[0])
    best = probabilities.argsort()[::-1][:3]
    known = "" if label is None else f"; the label is {label}: {'right' if label == best[0] else 'wrong'}"
    print(as_text(pixels.reshape(image_shape(pixels.size))))
    print(f"guess {best[0]}, {percent(float(probabilities[best[0]]))} certain{known}")
    for digit in best:
        print(f"  {digit}  {percent(float(probabilities[digit])):>6}")


def load_model(path: Path) -> nn.MLP:
    """Return the network whose parameters `nn.save` wrote; its layer sizes follow from them."""
    if not path.is_file():
        raise command.UsageError(f"{path}: no such file. Train a model with: python -m examples.mnist")
    try:
        state = nn.load(path)
        shapes = [array.shape for name, array in state.items() if name.endswith("weight")]
        model = nn.MLP([shapes[0][1], *(outputs for outputs, _ in shapes)])
        model.load_state_dict(state)
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise command.UsageError(
            f"{path}: is not a model that examples.mnist saved, such as runs/mnist/model.npz, or is damaged"
        ) from error
    return model


def read(image: str, folder: Path | None) -> tuple[Any, int | None]:
    """Return the pixels of an image in one row, and its label if it is one of the test set."""
    if not image.startswith("test:"):
        return as_mnist(read_brightness(Path(image))).reshape(-1), None
    images, labels = (load_idx(folder) if folder else load_mnist())[1]
    row = image.removeprefix("test:")
    if not row.isdecimal() or int(row) >= len(labels):
        raise command.UsageError(f"{image}: the rows of the test set are test:0 to test:{len(labels) - 1}")
    return images[int(row)], int(labels[int(row)])


def percent(share: float) -> str:
    """Write a probability, without rounding one that is not quite certain up to 100%."""
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m examples.predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="the model.npz that examples.mnist saved")
    parser.add_argument("image", metavar="IMAGE", help="a picture of one digit, or test:ROW for a row of the test set")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="whose test set test:ROW means, if not MNIST's")
    sys.exit(command.run(parser, main))
