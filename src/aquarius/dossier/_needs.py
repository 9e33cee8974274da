"""The checklist of what a re-implementer needs to be told, with ways to go on where a paper is silent."""

from __future__ import annotations

from dataclasses import dataclass

_FRAMEWORK = "the default of PyTorch's layers"


@dataclass(frozen=True)
class Need:
    """One line of the checklist."""

    name: str
    question: str
    options: tuple[tuple[str, str], ...]  # value, source; the first is the suggestion
    weight: float
    facts: tuple[str, ...] = ()  # names of facts that answer it
    words: str = ""  # words in the text that answer it
    when: str = ""  # words that must be in the text for the need to arise
    partial: str = ""  # words that answer it in part


NEEDS: tuple[Need, ...] = (
    Need(
        "optimizer",
        "Which optimizer trains the model?",
        (("Adam", "the most common choice for such models"), ("SGD with momentum 0.9", "the most common choice for image classification")),
        0.9,
        ("optimizer",),
    ),
    Need(
        "learning rate",
        "What is the learning rate?",
        (("1e-3", "the default of Adam (Kingma and Ba, 2015, algorithm 1)"), ("chosen on the validation set", "common practice")),
        0.95,
        ("learning rate",),
        partial=r"learning rates?",
        words=r"lrate\s*=|learning rate (?:over|follows|according|accord)",
    ),
    Need(
        "learning rate schedule",
        "How does the learning rate change over training?",
        (("constant", "nothing else is stated"), ("cosine decay to zero", "common practice")),
        0.6,
        ("learning rate schedule", "learning rate decay", "warmup steps", "warmup epochs"),
        words=r"learning rate\w* (?:is|was|are|were)? ?(?:kept |held )?(?:constant|fixed|halved|decayed|reduced|annealed|decreased)|constant learning rate|fixed learning rate",
    ),
    Need(
        "batch size",
        "How many examples are in a batch?",
        (("32", "common practice"), ("128", "common practice")),
        0.8,
        ("batch size",),
        words=r"full-?batch",
    ),
    Need(
        "training length",
        "For how many steps or epochs is the model trained?",
        (("until the validation loss stops falling", "common practice"),),
        0.85,
        ("steps", "epochs", "early stopping patience"),
    ),
    Need(
        "weight initialization",
        "How are the weights initialized?",
        (
            (_FRAMEWORK, "what a re-implementation gets unasked"),
            ("Glorot uniform", "Glorot and Bengio (2010)"),
            ("Gaussian, std 0.02", "Radford et al. (2018)"),
        ),
        0.6,
        ("initialization",),
        words=r"weights? (?:are|were|is|was) initiali[sz]ed|initiali[sz]e (?:the |all |our )?(?:weights|parameters|network|model)",
    ),
    Need(
        "dropout",
        "Is there dropout, where, and at which rate?",
        (("0", "nothing is stated"), ("0.1", "common practice in transformers"), ("0.5", "Srivastava et al. (2014)")),
        0.5,
        ("dropout",),
        words=r"\b(?:no|without|not)\b[^.;]{0,40}\bdropout",
        partial=r"\bdropout\b",
    ),
    Need(
        "weight decay",
        "Is there weight decay, and how strong is it?",
        (("0", "nothing is stated"), ("0.01", "the default of PyTorch's AdamW"), ("5e-4", "common practice in image and graph models")),
        0.5,
        ("weight decay",),
        words=r"\b(?:no|without|not)\b[^.;]{0,40}\b(?:weight decay|regulari[sz]ation)",
        partial=r"weight decay|l_?2 regulari[sz]",
    ),
    Need(
        "gradient clipping",
        "Are gradients clipped, and at which norm?",
        (("none", "nothing is stated"), ("total norm 1.0", "common practice")),
        0.4,
        ("gradient clipping",),
        words=r"clip\w*[^.]{0,30}gradient|gradient\w*[^.]{0,30}clip",
    ),
    Need(
        "number of seeds",
        "Over how many runs are the numbers taken, and what does the spread mean?",
        (("one run", "nothing is stated"), ("as many as an equivalence test needs", "the verdict's own rule")),
        0.55,
        ("seeds",),
        words=r"single run|random seeds?|±|error bars|confidence intervals?|\b(?:averaged?|means?|medians?|deviations?|errors?)\b[^.]{0,40}\b(?:runs|seeds|trials)\b",
    ),
    Need(
        "Adam epsilon",
        "What is Adam's epsilon?",
        (("1e-8", "the default of Adam (Kingma and Ba, 2015)"), ("1e-7", "the default of Keras")),
        0.2,
        ("optimizer epsilon",),
        when=r"(?i:\badam\w*\b)",
    ),
    Need(
        "evaluation interval",
        "After how many steps is the agent evaluated?",
        (("every 5,000 steps", "common practice"), ("once, after training", "nothing is stated")),
        0.3,
        ("evaluation interval",),
        words=r"evaluat\w+ (?:\w+ ){0,3}every|every (?:[\w,]+ ){1,3}(?:steps|frames|episodes|iterations)",
        when=r"(?i:\bepisodes?\b|\breinforcement)",
    ),
    Need(
        "feed-forward size (MLP ratio)",
        "How wide are the feed-forward layers of the transformer?",
        (("4 times the model's width", "Vaswani et al. (2017)"),),
        0.3,
        ("feed-forward size", "expansion ratio"),
        words=r"feed-?forward|\bffn\b|mlp (?:ratio|dim|size)|expan\w+ (?:ratio|factor|by)",
        when=r"(?i:\btransformers?\b|\bViTs?\b)",
    ),
    Need(
        "warmup",
        "Is the learning rate warmed up, and for how long?",
        (("none", "nothing is stated"), ("5 % of the steps", "common practice in transformers")),
        0.25,
        ("warmup steps", "warmup epochs"),
        words=r"warm-?\s?(?:ed )?up|\bwarms\b",
        when=r"(?i:\btransformers?\b|\blanguage models?\b|\bViTs?\b)",
    ),
    Need(
        "kernel size",
        "How large are the convolution kernels?",
        (("3", "common practice"),),
        0.3,
        ("kernel size",),
        words=r"kernels? of|\d\s*×\s*\d\s+(?:conv|kernel|filter)|resnet|vgg|kernel size|u-?net",
        when=r"(?i:\bconvolution)",
    ),
    Need(
        "Adam betas",
        "What are Adam's decay rates?",
        (("0.9 and 0.999", "the defaults of Adam (Kingma and Ba, 2015)"),),
        0.3,
        ("beta1", "beta2"),
        when=r"(?i:\badam\w*\b)",
        words=r"default (?:\w+ )?(?:parameters|settings|values|hyper-?parameters)",
    ),
    Need(
        "data split",
        "Which examples are for training, validation and test?",
        (("the data set's own split", "common practice"), ("a random tenth for validation", "common practice")),
        0.5,
        ("folds",),
        words=r"validation set|development set|dev(?:elopment)? set|held-?out|\bsplits?\b|test set of|newstest|train/val",
    ),
    Need(
        "preprocessing",
        "How are the inputs prepared and filtered?",
        (("the data set's own form", "nothing is stated"), ("standardized to mean 0, deviation 1", "common practice")),
        0.4,
        ("data augmentation",),
        words=r"pre-?process|normali[sz]e(?:d)? (?:the )?(?:input|image|feature|data)|tokeni[sz]|encoded (?:using|by|with)|row-?normali|cropp?ed|resized|lower-?cas|filtered|standardi[sz]ed",
    ),
    Need(
        "vocabulary",
        "Which tokenizer, and which vocabulary exactly?",
        (("SentencePiece trained on the training set", "common practice"), ("the authors' published vocabulary", "the authors' code")),
        0.5,
        ("vocabulary size",),
        words=r"vocabulary",
        when=r"\btoken|\btranslation|\blanguage model|word-?piece|byte-?pair",
    ),
    Need(
        "maximum sequence length",
        "How long may a sequence be?",
        (("256 tokens", "common practice in translation"), ("512 tokens", "common practice in language models")),
        0.35,
        ("sequence length", "unrolled steps"),
        words=r"max(?:imum|imal)? (?:sequence |input |sentence )?length(?! during| at)|sequences? of (?:up to|at most|length)|truncat",
        when=r"\btoken|\btranslation|\blanguage model|word-?piece|byte-?pair",
    ),
    Need(
        "activation",
        "Which nonlinearity is used?",
        (("ReLU", "common practice"),),
        0.4,
        ("activation",),
        words=r"\brelu\b|\bsoftmax\b.*\btanh\b|nonlinearit|non-linearit",
    ),
    Need(
        "loss",
        "Which loss is minimized?",
        (("cross-entropy", "common practice for classes and tokens"), ("mean squared error", "common practice for real targets")),
        0.5,
        ("loss", "label smoothing"),
        words=r"cross-?entropy|squared error|likelihood|loss function|\bloss\b|logistic regression|\bminimi[sz]|\bmaximi[sz]|\bobjective\b|\\mathcal\s*\{?\s*[LJ]\b|(?<![\w\\])[LJ](?:_\w+|_\{[^}]*\})?(?:\([^)]*\))?\s*=",
    ),
    Need(
        "precision",
        "In which floating-point precision is the model trained?",
        (("32 bits", "the default of PyTorch"),),
        0.1,
        ("precision",),
        words=r"mixed[- ]precision|fp16|float16|bfloat16|half[- ]precision|single[- ]precision training|float32|fp32|32-bit",
    ),
    Need(
        "hardware",
        "On which hardware, and for how long, was the model trained?",
        (("one GPU", "nothing is stated"),),
        0.1,
        ("hardware",),
        words=r"\bGPUs?\b|\bTPUs?\b|\bRTX \d|\b[AVHPTL]\d{2,4}\b",
    ),
    Need(
        "training set size",
        "How many training examples are there?",
        (("the data set's own training set", "common practice"),),
        0.3,
        ("training set size",),
        words=r"\d[\d,.]*\s*(?:[KMkm]|million|thousand)?\s*(?:training |labell?ed |sentence )*(?:examples|sentences|images|samples|pairs|sequences|nodes|labels per class|graphs)|training set|train/(?:dev|val)",
    ),
    Need(
        "evaluation details",
        "How exactly is the metric computed?",
        (("the standard implementation", "common practice"),),
        0.3,
        ("beam size",),
        words=r"sacre-?bleu|multi-bleu|evaluation script|tokeni[sz]ed bleu|test set|test (?:accuracy|error)|evaluat(?:ed|e|ion) (?:on|with|using)|held-?out",
    ),
)
