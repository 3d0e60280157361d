"""What the array API standard, version 2025.12, asks for: names and signatures, chapter by chapter."""

import inspect

CHAPTERS = {
    "creation": """
        arange(start, /, stop=None, step=1, *, dtype=None, device=None)
        asarray(obj, /, *, dtype=None, device=None, copy=None)
        empty(shape, *, dtype=None, device=None)
        empty_like(x, /, *, dtype=None, device=None)
        eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)
        from_dlpack(x, /, *, device=None, copy=None)
        full(shape, fill_value, *, dtype=None, device=None)
        full_like(x, /, fill_value, *, dtype=None, device=None)
        linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True)
        meshgrid(*arrays, indexing="xy")
        ones(shape, *, dtype=None, device=None)
        ones_like(x, /, *, dtype=None, device=None)
        tril(x, /, *, k=0)
        triu(x, /, *, k=0)
        zeros(shape, *, dtype=None, device=None)
        zeros_like(x, /, *, dtype=None, device=None)
    """,
    "data types": """
        astype(x, dtype, /, *, copy=True, device=None)
        can_cast(from_, to, /)
        finfo(type, /)
        iinfo(type, /)
        isdtype(dtype, kind)
        result_type(*arrays_and_dtypes)
    """,
    "indexing": """
        take(x, indices, /, *, axis=None)
        take_along_axis(x, indices, /, *, axis=-1)
    """,
    "inspection": "__array_namespace_info__()",
    "linear algebra": """
        matmul(x1, x2, /)
        matrix_transpose(x, /)
        tensordot(x1, x2, /, *, axes=2)
        vecdot(x1, x2, /, *, axis=-1)
    """,
    "manipulation": """
        broadcast_arrays(*arrays)
        broadcast_shapes(*shapes)
        broadcast_to(x, /, shape)
        concat(arrays, /, *, axis=0)
        expand_dims(x, /, *, axis=0)
        flip(x, /, *, axis=None)
        moveaxis(x, source, destination, /)
        permute_dims(x, /, axes)
        repeat(x, repeats, /, *, axis=None)
        reshape(x, /, shape, *, copy=None)
        roll(x, /, shift, *, axis=None)
        squeeze(x, /, axis)
        stack(arrays, /, *, axis=0)
        tile(x, repetitions, /)
        unstack(x, /, *, axis=0)
    """,
    "searching": """
        argmax(x, /, *, axis=None, keepdims=False)
        argmin(x, /, *, axis=None, keepdims=False)
        count_nonzero(x, /, *, axis=None, keepdims=False)
        nonzero(x, /)
        searchsorted(x1, x2, /, *, side="left", sorter=None)
        where(condition, x1, x2, /)
    """,
    "sets": """
        isin(x1, x2, /, *, invert=False)
        unique_all(x, /)
        unique_counts(x, /)
        unique_inverse(x, /)
        unique_values(x, /)
    """,
    "sorting": """
        argsort(x, /, *, axis=-1, descending=False, stable=True)
        sort(x, /, *, axis=-1, descending=False, stable=True)
    """,
    "statistics": """
        cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False)
        cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False)
        max(x, /, *, axis=None, keepdims=False)
        mean(x, /, *, axis=None, keepdims=False)
        min(x, /, *, axis=None, keepdims=False)
        prod(x, /, *, axis=None, dtype=None, keepdims=False)
        std(x, /, *, axis=None, correction=0.0, keepdims=False)
        sum(x, /, *, axis=None, dtype=None, keepdims=False)
        var(x, /, *, axis=None, correction=0.0, keepdims=False)
    """,
    "utility": """
        all(x, /, *, axis=None, keepdims=False)
        any(x, /, *, axis=None, keepdims=False)
        diff(x, /, *, axis=-1, n=1, prepend=None, append=None)
    """,
    "linalg": """
        linalg.cholesky(x, /, *, upper=False)
        linalg.cross(x1, x2, /, *, axis=-1)
        linalg.det(x, /)
        linalg.diagonal(x, /, *, offset=0)
        linalg.eig(x, /)
        linalg.eigh(x, /)
        linalg.eigvals(x, /)
        linalg.eigvalsh(x, /)
        linalg.inv(x, /)
        linalg.matmul(x1, x2, /)
        linalg.matrix_norm(x, /, *, keepdims=False, ord="fro")
        linalg.matrix_power(x, n, /)
        linalg.matrix_rank(x, /, *, rtol=None)
        linalg.matrix_transpose(x, /)
        linalg.outer(x1, x2, /)
        linalg.pinv(x, /, *, rtol=None)
        linalg.qr(x, /, *, mode="reduced")
        linalg.slogdet(x, /)
        linalg.solve(x1, x2, /)
        linalg.svd(x, /, *, full_matrices=True)
        linalg.svdvals(x, /)
        linalg.tensordot(x1, x2, /, *, axes=2)
        linalg.trace(x, /, *, offset=0, dtype=None)
        linalg.vecdot(x1, x2, /, *, axis=-1)
        linalg.vector_norm(x, /, *, axis=None, keepdims=False, ord=2)
    """,
    "fft": """
        fft.fft(x, /, *, n=None, axis=-1, norm="backward")
        fft.ifft(x, /, *, n=None, axis=-1, norm="backward")
        fft.fftn(x, /, *, s=None, axes=None, norm="backward")
        fft.ifftn(x, /, *, s=None, axes=None, norm="backward")
        fft.rfft(x, /, *, n=None, axis=-1, norm="backward")
        fft.irfft(x, /, *, n=None, axis=-1, norm="backward")
        fft.rfftn(x, /, *, s=None, axes=None, norm="backward")
        fft.irfftn(x, /, *, s=None, axes=None, norm="backward")
        fft.hfft(x, /, *, n=None, axis=-1, norm="backward")
        fft.ihfft(x, /, *, n=None, axis=-1, norm="backward")
        fft.fftfreq(n, /, *, d=1.0, dtype=None, device=None)
        fft.rfftfreq(n, /, *, d=1.0, dtype=None, device=None)
        fft.fftshift(x, /, *, axes=None)
        fft.ifftshift(x, /, *, axes=None)
    """,
}
UNARY = {
    "numeric": "abs conj negative positive round sign square isfinite isinf isnan real",
    "real": "ceil floor trunc",
    "floating": """
        acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal sin sinh sqrt tan tanh
    """,
    "real floating": "signbit",
    "complex": "imag",
    "integer or bool": "bitwise_invert",
    "bool": "logical_not",
}
BINARY = {
    "numeric": "add multiply pow subtract",
    "any": "equal not_equal",
    "real": "floor_divide greater greater_equal less less_equal maximum minimum remainder",
    "floating": "divide",
    "real floating": "atan2 copysign hypot logaddexp nextafter",
    "integer": "bitwise_left_shift bitwise_right_shift",
    "integer or bool": "bitwise_and bitwise_or bitwise_xor",
    "bool": "logical_and logical_or logical_xor",
}
CONSTANTS = ["e", "inf", "nan", "newaxis", "pi"]
DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "complex64",
    "complex128",
]  # fmt: skip
METHODS = """
    __abs__(self, /) __invert__(self, /) __neg__(self, /) __pos__(self, /)
    __bool__(self, /) __complex__(self, /) __float__(self, /) __index__(self, /) __int__(self, /)
    __add__(self, other, /) __sub__(self, other, /) __mul__(self, other, /) __truediv__(self, other, /)
    __floordiv__(self, other, /) __mod__(self, other, /) __pow__(self, other, /) __matmul__(self, other, /)
    __and__(self, other, /) __or__(self, other, /) __xor__(self, other, /)
    __lshift__(self, other, /) __rshift__(self, other, /)
    __eq__(self, other, /) __ne__(self, other, /) __lt__(self, other, /) __le__(self, other, /)
    __gt__(self, other, /) __ge__(self, other, /)
    __getitem__(self, key, /) __setitem__(self, key, value, /)
    __array_namespace__(self, /, *, api_version=None) __dlpack_device__(self, /)
    __dlpack__(self, /, *, stream=None, max_version=None, dl_device=None, copy=None)
    to_device(self, device, /, *, stream=None)
"""
ATTRIBUTES = ["T", "device", "dtype", "mT", "ndim", "shape", "size"]


def _signatures() -> dict[str, inspect.Signature]:
    found = {}
    for line in " ".join(CHAPTERS.values()).replace(")", ")\n").splitlines():
        name, _, parameters = line.strip().rstrip(")").partition("(")
        if name:
            found[name] = signature(parameters)
    for functions, parameters in ((UNARY, "x, /"), (BINARY, "x1, x2, /")):
        found.update((name, signature(parameters)) for name in " ".join(functions.values()).split())
    return {**found, "clip": signature("x, /, min=None, max=None")}


def signature(parameters: str) -> inspect.Signature:
    """Return the signature that has these parameters."""
    return inspect.signature(eval(f"lambda {parameters}: None"))


SIGNATURES = _signatures()
OPERATORS = {
    name: signature(parameters)
    for name, _, parameters in (part.partition("(") for part in " ".join(METHODS.split()).split(")") if part.strip())
    for name in [name.strip()]
}
