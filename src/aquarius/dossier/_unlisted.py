"""Settings that no term of the vocabulary names: "an expectile of 0.9", "λ = 5", "a 25 ms window", "two frequency masks", "20 labels per class"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ._choices import NEGATED
from ._metrics import metric_of
from ._numbers import COUNT, NUMBER, number_of, print_number
from ._patterns import LIST, OTHERS, listed
from ._tables import GREEK

# a sentence that settles something: only such a sentence states a setting by words of its own
_SETTLES = re.compile(
    r"\b(?:we|which|it|that|they|all|is|are|was|were)\s+(?:\w+ly\s+|also\s+|then\s+|always\s+)?(?:uses?|used|set|fix|fixed|choose|chose|chosen|take|took|taken|employ\w*|adopt\w*|appl(?:y|ied)|train\w*|run|ran|sampled?|keep|kept|initiali[sz]\w*|weight\w*|anneal\w*|computed|resampled|subsampled|limited|optimi[sz]ed|select\w*|pick\w*)\b"
    r"|\bset(?:ting)? to\b|\bwith (?:an?|the|\d)|\busing\b|\bhas\b|\bhave\b|\buses\b",
    re.IGNORECASE,
)
# a sentence about what came out
_REPORTS = re.compile(
    r"(?<!\bto )\b(?:achiev|outperform|improv|surpass|exceed|reach|gain|yield|obtain|degrad|impair|drops?\b|falls? from|rises? (?:to|from)|lower(?:s|ed) the|reduc(?:es|ed) the|costs?\b|faster|slower|better|worse|missed\b|points\b|shows?\b|report(?:s|ed)? (?:by|in))",
    re.IGNORECASE,
)
_SETS = re.compile(
    r"\b(?:set|default|there (?:is|are)|runs?|have|has|are|is|throughout|take|took|use|used|using|choose|chose|chosen|fix|fixed|with|where|default)\b",
    re.IGNORECASE,
)
# nouns that name no setting by themselves, and those that need another word before them
_NEVER_WORDS = (
    "there "
    "accuracy score scores error errors wer cer gain gains improvement improvements drop reduction increase decrease difference "
    "speedup cost costs average mean median number numbers set sets amount percentage proportion performance time times table "
    "tables figure figures section year level point points result results correlation one case cases order sum version equation "
    "appendix line lines page paper papers step steps epoch epochs iteration iterations layer layers block blocks dataset datasets "
    "task tasks class classes group type types advantage overhead total hour hours day days week gpu gpus model models method "
    "methods example examples image images frame frames node nodes experiment experiments setting settings row column member "
    "members author authors word words sentence sentences item items fact thing way part parts other others those baseline "
    "baselines and or of for with in on to from by at as all both each every per only least most about than that this these more "
    "less first second third last next same such their our its is are was were be batch we use used using choose chose choosing "
    "keep took take find found need needs cluster fixed corresponding resulting i you they it when if while where which "
    "participants annotators users people reviewers raters subjects patients "
)
_NEVER = frozenset(_NEVER_WORDS.split())
_PLAIN_WORDS = (
    "rate value values factor ratio size sizes length lengths probability threshold weight weights coefficient coefficients "
    "parameter parameters dimension dimensions loss losses range deviation variance constant scale budget fraction share interval "
    "period maximum minimum "
)
_PLAIN = frozenset(_PLAIN_WORDS.split())
_WORD = r"[A-Za-z][a-z]+(?:-[a-z]+)*"
_NOUN = rf"(?P<noun>(?:{_WORD}\s+){{0,2}}{_WORD})"
_SYMBOL = r"(?:[α-ωA-Z]|[kmpqr])(?:\s*_\s*\w+)?"
_UNIT = r"(?:\s?-?\s?(?P<unit>m\s*s|milliseconds?|seconds?|s|kHz|Hz|dB)\b)?"
_IS = r"(?:=|of\b|(?:is|are|was|were)\s+(?:set|fixed|chosen|equal|initiali[sz]ed)\s+(?:to|as|at|with)\b|(?:is|are|was|were)\b|in\s+(?=\()|with\s+(?:factors?|rates?|probabilit(?:y|ies)|values?|weights?)(?:\s+of)?\b|set\s+to\b|fixed\s+(?:to|at)\b|(?:with|at)\s+(?=at most))"
_VALUE = rf"(?:at most |about |up to |to )?\(?\s*(?P<value>{LIST}|{NUMBER})"
_VALUED = re.compile(
    rf"(?:(?<=[\s(])(?:an?|the|our|its|and|with|by|uses?|using|a single)\s+|[,(]\s*|^\s*(?:(?:The|Our|An?)\s+)?(?=[A-Z])|^\s*(?:The|Our|An?)\s+){_NOUN}\s+(?:(?P<symbol>{_SYMBOL})\s*)?(?P<is>{_IS})\s*(?:(?:{_SYMBOL})\s*=\s*)?{_VALUE}{_UNIT}"
)
_ASSIGNED = re.compile(
    rf"(?<![\w_^(|])(?P<symbol>{_SYMBOL})\s*(?:=\s*(?P<value>{NUMBER})(?!\s*(?:,\s*)?(?:…|\.\.\.))|∈\s*\(\s*(?P<several>{LIST})\s*\))"
    r"(?:\s+(?P<noun>(?:[a-z-]{3,}\s+)?[a-z-]{3,}s)\b(?!\s+of\b))?"
)
# "the look-back is L = 512", "Horizons are H ∈ {96, 192}"
_CALLED = re.compile(
    rf"(?:\b[Tt]he\s+|\b[Aa]n?\s+|^\s*|[;,]\s*)(?P<noun>[A-Za-z][a-z-]+(?:\s+[a-z-]+)?)\s+(?:is|are|was)\s+(?:set\s+to\s+)?{_SYMBOL}\s*(?:=|∈)\s*\(?\s*(?P<value>{LIST}|{NUMBER})"
)
_TIMED = re.compile(rf"\b(?:an?|of|the|and)\s+(?P<value>{NUMBER})\s?-?\s?(?P<unit>m\s*s|milliseconds?|seconds?|s)\s+(?P<noun>{_WORD})\b")
_WEIGHTED = re.compile(
    rf"\b(?:the\s+)?(?P<noun>(?:[\w-]+\s+){{0,3}}?(?:loss(?:es)?|term|objective|regulari[sz]er|penalty|entropy|divergence))\s+(?:is|are|was)\s+(?:weighted|scaled|multiplied)\s+(?:with|by)\s+{_VALUE}"
    rf"|\bweight(?:ing)?\s+of\s+(?P<first>{NUMBER})\s+(?:on|for|to)\s+(?:the\s+)?(?P<what>(?:[\w-]+\s+){{0,3}}?(?:loss(?:es)?|term|objective|regulari[sz]er|penalty|targets?))\b"
    rf"|\bweight\s+(?:the\s+)?(?P<weighted>(?:[\w-]+\s+){{0,2}}?(?:loss|term|objective|penalty))\s+(?:with|by)\s+(?P<last>{NUMBER})",
    re.IGNORECASE,
)
_COEFFICIENT = re.compile(
    rf"\b(?P<noun>[a-z-]+\s+(?:term|loss|penalty|regulari[sz]er))\s+with\s+(?:an?\s+)?(?P<kind>coefficient|weight)\s+(?:of\s+)?(?P<value>{NUMBER})",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    rf"\b(?P<verb>[a-z-]{{4,}}?)(?:e?d|s|ing)?\s+(?:(?!are\b|is\b|was\b|were\b)[a-z]+\s+){{0,2}}?by\s+a\s+factor\s+of\s+(?P<value>{COUNT})",
    re.IGNORECASE,
)
_SIZED = re.compile(
    rf"\b(?P<noun>[a-z]+\s+[a-z]+s)\s+of\s+(?:(?P<what>width|size|length|duration)\s+)?(?:at most|up to|at least)\s+(?P<value>{NUMBER})",
    re.IGNORECASE,
)
# "target policy noise has a standard deviation of 0.2"
_NOISE = re.compile(
    rf"\b(?P<noun>(?:[a-z-]+\s+)?noise)\s+(?:(?:has|with|of)\s+)?(?:an?\s+)?(?:standard deviation|std\.?|scale|magnitude)\s+(?:of\s+)?(?P<value>{NUMBER})(?:[^.;]{{0,12}}clipp\w+\s+(?:at|to)\s+(?P<clip>{NUMBER}))?",
    re.IGNORECASE,
)
_INITIAL = re.compile(
    rf"\binitiali[sz]e[ds]?\s+(?:the\s+)?(?:learn(?:ed|able)\s+)?(?P<noun>{_WORD}(?:\s+{_WORD})?)\s+(?:(?P<symbol>{_SYMBOL})\s+)?(?:with|to|at|as)\s+(?P<value>{NUMBER})"
)
_THRESHOLD = re.compile(
    rf"\b(?P<noun>[a-z]+)\s+(?:falls?|is|are|lies?|drops?)?\s*(?:below|above|exceeds?|(?:larger|smaller|greater|lower|higher|less|more) than)\s+(?P<value>{NUMBER})[^.;]{{0,12}}?\s(?:is|are|were|was)\s+(?:then\s+)?(?:removed|dropped|discarded|filtered|kept|pruned|merged|skipped|ignored|masked|accepted)"
)
_COUNTED = re.compile(
    rf"(?<![\w_])(?P<value>{COUNT})\s+(?P<noun>(?:[a-z-]+\s+)?(?:masks|critics|experts|specialists|codebooks|prototypes|clusters|negatives|negative samples|slots|inducing points|particles|stages|anchors|crops|views|discriminators|clients|communication rounds|local epochs|codewords|landmarks|mixture components|components|quantiles|bins|templates|demonstrations))\b",
    re.IGNORECASE,
)
_PER = re.compile(
    rf"(?<![\w_])(?P<value>{NUMBER})\s+(?P<noun>(?:[a-z]+\s+)?[a-z]+s)\s+per\s+(?P<each>class|task|client|node|graph|image|user|query|prompt|expert|anchor|category|specialist|round|episode|GPU|device)\b"
)
_FACTORS = {
    "expand": "expansion",
    "expands": "expansion",
    "subsampl": "subsampling",
    "downsampl": "downsampling",
    "upsampl": "upsampling",
    "widen": "widening",
}


@dataclass(frozen=True)
class Spoken:
    """A setting in the paper's own words, in a flattened sentence."""

    name: str
    value: str
    number: float | None
    unit: str
    start: int  # of the words and the value
    end: int
    at: int  # of the value


def unlisted(flat: str, taken: list[tuple[int, int]]) -> Iterator[Spoken]:
    """Yield the settings that a sentence states in words outside the vocabulary; `taken` are the spans of values that have a name already.

    A sentence that reports results states none, nor one about somebody else's work.
    """
    if not re.search(r"\d|" + COUNT, flat) or OTHERS.search(flat):
        return
    used = list(taken)
    for found in _all(flat):
        end = found.at + len(found.value)
        if any(first < end and found.at < last for first, last in used) or NEGATED.search(flat[: found.start]):
            continue
        used.append((found.at, end))
        yield found


def _all(flat: str) -> Iterator[Spoken]:
    reports = bool(_REPORTS.search(flat))
    yield from _weighted(flat)
    for match in _COEFFICIENT.finditer(flat):
        yield _spoken(f"{_words(match['noun']).rsplit(' ', 1)[0]} {match['kind'].lower()}", match)
    if reports:
        return
    yield from _thresholds(flat)
    for match in _SIZED.finditer(flat):
        yield _spoken(f"{_words(match['noun'])[:-1]} {(match['what'] or 'size').lower()}", match)
    for match in _NOISE.finditer(flat):
        yield _spoken(_words(match["noun"]), match)
        if match["clip"]:
            printed = print_number(match["clip"])
            yield Spoken(f"{_words(match['noun'])} clip", printed, number_of(printed), "", match.start(), match.end(), match.start("clip"))
    for match in _INITIAL.finditer(flat):
        symbol = re.sub(r"\s", "", match["symbol"] or "")
        yield _spoken(f"initial {_words(match['noun'])} {GREEK.get(symbol, symbol)}".strip(), match)
    settles = bool(_SETTLES.search(flat))
    yield from _valued(flat, settles)
    yield from _assigned(flat)
    for match in _TIMED.finditer(flat) if settles else ():
        if match["noun"] not in _NEVER | {"of", "long"}:
            yield _spoken(match["noun"], match, match["unit"])
    for match in _FACTOR.finditer(flat):
        verb = match["verb"].lower()
        if not re.match(r"decay|divid|reduc|decreas|drop|multipl|faster|slower|larger|smaller|improv|increas|halv|speed|acceler", verb):
            yield _spoken(f"{_FACTORS.get(verb, verb)} factor", match)
    for match in _COUNTED.finditer(flat) if settles else ():
        yield _spoken(f"num {_words(match['noun'])}", match)
    for match in _PER.finditer(flat):
        yield _spoken(f"{_words(match['noun'])} per {match['each'].lower()}", match)


def _valued(flat: str, settles: bool) -> Iterator[Spoken]:
    at = 0
    while (match := _VALUED.search(flat, at)) is not None:
        at = match.start() + 1
        if not settles and match["is"] not in ("is", "are"):
            continue
        words = _words(match["noun"]).split()
        while words and (words[0] in _NEVER or words[0] in ("relative", "fixed", "default", "constant", "small", "large")):
            words = words[1:]
        if not words or words[-1] in _NEVER or (len(words) == 1 and words[0] in _PLAIN) or any(word in _NEVER for word in words[1:]):
            continue
        name = " ".join(words)
        if name in ("standard deviation", "crops") or re.match(r"\s*[×x]\s*\d", flat[match.end("value") :]):
            continue
        if metric_of(words[-1]) is not None or re.search(r"\b(?:error|success|hit|recall|win|skip)\b", name) or _is_range(flat, match):
            continue
        if match["is"] in ("is", "are", "was", "were") and not re.search(
            r"(?i:rate|size|weight|threshold|factor|ratio|length|coefficient|dimension|probability|temperature|width|scale|parameter|budget|momentum|patience|capacity|decay|alpha)",
            words[-1],
        ):
            continue  # "the depth is 3" speaks of a setting, "the answer is 3" does not
        symbol = re.sub(r"\s", "", match["symbol"] or "")
        yield _spoken(f"{name} {GREEK.get(symbol, symbol)}".strip(), match, match["unit"])
        at = match.end()


def _assigned(flat: str) -> Iterator[Spoken]:
    if not _SETS.search(flat):
        return
    for match in _CALLED.finditer(flat):
        noun = re.sub(r"^(?:the|an?|our)\s+", "", _words(match["noun"]))
        if not set(noun.split()) & _NEVER:
            yield _spoken(noun.removesuffix("s"), match)
    for match in _ASSIGNED.finditer(flat):
        if match["several"]:
            printed = listed(match["several"])
            yield Spoken(
                GREEK.get(match["symbol"][0], match["symbol"].strip()),
                printed,
                None,
                "",
                match.start(),
                match.end(),
                match.start("several"),
            )
            continue
        following = _words(match["noun"] or "").split()
        if following and not set(following) & _NEVER and following[-1] not in ("values", "this", "epochs", "always"):
            yield _spoken(f"num {' '.join(following)}", match)
            continue
        if following[-1:] == ["epochs"]:
            yield _spoken(" ".join(following), match)
            continue
        symbol = re.sub(r"\s+", "", match["symbol"])
        if (
            _is_range(flat, match)
            or re.match(r"\s*[-+*/·×^]\s*(?!10)\w", flat[match.end() :])
            or number_of(print_number(match["value"])) == 0
        ):
            continue
        if re.search(r"\b(?:when|if|for|until|whenever|case|at|as|constraint|∑)\s*_?\s*$", flat[: match.start()], re.IGNORECASE):
            continue  # "when λ = 1" supposes
        head, _, tail = symbol.partition("_")
        yield _spoken(" ".join(part for part in (GREEK.get(head, head), tail) if part), match)


def _weighted(flat: str) -> Iterator[Spoken]:
    for match in _WEIGHTED.finditer(flat):
        noun = _words(match["noun"] or match["what"] or match["weighted"])
        noun = re.sub(r"^(?:the|an?|our|auxiliary|and|cross-entropy for the)\s+|\s+(?:loss(?:es)?|term|objective)$", "", noun)
        group = "value" if match["value"] else "first" if match["first"] else "last"
        printed = print_number(match[group])
        if noun:
            yield Spoken(f"{noun} weight", printed, number_of(printed), "", match.start(), match.end(), match.start(group))


def _thresholds(flat: str) -> Iterator[Spoken]:
    for match in _THRESHOLD.finditer(flat):
        yield _spoken(f"{match['noun'].lower()} threshold", match)


def _spoken(name: str, match: re.Match[str], unit: str | None = "") -> Spoken:
    printed = listed(match["value"])
    number = number_of(printed)
    value = printed if not printed.isalpha() or number is None else f"{number:g}"
    full = f"{value} {unit}" if unit else value
    return Spoken(name, full, number, unit or "", match.start(), match.end(), match.start("value"))


def _is_range(flat: str, match: re.Match[str]) -> bool:
    return bool(re.match(r"\s*(?:-|to\b|…|\bthrough\b|,\s*…)\s*\d", flat[match.end("value") :]))


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()
