"""The dossier as YAML that a person can read and edit, and back."""

from __future__ import annotations

from typing import Any

import yaml

from ..core import BadInput, validate
from ._dossier import Dossier

SCHEMA = f"{Dossier.SCHEMA}/{Dossier.VERSION}"
_HEAD = (
    "# What the paper claims, what it is made of, how it was trained, and what it leaves open. Every fact keeps the quote it rests on.\n"
)


class _Dumper(yaml.SafeDumper):
    """Block style, keys in their own order, long text unbroken."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out, so that each can be edited alone."""
        return True


class _Loader(yaml.SafeLoader):
    """Plain values only: an alias could stand for more than memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias where one stands."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "an alias (*name) stands where a value is needed", event.start_mark)
        return super().compose_node(parent, index)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None  # lines as lines, where YAML can keep them so
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(dossier: Dossier) -> str:
    """Return the dossier as YAML; fields that hold nothing are left out."""
    body = {"schema": SCHEMA, **_lean(dossier.to_data())}
    return _HEAD + yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False)


def _lean(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _lean(item) for key, item in value.items()}
        return {
            key: item for key, item in kept.items() if item is not None and item != [] and item != {} and (item != "" or key == "quote")
        }
    if isinstance(value, list):
        return [_lean(item) for item in value]
    return value


def from_yaml(text: str, *, name: str = "dossier.yaml") -> Dossier:
    """Read what `to_yaml` wrote and a person may have edited.

    Raises:
        BadInput: no YAML, another schema, a field that is missing, unknown or of the wrong kind, or two claims of one id.
    """
    try:
        data = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise BadInput(f"{name} is not YAML{where}: {getattr(error, 'problem', None) or type(error).__name__}.") from None
    if not isinstance(data, dict):
        raise BadInput(f"{name} holds no dossier: its top level must be a mapping that begins with 'schema: {SCHEMA}'.")
    schema = data.pop("schema", None)
    if schema != SCHEMA:
        raise BadInput(f"{name} has schema {schema!r}, and this Aquarius reads {SCHEMA!r}.")
    dossier = validate(Dossier, _filled(data), name)
    ids = [claim.id for claim in dossier.claims]
    twice = next((claim for claim in ids if ids.count(claim) > 1), None)
    if twice is not None:
        raise BadInput(f"{name} has two claims with the id {twice!r}: give one of them another.")
    return dossier


def _filled(data: dict[Any, Any]) -> dict[str, Any]:
    """Give back the empty texts that `to_yaml` leaves out and the records need; a number or date that a person typed for a text is text."""
    filled: dict[str, Any] = {str(key): value for key, value in data.items()}
    filled.setdefault("document", "")
    filled.setdefault("authors", [])
    for group in ("summary", "architecture", "recipe", "datasets", "metrics"):
        if isinstance(filled.get(group), list):
            filled[group] = [_fact(fact) for fact in filled[group]]
    return filled


def _fact(fact: Any) -> Any:
    if not isinstance(fact, dict):
        return fact
    value = fact.get("value", "")
    return {**fact, "value": str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value}
