"""Exercise 9: mistakes in a convolution."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import Tensor
from autograd.testing import check_operation

from ..exercise import Exercise, by_the_kit, live, play
from ..learner import Learner
from ..verdict import Mistake, Wrong, compare

NAME = "conv2d"


def counted(*shape: int) -> Any:
    """Return the numbers from 1 on, which tell all elements apart, with some squares among them."""
    numbers = np.arange(1.0, 1 + np.prod(shape))
    return (numbers + numbers**2 % 7).reshape(shape)


EXAMPLES = [
    (counted(1, 1, 1, 2), np.array([[[[1.0, 10.0]]]]), 1, 0),
    (counted(1, 1, 3, 3), counted(1, 1, 2, 2), 1, 0),
    (counted(1, 1, 4, 5), counted(1, 1, 2, 2), 2, 0),
    (counted(1, 1, 2, 2), counted(1, 1, 2, 2), 1, 1),
    (counted(1, 2, 2, 3), counted(1, 2, 1, 2), 1, 0),
    (counted(2, 1, 2, 2), counted(3, 1, 1, 1), 1, 0),
    (counted(2, 2, 5, 4), counted(3, 2, 3, 2), 2, 1),
]


def right(x: Any, w: Any, stride: int, padding: int) -> Any:
    """Return what the library gives."""
    return np.asarray(nn.functional.conv2d(x, w, stride=stride, padding=padding))


def variant(
    *,
    flip: bool = False,
    turn: bool = False,
    strides: Callable[[int], tuple[int, int]] = lambda stride: (stride, stride),
    pad: Callable[[int], list[tuple[int, int]]] = lambda p: [(0, 0), (0, 0), (p, p), (p, p)],
    mode: Any = "constant",
    smaller: int = 0,
    channels: str = "sum",
    over_channels: bool = True,
) -> Callable[..., Any]:
    """Return a convolution with one thing changed, or none."""

    def convolve(x: Any, w: Any, stride: int, padding: int) -> Any:
        if flip:
            w = w[:, :, ::-1, ::-1]
        if turn:
            w = w.swapaxes(2, 3)
        down, right = strides(stride)
        x = np.pad(x, pad(padding), mode)
        rows = (x.shape[2] - w.shape[2]) // down + 1 - smaller
        columns = (x.shape[3] - w.shape[3]) // right + 1 - smaller
        if channels == "first":
            x, w = x[:, :1], w[:, :1]
        out = np.zeros((len(x), len(w), rows, columns))
        for a in range(w.shape[2]):
            for b in range(w.shape[3]):
                window = x[:, :, a : a + down * (rows - 1) + 1 : down, b : b + right * (columns - 1) + 1 : right]
                out += np.einsum("nirc,oi->norc", window, w[:, :, a, b])
        return out / x.shape[1] if channels == "mean" else out

    return convolve


MISTAKES = [
    Mistake(
        "The kernel is turned around, as mathematicians do: networks lay it on as it is",
        "In the text, which element of w is multiplied with the first element under the kernel, a = 0 and b = 0?",
        variant(flip=True),
    ),
    Mistake(
        "The kernel's rows and columns have changed places",
        "Which axis of w goes with the rows of the image?",
        variant(turn=True),
    ),
    Mistake(
        "The stride is not used: the kernel is laid on every place",
        "With stride 2, where is the second kernel laid? How many fit into a row?",
        variant(strides=lambda stride: (1, 1)),
    ),
    Mistake(
        "The stride is used for the rows only: columns go on one by one",
        "Compare the two slices of your window, letter by letter.",
        variant(strides=lambda stride: (stride, 1)),
    ),
    Mistake(
        "The stride is used for the columns only: rows go on one by one",
        "Compare the two slices of your window, letter by letter.",
        variant(strides=lambda stride: (1, stride)),
    ),
    Mistake(
        "The image has no padding: the kernel never reaches over its edge",
        "What is the image's shape after the zeros are put around it? Which function of NumPy does it?",
        variant(pad=lambda p: [(0, 0)] * 4),
    ),
    Mistake(
        "The padding is on one side only, above and on the left",
        "How many sides has an image? np.pad takes a pair for each axis: before, and after.",
        variant(pad=lambda p: [(0, 0), (0, 0), (p, 0), (p, 0)]),
    ),
    Mistake(
        "Padding was added to all four axes, so there are more images and more channels than before",
        "Which of the axes of x are those of the picture? np.pad takes a pair for each axis.",
        variant(pad=lambda p: [(p, p)] * 4),
    ),
    Mistake(
        "Padding was added to all four axes, so there are more images than before",
        "Which of the axes of x are those of the picture? np.pad takes a pair for each axis.",
        variant(pad=lambda p: [(p, p), (0, 0), (p, p), (p, p)]),
    ),
    Mistake(
        "The padding repeats the edge of the image, where zeros are asked for",
        "What does the mode of np.pad do?",
        variant(mode="edge"),
    ),
    Mistake(
        "The output is one row and one column too small: the last place is left out",
        "How often does a kernel of 2 fit into a row of 3? The formula in the text has a number at its end.",
        variant(smaller=1),
    ),
    Mistake(
        "Only the first channel is looked at: all input channels add up to one output",
        "Over which letters does the sum in the text go?",
        variant(channels="first"),
    ),
    Mistake(
        "The channels are averaged, where their sum is asked for",
        "Over which letters does the sum in the text go, and what is it divided by?",
        variant(channels="mean"),
    ),
]


def check(learner: Learner) -> None:
    """Compare small examples, look for a graph, and let the testing kit compare values and gradients."""
    compare(learner, NAME, ("x", "w", "stride", "padding"), EXAMPLES, right, MISTAKES)
    x, w, stride, padding = EXAMPLES[-1]
    result = learner.call(NAME, live(x), live(w), stride, padding)
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise Wrong(
            "The numbers are right, but no gradient can flow: the result is not part of a graph",
            where=learner.where(NAME),
            example=[
                ("x and w", "tensors that require a gradient"),
                ("yours", f"{type(result).__name__}, without one"),
            ],
            think="Something turns tensors into plain arrays. Collect the products in a tensor: start from np.zeros "
            "and write "
            "out = out + ..., and take no .data.",
        )

    x, w = counted(1, 2, 3, 3), counted(2, 2, 2, 2)
    by_the_kit(learner, NAME, lambda conv2d: check_operation(lambda x, w: conv2d(x, w, 2, 1), x, w, order=1))


def draw(learner: Learner, path: Path) -> None:
    """Play a convolution of a small image, and a loss."""
    conv2d = learner.get(NAME)

    def loss(x: Any, w: Any) -> Any:
        return (conv2d(x, w, 1, 0) ** 2).sum()

    play(path, "your convolution", loss, EXAMPLES[1][0], EXAMPLES[1][1])


EXERCISE = Exercise(
    "ex09_conv",
    "A convolution",
    check,
    draw,
    (
        "Pad first: np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)]). From then on there is no "
        "padding.",
        "Count rows and columns of the output with the formula, from the padded shape. For one (a, b), the window's "
        "rows are "
        "a, a + stride, a + 2 stride, ...: as many as the output has.",
        "A slice from a to a + stride * rows in steps of stride has just `rows` elements. np.einsum('nirc,oi->norc', "
        "window, "
        "w[:, :, a, b]) is what one place of the kernel adds to all outputs.",
    ),
)
