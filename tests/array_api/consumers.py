"""SciPy and scikit-learn on tensors. Run by `test_consumers` with SCIPY_ARRAY_API=1, which SciPy reads when imported.

Each function is called with ndarrays and with tensors: the values are the same. Of those through which tensors stay
tensors, the derivatives are compared with central differences.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, array_api, gradcheck, tensor

pytest.importorskip("scipy", "1.17")

X = np.random.default_rng(0).normal(size=(6, 3))
P = np.abs(X) + 0.5
V = X[:, 0] + 0.25
W = V**2 + np.arange(1.0, 7.0)
Q = P / P.sum(1, keepdims=True)
LABELS = np.array([0, 1, 1, 0, 1, 0])


def of(module: str, name: str) -> Callable[..., Any]:
    """Return a function that is imported when it is called: the suite reads this file without SciPy's switch too."""
    return lambda *args, **options: getattr(import_module(module), name)(*args, **options)


def fitted(module: str, name: str, result: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Return what fits an estimator of scikit-learn and takes a result from it."""
    return lambda *data: result(of(module, name)(**options).fit(*data), *data)


stats, special, signal, integrate = "scipy.stats", "scipy.special", "scipy.signal", "scipy.integrate"
Case = tuple[Callable[..., Any], tuple[Any, ...]]
SCIPY: dict[str, Case] = {
    **{f"special.{name}": (of(special, name), (P,)) for name in ("erf", "expit", "gammaln", "ndtr", "entr", "softmax")},
    "special.xlogy": (of(special, "xlogy"), (P, Q)),
    "special.rel_entr": (of(special, "rel_entr"), (P, Q)),
    **{f"stats.{name}": (of(stats, name), (P,)) for name in ("kurtosis", "skew", "gmean", "hmean", "sem", "gstd")},
    **{
        f"stats.{name}": (of(stats, name), (V,))
        for name in ("circmean", "circvar", "circstd", "kstatvar", "tvar", "tsem")
    },
    "stats.moment": (lambda x: of(stats, "moment")(x, order=3), (X,)),
    "stats.pmean": (lambda x: of(stats, "pmean")(x, 3), (P,)),
    "stats.zmap": (of(stats, "zmap"), (X, P)),
    "stats.entropy": (of(stats, "entropy"), (W,)),
    "stats.entropy, relative": (of(stats, "entropy"), (W, P[:, 0])),
    "stats.ttest_ind": (lambda x, y: of(stats, "ttest_ind")(x, y).statistic, (V, W)),
    "stats.ttest_ind, its probability": (lambda x, y: of(stats, "ttest_ind")(x, y).pvalue, (V, 0.2 * W)),
    "stats.ttest_1samp": (lambda x: of(stats, "ttest_1samp")(x, 0.0).statistic, (V,)),
    "stats.chisquare": (lambda x: of(stats, "chisquare")(x).statistic, (W,)),
    "stats.bartlett": (lambda x, y: of(stats, "bartlett")(x, y).statistic, (V, W)),
    "stats.jarque_bera": (lambda x: of(stats, "jarque_bera")(x).statistic, (V,)),
    "stats.directional_stats": (lambda x: of(stats, "directional_stats")(x).mean_direction, (P,)),
    "signal.fftconvolve": (of(signal, "fftconvolve"), (V, W)),
    "integrate.trapezoid": (lambda y: of(integrate, "trapezoid")(y, dx=0.5), (V,)),
    "integrate.cumulative_trapezoid": (of(integrate, "cumulative_trapezoid"), (V,)),
    "spatial.transform.Rotation": (
        lambda x: import_module("scipy.spatial.transform").Rotation.from_rotvec(x).as_matrix(),
        (X,),
    ),
    "special.logsumexp": (of(special, "logsumexp"), (X,)),
    "stats.zscore": (of(stats, "zscore"), (X,)),
    "stats.variation": (of(stats, "variation"), (P,)),
    "stats.tmean": (lambda x: of(stats, "tmean")(x, (-1, 1)), (V,)),
    "stats.pearsonr": (lambda x, y: of(stats, "pearsonr")(x, y).statistic, (V, W)),
    "stats.quantile": (lambda x: of(stats, "quantile")(x, 0.3), (V,)),
    "integrate.cumulative_simpson": (of(integrate, "cumulative_simpson"), (V,)),
    "integrate.tanhsinh": (lambda a: of(integrate, "tanhsinh")(lambda x: x * x, a, 9.0).integral, (W,)),
    "cluster.vq.whiten": (of("scipy.cluster.vq", "whiten"), (X,)),
    "signal.resample": (lambda x: of(signal, "resample")(x, 4), (V,)),
    "signal.hilbert": (lambda x: abs(of(signal, "hilbert")(x)), (V,)),
}
CONSTANT: dict[str, Case] = {
    "stats.rankdata": (of(stats, "rankdata"), (V,)),
    "signal.detrend": (of(signal, "detrend"), (V,)),
    "fft.dct": (of("scipy.fft", "dct"), (V,)),
    "ndimage.gaussian_filter": (lambda x: of("scipy.ndimage", "gaussian_filter")(x, 1.0), (X,)),
    "optimize.elementwise.find_root": (
        lambda c: of("scipy.optimize.elementwise", "find_root")(lambda x, c: x - c, (c - 1, c + 2), args=(c,)).x, (V,)
    ),
    "differentiate.derivative": (lambda x: of("scipy.differentiate", "derivative")(lambda x: x**2, x).df, (V,)),
}  # fmt: skip

pairwise, preprocessing, decomposition = "sklearn.metrics.pairwise", "sklearn.preprocessing", "sklearn.decomposition"
metrics, linear_model = "sklearn.metrics", "sklearn.linear_model"
LEARN: dict[str, Case] = {
    "linear_kernel": (of(pairwise, "linear_kernel"), (X, P)),
    "polynomial_kernel": (of(pairwise, "polynomial_kernel"), (X, P)),
    "sigmoid_kernel": (of(pairwise, "sigmoid_kernel"), (X, P)),
    "chi2_kernel": (of(pairwise, "chi2_kernel"), (P, Q)),
    "paired_euclidean_distances": (of(pairwise, "paired_euclidean_distances"), (X, P)),
    "mean_squared_error": (lambda x, y: of(metrics, "mean_squared_error")(x, y, multioutput="raw_values"), (X, P)),
    "KernelCenterer": (lambda x: of(preprocessing, "KernelCenterer")().fit_transform(x @ x.T), (X,)),
    "PCA, its variances": (fitted(decomposition, "PCA", lambda model, x: model.explained_variance_), (X,)),
    "PCA, what it keeps": (
        fitted(decomposition, "PCA", lambda model, x: model.inverse_transform(model.transform(x)), n_components=2), (X,)
    ),
    "RidgeCV, its coefficients": (fitted(linear_model, "RidgeCV", lambda model, x, y: model.coef_), (X, V)),
    "rbf_kernel": (of(pairwise, "rbf_kernel"), (X,)),
    "cosine_similarity": (of(pairwise, "cosine_similarity"), (X,)),
    "StandardScaler": (lambda x: of(preprocessing, "StandardScaler")().fit_transform(x), (X,)),
    "MinMaxScaler": (lambda x: of(preprocessing, "MinMaxScaler")().fit_transform(x), (X,)),
    "PolynomialFeatures": (lambda x: of(preprocessing, "PolynomialFeatures")().fit_transform(x), (X,)),
    "Ridge": (fitted(linear_model, "Ridge", lambda model, x, y: model.predict(x), solver="svd"), (X, V)),
    "train_test_split": (lambda x: of("sklearn.model_selection", "train_test_split")(x, random_state=0)[0], (X,)),
}  # fmt: skip
LEARN_CONSTANT: dict[str, Case] = {
    "r2_score": (of(metrics, "r2_score"), (V, W)),
    "mean_absolute_error": (of(metrics, "mean_absolute_error"), (V, W)),
    "accuracy_score": (of(metrics, "accuracy_score"), (LABELS, LABELS[::-1].copy())),
    "f1_score": (of(metrics, "f1_score"), (LABELS, LABELS[::-1].copy())),
    "confusion_matrix": (of(metrics, "confusion_matrix"), (LABELS, LABELS[::-1].copy())),
    "log_loss": (of(metrics, "log_loss"), (LABELS, Q[:, :2] / Q[:, :2].sum(1, keepdims=True))),
    "GaussianNB": (
        fitted("sklearn.naive_bayes", "GaussianNB", lambda model, x, y: model.predict_proba(x)), (X, LABELS)
    ),
    "LinearDiscriminantAnalysis": (
        fitted("sklearn.discriminant_analysis", "LinearDiscriminantAnalysis", lambda model, x, y: model.transform(x)),
        (X, LABELS),
    ),
}  # fmt: skip


@pytest.fixture
def _dispatching() -> Any:
    sklearn = pytest.importorskip("sklearn", "1.8")
    with sklearn.config_context(array_api_dispatch=True):
        yield


def assert_same(function: Callable[..., Any], inputs: tuple[Any, ...], *, stays: bool) -> None:
    with np.errstate(invalid="ignore"):  # scikit-learn silences it for NumPy's arrays only
        found = function(*map(tensor, inputs))
    expected = function(*inputs)
    assert isinstance(found, Tensor) or not stays
    np.testing.assert_allclose(found.data if isinstance(found, Tensor) else found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [*SCIPY, *CONSTANT])
def test_scipy_on_tensors(name: str) -> None:
    assert_same(*{**SCIPY, **CONSTANT}[name], stays=True)


@pytest.mark.parametrize("name", SCIPY)
def test_scipy_differentiated(name: str) -> None:
    function, inputs = SCIPY[name]
    gradcheck(function, [tensor(x, requires_grad=True) for x in inputs], fast_mode=True)


@pytest.mark.usefixtures("_dispatching")
@pytest.mark.parametrize("name", [*LEARN, *LEARN_CONSTANT])
def test_scikit_learn_on_tensors(name: str) -> None:
    assert_same(*{**LEARN, **LEARN_CONSTANT}[name], stays=name in LEARN)


@pytest.mark.usefixtures("_dispatching")
@pytest.mark.parametrize("name", LEARN)
def test_scikit_learn_differentiated(name: str) -> None:
    function, inputs = LEARN[name]
    with np.errstate(invalid="ignore"):
        gradcheck(function, [tensor(x, requires_grad=True) for x in inputs], rtol=1e-4, fast_mode=True)


def test_the_namespace_that_consumers_find() -> None:
    find = import_module("scipy._lib._array_api").array_namespace
    x = tensor(X, requires_grad=True)
    assert find(x, x > 0, x // 1) is array_api
    with pytest.raises(TypeError, match="Multiple namespaces"):
        find(x, X)  # mixing is for NumPy's functions
