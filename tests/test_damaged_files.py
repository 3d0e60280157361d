"""Files that were damaged: read as they were written, or refused with an error that names them; never silently less.

``PLAINGRAD_DAMAGES=20000 python -m pytest tests/test_damaged_files.py`` hunts longer.
"""

import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import datasets
import nn

from .lists import assert_complete

DAMAGES = int(os.environ.get("PLAINGRAD_DAMAGES", "120"))

ARRAYS: dict[str, Any] = {
    "0.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "1.weight": np.linspace(0, 1, 5),
    "größe": np.arange(3),
    "np": np.array(True),
    "nothing": np.zeros((0, 2), np.float32),
}
TREE: dict[str, Any] = {
    "model": {"weight": np.arange(6.0).reshape(2, 3)},
    "optimizer": {"state": {0: {"step": 3}}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.99), "params": [0, 1]}]},
    "scheduler": None,
    "rate": np.float32(0.5),
}


def write_numpy(path: Path) -> None:
    np.savez(path, **ARRAYS)


def write_packed(path: Path) -> None:
    np.savez_compressed(path, **{**ARRAYS, "zeros": np.zeros(300_000)})


def write_model(path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    nn.save(model, path)


def write_checkpoint(path: Path) -> None:
    model = nn.Linear(2, 1)
    optimizer = nn.optim.Adam(model.parameters())
    data = (np.ones((4, 2), np.float32), np.ones((4, 1), np.float32))
    nn.fit(model, data, nn.MSELoss(), optimizer, epochs=1, callbacks=[nn.training.Checkpoint(path)], verbose=False)


def resume(path: Path) -> Any:
    model = nn.Linear(2, 1)
    optimizer = nn.optim.Adam(model.parameters())
    data = (np.ones((4, 2), np.float32), np.ones((4, 1), np.float32))
    saving = nn.training.Checkpoint(path, resume=True)
    nn.fit(model, data, nn.MSELoss(), optimizer, epochs=1, callbacks=[saving], verbose=False)
    return [model.state_dict(), optimizer.state_dict()]


def write_parts(path: Path) -> None:
    names = {name: f"{i % 2}.safetensors" for i, name in enumerate(ARRAYS)}
    for file in set(names.values()):
        nn.save({name: ARRAYS[name] for name in names if names[name] == file}, path.with_name(file))
    path.write_text(json.dumps({"metadata": {"total_size": 100}, "weight_map": names}), encoding="utf-8")


def write_other_safetensors(path: Path) -> None:
    exchange = pytest.importorskip("safetensors.numpy", reason="writes the files of other programs")
    exchange.save_file(ARRAYS, path)


IDX = b"\0\0\x08\2" + b"\0\0\0\3" + b"\0\0\0\4" + bytes(range(12))
TABLE = b"label,a,b\n" + b"".join(b"%d,%d.5,-1e%d\n" % (i % 3, i, i % 9) for i in range(20))


def write_table(path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="writes tables")
    pytest.importorskip("pyarrow", reason="writes Parquet")
    frame = pandas.DataFrame(
        {"label": [0, 1, 2], "a": [0.5, 1.5, 2.5], "b": [True, False, True]}, index=["x", "y", "z"]
    )
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)


def read_labelled(path: Path) -> Any:
    return datasets.read_table(path, "label", ["a", "b"])


def write_image(path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="writes images")
    values = np.linspace(0, 65535, 24).reshape(4, 6).astype(np.uint16)
    colours = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    folder = path.with_suffix("") / "a"
    folder.mkdir(parents=True)
    image.fromarray(values if path.suffix in (".png", ".pgm") else colours).save(folder / path.name)
    path.write_bytes((folder / path.name).read_bytes())


def read_image(path: Path) -> Any:
    """Read the image from the folder beside, as what stands at `path` is put there."""
    inside = path.with_suffix("") / "a" / path.name
    inside.write_bytes(path.read_bytes())
    return datasets.ImageFolder(path.with_suffix(""))[0]


def read_folder(path: Path) -> Any:
    """Read a data set of IDX files from the folder beside; what stands at `path` is one of them."""
    labels = b"\0\0\x08\1" + b"\0\0\0\3" + bytes([0, 1, 2])
    digits = b"\0\0\x08\3" + b"\0\0\0\3" + b"\0\0\0\2" * 2 + bytes(range(12))
    folder = path.with_name("folder")
    folder.mkdir(exist_ok=True)
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(digits)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    (folder / "train-images-idx3-ubyte").write_bytes(path.read_bytes())
    return datasets.load_idx(folder)


DIGITS = b"\0\0\x08\3" + b"\0\0\0\3" + b"\0\0\0\2" * 2 + bytes(range(12))


class Kind(NamedTuple):
    name: str
    write: Callable[[Path], Any]
    read: Callable[[Path], Any] = nn.load
    exact: bool = True  # whether a change is always noticed


KINDS = [
    Kind("arrays.npz", lambda path: nn.save(ARRAYS, path)),
    Kind("tree.npz", lambda path: nn.save(TREE, path)),
    Kind("numpy.npz", write_numpy),
    Kind("packed.npz", write_packed),
    Kind("last.npz", write_checkpoint, resume),
    Kind("arrays.safetensors", lambda path: nn.save(ARRAYS, path)),
    Kind("tree.safetensors", lambda path: nn.save(TREE, path)),
    Kind("model.safetensors", write_model),
    Kind("other.safetensors", write_other_safetensors, exact=False),
    Kind("parts.safetensors.index.json", write_parts),
    Kind("idx", lambda path: path.write_bytes(IDX), datasets.read_idx, exact=False),
    Kind("idx.gz", lambda path: path.write_bytes(gzip.compress(IDX, mtime=0)), datasets.read_idx),
    Kind("table.csv", lambda path: path.write_bytes(TABLE), datasets.read_csv, exact=False),
    Kind("table.csv.gz", lambda path: path.write_bytes(gzip.compress(TABLE, mtime=0)), datasets.read_csv),
    Kind("folder.idx", lambda path: path.write_bytes(DIGITS), read_folder, exact=False),
    Kind("array.npy", lambda path: np.save(path, np.arange(12.0).reshape(3, 4)), datasets.open_array, exact=False),
    Kind("other.npz", lambda path: np.savez(path, a=np.arange(5)), lambda path: datasets.open_array(path, "a"), False),
    Kind(
        "dense.npz", lambda path: np.savez_compressed(path, a=np.zeros(9)), lambda path: datasets.open_array(path, "a")
    ),
    Kind("frame.parquet", write_table, read_labelled, exact=False),
    Kind("frame.csv", write_table, read_labelled, exact=False),
    *[Kind(f"image.{end}", write_image, read_image, exact=False) for end in ("png", "pgm", "tif", "bmp", "jpg", "gif")],
]
# Functions of `datasets` that read files which others wrote.
READERS = {"ImageFolder", "load_idx", "open_array", "read_csv", "read_idx", "read_table"}


def test_every_reader_of_files_is_here() -> None:
    public = {name: getattr(datasets, name) for name in datasets.__all__ if not name.endswith("Error")}
    first = {name: next(iter(signature(each).parameters), "") for name, each in public.items()}
    readers = {name for name, parameter in first.items() if parameter in ("folder", "path", "root", "table")}
    assert_complete(readers, READERS, "READERS in tests/test_damaged_files.py")


def damaged(content: bytes, rng: random.Random) -> Iterator[bytes]:
    """Yield copies with one fault each: a bit, an end too early or too late, a part that is another, twice or gone."""
    while True:
        start = rng.randrange(len(content))
        stop = min(len(content), start + rng.choice([1, 2, 4, 16, 100]))
        size, other = stop - start, rng.randrange(len(content))
        flipped = content[start] ^ 1 << rng.randrange(8)
        for middle in (bytes([flipped]), rng.randbytes(size), bytes(size), b" " * size, content[other : other + size]):
            yield content[:start] + middle + content[start + len(middle) :]
        yield content[:start]
        yield content + content[start:stop]
        yield content + rng.randbytes(size)
        yield content[:start] + content[stop:]
        yield content[:stop] + content[start:]


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, np.ndarray):
        return (
            isinstance(found, np.ndarray)
            and found.dtype == expected.dtype
            and found.shape == expected.shape
            and found.tobytes() == expected.tobytes()
        )
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list | tuple):
        return type(found) is type(expected) and len(found) == len(expected) and all(map(same, found, expected))
    return bool(found == expected and type(found) is type(expected))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_damaged_file_is_read_right_or_refused(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / kind.name
    kind.write(path)
    expected, content = kind.read(path), path.read_bytes()
    rng = random.Random(kind.name)
    refused = 0
    for _, bad in zip(range(DAMAGES), damaged(content, rng), strict=False):
        path.write_bytes(bad)
        try:
            found = kind.read(path)
        except FileNotFoundError as error:
            assert "index" in kind.name, bad
            assert str(path) in str(error), bad  # noqa: PT017 - whether it raises depends on the bytes
        except ValueError as error:
            assert str(path) in str(error) or str(tmp_path) in str(error), bad  # noqa: PT017 - as above
            refused += 1
        else:
            assert not kind.exact or same(found, expected), bad
    assert refused > DAMAGES / 10
