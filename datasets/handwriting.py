"""Handwritten digits from image files: read them, make them look like MNIST's, and show them in a terminal."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ArgumentError, FormatError, MissingFileError

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]

SIDE, DIGIT_SIDE = 28, 20
FAINTEST = 0.1  # anything below a tenth of the darkest ink is paper, shadow or noise
SHADES = " .:-=+*#%@"


def read_brightness(path: Path) -> Floats:
    """Return the brightness of an image file from 0 (black) to 1 (white), shape (height, width).

    Transparent pixels count as white, or as black if the image would otherwise be blank.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If the file is not an image.
    ImportError
        If Pillow, which reads images, is not installed.
    """
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file. Relative paths start at {Path.cwd()}.")
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ImportError("read_brightness() reads images with Pillow: pip install pillow") from error
    try:
        with Image.open(path) as image:
            layered = image.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FormatError(f"{path}: is not an image that Pillow can read, such as a PNG, or is damaged.") from error
    brightness = _on_background(layered, "white")
    return brightness if np.ptp(brightness) else _on_background(layered, "black")


def _on_background(image: Image, colour: str) -> Floats:
    from PIL import Image

    flat = Image.alpha_composite(Image.new("RGBA", image.size, colour), image).convert("L")
    return np.asarray(flat, np.float32) / np.float32(255)


def as_mnist(brightness: Floats) -> Floats:
    """Return a digit normalized like MNIST: ink 1 on 0, fitted to 20x20 pixels, centred by mass in 28x28.

    Parameters
    ----------
    brightness
        Shape (height, width), any size; dark ink on light paper or light ink on dark; the border pixels tell
        which.

    Returns
    -------
    ndarray
        Shape (28, 28).

    Raises
    ------
    ArgumentError
        If nothing differs from the background.

    References
    ----------
    LeCun, Cortes and Burges, "The MNIST database of handwritten digits", on how its images were made.

    Examples
    --------
    >>> page = np.ones((100, 60), np.float32)
    >>> page[10:90, 25:35] = 0
    >>> digit = as_mnist(page)
    >>> rows, columns = np.nonzero(digit > 0.5)
    >>> np.ptp(rows) + 1, digit.shape
    (np.int64(20), (28, 28))
    """
    ink = np.abs(brightness - np.median(_rim(brightness)))
    if ink.max() < 2 / 255:
        raise ArgumentError("the image is blank: nothing in it differs from its background.")
    ink /= ink.max()
    ink[ink < FAINTEST] = 0
    digit = _fit(ink[np.ix_(_extent(ink.any(axis=1)), _extent(ink.any(axis=0)))])
    height, width = digit.shape
    top, left = (_start(digit.sum(axis=1 - axis), side) for axis, side in enumerate((height, width)))
    placed = np.zeros((SIDE, SIDE), np.float32)
    placed[top : top + height, left : left + width] = digit
    return placed


def _rim(image: Floats) -> Floats:
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def _extent(inked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the positions from the first one with ink to the last."""
    return np.arange(inked.argmax(), len(inked) - inked[::-1].argmax())


def _fit(ink: Floats) -> Floats:
    """Scale to 20 pixels on the longer side, and the darkest ink to 1."""
    from PIL import Image

    longest = max(ink.shape)
    height, width = (max(1, round(side * DIGIT_SIDE / longest)) for side in ink.shape)
    scaled = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR))
    digit: Floats = scaled / scaled.max()
    return digit


def _start(mass: Floats, side: int) -> int:
    """Return where to put the first row, so that the centre of mass is in the middle and nothing is cut off."""
    centre = float(mass @ np.arange(side) / mass.sum())
    return min(max(round(SIDE // 2 - centre), 0), SIDE - side)


def as_text(image: NDArray[Any]) -> str:
    """Return an image of values from 0 to 1 as text, one character for each two vertically adjacent pixels.

    Examples
    --------
    >>> print(as_text(np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])))
     @
    =
    """
    height, width = image.shape
    pairs = np.zeros((height + height % 2, width), np.float64)
    pairs[:height] = image
    shades = (pairs.reshape(-1, 2, width).mean(axis=1) * (len(SHADES) - 1)).round().astype(int)
    return "\n".join("".join(SHADES[shade] for shade in row).rstrip() for row in shades)


def image_shape(pixels: int) -> tuple[int, int]:
    """Return the height and width of an image of so many pixels: square, or as close to square as possible.

    Examples
    --------
    >>> image_shape(784), image_shape(12)
    ((28, 28), (3, 4))
    """
    height = next(height for height in range(math.isqrt(pixels), 0, -1) if pixels % height == 0)
    return height, pixels // height
