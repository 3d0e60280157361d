"""Exercise 9: a convolution.

A layer that looks at every part of an image in the same way: a small kernel is laid on the image at
every place, and each output is the sum of products of the kernel with what lies under it.

    out[n, o, r, c] = sum over i, a, b of  w[o, i, a, b] * image[n, i, r * stride + a, c * stride + b]

Networks do not turn the kernel around, as the convolution of mathematicians does; they call it
convolution all the same. All input channels i add up to one output, and there is a kernel of its
own for each output channel o. The image is first surrounded by `padding` zeros on each of its four
sides. A padded image of H rows has room for

    (H - kernel rows) // stride + 1

kernels below each other, the last of which ends at or before the last row. The same holds for
columns.

There are two ways to loop. Over the places, of which there are thousands; or over the kernel: for
each (a, b), all the elements that it meets are one slice of the image, with steps of `stride`. The
second loop has nine rounds for a 3 x 3 kernel, and in each NumPy does the rest: np.einsum
multiplies a slice with w[:, :, a, b].

Given:     x of shape (n, channels, rows, columns), w of shape (outputs, channels, kernel rows,
           kernel columns), both tensors or arrays; stride, at least 1; padding, at least 0. np.pad,
           np.einsum, np.stack and slices accept tensors, and since they are differentiated, so is
           your convolution. If you fill the result element by element, start from
           tensor(np.zeros(shape)): a plain array has no place for what a gradient needs.
Asked for: out, of shape (n, outputs, rows, columns).
The real:  nn/functional/_kernels/correlation.py, in one matrix product; sliding_windows.py beside
           it does the slicing.
"""

import numpy as np

from autograd import Tensor, tensor


def conv2d(x: Tensor, w: Tensor, stride: int, padding: int) -> Tensor:
    """Return the products of the kernels w with every window of the images x."""
    raise NotImplementedError("your turn")
