"""The dossier as YAML that a person can read and edit, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from ..core import BadInput, validate
from ._dossier import Dossier, Fact

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


def load_plain(text: str, name: str) -> Any:
    """Return the plain values of a YAML text, without tags and aliases.

    Raises:
        BadInput: it is not YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise BadInput(f"{name} is not YAML{where}: {getattr(error, 'problem', None) or type(error).__name__}.") from None


def from_yaml(text: str, *, name: str = "dossier.yaml") -> Dossier:
    """Read what `to_yaml` wrote and a person may have edited.

    Raises:
        BadInput: no YAML, another schema, a field that is missing, unknown or of the wrong kind, or two claims of one id.
    """
    data = load_plain(text, name)
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


def add_facts(text: str, facts: Sequence[tuple[str, Fact]], *, name: str = "dossier.yaml") -> str:
    """Write facts (group, fact) into the text of a dossier; every other line, comment and order stays as it is.

    Raises:
        BadInput: the text is no dossier, or a group is written in a form that cannot be added to line by line.
    """
    before = from_yaml(text, name=name)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for group in dict.fromkeys(group for group, _ in facts):
        items = [_lean(fact.to_data()) for where, fact in facts if where == group]
        block = yaml.dump(items, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False)
        at = next((index for index, line in enumerate(lines) if re.match(rf"{group}\s*:", line)), None)
        if at is None:
            lines += [f"{group}:\n", *block.splitlines(keepends=True)]
            continue
        if re.match(rf"{group}\s*:\s*(?:\[\s*\]|null|~)?\s*(?:#.*)?$", lines[at]) and "[" in lines[at].split("#")[0]:
            lines[at] = re.sub(r"\[\s*\]", "", lines[at], count=1)
        end = next((index for index in range(at + 1, len(lines)) if re.match(r"[^\s#-]", lines[index])), len(lines))
        while end > at + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1  # blank lines and comments before the next key belong to it
        dent = next((re.match(r"\s*", line)[0] for line in lines[at + 1 : end] if line.lstrip().startswith("- ")), "")  # type: ignore[index]
        lines[end:end] = [dent + line for line in block.splitlines(keepends=True)]
    after = "".join(lines)
    wanted = before.model_copy(
        update={
            group: (*getattr(before, group), *(fact for where, fact in facts if where == group)) for group in {group for group, _ in facts}
        }
    )
    try:
        done = from_yaml(after, name=name) == wanted
    except BadInput:
        done = False
    if not done:
        raise BadInput(f"{name} is written in a form that facts cannot be added to line by line: write its lists with one '- ' per item.")
    return after


def _filled(data: dict[Any, Any]) -> dict[str, Any]:
    """Give back the empty texts that `to_yaml` leaves out and the records need; a number or date that a person typed for a text is text."""
    filled: dict[str, Any] = {str(key): value for key, value in data.items() if value is not None}  # "recipe:" that was emptied by hand
    filled.setdefault("document", "")
    filled.setdefault("authors", [])
    for group in ("summary", "architecture", "recipe", "datasets", "metrics", "compute", "links"):
        if isinstance(filled.get(group), list):
            filled[group] = [_fact(fact) for fact in filled[group]]
    return filled


def _fact(fact: Any) -> Any:
    if not isinstance(fact, dict):
        return fact
    value = fact.get("value", "")
    return {**fact, "value": str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value}
