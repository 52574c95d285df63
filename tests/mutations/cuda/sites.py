"""Where a CUDA C file can be spoiled: found in its text, so that a line written tomorrow has its mutants tomorrow.

Every barrier can be missing. Every comparison (a bound check above all) can be always true, or never. Every loop can
begin one late, end one late or take too long a step. Every subscript can be one too high. Every
zero that something begins with, or that stands for padding, can be a one.

A mutant is text put before and behind a stretch of the source. It changes nothing until its number is switched on, so
that one compilation serves all mutants of a file: `planted(7)` is whether number 7 is on. Source of the idea: Untch,
Offutt and Harrold, Mutation analysis using mutant schemata (1993).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_IGNORED = re.compile(r"//[^\n]*|/\*.*?\*/|^#(?:[^\n]*\\\n)*[^\n]*", re.DOTALL | re.MULTILINE)
_BARRIER = re.compile(r"\b__sync(?:threads|warp)\(\w*\);")
_COMPARISON = re.compile(r" (?:<|>|<=|>=) ")  # spaces on both sides: a template's brackets have none
_FOR = re.compile(r"\bfor \(")
_SUBSCRIPT = re.compile(r"(?<=[\w\]])\[")
_DECLARATION = re.compile(  # up to a bracket: `__shared__ float a[4], b`, `Pack<Real, WIDTH> c`, not `d = e`
    r"\s*(?:(?:const|static|extern|typedef|typename|unsigned|long|__shared__|(?:alignas|__align__)\(\d+\)) )*"
    r"(?!return |else )[\w:]+(?:<[^;{}=]*>)? (?:\w+(?:\[[^\]]*\])*(?: = [^,;]*)?, )*\w+(?:\[[^\]]*\])*"
)
_ZERO = re.compile(r"(?<=\bReal\()0(?=\))|(?<=\w = )0(?=[,;])")
_FUNCTION = re.compile(  # at the edge, or a member of a structure
    r'^(?:    (?=__device__))?(?:extern "C"|template|static|inline|__device__|__global__)[^;{}(]*?(\w+)\([^;{}]*\{',
    re.MULTILINE,
)
_CONSTANT = re.compile(r"\s*(?:static|const|constexpr|template|typedef|using|static_assert)\b")


@dataclass(frozen=True)
class Site:
    """One mutant: text[start:end] with something before and behind it, `{}` being the mutant's number.

    function: the one that it is in. what: how it is spoiled, in the words of a report.
    """

    start: int
    end: int
    function: str
    what: str
    before: str
    behind: str


def sites(text: str) -> list[Site]:
    """All mutants of a file, in its order."""
    plain = _IGNORED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    loops = list(_loops(plain))
    found = [*_barriers(plain), *_ends_of_loops(plain, loops), *_comparisons(plain, loops)]
    found += [*_subscripts(plain), *_zeros(plain, loops)]
    return sorted(found, key=lambda site: (site.start, -site.end))


def function_at(plain: str, position: int) -> str:
    """The name of the function that is defined last before a place; "" outside of all."""
    names = [match[1] for match in _FUNCTION.finditer(plain, 0, position)]
    return names[-1] if names else ""


def render(text: str, numbered: list[tuple[int, Site]]) -> str:
    """The text with all mutants in it. Those inside others are put in first."""
    insertions = []
    for number, site in numbered:
        insertions.append((site.start, 1, -site.end, number, site.before))
        insertions.append((site.end, 0, -site.start, -number, site.behind))
    parts, last = [], 0
    for position, _, _, number, form in sorted(insertions):
        parts += [text[last:position], form.replace("{}", str(abs(number)))]
        last = position
    return "".join([*parts, text[last:]])


def _barriers(plain: str) -> Iterator[Site]:
    for match in _BARRIER.finditer(plain):
        yield _site(plain, *match.span(), f"without {match[0]}", "if (!planted({})) ", "")


def _comparisons(plain: str, loops: list[tuple[int, int]]) -> Iterator[Site]:
    for match in _COMPARISON.finditer(plain):
        if any(start <= match.start() < end for start, end in loops) or _is_constant(plain, match.start()):
            continue
        start, end = _operands(plain, match.start(), match.end())
        clause = " ".join(plain[start:end].split())
        yield _site(plain, start, end, f"never {clause}", "(!planted({}) && (", "))")
        if not re.search(r"while \($", plain[:start]):  # that would be for ever
            yield _site(plain, start, end, f"always {clause}", "(planted({}) || (", "))")


def _loops(plain: str) -> Iterator[tuple[int, int]]:
    """What stands in the brackets of each `for`."""
    for match in _FOR.finditer(plain):
        yield match.end(), _closing(plain, match.end())


def _ends_of_loops(plain: str, loops: list[tuple[int, int]]) -> Iterator[Site]:
    for start, end in loops:
        first, comparison, step = _split(plain, start, end)
        if (value := plain.find(" = ", *first) + 3) > 2:
            yield _more(plain, (value, value + _reach(plain[value : first[1]], "([{", ")]}")), "begins with")
        for match in _COMPARISON.finditer(plain, *comparison):
            last = match.end() + _reach(plain[match.end() : comparison[1]], "([{", ")]}")
            yield _more(plain, (match.end(), last), f"ends at{match[0].rstrip()}")
        if match := re.search(r"\+= ([\w.]+)", plain[slice(*step)]):
            yield _more(plain, (step[0] + match.start(1), step[0] + match.end(1)), "steps by")


def _more(plain: str, span: tuple[int, int], what: str) -> Site:
    shown = " ".join(plain[slice(*span)].split())
    return _site(plain, *span, f"a loop {what} {shown} + 1", "(", " + planted({}))")


def _subscripts(plain: str) -> Iterator[Site]:
    for match in _SUBSCRIPT.finditer(plain):
        if _DECLARATION.fullmatch(_statement(plain, match.start())):
            continue
        start, end = match.end(), _closing(plain, match.end())
        shown = " ".join(plain[start:end].split())
        yield _site(plain, start, end, f"{_base(plain, match.start())}[{shown}] + 1", "(", ") + planted({})")


def _zeros(plain: str, loops: list[tuple[int, int]]) -> Iterator[Site]:
    for match in _ZERO.finditer(plain):
        if any(start <= match.start() < end for start, end in loops) or _is_constant(plain, match.start()):
            continue
        names = re.findall(r"(\w+)(?:\[.*?\])* = ", _statement(plain, match.start()))
        what = names[-1] if names else "what is returned"
        yield _site(plain, *match.span(), f"1 for 0 in {what}", "(planted({}) ? 1 : ", ")")


def _site(plain: str, start: int, end: int, what: str, before: str, behind: str) -> Site:
    return Site(start, end, function_at(plain, start), what, before, behind)


def _statement(plain: str, position: int) -> str:
    """What stands before a place in its statement."""
    return plain[max(plain.rfind(mark, 0, position) for mark in ";{}") + 1 : position]


def _is_constant(plain: str, position: int) -> bool:
    statement = _statement(plain, position)
    return "constexpr" in statement or (bool(_CONSTANT.match(statement)) and "Real" not in statement)


def _base(plain: str, bracket: int) -> str:
    """The array that a subscript belongs to: `a` of both brackets in a[i][j]."""
    match = re.search(r"(\w+)(?:\[[^\[\]]*\])*$", _statement(plain, bracket))
    return match[1] if match else ""


def _closing(plain: str, position: int) -> int:
    """Where the bracket that is open at a place is closed."""
    depth = 0
    while depth or plain[position] not in ")]}":
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(plain[position], 0)
        position += 1
    return position


def _split(plain: str, start: int, end: int) -> list[tuple[int, int]]:
    """The three parts of what stands in a `for`'s brackets."""
    one = plain.index(";", start, end)
    two = plain.index(";", one + 1, end)
    return [(start, one), (one + 1, two), (two + 1, end)]


def _operands(plain: str, left: int, right: int) -> tuple[int, int]:
    """From where to where a comparison goes whose operator is [left, right)."""
    return left - _reach(plain[:left][::-1], ")]}", "([{"), right + _reach(plain[right:], "([{", ")]}")


def _reach(text: str, opening: str, closing: str) -> int:
    """How far an operand goes, read away from its operator."""
    depth, text = 0, text.replace("::", "__")
    for i, letter in enumerate(text):
        depth += (letter in opening) - (letter in closing)
        if depth < 0 or (not depth and (letter in ",;?:" or text[i : i + 2] in ("&&", "||"))):
            return i - (i > 0 and text[i - 1] == " ")
        if not depth and text[i:].startswith((" = ", " nruter")):  # "return", read backwards
            return i
    return len(text)
