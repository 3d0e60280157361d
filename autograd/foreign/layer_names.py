"""Names of layers, functions of them and optimizers in other libraries, and their equivalents in `nn`.

They are a part of `foreign.names`. ``m`` is a module, ``F`` is `nn.functional`.
"""

from __future__ import annotations

_QUANTIZED = "none: there are no quantized tensors"
_SHORT_NUMBERS = "none: NumPy has no floating-point numbers of 8 bits"
_LAYOUT = "not needed: the memory layout makes no difference"

_NN = {
    "Tensor": "`autograd.Tensor`",
    "Value": "`autograd.Value`",
    "stack_module_state": "`nn.stack_parameters(models)`",
    "Neuron": "`nn.scalar.Neuron`",
    "Layer": "`nn.scalar.Layer`, or of tensors `nn.Linear`",
    "Dense": "`nn.Linear(in_features, out_features)`",
    "Conv1D": "`nn.Conv1d`",
    "Conv2D": "`nn.Conv2d`",
    "Conv3D": "`nn.Conv3d`",
    "MaxPooling1D": "`nn.MaxPool1d`",
    "MaxPooling2D": "`nn.MaxPool2d`",
    "AveragePooling1D": "`nn.AvgPool1d`",
    "AveragePooling2D": "`nn.AvgPool2d`",
    "GlobalAveragePooling2D": "`nn.AdaptiveAvgPool2d(1)`",
    "BatchNorm": "`nn.BatchNorm1d` or `nn.BatchNorm2d`",
    "BatchNormalization": "`nn.BatchNorm1d` or `nn.BatchNorm2d`",
    "SyncBatchNorm": "`nn.distributed.SyncBatchNorm`",
    "LayerNormalization": "`nn.LayerNorm`",
    "Activation": "`nn.ReLU()` and its like",
    "Swish": "`nn.SiLU`",
    "Input": "not needed: call the model with its input",
    "InputLayer": "not needed: call the model with its input",
    "UninitializedParameter": "what `nn.LazyLinear(out_features)` and its like hold before their first call",
    "UninitializedBuffer": "what `nn.LazyBatchNorm1d()` and its like hold before their first call",
    "Buffer": "`self.register_buffer(name, array)`",
    "MeanSquaredError": "`nn.MSELoss`",
    "BinaryCrossentropy": "`nn.BCELoss`",
    "CategoricalCrossentropy": "`nn.CrossEntropyLoss`",
    "SparseCategoricalCrossentropy": "`nn.CrossEntropyLoss`",
    "DataLoader": "`datasets.DataLoader`",
    "TensorDataset": "`datasets.TensorDataset`",
    "Dataset": "`datasets.Dataset`",
    "DataParallel": "`nn.distributed.DataParallel`, in several processes",
    "no_grad": "`autograd.no_grad`",
    "tensor": "`autograd.tensor`",
    "checkpoint": "`autograd.checkpoint`",
    "CrossMapLRN2d": "`nn.LocalResponseNorm`",
    "Container": "`nn.Module`",
    "FractionalMaxPool2d": "`nn.AdaptiveMaxPool2d`, whose parts are not random",
    "FractionalMaxPool3d": "`nn.AdaptiveMaxPool3d`, whose parts are not random",
    "LinearCrossEntropyLoss": "`nn.Linear` and `nn.CrossEntropyLoss`",
    "LinearCrossEntropyOptions": "`nn.Linear` and `nn.CrossEntropyLoss`",
    "NLLLoss2d": "`nn.NLLLoss`",
    "RNNBase": "`nn.RNN`, `nn.LSTM` or `nn.GRU`",
    "RNNCellBase": "`nn.RNNCell`, `nn.LSTMCell` or `nn.GRUCell`",
    "attention": "`F.scaled_dot_product_attention`",
    "common_types": "not needed: sizes are integers and tuples",
    "factory_kwargs": "not needed: layers take `dtype=`",
    "grad": "`gradients(y, x)`, of convolutions as of all else",
    "parallel": "`nn.distributed`",
    "intrinsic": _QUANTIZED,
    "qat": _QUANTIZED,
    "quantizable": _QUANTIZED,
    "quantized": _QUANTIZED,
}

_FUNCTIONAL = {
    "upsample": "`F.interpolate`",
    "swish": "`F.silu`",
    "relu_": "`F.relu`",
    "elu_": "`F.elu`",
    "leaky_relu_": "`F.leaky_relu`",
    "bce": "`F.binary_cross_entropy`",
    "mse": "`F.mse_loss`",
    "crossentropy": "`F.cross_entropy`",
    "logsumexp": "`autograd.logsumexp`",
    **{
        f"{kind}max_pool{n}d_with_indices": f"`F.{kind}max_pool{n}d(x, size, return_indices=True)`"
        for kind in ("", "adaptive_")
        for n in (1, 2, 3)
    },
    "fractional_max_pool2d": "`F.adaptive_max_pool2d`, whose parts are not random",
    "fractional_max_pool2d_with_indices": "`F.adaptive_max_pool2d`, whose parts are not random",
    "fractional_max_pool3d": "`F.adaptive_max_pool3d`, whose parts are not random",
    "fractional_max_pool3d_with_indices": "`F.adaptive_max_pool3d`, whose parts are not random",
    "conv_tbc": "`F.conv1d`, of an array with its axes in another order",
    "pdist": "`np.linalg.norm(x[i] - x[j], axis=-1)` with `i, j = np.triu_indices(len(x), 1)`",
    "native_channel_shuffle": "`F.channel_shuffle`",
    "multi_head_attention_forward": "`nn.MultiheadAttention`",
    "linear_cross_entropy": "`F.cross_entropy(F.linear(x, weight), target)`",
    "upsample_nearest": "`F.interpolate(x, size)`",
    "upsample_bilinear": '`F.interpolate(x, size, mode="bilinear", align_corners=True)`',
    "grouped_mm": "`a @ b`, of stacks of matrices",
    "scaled_mm": _SHORT_NUMBERS,
    "scaled_grouped_mm": _SHORT_NUMBERS,
    "ScalingType": _SHORT_NUMBERS,
    "SwizzleType": _SHORT_NUMBERS,
}

_INIT = {
    "glorot_uniform": "`nn.init.xavier_uniform_`",
    "glorot_normal": "`nn.init.xavier_normal_`",
    "he_uniform": "`nn.init.kaiming_uniform_`",
    "he_normal": "`nn.init.kaiming_normal_`",
}

_OPTIM = {
    "RMSProp": "`nn.optim.RMSprop`",
    "Optimiser": "`nn.optim.Optimizer`",
    "SparseAdam": "`nn.optim.Adam`: gradients are dense",
    "swap_in_optimizer_params_and_state": "`optimizer.load_state_dict(state)`",
}

_SWA = {
    "get_ema_avg_fn": "`nn.optim.swa_utils.get_ema_multi_avg_fn(decay)`",
    "get_swa_avg_fn": "`nn.optim.swa_utils.get_swa_multi_avg_fn()`",
}

_UTILS = {
    "clip_grad": "`nn.utils.clip_grad_norm_`",
    "clip_grads_with_norm_": "`nn.utils.clip_grad_norm_`, which computes the norm itself",
    "convert_parameters": "`nn.utils.parameters_to_vector`",
    "convert_conv2d_weight_memory_format": _LAYOUT,
    "convert_conv3d_weight_memory_format": _LAYOUT,
    "memory_format": _LAYOUT,
    "fuse_conv_bn_weights": "`nn.utils.fuse_conv_bn_eval(conv, bn)`",
    "fuse_linear_bn_weights": "`nn.utils.fuse_linear_bn_eval(linear, bn)`",
    "fusion": "`nn.utils.fuse_conv_bn_eval` and `nn.utils.fuse_linear_bn_eval`",
    "init": "`nn.init`",
    "remove_spectral_norm": "`nn.utils.parametrize.remove_parametrizations(m, name)`",
    "remove_weight_norm": "`nn.utils.parametrize.remove_parametrizations(m, name)`",
    "prune": "none: multiply weights by a mask after each step",
    "skip_init": "not needed: to draw initial values takes little time",
    "stateless": "`nn.functional_call(m, parameters, x)`",
}

_SEQUENCES = {
    "invert_permutation": "`np.argsort(order)`",
    "unpad_sequence": "`[row[:n] for row, n in zip(padded, lengths)]`, with `batch_first=True`",
    "unpack_sequence": "`padded, lengths = nn.utils.rnn.pad_packed_sequence(packed)`, of which the "
    "lengths say how many steps each sequence has",
}

# Of distributions, from PyTorch, TensorFlow Probability and SciPy.
_DISTRIBUTIONS = {
    "AbsTransform": "`np.abs` of samples; `nn.distributions.HalfNormal` has a density",
    "Logistic": "`nn.distributions.TransformedDistribution` of a uniform one, as its docstring shows",
    "LogisticNormal": "`nn.functional.softmax` of samples of `nn.distributions.Normal`",
    "MultivariateNormalTriL": "`nn.distributions.MultivariateNormal`, with `scale_tril=`",
    "RelaxedOneHot": "`nn.distributions.RelaxedOneHotCategorical`",
    "SoftmaxTransform": "`nn.functional.softmax` of samples, which has no inverse",
    "biject_to": "`nn.distributions.ExpTransform`, to positive numbers, or another function",
    "norm": "`nn.distributions.Normal`",
    "transform_to": "`np.exp` to positive numbers, `nn.functional.sigmoid` to those from 0 to 1",
}

_PARAMETRIZE = {
    "transfer_parametrizations_and_params": "`register_parametrization(other, name, parametrization)`",
    "type_before_parametrizations": "`type(m).__mro__[1]`",
}

# By the name of the module in which they are missing.
LAYERS = {
    "nn": _NN,
    "nn.functional": _FUNCTIONAL,
    "nn.distributions": _DISTRIBUTIONS,
    "nn.init": _INIT,
    "nn.utils": _UTILS,
    "nn.utils.parametrize": _PARAMETRIZE,
    "nn.utils.rnn": _SEQUENCES,
    "nn.optim": _OPTIM,
    "nn.optim.swa_utils": _SWA,
}
