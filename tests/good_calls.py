"""Calls that work, found from the names of parameters: what the suite of wrong arguments starts from."""

import inspect
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

import nn
from datasets.transforms import Compose

Function = Callable[..., Any]

_rng = np.random.default_rng(0)
_X = _rng.uniform(0.1, 0.9, (4, 4))
_IMAGE = _rng.uniform(0.1, 0.9, (2, 4, 6, 6))
_VOLUME = _rng.uniform(0.1, 0.9, (1, 4, 4, 4, 4))
_LABELS = np.array([0, 1, 2, 3])
# Where maxima of windows of two come from, for each of the inputs above.
_PLACES = [
    np.broadcast_to(2**n * np.arange(side**n).reshape([side] * n), (batch, 4, *[side] * n)).copy()
    for n, side, batch in ((1, 6, 2), (2, 6, 2), (3, 4, 1))
]


def _weight() -> Any:
    return nn.Parameter(_X)


# What a parameter of a name may be given; the first that works, in all combinations of those of a function.
_BY_NAME: dict[str, list[Any]] = {
    "input": [_X, _IMAGE, _IMAGE[:, :, 0], _VOLUME, _LABELS, _LABELS.reshape(2, 2)],
    "x": [_X, _IMAGE, _IMAGE[:, :, 0], _VOLUME, _LABELS],
    "x1": [_X], "x2": [_X], "input1": [_X], "input2": [_X], "anchor": [_X], "positive": [_X + 1], "negative": [_X - 1],
    "query": [_X], "key": [_X], "value": [0.5, _X], "var": [_X],
    "target": [_X, _LABELS, np.sign(_X), np.array([1.0, -1, 1, -1]), np.tile(_LABELS, (4, 1))],
    "log_probs": [np.log(_X)], "targets": [np.array([1, 2])], "input_lengths": [4], "target_lengths": [2],
    "weight": [_X, _rng.standard_normal((4, 4, 3)), _rng.standard_normal((4, 4, 3, 3)),
               _rng.standard_normal((4, 4, 3, 3, 3)), np.ones(4), _rng.standard_normal((3, 4, 4))],
    "kernel_size": [2], "padding": [1], "pad": [(1, 1)], "norm_type": [2.0],
    "output_size": [2, (4, 4)], "upscale_factor": [2], "downscale_factor": [2],
    "scale_factor": [2.0], "normalized_shape": [(4,)], "num_groups": [2], "running_mean": [np.zeros(4)],
    "running_var": [np.ones(4)], "dim": [1], "threshold": [0.1], "negative_slope": [0.1],
    "in_features": [4], "out_features": [3], "in1_features": [4], "in2_features": [4], "in_channels": [4],
    "out_channels": [4], "num_features": [4], "num_channels": [4], "num_embeddings": [5], "embedding_dim": [4],
    "input_size": [4], "hidden_size": [3], "embed_dim": [4], "num_heads": [2], "d_model": [4], "nhead": [2],
    "sizes": [[4, 3]], "unflattened_size": [(2, 2)], "num_layers": [1],
    "src": [_X], "tgt": [_X], "memory": [_X],
    "tensor": [_weight, lambda: nn.Parameter(_IMAGE[0])],
    "val": [0.5], "nonlinearity": ["relu"], "params": [lambda: [_weight()]], "lr": [0.1],
    "X": [_X], "y": [_LABELS], "arrays": [_X], "data": [_X], "num_classes": [4],
    "dataset": [[1, 2, 3]], "datasets": [[[1, 2], [3]]], "indices": [[2, 0], *_PLACES], "data_source": [[1, 2, 3]],
    "weights": [[0.5, 1.0]], "num_samples": [2], "lengths": [[1, 2], [2, 1, 3]], "samples": [[1.0, 2.0]],
    "sequences": [[[1.0, 2.0, 3.0], [4.0]]], "sequence": [lambda: nn.utils.rnn.pack_sequence([[1.0, 2.0], [3.0]])],
    "degrees": [10.0], "transforms": [[]], "transform": [lambda: Compose([])], "mean": [0.5], "std": [0.5],
    "size": [2, (2, 1, 3, 3)], "theta": [_rng.uniform(0.1, 0.9, (2, 2, 3))],
    "grid": [_rng.uniform(0.1, 0.9, (2, 3, 3, 2))], "logits": [_X],
    "groups": [2], "n_classes": [4], "cutoffs": [[2]], "sparsity": [0.5],
    "modules": [lambda: [nn.Identity()]], "original": [_weight],
    "loc": [np.array([0.5, 1.5])], "scale": [1.5], "rate": [1.5], "df": [3.0], "df1": [3.0], "df2": [5.0], "low": [0.2],
    "high": [0.9], "alpha": [2.0], "concentration": [2.0, np.array([1.0, 2.0])], "concentration1": [2.0],
    "concentration0": [3.0], "total_count": [3], "temperature": [0.5], "cov_factor": [np.ones((2, 1))],
    "cov_diag": [np.ones(2)], "base_distribution": [lambda: nn.distributions.Normal(np.zeros(3), 1.0)],
    "reinterpreted_batch_ndims": [1], "mixture_distribution": [lambda: nn.distributions.Categorical([0.4, 0.6])],
    "component_distribution": [lambda: nn.distributions.Normal([0.0, 1.0], 1.0)],
    "p": [lambda: nn.distributions.Normal(0.0, 1.0)], "q": [lambda: nn.distributions.Normal(0.0, 2.0)],
    "exponent": [2.0], "base_transform": [lambda: nn.distributions.ExpTransform()], "in_shape": [(4,)],
    "out_shape": [(2, 2)], "parts": [[]],
    "sampler": [[2, 0, 1]], "batch_size": [2], "drop_last": [False], "num_replicas": [2], "rank": [1],
}  # fmt: skip
_OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {"scale_factor": 2}, {"probs": np.array([0.4, 0.6])}, {"scale_tril": np.eye(2)},
)  # fmt: skip


def fresh(value: Any) -> Any:
    """Return the value for one call: a copy, or what a function makes anew."""
    if callable(value):
        return value()
    return np.array(value) if isinstance(value, np.ndarray) else value


def required(function: Function) -> list[str] | None:
    """Return the names of the parameters without a default; None where Python does not know them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind in plain]


def optional(function: Function) -> list[str]:
    return [p.name for p in inspect.signature(function).parameters.values() if p.default is not p.empty]


def candidates(function: Function) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    names = required(function)
    if names is None or not all(name in _BY_NAME for name in names):
        return
    for options in _OPTIONS:
        if set(options) <= set(optional(function)):
            for args in product(*(_BY_NAME[name] for name in names)):
                yield list(args), options


def good_call(function: Function) -> tuple[list[Any], dict[str, Any]] | None:
    """Return arguments that `function` accepts; None where the names do not tell."""
    for args, options in candidates(function):
        try:
            function(*map(fresh, args), **options)
        except (ValueError, TypeError, IndexError, KeyError, RuntimeError):
            continue
        return args, options
    return None


def inputs_of(module: nn.Module) -> list[Any] | None:
    """Return what the forward pass of a module accepts."""
    found = good_call(module.forward)
    return None if found is None else found[0]
