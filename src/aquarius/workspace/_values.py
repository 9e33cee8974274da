"""Values as people write them: in YAML, and as NAME=VALUE on a command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..core import BadInput, read_text

LARGEST_YAML = 8 * 1024 * 1024  # bytes
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def parse_value(text: str) -> bool | int | float | str | None:
    """Return the value that a text means: true, 3, 0.01, 1e-3 (which PyYAML takes for a word), null, or the word itself."""
    words: dict[str, bool | None] = {"true": True, "false": False, "null": None, "none": None}
    if text.strip().casefold() in words:
        return words[text.strip().casefold()]
    if _NUMBER.fullmatch(text.strip()):
        number = float(text)
        return int(text) if re.fullmatch(r"[-+]?\d+", text.strip()) else number
    return text


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Return name -> value from ["learning_rate=1e-3", ...].

    Raises:
        BadInput: an item without "=", an empty name, or a name given twice.
    """
    found: dict[str, Any] = {}
    for item in settings:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise BadInput(f"{item!r} is no setting: write NAME=VALUE.")
        if name.strip() in found:
            raise BadInput(f"the setting {name.strip()!r} is given twice.")
        found[name.strip()] = parse_value(value)
    return found


def read_yaml(path: Path) -> Any:
    """Read a YAML file; numbers such as 1e-3 are numbers, aliases (which can be made to explode) are refused.

    Raises:
        BadInput: missing, not YAML, too large, or with aliases.
    """
    text = read_text(path, largest=LARGEST_YAML)
    try:
        for token in yaml.scan(text):
            if isinstance(token, yaml.AliasToken):
                raise BadInput(f"{path} uses a YAML alias (line {token.start_mark.line + 1}), which is not read here: write the value out.")
        return _numbers(yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise BadInput(f"{path} is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}{line}.") from None
    except RecursionError:
        raise BadInput(f"{path} is nested too deeply.") from None


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON file of name -> value; nested names are joined with a point's last part: optimizer: {lr: 1} is "lr".

    Raises:
        BadInput: not a mapping.
    """
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise BadInput(f"{path} is no list of settings: write NAME: VALUE, one a line.")
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict) and "value" in value:  # conf/<experiment>.yaml has the origin beside each value
            found[name] = value["value"]
        elif isinstance(value, dict):
            found |= {inner: item for inner, item in value.items() if not isinstance(item, dict)}
        else:
            found[name] = value
    return found


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, str) and "e" in value.casefold() and _NUMBER.fullmatch(value):
        return float(value)
    return value
