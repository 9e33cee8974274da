"""Hyperparameters that have a number: their standard names, the words around the number, and which numbers can be one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Group = Literal["architecture", "recipe", "evaluation"]
Values = Literal["rate", "probability", "integer", "size", "large", "number"]


@dataclass(frozen=True)
class Term:
    """A hyperparameter that has a number: its standard name and the words around the number. Patterns run on flattened text."""

    name: str  # as facts carry it
    key: str  # as the summary prints it
    group: Group
    before: str = ""  # words that come before the value: "learning rate of 0.1"
    after: str = ""  # words that come after it: "16 hidden units"
    values: Values = "number"
    symbols: str = ""  # "β_1" in "β_1 = 0.9"
    cell: str = ""  # spellings that stand alone in a table's cell, besides `before`
    unit: str = ""
    needs: str = ""  # words that the sentence must hold
    then: str = ""  # what must follow a value after `before`
    unless: str = ""  # what must not follow it
    refuses: str = ""  # words right before the match, or in it, that make it something else


_BATCH = r"(?:mini[- ]?)?batch(?:es)?"
_LAYER_WORDS = r"(?:(?:identical|parallel|hidden|attention|self-attention|encoder|decoder|transformer|convolutional|conv|fully[- ]connected|dense|recurrent|lstm|gru|residual|stacked|linear|graph|feed-?forward|bidirectional|mlp)[,\s-]+)*"

TERMS: tuple[Term, ...] = (
    Term(
        "learning rate",
        "learning_rate",
        "recipe",
        before=r"(?:learning|step)[- ]rates?(?! (?:decay|schedule|warm))|step[- ]?sizes?(?= (?:of|is|=))|\blr\b",
        values="rate",
        cell=r"(?:adam |base |initial |peak |max(?:imum)? |starting )?(?:learning rate|lr|step size|η)",
        refuses=r"decay|final|minimum|multipl|divid|reduc|decreas|drop",
    ),
    Term(
        "batch size",
        "batch_size",
        "recipe",
        before=rf"{_BATCH}[- ]sizes?(?: per gpu)?|{_BATCH} of(?: size)?|{_BATCH} (?:contain(?:s|ing|ed)?|with|had)(?: a set of sentence pairs containing)?",
        after=rf"(?:samples |examples |sequences |images )?per {_BATCH}",
        values="integer",
        cell=r"(?:mini-?)?batch(?: ?size)?(?: \([a-z ]+\))?|bs",
        unit="examples",
    ),
    Term(
        "epochs",
        "epochs",
        "recipe",
        after=r"(?:training |full |total )?epochs?\b",
        before=r"(?:number of|total|training|max(?:imum)?(?: number of)?) epochs",
        values="integer",
        cell=r"(?:train(?:ing)? |max(?:imum)? |number of |num\.? |total )?epochs?",
        unit="epochs",
        needs=r"train|optimi|run|stopp|fine-?tun|learn|epochs",
        refuses=r"every|each|first|last|warm|consecutive|window|patience|per |previous|next|processing|in a row|successive|when|at epoch",
    ),
    Term(
        "steps",
        "steps",
        "recipe",
        after=r"(?:training |gradient |optimi[sz]ation |update |optimizer |sgd |parameter |total |weight )*(?:steps|iterations|updates)\b",
        before=r"(?:number of|total|training|max(?:imum)?(?: number of)?) (?:training )?(?:steps|iterations|updates)(?! between)",
        values="integer",
        cell=r"(?:train(?:ing)? |max(?:imum)? |number of |num\.? |total )?(?:steps|iterations|updates|iters)",
        unit="steps",
        needs=r"train|optimi[sz]|fine-?tun|gradient|update",
        refuses=r"every|each|first|last|warm|after|per |previous|inner|adapt|defined as|evaluat|diffusion|sampling|denoising|hyperopt|search|between|time steps|propagation|buffer|reduced|decay",
    ),
    Term(
        "momentum",
        "momentum",
        "recipe",
        before=r"momentum(?: parameter| coefficient| term)?",
        after=r"momentum",
        values="probability",
        cell=r"(?:sgd )?momentum",
        refuses=r"decay|without",
    ),
    Term(
        "weight decay",
        "weight_decay",
        "recipe",
        before=r"weight[- ]decay|l\s?_?\s?2(?:[- ](?:regulari[sz]ation|penalty|weight decay|norm penalty))+|ℓ\s*_?\s*2 (?:regulari[sz]ation|penalty)",
        after=r"(?:weight decay|l\s?_?\s?2 (?:regulari[sz]ation|penalty))",
        values="rate",
        cell=r"weight decay|wd|l_?2(?: regulari[sz]ation| penalty)?",
    ),
    Term(
        "dropout",
        "dropout",
        "recipe",
        before=r"(?:residual |attention |input |variational |hidden )?dropout(?:[- ](?:rate|probability|ratio|keep))?|drop(?:ping)? rate|p\s*_\s*drop\b",
        after=r"dropout(?! layers)",
        values="probability",
        symbols=r"[pP]\s*_\s*drop",
        cell=r"(?:residual |attention |hidden )?dropout(?: rate| probability| ratio)?|p_? ?drop",
    ),
    Term(
        "beta1",
        "beta1",
        "recipe",
        symbols=r"β\s*_?\s*1",
        values="probability",
        cell=r"(?:adam(?:w)? )?(?:β_? ?1|beta_? ?1|\(?β_?1 ?, ?β_?2\)?|β_?1/β_?2)|adamw? (?:β|betas?)|betas",
    ),
    Term("beta2", "beta2", "recipe", symbols=r"β\s*_?\s*2", values="probability", cell=r"(?:adam )?(?:β_? ?2|beta_? ?2)"),
    Term(
        "optimizer epsilon",
        "adam_eps",
        "recipe",
        symbols=r"ε",
        values="rate",
        cell=r"(?:adam |optimizer )(?:ε|eps(?:ilon)?)|ε",
        needs=r"^(?!.*(?:greedy|explor|polic)).*(?:adam|β|rmsprop|adagrad|optimi[sz]er)",
    ),
    Term(
        "warmup steps",
        "warmup",
        "recipe",
        before=r"(?:warm-?\s?up(?: period| phase| stage)?(?: steps| iterations| updates| ratio| proportion)?|warmed up(?: linearly)?)(?: (?:over|for|during|in)(?: the)?(?: first| initial)?)?|warmup\s*_\s*steps",
        after=r"(?:learning rate |linear )?warm-?\s?up (?:steps|iterations|updates)|(?:steps|iterations|updates) (?:of |for )?(?:the )?(?:linear |learning rate )*warm-?\s?up",
        values="number",
        symbols=r"warmup\s*_\s*steps",
        cell=r"(?:lr |learning rate )?warm-?up(?: steps| iterations| ratio| updates| proportion)?",
        unit="steps",
        unless=r"(?:training\s+)?epochs",
        refuses=r"epochs",
    ),
    Term(
        "warmup epochs",
        "warmup_epochs",
        "recipe",
        before=r"(?:warm-?\s?up(?: period| phase| stage)?|warmed up(?: linearly)?)(?: (?:over|for|during|in)(?: the)?(?: first| initial)?)?",
        then=r"(?:training\s+)?epochs",
        after=r"(?:linear )?warm-?\s?up epochs|epochs (?:of |for )?(?:linear |learning rate )*warm-?\s?up",
        values="integer",
        cell=r"warm-?up epochs",
        unit="epochs",
    ),
    Term(
        "learning rate decay",
        "lr_decay",
        "recipe",
        before=r"(?:learning rate|lr) decay(?: factor| rate)?|(?:decay(?:s|ed|ing)?|divid\w+|decreas\w+|reduc\w+|multipl\w+|dropp\w+)(?: it| them| the learning rate)? (?:by|with)(?: a factor)?|decay (?:factor|rate)",
        needs=r"learning rate|\blr\b",
        values="number",
        cell=r"(?:learning rate|lr) decay(?: factor| rate)?|decay (?:factor|rate)",
        refuses=r"weight|average|epoch",
    ),
    Term(
        "gradient clipping",
        "grad_clip",
        "recipe",
        before=r"gradient[- ](?:norm )?clipp?ing(?: norm| threshold| value)?|clip(?:ped|ping)?(?: the)?(?: global)?(?: norms? of(?: the)?)? gradients?(?: norms?)?(?: (?:by|at|to|with)(?: a| an| the)?(?: max(?:imum)?| global)?(?: norm| value| threshold)?)?|gradients?(?: norms?)? (?:is|are|was|were) clipped|max(?:imum)? grad(?:ient)? norm",
        values="number",
        cell=r"(?:max\.? )?grad(?:ient)?(?: norm)?(?: ?clip(?:ping)?)?(?: norm| threshold)?|clip(?:ping)?(?: norm)?",
    ),
    Term(
        "seeds",
        "seeds",
        "evaluation",
        after=r"(?:different |independent |distinct |random )*(?:seeds|initiali[sz]ations)\b|(?:independent |different |separate |repeated |random )*(?:runs|trials|repetitions)\b|times (?:with|using|over) (?:different |distinct |independent |random )*(?:seeds|initiali[sz]ations)",
        values="integer",
        before=r"number of (?:random )?(?:seeds|runs|trials)",
        cell=r"(?:number of |num\.? )?(?:random )?(?:seeds|runs|trials)",
        needs=r"average|mean|seed|median|report|over|repeat|runs|with",
        unit="runs",
        refuses=r"first|sweep|search",
    ),
    Term(
        "layers",
        "num_layers",
        "architecture",
        after=rf"{_LAYER_WORDS}(?:layers?|blocks)\b(?!,?\s+or\s+heads)(?!\s+of\s+size)(?!\s+of\s+(?:the|our)\b)",
        values="integer",
        before=r"(?:number of (?:hidden |transformer |encoder |decoder )?layers|network depth|depth of)",
        symbols="",
        cell=r"(?:number of |num\.? |# ?)?(?:hidden |encoder |decoder |transformer )?layers|depth|n",
        refuses=r"last|first|top|every|each|final|sub-|previous|bottom|between|pooling|max",
    ),
    Term(
        "hidden size",
        "hidden_size",
        "architecture",
        before=r"hidden layers? of (?:size|dimension|width)|hidden (?:layer )?(?:sizes?|dimension(?:s|ality)?|units|states?(?: size)?|width)|model (?:dimension(?:ality)?|width)|d\s*_\s*model|outputs? of dimension(?:ality)?",
        after=r"(?:lstm |gru |hidden |rectified linear |relu |recurrent )+(?:units|neurons|cells|nodes|dimensions)\b|(?:units|neurons)\b|units (?:per|in each|in the hidden) layer|cells (?:at|in|per) each layer|-?dimensional hidden",
        symbols=r"d\s*_\s*model",
        values="integer",
        cell=r"(?:model |hidden )(?:dim(?:ension)?s?|size|width|units|dimensionality)|d_? ?model|width|hidden",
        refuses="feed",
    ),
    Term(
        "embedding size",
        "embedding_size",
        "architecture",
        before=r"embedding (?:sizes?|dimension(?:s|ality)?|dim)|embeddings? of (?:size|dimension(?:ality)?)",
        after=r"-?\s?dimensional (?:word |token |character |learned )?embeddings?",
        values="integer",
        cell=r"(?:word |token )?emb(?:edding)?\.? (?:dim(?:ension)?s?|size|dimensionality)",
    ),
    Term(
        "feed-forward size",
        "ffn_size",
        "architecture",
        before=r"(?:inner[- ]layer|feed-?forward(?: network| layer)?|ffn|mlp|filter)(?: has| with| of)?(?: an?)? ?(?:inner )?(?:dimension(?:s|ality)?|sizes?|dim|width)|d\s*_\s*ff[n]?\b",
        symbols=r"d\s*_\s*ffn?\b",
        values="integer",
        cell=r"(?:ffn|feed-?forward|mlp|inner)(?: inner)?(?: hidden)?(?: layer)? (?:dim(?:ension)?s?|size|dimensionality)|d_? ?ffn?",
    ),
    Term(
        "heads",
        "num_heads",
        "architecture",
        after=r"(?:parallel |attention |self-attention |different )*(?:layers, or )?heads\b",
        before=r"number of (?:attention )?heads",
        values="integer",
        cell=r"(?:number of |num\.? |# ?)?(?:attention )?heads|h",
    ),
    Term(
        "head size",
        "head_dim",
        "architecture",
        before=r"head (?:sizes?|dimension(?:s|ality)?|dim)|dimension(?:ality)? per head",
        symbols=r"d\s*_\s*[kv]\s*(?:=\s*d\s*_\s*[vk]\s*)?",
        values="integer",
        cell=r"(?:attention )?head (?:dim(?:ension)?|size)|d_? ?k",
    ),
    Term(
        "vocabulary size",
        "vocab_size",
        "architecture",
        before=r"vocabular(?:y|ies)(?: size)?(?: contain(?:ing|s)| consist(?:ing|s) of| has| have)?",
        after=r"(?:token |word-?\s?piece |sub-?word |bpe |byte-?pair |shared |merged |joint )*(?:vocabulary|types in the vocabulary)\b|bpe (?:tokens|operations|merges)",
        values="size",
        cell=r"vocab(?:ulary)?(?: size)?",
        unit="tokens",
    ),
    Term(
        "beam size",
        "beam_size",
        "evaluation",
        before=r"beam(?: search)?(?: with(?: a)?)?(?: beam)? (?:size|width)s?|beam of (?:size|width)",
        after=r"beams\b",
        values="integer",
        cell=r"beam(?: size| width)?",
    ),
    Term(
        "length penalty",
        "length_penalty",
        "evaluation",
        before=r"length (?:penalty|normali[sz]ation)(?: parameter| factor)?",
        values="number",
        cell=r"length penalty",
    ),
    Term(
        "checkpoints averaged",
        "checkpoint_averaging",
        "evaluation",
        after=r"checkpoints\b",
        values="integer",
        needs=r"averag",
        refuses=r"every",
    ),
    Term(
        "label smoothing",
        "label_smoothing",
        "recipe",
        before=r"label[- ]smoothing(?: of)?(?: value| factor| rate| coefficient)?",
        symbols=r"ε\s*_\s*ls",
        values="probability",
        cell=r"label smoothing|(?:ε|epsilon)_? ?ls",
    ),
    Term(
        "sequence length",
        "sequence_length",
        "recipe",
        before=r"(?:max(?:imum|imal)? )?(?:sequence|context|input|sentence) lengths?|sequences of (?:at most|length|up to)|context (?:window|size)|block size",
        after=r"tokens? (?:per sequence|long|context)|-token (?:sequences|context)",
        values="integer",
        cell=r"(?:max(?:imum)? )?(?:seq(?:uence)?\.?|context) len(?:gth)?|context size|block size",
        unit="tokens",
    ),
    Term(
        "unrolled steps",
        "bptt_length",
        "recipe",
        before=r"unroll(?:ed|ing)? (?:for|length|the (?:network|model) for)|bptt(?: length)?",
        values="integer",
        cell=r"bptt(?: length)?",
        unit="steps",
    ),
    Term(
        "margin",
        "margin",
        "recipe",
        before=r"margin(?: parameter)?",
        values="number",
        cell=r"margin",
        needs=r"loss|contrastive|hinge|triplet|rank|energy",
    ),
    Term("patch size", "patch_size", "architecture", before=r"patch(?:es)?(?: sizes?| of size)", values="integer", cell=r"patch size"),
    Term(
        "gradient accumulation",
        "grad_accumulation",
        "recipe",
        before=r"gradient accumulation(?: steps)?(?: over)?|accumulat\w+ gradients (?:over|for)",
        after=r"gradient accumulation steps",
        values="integer",
        cell=r"(?:grad(?:ient)?\.? )?accum(?:ulation)?(?: steps)?",
    ),
    Term(
        "input size",
        "input_size",
        "recipe",
        before=r"(?:input|image)s? (?:sizes?|resolutions?)|resolution",
        values="integer",
        cell=r"(?:input|image) (?:size|resolution)|resolution",
    ),
    Term(
        "temperature",
        "temperature",
        "recipe",
        before=r"(?:softmax |sampling )?temperatures?(?: parameter)?|τ",
        values="number",
        cell=r"(?:softmax |sampling )?temperature|τ",
        needs=r"temperature",
    ),
    Term(
        "channels",
        "channels",
        "architecture",
        after=r"(?:output |feature |hidden )*(?:channels|filters|feature maps)\b",
        values="integer",
        cell=r"(?:number of )?(?:channels|filters)",
        refuses=r"rgb|input (?:image )?channels",
    ),
    Term(
        "kernel size",
        "kernel_size",
        "architecture",
        before=r"(?:kernels?|filters?)(?: of)? (?:size|width)s?",
        values="integer",
        cell=r"kernel(?: size)?",
    ),
    Term("stride", "stride", "architecture", before=r"stride", values="integer", cell=r"strides?"),
    Term("discount", "discount", "recipe", before=r"discount(?: factor| rate)?", values="probability", cell=r"discount(?: factor)?|γ"),
    Term(
        "GAE lambda",
        "gae_lambda",
        "recipe",
        before=r"gae(?: parameter)?(?: λ)?|generali[sz]ed advantage estimation(?: parameter)?(?: λ)?",
        values="probability",
        cell=r"gae(?: λ| lambda| parameter)?|λ_?gae",
    ),
    Term(
        "replay size",
        "replay_size",
        "recipe",
        before=r"replay (?:buffer|memory)(?: of| has)?(?: size| a capacity| capacity)?",
        values="integer",
        cell=r"replay (?:buffer|memory)? ?(?:size|capacity)",
    ),
    Term(
        "moving average decay",
        "ema_rate",
        "recipe",
        before=r"(?:ema|moving average)[^.;,]{0,40}? (?:decay|rate|momentum)(?: rate| factor)?|(?:exponential )?moving average(?:s)?(?: of (?:the )?(?:weights|parameters))?(?: with)?(?: an?| the)?(?: decay| rate| momentum)*|ema(?: decay| rate)?",
        values="probability",
        cell=r"ema(?: decay| rate)?",
    ),
    Term(
        "stochastic depth",
        "stochastic_depth",
        "recipe",
        before=r"(?:stochastic depth|drop[- ]?path)(?: rate| probability)?",
        values="probability",
        cell=r"stochastic depth|drop ?path(?: rate)?",
    ),
    Term("top-p", "top_p", "evaluation", before=r"top-?\s?p|nucleus(?: sampling)?(?: with)?(?: p)?", values="probability", cell=r"top-?p"),
    Term("folds", "cv_folds", "evaluation", after=r"-?\s?fold cross", values="integer", cell=r"(?:cv )?folds"),
    Term(
        "early stopping patience",
        "patience",
        "recipe",
        before=r"(?:early stopping|patience)(?: with)?(?: an?)?(?: window size| window| patience)?",
        values="integer",
        cell=r"patience|early stopping(?: patience)?",
        unit="epochs",
    ),
    Term(
        "propagation steps", "propagation_steps", "architecture", after=r"propagation steps\b", values="integer", cell=r"propagation steps"
    ),
    Term(
        "ensemble size",
        "ensemble_size",
        "evaluation",
        before=r"ensembles? of",
        after=r"(?:separate|independent(?:ly trained)?|individual) models\b",
        values="integer",
        cell=r"ensemble size",
    ),
    Term(
        "test set size",
        "test_size",
        "evaluation",
        before=r"test sets?(?: of(?: size)?| contains| has| with)",
        after=r"(?:labell?ed )?(?:test|testing) (?:examples|images|samples|cases|sentences|sequences|instances|points|nodes)\b",
        values="size",
        cell=r"test (?:set )?size",
        unit="examples",
    ),
    Term(
        "validation set size",
        "validation_size",
        "evaluation",
        before=r"(?:validation|development|dev) sets?(?: of(?: size)?| contains| has| with)",
        after=r"(?:validation|development) (?:examples|images|samples|cases|sentences|sequences|instances|points|nodes)\b",
        values="size",
        cell=r"validation (?:set )?size",
        unit="examples",
    ),
    Term(
        "training set size",
        "train_size",
        "recipe",
        after=r"(?:labell?ed )?(?:training|labell?ed) (?:examples|images|samples|cases|sentences|sequences|instances|points)\b",
        before=r"training sets? of(?: size)?",
        values="size",
        cell=r"(?:train(?:ing)? (?:set )?size)",
        unit="examples",
    ),
    Term(
        "parameters",
        "num_parameters",
        "architecture",
        before=r"(?:total )?number of (?:trainable )?parameters|(?:total )?parameter count|model size",
        after=r"(?:trainable |model |free |learnable |total )*parameters\b",
        values="large",
        cell=r"(?:number of |num\.? |# ?)?(?:trainable |total )?param(?:eter)?s\.?|model size",
    ),
    Term(
        "target update interval",
        "target_update_interval",
        "recipe",
        before=r"(?:steps |updates |iterations )?between target(?: network)? updates|target(?: network)?(?: update)? (?:interval|period|frequency)",
        values="integer",
        cell=r"target(?: network)?(?: update)? (?:interval|period|frequency)",
        unit="steps",
    ),
    Term(
        "guidance scale",
        "guidance_scale",
        "evaluation",
        before=r"(?:cfg|guidance) (?:scale|weight|strength)",
        values="number",
        cell=r"(?:cfg|guidance)(?: scale| weight)?",
    ),
    Term(
        "diffusion steps",
        "sampling_steps",
        "recipe",
        after=r"(?:diffusion|sampling|denoising|discreti[sz]ation) (?:time)?steps\b",
        values="integer",
        cell=r"(?:diffusion|sampling) steps|nfe",
    ),
    Term(
        "polynomial order",
        "polynomial_order",
        "architecture",
        before=r"(?:polynomial|chebyshev) (?:order|degree)|polynomials? of (?:order|degree)",
        values="integer",
        cell=r"polynomial order",
    ),
)

BY_NAME = {term.name: term for term in TERMS}


@cache
def term_of_cell(text: str) -> Term | None:
    """Return the hyperparameter that a table's cell names by itself ("Batch size", "β_1", "Adam ε"); `text` is flattened and squeezed."""
    bare = re.sub(r"\s+", " ", text.strip().rstrip(":.")).lower()
    for term in TERMS:
        forms = "|".join(part for part in (term.cell, term.before) if part)
        if forms and re.fullmatch(rf"(?:{forms})", bare, re.IGNORECASE):
            return term
    return None


def plausible(values: Values, value: float) -> bool:
    """Say whether a number can be such a value: a probability lies between 0 and 1, a count is whole and positive."""
    if values == "probability":
        return 0.0 <= value <= 1.0
    if values == "rate":
        return 0.0 <= value <= 100.0
    if values == "integer":
        return value >= 1 and value == int(value)
    return value >= {"size": 10, "large": 1000}.get(values, float("-inf"))


@cache
def cell_mention(term: Term, text: str) -> re.Match[str] | None:
    """Return where a cell names a hyperparameter after other words ("actor hidden size"); one or two letters are no mention."""
    forms = "|".join(part for part in (term.cell, term.before) if part)
    found = re.search(rf"(?<![\w-])(?:{forms})(?![\w-])", text, re.IGNORECASE) if forms else None
    ends = (found is not None and not text[found.end() :].strip()) or (found is not None and text[found.end() :].lstrip().startswith("("))
    return found if found is not None and ends and len(found[0]) >= 4 else None
