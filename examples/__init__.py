"""Programs to run and to read: ``python -m examples.NAME --help`` from the root of the repository.

================  =================================================================================
``mnist``         trains a network on handwritten digits, and writes a folder about what it learned
``predict``       lets the network that ``mnist`` saved read an image
``moons``         trains a network of scalars on two moons, and draws what it learned
``diabetes``      predicts a number from a pandas table, beside least squares
``custom_model``  a model and an operation of one's own
================  =================================================================================
"""

import os
import sys

# Keep NumPy, unless it is loaded or the environment says how many, from sharing small products among threads: they take
# so little time that the threads mostly wait for each other. On two idle cores a second one saves a fifth, and where
# another program needs a core, it makes the training several times slower.
if "numpy" not in sys.modules and not {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & set(os.environ):
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
