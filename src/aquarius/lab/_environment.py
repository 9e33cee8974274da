"""Where a run happened: interpreter, processor, threads, and the versions of the libraries whose numbers it rests on."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib import metadata

from ..core import Environment

LIBRARIES = ("aquarius", "numpy", "scipy", "torch")  # those that can change a number


def environment() -> Environment:
    """Return the environment of this process; of a library that is not imported the installed version is told, nothing is imported for it."""
    return Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        cores=os.cpu_count() or 1,
        threads=_threads(),
        packages={name: version for name in LIBRARIES if (version := _version(name)) is not None},
        accelerator=_accelerator(),
    )


def installed() -> dict[str, str]:
    """Return name -> version of every installed distribution, sorted: for the record beside a run."""
    found = {str(point.metadata["Name"]): point.version for point in metadata.distributions() if point.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


@cache
def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _threads() -> int:
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    named = os.environ.get("OMP_NUM_THREADS", "")
    return int(named) if named.isdigit() and int(named) > 0 else os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _accelerator() -> str | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name())
