"""Which source files a running program is made of: for receipts, collected inside the child after the work is done."""

from __future__ import annotations

import sys
from pathlib import Path

from ..core import file_hash

OF_THE_PACKAGE = ("models", "parts", "aql")  # the folders of Aquarius whose code can be under test


def loaded_sources(folder: Path) -> dict[str, str]:
    """Return name -> sha256 of every imported Python file under `folder` ("workspace:...") and of our parts and models ("package:...")."""
    root, package = folder.resolve(), Path(__file__).resolve().parents[1]
    found: dict[str, str] = {}
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if not name or not name.endswith(".py") or not Path(name).is_file() or not Path(name).is_absolute():
            continue  # torch.ops names a file that is not there
        path = Path(name).resolve()
        if package in path.parents:
            inside = path.relative_to(package)
            if inside.parts[0] in OF_THE_PACKAGE:
                found[f"package:{inside.as_posix()}"] = file_hash(path)
        elif root in path.parents and ".venv" not in path.parts and "site-packages" not in path.parts:
            found[f"workspace:{path.relative_to(root).as_posix()}"] = file_hash(path)
    return dict(sorted(found.items()))
