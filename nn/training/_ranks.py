"""Ranks: what the training loop does where several processes, or blocks of rows, make the gradient of a step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import numpy as np

from autograd import gradients
from autograd.extend import borrow, set_gradient_buffer

from ..distributed._blocks import Lockstep, TreeSum, blocks_of, share_of, total_over_blocks
from ..distributed._collectives import add_up, gather, gather_objects, gather_rows, spread_object
from ..distributed._data_parallel import DataParallel
from ..distributed._gradients import (
    add_up_gradients,
    checksum,
    equalize,
    equalize_parameters,
    own_buffers,
    spread_buffers,
)
from ..distributed._launch import end_job, limit_threads
from ..distributed._processes import world
from ..distributed._sync_batchnorm import SyncBatchNorm, counting_for_nothing
from ..module import Module
from ..modules.batchnorm import BatchNorm1d
from ..random import RowShare, default_generator, drawing_for_rows, drawing_from
from ._callbacks import Callback
from ._data import Batch, LazyBatch, Rows, checksum_of
from ._divergence import NonFiniteLossError, divergence
from ._metrics import Totals
from ._sentinels import trainable_parameters
from ._state import Training

AddGradient = Callable[[Batch, float, bool], None]


def synchronized(model: Module, loss: Any, optimizer: Any) -> None:
    """Give all ranks the parameters and the generator of rank 0, and check that they are about to train the same."""
    if world().size == 1:
        return
    options = [
        f"{type(optimizer).__name__} with {name}={value}"
        for group in optimizer.param_groups
        for name, value in group.items()
        if name != "params"
    ]
    equalize(model, "\n".join(options))
    if isinstance(loss, Module):
        equalize(loss)
    equalize_parameters(_others(trainable_parameters(model, loss), optimizer))
    default_generator().bit_generator.state = spread_object(default_generator().bit_generator.state)


def _others(named: Sequence[tuple[str, Any]], optimizer: Any) -> list[tuple[str, Any]]:
    """Return the parameters that the optimizer has besides those of the model and the loss."""
    known = {id(parameter) for _, parameter in named}
    own = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return [
        (f"parameter {i} of the optimizer", parameter)
        for i, parameter in enumerate(own)
        if id(parameter) not in known and parameter.requires_grad
    ]


def check_model(model: Module, reproducible: bool, compiled: bool) -> None:
    """Raise where the model has what blocks of rows, or compiled programs, cannot compute together."""
    synced = any(isinstance(module, SyncBatchNorm) for module in model.modules())
    if compiled and (reproducible or (synced and world().size > 1)):
        with_what = "reproducible=True" if reproducible else "SyncBatchNorm on several ranks"
        raise ValueError(f"compile=True does not go with {with_what}: the steps of a program cannot wait for others")
    plain = [
        (path, type(module).__name__)
        for path, module in model.named_modules()
        if isinstance(module, BatchNorm1d) and not isinstance(module, SyncBatchNorm)
    ]
    if reproducible and plain:
        raise ValueError(
            f"{plain[0][0] or 'the model'} is a {plain[0][1]}, whose statistics would be those of one block of rows: "
            f"with reproducible=True use nn.distributed.convert_sync_batchnorm(model)"
        )


class Ranks:
    """The gradient of a step by all ranks together; what they decide is the same on each of them.

    Parameters
    ----------
    training
        The training.
    add_gradient
        What adds the gradient of a batch in one process, and raises `NonFiniteLossError`.
    loss_of
        Returns the loss of an output and a batch, and raises, if asked to, unless it is one number.
    reproducible
        Whether gradients are computed in blocks of rows: see `nn.distributed`.
    """

    def __init__(
        self,
        training: Training,
        add_gradient: AddGradient,
        loss_of: Callable[[Any, Batch, bool], Any],
        reproducible: bool,
    ) -> None:
        self.training, self._add_gradient, self.loss_of, self.reproducible = (
            training,
            add_gradient,
            loss_of,
            reproducible,
        )
        self.named: list[tuple[str, Any]] = []
        self.synced = any(isinstance(module, SyncBatchNorm) for module in training.model.modules())
        self._own_buffers = own_buffers(training.model)
        if isinstance(training.source, Rows):
            training.source.is_lazy = True
        self._agreed: BaseException | None = None
        self._asked = any(type(callback).on_step is not Callback.on_step for callback in training.callbacks)

    def begin_epoch(self, named: Sequence[tuple[str, Any]]) -> None:
        """Take the parameters that are trained, with their names; those that only the optimizer knows come too."""
        self.named = [*named, *_others(named, self.training.optimizer)]

    def _parameters(self) -> list[Any]:
        return [parameter for _, parameter in self.named]

    # Decisions

    @contextmanager
    def ending_together(self) -> Iterator[None]:
        """End all ranks by an error that only this one may have: the others would wait for it forever."""
        with ExitStack() as stack:
            if isinstance(self.training.model, DataParallel):
                stack.enter_context(self.training.model.no_sync())  # the gradients are added up here
            if self.reproducible:  # products are rounded otherwise where more threads share them
                threads = limit_threads(1)
                if threads is not None:
                    stack.callback(limit_threads, threads)
            try:
                yield
            except BaseException as error:
                if world().size > 1 and error is not self._agreed:
                    end_job(error)
                raise

    def _raise(self, error: BaseException) -> None:
        self._agreed = error
        raise error

    def is_finite(self, value: float) -> bool:
        """Tell whether a loss is finite; of all ranks, where the backward pass needs them all."""
        finite = math.isfinite(value)
        if world().size == 1 or not self.synced or self.reproducible:
            return finite
        odd = np.array([float(not finite)])
        add_up(odd)
        return not odd[0]

    def agree_on_end(self, after_step: bool) -> None:
        """Stop on all ranks what a callback has stopped on one."""
        training = self.training
        if world().size == 1 or (after_step and not self._asked):
            return
        stopped = np.array([float(training.stopped is not None)])
        add_up(stopped)
        if stopped[0]:
            training.stopped = next(reason for reason in gather_objects(training.stopped) if reason is not None)

    # A step

    def add_gradients(self, group: Sequence[Batch], checked: bool, interrupted: bool) -> bool:
        """Add the gradients of a step, and its figures to those of the epoch; return whether Ctrl-C was pressed."""
        if checked:
            self._compare(group)
        totals = self.training.sums.totals
        self.training.sums.totals = totals.part()
        odd: NonFiniteLossError | None = None
        try:
            odd = self._in_blocks(group) if self.reproducible else self._in_shares(group, checked)
        finally:
            own, self.training.sums.totals = self.training.sums.totals, totals
        header = self._exchange(True, odd, interrupted, own)
        totals.add_vector(header[3 : 3 + own.vector().size])
        if totals.running and not self.reproducible:
            _measure(totals, own.kept)
        if self._own_buffers and world().size > 1:
            spread_buffers(self._own_buffers)
        return bool(header[2])

    def end_epoch(self) -> None:
        """Check that no rank has batches left."""
        own = self.training.sums.totals.part()
        parameters = self._parameters()
        kept = [parameter.grad for parameter in parameters]  # of the last step, which callbacks may want
        for parameter in parameters:
            parameter.grad = None
        self._exchange(False, None, False, own)
        for parameter, gradient in zip(parameters, kept, strict=True):
            parameter.grad = gradient

    def _exchange(
        self, going_on: bool, odd: NonFiniteLossError | None, interrupted: bool, totals: Totals
    ) -> np.ndarray[Any, Any]:
        """Add up gradients, and return the sums over all ranks of what each knows of its step.

        Raise where one of them cannot go on.
        """
        size = world().size
        header = np.array([going_on, odd is not None, interrupted, *totals.vector()], np.float64)
        if self.reproducible:
            add_up(header, "a step of fit")
        else:
            parameters = self._parameters()
            header = np.concatenate([header, np.zeros(len(parameters))])
            add_up_gradients(parameters, header)
        if header[0] not in (0, size):
            self._raise(
                ValueError(
                    f"{int(header[0])} of {size} ranks have more batches than the others: all need the same data, an "
                    f"iterable that is made with a fixed seed, such as datasets.batches(X, y, batch_size=32, seed=0)"
                )
            )
        if header[1]:
            messages = gather_objects(None if odd is None else str(odd))
            self._raise(NonFiniteLossError(next(message for message in messages if message is not None)))
        return header

    def _compare(self, group: Sequence[Batch]) -> None:
        """Raise if the ranks were given different batches, or have come to different weights."""
        if world().size == 1:
            return
        sums = [checksum_of(batch) for batch in group]
        weights = checksum(self._parameters())
        found = gather(np.array([sum(sums) & 0xFFFFFFFF, weights]))
        for column, message in enumerate(
            (
                "was given other batches than rank 0: fit divides each batch between the ranks, so all need the same. "
                "Make an iterable with a fixed seed, such as datasets.batches(X, y, batch_size=32, seed=0), and give "
                "it no DistributedSampler",
                "has come to other weights than rank 0: a callback, a layer or the loss computes something else there",
            )
        ):
            other = np.flatnonzero(found[:, column] != found[0, column])
            if other.size:
                self._raise(ValueError(f"rank {other[0]} {message}"))

    # Gradients of shares of rows, one for each rank

    def _in_shares(self, group: Sequence[Batch], checked: bool) -> NonFiniteLossError | None:
        training, ranks = self.training, world()
        rows = sum(batch.rows for batch in group)
        summed = training.sums.totals.summed
        for batch in group:
            own = share_of(batch.rows, ranks.rank, ranks.size)
            part = _rows_of(batch, slice(own.start, own.stop) if own else slice(0, 2))
            share = RowShare(own.start if own else 0, part.rows, batch.rows, ranks.rank)
            weight = (1.0 if summed else part.rows / rows) if own else 0.0
            totals = training.sums.totals
            if not own:
                training.sums.totals = totals.part()  # which counts for nothing
            with ExitStack() as stack:
                stack.enter_context(drawing_for_rows(share))
                if not own:
                    stack.enter_context(counting_for_nothing())
                try:
                    self._add_gradient(part, weight, checked)
                except NonFiniteLossError as error:
                    return error
                finally:
                    training.sums.totals = totals
        return None

    # Gradients of blocks of rows, whichever rank computes them

    def _in_blocks(self, group: Sequence[Batch]) -> NonFiniteLossError | None:
        training, parameters = self.training, self._parameters()
        rows = sum(batch.rows for batch in group)
        for parameter in parameters:
            set_gradient_buffer(parameter, None)  # rules multiply otherwise where they write to one, as one block might
        odd = None
        totals: list[Any] = []
        used = np.zeros(len(parameters))
        for place, batch in enumerate(group):
            computed = _BlocksOfBatch(self, parameters, batch, place, rows)
            odd = odd or computed.odd
            used += computed.used
            totals = [np.add(a, b, a) for a, b in zip(totals, computed.totals, strict=False)] or computed.totals
            for vector in computed.figures:
                training.sums.totals.add_vector(vector)
            if training.sums.totals.running:
                _measure(training.sums.totals, computed.kept)
        if world().rank:
            training.sums.totals.set_vector(training.sums.totals.vector() * 0)  # which rank 0 adds for all
        add_up(used)
        for number, indices in enumerate(_by_dtype(parameters)):
            ends = np.cumsum([parameters[i].size for i in indices])[:-1]
            for i, part in zip(indices, np.split(totals[number], ends), strict=True):
                if used[i]:
                    parameters[i].grad = part.reshape(parameters[i].shape, order=_order(parameters[i]))
        return odd


class _BlocksOfBatch:
    """The sums over the blocks of one batch.

    Attributes
    ----------
    totals
        The gradient, flat, for each group of parameters of one dtype.
    used
        For each parameter, whether a block of this rank uses it.
    figures
        For each block of the batch, whichever rank computed it, what `Totals` adds up.
    kept
        The outputs and targets of the blocks of this rank, where metrics need them.
    odd
        The error for the first loss of this rank that is not finite.
    """

    def __init__(self, ranks: Ranks, parameters: Sequence[Any], batch: Batch, place: int, rows: int) -> None:
        blocks = blocks_of(batch.rows)
        own = share_of(len(blocks), world().rank, world().size)
        self._ghost = not own and ranks.synced
        self._ranks, self._parameters, self._rows, self._place = ranks, parameters, rows, place
        self._batch, self._blocks, self._numbers = batch, blocks, list(own) or [0] * self._ghost
        self._groups = _by_dtype(parameters)
        self._trees = [TreeSum(len(blocks)) for _ in self._groups]
        self.used = np.zeros(len(parameters))
        self.odd: NonFiniteLossError | None = None
        self.kept: list[tuple[Any, Any]] = []
        self._own_figures = np.empty((0, ranks.training.sums.totals.vector().size))
        if ranks.synced and self._numbers:
            self._together()
        else:
            for number in self._numbers:
                self._take(number, *self._gradient_of(number, None))
        self.totals = [
            total_over_blocks(tree, len(blocks), sum(parameters[i].size for i in indices), parameters[indices[0]].dtype)
            for tree, indices in zip(self._trees, self._groups, strict=True)
        ]
        self.figures = gather_rows(self._own_figures)

    def _together(self) -> None:
        """Compute the blocks side by side, for layers that need sums over all of them."""
        steps = Lockstep(len(self._numbers), self._ghost)
        found = steps.run(lambda i: self._gradient_of(self._numbers[i], lambda odd: steps.total(i, np.array([odd]))))
        if not self._ghost:
            for number, each in zip(self._numbers, found, strict=True):
                self._take(number, *each)

    def _gradient_of(self, number: int, agree: Callable[[float], Any] | None) -> tuple[Any, Any]:
        """Return the figures of a block, and its gradients."""
        training, block = self._ranks.training, _rows_of(self._batch, self._blocks[number])
        with ExitStack() as stack:
            stack.enter_context(drawing_from((training.draws, training.step, self._place, number)))
            if self._ghost:
                stack.enter_context(counting_for_nothing())
            output = training.model(*block.inputs)
            loss = self._ranks.loss_of(output, block, True)
            value = loss.item()
            finite = math.isfinite(value)
            figures = training.sums.totals.part()
            if not finite and not self._ghost:
                where = f"epoch {training.epoch + 1}, batch {training.batch + 1} (step {training.step + 1})"
                self.odd = self.odd or divergence(value, None, block, where, self._ranks.named)
            if (agree is not None and agree(float(not finite))[0]) or not finite:
                return figures, [None] * len(self._parameters)
            figures.add(value, output, block.target, block.rows)
            share = 1.0 if training.sums.totals.summed else block.rows / self._rows
            return figures, gradients(loss if share == 1 else loss * share, self._parameters, allow_unused=True)

    def _take(self, number: int, figures: Totals, found: Sequence[Any]) -> None:
        """Add the gradients of a block to the trees."""
        self._own_figures = np.concatenate([self._own_figures, figures.vector()[None]])
        self.kept += figures.kept or []
        for i, gradient in enumerate(found):
            self.used[i] += gradient is not None
        for tree, indices in zip(self._trees, self._groups, strict=True):
            parts = [
                np.zeros(self._parameters[i].size, self._parameters[i].dtype)
                if found[i] is None
                else np.asarray(borrow(found[i])).ravel(_order(self._parameters[i]))
                for i in indices
            ]
            tree.add(0, number, np.concatenate(parts))


def _order(parameter: Any) -> Literal["C", "F"]:
    """Return the order of memory of a parameter, which its gradients usually have too."""
    flags = borrow(parameter).flags
    return "F" if flags.f_contiguous and not flags.c_contiguous else "C"


def _measure(totals: Totals, kept: list[tuple[Any, Any]] | None) -> None:
    """Measure the outputs of all ranks together, in their order."""
    for of_rank in gather_objects(kept):
        totals.measure(of_rank)


def _by_dtype(parameters: Sequence[Any]) -> list[list[int]]:
    """Return the numbers of the parameters of each dtype."""
    groups: dict[Any, list[int]] = {}
    for i, parameter in enumerate(parameters):
        groups.setdefault(parameter.dtype, []).append(i)
    return list(groups.values())


def _rows_of(batch: Batch | LazyBatch, rows: slice) -> Batch:
    if isinstance(batch, LazyBatch):
        return batch.take(rows)
    shapes = [getattr(part, "shape", type(part).__name__) for part in (*batch.inputs, batch.target)]
    if any(shape[:1] != (batch.rows,) for shape in shapes):
        raise ValueError(
            f"a batch of {batch.rows} rows with parts of shapes {', '.join(map(str, shapes))} cannot be divided by its "
            f"rows, the first axis of each, as several ranks and reproducible=True need"
        )
    inputs = tuple(part[rows] for part in batch.inputs)
    weight = batch.weight if batch.weight is None else batch.weight[rows]
    return Batch(inputs, batch.target[rows], len(range(*rows.indices(batch.rows))), weight)
