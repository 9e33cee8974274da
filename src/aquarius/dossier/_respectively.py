"""Lists that a "respectively" pairs: names with values ("β1 and β2 are .9 and .999"), or one name's values with what they hold for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ._dossier import Fact
from ._names import dataset_spans
from ._numbers import NUMBER, number_of, print_number
from ._patterns import LIST, listed, mentioned, spaced
from ._term import Term, compiled, plausible
from ._terms import BY_NAME, TERMS
from ._text import LISTED, Sentence, squeeze

_VALUES = rf"{NUMBER}(?:\s*,\s*{NUMBER})*\s*,?\s+and\s+{NUMBER}"
_NAMES_THEN_VALUES = re.compile(rf"(?P<values>{_VALUES})\s*\)?\s*,?\s*\(?respectively", re.IGNORECASE)
_VALUES_THEN_SCOPES = re.compile(
    rf"(?P<values>{_VALUES})\s+(?:\w+\s+){{0,2}}?(?:for|on|in)\s+(?:the\s+)?(?P<scopes>(?:[^.;()]|\.(?=\d)){{3,90}}?)\s*,?\s*\(?respectively",
    re.IGNORECASE,
)
# without the word: "0.1, 0.3 and 0.5 for S, B and L", "0.1/0.3/0.5 for the S/B/L models"
_NAME = r"(?-i:[A-Z])[\w.+-]*\w(?:\s\d[\w.]*)?|(?-i:[A-Z])"
_LIST_FOR_LIST = re.compile(
    rf"(?P<values>{_VALUES})\s+(?:\w+\s+){{0,1}}?(?:for|on)\s+(?:the\s+)?(?P<scopes>(?:{_NAME})(?:\s*,\s*(?:{_NAME}))*\s*,?\s+and\s+(?:the\s+)?(?:{_NAME}))(?!\s*,?\s*\(?respectively)"
    r"|(?<![\w/.])(?P<slashed>\d*\.?\d+(?:e-?\d+)?(?:\s?/\s?\d*\.?\d+(?:e-?\d+)?)+)\s+(?:\w+\s+){0,1}?(?:for|on|in)\s+(?:the\s+)?(?P<sizes>[A-Za-z][\w.+-]*(?:\s?/\s?[A-Za-z][\w.+-]*)+)",
    re.IGNORECASE,
)
_AND = r"\s*,\s*(?:and\s+)?(?:the\s+)?|\s+and\s+(?:the\s+)?"


# "(β1, β2) = (0.9, 0.98)", "betas of (0.9, 0.999)", "β = 0.9, 0.95"
_BETAS = re.compile(
    rf"(?:\(?\s*β\s*_\s*1\s*,\s*β\s*_\s*2\s*\)?|\bbetas?|β)\s*(?:=|of|are|is|to|set to)?\s*[(\[]?\s*(0?\.\d+)\s*[,{LISTED}]\s*(0?\.\d+)",
    re.IGNORECASE,
)


# "a batch size of 64 and 16 images with a learning rate of 5e-6 and 1e-5, respectively": each name has its own list
_OWN_VALUES = re.compile(rf"(?:\bof|=)\s*(?P<values>{_VALUES})(?=[^.;]*\brespectively)", re.IGNORECASE)


# "0.01 for Pubmed, and 0.005 for all other data sets", "0.2 for T, 0.3 for S and 0.5 for B"
_FOR = (
    rf"(?:\(\s*)?(?P<value>{LIST}|{NUMBER})(?:\s*\))?\s+(?:(?P<unit>(?:training\s+)?(?:epochs|steps|iterations|updates|layers|units|heads|tokens|word\s+pieces|sub-?words))\s+)?(?:for|on)\s+(?:the\s+)?(?P<scope>[\w×-]+(?:\s+[\w×-]+){{0,3}}?(?:(?:,\s+|,?\s+and\s+)(?-i:[A-Z])[\w-]*)*)"
    r"(?=\s*(?:$|[,.;)]|\b(?:and|or|but|with|in|which)\b))"
)
_ALTERNATE = re.compile(_FOR, re.IGNORECASE)
_JOIN = re.compile(
    r"\s*(?:,\s*)?(?:(?:and|or|but)\s+)?(?:(?:(?:was|is)\s+)?(?:lowered|reduced|increased|raised|set)\s+)?(?:to\s+)?(?:of\s+)?",
    re.IGNORECASE,
)


def _chains(flat: str) -> Iterator[list[re.Match[str]]]:
    """Yield runs of two or more "value for scope", one right after the other."""
    run: list[re.Match[str]] = []
    for found in _ALTERNATE.finditer(flat):
        joined = run and _JOIN.fullmatch(flat, run[-1].end(), found.start())
        if not joined and len(run) > 1:
            yield run
        run = [*run, found] if joined else [found]
    if len(run) > 1:
        yield run


def paired(sentence: Sentence, files: Mapping[str, bytes] | None) -> Iterator[tuple[Term, Fact]]:
    """Yield the facts that a "respectively" pairs one to one; none where the lists have different lengths."""
    pair = _BETAS.search(sentence.flat)
    if pair:
        for name, index in (("beta1", 1), ("beta2", 2)):
            yield BY_NAME[name], _fact(sentence, BY_NAME[name], pair[index], "", pair.start(), pair.end(), files)
    for run in _chains(sentence.flat):
        first = run[0].start()
        names = [term for term in TERMS if run[0]["unit"] and term.after and compiled(spaced(term.after)).fullmatch(run[0]["unit"])]
        start = first if names else first + 1
        if not names and (names := _terms(sentence.flat[:first])):
            start = names_last(sentence.flat, names[-1], first)
        if names and first >= start > first - 60 and all(_possible(names[-1], part["value"]) for part in run):
            for part in run:
                yield names[-1], _fact(sentence, names[-1], part["value"], _scope(part["scope"]), start, part.end(), files)
    if "respectively" not in sentence.flat:
        yield from _list_for_list(sentence, files)
        return
    scoped = _VALUES_THEN_SCOPES.search(sentence.flat)
    if scoped:
        scopes = [_scope(part) for part in re.split(_AND, scoped["scopes"]) if part.strip()]
        yield from _spread(sentence, scoped, scopes, files)
        yield from _spread_further(sentence, scoped, scopes, files)
        return
    for own in _OWN_VALUES.finditer(sentence.flat):
        count = len(re.findall(NUMBER, own["values"]))
        yield from _spread(sentence, own, _names_for(sentence.flat, own.start(), count), files)
    for match, term in _counted(sentence.flat):
        yield from _spread_counts(sentence, match, term, files)
    found = _NAMES_THEN_VALUES.search(sentence.flat)
    if found is None or _OWN_VALUES.search(sentence.flat):
        return
    values = re.findall(NUMBER, found["values"])
    names_before = _terms(sentence.flat[: found.start()])[-len(values) :]
    first = min((names_at(sentence.flat, term, found.start()) for term in names_before), default=0)
    if re.search(r"(?<![\w_])\d", re.sub(r"_\s*\d", "", sentence.flat[first : found.start()])):
        return  # a number of its own stands between: the list belongs to the last name only
    if 2 <= len(values) == len(names_before) and all(_possible(term, value) for term, value in zip(names_before, values, strict=True)):
        for term, value in zip(names_before, values, strict=True):
            yield term, _fact(sentence, term, value, "", names_at(sentence.flat, term, found.start()), found.end(), files)


def _list_for_list(sentence: Sentence, files: Mapping[str, bytes] | None) -> Iterator[tuple[Term, Fact]]:
    """Yield the facts of two lists of one length that "for" joins, and of a further list of that length behind them."""
    for match in _LIST_FOR_LIST.finditer(sentence.flat):
        parts = re.split(r"\s?/\s?", match["sizes"]) if match["sizes"] else re.split(_AND, match["scopes"])
        scopes = [_scope(part) for part in parts if part.strip()]
        values = re.split(r"\s?/\s?", match["slashed"]) if match["slashed"] else re.findall(NUMBER, match["values"])
        if len(scopes) == len(values):
            yield from _spread(sentence, match, scopes, files)
            yield from _spread_further(sentence, match, scopes, files)


def _spread_further(
    sentence: Sentence, match: re.Match[str], scopes: list[str], files: Mapping[str, bytes] | None
) -> Iterator[tuple[Term, Fact]]:
    """Yield a later list of as many values, in the same order: "12 and 24 for A and B, respectively, and the width is 256 and 512"."""
    for later in re.finditer(rf"(?P<values>{_VALUES})(?!\s+(?:\w+\s+)?(?:for|on|in)\b)", sentence.flat[match.end() :]):
        whole = re.compile(rf"(?P<values>{_VALUES})").match(sentence.flat, match.end() + later.start())
        if whole and len(re.findall(NUMBER, whole["values"])) == len(scopes):
            yield from _spread(sentence, whole, scopes, files)


def _counted(flat: str) -> Iterator[tuple[re.Match[str], Term]]:
    """Yield lists of counts before their noun: "60 and 30 epochs, respectively"."""
    for term in TERMS:
        if term.after and term.values in ("integer", "size", "large") and mentioned(term, flat):
            match = compiled(rf"(?P<values>{_VALUES})\s+(?:{spaced(term.after)})(?=[^.;]{{0,60}}?\brespectively)").search(flat)
            if match and not (term.refuses and compiled(term.refuses).search(flat[max(0, match.start() - 18) : match.end()])):
                yield match, term


_ONE = r"(?:[A-Z][\w.+/-]*(?:\s\d[\w.]*)?|\d[\d.]*(?:\s?%|[kKMB]\b)|small(?:er)?|large[r]?|base|big(?:ger)?|tiny|medium|huge|teacher|student|actor|critics?|encoder|decoder|generator|discriminator)"
_LIST_OF = re.compile(rf"(?<![\w-]){_ONE}(?:\s*,\s*(?:the\s+)?{_ONE})*\s*,?\s+and\s+(?:the\s+)?{_ONE}(?![\w-])")


def _names_for(flat: str, at: int, count: int) -> list[str]:
    """Return the last list of `count` names before character `at`: data sets, sizes, "A-S, A-B and A-L"; none where there is no such list."""
    data = [name for name, _, _ in dataset_spans(flat)]
    if len(data) == count:
        return data
    lists = [re.split(_AND, found[0]) for found in _LIST_OF.finditer(flat[:at])]
    fitting = [[_scope(part) for part in parts] for parts in lists if len(parts) == count]
    return fitting[-1] if fitting else []


def _spread_counts(sentence: Sentence, match: re.Match[str], term: Term, files: Mapping[str, bytes] | None) -> Iterator[tuple[Term, Fact]]:
    values = re.findall(NUMBER, match["values"])
    if not all(_possible(term, value) for value in values):
        return
    named = _names_for(sentence.flat, match.start(), len(values))
    if len(named) != len(values):  # "400 and 300 hidden units, respectively": one list
        fact = _fact(sentence, term, values[0], "", match.start(), match.end(), files)
        yield term, fact.model_copy(update={"value": ", ".join(print_number(value) for value in values), "number": None})
        return
    for value, scope in zip(values, named, strict=True):
        yield term, _fact(sentence, term, value, scope, match.start(), match.end(), files)


def _spread(sentence: Sentence, match: re.Match[str], scopes: list[str], files: Mapping[str, bytes] | None) -> Iterator[tuple[Term, Fact]]:
    """Yield one name's values, each with its scope where there are as many scopes as values, else without one."""
    slashed = match.groupdict().get("slashed")
    values = re.split(r"\s?/\s?", slashed) if slashed else re.findall(NUMBER, match["values"])
    names = _terms(sentence.flat[: match.start("slashed" if slashed else "values")])
    if not names or not all(_possible(names[-1], value) for value in values):
        return
    for index, value in enumerate(values):
        scope = scopes[index] if len(scopes) == len(values) else ""
        yield (
            names[-1],
            _fact(sentence, names[-1], value, scope, names_last(sentence.flat, names[-1], match.start()), match.end(), files),
        )


def _scope(words: str) -> str:
    """Return a scope as printed; a data set by its name."""
    named = dataset_spans(words)
    return named[0][0] if len(named) == 1 and named[0][2] - named[0][1] >= len(words.strip()) - 1 else squeeze(words)


def _possible(term: Term, value: str) -> bool:
    numbers = [number_of(part) for part in listed(value).split(", ")]
    return all(number is not None and plausible(term.values, number) for number in numbers)


def _terms(text: str) -> list[Term]:
    """Return the hyperparameters a text names, in order, each once."""
    spots = [(names_last(text, term, len(text)), term) for term in TERMS if mentioned(term, text)]
    return [term for at, term in sorted(spots, key=lambda item: item[0]) if at < len(text)]


def names_last(text: str, term: Term, end: int) -> int:
    """Return where a text names a hyperparameter last before `end`."""
    words = spaced("|".join(part for part in (term.symbols, term.before) if part))
    found = [match.start() for match in compiled(rf"(?<![\w-])(?:{words})").finditer(text[:end])] if words else []
    return found[-1] if found else end


def names_at(text: str, term: Term, end: int) -> int:
    """Return where a text names a hyperparameter first, `end` where it does not."""
    words = spaced("|".join(part for part in (term.symbols, term.before) if part))
    found = compiled(rf"(?<![\w-])(?:{words})").search(text[:end]) if words else None
    return found.start() if found else end


def _fact(sentence: Sentence, term: Term, value: str, scope: str, start: int, end: int, files: Mapping[str, bytes] | None) -> Fact:
    return Fact(
        name=term.name,
        value=listed(value),
        number=number_of(value),
        unit=term.unit,
        scope=scope,
        place=sentence.place(start, end, files),
    )
