"""Connectionist temporal classification (CTC): the likelihood of a sequence of labels, over all alignments in time."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import BatchError, DtypeError, ShapeError, Tensor, extend, general, is_grad_enabled, vjp
from autograd.extend import ARRAY_TYPES, as_array, borrow, innermost, whole

from .._arguments import Array, TensorLike
from ._kernels.loss_operands import Reduction, check_reduction, reduced
from ._kernels.operands import as_operand, as_real, in_single

_NEVER = -1e30  # stands for the logarithm of 0: sums of it are finite, so that no difference of two is nan
_FEW = 2000  # number of states up to which call overhead is much of the time of a step
_NOTHING = -700.0  # smaller terms add nothing, and exponentials that underflow take five times as long


@in_single
def ctc_loss(
    log_probs: TensorLike,
    targets: TensorLike,
    input_lengths: TensorLike,
    target_lengths: TensorLike,
    blank: int = 0,
    reduction: Reduction = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Return the CTC loss: minus the log-likelihood of label sequences, summed over all their alignments in time.

    Every step emits a label or a blank. Merging equal neighbours, then dropping the blanks, turns emissions into a
    label sequence. The sum over all emissions is computed by a recursion over time in logarithms, in double precision.

    Parameters
    ----------
    log_probs
        Log-probabilities of the classes at each step, as `log_softmax` gives them: shape ``(steps, n, classes)``, or
        ``(steps, classes)`` for one sequence. The gradient is taken with respect to them; PyTorch's is correct only
        after it has passed through `log_softmax`.
    targets
        Labels, integers other than `blank`: shape ``(n, longest)``, where entries beyond a sequence's length do not
        count, or all sequences one after another, ``(sum of target_lengths,)``. For one sequence ``(length,)``.
    input_lengths, target_lengths
        The numbers of steps and of labels of each sequence: integers of shape ``(n,)``, or ``()`` for one sequence.
    blank
        The class of blanks.
    reduction
        ``"none"`` for the loss of each sequence, ``"sum"``, or ``"mean"``, which divides each loss by the number of its
        labels first.
    zero_infinity
        Whether an infinite loss counts as 0.

    Returns
    -------
    Tensor
        One element, or for ``"none"`` shape ``(n,)``. A sequence that cannot be emitted, because it has fewer steps
        than labels and blanks between equal ones, has loss inf and gradient 0: no log-probability would change it.

    Raises
    ------
    ValueError
        If lengths are out of range, or a target holds the blank.
    IndexError
        If a label is not the index of a class.
    ShapeError, DtypeError
        If shapes or dtypes do not fit.

    References
    ----------
    Graves et al., "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
    Networks", ICML 2006.

    Examples
    --------
    Two steps emit "1" as 1-1, 0-1 or 1-0, each with probability 1/4:

    >>> import numpy as np
    >>> import nn.functional as F
    >>> float(np.exp(-F.ctc_loss(np.log(np.full((2, 2), 0.5)), np.array([1]), 2, 1)).round(4))
    0.75
    """
    check_reduction(reduction)
    log_probs = as_real("ctc_loss", "log_probs", log_probs)
    if log_probs.ndim not in (2, 3):
        raise ShapeError(
            f"ctc_loss has log_probs of shape {log_probs.shape}: it should be (steps, n, classes) or (steps, classes)"
        )
    shape = log_probs.shape[1:-1]
    rows = log_probs if shape else log_probs[:, None]
    steps, n, classes = rows.shape
    if not 0 <= blank < classes:
        raise ValueError(f"ctc_loss has blank={blank}, but there are {classes} classes")
    inputs = _lengths("input_lengths", input_lengths, shape, 1, steps)
    labels, lengths = _read_targets(targets, target_lengths, shape, n)
    _check_labels(labels, lengths, classes, blank)
    losses = _losses(rows, labels, lengths, inputs, blank)
    if zero_infinity:
        losses = np.where(np.isinf(borrow(losses)), 0, losses)
    if reduction == "mean":
        losses = losses / np.maximum(lengths, 1).astype(losses.dtype)
    return reduced(losses.reshape(shape), reduction)


def _losses(rows: Any, labels: Any, lengths: Any, inputs: Any, blank: int) -> Any:
    """Return the loss of each sequence; those of all elements of a batch of `vmap` are computed together."""
    level: Any = innermost(rows, labels, lengths, inputs)
    if level is None:
        derived = isinstance(rows, Tensor) and rows.requires_grad and is_grad_enabled()
        return _ctc(rows, _Paths.of(labels, lengths, inputs, blank, derived))
    n = rows.shape[1]
    rows = rows + extend.enter_batch(np.zeros((level.size, 1, 1, 1), rows.dtype), level)  # for each element its own
    rows = _side_by_side(rows, level)
    labels, lengths, inputs = (
        every.reshape(level.size * n, *every.shape[2:])
        for every in (extend.leave_batch(each, level) for each in (labels, lengths, inputs))
    )
    return extend.enter_batch(_losses(rows, labels, lengths, inputs, blank).reshape(level.size, n), level)


def _side_by_side(rows: Any, level: Any) -> Any:
    """Return the sequences of all elements of a batch as those of one."""
    every = np.moveaxis(extend.leave_batch(rows, level), 0, 1)
    return every.reshape(len(every), level.size * every.shape[2], every.shape[3])


class _Paths:
    """The states that emissions pass through: a blank, the first label, a blank, and so on to the last blank.

    Attributes
    ----------
    classes
        The class that each state emits, shape ``(n, states)``; a blank beyond the end of a target.
    jumps
        0 where a state can be reached from the second before it, else `_NEVER`: the blank between labels that differ
        may be skipped.
    ends
        The last state of each target.
    last
        The last step of each sequence.
    derived
        Whether a gradient is likely to be needed.
    emitted, alphas, betas
        The log-probabilities of the states' emissions, and of reaching each state and of going on from it (forward and
        backward variables): the loss leaves them for its derivative, `betas` only if `derived` and small.
    together
        Of a batch of `vmap`: its level, and the paths of the sequences of all elements.
    """

    def __init__(
        self, classes: Array, jumps: Array, ends: Array, last: Array, blank: int, derived: bool = False
    ) -> None:
        self.classes, self.jumps, self.ends, self.last, self.blank = classes, jumps, ends, last, blank
        self.derived = derived
        self.emitted = self.alphas = np.empty(0)
        self.betas: Array | None = None
        self.together: Any = None

    @staticmethod
    def of(labels: Array, lengths: Array, inputs: Array, blank: int, derived: bool = False) -> _Paths:
        """Return the paths for labels, a row for each sequence, of which `lengths` labels and `inputs` steps count."""
        n, longest = labels.shape
        classes = np.full((n, 2 * longest + 1), blank)
        classes[:, 1::2] = np.where(np.arange(longest) < lengths[:, None], labels, blank)
        jumps = np.full(classes.shape, _NEVER)
        jumps[:, 3::2][classes[:, 3::2] != classes[:, 1:-2:2]] = 0
        return _Paths(classes, jumps, 2 * lengths, inputs - 1, blank, derived)

    def repeated(self, count: int) -> _Paths:
        """Return these paths several times, one after another."""
        classes, jumps = (np.tile(each, (count, 1)) for each in (self.classes, self.jumps))
        return _Paths(classes, jumps, np.tile(self.ends, count), np.tile(self.last, count), self.blank, self.derived)

    @property
    def rows(self) -> Array:
        return np.arange(len(self.ends))


def _likeliest(values: Any) -> Any:
    """Return log-probabilities as finite numbers in double precision."""
    return np.maximum(values.astype(np.float64), _NEVER)


def _accumulated(emitted: Any, jumps: Array, begin: Array, start: Array) -> Array:
    """Return the log-probability of all emissions that lead to each state, after each step.

    A state is reached from itself, from the one before, or by a jump from the second before. Row i begins at step
    ``begin[i]`` in the states where ``start[i]`` is 0.
    """
    steps, n, states = emitted.shape
    found = np.full((steps, n, states + 2), _NEVER)  # two unreachable states come before the first
    origins = np.moveaxis(np.lib.stride_tricks.sliding_window_view(found, states, axis=2), 2, 1)
    costs = np.stack([jumps, np.zeros_like(jumps), np.zeros_like(jumps)])
    terms, top, total = np.empty_like(costs), np.empty_like(jumps), np.empty_like(jumps)
    beginning = {t: np.flatnonzero(begin == t) for t in set(begin.tolist())}
    for t in range(steps):
        if t:
            np.add(origins[t - 1], costs, terms)
            np.maximum.reduce(terms, 0, out=top)
            terms -= top
            np.maximum(terms, _NOTHING, out=terms)
            np.exp(terms, terms)
            np.add.reduce(terms, 0, out=total)
            np.log(total, total)
            total += top
            np.add(total, emitted[t], found[t, :, 2:])
        if t in beginning:
            rows = beginning[t]
            found[t, rows, 2:] = start[rows] + emitted[t, rows]
    return found[:, :, 2:]


def _states(n: int, states: int, *lists: Array) -> Array:
    """Return 0 for the given states of each row, `_NEVER` for the others; those below 0 do not exist."""
    chosen = np.full((n, states + 1), _NEVER)
    for each in lists:
        chosen[np.arange(n), each + 1] = 0
    return chosen[:, 1:]


def _forward(log_probs: Any, paths: _Paths) -> Any:
    """Return the losses; leave the emissions, and the probabilities of reaching each state, for the rule."""
    paths.together = None
    if type(log_probs) not in ARRAY_TYPES:  # the sequences of all elements of a batch of vmap have the same targets
        level: Any = innermost(log_probs)
        paths.together = level, paths.repeated(level.size)
        losses = _ctc(_side_by_side(log_probs, level), paths.together[1])
        return extend.enter_batch(losses.reshape(level.size, len(paths.ends)), level)
    emitted = _likeliest(log_probs[:, paths.rows[:, None], paths.classes])
    if paths.derived and paths.classes.size < _FEW:  # both directions in one loop
        ways = zip(_onward(emitted, paths), _backward(emitted, paths), strict=True)
        found = _accumulated(*(np.concatenate(pair, axis=int(pair[0].ndim == 3)) for pair in ways))
        alphas, betas = found[:, : len(paths.rows)], _turned(found[:, len(paths.rows) :])
    else:
        alphas, betas = _accumulated(*_onward(emitted, paths)), None
    paths.emitted, paths.alphas, paths.betas = emitted, alphas, betas
    n, states = paths.classes.shape
    final = alphas[paths.last, paths.rows] + _states(n, states, paths.ends, paths.ends - 1)
    total = np.logaddexp.reduce(final, axis=1)
    return np.where(total > _NEVER / 2, -total, np.inf).astype(log_probs.dtype)


def _onward(emitted: Array, paths: _Paths) -> tuple[Array, ...]:
    """Return the arguments of `_accumulated` for the log-probabilities of reaching each state."""
    n, states = paths.classes.shape
    first = np.zeros(n, np.intp)
    return emitted, paths.jumps, first, _states(n, states, first, np.minimum(first + 1, states - 1))


def _backward(emitted: Array, paths: _Paths) -> tuple[Array, ...]:
    """Return its arguments for the log-probabilities of emitting the rest of a target, from each step and state on.

    This is the same recursion in reverse, from the last state, where a jump comes from two states later.
    """
    n, states = paths.classes.shape
    jumps = np.full((n, states), _NEVER)
    jumps[:, 2:] = paths.jumps[:, :1:-1]
    start = _states(n, states, paths.ends, paths.ends - 1)[:, ::-1]
    return emitted[::-1, :, ::-1], jumps, len(emitted) - 1 - paths.last, start


def _rule(g: Any, log_probs: Any, out: Any, paths: _Paths) -> Any:
    """Return minus the probability that a step emits a class, given that the target is emitted."""
    if paths.together is not None:
        level, repeated = paths.together
        g, out = (extend.leave_batch(each, level).reshape(-1) for each in (g, out))
        gradient = _rule(g, _side_by_side(log_probs, level), out, repeated)
        gradient = gradient.reshape(len(gradient), level.size, len(paths.ends), gradient.shape[2])
        return extend.enter_batch(np.moveaxis(gradient, 1, 0), level)
    if isinstance(g, Tensor) or isinstance(log_probs, Tensor):
        return vjp(lambda x: _composed(x, paths), log_probs)[1](g)[0]
    if type(g) not in ARRAY_TYPES:  # of a batch of vmap
        return _rule(np.ones(out.shape, g.dtype), log_probs, out, paths) * g[:, None]
    betas = paths.betas
    if betas is None:
        betas = _turned(_accumulated(*_backward(paths.emitted, paths)))
    shares = paths.alphas + betas
    shares -= paths.emitted  # both include the emission of the step itself
    shares += np.where(np.isinf(out), _NEVER, out)[:, None]
    some = shares > _NOTHING
    np.exp(np.maximum(shares, _NOTHING, out=shares), shares)
    shares *= some
    shares *= -g[:, None]
    gradient = np.zeros(log_probs.shape, log_probs.dtype)
    gradient[:, :, paths.blank] = shares[:, :, ::2].sum(axis=2)
    places = (paths.rows * log_probs.shape[2])[:, None] + paths.classes[:, 1::2]
    every = np.arange(len(gradient))[:, None, None] * gradient[0].size + places
    np.add.at(gradient.reshape(-1), every.reshape(-1), shares[:, :, 1::2].astype(gradient.dtype).reshape(-1))
    return gradient


def _turned(found: Array) -> Array:
    """Reverse the steps and states of a result back to their order."""
    return found[::-1, :, ::-1]


def _composed(log_probs: Any, paths: _Paths) -> Any:
    """Return the losses by recorded operations, for derivatives of higher order."""
    emitted = _likeliest(log_probs[:, paths.rows[:, None], paths.classes])
    steps, n, states = emitted.shape
    never = np.full((n, max(states, 2)), _NEVER)
    alpha = np.concatenate([emitted[0, :, :2], never[:, 2:states]], axis=1)
    alphas = [alpha]
    for t in range(1, steps):
        padded = np.concatenate([never[:, :2], alpha], axis=1)
        moved = np.logaddexp(np.logaddexp(alpha, padded[:, 1:-1]), padded[:, :-2] + paths.jumps)
        alpha = moved + emitted[t]
        alphas.append(alpha)
    final = np.concatenate([never[:, :1], np.stack(alphas)[paths.last, paths.rows]], axis=1)
    total = np.logaddexp(final[paths.rows, paths.ends + 1], final[paths.rows, paths.ends])
    possible = (borrow(total)) > _NEVER / 2
    return np.where(possible, -total, np.inf).astype(log_probs.dtype)


_ctc = general(_forward, _rule, name="ctc_loss")


def _integers(name: str, values: Any) -> Array:
    array = as_array(borrow(as_operand("ctc_loss", name, values)))
    if array.size == 0 or (name == "targets" and array.dtype.kind == "f" and whole(array == np.trunc(array)).all()):
        array = array.astype(np.intp)
    if array.dtype.kind not in "iu":
        raise DtypeError(f"ctc_loss needs {name} that are integers, but they have dtype {array.dtype}")
    return array.astype(np.intp)


def _lengths(name: str, values: Any, shape: tuple[int, ...], least: int, most: int) -> Array:
    """Return a length for each sequence."""
    lengths = _integers(name, values)
    if lengths.shape != shape:
        raise ShapeError(f"ctc_loss has {name} of shape {lengths.shape}, but the shape of the sequences is {shape}")
    if whole((lengths < least) | (lengths > most)).any():
        raise ValueError(f"ctc_loss has {name} {whole(lengths).tolist()}, which should be from {least} to {most}")
    return lengths.reshape(-1)


def _read_targets(targets: Any, target_lengths: Any, shape: tuple[int, ...], n: int) -> tuple[Array, Array]:
    """Return the labels, a row for each sequence, and the length of each."""
    labels = _integers("targets", targets)
    if not shape and labels.ndim == 1:
        labels = labels[None]
        return labels, _lengths("target_lengths", target_lengths, shape, 0, labels.shape[1])
    if labels.ndim == 2 and shape == labels.shape[:1]:
        return labels, _lengths("target_lengths", target_lengths, shape, 0, labels.shape[1])
    if labels.ndim != 1:
        expected = "(n, longest) or (sum of target_lengths,)" if shape else "(length,)"
        raise ShapeError(f"ctc_loss has targets of shape {labels.shape} for {n} sequences: it should be {expected}")
    lengths = _lengths("target_lengths", target_lengths, shape, 0, labels.size)
    if innermost(lengths) is not None:
        raise BatchError(
            "ctc_loss has targets one after another, with lengths that differ between the elements of the batch of "
            "vmap: give targets of shape (n, longest)"
        )
    if lengths.sum() != labels.size:
        raise ShapeError(
            f"ctc_loss has {labels.size} targets one after another, but target_lengths sum to {lengths.sum()}"
        )
    padded = np.zeros((n, int(lengths.max(initial=0))), np.intp, like=labels)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = labels
    return padded, lengths


def _check_labels(labels: Array, lengths: Array, classes: int, blank: int) -> None:
    """Raise unless each label of each target is a class other than the blank."""
    used = np.arange(labels.shape[1]) < lengths[:, None]
    wrong = whole(used & ((labels < 0) | (labels >= classes)))
    if wrong.any():
        found = np.broadcast_to(whole(labels), wrong.shape)[wrong][0]
        raise IndexError(f"ctc_loss has the label {found}, but there are {classes} classes")
    if whole(used & (labels == blank)).any():
        raise ValueError(f"ctc_loss has targets that hold the blank, {blank}: labels are the other classes")
