"""Names from PyTorch, JAX, TensorFlow and micrograd, and their equivalents here.

The errors for missing names and arguments show them, and the page "Coming from PyTorch" is generated from them. They
are in text files, a table below the name of the class or module that lacks the names, then a name, or several, and the
equivalent in each line. Code stands in backticks, as on the page; ``t`` is a tensor, ``m`` a module, and ``F`` is
`nn.functional`.
"""

from __future__ import annotations

import os
from functools import cache


@cache
def tables(file: str) -> dict[str, dict[str, str]]:
    """Return the tables of a text file, by their names."""
    found: dict[str, dict[str, str]] = {}
    table: dict[str, str] = {}
    with open(os.path.join(os.path.dirname(__file__), file), encoding="utf-8") as lines:
        for line in lines.read().splitlines():
            name, colon, here = line.partition(": ")
            if colon:
                table.update(dict.fromkeys(name.split(", "), here))
            elif line:
                table = found[line.strip("[]")] = {}
    return found


# By the name of the class whose objects they are missing in, or of the module; those of `nn` are in `layer_names.txt`.
NAMES = tables("names.txt")
KEYWORDS = NAMES.pop("keywords")
OF_ARRAYS = NAMES.pop("ndarray")  # and what tensors lack, too
ONLY_ARRAYS = NAMES.pop("only ndarrays")  # what NumPy's have, or pandas' tables, and tensors lack
# Of `grad` and `value_and_grad`, from JAX.
GRAD_KEYWORDS = NAMES.pop("keywords of grad")
# Of `scan` and `while_loop`, from `jax.lax`.
SCAN_KEYWORDS, WHILE_KEYWORDS = NAMES.pop("keywords of scan"), NAMES.pop("keywords of while_loop")
# Of the functions and classes of `nn`, from Keras, scikit-learn and PyTorch.
LAYER_KEYWORDS = NAMES.pop("keywords of nn")
# Of `tensor`, from PyTorch, TensorFlow and the lecture about micrograd.
TENSOR_KEYWORDS = NAMES.pop("keywords of tensor")
# Of `compile`, from `torch.compile`, `jax.jit`, `numba.jit` and `tf.function`.
COMPILE_KEYWORDS = NAMES.pop("keywords of compile")
# Those of `jax.jit` that are taken and mean nothing: what is not an array or a float is a constant of a program anyhow.
OF_JIT = frozenset(("donate_argnames", "donate_argnums", "inline", "keep_unused", "static_argnames", "static_argnums"))
