"""What stands behind an instruction's opcode, as C++ expressions: registers, numbers, addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_INTEGER = re.compile(r"-?(?:0x[0-9a-fA-F]+|\d+)U?")
_FLOAT = re.compile(r"0([fFdD])([0-9a-fA-F]+)")
_ADDRESS = re.compile(r"\[\s*([$%\w]+)\s*(?:\+\s*(-?\d+))?\s*\]")
_SPECIAL = {"%tid": "threadIdx", "%ntid": "blockDim", "%ctaid": "blockIdx", "%nctaid": "gridDim"}


class UnknownOperand(ValueError):
    """An operand that nobody translates."""


def identifier(name: str) -> str:
    """A register's, label's or variable's name, as C++ takes it: %x and x are two."""
    return ("r_" if name.startswith("%") else "v_") + re.sub(r"\W", "_", name.lstrip("%"))


@dataclass(frozen=True)
class Scope:
    """The names that are no registers: variables by their space, and the kernel's parameters."""

    spaces: Mapping[str, str]
    parameters: Mapping[str, str]

    def value(self, operand: str, type_: str) -> str:
        """An operand as an instruction of that type reads it."""
        if operand.startswith("!"):
            return f"!{self.value(operand[1:], type_)}"
        if number := _FLOAT.fullmatch(operand):
            bits = "u32" if number[1] in "fF" else "u64"
            return f"as<{type_}>({bits}(0x{number[2]}ull))"
        if _INTEGER.fullmatch(operand):
            plain = operand.rstrip("U")
            return f"{type_}({plain}{'ull' if '0x' in plain or len(plain) > 19 else 'll'})"
        if operand in self.spaces:
            return f"{type_}({self._address_of(operand)})"
        if not operand.startswith("%"):
            raise UnknownOperand(f"what {operand!r} is, is not known")
        if special := self._special(operand):
            return f"{type_}({special})"
        return f"as<{type_}>({identifier(operand)})"

    def memory(self, address: str, space: str, type_: str) -> str:
        """What lies at `[register+offset]`, as something to read or to write."""
        base, offset = self._base_and_offset(address)
        if space == "param":
            if base not in self.parameters or offset:
                raise UnknownOperand(f"{address}: only a kernel's own parameters, and whole ones, can be read")
            return f"as<{type_}>({identifier(base)})"
        place = "in_shared" if space == "shared" else "in_memory"
        return f"*{place}<{type_}>({self.value(base, 'u64')} + {offset}ll)"

    def pointer(self, address: str, space: str, type_: str) -> str:
        """The same as a pointer."""
        return f"&{self.memory(address, space, type_)}"

    def _base_and_offset(self, address: str) -> tuple[str, int]:
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise UnknownOperand(f"{address!r} is no address of a register and an offset")
        return match[1], int(match[2] or 0)

    def _address_of(self, variable: str) -> str:
        name = identifier(variable)
        return f"shared_address({name})" if self.spaces[variable] == "shared" else f"reinterpret_cast<u64>(&{name})"

    def _special(self, operand: str) -> str:
        """A register that the hardware fills; "" for the others."""
        name, _, axis = operand.partition(".")
        if name in _SPECIAL and axis in ("x", "y", "z"):
            return f"{_SPECIAL[name]}.{axis}"
        if operand == "%laneid":
            return "softgpu_lane()"
        if axis or name in ("%clock", "%clock64", "%globaltimer", "%smid", "%warpid", "%gridid"):
            raise UnknownOperand(f"the special register {operand} is not there")
        return ""
