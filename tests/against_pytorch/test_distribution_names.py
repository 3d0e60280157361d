"""Every name of `torch.distributions`: it is here, with the same arguments, or said how to do without, or why not."""

import inspect
from typing import Any

import pytest

from nn import distributions as ours

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
theirs = torch.distributions

# Names that are not here, and what does the same.
BY = {
    "ExponentialFamily": "a base class for divergences, which are written out here",
    "GeneralizedPareto": "Uniform through PowerTransform and AffineTransform",
    "LogisticNormal": "softmax of a Normal, without its density",
    "AbsTransform": "HalfNormal and HalfCauchy; others by numpy.abs of samples",
    "CumulativeDistributionTransform": "numbers of cdf and icdf",
    "SoftmaxTransform": "nn.functional.softmax of samples: it has no inverse",
    "biject_to": "the functions named: ExpTransform for positive numbers, SigmoidTransform for those from 0 to 1",
    "transform_to": "as biject_to",
}
# Names that are neither here, nor have a substitute.
NOT_HERE = {
    "ContinuousBernoulli": "rarely used: a Beta has the same support",
    "LKJCholesky": "correlation matrices have no distribution here yet",
    "Wishart": "covariance matrices have no distribution here yet",
    "CatTransform": "functions are of whole arrays",
    "StackTransform": "functions are of whole arrays",
    "CorrCholeskyTransform": "correlation matrices have no distribution here yet",
    "LowerCholeskyTransform": "covariance matrices have no distribution here yet",
    "PositiveDefiniteTransform": "covariance matrices have no distribution here yet",
    "StickBreakingTransform": "changes the number of elements, which no function here does",
}
NO_CONSTRAINT = {
    "MixtureSameFamilyConstraint", "cat", "corr_cholesky", "dependent", "dependent_property", "half_open_interval",
    "is_dependent", "lower_triangular", "positive_semidefinite", "square", "stack", "symmetric",
}  # fmt: skip
# Arguments that differ, with the reason.
LEFT_OUT = {"cache_size"}  # nothing is kept: an inverse is computed
OTHERWISE = {"Distribution", "Transform", "Constraint"}  # bases, of which users call nothing


def test_every_name_is_here_or_said_why_not() -> None:
    here = set(ours.__all__) - {"constraints"}
    assert here | BY.keys() | NOT_HERE.keys() == set(theirs.__all__)
    assert not here & (BY.keys() | NOT_HERE.keys())
    assert len(here) > 45


def test_every_constraint_is_here_or_left_out() -> None:
    assert set(ours.constraints.__all__) | NO_CONSTRAINT == set(theirs.constraints.__all__)
    assert not set(ours.constraints.__all__) & NO_CONSTRAINT


def test_what_does_the_same_is_here() -> None:
    for said in BY.values():
        for word in said.replace(",", " ").replace(";", " ").replace(":", " ").split():
            if word.endswith("Transform") or word in ("Beta", "HalfCauchy", "HalfNormal", "Normal", "Uniform"):
                assert word in ours.__all__


@pytest.mark.parametrize("name", sorted(set(ours.__all__) - {"constraints", "identity_transform"} - OTHERWISE))
def test_arguments_have_the_same_names_order_and_defaults(name: str) -> None:
    def parameters(function: Any) -> list[tuple[str, Any]]:
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.default) for p in found if p.name not in LEFT_OUT]

    assert parameters(getattr(ours, name)) == parameters(getattr(theirs, name))


def test_methods_and_attributes_are_theirs() -> None:
    absent = {"sample_n", "dim"}  # PyTorch itself warns of it
    public = {name for name in dir(theirs.Distribution) if not name.startswith("_")}
    assert public - absent <= set(dir(ours.Distribution))
    added = {name for name in dir(ours.Distribution) if not name.startswith("_")} - public
    assert added == set()
    for kind in (theirs.Normal, theirs.Categorical, theirs.Binomial, theirs.MultivariateNormal, theirs.Independent):
        more = {name for name in dir(kind) if not name.startswith("_")} - public
        mine = getattr(ours, kind.__name__)
        made = dir(mine) + list(mine.__annotations__) + ["base_dist", "reinterpreted_batch_ndims"]
        assert more - {"param_shape", "natural_params"} <= set(made), kind
