"""Errors in data, as a class hierarchy.

::

    DataError (ValueError)              anything below
    ├── ArgumentError                   arrays of different lengths, an impossible size
    ├── MissingFileError                no such file or folder     (also FileNotFoundError)
    ├── FormatError                     the bytes do not follow the format
    │   └── TruncatedError              the file ends too early    (also EOFError)
    ├── ColumnError                     no such column in a table  (also KeyError)
    ├── CellError                       a row or cell of a table that cannot be used
    ├── RowIndexError                   no such row                (also IndexError)
    ├── RowError                        a row that fails to load, or rows that do not fit together
    └── WorkerError                     a worker of a loader that died, or does not answer (also RuntimeError)

Each also derives from the built-in error that a caller would catch. A message names the file, the line as
an editor counts it, the column if there is one, and the remedy.
"""


class DataError(ValueError):
    """Something is wrong with data; every error of `datasets` is one of these."""


class ArgumentError(DataError):
    """An argument that is out of range or does not fit the others, such as arrays of different lengths."""


class MissingFileError(DataError, FileNotFoundError):
    """A file or a folder that does not exist."""


class FormatError(DataError):
    """A file whose bytes do not follow its format."""


class TruncatedError(FormatError, EOFError):
    """A file that ends before all of its promised content."""


class ColumnError(DataError, KeyError):
    """A column that a table does not have, or whose name is ambiguous."""

    def __str__(self) -> str:
        # KeyError would show the message as a quoted literal, with line breaks escaped
        return " ".join(map(str, self.args))


class CellError(DataError):
    """A row of a table of the wrong length, or a cell that holds no usable number."""


class RowIndexError(DataError, IndexError):
    """A row that a dataset does not have."""


class RowError(DataError):
    """A row that fails to load, or rows that do not fit into one batch; it names the row and its source."""


class WorkerError(DataError, RuntimeError):
    """A worker of a `DataLoader` that died, does not answer, or has no memory to share."""
