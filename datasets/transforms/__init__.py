"""Random changes of images, in batches; each image has a seed of its own, so that batches and workers change nothing.

Names and arguments are those of ``torchvision.transforms``. A `Transformed` dataset gives every image another change in
every epoch:

>>> import numpy as np
>>> from datasets import DataLoader, TensorDataset, load_mnist
>>> from datasets.transforms import Compose, Normalize, RandomAffine, Transformed
>>> images, labels = load_mnist(flatten=False)[1]
>>> change = Compose([RandomAffine(degrees=10, translate=(0.1, 0.1)), Normalize(0.13, 0.31)])
>>> loader = DataLoader(Transformed(TensorDataset(images, labels), change), batch_size=64)
>>> [part.shape for part in next(iter(loader))]
[(64, 28, 28), (64,)]
"""

from datasets.transforms.compose import Compose, Normalize, Transform, Transformed
from datasets.transforms.geometry import (
    ElasticTransform, RandomAffine, RandomCrop, RandomHorizontalFlip, RandomRotation, RandomVerticalFlip,
)  # fmt: skip

__all__ = [
    "Compose", "ElasticTransform", "Normalize", "RandomAffine", "RandomCrop", "RandomHorizontalFlip", "RandomRotation",
    "RandomVerticalFlip", "Transform", "Transformed",
]  # fmt: skip
