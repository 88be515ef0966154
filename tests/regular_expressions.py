"""Every regular expression of the package, and how many steps a backtracking matcher takes.

Python's own matcher cannot be asked, so this one walks the same tree of operations and backtracks
as that does; what Python does in one jump (literal prefixes) costs it a step a character.
"""

import ast
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    from re import _constants as ops
    from re import _parser as parser
else:
    import sre_constants as ops
    import sre_parse as parser

# a stated limit is a constant factor
_MOST_REPEATS = 4
_ANYWHERE = {"search", "sub", "finditer", "findall", "split", "subn"}
_MATCHING = _ANYWHERE | {"match", "fullmatch"}
_CHARACTERS = (ops.LITERAL, ops.NOT_LITERAL, ops.IN, ops.ANY)
_GROUPS = (ops.SUBPATTERN, ops.MAX_REPEAT, ops.MIN_REPEAT)
_USUAL = "a1 A\n.,:;-<>()[]{}\"'\\/#♪あ\xa0"  # what stands for a set that has one of them
_MOST_PARTS, _MOST_CHARACTERS = 8, 4


@dataclass(frozen=True)
class Used:
    """A regular expression and where it stands; `anywhere` is whether it is tried at every place,
    `whole` whether it has to match to the end."""

    place: str
    pattern: str
    flags: int
    anywhere: bool
    whole: bool


def expressions(package: Path) -> Iterator[Used]:
    """What a package gives to `re`, by its source."""
    uses = _uses(package)
    for file in sorted(package.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        calls = [node for node in ast.walk(tree) if _is_call_of_re(node)]
        if not calls:
            continue
        place = ".".join(file.relative_to(package.parent).with_suffix("").parts)
        names = vars(importlib.import_module(place))
        for call in calls:
            try:
                code = compile(ast.Expression(call.args[0]), place, "eval")
                pattern = eval(code, names)  # the package's own constants
            except NameError:
                continue  # what a user gives
            name = call.func.attr
            compiled = re.compile(pattern, _flags(call, names))
            ways = {name}
            if name == "compile":
                known = [key for key, value in names.items() if _holds(value, compiled)]
                ways = set().union(*(uses.get(key, set()) for key in known)) or _MATCHING
            text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
            yield Used(
                f"{place}:{call.lineno}",
                text,
                compiled.flags & ~re.UNICODE,
                bool(ways & _ANYWHERE),
                "fullmatch" in ways,
            )


def _is_call_of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _MATCHING | {"compile"}
    )


def _holds(value: object, compiled: re.Pattern) -> bool:
    # equal, not the same: `re` forgets what it compiled once there is much of it
    if isinstance(value, dict):
        return any(_holds(inner, compiled) for inner in value.values())
    return isinstance(value, re.Pattern) and value == compiled


def _flags(call: ast.Call, names: dict) -> int:
    given = [*call.args[1:], *(word.value for word in call.keywords)]
    found = 0
    for value in given:
        if "re." in ast.unparse(value):
            found |= eval(compile(ast.Expression(value), "flags", "eval"), names)
    return found


def _uses(package: Path) -> dict[str, set[str]]:
    """The methods that are called, or handed on, on each name of the package."""
    found: dict[str, set[str]] = {}
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in _MATCHING:
                name = ast.unparse(node.value).partition("[")[0].rpartition(".")[2]
                found.setdefault(name, set()).add(node.attr)
    return found


class TooManyStepsError(Exception):
    """More steps than were allowed."""


class Matcher:
    """Counts the steps of one regular expression."""

    def __init__(self, used: Used) -> None:
        self._used = used
        self._tree = parser.parse(used.pattern, used.flags)
        self._ignore_case = bool(used.flags & re.IGNORECASE)
        self._sets: dict[int, re.Pattern[str]] = {}
        self.steps = 0

    def count(self, text: str, most: float = float("inf")) -> int:
        """The steps of all matches in the text, as `finditer` or `fullmatch` find them.

        Raises:
            TooManyStepsError: there are more than `most`.
        """
        self.steps, self._most, self._text = 0, most, text
        at = 0
        while at <= len(text):
            end = self._match_at(at)
            if not self._used.anywhere:
                break
            at = max(at + 1, end) if end is not None else at + 1
        return self.steps

    def _match_at(self, at: int) -> int | None:
        ends: list[int] = []

        def done(at: int) -> bool:
            if self._used.whole and not self._used.anywhere and at < len(self._text):
                return False
            ends.append(at)
            return True

        self._groups: dict[int, tuple[int, int]] = {}
        return ends[0] if self._sequence(list(self._tree), 0, at, done) else None

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self._most:
            raise TooManyStepsError

    def _sequence(self, nodes: list, index: int, at: int, then: Callable[[int], bool]) -> bool:
        """Whether what follows from a node on matches; `then` is asked about the rest."""
        while index < len(nodes):
            self._step()
            op, value = nodes[index]
            if op in _CHARACTERS:
                if not self._fits(op, value, at):
                    return False
                at, index = at + 1, index + 1
            elif op is ops.AT:
                if not self._is_at(value, at):
                    return False
                index += 1
            elif op in (ops.ASSERT, ops.ASSERT_NOT):
                if self._looks(value, at) is (op is ops.ASSERT_NOT):
                    return False
                index += 1
            else:

                def go_on(at: int, index: int = index) -> bool:
                    return self._sequence(nodes, index + 1, at, then)

                return self._branching(op, value, at, go_on)
        return then(at)

    def _branching(self, op: object, value: tuple, at: int, then: Callable[[int], bool]) -> bool:
        if op is ops.SUBPATTERN:
            return self._sequence(list(value[-1]), 0, at, then)
        if op is ops.BRANCH:
            return any(self._sequence(list(branch), 0, at, then) for branch in value[1])
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            least, most, body = value
            most = most if most is ops.MAXREPEAT else max(least, min(most, _MOST_REPEATS))
            if len(body) == 1 and body[0][0] in _CHARACTERS:
                return self._run(op, least, most, body[0], at, then)
            return self._repeat(op, least, most, list(body), at, then, 0, -1)
        raise NotImplementedError(op)

    def _run(self, op, least, most, node, at, then) -> bool:
        """A repeat of one character: as Python does, without a frame for each."""
        furthest = at
        limit = len(self._text) if most is ops.MAXREPEAT else min(len(self._text), at + most)
        if op is ops.MIN_REPEAT:
            while furthest <= limit:
                self._step()
                if furthest - at >= least and then(furthest):
                    return True
                if furthest == limit or not self._fits(*node, furthest):
                    return False
                furthest += 1
            return False
        while furthest < limit and self._fits(*node, furthest):
            self._step()
            furthest += 1
        for end in range(furthest, at + least - 1, -1):
            self._step()
            if then(end):
                return True
        return False

    def _repeat(self, op, least, most, body, at, then, done, before) -> bool:
        self._step()
        may_more = (most is ops.MAXREPEAT or done < most) and at != before

        def again(to: int) -> bool:
            return self._repeat(op, least, most, body, to, then, done + 1, at)

        if done < least:
            return self._sequence(body, 0, at, again)
        if op is ops.MIN_REPEAT:
            return then(at) or (may_more and self._sequence(body, 0, at, again))
        return (may_more and self._sequence(body, 0, at, again)) or then(at)

    def _looks(self, value: tuple, at: int) -> bool:
        direction, body = value
        if direction > 0:
            return self._sequence(list(body), 0, at, lambda _: True)
        low, high = body.getwidth()
        assert low == high
        start = at - low
        return start >= 0 and self._sequence(list(body), 0, start, lambda end: end == at)

    def _is_at(self, where: object, at: int) -> bool:
        text = self._text
        lines = bool(self._used.flags & re.MULTILINE)
        if where in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING):
            return at == 0 or (where is ops.AT_BEGINNING and lines and text[at - 1] == "\n")
        if where in (ops.AT_END, ops.AT_END_STRING):
            return (
                at == len(text)
                or (where is ops.AT_END and text[at:] == "\n")
                or (where is ops.AT_END and lines and text[at] == "\n")
            )
        word = [0 <= i < len(text) and (text[i].isalnum() or text[i] == "_") for i in (at - 1, at)]
        return (word[0] != word[1]) is (where is ops.AT_BOUNDARY)

    def _fits(self, op: object, value: object, at: int) -> bool:
        if at >= len(self._text):
            return False
        char = self._text[at]
        if op is ops.ANY:
            return char != "\n" or bool(self._used.flags & re.DOTALL)
        if op is ops.IN:
            return _in_set(value, char, ignore_case=self._ignore_case)
        same = char == chr(value)
        if self._ignore_case:
            same = char.lower() == chr(value).lower()
        return same is (op is ops.LITERAL)


_CATEGORIES = {
    ops.CATEGORY_DIGIT: str.isdecimal,
    ops.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    ops.CATEGORY_SPACE: str.isspace,
    ops.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    ops.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    ops.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}


def _in_set(items: list, char: str, *, ignore_case: bool) -> bool:
    negated = bool(items) and items[0][0] is ops.NEGATE
    chars = {char, char.lower(), char.upper()} if ignore_case else {char}
    found = any(_has(item, one) for item in items[negated:] for one in chars if len(one) == 1)
    return found is not negated


def _has(item: tuple, char: str) -> bool:
    op, value = item
    if op is ops.LITERAL:
        return ord(char) == value
    if op is ops.RANGE:
        return value[0] <= ord(char) <= value[1]
    return _CATEGORIES[value](char)


def pieces(used: Used) -> list[str]:
    """Strings to repeat: what matches each part of the expression, and each two characters."""
    tree = parser.parse(used.pattern, used.flags)
    parts = [part for part in dict.fromkeys(_samples(tree)) if part]
    chars = list(dict.fromkeys("".join(parts)))[:_MOST_CHARACTERS]
    pairs = [a + b for a in chars for b in chars]
    return list(dict.fromkeys([sample(used), *parts[:_MOST_PARTS], *pairs]))


def sample(used: Used) -> str:
    """A string that the expression may match, but for what it looks at around it."""
    return _sample(parser.parse(used.pattern, used.flags)) or " "


def _samples(tree: object) -> Iterator[str]:
    """A string for each node, outer ones too."""
    for op, value in tree:
        if op in _CHARACTERS:
            yield _one(op, value)
        elif op in _GROUPS:
            yield _sample(value[-1])
            yield from _samples(value[-1])
        elif op is ops.BRANCH:
            for branch in value[1]:
                yield _sample(branch)
                yield from _samples(branch)


def _sample(tree: object) -> str:
    parts = []
    for op, value in tree:
        if op in _CHARACTERS:
            parts.append(_one(op, value))
        elif op in _GROUPS:
            times = 1 if op is ops.SUBPATTERN else max(1, value[0])
            parts.append(_sample(value[-1]) * times)
        elif op is ops.BRANCH:
            parts.append(_sample(value[1][0]))
    return "".join(parts)


def _one(op: object, value: object) -> str:
    """A character that a node matches."""
    if op is ops.LITERAL:
        return chr(value)
    if op is ops.IN:
        fitting = (char for char in _USUAL if _in_set(value, char, ignore_case=False))
        first = value[0][1]
        return next(fitting, None) or chr(first[0] if isinstance(first, tuple) else first)
    return "a" if op is ops.ANY or value != ord("a") else "b"
