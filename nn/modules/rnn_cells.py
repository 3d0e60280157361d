"""Recurrent cells: one step of a recurrent layer, for a loop written by hand."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor

from .. import init
from .._arguments import Size, TensorLike, example
from ..functional._kernels.operands import as_floating, not_real
from ..functional._rnn_steps import gru_step, lstm_step, rnn_relu_step, rnn_tanh_step
from ..module import Module
from ..parameter import Parameter

_STEPS = {"tanh": rnn_tanh_step, "relu": rnn_relu_step}


class _Cell(Module):
    """Base class of recurrent cells: the parameters and the checks; a subclass sets its number of gates."""

    gates: ClassVar[int]
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(self, input_size: Size, hidden_size: Size, bias: bool = True, dtype: DTypeLike | None = None) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = self.gates * hidden_size
        self.weight_ih = Parameter(np.zeros((rows, input_size), np.float32), dtype=dtype)
        self.weight_hh = Parameter(np.zeros((rows, hidden_size), np.float32), dtype=dtype)
        self.bias_ih = Parameter(np.zeros(rows, np.float32), dtype=dtype) if bias else None
        self.bias_hh = Parameter(np.zeros(rows, np.float32), dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for the parameters from the generator that `nn.manual_seed` seeds."""
        init.draw_within(self.hidden_size, *self.parameters())

    def _parameters(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _checked(self, x: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the input and the states, zeros instead of None, or raise if they do not fit."""
        name = type(self).__name__
        x = as_floating(name, "input", x, self.weight_ih)
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{name} has an input of shape {x.shape}: it takes (batch, {self.input_size}), or ({self.input_size},)"
            )
        shape = (*x.shape[:-1], self.hidden_size)
        zeros = np.zeros(shape, np.result_type(x.dtype, self.weight_hh.dtype))
        arrays = [x, *(zeros if h is None else as_floating(name, "a state", h, x) for h in states)]
        for array in arrays:
            if array is not x and array.shape != shape:
                raise ShapeError(f"{name} has a state of shape {array.shape}: for this input it takes {shape}")
            if array.dtype.kind != "f":
                raise not_real(name, "an argument", array)
        return tuple(arrays)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(_Cell):
    """One step of an `RNN`: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Parameters
    ----------
    input_size, hidden_size
        The number of features of the input and of the state.
    bias
        Whether to add the two trained biases.
    nonlinearity
        ``"tanh"`` or ``"relu"``.
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh
        Shapes ``(hidden_size, input_size)``, ``(hidden_size, hidden_size)`` and ``(hidden_size,)``, drawn uniformly
        from ±1 / sqrt(hidden_size).

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> cell, h = nn.RNNCell(3, 5), None
    >>> for x in np.zeros((7, 2, 3), np.float32):
    ...     h = cell(x, h)
    >>> h.shape
    (2, 5)
    """

    gates = 1

    def __init__(
        self,
        input_size: Size,
        hidden_size: Size,
        bias: bool = True,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: TensorLike, hx: TensorLike | None = None) -> Tensor:
        """Return the next state, shape ``(batch, hidden_size)``, or ``(hidden_size,)`` for one input.

        The input has shape ``(batch, input_size)``, or ``(input_size,)``; None stands for a state of zeros.
        """
        return _STEPS[self.nonlinearity](*self._checked(input, (hx,)), *self._parameters())[0]

    def extra_repr(self) -> str:
        return super().extra_repr() + (", nonlinearity=relu" if self.nonlinearity == "relu" else "")


@example("nn.GRUCell(3, 5)(np.zeros((2, 3), np.float32)).shape", "(2, 5)")
class GRUCell(_Cell):
    """One step of a `GRU`, whose docstring has the formula.

    Parameters
    ----------
    input_size, hidden_size, bias, dtype
        As in `RNNCell`.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh
        The parameters of r, z and n, stacked along axis 0: ``3 * hidden_size`` rows; otherwise as in `RNNCell`.
    """

    gates = 3

    def forward(self, input: TensorLike, hx: TensorLike | None = None) -> Tensor:
        """Return the next state; see `RNNCell.forward`."""
        return gru_step(*self._checked(input, (hx,)), *self._parameters())[0]


@example("h, c = nn.LSTMCell(3, 5)(np.zeros((2, 3), np.float32))", "h.shape, c.shape", "((2, 5), (2, 5))")
class LSTMCell(_Cell):
    """One step of an `LSTM`, whose docstring has the formula.

    Parameters
    ----------
    input_size, hidden_size, bias, dtype
        As in `RNNCell`.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh
        The parameters of i, f, g and o, stacked along axis 0: ``4 * hidden_size`` rows; otherwise as in `RNNCell`.
    """

    gates = 4

    def forward(self, input: TensorLike, hx: TensorLike | None = None) -> tuple[Tensor, Tensor]:
        """Return the next hidden state and cell state, given the pair `hx`; see `RNNCell.forward`."""
        if hx is not None and not (isinstance(hx, tuple | list) and len(hx) == 2):
            raise TypeError(f"LSTMCell takes its state as a pair (h, c), not as {type(hx).__name__}")
        return lstm_step(*self._checked(input, (None, None) if hx is None else tuple(hx)), *self._parameters())
