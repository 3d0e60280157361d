"""Train the 784-128-64-10 network on MNIST digits that are bent in a new way in every epoch.

It is the network of `examples.mnist`, but no image looks twice the same: it is turned, stretched, shifted and warped a
little. About half of the mistakes go away. AdamW takes the steps, with a learning rate that rises and
falls once, and a moving average of the weights is what is evaluated and saved. The folder that it writes holds::

    model.npz        the trained parameters, for python -m examples.predict
    metrics.json     what was reached, in which time, with which options and versions
    history.csv      a row for each epoch
    curves.png       loss and accuracy over the epochs
    mistakes.png     the images on which it is most certain and wrong
    weights.png      what the units of the first layer look for

Run it with ``python -m examples.augmented``; ``--help`` lists the options. Ctrl-C ends the training and saves what
there is. `examples.digit_recipes` holds the network and the numbers, and says how they were chosen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from examples.digit_program import train

EPILOG = """\
examples:
  python -m examples.augmented               the digits, in about a minute on an idle core
  python -m examples.augmented --quick       a twentieth of them, to see that it works
  python -m examples.augmented --held-out    how good a recipe is, without a look at the test set
  python -m examples.predict runs/augmented/model.npz test:17
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 2 for a wrong option, 130 after Ctrl-C."""
    return train("augmented", __doc__ or "", EPILOG, arguments)


if __name__ == "__main__":
    sys.exit(main())
