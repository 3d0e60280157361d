"""`fit`: training in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .._arguments import explained
from .._blocks import modes_kept
from .._warnings import message
from ..distributed._processes import world
from ..module import Module
from ..random import default_generator, seed_of
from ._callbacks import Callback, check_callbacks
from ._compiled import Compile
from ._data import Batches, Rows, Source, columns_of, source_of
from ._divergence import warn
from ._evaluation import EVALUATION_BATCH, check_loss, dtype_of, trained_columns
from ._loop import TrainingLoop
from ._metrics import Metrics, named_metrics
from ._progress import Progress
from ._ranks import check_model, synchronized
from ._schedule import Schedule, ScheduleUnit, check_scheduler
from ._state import Training
from ._types import Data, Loss, Scheduler
from ._weights import ClassWeight, WeightedLoss, check_weights, class_weights

if TYPE_CHECKING:
    import pandas

    from ..optim import Optimizer

BATCH_SIZE = 32


@explained("usage of fit")
def fit(
    model: Module,
    data: Data,
    loss: Loss,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int | None = None,
    validation: Data | None = None,
    validation_split: float | None = None,
    class_weight: ClassWeight | None = None,
    sample_weight: ArrayLike | None = None,
    metrics: Metrics = (),
    scheduler: Scheduler | None = None,
    scheduler_every: ScheduleUnit = "epoch",
    callbacks: Sequence[Callback] = (),
    accumulate: int = 1,
    clip_norm: float | None = None,
    seed: int | None = None,
    rng: int | np.random.Generator | None = None,
    sentinels: bool = True,
    compile: Compile = "auto",
    reproducible: bool = False,
    verbose: bool = True,
) -> pandas.DataFrame:
    """Train a model, and return its figures epoch by epoch.

    Each step is ``optimizer.zero_grad()``, ``loss(model(x), y).backward()``, ``optimizer.step()``. Ctrl-C ends the
    training after the current step; the history is returned as always.

    Parameters
    ----------
    model
        It is in training mode during the call, except for modules that were put into evaluation mode on their own.
    data
        A tuple ``(X, y)`` of arrays of n rows, of DataFrames and Series of pandas or Polars, or of lists of numbers,
        which are shuffled and divided into batches of `batch_size`; or an iterable of batches ``(X, y)``, such as a
        `datasets.DataLoader`, which is iterated in each epoch. The model is called with all but the last, so a model
        of two inputs takes ``(X1, X2, y)``.
        Floating-point data are converted to the dtype of the parameters. The columns of a DataFrame are remembered as
        ``model.feature_names_in_``, and those of later ones are taken by name.
    loss
        A function ``(output, target)`` of one number, the mean over the rows of a batch, or, if it has
        ``reduction="sum"``, their sum.
    optimizer
        The optimizer, which has the parameters of the model.
    epochs
        The number of passes through the data.
    batch_size
        The rows of a batch where `data` are arrays, 32 by default; the last of an epoch may be smaller.
    validation
        Data to `evaluate` the model on after each epoch.
    validation_split
        In its place a fraction of `data`, if these are arrays: the last rows, before they are shuffled, which are then
        not trained with. Where the rows are sorted, split them with `datasets.train_test_split`.
    class_weight
        The weight of each class in the loss, a dict or a list by class, or ``"balanced"`` for the number of rows
        divided by those of the class and by the number of classes. The loss of a batch is then the sum of weights times
        losses of rows, divided by its rows. What is validated has no weights.
    sample_weight
        The weight of each row in the loss, where `data` are arrays.
    metrics
        Measured besides the loss: names (``"accuracy"``, ``"mae"``, ``"mse"``), functions ``(output, target)`` of
        arrays, objects such as ``nn.training.F1()``, several of these, or a dict by name.
    scheduler
        Changes the learning rate: its ``step()`` is called after each epoch. One that wants a figure to judge by,
        such as ``ReduceLROnPlateau``, is given the validation loss, or the loss where nothing is validated.
    scheduler_every
        ``"step"`` for a scheduler that counts steps.
    callbacks
        What is called between steps and epochs, in this order: see `nn.training.Callback`.
    accumulate
        The number of batches in a step. Their gradients are weighted by their rows, so that the step is that of one
        large batch.
    clip_norm
        The largest norm of all gradients together, to which larger ones are scaled; None leaves them as they are.
    seed
        For the order of the rows of arrays; by default it is drawn from the generator of `nn`, so that all repeats
        after `nn.manual_seed`.
    rng
        In place of `seed`: whatever ``numpy.random.default_rng`` takes.
    sentinels
        Whether to check some of the steps for mistakes that a training does not notice, and warn of them: see
        `nn.watch` for a list.
    compile
        Whether to record the gradient of a batch once, for each size of batches, and replay it: see `autograd.compile`.
        All figures stay the same to the last bit, as described there, and steps that are checked run as they are.
        ``"auto"`` does so where enough steps are left for it to pay, and a rehearsal has shown that nobody can tell the
        difference: model and loss only compute. True does so at once, and warns where they do something that cannot be
        recorded; ``"numba"`` does so with machine code, in which the last digits may differ.
    reproducible
        Whether the weights are the same to the last bit on any number of ranks: see `nn.distributed`. Gradients are
        computed in blocks of 32 rows then, and added up in an order that depends on the rows alone; that takes longer.
        NumPy's OpenBLAS uses one thread during the call.
    verbose
        Whether to print a line for each epoch, and show a progress bar on terminals.

    Returns
    -------
    pandas.DataFrame
        A row for each epoch, whose index is its number. ``loss`` and the metrics are means over the batches, each as
        it came, before its step; ``val_loss`` and so on are those of `validation`; ``lr`` is the learning rate of the
        first group in the last step; ``gradient_norm``, before any clipping, and ``update_ratio``, the norm of an
        update of all parameters over that of the parameters, are means over some of the steps: every fiftieth, and the
        first ten of all; ``steps`` counts those of the optimizer, ``seconds`` the time. ``history.attrs["stopped"]``
        says why it ended early, or is None; ``history.attrs["compiled"]`` is ``"yes"``, or says why steps ran as they
        are.

    Raises
    ------
    NonFiniteLossError
        If the loss becomes nan or infinite; it names the step and what is not finite first.
    TypeError, ValueError
        If the data or the options are not what is expected.

    Notes
    -----
    Under ``mpiexec`` each batch is divided between the ranks, which take the same steps: see `nn.distributed`. All need
    the same batches. Rank 0 prints and writes files; callbacks are called on all ranks.

    The mean of a metric over batches is that over rows only if the metric is one; others are a `nn.training.Metric`,
    such as precision. The same is true of a loss that divides by weights of its own.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> from datasets import make_moons, train_test_split
    >>> _ = nn.manual_seed(0)
    >>> X, X_test, y, y_test = train_test_split(*make_moons(400, noise=0.1, seed=0))
    >>> model = nn.MLP([2, 16, 2])
    >>> optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    >>> history = nn.fit(
    ...     model, (X, y), nn.CrossEntropyLoss(), optimizer, epochs=20, metrics="accuracy", verbose=False
    ... )
    >>> len(history), bool(history["accuracy"].iloc[-1] > 0.95)
    (20, True)
    >>> nn.evaluate(model, (X_test, y_test), nn.CrossEntropyLoss(), "accuracy")["accuracy"] > 0.95
    True
    """
    import pandas

    _check_counts(epochs=epochs, accumulate=accumulate, batch_size=BATCH_SIZE if batch_size is None else batch_size)
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm should be above 0, or None, not {clip_norm}")
    if compile not in (True, False, "auto", "numba"):
        raise ValueError(f'compile should be "auto", True, "numba" or False, not {compile!r}')
    check_loss(loss)
    if not hasattr(optimizer, "param_groups"):
        kind = getattr(optimizer, "__name__", optimizer)
        raise TypeError(f"optimizer should be one such as nn.optim.Adam(model.parameters()), not {kind!r}")
    check_callbacks(callbacks)
    check_scheduler(scheduler, scheduler_every, optimizer)
    dtype, columns = dtype_of(model), trained_columns(model) or columns_of(data)
    check_model(model, reproducible, compile in (True, "numba"))
    synchronized(model, loss, optimizer)
    source = source_to_train(data, epochs, batch_size, seed_of(seed, rng), dtype, columns)
    if sample_weight is not None:
        source = _with_weights(source, sample_weight)
    evaluated = None if validation is None else _validation(validation, epochs, dtype, columns)
    if validation_split is not None:
        source, evaluated = _split(source, validation_split, evaluated)
    weighted = None
    if class_weight is not None or sample_weight is not None:
        weighted = WeightedLoss(loss, None if class_weight is None else class_weights(class_weight, source))
    training = Training(
        model=model,
        loss=loss,
        optimizer=optimizer,
        scheduler=scheduler,
        epochs=epochs,
        metrics=named_metrics(metrics),
        accumulate=accumulate,
        callbacks=callbacks,
        source=source,
        progress=Progress(epochs, verbose and world().rank == 0),
        draws=int(default_generator().integers(2**32)) if reproducible else 0,
    )
    loop = TrainingLoop(
        training,
        Schedule(scheduler, scheduler_every),
        validation=evaluated,
        clip_norm=clip_norm,
        sentinels=sentinels,
        compile=compile,
        weighted=weighted,
        reproducible=reproducible,
    )
    if columns is not None:
        model.feature_names_in_ = columns
    try:
        with modes_kept(model):
            loop.run()
    except TypeError as error:
        if "forward() takes" in str(error):
            error.args = (f"{error}: the model is called with all parts of the data but the last, the target",)
        raise
    if scheduler is None and epochs > 1 and sentinels:
        _check_schedules(optimizer)
    history = pandas.DataFrame(training.history).set_index("epoch")
    history.attrs |= {"stopped": training.stopped, "compiled": loop.compiled.said}
    return history


def _check_schedules(optimizer: Any) -> None:
    """Warn of a schedule that was made for the optimizer and that nobody lets go on."""
    from ..optim.lr_scheduler._base import schedulers_of  # loaded where one was made

    made = schedulers_of(optimizer)
    if made and not any(each.last_epoch for each in made):
        warn(message("schedule", kind=type(made[0]).__name__))


def source_to_train(
    data: Any, epochs: int, batch_size: int | None, seed: int | None, dtype: Any, columns: Any
) -> Source:
    """Return the batches of the data to train with, with a seed that is drawn if none is given."""
    drawn = int(default_generator().integers(2**32)) if seed is None and isinstance(data, tuple) else seed
    source = source_of(data, BATCH_SIZE if batch_size is None else batch_size, drawn, dtype, columns)
    if isinstance(source, Batches):
        _check_iterable(data, epochs)
        given = [name for name, value in (("batch_size", batch_size), ("seed", seed)) if value is not None]
        if given:
            raise ValueError(
                f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} for arrays, but data is a "
                f"{type(data).__name__}, whose batches are taken as they come: pass {given[0]} to what makes them"
            )
    return source


def _validation(data: Any, epochs: int, dtype: Any, columns: Any) -> Source:
    source = source_of(data, EVALUATION_BATCH, None, dtype, columns)
    if not isinstance(source, Rows):
        _check_iterable(data, epochs)
    return source


def _with_weights(source: Source, sample_weight: ArrayLike) -> Rows:
    if not isinstance(source, Rows):
        raise TypeError(
            "sample_weight is for arrays: where data are batches, have the loss weight them, or pass class_weight"
        )
    weights = np.asarray(sample_weight)
    if weights.shape != (source.rows,):
        raise ValueError(f"sample_weight has shape {weights.shape}, for {source.rows} rows: give one number for each")
    check_weights("sample_weight", weights)
    return Rows(source.arrays, source.batch_size, source.seed, weights)


def _split(source: Source, fraction: float, evaluated: Source | None) -> tuple[Source, Source]:
    if evaluated is not None:
        raise ValueError("validation and validation_split are given: pass one of them")
    if not isinstance(source, Rows):
        raise TypeError(
            "validation_split divides arrays: where data are batches, make two loaders, as of datasets.random_split"
        )
    return source.split(fraction, EVALUATION_BATCH)


def _check_iterable(data: Any, epochs: int) -> None:
    if isinstance(data, Iterator) and epochs > 1:
        raise TypeError(
            f"a {type(data).__name__} can be gone through once, not in each of {epochs} epochs: pass a list, or an "
            f"object with __iter__ such as datasets.batches(X, y, batch_size=32)"
        )


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or count < 1:
            remedy = (
                f": write {int(count)}, which // gives, and not /" if isinstance(count, float) and count >= 1 else ""
            )
            raise ValueError(f"{name} should be a whole number of at least 1, not {count!r}{remedy}")
