"""Images in folders, one for each class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ArgumentError, FormatError, MissingFileError
from datasets.loading.dataset import Dataset

if TYPE_CHECKING:
    from PIL.Image import Image

_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


class ImageFolder(Dataset[tuple[NDArray[np.float32], int]]):
    """Images in a folder for each class, such as ``cats/1.jpg`` and ``dogs/7.png``; Pillow reads them.

    A row is an image, float32 from 0 to 1 of shape (channels, height, width), and the number of its class. Of images
    with 16 bits the largest number is 1, and floats are taken as they are. Read by a `DataLoader` with
    ``num_workers=``, images are decoded side by side.

    Parameters
    ----------
    root
        The folder of the folders.
    size
        The height and width to which images are scaled, as batches need it; None leaves them as they are.
    mode
        ``"RGB"`` for three channels, ``"L"`` for one.

    Attributes
    ----------
    classes
        The names of the folders, sorted; the number of a class is its place there.
    class_to_idx
        These numbers by name.
    samples
        The path and the class of each image.

    Raises
    ------
    MissingFileError
        There is no such folder, or no image in it.
    FormatError
        When a row is read: a file is damaged, or its pixels are floats that are not from 0 to 1, or integers that
        take more than 16 bits.
    ImportError
        Pillow, which the extra ``images`` installs, is not there.

    Examples
    --------
    >>> from datasets import DataLoader
    >>> photos = ImageFolder("photos", size=(64, 64))  # doctest: +SKIP
    >>> for images, labels in DataLoader(photos, batch_size=32, shuffle=True, num_workers=4):  # doctest: +SKIP
    ...     ...
    """

    def __init__(
        self, root: str | os.PathLike[str], size: tuple[int, int] | None = None, mode: Literal["RGB", "L"] = "RGB"
    ) -> None:
        try:
            import PIL.Image  # noqa: F401  # so that its lack is said here, not when a row is read
        except ImportError as error:
            raise ImportError("ImageFolder reads images with Pillow, the extra images: pip install pillow") from error
        if mode not in ("RGB", "L"):
            raise ArgumentError(f'ImageFolder: mode={mode!r}. It is "RGB" or "L".')
        if size is not None and not (len(size) == 2 and all(isinstance(n, int) and n > 0 for n in size)):
            raise ArgumentError(f"ImageFolder: size={size!r}. Give the height and the width in pixels.")
        self.root, self.size, self.mode = Path(root), size, mode
        self.source = str(self.root)
        if not self.root.is_dir():
            raise MissingFileError(f"{self.root}: no such folder. Relative paths start at {Path.cwd()}.")
        self.classes = sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self.samples = [
            (path, number)
            for number, name in enumerate(self.classes)
            for path in sorted((self.root / name).rglob("*"))
            if path.suffix.lower() in _ENDINGS
        ]
        counts = np.bincount([number for _, number in self.samples], minlength=len(self.classes))
        if not self.samples or not counts.all():
            where = self.root / self.classes[int(counts.argmin())] if self.classes else self.root
            raise MissingFileError(f"{where}: no images there. Put those of each class into a folder of their own.")

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], int]:
        from PIL import Image

        path, number = self.samples[index]
        try:
            with Image.open(path) as image:
                pixels = _pixels(image, self.mode, self.size)
        except Exception as error:  # Pillow raises a dozen kinds for damaged bytes
            if isinstance(error, FormatError):
                raise FormatError(f"{path}: {error}") from None
            raise FormatError(f"{path}: is not an image that Pillow can read, or is damaged ({error}).") from error
        return (pixels[None] if self.mode == "L" else np.ascontiguousarray(pixels.transpose(2, 0, 1))), number


def _pixels(image: Image, mode: str, size: tuple[int, int] | None) -> NDArray[np.float32]:
    """Return the pixels of an image from 0 to 1, of shape (height, width), or with an axis of colours behind."""
    wide = image.mode == "F" or image.mode.startswith("I")  # of one channel, which Pillow would cut off at 255
    shown: Any = _of_one(image) if wide else image.convert(mode)
    if size is not None:
        shown = shown.resize(size[::-1], 2)  # bilinear
    pixels = np.asarray(shown, np.float32) / np.float32(1 if wide else 255)
    return np.repeat(pixels[:, :, None], 3, axis=2) if wide and mode == "RGB" else pixels


def _of_one(image: Image) -> Image:
    """Return an image of 16-bit integers, or of floats, as one of floats from 0 to 1."""
    from PIL.Image import fromarray

    values = np.asarray(image)
    largest = 1 if image.mode == "F" else 65535
    if not ((values >= 0) & (values <= largest)).all():
        raise FormatError(
            f"its pixels, of Pillow's mode {image.mode!r}, go from {values.min()} to {values.max()}, but those of an "
            f"image go from 0 to {largest}. Scale them, and write it again."
        )
    return fromarray((values / np.float32(largest)).astype(np.float32))
