"""Places: the class and method that own a module, also where the class is a library's; functions by what stands in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from aquarius.gauntlet._locate import Source, plain_name, where_of_module
from bugs.corpus import load

TEXT = """
import torch
from torch import nn


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

    def encode(self, x):
        return self.layers(x).detach()


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.last = Inner(), nn.Linear(2, 2)

    def forward(self, x):
        return self.last(self.inner.encode(x))


def build():
    return Outer()
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(load(TEXT, tmp_path))


@pytest.mark.parametrize(
    ("path", "method", "where"),
    [
        ("", "forward", "Outer.forward"),
        ("last", "forward", "Outer.forward"),
        ("last", "__init__", "Outer.__init__"),
        ("inner.layers.0", "forward", "Inner.__init__"),  # it defines no forward of its own
    ],
)
def test_where_of_module(source: Source, path: str, method: str, where: str) -> None:
    assert where_of_module(source, source.module.build(), path, method) == where


def test_a_model_of_the_library_alone_is_placed_in_build(source: Source) -> None:
    assert where_of_module(source, nn.Sequential(nn.Linear(2, 2)), "0") == "build"


def test_functions_are_found_by_what_stands_in_them(source: Source) -> None:
    assert source.holding(r"\.detach\(") == ["Inner.encode"] and source.holding("nowhere") == []
    assert source.code("Inner.encode").startswith("def encode") and source.code("absent") == ""


def test_an_error_is_placed_in_the_innermost_function_of_the_file(source: Source) -> None:
    try:
        source.module.build()(None)
    except TypeError as error:
        assert source.where_of_error(error.__traceback__) == "Inner.encode"
    else:
        pytest.fail("nothing was raised")


def test_local_scopes_are_left_out_of_names() -> None:
    assert plain_name("Outer.forward.<locals>.<lambda>") == "Outer.forward" and plain_name("<module>") is None
