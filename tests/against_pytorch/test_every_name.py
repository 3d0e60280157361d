"""Every public name of `nn` is compared with PyTorch's by a test beside this one, or is not in PyTorch.

The other way round, every public name of PyTorch's is here too, or the error says what to write instead.
"""

import ast
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nn
from nn import functional, init, utils
from nn.optim import lr_scheduler, swa_utils

from ..lists import assert_listed
from .ours_alone import OURS_ALONE, is_ours_alone

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

HERE = Path(__file__).parent
OWNERS: dict[ModuleType, Any] = {
    nn: torch.nn,
    functional: torch.nn.functional,
    init: torch.nn.init,
    utils: torch.nn.utils,
    utils.rnn: torch.nn.utils.rnn,
    utils.parametrizations: torch.nn.utils.parametrizations,
    utils.parametrize: torch.nn.utils.parametrize,
    nn.optim: torch.optim,
    lr_scheduler: torch.optim.lr_scheduler,
    swa_utils: torch.optim.swa_utils,
}

NAMESPACES = {
    "nn.distributions",
    "nn.functional",
    "nn.init",
    "nn.optim",
    "nn.utils",
    "nn.utils.rnn",
    "nn.utils.parametrizations",
    "nn.utils.parametrize",
    "nn.optim.lr_scheduler",
    "nn.optim.swa_utils",
}

# Which test compares what; the names of a line are those of one of the modules above.
COMPARED: dict[str, str] = {
    # nn
    "test_activations.test_module": "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh Identity LeakyReLU "
    "LogSigmoid LogSoftmax Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmin Softplus Softshrink Softsign "
    "Tanh Tanhshrink Threshold",
    "test_activations.test_softmax_of_images": "Softmax2d",
    "test_functional_call.test_ensembles": "functional_call stack_parameters",
    "test_activations.test_alpha_dropout_has_pytorchs_two_values": "AlphaDropout",
    "test_activations.test_channels_are_set_to_the_least_value_as_in_pytorch": "FeatureAlphaDropout",
    "test_activations.test_gumbel_softmax": "gumbel_softmax",
    "test_adaptive.test_adaptive_softmax": "AdaptiveLogSoftmaxWithLoss",
    "test_activations.test_channels_are_dropped_as_in_pytorch": "Dropout1d Dropout2d Dropout3d",
    "test_activations.test_dropout": "Dropout",
    "test_attention.test_multihead_attention": "MultiheadAttention",
    "test_convolution.test_convolutions": "Conv1d Conv2d Conv3d",
    "test_convolution.test_transposed_convolutions": "ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "test_ctc.test_values_and_gradients": "CTCLoss",
    "test_edges.test_batches_of_none_of_one_and_without": "Linear",
    "test_edges.test_flatten": "Flatten",
    "test_edges.test_unflatten": "Unflatten",
    "test_lazy.test_lazy_layers": "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d "
    "LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d "
    "LazyInstanceNorm3d LazyLinear",
    "test_embedding.test_bilinear": "Bilinear",
    "test_embedding.test_containers_have_pytorchs_names": "ModuleDict ModuleList Sequential",
    "test_embedding.test_containers_of_parameters_have_pytorchs_names": "Module Parameter ParameterDict ParameterList",
    "test_embedding.test_embedding": "Embedding",
    "test_embedding.test_embedding_bag": "EmbeddingBag",
    "test_grid_sample.test_grid_sample": "grid_sample",
    "test_grid_sample.test_affine_grid": "affine_grid",
    "test_losses.test_cross_entropy_and_nll": "CrossEntropyLoss NLLLoss",
    "test_losses.test_losses_of_classes_with_margins": "MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss",
    "test_losses.test_losses_of_elements": "BCELoss BCEWithLogitsLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss "
    "KLDivLoss L1Loss MSELoss MarginRankingLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss",
    "test_losses.test_losses_of_vectors": "CosineEmbeddingLoss CosineSimilarity PairwiseDistance TripletMarginLoss "
    "TripletMarginWithDistanceLoss",
    "test_normalization.test_batch_norm": "BatchNorm1d BatchNorm2d BatchNorm3d",
    "test_normalization.test_fused_batch_norm": "fuse_conv_bn_eval fuse_linear_bn_eval",
    "test_normalization.test_group_norm": "GroupNorm",
    "test_normalization.test_instance_norm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d",
    "test_normalization.test_layer_and_rms_norm": "LayerNorm RMSNorm",
    "test_normalization.test_local_response_norm": "LocalResponseNorm",
    "test_padding.test_layers": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
    "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d "
    "ZeroPad2d ZeroPad3d",
    "test_pooling.test_adaptive_avg_pool": "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
    "test_pooling.test_adaptive_max_pool": "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d",
    "test_pooling.test_avg_pool": "AvgPool1d AvgPool2d AvgPool3d",
    "test_pooling.test_lp_pool": "LPPool1d LPPool2d LPPool3d",
    "test_pooling.test_max_pool": "MaxPool1d MaxPool2d MaxPool3d",
    "test_pooling.test_max_unpool": "MaxUnpool1d MaxUnpool2d MaxUnpool3d",
    "test_recurrent.test_cells": "GRUCell LSTMCell RNNCell",
    "test_recurrent.test_layers": "GRU LSTM RNN",
    "test_resampling.test_pixel_shuffle": "PixelShuffle PixelUnshuffle",
    "test_resampling.test_channel_shuffle": "ChannelShuffle",
    "test_resampling.test_upsampling_of_images": "UpsamplingBilinear2d UpsamplingNearest2d",
    "test_resampling.test_unfold_and_fold": "Fold Unfold",
    "test_resampling.test_upsample": "Upsample",
    "test_transformer.test_decoder": "TransformerDecoder TransformerDecoderLayer",
    "test_transformer.test_encoder": "TransformerEncoder TransformerEncoderLayer",
    "test_transformer.test_transformer": "Transformer",
    # nn.functional: what test_functional has no case for
    "test_activations.test_corners_and_extremes": "celu elu gelu hardshrink hardsigmoid hardswish hardtanh leaky_relu "
    "logsigmoid mish relu relu6 rrelu selu sigmoid silu softplus softshrink softsign tanh tanhshrink threshold",
    "test_activations.test_module ": "glu log_softmax softmax softmin",  # which calls the functions too
    "test_padding.test_pad": "pad",
    # nn.init
    "test_init.test_distributions": "kaiming_normal_ kaiming_uniform_ normal_ trunc_normal_ uniform_ xavier_normal_ "
    "xavier_uniform_",
    "test_init.test_gains": "calculate_gain",
    "test_init.test_orthogonal": "orthogonal_",
    "test_init.test_sparse": "sparse_",
    "test_init.test_values_that_are_not_drawn": "constant_ dirac_ eye_ ones_ zeros_",
    # nn.utils and nn.optim
    "test_averaging.test_averages": "AveragedModel get_ema_multi_avg_fn get_swa_multi_avg_fn update_bn",
    "test_averaging.test_clipping": "clip_grad_norm_ clip_grad_value_ get_total_norm",
    "test_averaging.test_vectors": "parameters_to_vector vector_to_parameters",
    "test_packed_sequences.test_padding_and_packing": "PackedSequence pack_padded_sequence pack_sequence "
    "pad_packed_sequence pad_sequence",
    "test_parametrizations.test_norms_of_weights": "spectral_norm weight_norm",
    "test_parametrizations.test_orthogonal_matrices": "orthogonal",
    "test_parametrizations.test_chains_of_own_parametrizations": "ParametrizationList cached is_parametrized "
    "register_parametrization remove_parametrizations",
    "test_lbfgs.test_steps": "LBFGS",
    "test_optimizers.test_a_hundred_steps": "ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax NAdam "
    "RAdam RMSprop Rprop SGD",
    "test_optimizers.test_muon": "Muon",
    "test_signatures.test_methods_of_modules_optimizers_and_schedulers": "Optimizer LRScheduler",
    "test_schedulers.test_the_whole_course": "ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR "
    "ExponentialLR LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR SWALR StepLR",
    "test_schedulers.test_all_at_once": "ChainedScheduler",
    "test_schedulers.test_one_after_the_other": "SequentialLR",
    "test_schedulers.test_plateaus": "ReduceLROnPlateau",
}


def public_names() -> list[str]:
    return [f"{owner.__name__}.{name}" for owner in OWNERS for name in getattr(owner, "__all__", ())]


def functional_cases() -> set[str]:
    """Return the names in the table of test_functional, whose test runs all of them."""
    tree = ast.parse((HERE / "test_functional.py").read_text())
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "CASES"
    )
    assert isinstance(table, ast.Dict)
    return {str(key.value) for key in table.keys if isinstance(key, ast.Constant)}


def test_every_name_is_compared_or_not_in_pytorch() -> None:
    compared = {name for names in COMPARED.values() for name in names.split()} | functional_cases()
    known = {name for name in public_names() if name in NAMESPACES or is_ours_alone(name)}
    known |= {name for name in public_names() if name.rpartition(".")[2] in compared}
    where = "tests/against_pytorch/test_every_name.py (each is compared with PyTorch's), ours_alone.py or, as"
    where += " 'PyTorch has none', its docstring"
    assert_listed(public_names(), known, where)


def test_what_is_said_to_be_ours_alone_is_not_in_pytorch() -> None:
    names = {owner.__name__: theirs for owner, theirs in OWNERS.items()}
    assert {*OURS_ALONE} <= {*public_names()}
    for name in filter(is_ours_alone, public_names()):
        owner, _, last = name.rpartition(".")
        assert not hasattr(names[owner], last), f"PyTorch has {name}: compare it"


@pytest.mark.parametrize("place", COMPARED)
def test_the_tests_exist_and_name_what_they_compare(place: str) -> None:
    module, _, test = place.strip().partition(".")
    source = (HERE / f"{module}.py").read_text()
    defined = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert test in defined
    public = {name.rpartition(".")[2] for name in public_names()}
    for name in COMPARED[place].split():
        assert name in public, f"{name} is not public any more"
        stem = re.sub(r"(Cell|\dd)$", "", name).removeprefix("ConvTranspose") or "Conv"  # the rest is put behind it
        assert re.search(rf"(?<![a-z_]){stem}", source), f"{module} does not mention {name}"


# What others can be read in PyTorch's modules: parts of how it works inside.
MACHINERY = {
    "assert_int_or_pair", "bind", "boolean_dispatch", "handle_torch_function", "has_torch_function",
    "has_torch_function_unary", "has_torch_function_variadic",
}  # fmt: skip


def pytorchs_names(owner: Any) -> set[str]:
    """Return the public functions, classes and modules of one of PyTorch's modules, without what it imports."""
    names = set(getattr(owner, "__all__", ()))
    for name, value in vars(owner).items():
        home = getattr(value, "__module__", None) or ""
        if isinstance(value, ModuleType):
            own = value.__name__ == f"{owner.__name__}.{name}"
        else:
            own = "__all__" not in vars(owner) and (
                inspect.isbuiltin(value) or home.startswith(("torch.nn", "torch._C._nn"))
            )
        if own and name[0] != "_":
            names.add(name)
    return names - MACHINERY


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.__name__)
def test_every_name_of_pytorch_is_here_or_an_error_says_what_is(owner: Any) -> None:
    names = pytorchs_names(OWNERS[owner])
    assert len(names) >= (3 if owner in (swa_utils, utils.rnn, utils.parametrize, utils.parametrizations) else 15)
    for name in sorted(names):
        if not hasattr(owner, name):
            with pytest.raises(AttributeError, match=f"has no attribute '{name}': here it is "):
                getattr(owner, name)
