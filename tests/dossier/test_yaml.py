"""YAML: a round trip keeps everything, and what is wrong is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.core import BadInput
from aquarius.dossier import Dossier, from_yaml, to_yaml

Distilled = Callable[[str], Dossier]
BODY = """## 4 Experiments

We train with a learning rate of 0.01 and minimize $\\mathcal{L}$.

$$
y = Wx + b \\tag{1}
$$

Table 1: Test accuracy (%).

| Method | MNIST |
|---|---|
| Ournet | 90.1 ± 0.2 |
"""


def test_a_round_trip_keeps_every_fact_and_every_quote(distilled: Distilled) -> None:
    dossier = distilled(BODY)
    text = to_yaml(dossier)
    assert from_yaml(text) == dossier and to_yaml(from_yaml(text)) == text
    assert dossier.claims and dossier.recipe and dossier.formulas and dossier.gaps
    assert text.startswith("# What the paper claims") and "quote: learning rate of 0.01" in text


def test_a_person_may_write_a_number_for_a_value(distilled: Distilled) -> None:
    text = to_yaml(distilled(BODY))
    assert "value: '0.01'" in text
    assert from_yaml(text.replace("name: learning rate\n  value: '0.01'", "name: learning rate\n  value: 0.01")).recipe[0].value == "0.01"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("schema: aquarius.dossier/1", "schema: else/1"), "has schema 'else/1', and this Aquarius reads 'aquarius.dossier/1'"),
        (lambda text: "- a\n- b\n", "holds no dossier: its top level must be a mapping"),
        (lambda text: text + "\n  : : [\n", "is not YAML (line"),
        (lambda text: text.replace("title: A Network of Our Own\n", ""), "dossier.yaml: title: field required."),
        (lambda text: text + "colour: red\n", "dossier.yaml: colour: extra inputs are not permitted."),
        (lambda text: text.replace("kind: value", "kind: guess"), "dossier.yaml: claims.0.kind:"),
        (lambda text: text.replace("quote: learning rate of 0.01\n", "\n"), "place.quote: field required."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_sentence(distilled: Distilled, change: Callable[[str], str], message: str) -> None:
    with pytest.raises(BadInput) as error:
        from_yaml(change(to_yaml(distilled(BODY))))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_two_claims_of_one_id_are_refused(distilled: Distilled) -> None:
    dossier = distilled(BODY)
    doubled = dossier.model_copy(update={"claims": (*dossier.claims, *dossier.claims)})
    with pytest.raises(BadInput, match="two claims with the id 'table1/Ournet/MNIST/accuracy'"):
        from_yaml(to_yaml(doubled))


def test_an_alias_is_refused_before_it_can_grow() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    with pytest.raises(BadInput, match=r"is not YAML \(line 2, column 8\): an alias"):
        from_yaml(bomb)
