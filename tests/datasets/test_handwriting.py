"""Pictures of digits become images like MNIST's."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import ArgumentError, FormatError, MissingFileError, load_mnist
from datasets.handwriting import as_mnist, read_brightness


def test_an_image_of_mnist_stays_what_it_is() -> None:
    images = load_mnist()[1][0][:200].reshape(-1, 28, 28)
    differences = [np.abs(as_mnist(1 - image) - image).max() for image in images]
    assert np.mean(np.array(differences) < 0.11) > 0.9  # but for the faintest pixels; the centre may round elsewhere


def test_transparent_pixels_are_white_unless_nothing_would_be_seen(tmp_path: Path) -> None:
    for ink in ("black", "white"):
        image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
        image.putpixel((1, 2), (*((0,) * 3 if ink == "black" else (255,) * 3), 255))
        image.save(tmp_path / f"{ink}.png")
        brightness = read_brightness(tmp_path / f"{ink}.png")
        assert np.ptp(brightness) == 1
        assert brightness[2, 1] == (0 if ink == "black" else 1)


def test_what_is_no_image_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(MissingFileError, match=r"none\.png: no such file"):
        read_brightness(tmp_path / "none.png")
    with pytest.raises(FormatError, match=r"notes\.png: is not an image"):
        read_brightness(tmp_path / "notes.png")
    with pytest.raises(ArgumentError, match="the image is blank"):
        as_mnist(np.full((50, 50), 0.5, np.float32))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        read_brightness(tmp_path / "notes.png")
