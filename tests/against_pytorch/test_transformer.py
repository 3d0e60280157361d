"""Transformers find what PyTorch's find, forward and backward, with the same names of parameters."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import tensor

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

WIDTH, HEADS = 6, 2


@pytest.fixture(autouse=True)
def without_the_fast_path() -> Iterator[None]:
    """Have PyTorch compute in evaluation what it does in training; its fast path makes padding zeros."""
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(True)


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


options_of_layers = st.fixed_dictionaries(
    {
        "dim_feedforward": st.sampled_from([1, 7]),
        "activation": st.sampled_from(["relu", "gelu"]),
        "layer_norm_eps": st.sampled_from([1e-5, 0.1]),
        "batch_first": st.booleans(),
        "norm_first": st.booleans(),
        "bias": st.booleans(),
    }
)


def masks_for(draw: Any, names: list[str], queries: int, keys: int) -> dict[str, Any]:
    """Draw masks that leave the first key to every query."""
    mask, padding = normal(queries, keys) > 0.3, normal(2, keys, seed=1) > 0.3
    mask[:, 0] = padding[:, 0] = False
    return {name: (padding if "padding" in name else mask) for name in names if draw(st.booleans())}


def compare(ours: nn.Module, theirs: Any, arrays: list[Any], masks: dict[str, Any]) -> None:
    """Load PyTorch's state, and compare outputs and all gradients."""
    for i, parameter in enumerate(theirs.parameters()):
        parameter.data += 0.3 * torch.from_numpy(normal(*parameter.shape, seed=i))
    state = {name: value.numpy() for name, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    live = [tensor(x, requires_grad=True) for x in arrays]
    others = [torch.from_numpy(x).requires_grad_() for x in arrays]
    out = ours(*live, **masks)
    expected = theirs(*others, **{name: torch.from_numpy(mask) for name, mask in masks.items()})
    np.testing.assert_allclose(out.data, expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    g = normal(*out.shape, seed=9)
    out.backward(g)
    expected.backward(torch.from_numpy(g))
    references = [*others, *theirs.parameters()]
    for one, other in zip([*live, *ours.parameters()], references, strict=True):
        assert one.grad is not None
        np.testing.assert_allclose(one.grad.data, other.grad.numpy(), rtol=1e-8, atol=1e-10)


def sequences(options: dict[str, Any], *lengths: int) -> list[Any]:
    shapes = [(2, n, WIDTH) if options["batch_first"] else (n, 2, WIDTH) for n in lengths]
    return [normal(*shape, seed=i) for i, shape in enumerate(shapes)]


@given(data=st.data(), options=options_of_layers)
@draws(20)
def test_encoder(data: st.DataObject, options: dict[str, Any]) -> None:
    masks = masks_for(data.draw, ["mask", "src_key_padding_mask"], 4, 4)
    norm = data.draw(st.booleans())
    theirs = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(WIDTH, HEADS, dropout=0.0, **options, dtype=torch.float64),
        2,
        torch.nn.LayerNorm(WIDTH, dtype=torch.float64) if norm else None,
        enable_nested_tensor=False,
    )
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, dropout=0.0, **options, dtype=np.float64)
    ours = nn.TransformerEncoder(layer, 2, nn.LayerNorm(WIDTH, dtype=np.float64) if norm else None)
    compare(ours, theirs, sequences(options, 4), masks)


@given(data=st.data(), options=options_of_layers)
@draws(20)
def test_decoder(data: st.DataObject, options: dict[str, Any]) -> None:
    masks = masks_for(data.draw, ["tgt_mask", "tgt_key_padding_mask"], 4, 4)
    masks |= masks_for(data.draw, ["memory_mask", "memory_key_padding_mask"], 4, 3)
    layer = torch.nn.TransformerDecoderLayer(WIDTH, HEADS, dropout=0.0, **options, dtype=torch.float64)
    mine = nn.TransformerDecoderLayer(WIDTH, HEADS, dropout=0.0, **options, dtype=np.float64)
    compare(nn.TransformerDecoder(mine, 2), torch.nn.TransformerDecoder(layer, 2), sequences(options, 4, 3), masks)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
@given(data=st.data(), options=options_of_layers)
@settings(max_examples=8)
def test_transformer(data: st.DataObject, options: dict[str, Any]) -> None:
    names = ["src_key_padding_mask", "memory_key_padding_mask", "src_mask"]
    masks = masks_for(data.draw, names, 3, 3) | masks_for(data.draw, ["tgt_mask"], 4, 4)
    counts = {"num_encoder_layers": 1, "num_decoder_layers": 1, "dropout": 0.0}
    theirs = torch.nn.Transformer(WIDTH, HEADS, **counts, **options, dtype=torch.float64)
    ours: Any = nn.Transformer(WIDTH, HEADS, **{**counts, **options, "dtype": np.float64})
    compare(ours, theirs, sequences(options, 3, 4), masks)


def test_the_mask_of_later_positions() -> None:
    expected = torch.nn.Transformer.generate_square_subsequent_mask(4)
    np.testing.assert_array_equal(nn.Transformer.generate_square_subsequent_mask(4), expected.numpy())


@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
def test_initial_weights_have_pytorchs_spread() -> None:
    nn.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = nn.Transformer(32, 2, 1, 1, 64), torch.nn.Transformer(32, 2, 1, 1, 64)
    for (name, one), (_, other) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        if one.ndim > 1 or not other.detach().numpy().std():
            assert one.data.std() == pytest.approx(other.detach().numpy().std(), rel=0.1), name
