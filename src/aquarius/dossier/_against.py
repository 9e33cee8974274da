"""Contradictions between a sentence and the display that it announces or explains: "we sum" above a mean, one symbol with two values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from ..core import Place
from ..reading import Document, Equation
from ._dossier import Contradiction
from ._numbers import NUMBER, number_of, print_number
from ._text import Sentence, flatten

_GREEK = "alpha|beta|gamma|delta|epsilon|varepsilon|eta|kappa|lambda|mu|rho|sigma|tau|omega|xi|zeta|nu"
_SUBSCRIPT = r"(?:\s*_\s*(?:\{[^{}]*(?:\{[^{}]*\})?[^{}]*\}|[A-Za-z0-9]))?"
_SYMBOL = rf"(?:\\(?:{_GREEK})(?![A-Za-z])|(?<![A-Za-z\\_^{{])[A-Z](?![A-Za-z])){_SUBSCRIPT}"
_NUMBER = r"-?(?:\d+(?:\.\d+)?(?:\s*(?:\\times|\\cdot)\s*10\s*\^\s*\{?\s*-?\d+\s*\}?)?|10\s*\^\s*\{?\s*-?\d+\s*\}?|\.\d+)"
_EQUALS = re.compile(
    rf"(?P<symbol>{_SYMBOL})\s*(?:\{{\s*)?=(?:\s*\}})?\s*(?P<value>{_NUMBER})(?!\d|\.\d|\s*(?:[+\-*/^]|\\times|\\cdot|\\frac|\(|[A-Za-z\\]))"
)
# a sentence in which a symbol may take another value than its own: a grid, an exception, a plot, an initial value
_MANY = re.compile(
    r"\b(?:var(?:y|ied|ying)|sweep|swept|grid|range[sd]?|except|instead|respectively|when|if|unless|ablat\w*|compar\w*|whereas|while|first|initial\w*|start\w*|anneal\w*|increas\w*|decreas\w*|either|or|Figure|Fig|Table|case|for example|e\.g|suppose|assume|let)\b|∈|\\in\b|\\to\b|\\ldots|\\dots",
    re.IGNORECASE,
)
_SUMS = re.compile(
    r"\b(?:we |which |that |and |then |layer |it |server |loss |objective )?(?:simply )?(?:sums?|summed|add(?:s|ed)? up)\b(?!\s+(?:to|of\s+(?:two|three|the two|the three|both)))(?P<rest>[^.;]{0,120})$",
    re.IGNORECASE,
)
_AVERAGES = re.compile(
    r"(?<!moving )(?<!weighted )\b(?:averag(?:e|es|ed|ing)|(?:arithmetic )?mean)\b(?P<rest>[^.;]{0,120})$", re.IGNORECASE
)
_SOFTENED = re.compile(
    r"\bweight|\bnormali[sz]|\bnot\b|\binstead\b|\brather\b|\bmoving\b|\bor\b|\bexpect|\bsquared error\b|\babsolute error\b|\bpooling\b|\bpairwise\b",
    re.IGNORECASE,
)
_MEAN = re.compile(
    r"^\s*(?:\\(?:left|bigl?|Bigl?)?\s*[(\[]?\s*)?\\[dt]?frac\s*\{\s*1\s*\}\s*\{(?P<count>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\s*\\sum|^\s*(?:\\(?:Big|big|left)\w*\s*\(\s*)?1\s*/\s*\w+\s*\\sum"
)
_PLAIN_SUM = re.compile(
    r"^\s*\\sum\s*(?:\\limits|\\nolimits)?\s*(?:[_^]\s*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\\?\w+)\s*)*(?P<term>.*)$", re.DOTALL
)
_WEIGHTS = re.compile(
    r"softmax|\\frac|\\tfrac|/|\\alpha|\\lambda|\\omega|\\pi|\\beta|\\gamma|\bw_|\ba_|\bp_|\bp\(|\bq_|\\mathbb\s*\{?\s*E|\\bar|\^\s*\{?\s*-\s*1|\\hat\s*\{?\s*A|\bA_"
)
_SCALED = re.compile(
    r"\b(?:logits?|scores?|dot products?|products?|similarit(?:y|ies)|attention weights?|they|it|which|these|queries|keys)\b[^.;]{0,50}\b(?:divided|scaled|divide|scale|normali[sz]ed)\b[^.;]{0,30}(?:\\sqrt|√)|\b(?:divide|scale)\b[^.;]{0,50}\b(?:logits?|scores?|dot products?|products?)\b[^.;]{0,20}\bby\b[^.;]{0,12}(?:\\sqrt|√)"
)
_UNSCALED = re.compile(
    r"\b(?:do(?:es)? not|without|omit\w*|drop\w*|never|no)\b[^.;]{0,30}\b(?:scal(?:e|ed|ing)|divid(?:e|ing))\b[^.;]{0,40}(?:logits?|scores?|dot products?|\\sqrt|√)",
    re.IGNORECASE,
)
_ATTENTION = re.compile(r"softmax[^=]*?(?:\\mathbf\s*\{?\s*)?Q[^=,]{0,24}?K", re.IGNORECASE)
_ABSOLUTE = re.compile(
    r"\b(?:mean |the )?absolute (?:error|deviation|difference)s?\b|\bMAE\b|(?:\bL|\\ell)\s*_\s*\{?\s*1\s*\}?\s*\$?\s*(?:loss|error|distance)",
    re.IGNORECASE,
)
_SQUARED = re.compile(
    r"\b(?:mean[- ])?squared (?:error|deviation|difference)s?\b|\bMSE\b|(?:\bL|\\ell)\s*_\s*\{?\s*2\s*\}?\s*\$?\s*(?:loss|error)",
    re.IGNORECASE,
)
_MINIMIZES = re.compile(r"\b(?:minimi[sz]\w*|train\w*|optimi[sz]\w*|loss|objective|use[sd]?)\b", re.IGNORECASE)
_COEFFICIENT = re.compile(
    rf"\b(?:with|by)\s+(?:a\s+|the\s+)?(?:coefficient|weight|factor|strength)\s+(?:of\s+)?(?P<value>{NUMBER})", re.IGNORECASE
)
_LOSS_WEIGHT = re.compile(
    r"(?P<value>\d+\.\d+|\d+)\s*(?:\\[,;:! ]|\\cdot|\s)*\\mathcal\s*\{?\s*[LJ]\s*\}?\s*_\s*(?:\{\s*)?(?:\\(?:mathrm|text|textrm|operatorname|mathsf)\s*\{)?\s*(?P<name>[A-Za-z]{2,12})"
)


def against_equations(document: Document, text: list[Sentence], files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield what a sentence and a display of LaTeX say differently, both places shown; what may be meant otherwise is left alone."""
    shown = [equation for equation in document.equations if not equation.pictured]
    yield from _values(shown, text, files)
    yield from _weights(shown, text, files)
    for equation in shown:
        for sentence in text:
            at = _position(sentence, equation)
            if at is not None:
                yield from _announced(sentence, at, equation, files)
                break
    yield from _attention(shown, text, files)


def _latex(equation: Equation) -> str:
    return re.sub(r"\\label\{[^{}]*\}|&|\\displaystyle|\\limits", " ", equation.expanded or equation.latex)


def _position(sentence: Sentence, equation: Equation) -> int | None:
    """Return where a display begins in the sentence that holds it."""
    passage, place = sentence.passage.place, equation.place
    if passage.file != place.file or not passage.start <= place.start <= passage.end:
        return None
    begins = _beginning(equation.latex)
    found = begins.search(sentence.text) if begins is not None else None
    return found.start() if found else None


@cache
def _beginning(latex: str) -> re.Pattern[str] | None:
    head = re.sub(r"^(?:\\begin\{\w+\*?\}|\\label\{[^{}]*\}|&|\s)+", "", latex)[:24]
    words = re.findall(r"\\[A-Za-z]+|[^\s\\]|\\.", head)
    return re.compile(r"\s*".join(re.escape(word) for word in words)) if len(words) >= 6 else None


def _contradiction(message: str, place: Place, equation: Equation) -> Contradiction:
    return Contradiction(message=message, places=(place, _named(equation)))


def _named(equation: Equation) -> Place:
    label = f"equation ({equation.number})" if equation.number else "a display"
    return equation.place if equation.place.label else equation.place.model_copy(update={"label": label})


def _key(symbol: str) -> str:
    return re.sub(r"\\(?:mathrm|text|textrm|mathit)|[\s{}]", "", symbol).replace("varepsilon", "epsilon")


def _number(latex: str) -> float | None:
    return number_of(print_number(flatten(latex).strip()))


def _values(shown: list[Equation], text: list[Sentence], files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield a symbol that one display gives a number and one sentence another, where the paper gives it no third."""
    printed: dict[str, list[tuple[float, Equation, str]]] = {}
    for equation in shown:
        for match in _EQUALS.finditer(_latex(equation)):
            value = _number(match["value"])
            if value is not None and not re.search(r"\\(?:sum|prod|max|min|int|bigcup)[^=]{0,12}$", _latex(equation)[: match.start()]):
                printed.setdefault(_key(match["symbol"]), []).append((value, equation, match[0]))
    for symbol, found in printed.items():
        said = [(value, item) for item in _said(symbol, text, found) for value in [item[0]]]
        values = {value for value, _ in said}
        if len({value for value, _, _ in found}) != 1 or len(values) != 1 or found[0][0] in values:
            continue
        value, (_, sentence, start, end, quoted) = said[0]
        if any(_MANY.search(sentence.text) for _, (_, sentence, *_rest) in said):
            continue
        name = _named(found[0][1]).label
        yield _contradiction(
            f"{sentence.place().label or 'The text'} says {quoted}, and {name} prints {' '.join(found[0][2].split())}.",
            sentence.place(start, end, files),
            found[0][1],
        )


def _said(symbol: str, text: list[Sentence], found: list[tuple[float, Equation, str]]) -> Iterator[tuple[float, Sentence, int, int, str]]:
    for sentence in text:
        if sentence.role in ("related", "references", "abstract", "introduction"):
            continue
        spans = [(at, at + len(equation.latex)) for _, equation, _ in found if (at := _position(sentence, equation)) is not None]
        for match in _EQUALS.finditer(sentence.text):
            if _key(match["symbol"]) != symbol or any(first <= match.start() < last for first, last in spans):
                continue
            value = _number(match["value"])
            if value is not None:
                yield value, sentence, match.start(), match.end(), " ".join(match[0].split())


def _weights(shown: list[Equation], text: list[Sentence], files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield a part of a loss that a display weighs with one number and a sentence with another ("0.3 L_CTC", "the CTC loss is weighted with 0.5")."""
    for equation in shown:
        for match in _LOSS_WEIGHT.finditer(_latex(equation)):
            name = match["name"]
            pattern = re.compile(
                rf"(?<![\w-]){re.escape(name)}\b(?:\s+[a-z]+){{0,2}}?\s+(?:loss|term|objective)\s+(?:is|are|was)\s+(?:weighted|scaled|multiplied)\s+(?:with|by)\s+(?P<value>{NUMBER})"
                rf"|weight(?:ing)?\s+of\s+(?P<first>{NUMBER})\s+(?:on|for|to)\s+(?:the\s+)?(?:auxiliary\s+)?{re.escape(name)}\b"
            )
            for sentence in text:
                said = pattern.search(sentence.flat)
                value = _number(said["value"] or said["first"]) if said else None
                if said is None or value is None or value == float(match["value"]) or _MANY.search(said[0]):
                    continue
                message = f"{sentence.place().label or 'The text'} weighs the {name} loss with {said['value'] or said['first']}, and {_named(equation).label} with {match['value']}."
                yield _contradiction(message, sentence.place(said.start(), said.end(), files), equation)


def _announced(sentence: Sentence, at: int, equation: Equation, files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield what the words right before a display say of it, and it does not do."""
    before = re.sub(r"\s*\$\$\s*$", "", sentence.text[:at])  # "... over all frames: $$"
    latex = _latex(equation)
    label = _named(equation).label
    right = latex.split("=", 1)[1] if latex.count("=") else latex
    clause = re.split(r";|,\s+(?:and|where|but)\s", before.split("$$")[-1])[-1]
    place = _words_of(sentence.place(len(before) - len(clause), max(1, len(before.rstrip(" :,"))), files))
    if "\\begin" not in latex and not _SOFTENED.search(clause):
        if _SUMS.search(clause) and not _AVERAGES.search(clause) and (mean := _MEAN.search(right)) and _counts(mean, latex):
            yield _contradiction(
                f"{sentence.place().label or 'The text'} sums, and {label} divides the sum by its number of terms.", place, equation
            )
        plain = _PLAIN_SUM.match(right)
        if (
            _AVERAGES.search(clause)
            and not _SUMS.search(clause)
            and plain
            and not _WEIGHTS.search(right)
            and not _WEIGHTS.search(latex.split("=", 1)[0])
        ):
            yield _contradiction(f"{sentence.place().label or 'The text'} averages, and {label} sums without dividing.", place, equation)
    if _MINIMIZES.search(clause):
        absolute, squared = bool(_ABSOLUTE.search(clause)), bool(_SQUARED.search(clause))
        squares = bool(re.search(r"(?:\)|\]|\\[rR]Vert|\\\||\||\}|\\right\S)\s*(?:_\s*\{?\s*2\s*\}?\s*)?\^\s*\{?\s*2", right))
        first = right.split("+")[0]
        if (
            absolute
            and not squared
            and squares
            and not re.search(r"\|[^|]+\||\\[lr]?vert|_\s*\{?\s*1\s*\}?|\\ell", first)
            and re.search(r"\)\s*\^\s*\{?\s*2", first)
        ):
            yield _contradiction(
                f"{sentence.place().label or 'The text'} speaks of an absolute error, and {label} squares it.", place, equation
            )
        if (
            squared
            and not absolute
            and not re.search(r"\^\s*\{?\s*2|_\s*\{?\s*2|\\ell|MSE", latex)
            and re.search(r"\|[^|]+-[^|]+\||\\lvert|(?:Vert|\\\|)\s*_\s*\{?\s*1", right)
        ):
            yield _contradiction(
                f"{sentence.place().label or 'The text'} speaks of a squared error, and {label} takes absolute values.", place, equation
            )
    spoken = list(_COEFFICIENT.finditer(flatten(clause)))
    beside = [(value, match[0]) for match in _EQUALS.finditer(latex) if (value := _number(match["value"])) is not None]
    if len(spoken) == 1 and len(beside) == 1 and not _MANY.search(clause):
        value = _number(spoken[0]["value"])
        if value is not None and value != beside[0][0] and re.search(r"\\(?:lambda|gamma|alpha|beta|mu|eta|rho|kappa|xi)", beside[0][1]):
            message = f"{sentence.place().label or 'The text'} gives the coefficient {print_number(spoken[0]['value'])}, and {label} prints {' '.join(beside[0][1].split())}."
            yield _contradiction(message, place, equation)


def _words_of(place: Place) -> Place:
    """Return a place up to the display that follows it, and from behind one that it begins in."""
    ends = [match.end() for match in re.finditer(r"\\end\s*\{\w+\*?\}\s*", place.quote)]
    first = ends[-1] if ends and place.quote[ends[-1] :].strip() else 0
    quote = re.split(r"\\begin\s*\{|\\\[|\$\$", place.quote[first:])[0].rstrip()
    skipped = place.quote[:first]
    start = place.start + len(skipped.encode("utf-8", "surrogateescape"))
    end = start + len(quote.encode("utf-8", "surrogateescape"))
    return (
        place.model_copy(update={"quote": quote, "start": start, "end": end, "line": place.line + skipped.count("\n")}) if quote else place
    )


def _counts(mean: re.Match[str], latex: str) -> bool:
    """Say whether what a sum is divided by is how many terms it has: its upper limit, or the size of its set."""
    count = re.sub(r"[\s{}|]|\\[lr]?vert|\\mathcal", "", mean.groupdict().get("count") or "")
    limits = re.sub(r"[\s{}|]|\\mathcal", "", latex[latex.find("\\sum") :][:60])
    return bool(count) and (
        f"^{count}" in limits or f"in{count}" in limits or f"\\in{count}" in limits or count.startswith("d_") or "mathcalN" in limits
    )


def _attention(shown: list[Equation], text: list[Sentence], files: Mapping[str, bytes] | None) -> Iterator[Contradiction]:
    """Yield logits that the text divides by a root and the one display of attention does not, or the other way round."""
    found = [equation for equation in shown if _ATTENTION.search(_latex(equation))]
    if len(found) != 1:
        return
    latex = _latex(found[0])
    rooted = bool(re.search(r"\\sqrt|\^\s*\{?\s*-\s*\\?[dt]?(?:frac|1\s*/\s*2)|/\s*2\s*\}?|\\tau|\\frac", latex))
    for sentence in text:
        if sentence.role in ("related", "references", "abstract", "introduction"):
            continue
        at = _position(sentence, found[0])
        words = sentence.text if at is None else sentence.text[:at] + " " + sentence.text[at + len(found[0].latex) :]
        for pattern, wrong, message in (
            (_SCALED, not rooted, "divides by a root, and {label} does not"),
            (_UNSCALED, "\\sqrt" in latex, "does not scale, and {label} divides by a root"),
        ):
            match = pattern.search(words)
            if match and wrong and not (pattern is _SCALED and _UNSCALED.search(words)):
                inside = sentence.text.find(match[0])
                place = sentence.place(inside, inside + len(match[0]), files) if inside >= 0 else sentence.place(files=files)
                yield _contradiction(
                    f"{sentence.place().label or 'The text'} {message.format(label=_named(found[0]).label)}.", place, found[0]
                )
                return
