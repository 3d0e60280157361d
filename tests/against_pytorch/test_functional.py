"""Each function, called as PyTorch's is: values and gradients of all inputs, whatever their layout and dtype.

What options do in all their ranges is compared through the modules, in the files beside this one. Here it is the
functions themselves, their arguments by name, empty batches, inputs without one, and arrays that are views of others.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

some = st.sampled_from
reductions = some(["mean", "sum", "none"])


class Inputs:
    """Draws of the arrays and options of a call."""

    def __init__(self, draw: st.DataObject) -> None:
        self.draw = draw.draw
        self.rng = np.random.default_rng(self.number(0, 2**32 - 1))
        self.dtype = self.draw(some([np.float64, np.float64, np.float32]))
        self.layout = self.draw(some(["C", "F", "every other", "turned round"]))

    def number(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def flag(self) -> bool:
        return self.draw(st.booleans())

    def laid_out(self, values: Any) -> Any:
        """Return an array of the same values, in another layout."""
        if self.layout == "C" or not values.ndim:
            return values
        if self.layout == "F":
            return np.asfortranarray(values)
        if self.layout == "every other":
            wider = np.zeros((2 * values.shape[0], *values.shape[1:]), values.dtype)
            wider[::2] = values
            return wider[::2]
        return values[..., ::-1].copy()[..., ::-1]

    def normal(self, *shape: int) -> Any:
        return self.laid_out(self.rng.standard_normal(shape).astype(self.dtype))

    def between(self, low: float, high: float, *shape: int) -> Any:
        return self.laid_out(self.rng.uniform(low, high, shape).astype(self.dtype))

    def signs(self, *shape: int) -> Any:
        return self.rng.choice([-1.0, 1.0], shape).astype(self.dtype)

    def labels(self, classes: int, *shape: int) -> Any:
        return np.asarray(self.rng.integers(0, classes, shape))

    def batch(self, *sizes: int, least: int = 0) -> tuple[int, ...]:
        """Return a shape that begins with the length of a batch, or has none."""
        return (self.number(least, 3), *sizes) if self.flag() else sizes


Call = tuple[list[Any], dict[str, Any]]


def elements(*others: Callable[[Inputs, tuple[int, ...]], Any], **options: Any) -> Callable[[Inputs], Call]:
    """Return a case of a loss of elements, whose first input is any numbers."""

    def case(i: Inputs) -> Call:
        # the mean of nothing is nan in PyTorch, and 0 here
        shape = i.draw(some([(), (3,), (2, 3), (2, 1, 3), (1, 1)]))
        drawn = {name: i.draw(values) for name, values in options.items()}
        return [i.normal(*shape), *(other(i, shape) for other in others)], {**drawn, "reduction": i.draw(reductions)}

    return case


def normals(i: Inputs, shape: tuple[int, ...]) -> Any:
    return i.normal(*shape)


def sign_of_each(i: Inputs, shape: tuple[int, ...]) -> Any:
    return i.signs(*shape)


def chances(i: Inputs, shape: tuple[int, ...]) -> Any:
    return i.between(0.01, 0.99, *shape)


def counts(i: Inputs, shape: tuple[int, ...]) -> Any:
    return np.asarray(i.rng.integers(0, 4, shape), i.dtype)


def certain(i: Inputs) -> Call:
    x = i.between(0.01, 0.99, 2, 3)
    return [x, i.between(0.01, 0.99, 2, 3), i.between(0.1, 2, 3)], {"reduction": i.draw(reductions)}


def logits(i: Inputs) -> Call:
    options = {"pos_weight": i.between(0.1, 2, 3), "reduction": i.draw(reductions)}
    return [i.normal(2, 3), i.between(0.01, 0.99, 2, 3), i.between(0.1, 2, 3)], options


def variances(i: Inputs) -> Call:
    means, observed, spread = i.draw(
        some(
            [
                *[((2, 3), (2, 3), (2, 3)), ((2, 3), (2, 3), (2, 1)), ((2, 3), (2, 3), (2,)), ((5,), (5,), (1,))],
                *[((5,), (1,), (1,)), ((1,), (5,), (1,)), ((5,), (1,), (5,)), ((2, 3), (1, 1), (1, 3)), ((), (), ())],
            ]
        )
    )
    options = {"full": i.flag(), "reduction": i.draw(reductions)}
    return [i.normal(*means), i.normal(*observed), i.between(0.1, 2, *spread)], options


def classes(i: Inputs) -> Call:
    shape = i.draw(some([(4, 3), (2, 3, 2), (1, 3), (2, 3, 2, 1)]))
    target = i.labels(3, shape[0], *shape[2:])
    weight = i.between(0.1, 2, 3) if i.flag() else None
    return [i.normal(*shape), target], {"weight": weight, "reduction": i.draw(reductions), "ignore_index": 7}


def smoothed(i: Inputs) -> Call:
    arrays, options = classes(i)
    return arrays, {**options, "label_smoothing": i.draw(some([0.0, 0.1, 1.0]))}


def margins(i: Inputs) -> Call:
    weight = i.between(0.1, 2, 3) if i.flag() else None
    options = {"p": i.number(1, 2), "margin": 0.5, "weight": weight, "reduction": i.draw(reductions)}
    shape = i.batch(least=1)
    return [i.normal(*shape, 3), i.labels(3, *shape)], options


def several_labels(i: Inputs) -> Call:
    rows = np.array([[1, -1, 0], [2, 0, -1], [0, 1, 2]])
    batch = i.flag()
    return [i.normal(*((3, 3) if batch else (3,))), rows if batch else rows[1]], {"reduction": i.draw(reductions)}


def three_vectors(i: Inputs) -> Call:
    shape = i.batch(4, least=1)
    options = {"margin": 0.7, "swap": i.flag(), "reduction": i.draw(reductions)}
    return [i.normal(*shape), i.normal(*shape), i.normal(*shape)], options


def two_vectors_and_a_sign(i: Inputs) -> Call:
    shape = i.batch(4, least=1)
    return [i.normal(*shape), i.normal(*shape), i.signs(*shape[:-1])], {"margin": 0.1, "reduction": i.draw(reductions)}


def two_vectors(numbers: bool = False, **options: Any) -> Callable[[Inputs], Call]:
    def case(i: Inputs) -> Call:
        pairs = [((2, 3), (2, 3)), ((4, 1, 3), (2, 3)), ((0, 3), (0, 3))] + [((), ())] * numbers
        first, second = i.draw(some(pairs))
        return [i.normal(*first), i.normal(*second)], options

    return case


def convolution(axes: int, transpose: bool) -> Callable[[Inputs], Call]:
    def case(i: Inputs) -> Call:
        groups = i.number(1, 2)
        shape = i.batch(2 * groups, *[5, 4, 3][:axes])
        weight = (2 * groups, 2, *[2] * axes)  # (out, in / groups, ...) or (in, out / groups, ...)
        bias = i.normal(2 * groups) if i.flag() else None
        options = {"stride": i.number(1, 2), "padding": i.number(0, 1), "dilation": i.number(1, 2), "groups": groups}
        return [i.normal(*shape), i.normal(*weight)], {**options, "bias": bias}

    return case


def pool(axes: int, **options: Any) -> Callable[[Inputs], Call]:
    def case(i: Inputs) -> Call:
        shape = i.batch(2, *[6, 5, 4][:axes])
        return [i.normal(*shape)], {name: i.draw(values) for name, values in options.items()}

    return case


def normalized(**options: Any) -> Callable[[Inputs], Call]:
    def case(i: Inputs) -> Call:
        shape = (i.number(2, 3), 4, *i.draw(some([(2,), (3, 2)])))
        parameters = {name: i.normal(4) if i.flag() else None for name in ("weight", "bias")}
        return [i.normal(*shape)], {**parameters, **options}

    return case


def last_axes(*names: str) -> Callable[[Inputs], Call]:
    def case(i: Inputs) -> Call:
        shape = i.draw(some([(3,), (2, 3)]))
        parameters = {name: i.normal(*shape) if i.flag() else None for name in names}
        return [i.normal(*i.batch(*shape))], {"normalized_shape": shape, "eps": 1e-3, **parameters}

    return case


def attention(i: Inputs) -> Call:
    leading: Any = i.draw(
        some([[()] * 3, [(2,)] * 3, [(2, 3)] * 3, [(2, 3), (1, 3), (2, 1)], [(3,), (), (2, 1)], [(), (2,), (1,)]])
    )
    mask = i.rng.random((4, 5)) > 0.4
    mask[:, 0] = True
    options = {"attn_mask": mask if i.flag() else None, "scale": i.draw(some([None, 0.5]))}
    shapes = zip(leading, [(4, 3), (5, 3), (5, 2)], strict=True)
    return [i.normal(*axes, *shape) for axes, shape in shapes], options


def sequences(i: Inputs) -> Call:
    scores = i.normal(6, 2, 4)
    log_probs = (scores - np.log(np.exp(scores).sum(-1, keepdims=True))).astype(i.dtype)
    lengths = {"input_lengths": (6, 5), "target_lengths": (2, 1)}
    return [i.laid_out(log_probs)], {"targets": np.array([[1, 2], [3, 3]]), **lengths, "reduction": i.draw(reductions)}


def dropped(*shape: int) -> Callable[[Inputs], Call]:
    """Return a case in which nothing is random: without training, or where nothing or everything is dropped."""

    def case(i: Inputs) -> Call:
        p, training = i.draw(some([(0.0, True), (1.0, True), (0.5, False)]))
        return [i.normal(*i.batch(*shape, least=1))], {"p": p, "training": training}

    return case


RESAMPLED = ["nearest", "nearest-exact", "area", "bilinear", "bicubic"]


def resized(i: Inputs) -> Call:
    size = i.draw(some([(4, 8), (2, 4)]))
    return [i.normal(i.number(0, 2), 2, 4, 4)], {"size": size, "mode": i.draw(some(RESAMPLED))}


def maps(i: Inputs) -> Call:
    bias = i.normal(2) if i.flag() else None
    return [i.normal(*i.draw(some([(3,), (0, 3), (2, 3), (2, 0, 3), (2, 4, 3)]))), i.normal(2, 3)], {"bias": bias}


def products(i: Inputs) -> Call:
    leading = i.draw(some([(), (0,), (2,), (2, 3)]))
    bias = i.normal(2) if i.flag() else None
    return [i.normal(*leading, 3), i.normal(*leading, 4), i.normal(2, 3, 4)], {"bias": bias}


def slopes(i: Inputs) -> Call:
    shape, count = i.draw(some([((2, 3), 3), ((2, 3), 1), ((2, 3, 2), 3), ((), 1), ((0, 3), 3)]))
    return [i.normal(*shape), i.normal(count)], {}


def lengths_of(*choices: Any, **options: Any) -> Callable[[Inputs], Call]:
    return lambda i: ([i.normal(*i.draw(some(choices)))], {name: i.draw(values) for name, values in options.items()})


def unit_vectors(i: Inputs) -> Call:
    shape = i.draw(some([(), (2, 3), (2, 3, 2), (0, 3)]))
    dim = i.draw(some([0, 1, -1, (0, 1)] if shape else [0, -1, (0,)]))
    return [i.normal(*shape)], {"p": i.draw(some([1.0, 2.0, 3.0])), "dim": dim}


def places(i: Inputs) -> Call:
    n, padding = i.number(0, 2), i.draw(some(["zeros", "border", "reflection"]))
    options = {
        "mode": i.draw(some(["bilinear", "nearest", "bicubic"])),
        "padding_mode": padding,
        "align_corners": False,
    }
    return [i.normal(n, 2, 3, 4), i.between(-0.7, 0.7, n, 2, 3, 2)], options


def bags(i: Inputs) -> Call:
    options = {"mode": i.draw(some(["sum", "mean", "max"])), "padding_idx": i.draw(some([None, 1, -1]))}
    return [i.labels(5, i.number(0, 3), 4), i.normal(5, 3)], options


def unpooled(axes: int) -> Callable[[Inputs], Call]:
    def case(i: Inputs) -> Call:
        shape = i.batch(2, *[3, 2, 2][:axes])
        place = np.argsort(i.rng.random((*shape[:-axes], math.prod(shape[-axes:]) * 2**axes)))
        count = math.prod(shape[-axes:])
        return [i.normal(*shape), place[..., :count].reshape(shape)], {"kernel_size": 2}

    return case


CASES: dict[str, Callable[[Inputs], Call]] = {
    "affine_grid": lambda i: ([i.normal(2, 2, 3)], {"size": (2, 1, 3, 4), "align_corners": i.flag()}),
    "channel_shuffle": lengths_of((2, 6, 2), (0, 6, 1, 2), groups=some([1, 2, 3])),
    "embedding_bag": bags,
    "feature_alpha_dropout": dropped(2, 3),
    "grid_sample": places,
    "local_response_norm": lengths_of((2, 5, 2), (0, 3, 1, 2), size=some([1, 2, 3]), alpha=some([0.5])),
    "max_unpool1d": unpooled(1),
    "max_unpool2d": unpooled(2),
    "max_unpool3d": unpooled(3),
    "adaptive_avg_pool1d": pool(1, output_size=some([1, 3, 4, 7])),
    "adaptive_avg_pool2d": pool(2, output_size=some([1, (3, 2), (4, None), 7])),
    "adaptive_max_pool1d": pool(1, output_size=some([1, 3, 4, 7])),
    "adaptive_max_pool2d": pool(2, output_size=some([1, (3, 2), (4, None), 7])),
    "alpha_dropout": dropped(3),
    "avg_pool1d": pool(1, kernel_size=some([2, 3]), stride=some([None, 1]), count_include_pad=st.booleans()),
    "avg_pool2d": pool(2, kernel_size=some([2, (3, 2)]), padding=some([0, 1]), divisor_override=some([None, 3])),
    "batch_norm": normalized(running_mean=None, running_var=None, training=True, eps=1e-3),
    "bilinear": products,
    "binary_cross_entropy": certain,
    "binary_cross_entropy_with_logits": logits,
    "conv1d": convolution(1, False),
    "conv2d": convolution(2, False),
    "conv3d": convolution(3, False),
    "conv_transpose1d": convolution(1, True),
    "conv_transpose2d": convolution(2, True),
    "conv_transpose3d": convolution(3, True),
    "cosine_embedding_loss": two_vectors_and_a_sign,
    "cosine_similarity": two_vectors(numbers=True, dim=-1),
    "cross_entropy": smoothed,
    "ctc_loss": sequences,
    "dropout": dropped(2, 3),
    "dropout1d": dropped(2, 3),
    "dropout2d": dropped(2, 3, 2),
    "embedding": lambda i: ([i.labels(5, *i.batch(2)), i.normal(5, 3)], {"padding_idx": i.draw(some([None, 1, -1]))}),
    "fold": lengths_of((0, 8, 4), (2, 8, 4), (8, 4), output_size=some([3]), kernel_size=some([2])),
    "gaussian_nll_loss": variances,
    "group_norm": normalized(num_groups=2, eps=1e-3),
    "hinge_embedding_loss": elements(sign_of_each, margin=some([0.5, 1.0])),
    "huber_loss": elements(normals, delta=some([0.5, 1.0])),
    "instance_norm": normalized(eps=1e-3),
    "interpolate": resized,
    "kl_div": elements(chances),
    "l1_loss": elements(normals),
    "layer_norm": last_axes("weight", "bias"),
    "linear": maps,
    "margin_ranking_loss": elements(normals, sign_of_each, margin=some([0.0, 0.3])),
    "max_pool1d": pool(1, kernel_size=some([2, 3]), stride=some([None, 1]), return_indices=st.booleans()),
    "max_pool3d": pool(3, kernel_size=some([2, (3, 2, 1)]), ceil_mode=st.booleans()),
    "avg_pool3d": pool(3, kernel_size=some([2, (3, 2, 1)]), count_include_pad=st.booleans()),
    "adaptive_avg_pool3d": pool(3, output_size=some([2, (1, 2, None)])),
    "adaptive_max_pool3d": pool(3, output_size=some([2, (1, 2, None)])),
    "lp_pool1d": pool(1, norm_type=some([2]), kernel_size=some([2, 3])),
    "lp_pool2d": pool(2, norm_type=some([2]), kernel_size=some([2, (3, 2)])),
    "lp_pool3d": pool(3, norm_type=some([2]), kernel_size=some([2]), ceil_mode=st.booleans()),
    "dropout3d": dropped(2, 3, 2, 2),
    "max_pool2d": pool(2, kernel_size=some([2, (3, 2)]), padding=some([0, 1]), ceil_mode=st.booleans()),
    "mse_loss": elements(normals),
    "multi_margin_loss": margins,
    "multilabel_margin_loss": several_labels,
    "multilabel_soft_margin_loss": lambda i: ([i.normal(2, 3), i.between(0, 1, 2, 3)], {"weight": i.between(0, 2, 3)}),
    "nll_loss": classes,
    "normalize": unit_vectors,
    "one_hot": lambda i: ([i.labels(4, *i.batch(2))], {"num_classes": 4}),
    "pairwise_distance": two_vectors(p=3.0, keepdim=True),
    "pixel_shuffle": lengths_of((8, 2, 3), (2, 8, 1, 2), (2, 1, 4, 2, 2), upscale_factor=some([1, 2])),
    "pixel_unshuffle": lengths_of((2, 4, 6), (2, 2, 2, 2), (2, 1, 1, 4, 2), downscale_factor=some([1, 2])),
    "poisson_nll_loss": elements(counts, full=st.booleans()),
    "prelu": slopes,
    "rms_norm": last_axes("weight"),
    "scaled_dot_product_attention": attention,
    "smooth_l1_loss": elements(normals, beta=some([0.0, 0.5, 1.0])),
    "soft_margin_loss": elements(sign_of_each),
    "triplet_margin_loss": three_vectors,
    "triplet_margin_with_distance_loss": three_vectors,
    "unfold": lengths_of((0, 2, 4, 3), (2, 2, 4, 3), (2, 4, 3), kernel_size=some([2, (3, 1)]), stride=some([1, 2])),
}
# Arguments that take no gradient here or there, by their place.
CONSTANT = {"cosine_embedding_loss": 2, "hinge_embedding_loss": 1, "margin_ranking_loss": 2, "soft_margin_loss": 1,
            "poisson_nll_loss": 1, "multilabel_soft_margin_loss": 1, "binary_cross_entropy": 2,
            "binary_cross_entropy_with_logits": 2}  # fmt: skip


def to_torch(value: Any) -> Any:
    return torch.tensor(np.array(value, order="C")) if isinstance(value, np.ndarray) else value


def parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")  # PyTorch's, about its own default for kl_div
@pytest.mark.filterwarnings("ignore:dropout2d:UserWarning")  # that it may drop more of an image without a batch later
@draws(25)
@given(data=st.data())
def test_function(name: str, data: st.DataObject) -> None:
    inputs = Inputs(data)
    arrays, options = CASES[name](inputs)
    live = [x.dtype.kind == "f" and i != CONSTANT.get(name) for i, x in enumerate(arrays)]
    ours = [tensor(x, requires_grad=True) if alive else x for x, alive in zip(arrays, live, strict=True)]
    theirs = [to_torch(x).requires_grad_(alive) for x, alive in zip(arrays, live, strict=True)]
    found = parts(getattr(functional, name)(*ours, **options))
    given_options = {option: to_torch(value) for option, value in options.items()}
    expected = parts(getattr(torch.nn.functional, name)(*theirs, **given_options))
    close: dict[str, Any] = (
        {"rtol": 1e-9, "atol": 1e-10} if inputs.dtype is np.float64 else {"rtol": 2e-4, "atol": 2e-5}
    )
    for one, other in zip(found, expected, strict=True):
        values, wanted = np.asarray(one.data if isinstance(one, Tensor) else one), other.detach().numpy()
        assert (values.shape, values.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(values, wanted, **close)
    if not expected[0].requires_grad:
        return
    g = np.asarray(inputs.rng.standard_normal(found[0].shape), inputs.dtype)
    found[0].backward(g)
    expected[0].backward(torch.tensor(g))
    for one, other, alive in zip(ours, theirs, live, strict=True):
        if alive and name != "ctc_loss":  # there PyTorch's gradient holds only behind log_softmax: see test_ctc
            np.testing.assert_allclose(one.grad.data, other.grad.numpy(), **close)


def test_shuffling_no_images_has_a_shape_that_pytorchs_gradient_or_result_lacks() -> None:
    x = tensor(np.zeros((0, 4, 2, 2)), requires_grad=True)
    functional.pixel_shuffle(x, 2).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 4, 2, 2)
    assert functional.pixel_unshuffle(x, 2).shape == (0, 16, 1, 1)
    assert tuple(torch.nn.functional.pixel_unshuffle(torch.zeros(0, 4, 2, 2), 2).shape) == (0, 4, 2, 2)
