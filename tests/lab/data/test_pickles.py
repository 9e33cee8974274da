from __future__ import annotations

import os
import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from aquarius.core import BadInput
from aquarius.lab.data._pickles import SparseRows, restricted_load


class Runs:
    """A pickle of it calls a function when it is read."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def test_an_array_comes_back_bit_for_bit() -> None:
    for array in (np.arange(12, dtype=np.int32).reshape(3, 4), np.array([1.5, np.nan], dtype=">f8"), np.zeros((2, 0), dtype=bool)):
        for protocol in (3, 4):
            found = restricted_load(pickle.dumps(array, protocol=protocol), "x")
            assert found.dtype == array.dtype and found.shape == array.shape and found.tobytes() == array.tobytes()
    columns = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert np.array_equal(restricted_load(pickle.dumps(columns, protocol=3), "x"), columns)


def test_old_and_new_names_of_numpy_are_the_same_to_it() -> None:
    new = pickle.dumps(np.arange(3, dtype=np.int32), protocol=3)
    old = new.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != new
    assert np.array_equal(restricted_load(old, "x"), restricted_load(new, "x"))


def test_a_python_2_pickle_is_read() -> None:
    text = np.arange(3, dtype="<i4").tobytes()
    source = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x03\x85cnumpy\ndtype\nU\x02i4K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x0c" + text + b"tb."
    )
    assert restricted_load(source, "x").tolist() == [0, 1, 2]


def test_a_sparse_matrix_comes_back_dense_without_scipy_reading_it() -> None:
    matrix = csr_matrix(np.array([[0, 1.5, 0], [0, 0, 0], [2.0, 0, 3.0]], dtype=np.float32))
    found = restricted_load(pickle.dumps(matrix, protocol=3), "x")
    assert isinstance(found, SparseRows)
    assert np.array_equal(found.dense("x"), matrix.toarray())


def test_lists_by_number_come_back() -> None:
    graph = defaultdict(list, {0: [1, 2], 1: [0]})
    assert restricted_load(pickle.dumps(graph, protocol=2), "x") == graph


def test_a_pickle_that_calls_a_command_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for function, arguments in (
        (os.system, (f"touch {mark}",)),
        (eval, (f"open({str(mark)!r}, 'w')",)),
        (Path.touch, (mark,)),
        (OrderedDict, ()),
    ):
        for protocol in range(6):
            source = pickle.dumps(Runs(function, *arguments), protocol=protocol)
            with pytest.raises(BadInput, match=r"^evil\.x (holds more than plain arrays|is not a whole pickle)"):
                restricted_load(source, "evil.x")
            with pytest.raises(BadInput):
                restricted_load(pickle.dumps([np.zeros(2), {"deep": Runs(function, *arguments)}], protocol=protocol), "evil.x")
    assert not mark.exists()
    pickle.loads(pickle.dumps(Runs(os.system, f"touch {mark}")))
    assert mark.exists()  # the same pickle does run in a plain reader


def test_objects_inside_an_array_are_refused() -> None:
    with pytest.raises(BadInput, match="an array of kind 'O8'"):
        restricted_load(pickle.dumps(np.array([{}], dtype=object), protocol=3), "x")


def test_every_truncation_is_refused_with_one_sentence() -> None:
    source = pickle.dumps(csr_matrix(np.eye(4, dtype=np.float32)), protocol=3)
    for length in range(len(source)):
        with pytest.raises(BadInput, match=r"^x (is not a whole pickle of arrays|holds more than plain arrays).*\.$"):
            restricted_load(source[:length], "x").dense("x")


def test_a_small_file_cannot_ask_for_a_large_memory() -> None:
    honest = pickle.dumps(np.zeros(4, dtype=np.uint8), protocol=3)
    large = honest.replace(b"K\x04\x85", b"J\x00\x00\x00\x7f\x85")
    assert large != honest
    with pytest.raises(BadInput, match="an array of 2,130,706,432 bytes where 4 are there"):
        restricted_load(large, "x")
    with pytest.raises(BadInput, match="not a whole pickle"):
        restricted_load(b"\x80\x02Nr\xff\xff\xff\x7f.", "x")  # a memo of 2^31 places
    with pytest.raises(BadInput, match="at most 268,435,456 entries"):
        SparseRows(np.zeros(0), np.zeros(0, int), np.zeros(1, int), (1 << 20, 1 << 20)).dense("x")


@pytest.mark.parametrize(
    "broken",
    [
        {"_shape": None},
        {"data": [1.0]},
        {"indices": np.array([0, 9])},
        {"indices": np.array([0, -1])},
        {"indptr": np.array([0, 2, 1])},
        {"indptr": np.array([0, 1])},
        {"indptr": np.array([0, 1, 3])},
    ],
)
def test_parts_that_do_not_fit_are_refused(broken: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"data": np.ones(2), "indices": np.array([0, 1]), "indptr": np.array([0, 1, 2]), "_shape": (2, 3)}
    assert SparseRows(**whole).dense("x").sum() == 2
    with pytest.raises(BadInput, match=r"^x holds a sparse matrix"):
        SparseRows(**whole | broken).dense("x")


def test_noise_is_refused() -> None:
    generator = np.random.default_rng(0)
    for _ in range(300):
        with pytest.raises(BadInput):
            value = restricted_load(generator.bytes(int(generator.integers(0, 60))), "x")
            assert isinstance(value, np.ndarray | SparseRows)  # a short text, a number: no array
            raise BadInput("")
