"""Names, order and defaults of arguments are PyTorch's, and so is how modules are printed and what they hold."""

import ast
import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import nn
from nn import functional, init, utils
from nn.optim import lr_scheduler, swa_utils

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

PAIRS: list[tuple[ModuleType, Any]] = [
    (nn, torch.nn),
    (functional, torch.nn.functional),
    (init, torch.nn.init),
    (utils, torch.nn.utils),
    (utils.parametrizations, torch.nn.utils.parametrizations),
    (utils.parametrize, torch.nn.utils.parametrize),
    (nn.optim, torch.optim),
    (lr_scheduler, torch.optim.lr_scheduler),
    (swa_utils, torch.optim.swa_utils),
]

# Arguments of PyTorch's that are not here, wherever they are. What is given to them is an error, never ignored.
ABSENT = {
    "device": "there is one device",
    "out": "results are new arrays",
    "inplace": "results are new arrays: what was given is left as it is",
    "size_average": "PyTorch itself warns of it: reduction has taken its place",
    "reduce": "PyTorch itself warns of it: reduction has taken its place",
    "min_value": "PyTorch itself warns of it: min_val has taken its place",
    "max_value": "PyTorch itself warns of it: max_val has taken its place",
    "foreach": "chooses between implementations of the same steps",
    "fused": "chooses between implementations of the same steps",
    "capturable": "is about graphs of a GPU",
    "differentiable": "steps are not differentiated",
    "sparse": "gradients are dense",
    "enable_nested_tensor": "there are no nested tensors",
    "mask_check": "there are no nested tensors",
    "antialias": "is for the modes of images that there are not",
    "_weight": "is private",
    "_freeze": "is private",
    "_stacklevel": "is private",
}
# Arguments that PyTorch does not have.
ADDED = {
    "generator": "where random numbers come from can be said in each call",
    "axis": "NumPy's name for dim, which is accepted too",
}
# What differs otherwise, by the name of the function or class; tuples name what is not compared.
OTHERWISE: dict[str, tuple[str, ...]] = {
    "Parameter": ("dtype", "data"),  # one can be given a list, and so a dtype; PyTorch makes an empty one of nothing
    "batch_norm": ("running_mean", "running_var"),  # have to be given in PyTorch, where None is meant too
    "softmax": ("dtype",),  # `input.astype(dtype)` says it
    "softmin": ("dtype",),
    "log_softmax": ("dtype",),
    "gumbel_softmax": ("eps",),  # has no effect, PyTorch says
    "SequentialLR": ("last_epoch",),  # PyTorch's counts the epochs of its members anew with it
    "BatchNorm1d": ("bias",),  # since PyTorch 2.13
    "BatchNorm2d": ("bias",),
    "BatchNorm3d": ("bias",),
    "InstanceNorm1d": ("bias",),
    "InstanceNorm3d": ("bias",),
    "InstanceNorm2d": ("bias",),
    "GroupNorm": ("bias",),
    "ModuleList": ("modules",),  # the default is an empty tuple, there None
    "ModuleDict": ("modules",),
    "ParameterList": ("values",),
    "ParameterDict": ("parameters",),
    "tanh": ("where", "casting", "order", "dtype", "subok", "signature"),  # is NumPy's own
}
# What is not compared, with the reason.
UNCOMPARED = {
    "MLP": "is not in PyTorch",
    "Module": "takes no arguments, and anything in PyTorch, which refuses it later",
    "Sequential": "takes modules, or one dict of them, in both",
    "RNN": "PyTorch's has *args, **kwargs: test_recurrent compares the order",
    "LSTM": "PyTorch's has *args, **kwargs: test_recurrent compares the order",
    "GRU": "PyTorch's has *args, **kwargs: test_recurrent compares the order",
    "max_pool1d": "PyTorch's is chosen by return_indices: see below",
    "max_pool2d": "PyTorch's is chosen by return_indices: see below",
    "max_pool3d": "PyTorch's is chosen by return_indices: see below",
    "adaptive_max_pool3d": "PyTorch's is chosen by return_indices: see below",
    "adaptive_max_pool1d": "PyTorch's is chosen by return_indices: see below",
    "adaptive_max_pool2d": "PyTorch's is chosen by return_indices: see below",
    "scaled_dot_product_attention": "PyTorch's has no signature: see below",
}
PAIRED = [
    (owner, theirs, name)
    for owner, theirs in PAIRS
    for name in getattr(owner, "__all__")  # noqa: B009  # a module has it, whatever the checker knows
    if callable(getattr(owner, name)) and hasattr(theirs, name) and name not in UNCOMPARED
]


def described(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Return the parameters that the first line of a docstring gives, for functions that are not written in Python."""
    found = re.search(r"^\s*\w+\((.*?)\)\s*->", function.__doc__ or "", re.DOTALL)
    assert found, function
    arguments = [part.partition("=") for part in found[1].split(",") if part.strip() not in ("*", "/")]
    return [
        (name.strip(), ast.literal_eval(default.strip()) if equal else inspect.Parameter.empty)
        for name, equal, default in arguments
    ]


def parameters(function: Callable[..., Any], left_out: set[str]) -> list[tuple[str, Any]]:
    try:
        found = [(p.name, p.default) for p in inspect.signature(function).parameters.values()]
    except ValueError:
        found = described(function)
    if [name for name, _ in found] in (["args", "kwargs"], ["args"]) and isinstance(function, type):
        found = []  # PyTorch's Module has it for those without options
    return [(name, _comparable(default)) for name, default in found if name not in left_out]


def _comparable(default: Any) -> Any:
    """Return a default; a function by its name, which is how it can be given here."""
    return getattr(default, "__name__", default) if callable(default) and default is not inspect._empty else default


@pytest.mark.parametrize(("owner", "theirs", "name"), PAIRED, ids=[f"{o.__name__}.{n}" for o, _, n in PAIRED])
def test_arguments_have_the_same_names_order_and_defaults(owner: Any, theirs: Any, name: str) -> None:
    left_out = {*ABSENT, *ADDED, *OTHERWISE.get(name, ())}
    function = getattr(owner, name)
    if owner is functional:
        function = getattr(
            getattr(function, "operation", None), "function", function
        )  # what an operation computes with
    if "axis" in inspect.signature(function).parameters:
        left_out.add("dim")
    ours, expected = parameters(function, left_out), parameters(getattr(theirs, name), left_out)
    if ours[:1] == [("x", inspect.Parameter.empty)]:  # operations name their first argument as NumPy does
        ours[0] = ("input", inspect.Parameter.empty)
    assert ours == expected


def test_arguments_of_functions_without_a_signature() -> None:
    """They are called with all arguments in PyTorch's order, none of which has its default."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, 7, 6))
    for name, arguments in {
        "max_pool1d": (3, 2, 1, 2, True, True),
        "max_pool2d": ((3, 2), 2, 1, (2, 1), True, True),
        "max_pool3d": (2, 1, (1, 0, 1), 1, True, True),
        "adaptive_max_pool3d": ((2, 4, 5), True),
        "adaptive_max_pool1d": (4, True),
        "adaptive_max_pool2d": ((4, 5), True),
    }.items():
        given = {"1d": x[:, 0], "2d": x, "3d": x[None]}[name[-2:]]
        ours = getattr(functional, name)(given, *arguments)
        theirs = getattr(torch.nn.functional, name)(torch.tensor(given), *arguments)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other.numpy())
    q, k, mask = rng.standard_normal((2, 4, 3, 5)), rng.standard_normal((2, 2, 6, 5)), rng.random((3, 6)) > 0.3
    mask[:, 0] = True
    options: dict[str, Any] = {"dropout_p": 0.0, "is_causal": False, "scale": 0.3, "enable_gqa": True}
    found = functional.scaled_dot_product_attention(q, k, k, mask, **options)
    expected = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, (q, k, k, mask)), **options)
    np.testing.assert_allclose(found, expected.numpy(), 1e-10, 1e-12)


# How modules are made to be printed, where they need arguments.
MADE: dict[str, tuple[Any, ...]] = {
    "AdaptiveAvgPool1d": (3,), "AdaptiveAvgPool2d": ((3, None),), "AdaptiveMaxPool1d": (3,),
    "AdaptiveMaxPool2d": ((3, None),), "AdaptiveAvgPool3d": (3,), "AdaptiveMaxPool3d": (3,), "AvgPool3d": (2,),
    "BatchNorm3d": (3,), "InstanceNorm3d": (3,), "MaxPool3d": (2,), "LPPool1d": (2, 3), "LPPool2d": (2.0, (3, 2)),
    "LPPool3d": (2, 3), "ConstantPad1d": (1, 2.0), "ConstantPad2d": (1, 2.0), "ConstantPad3d": (1, 2.0),
    **{f"{kind}Pad{n}d": (1,) for kind in ("Zero", "Reflection", "Replication", "Circular") for n in (1, 2, 3)},
    "AdaptiveLogSoftmaxWithLoss": (8, 9, [3, 6], 2.0), "ChannelShuffle": (2,), "EmbeddingBag": (3, 4),
    "LocalResponseNorm": (3,), "MaxUnpool1d": (2,), "MaxUnpool2d": (2, 3), "MaxUnpool3d": (2,),
    "UpsamplingBilinear2d": (3,), "UpsamplingNearest2d": ((3, 4),),
    "AvgPool1d": ((2,), (1,), (1,)), "AvgPool2d": (2,), "BatchNorm1d": (3,),
    "BatchNorm2d": (3,), "Bilinear": (2, 3, 4), "Conv1d": (2, 4, 3), "Conv2d": (2, 4, 3, 2, 1, 1, 2, False, "reflect"),
    "Conv3d": (2, 4, 3), "ConvTranspose1d": (2, 4, 3), "ConvTranspose2d": (2, 4, 3), "ConvTranspose3d": (2, 4, 3),
    "Embedding": (3, 4, 1), "Fold": (4, 2), "GRU": (3, 4, 2), "GRUCell": (3, 4), "GroupNorm": (2, 4),
    "InstanceNorm1d": (3,), "InstanceNorm2d": (3,), "LSTM": (3, 4, 2, False, True), "LSTMCell": (3, 4),
    "LayerNorm": ((2, 3),), "Linear": (3, 4, False), "MaxPool1d": (2,), "MaxPool2d": ((2, 3),),
    "MultiheadAttention": (4, 2), "PixelShuffle": (2,), "PixelUnshuffle": (2,), "RMSNorm": (3,), "RNN": (3, 4),
    "RNNCell": (3, 4), "Threshold": (1.0, 2.0), "TransformerDecoderLayer": (4, 2, 4),
    "TransformerEncoderLayer": (4, 2, 4),
    "Transformer": (4, 2, 1, 1, 4), "Unflatten": (1, (2, 2)), "Unfold": (2,), "Upsample": (3,),
}  # fmt: skip
# What prints otherwise, with the reason.
PRINTED_OTHERWISE = {
    "AlphaDropout": "without inplace",
    "FeatureAlphaDropout": "without inplace",
    "Dropout": "without inplace",
    "Dropout1d": "without inplace",
    "Dropout2d": "without inplace",
    "Dropout3d": "without inplace",
    "GLU": "axis, as NumPy says",
    "LogSoftmax": "axis, as NumPy says",
    "Softmax": "axis, as NumPy says",
    "Softmin": "axis, as NumPy says",
    "CosineSimilarity": "with its options",
    "Hardshrink": "with the name of its option",
    "Softshrink": "with the name of its option",
    "PairwiseDistance": "with its options",
    "MultiheadAttention": "with its options",
    "Transformer": "with options of its attention",
    "TransformerDecoderLayer": "with options of its attention",
    "TransformerEncoderLayer": "with options of its attention",
}
MODULES = [
    name
    for owner, _, name in PAIRED
    if owner is nn and isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
] + ["RNN", "LSTM", "GRU", "Sequential"]
LAZY = {name for name in MODULES if name.startswith("Lazy")}  # have no state at first: test_lazy compares them
STACKS = {"TransformerEncoder", "TransformerDecoder"}  # take a layer: test_transformer compares them
OF_2_13 = {"BatchNorm1d", "BatchNorm2d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "LayerNorm"}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
@pytest.mark.parametrize("name", sorted({*MODULES} - STACKS - LAZY))
def test_representation_state_and_attributes(name: str) -> None:
    arguments = MADE.get(name, ())
    ours, theirs = (getattr(where, name)(*arguments) for where in (nn, torch.nn))
    state, expected = ours.state_dict(), theirs.state_dict()
    assert [(key, value.shape) for key, value in state.items()] == [(k, tuple(v.shape)) for k, v in expected.items()]
    assert [key for key, _ in ours.named_parameters()] == [key for key, _ in theirs.named_parameters()]
    assert [key for key, _ in ours.named_buffers()] == [key for key, _ in theirs.named_buffers()]
    options = [
        key for key in inspect.signature(type(ours)).parameters if key not in ("dtype", "axis", "dim", "modules")
    ]
    assert [key for key in options if hasattr(theirs, key) and not hasattr(ours, key)] == []
    if name in OF_2_13 and "bias=" not in repr(theirs):
        return
    if not name.endswith("Loss") and name not in PRINTED_OTHERWISE:  # losses print their options
        assert repr(ours) == repr(theirs)


def test_methods_of_modules_optimizers_and_schedulers() -> None:
    """What both have takes the same arguments; PyTorch's further ones come after them."""
    pairs = [
        (nn.Module, torch.nn.Module),
        (nn.optim.Optimizer, torch.optim.Optimizer),
        (lr_scheduler.LRScheduler, torch.optim.lr_scheduler.LRScheduler),
        (nn.MultiheadAttention, torch.nn.MultiheadAttention),
        (nn.TransformerEncoderLayer, torch.nn.TransformerEncoderLayer),
        (nn.TransformerDecoderLayer, torch.nn.TransformerDecoderLayer),
        (nn.Embedding, torch.nn.Embedding),
        (nn.EmbeddingBag, torch.nn.EmbeddingBag),
        (nn.Bilinear, torch.nn.Bilinear),
        (nn.ModuleList, torch.nn.ModuleList),
        (nn.Sequential, torch.nn.Sequential),
        (swa_utils.AveragedModel, torch.optim.swa_utils.AveragedModel),
    ]
    further = {
        "load_state_dict": ["assign"],
        "modules": ["remove_duplicate"],
        "named_buffers": ["remove_duplicate"],
        "named_modules": ["memo"],
        "register_forward_hook": ["prepend", "with_kwargs", "always_call"],
        "register_forward_pre_hook": ["prepend", "with_kwargs"],
        "register_full_backward_hook": ["prepend"],
        "state_dict": ["args", "destination", "prefix", "keep_vars"],
        "step": ["epoch"],
        "from_pretrained": ["sparse"],
    }
    for ours, theirs in pairs:
        for name in sorted(set(vars(ours)) & set(vars(theirs))):
            one, other = getattr(ours, name, None), getattr(theirs, name)  # ours may say that it has another name
            if name[0] == "_" or not callable(one) or (name == "forward" and ours in (nn.Module, nn.Sequential)):
                continue
            if name == "to":  # a device, a dtype or a tensor in PyTorch, by their types
                continue
            found, wanted = ([*inspect.signature(each).parameters] for each in (one, other))
            wanted = [key for key in wanted if key not in further.get(name, ())]
            if name in ("append", "extend", "insert"):  # as those of Python's sequences
                assert len(found) == len(wanted)
            else:
                assert found == wanted, (ours, name)
