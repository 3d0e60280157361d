"""Reasons that the registry cannot know: why a NumPy function is not differentiated, and which versions have it."""

from __future__ import annotations


def _table(module: str, groups: dict[str, str]) -> dict[str, str]:
    """Return a reason for each full name, from names by reason."""
    return {f"{module}.{name}": reason for reason, names in groups.items() for name in names.split()}


# Functions in `plain`, for another reason than most.
BY_NATURE = "returns booleans, counts or indices"
NATURE = _table(
    "numpy",
    {
        "of integers": "bitwise_and bitwise_or bitwise_xor gcd invert lcm left_shift right_shift",
        "returns constants in the shape of an array": "empty_like ones_like zeros_like",
        "a set of values without their indices; use np.unique(..., return_index=True) and index with the result": ""
        "intersect1d setdiff1d setxor1d union1d unique unique_all unique_counts unique_inverse unique_values",
        "text": "array2string array_repr array_str",
        "about dtypes": "can_cast common_type iscomplexobj isrealobj min_scalar_type result_type",
        "about memory": "may_share_memory shares_memory",
    },
)

OUTSIDE = _table(
    "numpy",
    {
        "reads or writes text or files": "fromfile fromregex fromstring genfromtxt load loadtxt save savetxt savez "
        "savez_compressed",
        "prints, or sets how to print": "base_repr binary_repr format_float_positional format_float_scientific "
        "get_printoptions set_printoptions printoptions info",
        "about dtypes": "isdtype issubdtype mintypecode promote_types typename",
        "about NumPy itself": "get_include getbufsize setbufsize geterr geterrcall seterr seterrcall show_config "
        "show_runtime test",
        "about Python objects": "isscalar iterable",
        "about the memory of arrays": "isfortran nested_iters",
        "about dates": "busday_count busday_offset datetime_as_string datetime_data is_busday isnat",
        "creates an array from a shape; multiply it by a tensor to fill it": "empty eye identity indices "
        "ones tri zeros",
        "takes numbers, among which NumPy does not look for tensors": "arange fromfunction",
        "returns a window of a given length": "bartlett blackman hamming hanning kaiser",
        "returns indices into a shape": "broadcast_shapes diag_indices einsum_path mask_indices tril_indices "
        "triu_indices",
        "creates an ndarray, which a tensor is not; see autograd.tensor": "array asanyarray asarray asarray_chkfinite "
        "ascontiguousarray asfortranarray asmatrix bmat from_dlpack frombuffer fromiter require",
        "creates a function that NumPy calls for each element": "frompyfunc",
        "unpacks integers into bits": "packbits unpackbits",
        "the old name of isin": "in1d",
        "the old name of trapezoid": "trapz",
        "the old name of vstack": "row_stack",
    },
)
OUTSIDE |= _table("numpy.fft", {"creates an array from a length": "fftfreq rfftfreq"})
OUTSIDE |= _table("numpy.lib.stride_tricks", {"reinterprets memory as another array": "as_strided"})

NOT_YET: dict[str, str] = {}

# Functions that only some supported versions of NumPy have.
ONLY = {
    "numpy.in1d": "until NumPy 2.3",
    "numpy.matvec": "since NumPy 2.2",
    "numpy.row_stack": "until NumPy 2.4",
    "numpy.trapz": "until NumPy 2.3",
    "numpy.vecmat": "since NumPy 2.2",
}
