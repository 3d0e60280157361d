"""Transformers: layers by their definition, masks, copies, modes, every error."""

import copy
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, gradcheck, gradgradcheck
from nn import functional


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def small(kind: Any = nn.TransformerEncoderLayer, **options: Any) -> Any:
    nn.manual_seed(0)
    options = {"dim_feedforward": 5, "dropout": 0.0, "activation": "gelu", "dtype": np.float64, **options}
    layer = kind(4, 2, **options)
    for parameter in layer.parameters():  # biases are zeros at first, and norms ones
        parameter.data[...] += 0.5 * normal(*parameter.shape)
    return layer


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("kind", [nn.TransformerEncoderLayer, nn.TransformerDecoderLayer])
def test_a_layer_is_blocks_with_residuals(kind: Any, norm_first: bool) -> None:
    layer = small(kind, norm_first=norm_first, activation="relu")
    x, memory = normal(3, 2, 4), normal(5, 2, 4, seed=1)
    blocks: list[Any] = [lambda x: layer.self_attn(x, x, x)[0]]
    if kind is nn.TransformerDecoderLayer:
        blocks.append(lambda x: layer.multihead_attn(x, memory, memory)[0])
    blocks.append(lambda x: layer.linear2(functional.relu(layer.linear1(x))))
    expected = x
    for number, block in enumerate(blocks, 1):
        norm = getattr(layer, f"norm{number}")
        expected = expected + block(norm(expected)) if norm_first else norm(expected + block(expected))
    out = layer(x, memory) if kind is nn.TransformerDecoderLayer else layer(x)
    np.testing.assert_allclose(out.data, expected.data, rtol=1e-12)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("norm_first", [False, True])
def test_derivatives_of_both_orders(norm_first: bool) -> None:
    layer = small(nn.TransformerDecoderLayer, norm_first=norm_first, batch_first=True)
    names = ("self_attn.in_proj_bias", "linear1.weight", "norm3.bias")
    parameters = [dict(layer.named_parameters())[name] for name in names]

    def run(tgt: Any, memory: Any, *values: Any) -> Any:
        for parameter, value in zip(parameters, values, strict=True):
            parameter._array, parameter._node = value._array, value._node
        return layer(tgt, memory, tgt_is_causal=True)

    given = [normal(1, 3, 4), normal(1, 2, 4), *(parameter.data.copy() for parameter in parameters)]
    assert gradcheck(run, given, fast_mode=True)
    assert gradgradcheck(run, given, fast_mode=True)


def test_a_causal_stack_does_not_look_ahead() -> None:
    model = nn.TransformerEncoder(small(batch_first=True), 3, nn.LayerNorm(4, dtype=np.float64)).eval()
    x = normal(2, 6, 4)
    later = x.copy()
    later[:, 4:] = normal(2, 2, 4, seed=5)
    out, other = (model(each, is_causal=True).data for each in (x, later))
    np.testing.assert_allclose(out[:, :4], other[:, :4], rtol=1e-12)
    assert not np.allclose(out[:, 4:], other[:, 4:])
    mask = nn.Transformer.generate_square_subsequent_mask(6)
    np.testing.assert_allclose(model(x, mask=mask).data, out, rtol=1e-12)
    assert not np.allclose(model(x).data[:, :4], out[:, :4])


def test_padding_does_not_matter() -> None:
    model = nn.Transformer(4, 2, 2, 2, 5, 0.0, batch_first=True, dtype=np.float64)
    source, target = normal(2, 5, 4), normal(2, 4, 4)
    padded = np.array([[False] * 5, [False] * 3 + [True] * 2])
    masks = {"src_key_padding_mask": padded, "memory_key_padding_mask": padded, "tgt_is_causal": True}
    out = model(source, target, **masks).data
    source[1, 3:] = 9.0
    np.testing.assert_allclose(model(source, target, **masks).data, out, rtol=1e-12)
    short = model(source[1:, :3], target[1:], tgt_is_causal=True).data
    np.testing.assert_allclose(short, out[1:], rtol=1e-11)


def test_each_mask_of_a_decoder_reaches_its_attention() -> None:
    model = nn.TransformerDecoder(small(nn.TransformerDecoderLayer), 1)
    target, memory = normal(3, 2, 4), normal(3, 2, 4, seed=1)
    square, padding = ~np.tri(3, dtype=bool), np.array([[False, False, True]] * 2)
    plain = model(target, memory).data
    outs = [plain]
    for masks in (
        {"tgt_mask": square},
        {"memory_mask": square},
        {"tgt_key_padding_mask": padding},
        {"memory_key_padding_mask": padding},
    ):
        outs.append(model(target, memory, **masks).data)
    assert all(not np.allclose(outs[i], outs[j]) for i in range(5) for j in range(i))
    np.testing.assert_array_equal(model(target, memory, tgt_is_causal=True).data, outs[1])
    np.testing.assert_array_equal(model(target, memory, memory_is_causal=True).data, outs[2])


def test_layers_of_a_stack_are_copies_with_parameters_of_their_own() -> None:
    layer = small()
    model = nn.TransformerEncoder(layer, 2)
    assert len(list(model.parameters())) == 2 * len(list(layer.parameters()))
    first, second, original = (each.linear1.weight for each in (*model.layers, layer))
    np.testing.assert_array_equal(first.data, second.data)
    first.data[...] = 0
    assert second.data.any()
    assert original.data.any()
    drawn: Any = nn.Transformer(4, 2, 2, 2, 5)
    one, other = (each.linear1.weight.data for each in drawn.encoder.layers)
    assert not np.array_equal(one, other)


def test_dropout_drops_while_training_alone() -> None:
    layer = small(dropout=0.5)
    x = normal(3, 2, 4)
    assert not np.array_equal(layer(x).data, layer(x).data)
    layer.eval()
    np.testing.assert_array_equal(layer(x).data, layer(x).data)
    assert {module.p for module in layer.modules() if isinstance(module, nn.Dropout)} == {0.5}
    assert layer.self_attn.dropout == 0.5


def test_stays_in_single_precision() -> None:
    model = nn.Transformer(4, 2, 1, 1, 5, dropout=0.1)
    out = model(normal(3, 2, 4).astype(np.float32), normal(5, 2, 4).astype(np.float32), tgt_is_causal=True)
    assert out.dtype == np.float32
    out.sum().backward()
    assert all(p.grad is not None and p.grad.dtype == np.float32 for p in model.parameters())


def test_options() -> None:
    layer = small(bias=False, activation=np.tanh, layer_norm_eps=0.5)
    assert not [name for name, _ in layer.named_parameters() if "bias" in name]
    assert layer.norm1.eps == layer.norm2.eps == 0.5
    x = normal(3, 2, 4)
    assert not np.allclose(layer(x).data, small(bias=False, activation="relu", layer_norm_eps=0.5)(x).data)
    np.testing.assert_array_equal(copy.deepcopy(layer)(x).data, layer(x).data)
    assert "activation=gelu, norm_first=False" in repr(small())


def test_takes_a_module_in_the_place_of_encoder_or_decoder() -> None:
    class Doubled(nn.Module):
        def forward(self, src: Any, *masks: Any) -> Any:
            return 2 * src

    model = nn.Transformer(4, 2, 1, 1, 5, custom_encoder=Doubled(), dropout=0.0, dtype=np.float64)
    source, target = normal(3, 2, 4), normal(5, 2, 4)
    np.testing.assert_array_equal(model(source, target).data, model.decoder(target, 2 * source).data)
    model = nn.Transformer(4, 2, 1, 1, 5, custom_decoder=Doubled())
    np.testing.assert_array_equal(model(source.astype(np.float32), target), 2 * target)
    empty = nn.ModuleList()  # is false, as other empty lists are
    assert nn.Transformer(4, 2, 1, 1, 5, custom_encoder=empty).encoder is empty


def test_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="a function or one of relu, gelu, not 'swish'"):
        nn.TransformerEncoderLayer(4, 2, activation="swish")
    with pytest.raises(ValueError, match="cannot be cut into num_heads=3"):
        nn.TransformerEncoderLayer(4, 3)
    with pytest.raises(ShapeError, match="with 4, 4 and 4 features"):
        small()(normal(3, 2, 5))
    with pytest.raises(ShapeError, match="they should all be"):
        small(nn.TransformerDecoderLayer)(normal(3, 2, 4), normal(3, 1, 4))
