"""Numbers as papers print them in running text: digits, powers of ten, suffixes, words."""

from __future__ import annotations

import re

from ._text import THIN, squeeze

WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "sixteen": 16, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100,
}  # fmt: skip
_SUFFIX = {"%": 0.01, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "trillion": 1e12, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_POWER = r"10\s*\^\s*\(?\s*-?\s*\d+\)?"
_DIGITS = rf"(?:\d{{1,3}}(?:{THIN}?,{THIN}?\d{{3}})+(?:\.\d+)?|\d{{1,3}},\s000(?:,\s000)*|\d+(?:\.\d+)?|\.\d+)"
# one number on flattened text; no part of a word, a version or a longer number
NUMBER = (
    rf"(?:(?<![\w.,/])(?<!/\s)-?\s?(?:{_DIGITS}\s*[×x·*]\s*{_POWER}|{_POWER}|{_DIGITS}[eE]\s*\^?\s*-?\s?\d+|{_DIGITS}(?:\s*%|\s?[KkMBT](?![\w-])|\s(?:thousand|million|billion|trillion)\b)?)"
    rf"(?![\w^]|\.\d|,\d|\s?/\s*[√\d]))"
)
COUNT_WORD = r"(?:\b(?:" + "|".join(WORDS) + r")\b)"
COUNT = rf"(?:{NUMBER}|{COUNT_WORD})"


def number_of(printed: str) -> float | None:
    """Return the value of one printed number ("5·10^-4", "100K", "25 %" as 0.25, "five"), None where it is not exactly one."""
    text = re.sub(r"\s+", " ", printed.replace(THIN, "").replace("−", "-")).strip().lower()
    if text in WORDS:
        return float(WORDS[text])
    text = re.sub(r"(?<=\d),\s?(?=\d{3}\b)", "", text)
    found = re.fullmatch(
        r"(?P<sign>-?)\s?(?:(?P<digits>\d+\.?\d*|\.\d+)\s*(?:[×x·*]\s*10\s*\^\s*\(?(?P<power>-?\s?\d+)\)?|e\s*\^?\s*(?P<exponent>-?\s?\d+)|\s*(?P<suffix>%|k|m|b|t|thousand|million|billion|trillion))?"
        r"|10\s*\^\s*\(?(?P<ten>-?\s?\d+)\)?)",
        text,
    )
    if found is None:
        return None
    sign = -1.0 if found["sign"] else 1.0
    if found["ten"] is not None:
        return sign * float("1e" + found["ten"].replace(" ", ""))
    exponent = found["power"] or found["exponent"]
    if exponent:
        return sign * float(f"{found['digits']}e{exponent.replace(' ', '')}")
    return sign * float(found["digits"]) * _SUFFIX.get(found["suffix"] or "", 1.0)


def print_number(flat: str) -> str:
    """Return a matched number as a person would write it: "5·10^-4", "100,000", "25%"."""
    text = squeeze(flat)
    text = re.sub(r"(?<=\d),\s(?=\d{3}\b)", ",", text)
    text = re.sub(r"\^\(?(-?)\s?(\d+)\)?", r"^\1\2", text)
    text = re.sub(r"(?<=[\d.])e\s?\^", "e", text)  # "3.0e^-4" is what some papers print for 3.0e-4
    return re.sub(r"^-\s", "-", text)
