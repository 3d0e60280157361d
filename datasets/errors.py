"""Errors in data, as a tree.

::

    DataError (ValueError)              anything below
    ├── ArgumentError                   arrays of different lengths, a size that cannot be met
    ├── MissingFileError                no such file or folder     (also FileNotFoundError)
    ├── FormatError                     the bytes are not what the format promises
    │   └── TruncatedError              the file ends too early    (also EOFError)
    ├── ColumnError                     no such column in a CSV    (also KeyError)
    └── CellError                       a CSV row or cell that cannot be used

Each is also the built-in error that a caller would catch. A message names the file, the line as an
editor counts it, the column where there is one, and what to do.
"""


class DataError(ValueError):
    """Something is wrong with data; every error of `datasets` is one of these."""


class ArgumentError(DataError):
    """An argument that cannot be met, such as arrays of different lengths."""


class MissingFileError(DataError, FileNotFoundError):
    """A file or a folder that is not there."""


class FormatError(DataError):
    """A file whose bytes are not what its format promises."""


class TruncatedError(FormatError, EOFError):
    """A file that ends before everything it promises has come."""


class ColumnError(DataError, KeyError):
    """A column that a CSV file does not have, or whose name does not say which one is meant."""

    def __str__(self) -> str:
        # KeyError would show the message as a quoted literal, with its line breaks escaped
        return " ".join(map(str, self.args))


class CellError(DataError):
    """A CSV row of the wrong length, or a cell that holds no usable number."""
