"""Where a value comes from, element by element: through tuples, loops, containers and the functions of a repository, whatever the names are.

A step is a node with a path: what is taken out of it, outermost first. An int or a str is an index, "*" an element of a collection. `e` in
`for _, e in runs` is `runs` with the path ("*", 1); where `runs` is a list of `trial(seed)`, that is the second value `trial` gives back.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ._code import Code, constant, dotted, last, names_in, returns, walk

Path = tuple[int | str, ...]
Context = tuple[ast.Call, ...]  # the calls that were gone into, the last one innermost: a parameter is what that call gives
Step = tuple[ast.AST, Path, Context]
_SAME = {"float", "round", "item", "int", "str", "tolist", "array", "asarray", "list", "tuple", "numpy", "cpu", "tensor", "stack", "sorted", "abs", "detach", "clone", "copy", "sqrt", "items", "float64", "reversed", "clip", "exp", "log", "set"}  # fmt: skip
_SUMMED = {
    "mean",
    "fmean",
    "nanmean",
    "average",
    "sum",
    "fsum",
    "median",
    "std",
    "max",
    "min",
    "amax",
    "amin",
    "nanmax",
    "nanmin",
    "next",
    "values",
}
MOST = 200


def chain(
    code: Code, value: ast.AST, path: Path = (), context: Context = (), *, past_rows: bool = True
) -> Iterator[tuple[ast.AST, Context]]:
    """Give the outermost operations behind a value; never the arguments of a call that is not a mean, a conversion or the like.

    Without `past_rows` the way ends at the outermost call that is given rows cut from a whole: the measurement.
    """
    stack: list[Step] = [(value, path, context)]
    seen: set[tuple[int, Path, Context]] = set()
    while stack and len(seen) < MOST:
        node, path, context = stack.pop()
        if (id(node), path, context) in seen or len(path) > 6 or len(context) > 5:
            continue
        seen.add((id(node), path, context))
        yield node, context
        if past_rows or not (isinstance(node, ast.Call) and _works(node) and cut_rows(code, node, context)):
            stack += _behind(code, node, path, context)


def measurements(code: Code, value: ast.AST, path: Path = ()) -> Iterator[tuple[ast.Call, frozenset[tuple[str, str]], Context]]:
    """Give the outermost calls behind a value that are given rows cut from a whole, with these rows."""
    for node, context in chain(code, value, path, past_rows=False):
        if isinstance(node, ast.Call) and _works(node) and (held := cut_rows(code, node, context)):
            yield node, held, context


def cut_rows(code: Code, call: ast.Call, context: Context = ()) -> frozenset[tuple[str, str]]:
    """Return the rows that the arguments of a call were computed from, those that were cut from a whole alone."""
    parts = [*call.args, *(word.value for word in call.keywords)]
    return frozenset(row for part in parts for row in rows(code, part, context) if row[1])


def _works(call: ast.Call) -> bool:
    return last(call.func) not in _SAME | _SUMMED and bool(call.args or call.keywords)


def _behind(code: Code, node: ast.AST, path: Path, context: Context) -> list[Step]:
    if isinstance(node, ast.Name):
        return sources(code, node, path, context)
    if isinstance(node, ast.Call) and (function := code.function(node)) is not None:
        return [(value, path, (*context, node)) for value in returns(function)]
    return [(inner, rest, context) for inner, rest in _inside(node, path)]


def _inside(node: ast.AST, path: Path) -> list[tuple[ast.AST, Path]]:
    """Return the parts of an expression that a path into it leads to."""
    if isinstance(node, ast.Call):
        return _call(node, path)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        if path and isinstance(path[0], int) and -len(node.elts) <= path[0] < len(node.elts):
            return [(node.elts[path[0]], path[1:])]
        return [(item, path[1:]) for item in node.elts]
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return [(node.elt, path[1:])]
    if isinstance(node, ast.Dict | ast.DictComp):
        return _dict(node, path)
    if isinstance(node, ast.Subscript):
        if isinstance(node.slice, ast.Slice):
            return [(node.value, path)]
        index = constant(node.slice)
        named = node.slice.value if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str) else "*"
        return [(node.value, (int(index) if index is not None else named, *path))]
    parts: list[ast.expr] = []
    if isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.Compare):
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        parts = node.values
    elif isinstance(node, ast.UnaryOp):
        parts = [node.operand]
    elif isinstance(node, ast.Starred):
        parts = [node.value]
    return [(part, path) for part in parts]


def _dict(node: ast.Dict | ast.DictComp, path: Path) -> list[tuple[ast.AST, Path]]:
    if isinstance(node, ast.DictComp):
        return [(node.value, path[2:] if path[:2] == ("*", 1) else path[1:])]
    if path[:2] == ("*", 1):  # an item of items(): its value
        return [(value, path[2:]) for value in node.values]
    chosen = [
        value
        for key, value in zip(node.keys, node.values, strict=True)
        if not path or not isinstance(path[0], str) or path[0] == "*" or (isinstance(key, ast.Constant) and key.value == path[0])
    ]
    return [(value, path[1:]) for value in chosen]


def _call(node: ast.Call, path: Path) -> list[tuple[ast.AST, Path]]:
    name = last(node.func)
    method = isinstance(node.func, ast.Attribute) and (not node.args or (name in ("mean", "sum") and constant(node.args[0]) is not None))
    inner = node.func.value if method and isinstance(node.func, ast.Attribute) else node.args[0] if node.args else None
    if inner is None:
        return []
    if name == "items":
        return [(inner, ("*", *path[2:]))] if path[1:2] == (1,) else [(inner, path)] if len(path) < 2 else []
    if name in _SUMMED:
        return [(inner, ("*", *path))]
    return [(inner, path)] if name in _SAME else []


def sources(code: Code, node: ast.Name, path: Path = (), context: Context = ()) -> list[Step]:
    """Return what a name was given, each with the path to the part of it: assignments, loops, what is appended, arguments of calls."""
    scope = code.scope_of.get(node)
    if scope is None:
        return []
    found = bound(code, scope, node.id, path, node)
    if not found and isinstance(scope, ast.FunctionDef):
        parameters = [item.arg for item in [*scope.args.posonlyargs, *scope.args.args]]
        if node.id in parameters and context and code.function(context[-1]) is scope:
            return [(value, rest, context[:-1]) for value, rest in _argument(context[-1], parameters, node.id, path)]
        if node.id in parameters and len(code.functions.get(scope.name, [])) == 1:
            return [
                (value, rest, ())
                for call in (code.calls_of.get(scope.name, []) if scope.name != "__call__" else _calls_of_objects(code, scope))
                for value, rest in _argument(call, parameters, node.id, path)
            ]
    if not found and not isinstance(scope, ast.Module):
        return [(value, rest, ()) for value, rest in bound(code, code.module_of[node].tree, node.id, path)]
    return [(value, rest, context) for value, rest in found]


def _calls_of_objects(code: Code, method: ast.FunctionDef) -> list[ast.Call]:
    """Return the calls of objects of the class whose __call__ this is: stop(value, net) where stop = Stopper()."""
    holder = code.parent.get(method)
    if not isinstance(holder, ast.ClassDef):
        return []
    names = {
        (id(code.scope_of[node]), item)
        for node in code.walk(ast.Assign)
        if isinstance(node, ast.Assign)
        for target in node.targets
        for one, value in code.pairs(target, node.value)
        if isinstance(value, ast.Call) and last(value.func) == holder.name
        for item in names_in(one)
    }
    return [call for scope, name in names for call in code.calls_of.get(name, []) if id(code.scope_of[call]) == scope]


def part(node: ast.AST, path: Path) -> ast.AST:
    """Return the element of a tuple that is written out; the node itself where it is none."""
    while path and isinstance(path[0], int) and isinstance(node, ast.Tuple | ast.List) and path[0] < len(node.elts):
        node, path = node.elts[path[0]], path[1:]
    return node


def bound(code: Code, scope: ast.AST, name: str, path: Path, at: ast.AST | None = None) -> list[tuple[ast.AST, Path]]:
    """Return the values that a scope binds a name to, with paths; those alone that can be seen where the name is read, if that is given."""
    found: list[tuple[ast.AST, Path]] = []
    for node in _seen(code, code.binders(scope, name), name, at):
        if isinstance(node, ast.Call):  # values.append(x)
            extend = last(node.func) == "extend"
            found += [(item, path if extend else path[1:]) for item in node.args]
            continue
        front: Path = ()
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.For | ast.comprehension):
            targets, value, front = [node.target], node.iter, ("*",)
        else:
            targets, value = [node.target], node.value  # type: ignore[attr-defined]
        for target in targets:
            for inner in _paths(target, name):
                if inner is None:
                    found.append((value, path[1:]))  # table[key] = value
                else:
                    found += _looped(value, (*front, *inner, *path))
    return found


def _seen(code: Code, binders: list[ast.AST], name: str, at: ast.AST | None) -> list[ast.AST]:
    """Return the binders whose value can be read at a place: the last one that is always passed before it, and those after that one."""
    if at is None or len(binders) < 2:
        return binders
    around = list(code.ancestors(at))
    inside = {id(item) for item in around}
    line = getattr(at, "lineno", 0)
    last_one = -1
    for number, node in enumerate(binders):
        whole = isinstance(node, ast.Assign) and any(
            None not in list(_paths(target, name)) and list(_paths(target, name)) for target in node.targets
        )
        before = getattr(node, "lineno", 0) < line and id(node) not in inside
        mine = isinstance(node, ast.comprehension) and id(code.parent.get(node)) in inside
        if mine:
            return [node]
        if before and whole and (id(code.parent.get(node)) in inside):
            last_one = number
    if last_one < 0:
        return [node for node in binders if not isinstance(node, ast.comprehension)] or binders
    loops = [item for item in around if isinstance(item, ast.For | ast.While)]
    killed = any(binders[last_one] in walk(loop) for loop in loops)
    return [
        node
        for number, node in enumerate(binders)
        if number >= last_one
        and not isinstance(node, ast.comprehension)
        and (getattr(node, "lineno", 0) < line or (not killed and any(node in walk(loop) for loop in loops)))
        and id(node) not in inside - {id(loop) for loop in loops}
    ]


def _looped(value: ast.AST, path: Path) -> list[tuple[ast.AST, Path]]:
    """Look through enumerate and zip: an element of zip(a, b) at 1 is an element of b."""
    if (
        isinstance(value, ast.Call)
        and last(value.func) in ("enumerate", "zip")
        and len(path) > 1
        and path[0] == "*"
        and isinstance(path[1], int)
    ):
        if last(value.func) == "enumerate":
            return _looped(value.args[0], ("*", *path[2:])) if path[1] == 1 and value.args else []
        return _looped(value.args[path[1]], ("*", *path[2:])) if path[1] < len(value.args) else []
    return [(value, path)]


def _paths(target: ast.AST, name: str) -> Iterator[Path | None]:
    """Give the paths under which a target binds a name; None where an entry of it is set."""
    if isinstance(target, ast.Name) and target.id == name:
        yield ()
    elif isinstance(target, ast.Tuple | ast.List):
        for number, item in enumerate(target.elts):
            for inner in _paths(item.value if isinstance(item, ast.Starred) else item, name):
                yield None if inner is None else (number, *inner)
    elif isinstance(target, ast.Subscript) and dotted(target.value) == name:
        yield None


def _argument(call: ast.Call, parameters: list[str], name: str, path: Path) -> list[tuple[ast.AST, Path]]:
    """Return what a call gives to a parameter; of `*part` an element."""
    place = parameters.index(name) - (1 if parameters[0] == "self" else 0)
    stars = [number for number, item in enumerate(call.args) if isinstance(item, ast.Starred)]
    found: list[tuple[ast.AST, Path]] = [(word.value, path) for word in call.keywords if word.arg == name]
    if stars and stars[0] <= place:
        return [(call.args[stars[0]].value, (place - stars[0], *path))]  # type: ignore[attr-defined]
    return [(call.args[place], path)] if 0 <= place < len(call.args) else found


def rows(code: Code, value: ast.AST, context: Context = ()) -> frozenset[tuple[str, str]]:
    """Return the rows a value was computed from: (where the data are made, how they were cut); a cut is "" where all rows were taken.

    Two values with the same cut of the same data are of the same rows, whatever their names are.
    """
    found: set[tuple[str, str]] = set()
    stack: list[tuple[ast.AST, Path, Context, str]] = [(value, (), context, "")]
    seen: set[tuple[int, Path, Context, str]] = set()
    while stack and len(seen) < MOST:
        node, path, context, cut = stack.pop()
        if (id(node), path, context, cut) in seen or len(path) > 6 or len(context) > 5:
            continue
        seen.add((id(node), path, context, cut))
        if isinstance(node, ast.Subscript) and (label := _cut(code, node.slice, context)):
            stack.append((node.value, path, context, f"{cut}<{label}"))
        elif isinstance(node, ast.Call) and code.function(node) is None:
            if _draws(node):
                found.add((_at(code, node), cut + _label(path) + _made_by(code, node, context)))
                continue
            parts = [*node.args, *(word.value for word in node.keywords)]
            parts += [node.func.value] if isinstance(node.func, ast.Attribute) and not _library(node.func) else []
            stack += [(part, path[1:] if last(node.func) in _SUMMED else path, context, cut) for part in parts]
        else:
            if isinstance(node, ast.ListComp | ast.GeneratorExp) and path and isinstance(path[0], int):
                cut = f"{cut}#{path[0]}"  # one of several parts that a comprehension makes
            behind = _behind(code, node, path, context)
            stack += [(inner, rest, ahead, cut) for inner, rest, ahead in behind]
            if not behind and isinstance(node, ast.Attribute) and not _library(node) and not dotted(node).startswith("self"):
                found.add((_scope(code, node) + ":" + dotted(node), cut + _label(path)))
            elif not behind and isinstance(node, ast.Name) and _parameter(code, node):
                found.add((_scope(code, node) + ":" + node.id, cut + _label(path)))
    return frozenset(found)


_LOADERS = (
    "load",
    "fetch",
    "make",
    "read",
    "open",
    "normal",
    "uniform",
    "random",
    "randn",
    "rand",
    "integers",
    "permutation",
    "choice",
    "randint",
    "arange",
    "default_rng",
)


def _draws(node: ast.Call) -> bool:
    """Say whether a call makes data: it loads or draws."""
    name = last(node.func)
    return name.startswith(_LOADERS[:5]) or name in _LOADERS


def _made_by(code: Code, node: ast.AST, context: Context) -> str:
    """Return which of several calls of a maker of data it was: train, test = toy(rng, 40), toy(rng, 400)."""
    for call in reversed(context):
        function = code.function(call)
        if function is not None and function is code.scope_of.get(node) and len(code.calls_of.get(function.name, [])) > 1:
            return f"@{_at(code, call)}"
    return ""


def _library(func: ast.Attribute) -> bool:
    return dotted(func).split(".")[0] in ("np", "numpy", "torch", "F", "math", "scipy", "sklearn", "nn")


def _at(code: Code, node: ast.AST) -> str:
    return f"{code.module_of[node].path}:{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)}" if node in code.module_of else ""


def _scope(code: Code, node: ast.AST) -> str:
    scope = code.scope_of.get(node)
    return scope.name if isinstance(scope, ast.FunctionDef) else ""


def _parameter(code: Code, node: ast.Name) -> bool:
    scope = code.scope_of.get(node)
    return isinstance(scope, ast.FunctionDef) and node.id in {item.arg for item in scope.args.args}


def _label(path: Path) -> str:
    """Return a path into data as a part of a cut: the second of four that a split gives."""
    return "".join(f".{item}" for item in path if item != "*")


def _cut(code: Code, index: ast.AST, context: Context) -> str:
    """Return how an index cuts rows, the same text wherever it is used; "" for a number, a column or all rows."""
    if isinstance(index, ast.Tuple) and index.elts:
        index = index.elts[0]
    if isinstance(index, ast.Slice):
        return "" if index.lower is index.upper is index.step is None else ast.unparse(index)
    if isinstance(index, ast.Constant) or constant(index) is not None:
        return ""
    if isinstance(index, ast.Name):
        given = sources(code, index, (), context)
        if given and all(constant(value) is not None or isinstance(value, ast.Constant) for value, _, _ in given):
            return ""
        return "|".join(sorted(f"{_at(code, value)}{_label(path)}" for value, path, _ in given)) or f"{_scope(code, index)}.{index.id}"
    return ast.unparse(index)
