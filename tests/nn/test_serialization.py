"""Weights in files: what is written is read, whole or not at all, and what is wrong is said."""

import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nn
from autograd import tensor

SUFFIXES = ["npz", "safetensors"]
DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8"]


@pytest.fixture(params=SUFFIXES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "safetensors":
        pytest.importorskip("safetensors", reason="reads and writes its format: pip install 'plaingrad[safetensors]'")
    return tmp_path / f"model.{request.param}"


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(3, 3), nn.Linear(3, 3)
        self.other.weight = self.one.weight


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert np.array_equal(found[name], array, equal_nan=array.dtype.kind in "fc"), name
        assert found[name].flags.c_contiguous, name
        assert found[name].flags.writeable, name


def test_a_model_is_read_as_it_was_written(file: Path) -> None:
    model = nn.MLP([4, 3, 2])
    nn.save(model, file)
    assert_same(nn.load(file), model.state_dict())
    again = nn.MLP([4, 3, 2])
    again.load_state_dict(nn.load(str(file)))
    x = np.ones((1, 4), np.float32)
    assert np.array_equal(again(x).data, model(x).data)


def test_every_dtype_and_shape(file: Path) -> None:
    state = {
        f"{dtype} {shape}": np.ones(shape, dtype) for dtype in DTYPES for shape in [(), (0,), (1,), (2, 0, 3), (2, 3)]
    }
    nn.save(state, file)
    assert_same(nn.load(file), state)


@given(data=st.data(), suffix=st.sampled_from(SUFFIXES))
def test_any_arrays_under_any_names(data: Any, suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=5) | st.sampled_from(
        ["file", "allow_pickle", "x", "x.npy", "../up", "/root", "a/b", "arr_0", "mean.0", "ä b", "", "format"]
    )
    arrays = hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=3))
    state = data.draw(st.dictionaries(names, arrays, max_size=4))
    path = tmp_path_factory.mktemp("any") / f"state.{suffix}"
    nn.save(state, path)
    assert_same(nn.load(path), state)


def test_orders_in_memory_and_bytes_do_not_matter(file: Path) -> None:
    a = np.arange(12.0).reshape(3, 4)
    state = {
        "transposed": a.T, "steps": a[::2, ::-1], "fortran": np.asfortranarray(a), "big": a.astype(">f8"),
        "tensor": tensor(a, requires_grad=True), "number": np.float32(3), "broadcast": np.broadcast_to(a[0], (2, 4)),
    }  # fmt: skip
    nn.save(state, file)
    found = nn.load(file)
    for name, value in state.items():
        assert np.array_equal(found[name], np.asarray(getattr(value, "data", value)))
        assert found[name].flags.c_contiguous
        assert found[name].dtype.isnative
    if file.suffix == ".npz":
        with np.load(file) as archive:
            assert np.array_equal(archive["transposed"], a.T)
            assert archive["transposed"].flags.c_contiguous
    else:
        from safetensors.numpy import load_file

        assert np.array_equal(load_file(file)["transposed"], a.T)


def test_files_of_numpy_are_read(tmp_path: Path) -> None:
    for function in np.savez, np.savez_compressed:
        function(tmp_path / "numpy.npz", a=np.ones(3), b=np.asfortranarray(np.eye(2)))
        found = nn.load(tmp_path / "numpy.npz")
        assert np.array_equal(found["a"], np.ones(3))
        assert np.array_equal(found["b"], np.eye(2))


def test_parameters_of_two_names(file: Path) -> None:
    model, again = Tied(), Tied()
    nn.save(model, file)
    state = nn.load(file)
    assert_same(state, model.state_dict())
    again.load_state_dict(state)
    assert np.array_equal(again.other.weight.data, model.one.weight.data)
    if file.suffix == ".safetensors":
        from safetensors.numpy import load_file

        assert set(load_file(file)) == {"one.weight", "one.bias", "other.bias"}
        nn.save(model.state_dict(), file)
        assert set(load_file(file)) == {"one.weight", "one.bias", "other.bias", "other.weight"}
    other: Any = nn.load(file)
    assert_same(other, model.state_dict())


def test_buffers_are_saved(file: Path) -> None:
    module = nn.Module()
    module.register_buffer("count", np.array(7))
    module.register_buffer("passing", np.array(1.0), persistent=False)
    nn.save(module, file)
    assert_same(nn.load(file), {"count": np.array(7)})


def test_an_error_leaves_the_file_that_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nn.save({"a": np.ones(2)}, file)
    before = file.read_bytes()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("the disk is full")

    if file.suffix == ".npz":
        monkeypatch.setattr(np.lib.format, "write_array", fail)
    else:
        monkeypatch.setattr("safetensors.numpy.save_file", fail)
    with pytest.raises(OSError, match="the disk is full"):
        nn.save({"a": np.zeros(2)}, file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "pytorch_model.bin", "model", "model.npy"])
def test_other_suffixes_are_refused(name: str, tmp_path: Path) -> None:
    for attempt in (lambda path: nn.save({}, path), nn.load):
        with pytest.raises(ValueError, match=r"should end in \.npz or \.safetensors") as caught:
            attempt(tmp_path / name)
        assert ("safetensors.torch.save_file" in str(caught.value)) == (Path(name).suffix in (".pt", ".pth", ".bin"))


def test_what_is_missing_is_named(file: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        nn.load(file)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        nn.save({}, file.parent / "missing" / file.name)
    with pytest.raises(FileNotFoundError, match="no such file"):
        nn.load(file.parent / ".npz.npz")


@pytest.mark.parametrize("kept", [0, 3, 40, 0.5, 0.99])
def test_a_damaged_file_is_named(file: Path, kept: float) -> None:
    nn.save(nn.Linear(5, 4), file)
    content = file.read_bytes()
    file.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(ValueError, match=f"{file.name} is damaged"):
        nn.load(file)


def test_bits_that_changed_are_noticed_in_archives(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    nn.save({"a": np.zeros(1000)}, path)
    content = bytearray(path.read_bytes())
    content[4000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        nn.load(path)


def test_an_archive_of_something_else_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match="is damaged, or is no"):
        nn.load(tmp_path / "a.npz")


def test_objects_are_neither_written_nor_read(file: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'a' is list"):
        nn.save({"a": [1, None]}, file)
    with pytest.raises(TypeError, match="'a' is NoneType"):
        nn.save({"a": None}, file)
    np.savez(tmp_path / "objects.npz", a=np.array([1, None]))
    with pytest.raises(ValueError, match=r"'a.npy' is an array of Python objects"):
        nn.load(tmp_path / "objects.npz")


def test_names_that_would_not_survive(file: Path) -> None:
    for name in ["__metadata__", "a\0b", "\ud800", "a\nb"]:
        with pytest.raises(ValueError, match="cannot name an array"):
            nn.save({name: np.ones(1)}, file)
    bad: Any = {3: np.ones(1)}
    with pytest.raises(TypeError, match="names of arrays are strings, not 3"):
        nn.save(bad, file)
    assert not file.exists()


def test_dtypes_that_safetensors_lacks(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    for array in np.ones(2, complex), np.array(["text"]), np.ones(2, np.longdouble):
        with pytest.raises(TypeError, match=f"'a' has dtype {array.dtype}, which safetensors lacks"):
            nn.save({"a": array}, tmp_path / "a.safetensors")
        nn.save({"a": array}, tmp_path / "a.npz")
        assert np.array_equal(nn.load(tmp_path / "a.npz")["a"], array)


def write_raw(path: Path, dtype: str, count: int, data: bytes) -> None:
    """Write a safetensors file as its specification has it: the length of the header, the header, the bytes."""
    header = f'{{"a":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[0,{len(data)}]}}}}'.encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def test_bfloat16_becomes_float32_exactly(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    bits = np.arange(2**16, dtype=np.uint32)
    write_raw(tmp_path / "a.safetensors", "BF16", len(bits), bits.astype("<u2").tobytes())
    found = nn.load(tmp_path / "a.safetensors")["a"]
    assert found.dtype == np.float32
    assert np.array_equal(found.view(np.uint32), bits << 16)
    assert found[0x3F80] == 1


def test_dtypes_that_numpy_lacks(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    write_raw(tmp_path / "a.safetensors", "F8_E4M3", 2, b"\0\0")
    with pytest.raises(ValueError, match="'a' has the dtype F8_E4M3, which NumPy lacks: convert"):
        nn.load(tmp_path / "a.safetensors")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=r"pip install 'plaingrad\[safetensors\]'"):
        nn.save(nn.Linear(2, 2), tmp_path / "a.safetensors")
    assert list(tmp_path.iterdir()) == []
