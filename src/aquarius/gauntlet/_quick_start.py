"""Optimisers without torch's compiler: creating or stepping one imports `torch._dynamo`, which takes longer than all checks together.

The optimiser's methods are wrapped so that the compiler does not look into them. Where nothing is compiled, the wrappers do nothing but
import the compiler, so they are taken off here. What torch wraps in another way stays as it is.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch

COMPILERS = ("compile", "_dynamo", "export")  # a file that holds one of these words keeps torch as it is


def without_compiler(source: str) -> bool:
    """Take the wrappers off the optimisers for a subject that compiles nothing; say whether that was done."""
    if "torch._dynamo" in sys.modules or any(word in source for word in COMPILERS):
        return False
    kinds = [kind for kind in vars(torch.optim).values() if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)]
    for kind in kinds:
        for name, method in list(vars(kind).items()):
            plain = getattr(method, "__wrapped__", None)
            if not isinstance(method, FunctionType) or not isinstance(plain, FunctionType):
                continue
            if method.__code__.co_name == "inner":  # torch._compile._disable_dynamo keeps what it made of the function in this attribute
                setattr(plain, "__dynamo_disable", plain)
            elif method.__code__.co_name == "_use_grad" and name == "step":
                kind.step = _step(plain)  # type: ignore[method-assign]
    return True


def _step(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return torch's `_use_grad_for_differentiable` without its graph breaks: a step records no gradient unless it is to be differentiated."""

    @functools.wraps(plain)
    def step(self: torch.optim.Optimizer, *arguments: Any, **named: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return plain(self, *arguments, **named)

    return step
