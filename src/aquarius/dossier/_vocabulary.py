"""The field's words: optimizers, activations, losses, schedules, data sets and languages, with the spellings papers use."""

from __future__ import annotations

import re

OPTIMIZERS = (
    "AdamW",
    "Adamax",
    "Adam",
    "NAdam",
    "RAdam",
    "Adagrad",
    "Adadelta",
    "Adafactor",
    "RMSProp",
    "Rprop",
    "SGD",
    "stochastic gradient descent",
    "L-BFGS",
    "LAMB",
    "LARS",
    "Lion",
    "Shampoo",
    "Muon",
    "Sophia",
    "Yogi",
)
ACTIVATIONS = {
    r"leaky[- ]?(?:re)?lu\b|leaky rectifier|lrelu|leaky rectified linear": "leaky ReLU",
    r"(?<!leaky )(?<!leaky-)\brelus?\b|rectifie[rd] linear(?! unit activation)|rectifier (?:linear )?(?:units?|nonlinearit)": "ReLU",
    r"\bgelus?\b": "GELU",
    r"\bsilu\b|\bswish\b": "SiLU",
    r"\bswiglu\b": "SwiGLU",
    r"\bgeglu\b": "GEGLU",
    r"\belu\b": "ELU",
    r"\bselu\b": "SELU",
    r"\btanh\b|hyperbolic tangent": "tanh",
    r"\bsoftplus\b": "softplus",
    r"\bmish\b": "Mish",
    r"\bprelu\b": "PReLU",
    r"\bmaxout\b": "maxout",
}
LOSSES = {
    r"binary cross[- ]entropy": "binary cross-entropy",
    r"(?<!binary )cross[- ]entropy": "cross-entropy",
    r"mean[- ]squared[- ]errors?|\bmse\b": "mean squared error",
    r"(?<!mean )(?<!mean-)squared[- ]error": "squared error",
    r"negative log[- ]likelihood": "negative log-likelihood",
    r"hinge loss": "hinge loss",
    r"contrastive loss": "contrastive loss",
    r"triplet loss": "triplet loss",
    r"focal loss": "focal loss",
    r"huber loss": "Huber loss",
    r"evidence lower bound|\belbo\b": "evidence lower bound",
    r"\bl\s?_?\s?1 loss": "L1 loss",
    r"\bl\s?_?\s?2 loss": "L2 loss",
}
SCHEDULES = {
    r"inverse square[- ]root|inverse[- ]sqrt": "inverse square root",
    r"cosine": "cosine",
    r"(?:linear(?:ly)?[ -](?:decay|anneal|decreas)\w*|decay\w* linearly|decreas\w* linearly)": "linear",
    r"exponential(?:ly)?[ -]decay\w*|decay\w* exponentially": "exponential",
    r"polynomial[ -]decay": "polynomial",
    r"(?:constant|fixed) learning rate": "constant",
    r"one[- ]?cycle": "one cycle",
    r"reduce\w* on plateau|plateaus?\b": "reduced on plateau",
    r"step[- ]decay|piecewise[ -]constant": "step decay",
}


# data sets by name; the value is the name in print
DATASETS: dict[str, str] = {
    r"cifar-?\s?100": "CIFAR-100",
    r"cifar-?\s?10(?!0)": "CIFAR-10",
    r"fashion-?\s?mnist": "Fashion-MNIST",
    r"\be-?mnist": "EMNIST",
    r"\bk-?mnist": "KMNIST",
    r"(?<!fashion-)(?<!fashion )(?<!k)(?<!e)(?<!e-)(?<!k-)mnist": "MNIST",
    r"omniglot": "Omniglot",
    r"image-?net(?:-?1k)?(?!-\d|-?21k)": "ImageNet",
    r"imagenet-?21k": "ImageNet-21k",
    r"tiny[- ]?imagenet": "Tiny ImageNet",
    r"mini-?imagenet": "miniImageNet",
    r"\bsvhn\b": "SVHN",
    r"stl-?10": "STL-10",
    r"celeb-?a-?hq": "CelebA-HQ",
    r"celeb-?a(?!-?hq)": "CelebA",
    r"\blsun\b": "LSUN",
    r"\bffhq\b": "FFHQ",
    r"ms[- ]?coco|\bcoco\b": "COCO",
    r"pascal[- ]?voc|\bvoc ?20\d\d": "PASCAL VOC",
    r"cityscapes": "Cityscapes",
    r"ade-?20k": "ADE20K",
    r"\bkinetics\b": "Kinetics",
    r"\bjft\b": "JFT",
    r"penn tree-?bank|\bptb\b": "Penn Treebank",
    r"wikitext-?103": "WikiText-103",
    r"wikitext-?2\b": "WikiText-2",
    r"\benwik-?8\b": "enwik8",
    r"text8\b": "text8",
    r"one billion word": "One Billion Word",
    r"\bsquad\b(?: ?v?2\.0)?": "SQuAD",
    r"\bglue\b": "GLUE",
    r"superglue": "SuperGLUE",
    r"\bmnli\b|multinli": "MNLI",
    r"\bsnli\b": "SNLI",
    r"\bsst-?2?\b|stanford sentiment treebank": "SST",
    r"\bimdb\b": "IMDB",
    r"(?-i:\bRACE\b)": "RACE",
    r"ag[' ]?s? news": "AG News",
    r"yelp": "Yelp",
    r"bookcorpus": "BookCorpus",
    r"openwebtext": "OpenWebText",
    r"cc-?news": "CC-News",
    r"english wikipedia": "English Wikipedia",
    r"\bc4\b": "C4",
    r"\bthe pile\b": "The Pile",
    r"common crawl": "Common Crawl",
    r"librispeech": "LibriSpeech",
    r"\btimit\b": "TIMIT",
    r"wall street journal|\bwsj\b": "Wall Street Journal",
    r"\bcora\b": "Cora",
    r"citeseer": "Citeseer",
    r"pubmed": "Pubmed",
    r"\bnell\b": "NELL",
    r"\breddit\b": "Reddit",
    r"\bppi\b": "PPI",
    r"ogbn-?\w+": "",
    r"\bzinc\b": "ZINC",
    r"\bqm9\b": "QM9",
    r"atari(?: 2600)?": "Atari 2600",
    r"mujoco": "MuJoCo",
    r"movielens(?:-?\w+)?": "MovieLens",
    r"\bgsm-?8k\b": "GSM8K",
    r"\bmmlu\b": "MMLU",
    r"hellaswag": "HellaSwag",
    r"humaneval": "HumanEval",
    r"lambada": "LAMBADA",
    r"arc-challenge": "ARC-Challenge",
    r"\bmultinli\b": "MultiNLI",
    r"iwslt(?: ?'?\d{2,4})?": "",
    r"cnn/?\s?-?daily ?mail": "CNN/DailyMail",
    r"xsum": "XSum",
    r"newstest ?20\d\d": "",
    r"\buci\b": "UCI",
    r"vqa(?: ?v2)?": "VQA",
}

LANGUAGES = {
    "english": "EN",
    "german": "DE",
    "french": "FR",
    "czech": "CS",
    "russian": "RU",
    "chinese": "ZH",
    "romanian": "RO",
    "finnish": "FI",
    "japanese": "JA",
    "turkish": "TR",
    "vietnamese": "VI",
    "spanish": "ES",
    "italian": "IT",
    "estonian": "ET",
    "latvian": "LV",
    "hindi": "HI",
}


def language_pair(text: str) -> tuple[str, str] | None:
    """Return ("English-German", "EN-DE") for "English-to-German", "en-de", "EN→DE", in either spelling; None where no pair is named."""
    names = "|".join(LANGUAGES)
    found = re.search(rf"\b({names})\s?(?:-|–|→|to|-to-|/)\s?({names})\b", text.replace("-to-", "-"), re.IGNORECASE)
    if found:
        first, second = found[1].lower(), found[2].lower()
        return f"{first.title()}-{second.title()}", f"{LANGUAGES[first]}-{LANGUAGES[second]}"
    codes = {code: name for name, code in LANGUAGES.items()}
    found = re.search(rf"\b({'|'.join(codes)})\s?(?:-|–|→)\s?({'|'.join(codes)})\b", text, re.IGNORECASE)
    if found:
        first, second = found[1].upper(), found[2].upper()
        return f"{codes[first].title()}-{codes[second].title()}", f"{first}-{second}"
    return None
