"""Train a small convolutional network on the MNIST digits, on images that are bent in a new way in every epoch.

Two convolutions of 16 and 32 channels, each with pooling and batch normalization, and two linear layers. AdamW takes
the steps, with a learning rate that rises and falls once, and a moving average of the weights is what is evaluated and
saved. The folder that it writes holds::

    model.npz        the trained parameters
    metrics.json     what was reached, in which time, with which options and versions
    history.csv      a row for each epoch
    curves.png       loss and accuracy over the epochs
    mistakes.png     the images on which it is most certain and wrong
    filters.png      the kernels of the first layer, and what they make of a digit

Run it with ``python -m examples.convnet``; ``--help`` lists the options. Ctrl-C ends the training and saves what there
is. `examples.digit_recipes` holds the network and the numbers, and says how they were chosen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from examples.digit_program import train

EPILOG = """\
examples:
  python -m examples.convnet               the digits, in a minute and a half on an idle core
  python -m examples.convnet --quick       a twentieth of them, to see that it works
  python -m examples.convnet --held-out    how good a recipe is, without a look at the test set
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 2 for a wrong option, 130 after Ctrl-C."""
    return train("convnet", __doc__ or "", EPILOG, arguments)


if __name__ == "__main__":
    sys.exit(main())
