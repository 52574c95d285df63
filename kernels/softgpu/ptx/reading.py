"""PTX as text -> kernels, variables, instructions. Source: NVIDIA, Parallel Thread Execution ISA 9.0, section 4."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from minicnn.kernels.softgpu.errors import CompileError

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
# Directives that end with their line, not with a semicolon.
_LINE_DIRECTIVE = re.compile(r"\.(?:version|target|address_size|file|loc)\b[^\n]*")
_LABEL = re.compile(r"([$%\w]+)\s*:(?!:)")
_SECTION = re.compile(r"\.section\b[^{]*\{[^}]*\}")
_FUNCTION = re.compile(
    r"(?:\.(?:visible|weak|extern)\s+)*\.(entry|func)\b(?:\s*\([^)]*\))?\s*([$%\w]+)\s*(?:\(([^)]*)\))?"
)
_INSTRUCTION = re.compile(r"(?:@(!?%[$\w]+)\s+)?([a-z]\w*)((?:\.[\w:]+)*)\s*(.*)", re.DOTALL)
_REGISTERS = re.compile(r"\.reg\s+\.(\w+)\s+(.*)", re.DOTALL)
_NAMED = re.compile(r"(%?[$\w]+)(?:<(\d+)>)?")
# Between a parameter's type and its name may stand where it points to: .ptr .global .align 4
_PARAMETER = re.compile(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+(?:[.\w\s]*\s)?([$%\w]+)(\[\d+\])?\s*(?:,|$)")
_VARIABLE = re.compile(
    r"(?:\.(?:visible|weak|common|extern)\s+)*\.(shared|global|const|local)\s+(?:\.align\s+(\d+)\s+)?"
    r"\.(\w+)\s+([$%\w]+)(?:\[(\d*)\])?\s*(?:=\s*(.*))?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Variable:
    """A named stretch of memory. length: of an array, 0 if the launch decides; initial: as C++ could say it."""

    space: str
    alignment: int
    type: str
    name: str
    length: int
    initial: str


@dataclass(frozen=True)
class Registers:
    """Registers of one type."""

    type: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    """A place to jump to."""

    name: str


@dataclass(frozen=True)
class Brace:
    """The beginning or the end of a scope."""

    character: str


@dataclass(frozen=True)
class Instruction:
    """`@guard opcode.modifiers operands;`. line: in the PTX; place: "file:12" in the source it came from, or ""."""

    guard: str
    opcode: str
    modifiers: tuple[str, ...]
    operands: tuple[str, ...]
    text: str
    line: int
    place: str


Statement = Variable | Registers | Label | Brace | Instruction


@dataclass
class Entry:
    """A kernel: its parameters' names with their types, and what it does."""

    name: str
    parameters: dict[str, str]
    body: list[Statement] = field(default_factory=list)


@dataclass
class Program:
    """All of a PTX text."""

    entries: list[Entry]
    variables: list[Variable]


def read(text: str, name: str) -> Program:
    """The program of a PTX text. name: of the text, for messages. Raises CompileError for what is not understood."""
    return _Reader(text, name).program()


def parts_of(operands: str) -> tuple[str, ...]:
    """ "a, {b, c}, [d+4]" -> its three operands."""
    return tuple(part.strip() for part in re.split(r",(?![^{]*\})", operands) if part.strip())


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        # Comments become blanks, so that lines keep their numbers.
        self._text = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        self._name = name
        self._files = dict(re.findall(r'^\s*\.file\s+(\d+)\s+"([^"]+)"', text, re.MULTILINE))
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._at = 0
        self._place = ""

    def program(self) -> Program:
        program = Program([], [])
        while self._skip_blanks():
            if self._take(_SECTION) or self._take_line_directive():
                continue
            if function := self._take(_FUNCTION):
                self._read_function(function, program)
            elif isinstance(statement := self._statement(), Variable):
                program.variables.append(statement)
        return program

    def _read_function(self, function: re.Match[str], program: Program) -> None:
        kind, name, listed = function.groups()
        if kind == "func":
            raise self._error(function.start(), f"{name} is a function that is called, and calls are not translated")
        parameters = {}
        for match in _PARAMETER.finditer(listed or ""):
            if match[3]:
                raise self._error(function.start(), f"{name} takes a structure, which no launch here can pass")
            parameters[match[2]] = match[1]
        opening = self._text.index("{", self._at)  # between them stand launch bounds
        self._at = opening + 1
        program.entries.append(Entry(name, parameters, list(self._body())))

    def _body(self) -> Iterator[Statement]:
        depth = 0
        while self._skip_blanks():
            if self._take_line_directive():
                continue
            character = self._text[self._at]
            if character in "{}":
                self._at += 1
                depth += 1 if character == "{" else -1
                if depth < 0:
                    return
                yield Brace(character)
            elif label := self._take(_LABEL):
                yield Label(label[1])
            elif statement := self._statement():
                yield statement

    def _statement(self) -> Statement | None:
        """Up to the next semicolon. None for what says nothing about what is computed, as .pragma."""
        start, end = self._at, self._text.find(";", self._at)
        if end < 0:
            raise self._error(start, "this has no end")
        self._at = end + 1
        text = " ".join(self._text[start:end].split())
        if registers := _REGISTERS.fullmatch(text):
            return Registers(registers[1], tuple(_names(registers[2])))
        if variable := _VARIABLE.fullmatch(text):
            space, alignment, type_, name, length, initial = variable.groups()
            # x, x[8], and x[], whose length the launch decides.
            count = 1 if length is None else int(length or 0)
            return Variable(space, int(alignment or 8), type_, name, count, initial or "")
        if text.startswith("."):
            if text.split()[0] in (".pragma", ".maxntid", ".minnctapersm", ".reqntid"):
                return None
            raise self._error(start, f"{text!r:.100}: this directive is not known")
        instruction = _INSTRUCTION.fullmatch(text)
        if instruction is None:
            raise self._error(start, f"{text!r:.100} is no instruction")
        guard, opcode, modifiers, operands = instruction.groups()
        split = tuple(modifiers.split(".")[1:])
        return Instruction(guard or "", opcode, split, parts_of(operands), text, self._line(start), self._place)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _take_line_directive(self) -> bool:
        directive = self._take(_LINE_DIRECTIVE)
        if directive and (location := re.match(r"\.loc\s+(\d+)\s+(\d+)", directive[0])):
            file = self._files.get(location[1], "").rpartition("/")[2]
            if file and location[2] != "0":  # 0: the compiler's own
                self._place = f"{file}:{location[2]}"
        return directive is not None

    def _skip_blanks(self) -> bool:
        """Whether anything follows."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _line(self, position: int) -> int:
        return bisect_right(self._newlines, position - 1) + 1

    def _error(self, position: int, what: str) -> CompileError:
        return CompileError(f"{self._name}:{self._line(position)}: {what}")


def _names(declared: str) -> Iterator[str]:
    """ "%r<3>, %temp" -> %r0, %r1, %r2, %temp."""
    for name, count in _NAMED.findall(declared):
        if count:
            yield from (f"{name}{i}" for i in range(int(count)))
        else:
            yield name
