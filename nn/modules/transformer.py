"""Transformers: encoder and decoder layers of attention and feed-forward networks, each with a residual connection."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor

from .. import functional, init
from .._arguments import Size, TensorLike, example
from ..functional._kernels.operands import as_operand
from ..module import Module
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .norm import LayerNorm

Activation = str | Callable[[Any], Any]
_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"relu": functional.relu, "gelu": functional.gelu}


class _Layer(Module):
    """Base class of encoder and decoder layers: the feed-forward network and the residual connections."""

    _attentions: ClassVar[tuple[str, ...]]  # the names of the attention layers
    self_attn: MultiheadAttention
    norm1: LayerNorm
    norm2: LayerNorm
    dropout1: Dropout
    dropout2: Dropout

    def __init__(
        self,
        d_model: Size,
        nhead: Size,
        dim_feedforward: Size = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.norm_first, self.activation = norm_first, _activation(activation)
        for name in self._attentions:
            attention = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype)
        for number in range(1, len(self._attentions) + 2):
            setattr(self, f"norm{number}", LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))
        for number in range(1, len(self._attentions) + 2):
            setattr(self, f"dropout{number}", Dropout(dropout))

    def _residual(self, number: int, x: Any, block: Callable[[Any], Any]) -> Any:
        """Add the output of a block to its input `x`, with norm `number` before the block or after the sum."""
        norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
        if self.norm_first:
            return x + dropout(block(norm(x)))
        return norm(x + dropout(block(x)))

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def extra_repr(self) -> str:
        return f"activation={getattr(self.activation, '__name__', self.activation)}, norm_first={self.norm_first}"


@example(
    "layer = nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16, batch_first=True)",
    "layer(np.zeros((3, 5, 8), np.float32)).shape",
    "(3, 5, 8)",
)
class TransformerEncoderLayer(_Layer):
    """Encoder layer: self-attention, then a feed-forward network of two layers at each position.

    Each of these two blocks is ``norm(x + block(x))``, or ``x + block(norm(x))`` if `norm_first`.

    Parameters
    ----------
    d_model
        The number of features of each position.
    nhead
        The number of attention heads, a divisor of `d_model`.
    dim_feedforward
        The number of hidden units of the feed-forward network.
    dropout
        The probability of dropout during training: of attention weights, of hidden units, and of the outputs of the
        blocks before they are added.
    activation
        ``"relu"``, ``"gelu"`` or a function.
    layer_norm_eps
        The `eps` of the `LayerNorm` layers.
    batch_first
        Whether inputs have shape ``(n, length, features)`` rather than ``(length, n, features)``.
    norm_first
        Whether the norm comes before each block: such stacks train without a warm-up of the learning rate.
    bias
        Whether linear maps and norms add biases.
    dtype
        The dtype of the parameters; float32 by default.

    References
    ----------
    Vaswani et al., "Attention Is All You Need", NeurIPS 2017. `norm_first`: Xiong et al., "On Layer Normalization in
    the Transformer Architecture", ICML 2020.
    """

    _attentions = ("self_attn",)

    def forward(
        self,
        src: TensorLike,
        src_mask: TensorLike | None = None,
        src_key_padding_mask: TensorLike | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return an array of the shape of `src`; masks are those of `MultiheadAttention`."""

        def attend(x: Any) -> Any:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)[0]

        src = as_operand("TransformerEncoderLayer", "src", src)
        return self._residual(2, self._residual(1, src, attend), self._feed_forward)


@example(
    "layer = nn.TransformerDecoderLayer(8, nhead=2, dim_feedforward=16)",
    "layer(np.zeros((5, 3, 8), np.float32), np.zeros((4, 3, 8), np.float32), tgt_is_causal=True).shape",
    "(5, 3, 8)",
)
class TransformerDecoderLayer(_Layer):
    """Decoder layer: self-attention, attention to the output of an encoder, then a feed-forward network.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, dtype
        As for `TransformerEncoderLayer`.
    """

    _attentions = ("self_attn", "multihead_attn")
    multihead_attn: MultiheadAttention
    norm3: LayerNorm
    dropout3: Dropout

    def forward(
        self,
        tgt: TensorLike,
        memory: TensorLike,
        tgt_mask: TensorLike | None = None,
        memory_mask: TensorLike | None = None,
        tgt_key_padding_mask: TensorLike | None = None,
        memory_key_padding_mask: TensorLike | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return an array of the shape of `tgt`; masks are those of `MultiheadAttention`."""

        def attend(x: Any) -> Any:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def look_back(x: Any) -> Any:
            masks = (memory_key_padding_mask, False, memory_mask)
            return self.multihead_attn(x, memory, memory, *masks, is_causal=memory_is_causal)[0]

        tgt = as_operand("TransformerDecoderLayer", "tgt", tgt)
        x = self._residual(2, self._residual(1, tgt, attend), look_back)
        return self._residual(3, x, self._feed_forward)


class _Stack(Module):
    def __init__(self, layer: Module, num_layers: Size, norm: Module | None) -> None:
        super().__init__()
        self.layers = [copy.deepcopy(layer) for _ in range(num_layers)]
        self.num_layers, self.norm = num_layers, norm

    def _pass(self, x: Any, *others: Any) -> Any:
        for layer in self.layers:
            x = layer(x, *others)
        return x if self.norm is None else self.norm(x)


@example(
    "layer = nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16, norm_first=True)",
    "nn.TransformerEncoder(layer, 2, nn.LayerNorm(8))(np.zeros((5, 3, 8), np.float32)).shape",
    "(5, 3, 8)",
)
class TransformerEncoder(_Stack):
    """Encoder: a stack of copies of an encoder layer.

    Parameters
    ----------
    encoder_layer
        A `TransformerEncoderLayer`, or a module that takes the same arguments. The copies start with its values;
        ``reset_parameters`` of a block draws new ones.
    num_layers
        The number of copies.
    norm
        A module applied to the output of the last copy, such as a `LayerNorm`: needed if the layers have `norm_first`.
    """

    def __init__(self, encoder_layer: Module, num_layers: Size, norm: Module | None = None) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self,
        src: TensorLike,
        mask: TensorLike | None = None,
        src_key_padding_mask: TensorLike | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return an array of the shape of `src`; masks are those of `MultiheadAttention`."""
        return self._pass(src, mask, src_key_padding_mask, is_causal)


class TransformerDecoder(_Stack):
    """Decoder: a stack of copies of a decoder layer.

    Parameters
    ----------
    decoder_layer, num_layers, norm
        As for `TransformerEncoder`, with a `TransformerDecoderLayer`.
    """

    def __init__(self, decoder_layer: Module, num_layers: Size, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: TensorLike,
        memory: TensorLike,
        tgt_mask: TensorLike | None = None,
        memory_mask: TensorLike | None = None,
        tgt_key_padding_mask: TensorLike | None = None,
        memory_key_padding_mask: TensorLike | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return an array of the shape of `tgt`; masks are those of `MultiheadAttention`."""
        paddings = (tgt_key_padding_mask, memory_key_padding_mask)
        return self._pass(tgt, memory, tgt_mask, memory_mask, *paddings, tgt_is_causal, memory_is_causal)


@example(
    "model = nn.Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=16)",
    "model(np.zeros((4, 3, 8), np.float32), np.zeros((5, 3, 8), np.float32), tgt_is_causal=True).shape",
    "(5, 3, 8)",
)
class Transformer(Module):
    """Transformer: an encoder of one sequence, and a decoder of another that attends to the output of the encoder.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, dtype
        As for `TransformerEncoderLayer`.
    num_encoder_layers, num_decoder_layers
        The number of layers.
    custom_encoder, custom_decoder
        Modules to use instead of a `TransformerEncoder` and a `TransformerDecoder`.
    """

    def __init__(
        self,
        d_model: Size = 512,
        nhead: Size = 8,
        num_encoder_layers: Size = 6,
        num_decoder_layers: Size = 6,
        dim_feedforward: Size = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        options = (dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, dtype)

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)

        if custom_encoder is None:
            layer: Module = TransformerEncoderLayer(d_model, nhead, *options)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is None:
            layer = TransformerDecoderLayer(d_model, nhead, *options)
            custom_decoder = TransformerDecoder(layer, num_decoder_layers, norm())
        self.encoder, self.decoder = custom_encoder, custom_decoder
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights for every layer, uniformly by Glorot's rule; biases and norms stay as they are."""
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: TensorLike,
        tgt: TensorLike,
        src_mask: TensorLike | None = None,
        tgt_mask: TensorLike | None = None,
        memory_mask: TensorLike | None = None,
        src_key_padding_mask: TensorLike | None = None,
        tgt_key_padding_mask: TensorLike | None = None,
        memory_key_padding_mask: TensorLike | None = None,
        src_is_causal: bool = False,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return an array of the shape of `tgt`; masks are those of `MultiheadAttention`."""
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        paddings = (tgt_key_padding_mask, memory_key_padding_mask)
        return self.decoder(tgt, memory, tgt_mask, memory_mask, *paddings, tgt_is_causal, memory_is_causal)

    @staticmethod
    @example(
        "nn.Transformer.generate_square_subsequent_mask(2)",
        "array([[  0., -inf],\n       [  0.,   0.]], dtype=float32)",
    )
    def generate_square_subsequent_mask(sz: int, dtype: DTypeLike = np.float32) -> np.ndarray[Any, Any]:
        """Return the causal mask, shape ``(sz, sz)``, which adds -inf where a query would attend to a later key."""
        return np.where(np.tri(sz, dtype=bool), 0, -np.inf).astype(dtype)


def _activation(activation: Activation) -> Callable[[Any], Any]:
    """Return the activation function with this name; return a function as it is."""
    if callable(activation):
        return activation
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation should be a function or one of {', '.join(_ACTIVATIONS)}, not {activation!r}")
    return _ACTIVATIONS[activation]
