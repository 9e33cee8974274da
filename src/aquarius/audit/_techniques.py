"""Circumvention of the claim: a technique that the repository's own text says it uses and of which the code has no trace."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, noted

# what a text says -> what code that does it has somewhere, in whatever library
_TRACES: dict[str, str] = {
    r"gradient(s)? (norm )?(are |is )?clip|clip(ped|s|ping)? (of )?(the )?gradient": r"clip",
    r"\bdropout\b": r"drop",
    r"batch[- ]?norm": r"batch_?norm|running_mean|\bBN\b",
    r"layer[- ]?norm": r"layer_?norm|\.mean\(-1|keepdim|LN",
    r"label smoothing": r"smooth",
    r"weight decay": r"decay|\bwd\b|l2|\*\* ?2|square|penalt|regulari",
    r"early stopping": r"patience|early|stop|break|best",
    r"cosine (learning|schedule|annealing|decay)": r"cos",
    r"warm[- ]?up (steps|epochs|of|for|over)|learning rate warm|linear warm": r"warm|min\(",
    r"mixup": r"mix|beta\(|lam",
    r"beam search": r"beam|heap|topk|top_k|sorted|argsort|argpartition",
    r"(xavier|glorot) init": r"xavier|glorot|sqrt|\*\* ?-?0?\.5",
    r"(kaiming|he) init": r"kaiming|sqrt|\*\* ?-?0?\.5",
    r"orthogonal init": r"orthogonal|qr\(",
    r"stratif": r"stratif|unique|bincount|classes|per_class|for c in|for k in|for label in|== ?[ckl]\b",
    r"random (horizontal )?flip|flipped at random": r"flip|::-1",
    r"random crop": r"crop|pad|randint|integers",
    r"experience replay|replay buffer": r"replay|buffer|memory|deque",
    r"target network": r"target|deepcopy|load_state_dict|polyak|tau",
    r"residual connection|skip connection": r"\bx \+|\+ x\b|\bh \+|\+ h\b|resid|skip|identity|shortcut|\+=|input \+|inputs \+",
    r"bootstrap(ped)? (confidence )?interval": r"boot|choice|resample|integers|percentile|quantile",
    r"nesterov": r"nesterov|moment",
    r"momentum (of )?0?\.\d": r"moment|\bmu\b|beta|veloc|0?\.9",
    r"k-means\+\+": r"kmeans|k_means|plus|choice|\+\+",
    r"temperature": r"temp|tau|\bT\b|\bt\b",
    r"l1 (penalty|regulari)": r"l1|abs|lasso|soft|sign",
    r"exponential moving average": r"ema|decay|momentum|lerp|shadow|\* ?0?\.9|alpha|beta",
    r"positional (encoding|embedding)": r"pos|sin|rotary|rope|arange",
    r"teacher forcing": r"teach|forc|\[:, ?:-1\]|shift|target",
    r"negative sampl": r"neg|choice|randint|integers|multinomial",
}
_NOT = re.compile(
    r"\b(no|not|without|instead|omit\w*|drop(s|ped)?|unlike|paper|they|authors?|original|skip\w*|ablat\w*|w/o|never|neither|remov\w*|future|could|would|might|todo|unless|n't)\b|^\s*\|"
)


def absent(material: Material) -> Iterator[Evidence]:
    """A technique that the README says the repository uses, and of which no line of the code has a trace."""
    text = "\n".join(module.text for module in material.repository.code) + "\n".join(
        content for path, content in material.repository.files.items() if path.endswith((".yaml", ".yml", ".toml", ".json"))
    )
    code = re.sub(r'"""[\s\S]*?"""|#[^\n]*', "", text)
    if not material.repository.code:
        return
    for path, prose in material.repository.own_prose().items():
        for sentence in re.split(r"(?<=[.;!?])\s+|\n\s*\n|\n[-*] ", prose):
            plain = " ".join(sentence.split())
            if _NOT.search(plain.lower()):
                continue
            for claim, trace in _TRACES.items():
                said = re.search(claim, plain, re.IGNORECASE)
                if said and not re.search(trace, code, re.IGNORECASE):
                    yield noted(
                        path,
                        f"the text says `{said.group()}`, and no line of the code has a trace of it: {plain[:80]}",
                        "do it, or take it out.",
                    )


CHECKS = (
    Check(
        "absent-technique",
        "circumvention",
        "a technique that the text says is used and of which the code has no trace",
        "a technique inside a library that is called by another name",
        absent,
    ),
)
