"""Every public layer, loss and function of `nn`, with a call that works, and the kinds of data that it is given."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import nn

from ..good_calls import fresh, good_call, inputs_of

Array = np.ndarray[Any, Any]

_rng = np.random.default_rng(0)
_X = _rng.uniform(0.1, 0.9, (4, 4))
_SEQUENCES = _rng.uniform(0.1, 0.9, (2, 3, 4))
_IMAGES = _rng.uniform(0.1, 0.9, (2, 4, 6, 6))
_COLUMNS = _rng.uniform(0.1, 0.9, (2, 8, 9))
_LABELS = np.array([0, 1, 2, 3])
_OPTIONS: dict[str, Any] = {"dropout": 0.0, "batch_first": True}

# What the names of parameters do not tell, or tell otherwise than is to be tried here.
_FUNCTIONS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "batch_norm": ([_X, np.zeros(4, np.float32), np.ones(4, np.float32)], {"training": True}),
    "cross_entropy": ([_X, _LABELS], {}),
    "dropout": ([_X, 0.5], {}),
    "alpha_dropout": ([_X, 0.5, True], {}),
    "feature_alpha_dropout": ([_X, 0.5, True], {}),
    "fold": ([_COLUMNS, (4, 4), 2], {}),
    "interpolate": ([_IMAGES], {"scale_factor": 2, "mode": "bilinear"}),
    "linear": ([_X, nn.Parameter(_X.astype(np.float32))], {}),
    "one_hot": ([_LABELS], {}),
    "rrelu": ([_X - 0.5], {"training": True}),
}
_LAYERS: dict[str, tuple[Callable[[], nn.Module], list[Any]]] = {
    "CrossEntropyLoss": (nn.CrossEntropyLoss, [_X, _LABELS]),
    "Fold": (lambda: nn.Fold((4, 4), 2), [_COLUMNS]),
    "GRU": (lambda: nn.GRU(4, 3, 2, bidirectional=True, batch_first=True), [_SEQUENCES]),
    "LSTM": (lambda: nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True), [_SEQUENCES]),
    "MLP": (lambda: nn.MLP([4, 5, 3]), [_X]),
    "RNN": (lambda: nn.RNN(4, 3, 2, bidirectional=True, batch_first=True), [_SEQUENCES]),
    "Sequential": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 3)), [_IMAGES]),
    "Transformer": (lambda: nn.Transformer(4, 2, 1, 1, 8, **_OPTIONS), [_SEQUENCES, _SEQUENCES]),
    "TransformerDecoder": (
        lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, **_OPTIONS), 1),
        [_SEQUENCES, _SEQUENCES],
    ),
    "TransformerEncoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, **_OPTIONS), 1),
        [_SEQUENCES],
    ),
    "TransformerDecoderLayer": (lambda: nn.TransformerDecoderLayer(4, 2, 8, **_OPTIONS), [_SEQUENCES, _SEQUENCES]),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(4, 2, 8, **_OPTIONS), [_SEQUENCES]),
    "Upsample": (lambda: nn.Upsample(scale_factor=2), [_IMAGES]),
    "UpsamplingBilinear2d": (lambda: nn.UpsamplingBilinear2d(8), [_IMAGES]),
    "UpsamplingNearest2d": (lambda: nn.UpsamplingNearest2d(8), [_IMAGES]),
}
_WITHOUT_CALL = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList"}

# Functions whose arguments from this one on are the parameters of a layer, which stay float32.
_PARAMETERS_FROM = {
    "batch_norm": 1, "bilinear": 2, "conv1d": 1, "conv2d": 1, "conv3d": 1, "conv_transpose1d": 1,
    "conv_transpose2d": 1, "conv_transpose3d": 1, "embedding": 1, "embedding_bag": 1, "linear": 1, "prelu": 1,
}  # fmt: skip
# Losses of probabilities: 0 and 1 are all that integers can say.
_OF_PROBABILITIES = {
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "multilabel_soft_margin_loss",
    "BCELoss", "BCEWithLogitsLoss", "KLDivLoss", "MultiLabelSoftMarginLoss",
}  # fmt: skip

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
LISTS = ("list", "list of integers")
TABLES = ("frame", "frame of integers", "Int64", "Float32", "boolean")
KINDS = (*FLOATS, *INTEGERS, *LISTS, *TABLES)


@dataclass
class Call:
    """A function, or what makes a layer, and what it is called with.

    Attributes
    ----------
    data
        The places of the arguments that are data.
    """

    name: str
    make: Callable[[], Any]
    args: list[Any]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> list[int]:
        end = _PARAMETERS_FROM.get(self.name, len(self.args))
        return [i for i, arg in enumerate(self.args[:end]) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f"]

    def given(self, kind: str, places: list[int]) -> tuple[list[Any], list[Any]] | None:
        """Return the arguments with those at `places` of a kind, and with the same values in float64.

        None where there is no such thing, as a table of three axes.
        """
        given, same = list(map(fresh, self.args)), list(map(fresh, self.args))
        for i in self.data:
            given[i] = same[i] = self.args[i].astype(np.float32)
        for i in places:
            same[i] = self._values(self.args[i], kind)
            given[i] = _as_kind(same[i], kind)
            if given[i] is None:
                return None
        return given, same

    def _values(self, array: Array, kind: str) -> Array:
        """Return values that the kind has, as large as it can have them: what computes with them as they are wraps."""
        signs = bool(np.isin(array, (1, -1)).all())
        if kind in (*FLOATS, "list", "frame", "Float32"):
            return array.astype(np.float16).astype(np.float64)
        if kind in ("bool", "boolean") or self.name in _OF_PROBABILITIES:
            return np.round(array.clip(0, 1))
        largest = 1 if signs else 250 if kind.startswith("u") else 120
        scaled: Array = np.round(array.clip(-1, 1) * largest)
        return np.abs(scaled) if kind.startswith("u") else scaled


def _as_kind(array: Array, kind: str) -> Any:
    if kind in LISTS:
        return array.astype(int if kind == "list of integers" else float).tolist()
    if kind in TABLES:
        if array.ndim > 2:
            return None
        table: Any = pd.DataFrame(array) if array.ndim == 2 else pd.Series(array)
        return table if kind == "frame" else table.astype("int64" if kind == "frame of integers" else kind)
    return array.astype(kind)


def _same(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _made(kind: type[nn.Module], args: list[Any], options: dict[str, Any]) -> nn.Module:
    return kind(*map(fresh, args), **options)


def functions() -> Iterator[Call]:
    """Yield a call of each public function of `nn.functional`."""
    for name in nn.functional.__all__:
        function = getattr(nn.functional, name)
        found = _FUNCTIONS.get(name) or good_call(function)
        assert found is not None, f"say in {__file__} how functional.{name} is called"
        yield Call(name, partial(_same, function), *found)


def layers() -> Iterator[Call]:
    """Yield a call of each public module of `nn`, but of lazy layers, which after one call are some of the others."""
    for name in nn.__all__:
        kind = getattr(nn, name)
        if not inspect.isclass(kind) or not issubclass(kind, nn.Module) or name in _WITHOUT_CALL:
            continue
        if name.startswith("Lazy"):
            continue
        if name in _LAYERS:
            yield Call(name, *_LAYERS[name])
            continue
        found = good_call(kind)
        assert found is not None, f"say in {__file__} how nn.{name} is made"
        make = partial(_made, kind, *found)
        inputs = inputs_of(make())
        assert inputs is not None, f"say in {__file__} what nn.{name} is called with"
        yield Call(name, make, inputs)
