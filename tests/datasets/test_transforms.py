"""Transforms: what they do to an image, that each image's seed alone decides it, and that loaders resume with them."""

import pickle
from typing import Any

import numpy as np
import pytest

from datasets import ArgumentError, DataLoader, TensorDataset
from datasets.transforms import (
    Compose,
    ElasticTransform,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    RandomVerticalFlip,
    Transform,
    Transformed,
)
from datasets.transforms.draws import derived, seeds_of, uniforms
from datasets.transforms.geometry import _blur

rng = np.random.default_rng(0)
IMAGES = rng.random((40, 3, 7, 9)).astype(np.float32)
ALL = Compose([
    RandomAffine(20, (0.2, 0.1)), RandomRotation(5), ElasticTransform(10, 2), RandomCrop((6, 5), 1),
    RandomHorizontalFlip(), RandomVerticalFlip(0.3), Normalize([0.1, 0.2, 0.3], 0.5),
])  # fmt: skip


def test_numbers_are_uniform_and_independent() -> None:
    seeds = seeds_of(3, 1, np.arange(20_000))
    assert len(set(seeds.tolist())) == 20_000
    numbers = uniforms(seeds, 4, -1, 1)
    assert np.abs(numbers.mean(axis=0)).max() < 0.02
    assert np.abs(np.quantile(numbers, [0.1, 0.5, 0.9], axis=0) - np.array([[-0.8], [0], [0.8]])).max() < 0.03
    others = [uniforms(each, 1) for each in (derived(seeds, 0), seeds_of(3, 2, np.arange(20_000)), seeds[::-1])]
    table = np.concatenate([numbers, *others], axis=1)
    assert np.abs(np.corrcoef(table.T) - np.eye(table.shape[1])).max() < 0.03
    assert seeds_of(2**70 + 3, 1, np.arange(3)).tolist() != seeds[:3].tolist()


@pytest.mark.parametrize("transform", [*ALL.transforms, ALL])
def test_an_image_becomes_the_same_in_any_batch(transform: Transform) -> None:
    kept, seeds = IMAGES.copy(), seeds_of(0, 0, np.arange(40))
    whole = transform(IMAGES, seeds)
    assert whole.dtype == np.float32
    assert transform(IMAGES, 0).tobytes() == whole.tobytes()
    order = rng.permutation(40)[:11]
    np.testing.assert_allclose(transform(IMAGES[order], seeds[order]), whole[order], atol=1e-5)
    np.testing.assert_array_equal(IMAGES, kept)
    if not isinstance(transform, Normalize | Compose):
        grey = transform(IMAGES[:, 0], seeds)
        np.testing.assert_allclose(grey, whole[:, 0], atol=1e-6)
        assert len({image.tobytes() for image in transform(np.tile(IMAGES[:1], (40, 1, 1, 1)), seeds)}) > 1


def test_turns_and_shifts_are_what_numpy_does() -> None:
    square = rng.random((50, 8, 8)).astype(np.float32)

    for seed in range(3):
        shifted = RandomAffine(0, (0.25, 0.125))(square, seed)
        found = set()
        for image, other in zip(square, shifted, strict=True):
            fits = [
                (down, right) for down in (-1, 0, 1) for right in (-2, -1, 0, 1, 2)
                if np.allclose(other, _moved(image, down, right), atol=1e-6)
            ]  # fmt: skip
            assert len(fits) == 1
            found.add(fits[0])
        assert len(found) > 5
    turned = RandomRotation(180)(np.tile(square[:1], (2000, 1, 1)), 1)
    nearest = min(float(np.abs(image - np.rot90(square[0])).max()) for image in turned)
    assert nearest < 0.05  # some of so many are turned by nearly a quarter, to the left
    np.testing.assert_allclose(RandomRotation(0)(square), square, atol=1e-6)


def _moved(image: Any, down: int, right: int) -> Any:
    result = np.zeros_like(image)
    height, width = image.shape
    result[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
        max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    return result


def test_crops_are_parts_and_flips_mirror() -> None:
    numbers = np.arange(8 * 8).reshape(1, 8, 8).repeat(300, axis=0)
    crops = RandomCrop((3, 4))(numbers)
    assert (np.diff(crops, axis=2) == 1).all()
    assert (np.diff(crops, axis=1) == 8).all()
    assert len(np.unique(crops[:, 0, 0])) == 6 * 5
    padded = RandomCrop(8, padding=1)(numbers + 1)
    assert {int((image == 0).sum()) for image in padded} == {0, 8, 15}
    assert RandomCrop(5)(IMAGES).flags.c_contiguous
    flipped = RandomHorizontalFlip()(numbers)
    mirrored = (flipped == numbers[:, :, ::-1]).all(axis=(1, 2))
    assert 110 < mirrored.sum() < 190
    assert (flipped[~mirrored] == numbers[~mirrored]).all()
    assert (RandomVerticalFlip(1)(numbers) == numbers[:, ::-1]).all()
    assert (RandomVerticalFlip(0)(numbers) == numbers).all()


def test_noise_is_smoothed_as_scipy_does() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    field = rng.standard_normal((9, 30))
    for sigma in (0.5, 2.0, 5.0):
        expected = ndimage.gaussian_filter(field, sigma, mode="mirror")
        np.testing.assert_allclose(_blur(9, sigma) @ field @ _blur(30, sigma).T, expected, atol=1e-5)
    np.testing.assert_allclose(ElasticTransform(0, 2)(IMAGES), IMAGES, atol=1e-6)
    line = np.tile(np.arange(28.0, dtype=np.float32), (20, 28, 1))
    moved = (ElasticTransform(34, 4)(line) - line)[:, 4:-4, 4:-4]
    assert 0.2 < np.abs(moved).mean() < 3


def test_values_are_normalized_by_channel() -> None:
    found = Normalize([0.5, 0, 0.25], [1, 2, 4])(IMAGES)
    expected = (IMAGES - np.reshape([0.5, 0, 0.25], (3, 1, 1))) / np.reshape([1, 2, 4], (3, 1, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert found.dtype == Normalize(0, 1)(np.zeros((1, 2, 2), np.uint8)).dtype == np.float32


@pytest.mark.one_in(2)
@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}, {"num_workers": 2, "multiprocessing_context": "fork"}])
def test_loaders_change_each_image_in_each_epoch_and_resume(workers: dict[str, Any]) -> None:
    dataset = Transformed(TensorDataset(IMAGES, np.arange(40)), ALL, seed=5)

    def loader(size: int) -> DataLoader:
        return DataLoader(dataset, size, shuffle=True, generator=1, **workers)

    def by_row(batches: Any) -> dict[int, bytes]:
        return {int(row): image.tobytes() for images, rows in batches for image, row in zip(images, rows, strict=True)}

    here = DataLoader(dataset, 7, shuffle=True, generator=1)
    epochs = [by_row(here) for _ in range(2)]
    assert all(epochs[0][row] != epochs[1][row] for row in range(40))
    there = loader(7)
    assert [by_row(there) for _ in range(2)] == epochs
    again = loader(7)
    states = [again.state_dict() for _ in again]
    resumed = loader(7)
    resumed.load_state_dict(states[3])
    rest = by_row(resumed)
    assert len(rest) == 12
    assert all(epochs[0][row] == image for row, image in rest.items())
    assert by_row(resumed) == epochs[1]


def test_a_dataset_of_images_alone_and_of_rows_one_by_one() -> None:
    flip = RandomHorizontalFlip(1)
    assert (next(iter(DataLoader(Transformed(IMAGES, flip), 4))) == IMAGES[:4, :, :, ::-1]).all()
    rows = [(image, number) for number, image in enumerate(IMAGES)]
    images, numbers = next(iter(DataLoader(Transformed(rows, flip), 4)))
    assert (images == IMAGES[:4, :, :, ::-1]).all()
    assert numbers.tolist() == [0, 1, 2, 3]
    changed = pickle.loads(pickle.dumps(Transformed(rows, flip)))
    assert (changed[-1][0] == IMAGES[-1, :, :, ::-1]).all()
    assert (changed[np.array([2, 1])][1] == [2, 1]).all()


@pytest.mark.parametrize("call", [
    lambda: RandomAffine(-1), lambda: RandomAffine(5, (2, 0)), lambda: RandomAffine(5, (0.1,)),  # type: ignore[arg-type]
    lambda: RandomRotation(np.nan), lambda: ElasticTransform(-1), lambda: ElasticTransform(1, 0), lambda: RandomCrop(0),
    lambda: RandomCrop(2, -1), lambda: RandomCrop(1.5), lambda: RandomHorizontalFlip(2), lambda: Normalize(0, 0),  # type: ignore[arg-type]
    lambda: Normalize([0, 0], 1)(IMAGES), lambda: RandomCrop(20)(IMAGES), lambda: RandomRotation(5)(IMAGES.astype(int)),
    lambda: ALL(IMAGES[0, 0]), lambda: ALL(IMAGES, np.zeros(3, np.uint64)), lambda: ALL(IMAGES, np.zeros(40)),  # type: ignore[arg-type]
    lambda: Compose([np.negative]), lambda: Transformed(IMAGES, np.negative), lambda: Transformed(IMAGES, ALL, -1),  # type: ignore[arg-type, list-item]
    lambda: RandomRotation(5)(np.array([[["a"]]])),
])  # fmt: skip
def test_what_cannot_be(call: Any) -> None:
    with pytest.raises(ArgumentError):
        call()
    with pytest.raises(NotImplementedError, match="apply"):
        Transform()(IMAGES)
