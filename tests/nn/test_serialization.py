"""Weights in files: what is written is read, whole or not at all, and what is wrong is said."""

import struct
import zipfile
import zlib
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
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=5) | st.sampled_from(
    [
        "file", "allow_pickle", "x", "x.npy", "../up", "/root", "a/b", "arr_0", "mean.0", "ä b", "", "format", "np",
        "structure.json", "plaingrad.checksum", "plaingrad.structure", "checksum", "0", "0/0",
    ]
)  # fmt: skip
DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8"]


@pytest.fixture(params=SUFFIXES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
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
    arrays = hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=3))
    state = data.draw(st.dictionaries(NAMES, arrays, max_size=4))
    path = tmp_path_factory.mktemp("any") / f"state.{suffix}"
    nn.save(state, path)
    assert_same(nn.load(path), state)
    assert list(nn.load(path)) == list(state)


@given(text=st.text(max_size=4), suffix=st.sampled_from(SUFFIXES))
def test_any_text_is_a_name_or_is_refused(text: str, suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / f"state.{suffix}"
    state = {text: np.ones(2), "other": np.zeros(1)}
    try:
        nn.save(state, path)
    except ValueError as error:
        assert "cannot name an array" in str(error)  # noqa: PT017 - whether it raises depends on the text
    else:
        assert_same(nn.load(path), state)


@given(names=st.lists(NAMES.filter(lambda name: "." not in name and name), min_size=2, max_size=4, unique=True))
def test_any_names_of_shared_parameters(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    module = nn.Module()
    weight = nn.Parameter([1.0, 2.0])
    for name in names:
        setattr(module, name, weight)
    module.np = nn.Parameter([3.0])  # what the metadata of such files say elsewhere
    state = module.state_dict()
    path = tmp_path_factory.mktemp("any") / "state.safetensors"
    nn.save(module, path)
    assert_same(nn.load(path), state)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, min_side=0, max_side=2))
    | st.sampled_from([np.float32(0.1), np.int8(3), np.bool_(True), np.complex64(1j)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(NAMES | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


def assert_equal(found: Any, expected: Any) -> None:
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray | np.generic):
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected, equal_nan=found.dtype.kind in "fc")
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        assert [type(key) for key in found] == [type(key) for key in expected]
        for key, value in expected.items():
            assert_equal(found[key], value)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
    else:
        assert repr(found) == repr(expected)


@given(tree=st.dictionaries(NAMES | st.integers(-3, 9), TREES, max_size=4), suffix=st.sampled_from(SUFFIXES))
def test_any_tree_comes_back_as_it_was(
    tree: dict[Any, Any], suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / f"state.{suffix}"
    nn.save(tree, path)
    assert_equal(dict(nn.load(path)), tree)  # a kind of dict that says what it is where it is called


def test_arrays_of_a_tree_are_named_by_their_place(file: Path) -> None:
    nn.save({"model": {"weight": np.ones(2)}, "state": {0: {"mean": tensor([1.0])}}, "epoch": 3}, file)
    if file.suffix == ".npz":
        with np.load(file) as archive:
            assert set(archive.files) == {"model/weight", "state/0/mean", "structure.json"}
    else:
        exchange = pytest.importorskip("safetensors.numpy", reason="reads the file as other programs do")
        assert set(exchange.load_file(file)) == {"model/weight", "state/0/mean"}
    assert nn.load(file)["state"][0]["mean"].tolist() == [1.0]


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
        exchange = pytest.importorskip("safetensors.numpy", reason="reads the file as other programs do")
        assert np.array_equal(exchange.load_file(file)["transposed"], a.T)


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
        load_file = pytest.importorskip("safetensors.numpy", reason="reads the file as other programs do").load_file
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

    monkeypatch.setattr(*((np.lib.format, "write_array") if file.suffix == ".npz" else (zlib, "crc32")), fail)
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


def test_arguments_in_the_order_of_numpy_are_noticed(file: Path) -> None:
    with pytest.raises(TypeError, match=r"the path comes second, nn.save\(state, path\)$"):
        nn.save(str(file), {"weight": np.ones(2)})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"path of a file as its second argument, not int$"):
        nn.save({"weight": np.ones(2)}, 3)  # type: ignore[arg-type]


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
    for value in (np.array([1, None]), object(), nn.Linear(1, 1), {1, 2}, {(1, 2): 3}, [lambda: 0], b"bytes"):
        with pytest.raises(TypeError, match=r"'a(/0)?' is .*, which cannot be saved"):
            nn.save({"a": value}, file)
    with pytest.raises(TypeError, match="'a' is a masked array"):
        nn.save({"a": np.ma.masked_array([1.0, 2.0], [True, False])}, file)
    nothing: Any = [np.ones(1)]
    with pytest.raises(TypeError, match="takes a module or a dict, such as a state_dict"):
        nn.save(nothing, file)
    assert not file.exists()
    np.savez(tmp_path / "objects.npz", a=np.array([1, None]))
    with pytest.raises(ValueError, match=r"'a' is an array of Python objects"):
        nn.load(tmp_path / "objects.npz")


def test_names_that_would_not_survive(file: Path) -> None:
    for name in ["__metadata__", "a\0b", "\ud800", "a\nb"]:
        with pytest.raises(ValueError, match="cannot name an array"):
            nn.save({name: np.ones(1)}, file)
    assert not file.exists()


def test_dtypes_that_safetensors_lacks(tmp_path: Path) -> None:
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
    bits = np.arange(2**16, dtype=np.uint32)
    write_raw(tmp_path / "a.safetensors", "BF16", len(bits), bits.astype("<u2").tobytes())
    found = nn.load(tmp_path / "a.safetensors")["a"]
    assert found.dtype == np.float32
    assert np.array_equal(found.view(np.uint32), bits << 16)
    assert found[0x3F80] == 1


def test_dtypes_that_numpy_lacks(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.safetensors", "F8_E4M3", 2, b"\0\0")
    with pytest.raises(ValueError, match="'a' has the dtype F8_E4M3, which NumPy lacks: convert"):
        nn.load(tmp_path / "a.safetensors")


def test_a_state_that_is_nested_too_deep_says_so(tmp_path: Path) -> None:
    state: Any = np.ones(2)
    for _ in range(5_000):
        state = {"a": state}
    with pytest.raises(ValueError, match="the state has containers inside each other, deeper than"):
        nn.save(state, tmp_path / "state.npz")
