"""Recurrent layers: RNN, GRU and LSTM, which read a sequence step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor

from .. import functional, init
from .._arguments import Share, Size, TensorLike, example
from .._warnings import warn
from ..functional._kernels.operands import as_floating, not_real
from ..functional._rnn import gru, lstm, rnn_relu, rnn_tanh
from ..functional._rnn_steps import composed, projected_lstm_step
from ..module import Module
from ..parameter import Parameter
from ..utils.rnn import PackedSequence, check_packed
from ._packed import run_packed, sorted_states

_RNNS = {"tanh": rnn_tanh, "relu": rnn_relu}


class _Recurrent(Module):
    """Base class of recurrent layers: the parameters, the checks, and the order of layers and directions.

    A subclass sets its number of gates and returns the function that runs a sequence.
    """

    gates: ClassVar[int]

    def __init__(
        self,
        input_size: Size,
        hidden_size: Size,
        num_layers: Size = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: Share = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"{name} needs a proj_size from 0, for none, to below hidden_size, not {proj_size}")
        if dropout and num_layers == 1:
            warn(f"{name} has dropout between its layers, but only one layer: it has no effect")
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.proj_size = proj_size
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                for kind, shape in self._shapes(layer):
                    setattr(self, f"{kind}_{suffix}", Parameter(np.zeros(shape, np.float32), dtype=dtype))
        self.reset_parameters()

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"] if self.bidirectional else [f"l{layer}"]

    def _shapes(self, layer: int) -> list[tuple[str, tuple[int, ...]]]:
        """Return the kinds of parameters of a layer and their shapes, in the order of `state_dict`."""
        rows, out = self.gates * self.hidden_size, self.proj_size or self.hidden_size
        columns = out * (1 + self.bidirectional) if layer else self.input_size
        shapes: list[tuple[str, tuple[int, ...]]] = [("weight_ih", (rows, columns)), ("weight_hh", (rows, out))]
        if self.bias:
            shapes += [("bias_ih", (rows,)), ("bias_hh", (rows,))]
        if self.proj_size:
            shapes.append(("weight_hr", (out, self.hidden_size)))
        return shapes

    def reset_parameters(self) -> None:
        """Draw new values for the parameters from the generator that `nn.manual_seed` seeds."""
        init.draw_within(self.hidden_size, *self.parameters())

    def _sequence(self) -> Callable[..., Any]:
        """Return the function of (reverse, x, states..., parameters...) that runs one layer in one direction."""
        raise NotImplementedError

    def _run(self, x: Any, initial: tuple[Any, ...] | None, sizes: tuple[int, ...]) -> tuple[Any, list[Any]]:
        """Return the output and the last states of all layers; `sizes` are the numbers of features of the states."""
        name = type(self).__name__
        if isinstance(x, PackedSequence):
            return self._run_packed(x, initial, sizes)
        unbatched = np.ndim(x) == 2
        x = as_floating(name, "input", x, self.weight_ih_l0)
        self._check(x)
        if unbatched:
            x = x[:, None]
        elif self.batch_first:
            x = x.swapaxes(0, 1)
        count, batch = self.num_layers * (1 + self.bidirectional), x.shape[1]
        initial = self._initial(initial, sizes, count, batch, unbatched, x)
        output, states = self._run_layers(self._sequence(), x, initial)
        if unbatched:
            return output[:, 0], [state[:, 0] for state in states]
        return output.swapaxes(0, 1) if self.batch_first else output, states

    def _run_packed(self, packed: PackedSequence, initial: Any, sizes: tuple[int, ...]) -> tuple[Any, list[Any]]:
        """Do as `_run` with sequences without padding, which are sorted by their lengths."""
        name = type(self).__name__
        check_packed(name, packed)
        x = as_floating(name, "input", packed.data, self.weight_ih_l0)
        if x.ndim != 2 or x.shape[1] != self.input_size:
            raise ShapeError(
                f"{name} has a PackedSequence of shape {x.shape}: it takes (total of all steps, {self.input_size})"
            )
        if x.dtype.kind != "f":
            raise not_real(name, "input", x)
        count, batch = self.num_layers * (1 + self.bidirectional), int(packed.batch_sizes[0])
        states = self._initial(initial, sizes, count, batch, False, x)
        states = tuple(sorted_states(state, packed.sorted_indices) for state in states)
        output, last = self._run_layers(run_packed(self._sequence(), packed, len(sizes)), x, states)
        return packed._replace(data=output), [sorted_states(state, packed.unsorted_indices) for state in last]

    def _initial(
        self, given: tuple[Any, ...] | None, sizes: tuple[int, ...], count: int, batch: int, unbatched: bool, x: Any
    ) -> tuple[Any, ...]:
        """Return the states to begin with: zeros, or those that are given if they fit."""
        if given is None:
            dtype = np.result_type(x.dtype, next(self.parameters()).dtype)
            return tuple(np.zeros((count, batch, size), dtype) for size in sizes)
        name = type(self).__name__
        return tuple(
            _state(state, name, "h_0" if place == 0 else "c_0", (count, batch, size), unbatched, x)
            for place, (state, size) in enumerate(zip(given, sizes, strict=True))
        )

    def _run_layers(self, run: Callable[..., Any], x: Any, initial: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        """Return the output of the last layer, and each state of all layers and directions."""
        last: list[tuple[Any, ...]] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = functional.dropout(x, self.dropout, self.training)
            outputs: list[Any] = []
            for suffix in self._suffixes(layer):
                parameters = [getattr(self, f"{kind}_{suffix}") for kind, _ in self._shapes(layer)]
                states = [state[len(last)] for state in initial]
                output, *after = run(bool(outputs), x, *states, *parameters)
                outputs.append(output)
                last.append(tuple(after))
            x = np.concatenate(outputs, axis=-1) if self.bidirectional else outputs[0]
        return x, [np.stack(each) if len(each) > 1 else each[0][None] for each in zip(*last, strict=True)]

    def _check(self, x: Any) -> None:
        name, features = type(self).__name__, self.input_size
        batched = f"(batch, time, {features})" if self.batch_first else f"(time, batch, {features})"
        if x.ndim not in (2, 3) or x.shape[-1] != features:
            raise ShapeError(
                f"{name} has an input of shape {x.shape}: it takes {batched}, or (time, {features}) for one sequence"
            )
        time = x.shape[1] if self.batch_first and x.ndim == 3 else x.shape[0]
        if time == 0:
            raise ShapeError(f"{name} has an input of shape {x.shape}, without any step: it takes at least one")
        if x.dtype.kind != "f":
            raise not_real(name, "input", x)

    def extra_repr(self) -> str:
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        defaults["proj_size"] = 0
        given = [f"{key}={getattr(self, key)}" for key, value in defaults.items() if getattr(self, key) != value]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *given])


def _state(state: Any, name: str, which: str, shape: tuple[int, ...], unbatched: bool, x: Any) -> Any:
    """Return an initial state with a batch axis, or raise if its shape or dtype does not fit."""
    state = as_floating(name, which, state, x)
    expected = shape[:1] + shape[2:] if unbatched else shape
    if state.shape != expected:
        axes = "(layers * directions, features)" if unbatched else "(layers * directions, batch, features)"
        raise ShapeError(f"{name} has {which} of shape {state.shape}: for this input it takes {expected}, {axes}")
    if state.dtype.kind != "f":
        raise not_real(name, which, state)
    return state[:, None] if unbatched else state


@example(
    "output, h_n = nn.RNN(3, 5, num_layers=2)(np.zeros((7, 2, 3), np.float32))",
    "output.shape, h_n.shape",
    "((7, 2, 5), (2, 2, 5))",
)
class RNN(_Recurrent):
    """A plain recurrent network: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)`` for each step of a sequence.

    Parameters
    ----------
    input_size
        The number of features of each step.
    hidden_size
        The number of features of the state.
    num_layers
        The number of layers; each reads the output of the one before.
    nonlinearity
        ``"tanh"`` or ``"relu"``.
    bias
        Whether to add the two trained biases.
    batch_first
        Whether inputs and outputs have shape ``(batch, time, features)`` instead of ``(time, batch, features)``;
        states keep their layout.
    dropout
        The probability of `Dropout` between layers during training.
    bidirectional
        Whether each layer also reads the sequence backwards, with a second state; outputs concatenate both.
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0
        Shapes ``(hidden_size, input_size)``, ``(hidden_size, hidden_size)`` and ``(hidden_size,)``, drawn uniformly
        from ±1 / sqrt(hidden_size). The next layers are ``_l1`` and so on, and read all outputs of the one before;
        the backward direction is ``_l0_reverse``.

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990).
    """

    gates = 1

    def __init__(
        self,
        input_size: Size,
        hidden_size: Size,
        num_layers: Size = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: Share = 0.0,
        bidirectional: bool = False,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype=dtype)

    def _sequence(self) -> Callable[..., Any]:
        return _RNNS[self.nonlinearity]

    def forward(
        self, input: TensorLike | PackedSequence, hx: TensorLike | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Read sequences of shape ``(time, batch, input_size)``, or one of shape ``(time, input_size)``.

        Parameters
        ----------
        input
            The sequences; ``(batch, time, input_size)`` with `batch_first`. Those of different lengths come in a
            `nn.utils.rnn.PackedSequence`, and so does the output.
        hx
            The initial states, shape ``(layers * directions, batch, hidden_size)``; zeros by default.

        Returns
        -------
        output
            The states of the last layer after each step, shape ``(time, batch, directions * hidden_size)``.
        h_n
            The final state of each layer and direction, in the shape of `hx`.
        """
        output, (h_n,) = self._run(input, None if hx is None else (hx,), (self.hidden_size,))
        return output, h_n

    def extra_repr(self) -> str:
        return super().extra_repr() + (", nonlinearity=relu" if self.nonlinearity == "relu" else "")


@example(
    "output, h_n = nn.GRU(3, 5, bidirectional=True)(np.zeros((7, 2, 3), np.float32))",
    "output.shape, h_n.shape",
    "((7, 2, 10), (2, 2, 5))",
)
class GRU(_Recurrent):
    """Gated recurrent unit: gates decide which parts of the state are kept and which are read.

    For each step, with σ for the sigmoid::

        r = σ(W_ir x + b_ir + W_hr h + b_hr)
        z = σ(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r * (W_hn h + b_hn))
        h = (1 - z) * n + z * h

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype
        As in `RNN`.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0
        The parameters of r, z and n, stacked along axis 0: shapes ``(3 * hidden_size, input_size)``,
        ``(3 * hidden_size, hidden_size)`` and ``(3 * hidden_size,)``; otherwise as in `RNN`.

    References
    ----------
    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
    EMNLP 2014; with the reset gate after the matrix product, as in cuDNN and PyTorch.
    """

    gates = 3

    def __init__(
        self,
        input_size: Size,
        hidden_size: Size,
        num_layers: Size = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: Share = 0.0,
        bidirectional: bool = False,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype=dtype)

    def _sequence(self) -> Callable[..., Any]:
        return gru

    def forward(
        self, input: TensorLike | PackedSequence, hx: TensorLike | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Read sequences; arguments and results are those of `RNN.forward`."""
        output, (h_n,) = self._run(input, None if hx is None else (hx,), (self.hidden_size,))
        return output, h_n


@example(
    "output, (h_n, c_n) = nn.LSTM(28, 64, batch_first=True)(np.zeros((2, 10, 28), np.float32))",
    "output.shape, h_n.shape, c_n.shape",
    "((2, 10, 64), (1, 2, 64), (1, 2, 64))",
)
class LSTM(_Recurrent):
    """Long short-term memory: a cell state that gates write to, erase and read.

    For each step, with σ for the sigmoid::

        i = σ(W_ii x + b_ii + W_hi h + b_hi)
        f = σ(W_if x + b_if + W_hf h + b_hf)
        g = tanh(W_ig x + b_ig + W_hg h + b_hg)
        o = σ(W_io x + b_io + W_ho h + b_ho)
        c = f * c + i * g
        h = o * tanh(c)

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype
        As in `RNN`.
    proj_size
        If positive, the number of features of ``h = W_hr (o * tanh(c))``, fewer than c has. The layer is then composed
        of many operations, and slower.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0
        The parameters of i, f, g and o, stacked along axis 0: shapes ``(4 * hidden_size, input_size)``,
        ``(4 * hidden_size, hidden_size)`` and ``(4 * hidden_size,)``; otherwise as in `RNN`.
    weight_hr_l0
        With a `proj_size` P: shape ``(P, hidden_size)``. Then ``weight_hh_l0`` has P columns too.

    References
    ----------
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); the forget gate: Gers et al.,
    "Learning to forget", Neural Computation 12 (2000); the projection: Sak et al., "Long short-term memory recurrent
    neural network architectures for large scale acoustic modeling", Interspeech 2014.
    """

    gates = 4

    def _sequence(self) -> Callable[..., Any]:
        return _projected if self.proj_size else lstm

    def forward(
        self, input: TensorLike | PackedSequence, hx: TensorLike | None = None
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, Tensor]]:
        """Read sequences; arguments and results are those of `RNN.forward`, but for the states.

        Parameters
        ----------
        hx
            The initial states, a pair ``(h_0, c_0)`` of shapes ``(layers * directions, batch, hidden_size)``, where h_0
            has `proj_size` features if that is positive, as the output has; zeros by default.

        Returns
        -------
        (h_n, c_n)
            The final states of each layer and direction, in the shapes of `hx`.
        """
        if hx is not None and not (isinstance(hx, tuple | list) and len(hx) == 2):
            raise TypeError(f"LSTM takes its first states as a pair (h_0, c_0), not as {type(hx).__name__}")
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)
        output, (h_n, c_n) = self._run(input, None if hx is None else tuple(hx), sizes)
        return output, (h_n, c_n)


def _projected(reverse: bool, x: Any, h: Any, c: Any, *parameters: Any) -> Any:
    return composed(projected_lstm_step, reverse, x, (h, c), parameters)
