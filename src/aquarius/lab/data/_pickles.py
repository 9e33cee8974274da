"""Read old pickles of arrays without letting them run anything.

A pickle is a program. This reader knows the few names that arrays, sparse matrices and dictionaries of lists need, answers each with a
stand-in of its own that only collects values, and refuses every other name and every instruction that such files do not contain. No array is
larger than the bytes that the file holds for it, so a small file cannot ask for a large memory.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core import BadInput

# What pickles of arrays, numbers, texts, lists, tuples and dictionaries never contain: the extension registry, persistent ids, other ways of
# making an object, sets, out-of-band buffers.
_REFUSED = frozenset(
    (
        "EXT1",
        "EXT2",
        "EXT4",
        "PERSID",
        "BINPERSID",
        "INST",
        "OBJ",
        "NEWOBJ_EX",
        "EMPTY_SET",
        "ADDITEMS",
        "FROZENSET",
        "BYTEARRAY8",
        "NEXT_BUFFER",
        "READONLY_BUFFER",
    )
)
_MEMO = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
_KINDS = "biuf"  # truth values, integers, real numbers; no objects, no records


@dataclass
class SparseRows:
    """A matrix in compressed sparse rows, as a pickle states it; nothing is checked before `dense`."""

    data: Any = None
    indices: Any = None
    indptr: Any = None
    _shape: Any = None

    def dense(self, name: str, *, largest: int = 1 << 28) -> NDArray[np.float32]:
        """Return the matrix as float32 [rows, columns].

        Raises:
            BadInput: the parts do not fit together, or the matrix has more than `largest` entries.
        """
        parts = (self.data, self.indices, self.indptr)
        shape = self._shape
        if not (isinstance(shape, tuple) and len(shape) == 2 and all(isinstance(size, int) and size >= 0 for size in shape)):
            raise BadInput(f"{name} holds a sparse matrix without a shape.")
        rows, columns = shape
        if rows * columns > largest:
            raise BadInput(f"{name} states a matrix of {rows:,} × {columns:,}, and at most {largest:,} entries are read.")
        if not all(isinstance(part, np.ndarray) and part.ndim == 1 for part in parts) or any(
            part.dtype.kind not in "iu" for part in parts[1:]
        ):
            raise BadInput(f"{name} holds a sparse matrix whose parts are not arrays.")
        data, indices, indptr = parts
        counts = np.diff(indptr.astype(np.int64))
        fits = (
            indptr.size == rows + 1
            and int(indptr[0]) == 0
            and bool((counts >= 0).all())
            and int(indptr[-1]) == indices.size == data.size
            and (indices.size == 0 or (int(indices.min()) >= 0 and int(indices.max()) < columns))
        )
        if not fits:
            raise BadInput(f"{name} holds a sparse matrix whose parts do not fit together.")
        matrix: NDArray[np.float32] = np.zeros((rows, columns), dtype=np.float32)
        np.add.at(matrix, (np.repeat(np.arange(rows), counts), indices), data.astype(np.float32))
        return matrix


@dataclass
class _Kind:
    """The stand-in for numpy.dtype: a kind and a size, "i4", and a byte order that comes by `__setstate__`."""

    code: str
    order: str = "|"

    def __init__(self, code: Any, *_: Any) -> None:
        if not (isinstance(code, str) and code[:1] in _KINDS and code[1:] in ("1", "2", "4", "8") and len(code) == 2):
            raise pickle.UnpicklingError(f"an array of kind {code!r:.40}")
        self.code = code

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "=")):
            raise pickle.UnpicklingError("an array without a byte order")
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        return np.dtype((self.order if self.order != "|" else "=") + self.code)


@dataclass
class _Array:
    """The stand-in for numpy.ndarray while it is being read; `_finish` turns it into the array."""

    array: NDArray[Any] | None = field(default=None)

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[1], tuple) and isinstance(state[2], _Kind)):
            raise pickle.UnpicklingError("an array of another form")
        _, shape, kind, fortran, raw = state
        data = _raw(raw)
        dtype = kind.dtype()
        size = dtype.itemsize
        for length in shape:
            if not isinstance(length, int) or length < 0:
                raise pickle.UnpicklingError("an array of another form")
            size *= length
        if size != len(data):
            raise pickle.UnpicklingError(f"an array of {size:,} bytes where {len(data):,} are there")
        self.array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def _raw(value: Any) -> bytes:
    """Bytes, or the text that Python 2's byte strings become."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("latin1")
    raise pickle.UnpicklingError("an array of another form")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _scalar(kind: Any, raw: Any) -> int | float | bool:
    if not isinstance(kind, _Kind):
        raise pickle.UnpicklingError("a number of another form")
    value: int | float | bool = np.frombuffer(_raw(raw), dtype=kind.dtype(), count=1)[0].item()
    return value


def _dictionary(factory: Any = list, *_: Any) -> defaultdict[Any, Any]:
    if factory is not _list:
        raise pickle.UnpicklingError("a dictionary of something else than lists")
    return defaultdict(list)


def _list(*_: Any) -> list[Any]:
    return []


_NAMES: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("scipy.sparse.csr", "csr_matrix"): SparseRows,
    ("scipy.sparse._csr", "csr_matrix"): SparseRows,
    ("collections", "defaultdict"): _dictionary,
    ("__builtin__", "list"): _list,
    ("builtins", "list"): _list,
}


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"the name {module}.{name}"[:120]) from None


def restricted_load(source: bytes, name: str) -> Any:
    """Read one pickle of arrays, sparse matrices (as `SparseRows`) and dictionaries of lists; `name` is how messages call the file.

    Raises:
        BadInput: truncated, no pickle, or anything that is not plain data of these kinds; nothing of the file is run.
    """
    _inspect(source, name)
    try:
        value = _Restricted(io.BytesIO(source), encoding="latin1").load()
        return _finish(value)
    except pickle.UnpicklingError as error:
        raise BadInput(f"{name} holds more than plain arrays ({error}), so it is not read.") from None
    except (EOFError, ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, MemoryError, RecursionError) as error:
        raise BadInput(f"{name} is not a whole pickle of arrays ({type(error).__name__}): fetch the file again.") from None


def _inspect(source: bytes, name: str) -> None:
    """Refuse instructions that such files do not contain, before anything is read."""
    try:
        for instruction, argument, position in pickletools.genops(source):
            if instruction.name in _REFUSED:
                raise BadInput(
                    f"{name} holds more than plain arrays (instruction {instruction.name} at byte {position}), so it is not read."
                )
            if instruction.name in _MEMO and not 0 <= int(argument or 0) <= len(source):  # a memo of 2^31 places would be made at once
                raise BadInput(f"{name} is not a whole pickle of arrays (byte {position}): fetch the file again.")
    except (ValueError, IndexError, OverflowError, MemoryError) as error:
        raise BadInput(f"{name} is not a whole pickle of arrays ({str(error)[:60]}): fetch the file again.") from None


def _finish(value: Any) -> Any:
    """Put arrays where their stand-ins were, at the top or inside a sparse matrix."""
    if isinstance(value, _Array):
        if value.array is None:
            raise pickle.UnpicklingError("an array without a value")
        return value.array
    if isinstance(value, SparseRows):
        return SparseRows(*(_finish(getattr(value, part, None)) for part in ("data", "indices", "indptr", "_shape")))
    return value
