"""SciPy's special functions under their own names: the ufuncs as they are, the others with derivatives."""

import numpy as np
import pytest
import scipy.special

from autograd import grad, tensor
from autograd import special as written
from autograd.scipy import special
from autograd.scipy.special import expit, gammaln, logsumexp


def test_all_names_of_scipy_are_here() -> None:
    assert set(special.__all__) == set(scipy.special.__all__) | set(written.__all__)
    for name in special.__all__:
        assert getattr(special, name) is getattr(written if name in written.__all__ else scipy.special, name)
    assert set(special.__all__) <= set(dir(special))
    with pytest.raises(AttributeError, match="no function 'gama'"):
        special.gama  # noqa: B018


def test_they_have_derivatives() -> None:
    x = np.array([0.5, 2.0])
    np.testing.assert_allclose(grad(lambda x: gammaln(x).sum())(x), scipy.special.digamma(x))
    np.testing.assert_allclose(grad(lambda x: expit(x).sum())(x), expit(x) * expit(-x))
    np.testing.assert_allclose(grad(logsumexp)(x), scipy.special.softmax(x))
    assert tensor(x).shape == special.erf(tensor(x)).shape
