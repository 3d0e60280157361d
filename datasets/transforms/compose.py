"""What a transform is, several one after the other, and a dataset whose images are changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets.errors import ArgumentError
from datasets.loading.dataset import Dataset, Indices, MapStyle
from datasets.loading.fetch import Fetcher
from datasets.transforms.draws import Seeds, derived, seeds_of


class Transform:
    """A change of images: a subclass defines `apply`.

    Examples
    --------
    >>> from datasets.transforms import RandomHorizontalFlip, Transform
    >>> class Negative(Transform):
    ...     def apply(self, images, seeds):
    ...         return 1 - images
    >>> Negative()(np.array([[[0.25, 1.0]]]))
    array([[[0.75, 0.  ]]])
    """

    def __call__(self, images: ArrayLike, seeds: int | Seeds = 0) -> NDArray[Any]:
        """Return changed images.

        Parameters
        ----------
        images
            Shape ``(n, height, width)`` or ``(n, channels, height, width)``.
        seeds
            A seed for each image, uint64 of shape ``(n,)``; a number stands for those of its first rows.

        Raises
        ------
        ArgumentError
            The images have another shape, or there are more or fewer seeds.
        """
        array = np.asarray(images)
        if array.ndim not in (3, 4) or array.dtype.kind not in "fiub":
            raise ArgumentError(
                f"{type(self).__name__}: images are {array.dtype} of shape {array.shape}. Give numbers of shape "
                "(n, height, width) or (n, channels, height, width)."
            )
        if isinstance(seeds, int | np.integer):
            seeds = seeds_of(int(seeds), 0, np.arange(len(array)))
        if seeds.shape != (len(array),) or seeds.dtype != np.uint64:
            raise ArgumentError(
                f"{type(self).__name__}: seeds are {seeds.dtype} of shape {seeds.shape} for {len(array)} images. Give "
                "one number of the type uint64 for each."
            )
        return self.apply(array, seeds)

    def apply(self, images: NDArray[Any], seeds: Seeds) -> NDArray[Any]:
        """Return changed images, in new memory; each draws from its own seed."""
        raise NotImplementedError(f"{type(self).__name__} should define apply(images, seeds)")


class Compose(Transform):
    """Transforms one after the other.

    Parameters
    ----------
    transforms
        Each draws numbers of its own.

    Examples
    --------
    >>> from datasets.transforms import Compose, RandomCrop, RandomHorizontalFlip
    >>> change = Compose([RandomCrop(32, padding=4), RandomHorizontalFlip()])
    >>> change(np.zeros((5, 3, 32, 32), np.float32)).shape
    (5, 3, 32, 32)
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = list(transforms)
        wrong = [each for each in self.transforms if not isinstance(each, Transform)]
        if wrong:
            raise ArgumentError(f"Compose: {wrong[0]!r} is no Transform. Give a list of them.")

    def apply(self, images: NDArray[Any], seeds: Seeds) -> NDArray[Any]:
        for number, transform in enumerate(self.transforms):
            images = transform(images, derived(seeds, number))
        return images


class Normalize(Transform):
    """Subtract a mean and divide by a standard deviation.

    Parameters
    ----------
    mean, std
        Numbers, or one for each channel.

    Examples
    --------
    >>> from datasets.transforms import Normalize
    >>> Normalize(0.5, 0.25)(np.array([[[0.5, 1.0]]]))
    array([[[0., 2.]]])
    """

    def __init__(self, mean: ArrayLike, std: ArrayLike) -> None:
        self.mean, self.std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
        if max(self.mean.ndim, self.std.ndim) > 1 or not (self.std > 0).all() or not np.isfinite(self.mean).all():
            raise ArgumentError(f"Normalize: mean={mean!r}, std={std!r}. Give numbers, one or a list; std is above 0.")

    def apply(self, images: NDArray[Any], seeds: Seeds) -> NDArray[Any]:
        """Return normalized images, floating-point."""
        dtype = images.dtype if images.dtype.kind == "f" else np.dtype(np.float32)
        centred = (images - self._by_channel(self.mean, images)).astype(dtype)
        return np.asarray(centred / self._by_channel(self.std, images))

    def _by_channel(self, values: NDArray[np.float64], images: NDArray[Any]) -> NDArray[Any]:
        dtype = images.dtype if images.dtype.kind == "f" else np.dtype(np.float32)
        if values.ndim and (images.ndim != 4 or images.shape[1] != len(values)):
            raise ArgumentError(f"Normalize of {len(values)} channels: the images have shape {images.shape}.")
        return values.astype(dtype).reshape((-1, 1, 1) if values.ndim else ())


class Transformed(Dataset[tuple[Any, ...]]):
    """A dataset whose images are changed: each in another way in each epoch of a `DataLoader`, always the same again.

    What an image becomes follows from the seed, the epoch and its row, not from the batch that it is in, or the worker
    that changes it. So a training that resumes sees the same images.

    Parameters
    ----------
    dataset
        Its rows are images, or tuples of which the first part is one.
    transform
        The change.
    seed
        Another seed is another sequence of changes.

    Examples
    --------
    >>> from datasets import TensorDataset
    >>> from datasets.transforms import RandomHorizontalFlip, Transformed
    >>> changed = Transformed(TensorDataset(np.eye(3)[None], np.array([7])), RandomHorizontalFlip(p=1))
    >>> changed[0]
    (array([[0., 0., 1.],
           [0., 1., 0.],
           [1., 0., 0.]]), np.int64(7))
    """

    def __init__(self, dataset: MapStyle[Any], transform: Transform, seed: int = 0) -> None:
        if not isinstance(transform, Transform):
            raise ArgumentError(f"Transformed: {transform!r} is no Transform. Pass one of datasets.transforms.")
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
            raise ArgumentError(f"Transformed: seed={seed!r}. It is a whole number of at least 0.")
        self.dataset, self.transform, self.seed = dataset, transform, int(seed)
        self._fetch = Fetcher(dataset, None)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any) -> Any:
        """Return a row, or those of an array of indices, as in the first epoch."""
        if np.ndim(index):
            return self.take(np.asarray(index), 0)
        batch = self.take(np.array([index]), 0)
        return tuple(part[0] for part in batch) if isinstance(batch, tuple) else batch[0]

    def take(self, indices: Indices, epoch: int) -> Any:
        batch = self._fetch(indices, epoch)
        seeds = seeds_of(self.seed, epoch, np.where(indices < 0, indices + len(self), indices))
        if isinstance(batch, tuple):
            return (self.transform(batch[0], seeds), *batch[1:])
        return self.transform(batch, seeds)

    def locate(self, index: int) -> tuple[MapStyle[Any], int]:
        """Return the dataset that a row is from, and its index there."""
        return self.dataset, index
