"""Protocol: what the text promises of the split, the spread, the candidates or the forecast, and the code does otherwise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, constant, dotted, last, name_role, names_in, returns, walk, words
from ._seeds import _SPREAD


def promised(material: Material) -> Iterator[Evidence]:
    """A kind of spread, a unit of the split, a pool of candidates, a cut-off or a forecast that the text states and the code does otherwise."""
    code = material.code
    own, paper = material.repository.prose(paper=False).lower(), material.repository.prose(paper=True).lower()
    yield from _spread(code, own, paper)
    yield from _unit_of_split(code, own, paper)
    yield from _copies(code, own, paper)
    yield from _whole_instead(code)
    yield from _pool(code, own, paper)
    yield from _cut_at(code)
    yield from _own_outputs(code, own + "\n" + paper)


_DEVIATION = re.compile(r"standard[- ]deviations?|\bsd\b|\bstd\b|\bs\.d\.")
_ERROR_OF_MEAN = re.compile(r"standard[- ]errors?|\bsem\b|\bs\.e\.m?|confidence interval|\bci\b|95 ?%")


def _spread(code: Code, own: str, paper: str) -> Iterator[Evidence]:
    """The text says standard deviation and the code divides it by the root of the number of runs, or the other way round."""
    text = own if _DEVIATION.search(own) or _ERROR_OF_MEAN.search(own) else paper
    deviation, error = bool(_DEVIATION.search(text)), bool(_ERROR_OF_MEAN.search(text))
    if deviation == error:
        return
    for key, value in code.written:
        if not set(words(key)) & (_SPREAD | {"error"}) or set(words(key)) & {"sem", "stderr", "se", "ci"}:
            continue
        nodes = [item for node in code.expand(value, 3) for item in walk(node)]
        if not any(isinstance(item, ast.Call) and last(item.func) in ("std", "stdev", "pstdev", "sem") for item in nodes):
            continue
        divided = any(isinstance(item, ast.Call) and last(item.func) == "sem" for item in nodes) or any(
            isinstance(item, ast.BinOp) and isinstance(item.op, ast.Div) and _root_of_count(item.right) for item in nodes
        )
        if deviation and divided:
            yield found(
                code.place(value),
                f"`{key}` is the standard error, and the text calls it the standard deviation: `{source(value)}`.",
                "report what is named.",
            )
        elif (
            error and not divided and not re.search(r"percentile|quantile|bootstrap|ppf|1\.96", " ".join(ast.unparse(n) for n in nodes[:1]))
        ):
            yield found(
                code.place(value),
                f"`{key}` is the standard deviation, and the text states a standard error: `{source(value)}`.",
                "report what is named.",
                sure=False,
            )


def _root_of_count(node: ast.AST) -> bool:
    """sqrt(len(x)), n ** 0.5"""
    root = (isinstance(node, ast.Call) and last(node.func) == "sqrt") or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and constant(node.right) == 0.5
    )
    return root and bool(re.search(r"len\(|size|shape|\b(n|k|runs|seeds|folds|splits|repeats|count)\w*\b", ast.unparse(node).lower()))


_UNITS = [
    "patient",
    "subject",
    "speaker",
    "user",
    "customer",
    "author",
    "writer",
    "participant",
    "person",
    "site",
    "hospital",
    "group",
    "household",
    "family",
    "scene",
    "plot",
    "device",
    "machine",
    "station",
    "session",
    "batch",
    "molecule",
    "scaffold",
    "protein",
    "species",
    "recording",
    "movie",
    "book",
    "document",
    "field",
    "farm",
    "school",
    "student",
    "animal",
    "mouse",
    "city",
    "region",
    "store",
    "team",
    "player",
    "driver",
    "cohort",
    "lot",
    "wafer",
]
_GROUPED = re.compile(
    rf"(?:split|separat\w*|divided|assigned|grouped?|held[- ]out|leave[- ]one|hold\w* out|disjoint|test|unseen|new)\b[^.;|\n]{{0,40}}?\b(?:by|per|on|over|of|between|whole|entire|unseen|new|other|different|disjoint|-)?[ -]?({'|'.join(_UNITS)})s?\b[^.;|\n]{{0,60}}"
)
_SEPARATE = re.compile(
    r"\b(no|never|not|disjoint|separate|unseen|different|other|new|whole|entire|complete|by|per|between|leave[- ]one|all \w+ of (a|one|the same|each))\b"
)


def _unit_of_split(code: Code, own: str, paper: str) -> Iterator[Evidence]:
    """The text splits by patients, speakers or the like, and no split of the code reads which row is whose."""
    behind = [item for node in _splits(code) for item in [*_through_helpers(code, node)]]
    if not behind:
        return
    text = " ".join(ast.unparse(item).lower() for item, _ in behind)
    place = behind[0][0]
    for unit in _UNITS:
        if _separates(unit, own) or _separates(unit, paper):
            names = {word for word in code.words if unit in word.lower()}
            if names and not re.search(rf"{unit}|group|_id\b|\bids\b|owner|unique", text) and not _separates_not(unit, own):
                yield found(
                    code.place(place),
                    f"the text splits by {unit}, and the split does not look at `{sorted(names, key=lambda n: (len(n), n))[0]}`: `{source(place)}`.",
                    f"put every {unit} on one side.",
                )
                return
    stated = re.search(r"stratif", own + paper) and not re.search(r"not stratified|without stratif|unstratified", own)
    if stated and not re.search(r"stratif|\by\b|y_|label|class|target|== ?c\b|unique|kind|species|digit|tags?\b|cultivar", text):
        yield found(
            code.place(place),
            f"the text states a stratified split, and this one does not look at the classes: `{source(place)}`.",
            "stratify it.",
        )


def _separates(unit: str, text: str) -> bool:
    """Say whether a text keeps all rows of one unit on one side of the split."""
    return bool(
        re.search(
            rf"(no|never) {unit}s?\b[^.;|\n]{{0,60}}\b(both|two|more than one|train)|(split|divided|separated|grouped|held out|partitioned) (\w+ )?(by|per|over|across|between|at the level of) (whole |the )?{unit}"
            rf"|leave[- ]one[- ]{unit}[- ]out|{unit}[- ](wise|disjoint|independent|level|exclusive)|(disjoint|unseen|held[- ]out|separate|whole|entire) {unit}s"
            rf"|(all|every) \w+ of (a|one|each|the same|any) {unit}\b|{unit}s? (are|is) (split|divided|kept apart|disjoint|not shared)"
            rf"|\d+ {unit}s (for|in) (the )?train\w*[^.;\n]{{0,40}}\d+[^.;\n]{{0,24}}test",
            text,
        )
    )


def _separates_not(unit: str, own: str) -> bool:
    return bool(re.search(rf"(unlike|instead of|rather than|not|deviat\w+)[^.;|\n]{{0,60}}{unit}", own))


def _splits(code: Code) -> list[ast.AST]:
    """Return the statements that make the training and test rows."""
    chosen: list[ast.AST] = []
    for node in code.walk(ast.Assign, ast.For, ast.comprehension):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
        value: ast.AST = node.value if isinstance(node, ast.Assign) else node.iter  # type: ignore[attr-defined]
        names = [part for target in targets for part in walk(target) if isinstance(part, ast.Name)]
        roles = {name_role(part.id) for part in names}
        drawn = any(
            isinstance(item, ast.Call)
            and last(item.func) in ("permutation", "shuffle", "train_test_split", "randperm", "split", "random_split")
            for item in walk(value)
        )
        folds = not isinstance(node, ast.Assign) and isinstance(value, ast.Call) and last(value.func) == "split" and len(names) > 1
        if folds or {"train", "test"} <= roles or (drawn and roles & {"train", "test"}):
            chosen.append(value)
    return chosen


def _through_helpers(code: Code, node: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    """Give an expression, what its names hold, and the bodies of the functions of the repository that it calls."""
    for item in code.expand(node, 3):
        yield item, 0
        for call in (part for part in walk(item) if isinstance(part, ast.Call)):
            function = code.function(call)
            if function is not None and len(list(walk(function))) < 800:
                yield function, 1


_DEDUPLICATED = re.compile(
    r"(duplicates?|copies|repetitions|repeated \w+|identical \w+|near-duplicates) (\w+ )?(are|were|is|being|have been) (\w+ )?(removed|dropped|merged|discarded|kept once|left out|taken out|filtered)|"
    r"deduplicat|(remov\w+|dropp\w+|discard\w+) (all |exact |the )?(duplicates|copies)|without duplicates"
)


def _copies(code: Code, own: str, paper: str) -> Iterator[Evidence]:
    """The text takes copies out before the split, and nothing behind the split does."""
    if not _DEDUPLICATED.search(own + "\n" + paper) or re.search(r"(not|without|no) (\w+ )?(dedup|remov|dropp)", own):
        return
    places = _splits(code) + _two_parts(code)
    text = " ".join(ast.unparse(item) for node in places for item, _ in _through_helpers(code, node))
    if places and not re.search(r"set\(|unique|duplicate|dedup|fromkeys|not in (seen|known|done)|distinct|groupby", text):
        yield found(
            code.place(places[0]),
            f"the text takes copies out before the split, and nothing does: `{source(places[0])}`.",
            "take the copies out before the split.",
        )


def _two_parts(code: Code) -> list[ast.AST]:
    """Return the data of which a scope takes x[:n] and x[n:]."""
    uppers: dict[tuple[int, str, str], ast.AST] = {}
    chosen: list[ast.AST] = []
    subscripts = [node for node in code.walk(ast.Subscript) if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)]
    for node in subscripts:
        assert isinstance(node.slice, ast.Slice)
        if node.slice.upper is not None and node.slice.lower is None and isinstance(node.value, ast.Name):
            uppers[id(code.scope_of[node]), node.value.id, ast.dump(node.slice.upper)] = node.value
    for node in subscripts:
        assert isinstance(node.slice, ast.Slice)
        if node.slice.lower is not None and node.slice.upper is None and isinstance(node.value, ast.Name):
            key = (id(code.scope_of[node]), node.value.id, ast.dump(node.slice.lower))
            chosen += [uppers[key]] if key in uppers else []
    return chosen


def _whole_instead(code: Code) -> Iterator[Evidence]:
    """left, hidden = hide(graph); model(graph): what a split leaves is never read, and the whole is used in its place."""
    for node in code.walk(ast.Assign):
        assert isinstance(node, ast.Assign)
        target, call = node.targets[0], node.value
        function = code.function(call) if isinstance(call, ast.Call) else None
        if function is None or not isinstance(call, ast.Call) or not isinstance(target, ast.Tuple):
            continue
        parameters, given = [arg.arg for arg in function.args.args], returns(function)
        if len(given) != 1 or not isinstance(given[0], ast.Tuple) or len(given[0].elts) != len(target.elts):
            continue
        later = [
            item.id
            for item in walk(code.scope_of[node])
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load) and item.lineno > node.lineno
        ]
        for one, part in zip(target.elts, given[0].elts, strict=True):
            if not isinstance(one, ast.Name) or one.id in later or one.id.startswith("_") or not isinstance(part, ast.Name):
                continue
            made = {name for value in code.values(function, part.id) for name in names_in(value)} & set(parameters)
            wholes = [
                dotted(item) for name, item in zip(parameters, call.args, strict=False) if name in made and isinstance(item, ast.Name)
            ]
            changed = any(
                isinstance(item, ast.Subscript) and isinstance(item.ctx, ast.Store | ast.Del) and dotted(item.value) == part.id
                for item in walk(function)
            ) or any(isinstance(value, ast.Subscript) for value in code.values(function, part.id))
            rest = [item.id for item in target.elts if isinstance(item, ast.Name) and item is not one]
            if changed and any(name in later for name in rest) and any(name in later for name in wholes):
                yield found(
                    code.place(node),
                    f"`{one.id}`, which the split leaves, is never read, and `{wholes[0]}` is used whole: `{source(node)}`.",
                    "work on what the split leaves.",
                )
                return


_ALL = re.compile(
    r"\b(against|among|over|of|from|to|with|ranks?) (all|every|the (whole|full|entire|complete))( other)?( of)?( the)?( \d[\d,. ]*)?( \w+)? ?"
    r"(candidates?|documents?|items?|entit\w+|passages?|images?|movies?|films?|products?|articles?|songs?|captions?|answers?|gallery|catalogue?|collection|corpus|vocabulary|database|points?|words?)\b"
)
_RANKING = {
    "rank",
    "ranks",
    "ranking",
    "recall",
    "mrr",
    "hits",
    "hit",
    "ndcg",
    "evaluate",
    "retrieve",
    "search",
    "topk",
    "precision",
    "map",
    "recommend",
    "test",
    "score",
}


def _pool(code: Code, own: str, paper: str) -> Iterator[Evidence]:
    """The text ranks against all candidates, and the ranking takes a part of them."""
    if not _ALL.search(own + "\n" + paper) or re.search(r"sampled|subset|pool of|negatives|part of the (documents|items|collection)", own):
        return
    for name, group in code.functions.items():
        if not set(words(name)) & _RANKING:
            continue
        for function in group:
            parameters = {arg.arg for arg in function.args.args}
            text = ast.unparse(function)
            if re.search(r"backward\(|zero_grad", text):
                continue
            for node in (item for item in walk(function) if isinstance(item, ast.Assign)):
                for target, value in (pair for whole in node.targets for pair in code.pairs(whole, node.value)):
                    if (
                        isinstance(value, ast.Subscript)
                        and dotted(target) == dotted(value.value)
                        and dotted(target) in parameters
                        and not (isinstance(value.slice, ast.Slice) and value.slice.upper is None and value.slice.step is None)
                    ):
                        yield found(
                            code.place(node), f"`{name}` ranks among a part of the candidates: `{source(node)}`.", "rank among all of them."
                        )
                        return
            for call in (item for item in walk(function) if isinstance(item, ast.Call)):
                if last(call.func) in ("choice", "sample", "choices", "integers", "randint") and re.search(
                    r"negativ|candidat|pool|others|distract", text
                ):
                    yield found(code.place(call), f"`{name}` ranks among sampled candidates: `{source(call)}`.", "rank among all of them.")
                    return


def _cut_at(code: Code) -> Iterator[Evidence]:
    """recall@5 computed over the first ten."""
    for key, value in code.written:
        named = re.search(r"(?:@|_at_?|top_?|hits?_?)(\d+)$", key)
        if not named:
            continue
        wanted = float(named.group(1))
        limits: set[float] = set()
        for node in code.expand(value, 2):
            for item in walk(node):
                if isinstance(item, ast.Compare) and len(item.ops) == 1 and isinstance(item.ops[0], ast.Lt | ast.LtE):
                    number = constant(item.comparators[0])
                    if number is not None and number > 1:
                        limits.add(number + (0 if isinstance(item.ops[0], ast.LtE) else -1))
                        limits.add(number)
                elif isinstance(item, ast.Slice) and item.lower is None and (number := constant(item.upper)) is not None and number > 0:
                    limits.add(number)
        if limits and wanted not in limits:
            yield found(
                code.place(value), f"`{key}` looks at the first {min(limits):g}: `{source(value)}`.", f"look at the first {wanted:g}."
            )


_FREE = re.compile(
    r"\bown (previous|past|earlier|last) \w+|(predicted|decoded|generated|chosen|guessed) (before|so far|one step before|earlier)|previously (predicted|decoded|generated)|"
    r"free[- ]running|closed[- ]loop|(its|their|the model's) own (previous )?(outputs?|predict\w+|forecasts?|samples?)|(outputs?|predict\w+|forecasts?) (are|is) fed back|"
    r"recursive(ly)? (forecast|predict|multi)|iterated forecast|(no|without) teacher[- ]forcing|without (the )?(gold|true|correct) |(greedy|beam)[- ](decod|search)|"
    r"decod\w+ (is |are )?(greed|autoregress)|autoregressive (decod|roll|forecast|generat)|predicted (tags?|tokens?|labels?|words?|states?) (is|are|as|of the previous|at the previous)"
)


def _own_outputs(code: Code, text: str) -> Iterator[Evidence]:
    """The text lets the model go on from its own outputs, and no loop at evaluation gives an output back to it."""
    if not _FREE.search(text):
        return
    fed: list[ast.AST] = []
    for loop in code.walk(ast.For, ast.While):
        assert isinstance(loop, ast.For | ast.While)
        scope = code.scope_of[loop]
        if re.search(r"backward\(|zero_grad|def (fit|train)\b", ast.unparse(scope)) or not isinstance(scope, ast.FunctionDef):
            continue
        kind = _feeds(loop)
        if kind == "own":
            return
        if kind == "true":
            fed.append(loop)
    if fed:
        yield found(
            code.place(fed[0]),
            f"the text lets the model go on from its own outputs, and this loop gives it the true values: `{source(fed[0], 60)}`.",
            "feed the outputs back.",
        )


def _feeds(loop: ast.For | ast.While) -> str:
    """Say what a loop of predictions reads: "own" outputs of an earlier turn, "true" values at the turn's place, or ""."""
    assigned: dict[str, list[tuple[int, ast.AST]]] = {}
    for item in (item for part in loop.body for item in walk(part)):
        if isinstance(item, ast.Assign):
            for name in (name for target in item.targets for name in _set_names(target)):
                assigned.setdefault(name, []).append((item.lineno, item.value))
        elif isinstance(item, ast.Call) and last(item.func) in ("append", "extend") and isinstance(item.func, ast.Attribute):
            assigned.setdefault(dotted(item.func.value), []).extend((item.lineno, arg) for arg in item.args)
    given = [
        (item.lineno, arg) for part in loop.body for item in walk(part) if isinstance(item, ast.Call) and _works(item) for arg in item.args
    ]
    if any(re.search(r"rng|random|\bgen\b", ast.unparse(item)) for part in loop.body for item in walk(part) if isinstance(item, ast.Call)):
        return ""  # data that are made
    made = {name for name, values in assigned.items() if any(_predicts(value) for _, value in values)}
    drawn = re.compile(r"argmax|multinomial|max\(|choice|sample|round")
    outputs = {name for name in made if any(drawn.search(ast.unparse(value)) for _, value in assigned[name])} or made
    for _ in range(3):
        outputs |= {name for name, values in assigned.items() if any(outputs & names_in(value) for _, value in values)}
    carried = {name for line, arg in given for name in names_in(arg) if any(line <= later for later, _ in assigned.get(name, ()))}
    if outputs & carried:
        return "own"
    turn = names_in(loop.target) if isinstance(loop, ast.For) else set()
    true = any(isinstance(item, ast.Subscript) and turn & names_in(item.slice) for _, arg in given for item in walk(arg))
    gold = {name for name in carried if all(_of_turn(value, turn) for _, value in assigned[name])}
    return "true" if outputs and (true or gold) else ""


def _set_names(target: ast.AST) -> set[str]:
    """Return the names an assignment sets: of table[key] = value the table alone."""
    if isinstance(target, ast.Tuple | ast.List):
        return {name for item in target.elts for name in _set_names(item)}
    return {dotted(target.value if isinstance(target, ast.Subscript | ast.Starred) else target)}


def _works(call: ast.Call) -> bool:
    return last(call.func) not in _PLAIN


_PLAIN = {
    *("append", "extend", "zip", "range", "enumerate", "len", "print", "write", "dumps"),
    *("float", "int", "str", "list", "sum", "mean", "abs", "max", "min", "sorted", "sqrt", "log", "exp", "array"),
}


def _of_turn(value: ast.AST, turn: set[str]) -> bool:
    """Say whether a value is what the turn of the loop brings: gold, or truth[t]."""
    return (isinstance(value, ast.Name) and value.id in turn) or (isinstance(value, ast.Subscript) and bool(turn & names_in(value.slice)))


def _predicts(value: ast.AST) -> bool:
    return any(
        (isinstance(item, ast.Call) and _works(item)) or (isinstance(item, ast.BinOp) and isinstance(item.op, ast.MatMult))
        for item in walk(value)
    )


CHECKS = (
    Check(
        "promised-protocol",
        "protocol",
        "a spread, a split, a pool of candidates, a cut-off or a forecast that the text states and the code makes otherwise",
        "a deviation that is said in words this check does not know",
        promised,
    ),
)
