"""Programs of 22 kinds that people write, each for this project, PyTorch and JAX: what `benchmarks.workloads` times.

Networks are written once for `nn` and `torch.nn`, which have the same names, and as functions for JAX. Functions are
written once for NumPy, PyTorch and `jax.numpy`. Nothing here imports an engine before it is asked for, since each one
is timed in a process of its own.
"""

from benchmarks.timing import Step  # isort: skip - limits the threads before NumPy loads

import importlib
import itertools
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy

Function = Callable[..., Any]
Arrays = dict[str, numpy.ndarray[Any, Any]]
EAGER, COMPILED, FUSED = "eager", "compiled", "compiled, fused"
PYTORCH, BESIDE, JAX, BY_HAND = "PyTorch", "PyTorch beside nn", "JAX jit", "NumPy by hand"
ENGINES = (EAGER, COMPILED, FUSED, PYTORCH, BESIDE, JAX)
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


@dataclass
class Engine:
    """What programs are written with."""

    name: str
    np: Any  # the functions of arrays
    array: Function
    value_and_grad: Function  # of a function of a list of arrays, and others
    hessian: Function
    sum_rows: Function  # values, their rows, how many rows there are
    jit: Function = lambda function: function
    wait: Function = lambda result: result
    nn: Any = None
    F: Any = None
    optim: Any = None
    clip: Function | None = None
    take_along: Function = numpy.take_along_axis
    linalg: str = ""  # the module of SciPy's names
    fused: dict[str, bool] = field(default_factory=dict)  # options of optimizers


def engine(name: str) -> Engine:
    """Return an engine by its name."""
    return jax_engine() if name == JAX else torch_engine(name) if name in (PYTORCH, BESIDE) else our_engine(name)


def our_engine(name: str) -> Engine:
    """Return this project: eager, compiled, or compiled with fused loops."""
    import autograd
    import nn

    def sum_rows(values: Any, rows: Any, count: int) -> Any:
        total = autograd.tensor(numpy.zeros((count, *values.shape[1:]), values.dtype))
        numpy.add.at(total, rows, values)
        return total

    def jit(function: Function) -> Function:
        if name == EAGER:
            return function
        compiled: Function = autograd.compile(function, backend="numba" if name == FUSED else "auto")
        return compiled

    nn.manual_seed(0)
    return Engine(
        name,
        numpy,
        numpy.asarray,
        autograd.value_and_grad,
        autograd.hessian,
        sum_rows,
        jit,
        nn=nn,
        F=nn.functional,
        optim=nn.optim,
        clip=nn.utils.clip_grad_norm_,
        linalg="autograd.scipy.linalg",
        fused={"fused": True} if name == FUSED else {},
    )


def torch_engine(name: str) -> Engine:
    """Return PyTorch, alone or in a process that imported `nn`, whose memory settings it then has too."""
    if name == BESIDE:
        import nn  # noqa: F401 - for what its import does to the process

    import torch

    torch.set_num_threads(1)

    def array(x: Any) -> Any:
        return torch.from_numpy(numpy.array(x))

    def value_and_grad(function: Function, inner: bool = False) -> Function:
        def both(xs: Any, *args: Any) -> Any:
            if not inner:
                xs = [x.detach().requires_grad_() for x in xs]
            value = function(xs, *args)
            found = torch.autograd.grad(value, xs, create_graph=inner)
            return (value, found) if inner else (value.detach(), found)

        return both

    def sum_rows(values: Any, rows: Any, count: int) -> Any:
        return torch.zeros(count, *values.shape[1:], dtype=values.dtype).index_add(0, rows, values)

    return Engine(
        name,
        torch,
        array,
        value_and_grad,
        torch.func.hessian,
        sum_rows,
        nn=torch.nn,
        F=torch.nn.functional,
        optim=torch.optim,
        clip=torch.nn.utils.clip_grad_norm_,
        take_along=torch.take_along_dim,
    )


def jax_engine() -> Engine:
    """Return JAX on one thread."""
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax

    jax.config.update("jax_enable_x64", True)

    def sum_rows(values: Any, rows: Any, count: int) -> Any:
        return jax.ops.segment_sum(values, rows, count)

    return Engine(
        JAX,
        jax.numpy,
        jax.numpy.asarray,
        jax.value_and_grad,
        jax.hessian,
        sum_rows,
        jax.jit,
        jax.block_until_ready,
        linalg="jax.scipy.linalg",
    )


@dataclass
class Workload:
    """A program that is ready: a step to time, and a function that takes steps and returns what has to agree."""

    step: Step
    results: Callable[[], list[Any]]
    start: Arrays = field(default_factory=dict)  # the parameters that all engines begin with


# Training


@dataclass
class Network:
    """A network in training: what an engine needs to know to take a step."""

    model: Callable[[Engine], Any]
    loss: Function  # of an engine, a model and the arrays of a batch
    in_jax: Function  # of jax, parameters by name, a key for random numbers or None, and the arrays of a batch
    batch: Callable[[numpy.random.Generator], tuple[Any, ...]]
    optimizer: str = "Adam"
    clip: float | None = None
    cosine: bool = False  # whether the rate follows half a cosine over 10,000 steps

    def batches(self, e: Engine) -> Iterator[tuple[Any, ...]]:
        """Return four batches, over and over."""
        rng = numpy.random.default_rng(0)
        return itertools.cycle([tuple(map(e.array, self.batch(rng))) for _ in range(4)])

    def made(self, name: str, start: Arrays) -> Workload:
        """Return the step of training, from parameters by name, or from those of a new model."""
        e = engine(name)
        return self._in_jax(e, start) if e.name == JAX else self._with_modules(e, start)

    def _with_modules(self, e: Engine, start: Arrays) -> Workload:
        model, data = self.model(e), self.batches(e)
        for name, parameter in model.named_parameters():
            if name in start:
                parameter.data[...] = e.array(start[name])
        trained = [each for each in model.parameters() if each.requires_grad]
        options = {"momentum": 0.9} if self.optimizer == "SGD" else {}
        optimizer = getattr(e.optim, self.optimizer)(trained, lr=RATE, **options, **e.fused)
        schedule = e.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10_000) if self.cosine else None

        @e.jit
        def step(*batch: Any) -> Any:
            optimizer.zero_grad()
            loss = self.loss(e, model, *batch)
            loss.backward()
            if self.clip and e.clip:
                e.clip(trained, self.clip)
            optimizer.step()
            return loss.detach()

        def taken() -> Any:
            loss = step(*next(data))
            if schedule:
                schedule.step()
            return loss

        def results() -> list[Any]:
            dropped = [each for each in model.modules() if isinstance(each, e.nn.Dropout)]
            rates = [each.p for each in dropped]
            for each in dropped:
                each.p = 0.0
            losses = [float(taken()) for _ in range(3)]
            for each, rate in zip(dropped, rates, strict=True):
                each.p = rate
            return [losses, *(numpy.array(each.grad.data) for each in trained)]

        return Workload(taken, results, {name: numpy.array(p.data) for name, p in model.named_parameters()})

    def _in_jax(self, e: Engine, start: Arrays) -> Workload:
        import jax

        data, norm = self.batches(e), jax.numpy.linalg.norm
        fixed = {name: e.array(x) for name, x in start.items() if name.startswith("target")}
        weights = {name: e.array(x) for name, x in start.items() if name not in fixed}

        def gradients(weights: Any, key: Any, *batch: Any) -> Any:
            loss, found = jax.value_and_grad(lambda p: self.in_jax(jax, {**fixed, **p}, key, *batch))(weights)
            if self.clip:
                size = norm(e.np.stack([norm(g) for g in found.values()]))
                found = jax.tree.map(lambda g: g * e.np.minimum(1, self.clip / (size + 1e-6)), found)
            return loss, found

        def update(state: Any, rate: Any, *batch: Any) -> Any:
            weights, first, second, count, key = state
            key, used = (None, None) if key is None else jax.random.split(key)
            loss, found = gradients(weights, used, *batch)
            if self.optimizer == "SGD":
                first = jax.tree.map(lambda m, g: 0.9 * m + g, first, found)
                moved = jax.tree.map(lambda w, m: w - rate * m, weights, first)
            else:
                first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, found)
                second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, found)
                over, right = rate / (1 - BETA1**count), 1 / (1 - BETA2**count)
                kept = 1 - rate * (0.01 if self.optimizer == "AdamW" else 0.0)
                moved = jax.tree.map(
                    lambda w, m, v: w * kept - over * m / (e.np.sqrt(v * right) + EPSILON), weights, first, second
                )
            return loss, (moved, first, second, count + 1, key)

        zeros = jax.tree.map(e.np.zeros_like, weights)
        state = [(weights, zeros, zeros, e.np.ones((), e.np.float32), None)]
        jitted, steps = jax.jit(update), itertools.count()

        def taken() -> Any:
            turn = next(steps)
            rate = RATE * (1 + math.cos(math.pi * turn / 10_000)) / 2 if self.cosine else RATE
            loss, state[0] = jitted(state[0], numpy.float32(rate), *next(data))
            return jax.block_until_ready((loss, state[0]))[0]

        def results() -> list[Any]:
            losses = [float(taken()) for _ in range(2)]
            third = next(data)
            loss, found = jax.jit(gradients)(state[0][0], None, *third)
            losses.append(float(loss))
            state[0] = jitted(state[0], numpy.float32(RATE), *third)[1]
            state[0] = (*state[0][:-1], jax.random.key(0))
            return [losses, *(numpy.asarray(found[name]) for name in weights)]

        return Workload(taken, results)


def classifier(
    model: Callable[[Engine], Any], in_jax: Function, shape: tuple[int, ...], classes: int, optimizer: str = "Adam"
) -> Network:
    """Return a network that learns classes from batches of this shape."""
    return Network(
        model,
        lambda e, model, x, y: e.F.cross_entropy(model(x), y),
        in_jax,
        lambda rng: (f32(rng, *shape), rng.integers(0, classes, shape[0])),
        optimizer,
    )


def f32(rng: numpy.random.Generator, *shape: int) -> Any:
    """Return random numbers."""
    return rng.standard_normal(shape).astype(numpy.float32)


def dense(p: Any, name: str, x: Any) -> Any:
    """Apply a linear layer in JAX."""
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def normalized(p: Any, name: str, x: Any, axes: Any, shape: Any = (-1,)) -> Any:
    """Normalize over axes in JAX, and scale."""
    mean = x.mean(axes, keepdims=True)
    scale = ((x - mean) ** 2).mean(axes, keepdims=True)
    return (x - mean) / (scale + 1e-5) ** 0.5 * p[f"{name}.weight"].reshape(shape) + p[f"{name}.bias"].reshape(shape)


def convolved(jax: Any, p: Any, name: str, x: Any, stride: int = 1, padding: int = 0) -> Any:
    """Convolve in JAX."""
    weight = p[f"{name}.weight"]
    axes = weight.ndim - 2
    return jax.lax.conv_general_dilated(x, weight, (stride,) * axes, [(padding, padding)] * axes)


def cross_entropy(jax: Any, scores: Any, labels: Any) -> Any:
    """Compute the mean cross-entropy in JAX."""
    return -jax.numpy.take_along_axis(jax.nn.log_softmax(scores), labels[..., None], -1).mean()


def table_network() -> Network:
    """Train on a table: 20-64-64-1, batch 64, batch normalization, dropout, AdamW, a cosine."""

    def model(e: Engine) -> Any:
        parts = [[e.nn.Linear(n, 64), e.nn.BatchNorm1d(64), e.nn.ReLU(), e.nn.Dropout(0.1)] for n in (20, 64)]
        return e.nn.Sequential(*itertools.chain(*parts), e.nn.Linear(64, 1))

    def in_jax(jax: Any, p: Any, key: Any, x: Any, y: Any) -> Any:
        for first in (0, 4):
            x = jax.nn.relu(normalized(p, f"{first + 1}", dense(p, f"{first}", x), 0))
            if key is not None:
                key, used = jax.random.split(key)
                x = jax.numpy.where(jax.random.bernoulli(used, 0.9, x.shape), x / 0.9, 0)
        return ((dense(p, "8", x) - y) ** 2).mean()

    return Network(
        model,
        lambda e, model, x, y: e.F.mse_loss(model(x), y),
        in_jax,
        lambda rng: (f32(rng, 64, 20), f32(rng, 64, 1)),
        "AdamW",
        cosine=True,
    )


def convolutional() -> Network:
    """Train three blocks of a convolution, batch normalization, ReLU and pooling on 32 images of 3 x 32 x 32."""

    def model(e: Engine) -> Any:
        parts = [
            [e.nn.Conv2d(i, o, 3, padding=1, bias=False), e.nn.BatchNorm2d(o), e.nn.ReLU(), e.nn.MaxPool2d(2)]
            for i, o in ((3, 16), (16, 32), (32, 64))
        ]
        return e.nn.Sequential(*itertools.chain(*parts), e.nn.Flatten(), e.nn.Linear(1024, 10))

    def in_jax(jax: Any, p: Any, key: Any, x: Any, labels: Any) -> Any:
        for first in (0, 4, 8):
            x = convolved(jax, p, f"{first}", x, padding=1)
            x = jax.nn.relu(normalized(p, f"{first + 1}", x, (0, 2, 3), (1, -1, 1, 1)))
            x = jax.lax.reduce_window(x, -numpy.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        return cross_entropy(jax, dense(p, "13", x.reshape(len(x), -1)), labels)

    return classifier(model, in_jax, (32, 3, 32, 32), 10, "SGD")


def residual() -> Network:
    """Train two residual blocks of 32 channels on 16 images of 16 x 16."""

    def model(e: Engine) -> Any:
        class Block(e.nn.Module):  # type: ignore[misc, name-defined]  # of one library or the other
            def __init__(self) -> None:
                super().__init__()
                self.conv1, self.norm1 = e.nn.Conv2d(32, 32, 3, padding=1, bias=False), e.nn.BatchNorm2d(32)
                self.conv2, self.norm2 = e.nn.Conv2d(32, 32, 3, padding=1, bias=False), e.nn.BatchNorm2d(32)

            def forward(self, x: Any) -> Any:
                h = e.F.relu(self.norm1(self.conv1(x)))
                return e.F.relu(self.norm2(self.conv2(h)) + x)

        return e.nn.Sequential(Block(), Block(), e.nn.AdaptiveAvgPool2d(1), e.nn.Flatten(), e.nn.Linear(32, 10))

    def in_jax(jax: Any, p: Any, key: Any, x: Any, labels: Any) -> Any:
        def half(name: str, number: int, x: Any) -> Any:
            x = convolved(jax, p, f"{name}.conv{number}", x, padding=1)
            return normalized(p, f"{name}.norm{number}", x, (0, 2, 3), (1, -1, 1, 1))

        for name in "01":
            x = jax.nn.relu(half(name, 2, jax.nn.relu(half(name, 1, x))) + x)
        return cross_entropy(jax, dense(p, "4", x.mean((2, 3))), labels)

    return classifier(model, in_jax, (16, 32, 16, 16), 10, "SGD")


def recurrent(layer: str, length: int, batch: int) -> Network:
    """Train a language model: an embedding, a recurrent layer of 128 units, a linear layer; clipped gradients."""

    def model(e: Engine) -> Any:
        cell = e.nn.GRU if layer == "GRU" else e.nn.LSTM

        class Model(e.nn.Module):  # type: ignore[misc, name-defined]  # of one library or the other
            def __init__(self) -> None:
                super().__init__()
                self.embed, self.cell, self.head = e.nn.Embedding(64, 128), cell(128, 128), e.nn.Linear(128, 64)

            def forward(self, words: Any) -> Any:
                return self.head(self.cell(self.embed(words))[0])

        return Model()

    def in_jax(jax: Any, p: Any, key: Any, words: Any, next_words: Any) -> Any:
        sigmoid, tanh, split = jax.nn.sigmoid, jax.numpy.tanh, jax.numpy.split
        inputs = p["embed.weight"][words] @ p["cell.weight_ih_l0"].T + p["cell.bias_ih_l0"]

        def gru(state: Any, x: Any) -> Any:
            (h,) = state
            (r, z, n), (hr, hz, hn) = split(x, 3, -1), split(recurrence(h), 3, -1)
            z = sigmoid(z + hz)
            h = (1 - z) * tanh(n + sigmoid(r + hr) * hn) + z * h
            return (h,), h

        def lstm(state: Any, x: Any) -> Any:
            h, c = state
            i, f, g, o = split(x + recurrence(h), 4, -1)
            c = sigmoid(f) * c + sigmoid(i) * tanh(g)
            h = sigmoid(o) * tanh(c)
            return (h, c), h

        def recurrence(h: Any) -> Any:
            return h @ p["cell.weight_hh_l0"].T + p["cell.bias_hh_l0"]

        zeros = jax.numpy.zeros((words.shape[1], 128), numpy.float32)
        _, states = jax.lax.scan(gru if layer == "GRU" else lstm, (zeros,) * (1 if layer == "GRU" else 2), inputs)
        return cross_entropy(jax, dense(p, "head", states), next_words)

    return Network(
        model,
        lambda e, model, x, y: e.F.cross_entropy(model(x).reshape(-1, 64), y.reshape(-1)),
        in_jax,
        lambda rng: (rng.integers(0, 64, (length, batch)), rng.integers(0, 64, (length, batch))),
        clip=1.0,
    )


def transformer() -> Network:
    """Train a small GPT: 4 layers of 128 with 4 heads, 16 texts of 64 letters."""

    def model(e: Engine) -> Any:
        class Block(e.nn.Module):  # type: ignore[misc, name-defined]  # of one library or the other
            def __init__(self) -> None:
                super().__init__()
                self.norm1, self.norm2 = e.nn.LayerNorm(128), e.nn.LayerNorm(128)
                self.qkv, self.out = e.nn.Linear(128, 384), e.nn.Linear(128, 128)
                self.up, self.down = e.nn.Linear(128, 512), e.nn.Linear(512, 128)

            def forward(self, x: Any) -> Any:
                parts = self.qkv(self.norm1(x)).reshape(16, 64, 3, 4, 32)
                q, k, v = (parts[:, :, i].swapaxes(1, 2) for i in range(3))
                mixed = e.F.scaled_dot_product_attention(q, k, v, is_causal=True)
                x = x + self.out(mixed.swapaxes(1, 2).reshape(16, 64, 128))
                return x + self.down(e.F.gelu(self.up(self.norm2(x))))

        class Model(e.nn.Module):  # type: ignore[misc, name-defined]  # of one library or the other
            def __init__(self) -> None:
                super().__init__()
                self.letters, self.places = e.nn.Embedding(96, 128), e.nn.Embedding(64, 128)
                self.blocks = e.nn.Sequential(*(Block() for _ in range(4)))
                self.norm, self.head = e.nn.LayerNorm(128), e.nn.Linear(128, 96)

            def forward(self, letters: Any) -> Any:
                return self.head(self.norm(self.blocks(self.letters(letters) + self.places.weight)))

        return Model()

    def in_jax(jax: Any, p: Any, key: Any, letters: Any, next_letters: Any) -> Any:
        x = p["letters.weight"][letters] + p["places.weight"]
        causal = numpy.tri(64, dtype=bool)
        for name in (f"blocks.{i}" for i in range(4)):
            parts = dense(p, f"{name}.qkv", normalized(p, f"{name}.norm1", x, -1)).reshape(16, 64, 3, 4, 32)
            q, k, v = (parts[:, :, i].swapaxes(1, 2) for i in range(3))
            scores = jax.numpy.where(causal, q @ k.swapaxes(-1, -2) / numpy.float32(32**0.5), -numpy.inf)
            mixed = jax.nn.softmax(scores) @ v
            x = x + dense(p, f"{name}.out", mixed.swapaxes(1, 2).reshape(16, 64, 128))
            h = dense(p, f"{name}.up", normalized(p, f"{name}.norm2", x, -1))
            x = x + dense(p, f"{name}.down", jax.nn.gelu(h, approximate=False))
        return cross_entropy(jax, dense(p, "head", normalized(p, "norm", x, -1)), next_letters)

    return Network(
        model,
        lambda e, model, x, y: e.F.cross_entropy(model(x).reshape(-1, 96), y.reshape(-1)),
        in_jax,
        lambda rng: (rng.integers(0, 96, (16, 64)), rng.integers(0, 96, (16, 64))),
        "AdamW",
    )


def autoencoder() -> Network:
    """Train a variational autoencoder, 784-256-20, batch 64."""

    def model(e: Engine) -> Any:
        names = {"encode": (784, 256), "code": (256, 40), "decode": (20, 256), "draw": (256, 784)}
        return e.nn.ModuleDict({name: e.nn.Linear(*widths) for name, widths in names.items()})

    def bound(np: Any, relu: Any, softplus: Any, apply: Any, x: Any, noise: Any) -> Any:
        code = apply("code", relu(apply("encode", x)))
        mean, spread = code[:, :20], code[:, 20:]
        drawn = apply("draw", relu(apply("decode", mean + np.exp(spread / 2) * noise)))
        prior = np.sum(np.exp(spread) + mean**2 - 1 - spread) / 2
        return (np.sum(softplus(drawn) - x * drawn) + prior) / 64

    return Network(
        model,
        lambda e, model, *batch: bound(e.np, e.F.relu, e.F.softplus, lambda name, x: model[name](x), *batch),
        lambda jax, p, key, *batch: bound(
            jax.numpy, jax.nn.relu, jax.nn.softplus, lambda name, x: dense(p, name, x), *batch
        ),
        lambda rng: (rng.random((64, 784), numpy.float32), f32(rng, 64, 20)),
    )


def factorization() -> Network:
    """Factorize ratings of 1,700 films by 1,000 people, 32 numbers each, batch 1024."""

    def model(e: Engine) -> Any:
        sizes = {"user": (1000, 32), "film": (1700, 32), "mood": (1000, 1), "fame": (1700, 1)}
        return e.nn.ModuleDict({name: e.nn.Embedding(*shape) for name, shape in sizes.items()})

    def error(look: Any, users: Any, films: Any, ratings: Any) -> Any:
        said = (look("user", users) * look("film", films)).sum(1)
        said = said + look("mood", users)[:, 0] + look("fame", films)[:, 0]
        return ((said - ratings) ** 2).mean()

    return Network(
        model,
        lambda e, model, *batch: error(lambda name, rows: model[name](rows), *batch),
        lambda jax, p, key, *batch: error(lambda name, rows: p[f"{name}.weight"][rows], *batch),
        lambda rng: (rng.integers(0, 1000, 1024), rng.integers(0, 1700, 1024), f32(rng, 1024)),
    )


def q_learning() -> Network:
    """Train a deep Q network, 4-64-64-2, with a target network, batch 32."""

    def model(e: Engine) -> Any:
        def network() -> Any:
            return e.nn.Sequential(
                *(e.nn.Linear(4, 64), e.nn.ReLU(), e.nn.Linear(64, 64), e.nn.ReLU(), e.nn.Linear(64, 2))
            )

        both = e.nn.ModuleDict({"online": network(), "target": network()})
        for parameter in both["target"].parameters():
            parameter.requires_grad_(False)
        return both

    def loss(e: Engine, model: Any, state: Any, action: Any, reward: Any, after: Any, ended: Any) -> Any:
        wanted = reward + 0.99 * e.np.amax(model["target"](after), axis=1) * (1 - ended)
        taken = e.take_along(model["online"](state), action[:, None], 1)[:, 0]
        return e.F.smooth_l1_loss(taken, wanted.detach())

    def in_jax(jax: Any, p: Any, key: Any, state: Any, action: Any, reward: Any, after: Any, ended: Any) -> Any:
        def network(name: str, x: Any) -> Any:
            x = jax.nn.relu(dense(p, f"{name}.2", jax.nn.relu(dense(p, f"{name}.0", x))))
            return dense(p, f"{name}.4", x)

        wanted = reward + 0.99 * network("target", after).max(1) * (1 - ended)
        d = jax.numpy.take_along_axis(network("online", state), action[:, None], 1)[:, 0] - wanted
        size = abs(d)
        return jax.numpy.where(size < 1, d * d / 2, size - 0.5).mean()

    def batch(rng: numpy.random.Generator) -> tuple[Any, ...]:
        ended = (rng.random(32) < 0.1).astype(numpy.float32)
        return f32(rng, 32, 4), rng.integers(0, 2, 32), f32(rng, 32), f32(rng, 32, 4), ended

    return Network(model, loss, in_jax, batch)


def audio() -> Network:
    """Train three convolutions with strides on 8 sounds of 8,000 samples."""
    layers = ((1, 32, 32, 4), (32, 64, 8, 4), (64, 64, 4, 2))

    def model(e: Engine) -> Any:
        parts = [[e.nn.Conv1d(i, o, k, stride=s, bias=False), e.nn.ReLU()] for i, o, k, s in layers]
        return e.nn.Sequential(*itertools.chain(*parts), e.nn.AdaptiveAvgPool1d(1), e.nn.Flatten(), e.nn.Linear(64, 12))

    def in_jax(jax: Any, p: Any, key: Any, x: Any, labels: Any) -> Any:
        for i, (_, _, _, stride) in enumerate(layers):
            x = jax.nn.relu(convolved(jax, p, f"{2 * i}", x, stride))
        return cross_entropy(jax, dense(p, "8", x.mean(2)), labels)

    return classifier(model, in_jax, (8, 1, 8000), 12)


# Functions, in float64


@dataclass
class Derivative:
    """A function of arrays and its arguments, which an engine compiles and calls."""

    function: Callable[..., tuple[Function, Any]]  # of an engine and a generator of random numbers

    def made(self, name: str, start: Arrays) -> Workload:
        """Return a step that calls the function."""
        e = engine(name)
        function, args = self.function(e, numpy.random.default_rng(1))
        args = [[e.array(x) for x in arg] if isinstance(arg, list) else e.array(arg) for arg in args]
        jitted = e.jit(function)

        def step() -> Any:
            return e.wait(jitted(*args))

        def results() -> list[Any]:
            found: list[Any] = [step() for _ in range(3)]  # recorded, printed, and run
            return found[2:]

        return Workload(step, results)


def weights(rng: numpy.random.Generator, *widths: int) -> list[Any]:
    """Return the weights and biases of a network of dense layers."""
    layers = [(rng.normal(size=(n, m)) / n**0.5, numpy.zeros(m)) for n, m in itertools.pairwise(widths)]
    return list(itertools.chain(*layers))


def network(np: Any, p: Any, x: Any) -> Any:
    """Apply dense layers with tanh between them."""
    for i in range(0, len(p) - 2, 2):
        x = np.tanh(x @ p[i] + p[i + 1])
    return x @ p[-2] + p[-1]


def poisson(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Solve Poisson's equation by a network, 2-32-32-1 at 200 points, with nested derivatives."""
    np = e.np

    def derivative(function: Function, x: Any) -> Any:
        if np.__name__ == "torch":
            return np.autograd.grad(function(x).sum(), x, create_graph=True)[0]
        both = e.value_and_grad(lambda x: function(x).sum())
        return both(x)[1]

    def error(p: Any, x: Any, y: Any, source: Any) -> Any:
        if np.__name__ == "torch":
            x, y = x.requires_grad_(), y.requires_grad_()

        def u(x: Any, y: Any) -> Any:
            return network(np, p, np.stack([x, y], 1))[:, 0]

        across = derivative(lambda x: derivative(lambda x: u(x, y), x), x)
        along = derivative(lambda y: derivative(lambda y: u(x, y), y), y)
        return ((across + along - source) ** 2).mean() + (u(x, 0 * y) ** 2).mean()

    x, y = rng.random((2, 200))
    return e.value_and_grad(error), (weights(rng, 2, 32, 32, 1), x, y, numpy.sin(x) * y)


def looped(e: Engine, step: Function, state: Any, length: int) -> Any:
    """Repeat a step, in a loop of Python, or in JAX's own."""
    if e.name == JAX:
        import jax

        return jax.lax.scan(lambda state, _: (step(state), None), state, None, length)[0]
    for _ in range(length):
        state = step(state)
    return state


def neural_ode(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Integrate a network, 2-32-2, over 50 steps of RK4 from 64 starts."""

    def error(p: Any, x: Any, y: Any) -> Any:
        def step(x: Any) -> Any:
            k1 = network(e.np, p, x)
            k2 = network(e.np, p, x + 0.01 * k1)
            k3 = network(e.np, p, x + 0.01 * k2)
            k4 = network(e.np, p, x + 0.02 * k3)
            return x + 0.02 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

        return ((looped(e, step, x, 50) - y) ** 2).mean()

    return e.value_and_grad(error), (weights(rng, 2, 32, 2), rng.normal(size=(64, 2)), rng.normal(size=(64, 2)))


def gaussian_process(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Differentiate the marginal likelihood of a Gaussian process at 200 points."""
    np, eye = e.np, e.array(numpy.eye(200))
    solve_triangular = importlib.import_module(e.linalg).solve_triangular if e.linalg else None

    def error(p: Any, x: Any, y: Any) -> Any:
        scaled = x / np.exp(p[0])
        squares = (scaled**2).sum(1)
        distances = squares[:, None] + squares[None] - 2 * scaled @ scaled.T
        covariance = np.exp(2 * p[1] - distances / 2) + np.exp(2 * p[2]) * eye
        factor = np.linalg.cholesky(covariance)
        if solve_triangular:
            solved = solve_triangular(factor, y, lower=True)
        else:
            solved = np.linalg.solve_triangular(factor, y[:, None], upper=False)[:, 0]
        return (solved**2).sum() / 2 + np.log(np.diagonal(factor)).sum()

    x = rng.normal(size=(200, 3))
    return e.value_and_grad(error), ([numpy.zeros(3), numpy.zeros(()), numpy.array(-1.0)], x, numpy.sin(x).sum(1))


@dataclass
class Search:
    """Logistic regression on 500 rows of 30 numbers by SciPy's BFGS: a whole search."""

    def made(self, name: str, start: Arrays) -> Workload:
        """Return a step that searches."""
        e = engine(name)
        from scipy.optimize import minimize

        rng = numpy.random.default_rng(2)
        rows = rng.normal(size=(500, 30))
        labels = rows @ rng.normal(size=30) + rng.normal(size=500) > 0
        x, signs = e.array(rows), e.array(numpy.where(labels, 1.0, -1.0))

        def error(w: Any) -> Any:
            return e.np.log1p(e.np.exp(-signs * (x @ w[0]))).mean() + 0.01 * (w[0] ** 2).sum()

        both = e.jit(e.value_and_grad(error))

        def evaluate(w: Any) -> tuple[float, Any]:
            value, (slope,) = both([e.array(w)])
            return float(value), numpy.asarray(slope)

        def step() -> Any:
            return [minimize(evaluate, numpy.zeros(30), jac=True, method="BFGS").x]

        return Workload(step, step)


def hamiltonian(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Take 20 leapfrog steps in a hierarchical model of 8 groups with 10 numbers each."""
    np = e.np

    def energy(q: Any, data: Any) -> Any:
        mean, spread, raw = q
        groups = mean + np.exp(spread) * raw
        prior = (mean**2 / 50 + spread**2 / 2 + (raw**2).sum()) / 1
        return ((data - groups[:, None]) ** 2).sum() / 2 + prior / 2

    slope = e.value_and_grad(energy)

    def trajectory(q: Any, r: Any, data: Any) -> Any:
        def step(state: Any) -> Any:
            q, r, g = state
            r = [a - 0.005 * b for a, b in zip(r, g, strict=True)]
            q = [a + 0.01 * b for a, b in zip(q, r, strict=True)]
            _, g = slope(q, data)
            return q, [a - 0.005 * b for a, b in zip(r, g, strict=True)], list(g)

        q, r, _ = looped(e, step, (q, r, list(slope(q, data)[1])), 20)
        return [*q, *r, energy(q, data)]

    momenta = [numpy.asarray(rng.normal()), numpy.asarray(rng.normal()), rng.normal(size=8)]
    return trajectory, ([numpy.zeros(()), numpy.zeros(()), rng.normal(size=8)], momenta, rng.normal(size=(8, 10)))


def meta_learning(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Differentiate through a step of learning on each of 4 tasks, by a network 1-40-40-1."""

    def error(p: Any, x: Any, y: Any) -> Any:
        return ((network(e.np, p, x) - y) ** 2).mean()

    inner = e.value_and_grad(error, inner=True) if e.np.__name__ == "torch" else e.value_and_grad(error)

    def outer(p: Any, x: Any, y: Any) -> Any:
        total = 0.0
        for i in range(4):
            _, g = inner(p, x[i, :10], y[i, :10])
            total = total + error([w - 0.1 * d for w, d in zip(p, g, strict=True)], x[i, 10:], y[i, 10:])
        return total

    return e.value_and_grad(outer), (
        weights(rng, 1, 40, 40, 1),
        rng.normal(size=(4, 20, 1)),
        rng.normal(size=(4, 20, 1)),
    )


def rollout(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Simulate a system of 3 numbers with a linear policy over 1,000 steps."""

    def cost(p: Any, x: Any) -> Any:
        def step(state: Any) -> Any:
            x, total = state
            u = e.np.tanh(p[0] @ x)
            x = x + 0.01 * (p[1] @ x + u)
            return x, total + (x**2).sum() + 0.1 * (u**2).sum()

        return looped(e, step, (x, x[0] * 0.0), 1000)[1]

    matrix = numpy.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.5], [0.0, -0.5, -0.1]])
    return e.value_and_grad(cost), ([rng.normal(size=(3, 3)) / 3, matrix], rng.normal(size=3))


def messages(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Pass messages of 32 numbers twice over 4,000 edges between 500 nodes, in float32."""
    np = e.np

    def error(p: Any, x: Any, sources: Any, targets: Any, labels: Any) -> Any:
        for i in (0, 3):
            received = e.sum_rows(x[sources] @ p[i], targets, 500)
            x = np.tanh(x @ p[i + 1] + received / 8 + p[i + 2])
        return ((x @ p[6] - labels) ** 2).mean()

    def f32s(*shape: int) -> Any:
        return f32(rng, *shape) / numpy.float32(6)

    layer = [f32s(32, 32), f32s(32, 32), f32s(32)]
    ends = rng.integers(0, 500, 4000), rng.integers(0, 500, 4000)
    return e.value_and_grad(error), (
        [*layer, *(x.copy() for x in layer), f32s(32, 1)],
        f32s(500, 32),
        *ends,
        f32s(500, 1),
    )


def deblurring(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Differentiate the error of a blurred picture of 256 x 256, by FFT, with a penalty on its slopes."""
    np = e.np

    def error(p: Any, blur: Any, seen: Any) -> Any:
        (x,) = p
        blurred = np.fft.irfft2(np.fft.rfft2(x) * blur, seen.shape)
        across, along = x[1:] - x[:-1], x[:, 1:] - x[:, :-1]
        return ((blurred - seen) ** 2).sum() + 0.01 * (np.sqrt(across**2 + 1e-4).sum() + np.sqrt(along**2 + 1e-4).sum())

    kernel = numpy.zeros((256, 256))
    kernel[:5, :5] = 1 / 25
    return e.value_and_grad(error), ([rng.random((256, 256))], numpy.fft.rfft2(kernel), rng.random((256, 256)))


def tensor_network(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Differentiate the norm of a chain of 20 tensors, bond 16, by einsum."""
    eye = e.array(numpy.eye(16))

    def norm(p: Any) -> Any:
        left = eye
        for site in p:
            left = e.np.einsum("asb,asc->bc", e.np.einsum("ad,dsb->asb", left, site), site)
        return e.np.log(e.np.einsum("aa->", left))

    return e.value_and_grad(norm), ([rng.normal(size=(16, 2, 16)) / 5 for _ in range(20)],)


def lennard_jones(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Return the energy of 13 atoms, its gradient and its Hessian."""
    first, second = (e.array(rows) for rows in numpy.triu_indices(13, 1))

    def energy(x: Any) -> Any:
        places = x.reshape(13, 3)
        inverse = 1 / ((places[first] - places[second]) ** 2).sum(1) ** 3
        return 4 * (inverse**2 - inverse).sum()

    both, second_order = e.value_and_grad(lambda p: energy(p[0])), e.hessian(energy)

    def all_three(x: Any) -> Any:
        value, (slope,) = both([x])
        return value, slope, second_order(x)

    grid = numpy.array(list(itertools.product(range(3), repeat=3))[:13], float)
    return all_three, ((1.1 * grid + 0.05 * rng.normal(size=(13, 3))).ravel(),)


def mixture(e: Engine, rng: numpy.random.Generator) -> tuple[Function, Any]:
    """Fit a mixture of 5 Gaussians to 2,000 points in 3 dimensions by its gradient."""
    np = e.np

    def logsumexp(x: Any, axis: int) -> Any:
        most = np.amax(x, axis=axis, keepdims=True)
        return np.log(np.sum(np.exp(x - most), axis=axis)) + most.squeeze(axis)

    def error(p: Any, x: Any) -> Any:
        shares, means, spreads = p
        z = (x[:, None, :] - means) / np.exp(spreads)
        scores = shares - logsumexp(shares, 0) - np.sum(z**2, axis=2) / 2 - np.sum(spreads, axis=1)
        return -logsumexp(scores, 1).mean()

    return e.value_and_grad(error), (
        [numpy.zeros(5), rng.normal(size=(5, 3)), numpy.zeros((5, 3))],
        rng.normal(size=(2000, 3)),
    )


@dataclass
class Digits:
    """The step of `benchmarks.mnist_step`, where each engine begins with random numbers of its own."""

    size: int

    def made(self, name: str, start: Arrays) -> Workload:
        """Return the step of an engine."""
        from benchmarks import mnist_step

        if name == BESIDE:
            import nn  # noqa: F401 - for what its import does to the process
        return Workload(mnist_step.ENGINES[PYTORCH if name == BESIDE else name](self.size), list)


MNIST = {f"mnist{size}": (f"MNIST step, batch {size:,}", Digits(size)) for size in (32, 128, 1024, 60_000)}

TASKS: dict[str, tuple[str, Network | Derivative | Search | Digits]] = {
    **MNIST,
    "table": ("MLP on a table, 20-64-64-1, batch 64", table_network()),
    "cnn": ("CNN, 32 images of 3 x 32 x 32", convolutional()),
    "resnet": ("2 residual blocks, 32 channels, 16 x 16", residual()),
    "gru": ("GRU language model, 32 steps, 16 x 128", recurrent("GRU", 32, 16)),
    "lstm": ("LSTM language model, 50 steps, 32 x 128", recurrent("LSTM", 50, 32)),
    "gpt": ("GPT, 4 layers of 128, 16 x 64 letters", transformer()),
    "vae": ("variational autoencoder, 784-256-20, batch 64", autoencoder()),
    "factors": ("matrix factorization, batch 1024", factorization()),
    "dqn": ("deep Q network, 4-64-64-2, batch 32", q_learning()),
    "audio": ("convolutions on 8 sounds of 8,000 samples", audio()),
    "pinn": ("Poisson's equation, nested derivatives, 200 points", Derivative(poisson)),
    "ode": ("neural ODE, 50 steps of RK4, batch 64", Derivative(neural_ode)),
    "gp": ("Gaussian process, 200 points", Derivative(gaussian_process)),
    "logistic": ("logistic regression, a whole BFGS search", Search()),
    "hmc": ("HMC, 20 leapfrog steps", Derivative(hamiltonian)),
    "maml": ("MAML, 4 tasks", Derivative(meta_learning)),
    "rollout": ("rollout, 1,000 steps of 3 numbers", Derivative(rollout)),
    "graph": ("messages on a graph, 500 nodes, 4,000 edges", Derivative(messages)),
    "deblur": ("FFT deblurring, 256 x 256", Derivative(deblurring)),
    "network": ("tensor network, 20 sites, bond 16", Derivative(tensor_network)),
    "atoms": ("13 atoms: energy, gradient, Hessian", Derivative(lennard_jones)),
    "mixture": ("mixture of 5 Gaussians, 2,000 points", Derivative(mixture)),
}
