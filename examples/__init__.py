"""Programs to run and to read: ``python -m examples.NAME --help`` from the root of the repository.

Most of them write a folder about what they learned, ``runs/NAME``. Ctrl-C ends their training and saves what there is.

=======================  ===================================================================
``mnist``                a network that reads handwritten digits
``augmented``            the same network, on digits that are distorted anew in every epoch
``convnet``              a convolutional network
``sequential_digits``    an LSTM that reads the digits row by row
``autoencoder``          a variational autoencoder that maps the digits to a plane
``predict``              lets the network that ``mnist`` saved read an image
``characters``           a transformer that writes, character by character
``physics``              a differential equation, solved from the equation alone
``diabetes``             regression with a pandas table, next to least squares
``moons``                a network of scalars on two moons
``custom_model``         a model and an operation of your own
``activations_on_disk``  a deep model whose activations wait on disk
``course``               ten exercises, graded: write an engine's parts yourself
=======================  ===================================================================
"""

import os
import sys
from importlib.util import find_spec

if missing := [name for name in ("numpy", "pandas") if find_spec(name) is None]:
    raise SystemExit(
        f"{sys.executable} has no {' and no '.join(missing)}. Make an environment and run the examples in it: "
        "python3 -m venv .venv && .venv/bin/pip install -e '.[plot]' && .venv/bin/python -m examples.mnist"
    )

# Keep NumPy, unless it is loaded or the environment says how many, from sharing small products among threads: they take
# so little time that the threads mostly wait for each other. On two idle cores a second one saves a fifth, and where
# another program needs a core, a second one makes the training several times slower.
if "numpy" not in sys.modules and not {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & set(os.environ):
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
