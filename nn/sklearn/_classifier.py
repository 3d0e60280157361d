"""Classification with a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from ..functional import sigmoid, softmax
from ..module import Module
from ..modules.loss import BCEWithLogitsLoss, CrossEntropyLoss
from ..optim import Adam
from ..training import Callback
from ..training._types import Loss
from ._network import ModuleMaker, Network, OptimizerMaker, Table
from ._rows import WeightedRows, row_weights

Array = NDArray[Any]


class Classifier(ClassifierMixin, Network):  # type: ignore[misc]  # scikit-learn has no annotations
    """A classification of scikit-learn that trains a network with `nn.fit`.

    Labels may be of any type. The network has an output for each class, also where there are two: the logarithm of its
    probability, up to a number that all share. Where rows have several labels, `y` has a column of 0 and 1 for each,
    and the outputs are the logarithms of their odds. Scale the rows: a network learns slowly from numbers that are far
    from 1.

    Parameters
    ----------
    module
        What is trained: a class or a function that is called with the numbers of inputs and of classes and returns a
        module; or a module, which is copied, so that each `fit` begins with its weights. None is an `nn.MLP` with the
        widths `hidden`. It maps ``(n, inputs)`` to ``(n, classes)``, without softmax.
    hidden
        The widths of the hidden layers where no module is given; None is ``(64,)``.
    loss
        A function of outputs ``(n, classes)`` and of the numbers of the classes ``(n,)``, by default
        ``nn.CrossEntropyLoss()``; or of the columns of 0 and 1, by default ``nn.BCEWithLogitsLoss()``.
    optimizer
        A class of `nn.optim`, or another function of the parameters and of ``lr``, such as
        ``functools.partial(nn.optim.AdamW, weight_decay=0.01)``.
    learning_rate
        The learning rate.
    epochs
        The number of passes through the rows.
    batch_size
        The rows of a step.
    class_weight
        A dict with the weight of each label in the loss, where others have 1; or ``"balanced"`` for the number of rows
        divided by those of the class and by the number of classes.
    early_stopping
        Whether to hold back some of the rows, stop when their loss has not become less for some epochs, and return to
        the weights of the best. These rows are drawn at random, from each class in proportion.
    validation_fraction
        The fraction of rows that is held back.
    patience
        The number of epochs without a smaller loss.
    warm_start
        Whether `fit` goes on with the weights and the optimizer that it left. Learning rate, epochs, batches and
        callbacks may change in between.
    callbacks
        Objects of `nn.training`. Copies of them are called, which then are ``callbacks_``.
    random_state
        A number, from which initial weights, the order of rows and dropout follow. The generators of `nn` and NumPy
        are left as they are. None draws one from the generator of `nn`.
    verbose
        Whether to print a line for each epoch.

    Notes
    -----
    After `fit`, ``module_`` is the trained module, ``optimizer_`` and ``callbacks_`` are as the training left them, and
    ``history_`` is what `nn.fit` returned: a DataFrame with a row for each epoch of the last call. ``classes_`` has
    the labels, sorted; ``n_features_in_`` and ``feature_names_in_`` are the number of columns, and their names where
    all are strings.

    Equal rows are merged to one with the sum of their weights, and rows are put in an order of their own before they
    are shuffled. So a training depends neither on their order nor on whether a weight of 2 is written as two rows.
    Training computes in single precision, predictions in double precision. Sparse inputs are made dense.

    Examples
    --------
    >>> from datasets import make_moons
    >>> from nn.sklearn import Classifier
    >>> X, y = make_moons(400, noise=0.1, seed=0)
    >>> model = Classifier(hidden=(32,), learning_rate=0.01, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.98
    True
    >>> model.predict_proba(X[:3]).shape
    (3, 2)
    """

    classes_: Array
    _several = False  # labels for each row; of one that was pickled before there were these, too
    _output_is = "class"

    def __init__(
        self,
        module: Module | ModuleMaker | None = None,
        *,
        hidden: Sequence[int] | None = None,
        loss: Loss | None = None,
        optimizer: OptimizerMaker = Adam,
        learning_rate: float = 0.001,
        epochs: int = 100,
        batch_size: int = 32,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        callbacks: Sequence[Callback] = (),
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        shared = dict(locals())
        for name in ("self", "class_weight", "__class__"):
            del shared[name]
        super().__init__(**shared)
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _strata(self, target: Array) -> Array | None:
        return target if target.ndim == 1 else None

    def fit(self, X: Table, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a network, anew or, with `warm_start`, the one that is there.

        Parameters
        ----------
        X
            Array, DataFrame or sparse matrix of shape ``(n, features)``.
        y
            Labels of shape ``(n,)``; or 0 and 1 of shape ``(n, classes)``, 1 where a row has the label of the column.
        sample_weight
            The weight of each row in the loss, of shape ``(n,)``.

        Raises
        ------
        ValueError, TypeError
            If data or options are not what is expected.
        """
        self._check_options()
        goes_on = self._goes_on()
        X, labels = self._labelled(X, y, goes_on)
        classes = unique_labels(labels)
        if goes_on and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start=True goes on with the classes {self.classes_.tolist()}, but y has {classes.tolist()}: "
                f"pass rows of the same classes, or use partial_fit(X, y, classes=...)"
            )
        return self._fit(X, labels, classes, sample_weight, goes_on, self.epochs)

    def partial_fit(
        self, X: Table, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch with these rows, from the weights that are there.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes
            All labels that will come, needed in the first call; columns of labels are numbered from 0.
        """
        self._check_partial()
        self._check_options()
        if isinstance(self.class_weight, str):
            raise ValueError(  # noqa: TRY004  # it is the value that is not for this method
                f"Classifier: class_weight={self.class_weight!r} needs all rows, which partial_fit does not have: pass "
                f"a dict of weights"
            )
        goes_on = hasattr(self, "module_")
        known = self.classes_ if goes_on else None
        if classes is not None:
            given = unique_labels(classes)
            if known is not None and not np.array_equal(known, given):
                raise ValueError(f"classes={given.tolist()}, but the first call had {known.tolist()}")
            known = given
        if known is None:
            raise ValueError("classes must be passed on the first call to partial_fit: all labels that will come")
        X, labels = self._labelled(X, y, goes_on)
        return self._fit(X, labels, known, sample_weight, goes_on, epochs=1)

    def _labelled(self, X: Table, y: ArrayLike, goes_on: bool) -> tuple[Array, Array]:
        rows, labels = self._read(X, y, reset=not goes_on, multi_output=True)
        check_classification_targets(labels)
        if type_of_target(labels) == "multiclass-multioutput":
            raise ValueError(
                f"y has {labels.shape[1]} columns of several classes: give columns of 0 and 1, one for each label, "
                f"or use sklearn.multioutput.MultiOutputClassifier"
            )
        several = labels.ndim == 2 and labels.shape[1] > 1
        return rows, labels.astype(np.float32) if several else column_or_1d(labels, warn=True)

    def _fit(
        self, X: Array, labels: Array, classes: Array, sample_weight: ArrayLike | None, goes_on: bool, epochs: int
    ) -> Self:
        several = labels.ndim == 2
        before = self._several if goes_on else several
        if several is not before or (several and labels.shape[1] != len(classes)):
            raise ValueError(
                f"y has shape {labels.shape}, but the network is for {len(classes)} classes, "
                f"{'several' if before else 'one'} for each row"
            )
        unknown = np.setdiff1d(labels, (0, 1) if several else classes)
        if len(unknown):
            raise ValueError(f"y has the labels {unknown.tolist()}, which are not among classes={classes.tolist()}")
        codes = labels if several else np.searchsorted(classes, labels)
        weight = row_weights(sample_weight, len(X))
        learns = len(classes) > 1  # with one class there is nothing to learn, of which a sentinel would warn
        by_class = None if self.class_weight is None else self._class_weights(classes, codes, weight)
        loss = BCEWithLogitsLoss() if several else CrossEntropyLoss()
        rows = WeightedRows(X, codes, weight)
        self._train(rows, len(classes), goes_on, epochs, loss, class_weight=by_class, sentinels=learns)
        self.classes_, self._several = classes, several
        return self

    def _class_weights(self, classes: Array, codes: Array, weight: Array) -> Array:
        if codes.ndim == 2:
            raise ValueError(
                f"Classifier: class_weight={self.class_weight!r} is for one label a row: for several, weight them in "
                f"the loss, as in loss=nn.BCEWithLogitsLoss(pos_weight=...)"
            )
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            counts = np.bincount(codes, weight, minlength=len(classes))
            shares = len(classes) * counts
            balanced: Array = np.divide(counts.sum(), shares, out=np.zeros(len(classes)), where=counts > 0)
            return balanced
        weights: Array = compute_class_weight(self.class_weight, classes=classes, y=classes[codes])
        return weights

    def predict_proba(self, X: Table) -> Array:
        """Return the probability of each class for rows, float64 of shape ``(n, classes)``."""
        outputs = self._outputs(X)
        probabilities: Any = sigmoid(outputs) if self._several else softmax(outputs, axis=1)
        return np.asarray(probabilities)

    def predict(self, X: Table) -> Array:
        """Return the most probable label of each row, of shape ``(n,)``; or 0 and 1 in the columns of `fit`."""
        outputs = self._outputs(X)
        return (outputs > 0).astype(np.intp) if self._several else self.classes_[outputs.argmax(axis=1)]
