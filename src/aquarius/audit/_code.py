"""Reading code without running it: scopes, calls, assignments, and which split of the data a value comes from."""

from __future__ import annotations

import ast
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ._repository import Module, Repository
from ._words import METRICS, PAPERLIKE, Role, name_role, words

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
_DEPTH = 7


def dotted(node: ast.AST) -> str:
    """Return the dotted name of an expression: "np.random.default_rng"; "" where it has none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = dotted(node.value)
        return f"{front}.{node.attr}" if front else node.attr
    if isinstance(node, ast.Call):
        return dotted(node.func)
    return ""


def last(node: ast.AST) -> str:
    """Return the last part of a dotted name."""
    return dotted(node).rsplit(".", 1)[-1]


def constant(node: ast.AST | None) -> float | None:
    """Return the number an expression of literals stands for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = constant(node.operand)
        return None if value is None else -value
    return None


def walk(node: ast.AST) -> list[ast.AST]:
    """Return a node and all nodes below it, as ast.walk gives them; those of a statement are kept on it, since checks ask again and again."""
    if isinstance(node, ast.expr):
        return list(ast.walk(node))
    kept: list[ast.AST] | None = getattr(node, "_below", None)
    if kept is None:
        kept = list(ast.walk(node))
        node._below = kept  # type: ignore[attr-defined]
    return kept


def names_in(node: ast.AST) -> set[str]:
    """Return the variable names an expression reads."""
    return {item.id for item in walk(node) if isinstance(item, ast.Name)}


class TimeUp(Exception):
    """The time for the audit is up in the middle of a check."""


@dataclass(frozen=True)
class Place:
    """A node with its module and the function around it."""

    module: Module
    scope: Scope
    node: ast.AST

    @property
    def where(self) -> str:
        """ "file:function", or the file alone at its top."""
        return f"{self.module.path}:{self.scope.name}" if not isinstance(self.scope, ast.Module) else self.module.path

    @property
    def line(self) -> str:
        """ "file:line"."""
        return f"{self.module.path}:{getattr(self.node, 'lineno', 1)}"


class Code:
    """The code of a repository with its tables: scopes, functions by name, calls, assignments."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.scope_of: dict[ast.AST, Scope] = {}
        self.parent: dict[ast.AST, ast.AST] = {}
        self.module_of: dict[ast.AST, Module] = {}
        self._values: dict[int, dict[str, list[ast.AST]]] = {}
        self._binders: dict[int, dict[str, list[ast.AST]]] = {}
        self.splitting: dict[tuple[int, int], set[str]] = {}  # the parameters that a function splits, once they were looked for
        self._own: dict[int, list[ast.AST]] = {}  # the nodes of a scope that may bind a name
        self._roles: dict[tuple[int, int], set[Role]] = {}
        self.recorded: set[str] = set()  # the names by which result files hold measured numbers
        self.deadline = float("inf")  # of time.perf_counter; a check that walks on after it is ended
        self._of_kind: dict[tuple[str, type[ast.AST]], list[ast.AST]] = {}
        self._walked: dict[tuple[tuple[type[ast.AST], ...], bool], list[ast.AST]] = {}
        for module in repository.modules:
            self._enter(module, module.tree)

    def _enter(self, module: Module, tree: ast.Module) -> None:
        stack: list[tuple[ast.AST, Scope]] = [(tree, tree)]
        while stack:
            node, scope = stack.pop()
            self.scope_of[node], self.module_of[node] = scope, module
            self._of_kind.setdefault((module.path, type(node)), []).append(node)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr | ast.For | ast.comprehension | ast.Call):
                self._own.setdefault(id(scope), []).append(node)
            inner: Scope = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else scope
            for child in ast.iter_child_nodes(node):
                self.parent[child] = node
                stack.append((child, inner))

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Names under which the code imports something else: NaiveBayes -> MultinomialNB."""
        nodes = [node for node in self.walk(ast.ImportFrom) if isinstance(node, ast.ImportFrom)]
        return {alias.asname: alias.name for node in nodes for alias in node.names if alias.asname}

    def place(self, node: ast.AST) -> Place:
        """Return where a node stands."""
        scope = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else self.scope_of[node]
        return Place(self.module_of[node], scope, node)

    def walk(self, *kinds: type[ast.AST], tests: bool = False) -> Iterator[ast.AST]:
        """Give every node of these kinds in the code, or in the tests, in the order of the text."""
        if (kinds, tests) not in self._walked:
            modules = self.repository.tests if tests else self.repository.code
            self._walked[kinds, tests] = [
                node
                for module in modules
                for node in sorted((n for kind in kinds for n in self._of_kind.get((module.path, kind), ())), key=_position)
            ]
        for number, node in enumerate(self._walked[kinds, tests]):
            if number % 64 == 0 and time.perf_counter() > self.deadline:
                raise TimeUp
            yield node

    @cached_property
    def words(self) -> Counter[str]:
        """How often each word stands in the code."""
        return Counter(word for module in self.repository.code for word in re.findall(r"\w+", module.text))

    @cached_property
    def attributes(self) -> Counter[str]:
        """How often each attribute is named, in code and tests."""
        return Counter(word for module in self.repository.modules for word in re.findall(r"\.(\w+)", module.text))

    @cached_property
    def functions(self) -> dict[str, list[ast.FunctionDef]]:
        """The functions and methods of the code, by name."""
        table: dict[str, list[ast.FunctionDef]] = {}
        for node in self.walk(ast.FunctionDef):
            assert isinstance(node, ast.FunctionDef)
            table.setdefault(node.name, []).append(node)
        return table

    def function(self, call: ast.Call) -> ast.FunctionDef | None:
        """Return the one function of the repository that a call runs, where there is one of that name."""
        if isinstance(call.func, ast.Attribute) and dotted(call.func).split(".")[0] in ("np", "numpy", "torch", "F", "json", "random"):
            return None
        found = self.functions.get(last(call.func), [])
        return found[0] if len(found) == 1 else None

    @cached_property
    def calls_of(self) -> dict[str, list[ast.Call]]:
        """Calls in the code, by the last part of the name called."""
        table: dict[str, list[ast.Call]] = {}
        for node in self.walk(ast.Call):
            assert isinstance(node, ast.Call)
            table.setdefault(last(node.func), []).append(node)
        return table

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Give the nodes around a node, the nearest first."""
        while node in self.parent:
            node = self.parent[node]
            yield node

    def within(self, node: ast.AST, *kinds: type[ast.AST]) -> ast.AST | None:
        """Return the nearest node of these kinds around a node, inside its function."""
        for item in self.ancestors(node):
            if isinstance(item, kinds):
                return item
            if isinstance(item, ast.FunctionDef):
                return None
        return None

    def values(self, scope: ast.AST, name: str) -> list[ast.AST]:
        """Return what is assigned to a name in a scope: for an unpacked tuple its element, for a loop what is looped over."""
        if id(scope) not in self._values:
            self._values[id(scope)] = self._bindings(scope)
        return self._values[id(scope)].get(name, [])

    def names(self, scope: ast.AST) -> set[str]:
        """Return the names that a scope binds, its parameters with them."""
        self.values(scope, "")
        parameters = {arg.arg for arg in scope.args.args} if isinstance(scope, ast.FunctionDef) else set()
        return set(self._values[id(scope)]) | parameters

    def _bindings(self, scope: ast.AST) -> dict[str, list[ast.AST]]:
        table: dict[str, list[ast.AST]] = {}
        for node in sorted(self._own.get(id(scope), ()), key=_position):
            pairs: list[tuple[ast.AST, ast.AST]] = []
            if isinstance(node, ast.Assign):
                pairs = [(target, node.value) for target in node.targets]
            elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
                pairs = [(node.target, node.value)]
            elif isinstance(node, ast.For | ast.comprehension):
                pairs = [(node.target, node.iter)]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "add"):
                table.setdefault(dotted(node.func.value), []).extend(node.args)
            for target, value in (pair for whole, part in pairs for pair in self.pairs(whole, part)):
                for name in names_in(target):
                    table.setdefault(name, []).extend(_bound(target, value, name))
        return table

    def binders(self, scope: ast.AST, name: str) -> list[ast.AST]:
        """Return the statements, loops and calls of append in which a scope gives a name something."""
        if id(scope) not in self._binders:
            table = self._binders[id(scope)] = {}
            for node in sorted(self._own.get(id(scope), ()), key=_position):
                if isinstance(node, ast.Call):
                    grows = isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "add")
                    names = {dotted(node.func.value)} if grows and isinstance(node.func, ast.Attribute) else set()
                else:
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
                    names = {item.id for target in targets for item in walk(target) if isinstance(item, ast.Name)}
                for one in names if getattr(node, "value", node) is not None else ():
                    table.setdefault(one, []).append(node)
        return self._binders[id(scope)].get(name, [])

    def pairs(self, target: ast.AST, value: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
        """Pair the targets of an assignment with their values, through the tuple that a function of the repository gives back."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Call):
            function = self.function(value)
            given = returns(function) if function is not None else []
            if len(given) == 1 and isinstance(given[0], ast.Tuple) and len(given[0].elts) == len(target.elts):
                return [pair for one, part in zip(target.elts, given[0].elts, strict=True) for pair in self.pairs(one, part)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            return [pair for one, part in zip(target.elts, value.elts, strict=True) for pair in self.pairs(one, part)]
        return [(target, value)]

    def arguments(self, function: ast.FunctionDef, name: str) -> list[ast.AST]:
        """Return what the calls in the code give to a parameter of a function."""
        parameters = [item.arg for item in [*function.args.posonlyargs, *function.args.args]]
        if name not in parameters or len(self.functions.get(function.name, [])) != 1:
            return []
        found: list[ast.AST] = []
        for call in self.calls_of.get(function.name, []):
            shift = 1 if parameters and parameters[0] == "self" else 0
            place = parameters.index(name) - shift
            if 0 <= place < len(call.args) and not any(isinstance(item, ast.Starred) for item in call.args[: place + 1]):
                found.append(call.args[place])
            found += [word.value for word in call.keywords if word.arg == name]
            for number, item in enumerate(call.args):
                if isinstance(item, ast.Starred) and number <= place:
                    found.append(item.value)
        return found

    def roles(self, node: ast.AST, depth: int = _DEPTH) -> set[Role]:
        """Return the splits a value was computed from, followed through names, calls and parameters of the repository."""
        key = (id(node), depth)
        if key not in self._roles:
            self._roles[key] = set()  # while it is being found out: a value that depends on itself adds nothing
            self._roles[key] = self._find_roles(node, depth)
        return self._roles[key]

    def _find_roles(self, node: ast.AST, depth: int) -> set[Role]:
        if depth <= 0:
            return set()
        if isinstance(node, ast.Name):
            role = name_role(node.id)
            return {role} if role else self._source_roles(node, depth)
        if isinstance(node, ast.Attribute):
            role = name_role(node.attr)
            return {role} if role else self.roles(node.value, depth)
        if isinstance(node, ast.Constant):
            role = name_role(node.value) if isinstance(node.value, str) and len(node.value) < 24 else None
            return {role} if role else set()
        if isinstance(node, ast.Call):
            if last(node.func) in ("setdiff1d", "delete", "difference") and node.args and self.roles(node.args[-1], depth - 1):
                return _complement(self.roles(node.args[-1], depth - 1))
            role = name_role(last(node.func)) if last(node.func) not in ("fit", "train", "test") else None
            inner = [*node.args, *(word.value for word in node.keywords)]
            inner += [node.func.value] if isinstance(node.func, ast.Attribute) else []
            roles: set[Role] = ({role} if role else set()).union(*(self.roles(item, depth - 1) for item in inner))
            function = self.function(node) if not roles else None
            return roles.union(*(self.roles(item, depth - 2) for item in returns(function))) if function is not None else roles
        if isinstance(node, ast.Lambda):
            return self.roles(node.body, depth - 1)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            return _complement(self.roles(node.operand, depth))
        return set().union(
            *(
                self.roles(child, depth)
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr | ast.comprehension | ast.keyword | ast.Slice)
            )
        )

    def _source_roles(self, node: ast.Name, depth: int) -> set[Role]:
        scope = self.scope_of.get(node)
        if scope is None:
            return set()
        found: set[Role] = set()
        for value in self.values(scope, node.id):
            if value is not node and not (isinstance(value, ast.Name) and value.id == node.id):
                found |= self.roles(value, depth - 1)
        if not found and isinstance(scope, ast.FunctionDef):
            for value in self.arguments(scope, node.id):
                found |= self.roles(value, depth - 2)
        return found or self.rest(scope, node.id)

    def rest(self, scope: ast.AST, name: str) -> set[Role]:
        """Return the role of what is left of a split: `held, others = order[:n], order[n:]` leaves the training part."""
        mine = [value for value in self.values(scope, name) if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice)]
        if not mine or name_role(name) is not None:
            return set()
        base = ast.dump(mine[0].value)
        roles: set[Role] = set()
        for other, values in self._values.get(id(scope), {}).items():
            for value in values:
                if (
                    other != name
                    and (role := name_role(other)) is not None
                    and isinstance(value, ast.Subscript)
                    and isinstance(value.slice, ast.Slice)
                    and ast.dump(value.value) == base
                ):
                    roles.add(role)
        return {"train"} if "test" in roles and "train" not in roles else set()

    @cached_property
    def written(self) -> list[tuple[str, ast.AST]]:
        """What the code writes down: key of a record and the expression behind it."""
        found: list[tuple[str, ast.AST]] = []
        for node in self.walk(ast.Dict, ast.Assign, ast.Call, ast.DictComp):
            if isinstance(node, ast.Dict):
                found += [
                    (key.value, value)
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and isinstance(key.value, str)
                ]
            elif isinstance(node, ast.Assign):
                target = node.targets[0]
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
                    found.append((target.slice.value, node.value))
            elif isinstance(node, ast.DictComp) and self._is_written(node):
                found.append(("score", node.value))
            elif isinstance(node, ast.Call) and last(node.func) == "dict":
                found += [(word.arg, word.value) for word in node.keywords if word.arg]
            elif isinstance(node, ast.Call) and last(node.func) in ("print", "write", "info"):
                found += [pair for item in node.args if isinstance(item, ast.JoinedStr) for pair in _labelled(item)]
                found += _formatted(node.args)
        return found

    @cached_property
    def reported(self) -> list[tuple[str, ast.AST]]:
        """What the code reports: what it writes down under a metric's name, or under a name that a result file holds a measured number by."""
        return [
            (key, value)
            for key, value in self.written
            if (set(words(key)) & METRICS or key in self.recorded) and not set(words(key)) & PAPERLIKE
        ]

    def _is_written(self, node: ast.AST) -> bool:
        for item in self.ancestors(node):
            if isinstance(item, ast.Call) and last(item.func) in ("dump", "dumps"):
                return True
            if isinstance(item, ast.Assign):
                return bool(set(words(" ".join(map(dotted, item.targets)))) & {"results", "result", "out", "summary", "metrics", "report"})
        return False

    def expand(self, node: ast.AST, depth: int = 4) -> Iterator[ast.AST]:
        """Give an expression and, through names and calls of the repository, the expressions it comes from."""
        seen: set[int] = set()
        stack = [(node, depth)]
        while stack:
            item, left = stack.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            yield item
            if left <= 0:
                continue
            for child in ast.walk(item):
                if isinstance(child, ast.Name) and child in self.scope_of:
                    stack += [(value, left - 1) for value in self.values(self.scope_of[child], child.id)]
                elif isinstance(child, ast.Call):
                    function = self.function(child)
                    if function is not None:
                        stack += [(value, left - 1) for value in returns(function)]


def _complement(roles: set[Role]) -> set[Role]:
    """Return what an index leaves: of the test part the training part, of the training part the test part."""
    return {"train"} if roles == {"test"} else {"test"} if roles == {"train"} else set()


def _position(node: ast.AST) -> tuple[int, int]:
    if isinstance(node, ast.comprehension):
        node = node.target
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _labelled(text: ast.JoinedStr) -> list[tuple[str, ast.AST]]:
    """Pair each value of a formatted text with the word before it: f"accuracy = {value}"."""
    pairs: list[tuple[str, ast.AST]] = []
    before = ""
    for part in text.values:
        if isinstance(part, ast.Constant):
            before = str(part.value)
        elif isinstance(part, ast.FormattedValue):
            label = re.search(r"([A-Za-z]\w*(?:[ _@-]\w+)?)\s*[=:]?\s*$", before)
            if label:
                pairs.append((label.group(1), part.value))
            before = ""
    return pairs


def _formatted(arguments: list[ast.expr]) -> list[tuple[str, ast.AST]]:
    """Pair each value of a %-format with the word before its place: info("loss %.4f", value), "loss %.4f" % value."""
    text, values = (arguments[0] if arguments else None), arguments[1:]
    if isinstance(text, ast.BinOp) and isinstance(text.op, ast.Mod):
        right = text.right
        text, values = text.left, right.elts if isinstance(right, ast.Tuple) else [right]
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
        return []
    places = re.findall(r"([A-Za-z]\w*)?[ =:]*%[-+ 0-9.]*[a-z]", text.value)
    return [(label, value) for label, value in zip(places, values, strict=False) if label]


def offset(node: ast.AST | None) -> tuple[str, int] | None:
    """Return an index as a name and what is added to it: i + 2 -> (i, 2)."""
    if isinstance(node, ast.Name):
        return node.id, 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        number = constant(node.right)
        inner = offset(node.left)
        if number is not None and inner is not None:
            return inner[0], inner[1] + int(number if isinstance(node.op, ast.Add) else -number)
        if isinstance(node.left, ast.Name | ast.BinOp) and isinstance(node.op, ast.Add):
            return ast.unparse(node), 0
    return None


def returns(function: ast.FunctionDef) -> list[ast.AST]:
    """Return the expressions a function gives back."""
    return [node.value for node in walk(function) if isinstance(node, ast.Return) and node.value is not None]


def assigned(target: ast.AST, value: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """Pair the targets of an assignment with their values, tuples element by element."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _bound(target: ast.AST, value: ast.AST, name: str) -> list[ast.AST]:
    if isinstance(target, ast.Name):
        return [value] if target.id == name else []
    if isinstance(target, ast.Starred):
        return _bound(target.value, value, name)
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            return [found for one, two in zip(target.elts, value.elts, strict=True) for found in _bound(one, two, name)]
        if isinstance(value, ast.Call) and last(value.func) in ("zip", "enumerate"):
            items = [ast.Constant(0), *value.args] if last(value.func) == "enumerate" else value.args
            if len(items) == len(target.elts):
                return [found for one, two in zip(target.elts, items, strict=True) for found in _bound(one, two, name)]
        return [value] if any(_bound(item, value, name) for item in target.elts) else []
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name:
        return [value]  # errors[setting] = ...
    return []
