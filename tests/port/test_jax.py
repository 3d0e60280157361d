"""`nn.port.jax`: what JAX's words mean there, and that other programs stay as they are."""

import copy
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn.port.jax as jax
import nn.port.jax.numpy as jnp
from autograd import Tensor, grad, tensor

CODE = """
import nn.port.jax as jax, nn.port.jax.numpy as jnp, numpy as np
from collections import OrderedDict, defaultdict
from nn.port.jax import lax, random
"""


def value(code: str) -> Any:
    """Run a program of JAX, and return its ``r``."""
    scope = vars(ModuleType("program"))
    exec(CODE + code, scope)
    return scope["r"]


def flat(found: Any) -> list[float]:
    return [number for each in jax.tree.leaves(found) for number in np.ravel(each).tolist()]


@pytest.mark.parametrize(
    ("code", "numbers"),
    [  # of JAX 0.10
        ("random.key(7)", [0, 7]),
        ("random.key(-1)", [0, 4294967295]),
        ("jax.vmap(random.PRNGKey)(jnp.arange(2))", [[0, 0], [0, 1]]),
        ("random.split(random.key(7))", [[3625411723, 1954958720], [195045567, 4062205631]]),
        ("random.fold_in(random.key(7), 5)", [3583082021, 1947592014]),
        ("random.uniform(random.key(7), (3,))", [0.67408991, 0.97461689, 0.30284357]),
        ("random.normal(random.key(7), (3,))", [0.45123515, 1.9534509, -0.51623946]),
        ("random.randint(random.key(7), (4,), -3, 100)", [-1, 79, 40, 86]),
        ("random.permutation(random.key(7), 6)", [4, 2, 3, 5, 0, 1]),
        ("random.choice(random.key(7), 9, (3,), replace=False)", [4, 2, 3]),
        ("random.categorical(random.key(7), jnp.zeros(4), shape=(5,))", [1, 0, 3, 2, 3]),
        ("random.bernoulli(random.key(7), 0.3, (6,))", [0, 0, 0, 0, 0, 0]),
    ],
)
def test_random_numbers_are_those_of_jax(code: str, numbers: Any) -> None:
    np.testing.assert_allclose(value(f"r = {code}"), numbers, rtol=2e-6)
    drawn = "jax.vmap(lambda key: random.uniform(key, (2,)))(random.split(random.key(7)))"
    assert flat(value(f"r = {drawn}")) == flat(
        value("r = [random.uniform(k, (2,)) for k in random.split(random.key(7))]")
    )


@pytest.mark.parametrize(
    ("code", "numbers"),
    [
        ("x = jnp.ones(2) * 2; y = x; y += 1; r = x, y", [2, 2, 3, 3]),
        ("n = jnp.argsort(jnp.ones(2)); m = n; m <<= 1; r = n, m", [0, 1, 0, 2]),
        ("s = jnp.ones(2).sum(); t = s; t -= 1; b = s > 1; c = b; c ^= True; r = s, t, b, c", [2, 1, 1, 0]),
        ("x = jnp.ones(2); r = x.at[0].add(2.0), x", [3, 1, 1, 1]),
        ("r = jnp.arange(3.0).at[jnp.array([0, 0])].multiply(2.0).at[1].apply(jnp.negative)", [0, -1, 2]),
        ("r = jax.grad(lambda x: jnp.sum(jnp.zeros(4).at[1:3].set(x**2)))(jnp.array([1.0, 2.0]))", [2, 4]),
        ("r = jax.grad(lambda x: x.at[0].multiply(x[1]).sum())(jnp.array([3.0, 2.0]))", [2, 4]),
        ("r = jnp.array([jnp.ones(2), jnp.zeros(2) + 1.0])", [1, 1, 1, 1]),
        ("a = np.ones(2); x = jnp.asarray(a); y = jnp.reshape(a, (2, 1)); a[:] = 5; r = x, y", [1, 1, 1, 1]),
        ("a = np.ones(2); y = jax.jit(lambda x: x)(a), jax.vmap(lambda x: x)(a); a[:] = 5; r = y", [1, 1, 1, 1]),
        ("a = np.ones(1); f = lambda x: x; y = lax.cond(True, f, f, a), jax.device_put(a); a[:] = 5; r = y", [1, 1]),
        ("from nn.port.jax.flatten_util import ravel_pytree as p; a = np.ones(1); r = p(a)[0]; a[:] = 5", [1]),
        ("a = np.ones(1); r = lax.stop_gradient(a), lax.fori_loop(0, 1, lambda i, x: x, a); a[:] = 5", [1, 1]),
        ("r = jax.tree.leaves({'b': 1.0, 'a': (2.0, None)})", [2, 1]),
        ("r = [*jax.grad(lambda d: d['b'] * d['a'])({'b': 2.0, 'a': 3.0}).values()]", [2, 3]),
        ("r = jax.tree.leaves([1, [2, 3]], is_leaf=lambda x: x == [2, 3]) == [1, [2, 3]]", [1]),
        ("r = jax.tree.structure([1, {'a': 2}]) == jax.tree.structure([3, {'a': 4}])", [1]),
        ("r = jax.tree.structure([1, 2]) == jax.tree.structure((1, 2))", [0]),
        ("d = OrderedDict(b=1, a=2); r = jax.tree.leaves(jax.tree.map(lambda x: -x, d))",
         [-1, -2]),
        ("d = jax.tree.map(lambda x: -x, defaultdict(int, b=1, a=2)); r = [*d.values()], d[0]",
         [-2, -1, 0]),
        ("r = jax.grad(lambda z: jnp.abs(z) ** 2)(3.0 + 4.0j)", [6 - 8j]),
        ("r = jax.grad(lambda z: z**3, holomorphic=True)(1.0 + 1.0j)", [6j]),
        ("r = jax.vjp(lambda z: z * (2 + 1j), 1j)[1](1j)[0]", [-1 + 2j]),
        ("r = lax.dynamic_slice(jnp.arange(5.0), (4,), (2,))", [3, 4]),
        ("r = jax.vmap(lambda x, i: lax.dynamic_slice(x, (i,), (2,)))(jnp.eye(3), jnp.arange(3))[2]", [0, 1]),
        ("r = jax.vmap(lambda x: lax.cond(x > 0, lambda x: x * 2, lambda x: -x, x))(jnp.array([3.0, -1.0]))", [6, 1]),
        ("f = jax.jit(lambda x: lax.cond(x.sum() > 0, jnp.exp, lambda x: x, x)); r = f(jnp.zeros(1)), f(-jnp.ones(1))",
         [0, -1]),
        ("r = jax.vmap(lambda i, v: jnp.zeros(3).at[i].add(v))(jnp.array([0, 2]), jnp.array([5.0, 6.0]))",
         [5, 0, 0, 0, 0, 6]),
        ("x = jnp.eye(2); r = jax.vmap(lambda i: jax.vmap(lambda v: x[0].at[i].set(v))(x[1]))(jnp.arange(2))",
         [0, 0, 1, 0, 1, 0, 1, 1]),
        ("r = jax.jit(lambda x: x @ jnp.eye(len(x)) + jnp.zeros(2))(jnp.ones(2))", [1, 1]),
        ("r = jax.nn.gelu(jnp.array([1.0]))", [0.841192]),
        ("r = jnp.linalg.cholesky(jnp.array([[4.0, 2.0], [0.0, 4.0]]))[1, 0]", [0.5]),
        ("r = jax.scipy.stats.norm.logpdf(0.0), jax.scipy.special.erf(0.5), lax.erf(0.5)", [-0.918939, 0.5205, 0.5205]),
    ],
)  # fmt: skip
def test_jax_words_mean_what_they_do_there(code: str, numbers: Any) -> None:
    np.testing.assert_allclose(flat(value(code)), numbers, rtol=2e-6)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("jnp.zeros(3)[0] = 1", r"x = x.at\[i\].set"),
        ("jax.grad(lambda x: x.fill(0.0))(jnp.ones(2))", r"x = x.at\[i\].set"),
        ("a = np.ones(2); a += jnp.ones(2)", r"x = x \+ y"),
        ("np.add.at(jnp.ones(2), 0, 1.0)", "not written to"),
        ("np.put(jnp.ones(2), 0, 1.0)", "not written to"),
        ("np.sin(1.0, out=jnp.ones(()))", "not written to"),
        ("jnp.sin(1.0, out=np.ones(()))", "not written to"),
        ("np.asarray(jnp.ones(2))[0] = 5", "read-only"),
        ("jnp.put(jnp.ones(2), 0, 1.0)", r"here it is x.at\[i\].set"),
        ("jnp.fill_diagonal(jnp.eye(2), 3.0)", "inplace=False"),
        ("jnp.zeros(3).at[0].foo(1)", "no foo"),
        ("jnp.zeros(3).at[5].set(1)", "out of bounds"),
        ("jnp.zeros(3).at[0].set(1, mode='drop')", "out of bounds raises here"),
        ("{jnp.zeros(3): 1}", "unhashable"),
        ("from nn.port.jax.lax import psum", "lax.psum: here it is np.sum, np.mean or np.max over the batch"),
        ("jax.tree_util.keystr(())", "here it is tree_flatten"),
        ("jax.tree.map(jnp.add, [1, 2], (1, 2))", "built otherwise"),
        ("jax.vmap(jnp.sin, axis_name='i')", "no argument 'axis_name'"),
        ("jax.config.update('jax_debug_nans', True)", "detect_anomaly"),
        ("jax.no_such", "nn.port.jax has no no_such: see docs/howto/from-jax.md"),
        ("jax.grad(lambda x: None)(1.0)", "the function at <string>:5 returned None"),
        ("jnp.arange(3)[5]", "out of bounds"),
        ("lax.conv_general_dilated(jnp.ones((1, 1, 4)), jnp.ones((1, 1, 2)), (1,), 'SAME', (2,))", "conv_transpose"),
    ],
)
def test_what_is_not_there_says_what_to_write(code: str, why: str) -> None:
    with pytest.raises(Exception, match=why):
        value(f"{code}\nr = 0")


WAYS: dict[str, Callable[..., Any]] = {
    "plain": lambda f: f,
    "jit": jax.jit,
    "vmap": lambda f: lambda x: jax.vmap(f)(x[None])[0],
    "grad": lambda f: lambda x: jax.vjp(f, x)[0],
    "jvp": lambda f: lambda x: jax.jvp(f, (x,), (x,))[0],
    "scan": lambda f: lambda x: jax.lax.scan(lambda c, y: (c, f(y)), 0.0, x[None])[1][0],
    "while": lambda f: lambda x: jax.lax.while_loop(lambda s: s[1] < 1, lambda s: (f(s[0]), s[1] + 1), (x, 0))[0],
    "checkpoint": jax.checkpoint,
    "nested": lambda f: jax.jit(lambda x: jax.vmap(lambda y: jax.jvp(f, (y,), (y,))[0])(x[None])[0]),
}
STEPS = (
    "y += x", "y -= 1.0", "y *= x", "y = y[::-1]; y += x", "y = y.at[0].set(x[1])", "y = np.tanh(y)", "y /= 2.0",
    "z = y; z += 1.0", "y = 2.0 - y", "y = np.arange(3.0) * y", "y @= jnp.eye(3)", "y = jnp.sort(y); y **= 2",
    "y = jnp.where(y > 0, y, x); y *= 0.5", "y = y.reshape(3, 1).ravel(); y += 1",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=6))
def test_writing_never_reaches_another_array(way: str, steps: list[str]) -> None:
    """Statements compute what they do in NumPy on copies, and each result is an array."""
    lines = [line.strip() for step in steps for line in step.split(";")]
    kept = [f"{line}; assert isinstance(y, Array)" for line in lines]
    scope: dict[str, Any] = {"jnp": jnp, "np": np, "Array": jax.Array}
    exec("\n    ".join(["def f(x):", "y = x", *kept, "return y"]), scope)
    x = jnp.array([0.3, -1.2, 0.7])
    found = WAYS[way](scope["f"])(x)
    names: dict[str, Any] = {"np": np, "jnp": np, "x": np.array([0.3, -1.2, 0.7]), "y": np.array([0.3, -1.2, 0.7])}
    for line in lines:
        names["y"] = names["y"].copy()
        exec(line.replace("y = y.at[0].set(x[1])", "y[0] = x[1]").replace("z = y", "z = y.copy()"), names)
    np.testing.assert_allclose(found, names["y"], rtol=1e-12)
    assert isinstance(found, jax.Array)
    assert x.tolist() == [0.3, -1.2, 0.7]


def test_arrays_are_arrays_elsewhere_too() -> None:
    x = jnp.arange(3.0)
    assert isinstance(np.sin(x), jax.Array)
    assert isinstance(np.float64(2) * x, jax.Array)
    assert isinstance(np.arange(3) + x, jax.Array)
    assert isinstance(pickle.loads(pickle.dumps(x)), jax.Array)
    assert isinstance(copy.deepcopy(x), jax.Array)
    assert type(grad(lambda x: np.sum(x**2))(x)) is np.ndarray  # the engine's own transforms keep their types
    assert str(x) == "[0. 1. 2.]"
    assert f"{x.sum():.2f}" == "3.00"
    assert repr(jnp.eye(2)) == "Array([[1., 0.],\n       [0., 1.]])"


def test_threads_have_arrays_of_their_own() -> None:
    found: dict[int, float] = {}

    def work(i: int) -> None:
        found[i] = float(jax.jit(jax.grad(lambda x: jnp.sum(x**2) * i))(jnp.ones(2))[0])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {i: 2.0 * i for i in range(4)}


def test_importing_changes_nothing() -> None:
    """Neither tensors nor NumPy have other attributes after the import, and tensors are written to as before."""
    code = """
import autograd, autograd.special, numpy as np, nn, autograd.scipy.stats
homes = autograd.Tensor, np, np.linalg, np.ndarray, autograd, autograd.custom_vjp
autograd.tensor([1.0]).__iadd__(1); autograd.tensor([1.0]).std()
before = [dict(vars(each)) for each in homes]
import nn.port.jax as jax, nn.port.jax.numpy as jnp
jax.jit(jax.grad(lambda x: jnp.sum(x.at[0].set(1.0) ** 2)))(jnp.ones(3))
for each, was in zip(homes, before):
    now = vars(each)
    changed = [k for k in was if now.get(k) is not was[k] and type(was[k]).__name__ != "DeclaredLater"]
    assert not changed, (each, changed)
x = autograd.tensor([1.0, 2.0]); y = x; y += 1; y[0] = 5.0
assert x.tolist() == [5.0, 3.0] and type(x + 1) is autograd.Tensor
assert not hasattr(x, "block_until_ready")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_tensors_of_other_programs_stay_tensors() -> None:
    x = tensor([1.0, 2.0])
    y = jnp.sin(x)
    assert isinstance(y, jax.Array)
    assert type(x) is Tensor
    assert type(x * 2) is Tensor
