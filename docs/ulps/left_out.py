"""The operations that are not measured, and why."""

from __future__ import annotations

__all__ = ["MODULES", "OPERATIONS"]

#: By the module that declares them: none of their operations is a function of each element, or a reduction.
MODULES = {
    "autograd.ops.densities": "parts of distributions, which are measured",
    "autograd.ops.decompositions": "linear algebra",
    "autograd.ops.differences": "sums and differences",
    "autograd.ops.einsum": "sums of products",
    "autograd.ops.emath": "functions of NumPy that are measured, of complex numbers",
    "autograd.ops.fft": "linear, of complex numbers",
    "autograd.ops.histogram": "counts",
    "autograd.ops.index": "moves elements",
    "autograd.ops.join": "moves elements",
    "autograd.ops.linalg": "linear algebra",
    "autograd.ops.pad": "moves elements",
    "autograd.ops.piecewise": "chooses elements",
    "autograd.ops.polynomial": "of polynomials",
    "autograd.ops.product": "sums of products",
    "autograd.ops.rearrange": "moves elements",
    "autograd.ops.setitem": "moves elements",
    "autograd.ops.shape": "moves elements",
    "autograd.ops.sort": "moves elements",
    "nn.functional._attention": "layers",
    "nn.functional._avg_pooling": "layers",
    "nn.functional._cross_entropy": "losses",
    "nn.functional._ctc_loss": "losses",
    "nn.functional._embedding": "layers",
    "nn.functional._kernels.correlation": "layers",
    "nn.functional._kernels.sliding_windows": "layers",
    "nn.functional._kernels.standardize": "layers",
    "nn.functional._likelihood_loss": "losses",
    "nn.functional._linear": "layers",
    "nn.functional._max_pooling": "layers",
    "nn.functional._multi_margin_loss": "losses",
    "nn.functional._regression_loss": "losses",
    "nn.functional._upsampling": "layers",
}

_PARTS = "only used in derivatives, which are measured"
_STEPS = "a step: its derivative is 0"
_CHOICES = "returns elements as they are"
_PIECES = "linear in pieces"
_SAME = "the same code as another that is measured"
_COMPLEX = "of complex numbers"

OPERATIONS = {
    **dict.fromkeys(
        ("logistic", "sech_squared", "one_less_square", "cosine", "spherical_bessel", "modified_bessel",
         "exp_of_square", "hazard", "erfcx_slope", "ive_slope", "kve_slope", "psi_rise", "power1p", "erfinv_slope",
         "erfcinv_slope", "ndtri_slope", "ndtri_exp_slope", "voigt_slope", "ellipem1", "gammainc_shape",
         "betainc_shape",
         "log_ratio", "bell", "normal_cdf", "fraction", "whole", "var_about", "std_about", "nanvar_about",
         "nanstd_about", "slices", "gelu_tanh"),
        _PARTS,
    ),
    **dict.fromkeys(
        ("floor", "ceil", "trunc", "rint", "spacing", "floor_divide", "heaviside", "nextafter", "round", "fix",
         "around", "gammasgn"),
        _STEPS,
    ),
    **dict.fromkeys(
        ("where", "clip", "astype", "modf", "frexp", "divmod", "nan_to_num", "unwrap", "real_if_close",
         "maximum.accumulate", "minimum.accumulate", "fmax.accumulate", "fmin.accumulate"),
        _CHOICES,
    ),
    **dict.fromkeys(("hardtanh", "leaky_relu", "prelu", "hardshrink", "threshold", "interp"), _PIECES),
    **dict.fromkeys(
        ("amax", "amin", "add.reduce", "multiply.reduce", "maximum.reduce", "minimum.reduce", "fmax.reduce",
         "fmin.reduce", "add.accumulate", "multiply.accumulate", "add.reduceat", "cumulative_sum", "cumulative_prod",
         "nancumsum", "nancumprod", "vector_norm"),
        _SAME,
    ),
    **dict.fromkeys(
        ("conjugate", "real", "imag", "angle", "hankel1", "hankel2", "hankel1e", "hankel2e", "wofz"), _COMPLEX
    ),
    "convolve": "sums of products",
    "correlate": "sums of products",
    "matrix_norm": "linear algebra",
    "cov": "sums of products",
    "corrcoef": "sums of products",
}  # fmt: skip
