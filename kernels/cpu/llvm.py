"""From LLVM IR to machine code: compiled once per CPU, then loaded from the cache and called by address."""

from __future__ import annotations

import hashlib

import llvmlite
from llvmlite import binding as llvm

from minicnn.kernels.announcement import announce_compiling
from minicnn.kernels.cpu import cache
from minicnn.kernels.cpu.machine import cpu, target_machine

_loaded: list[object] = []  # engines own the memory that the code lies in: they live as long as the process


def load(name: str, ir: str) -> int:
    """The address of function `name` of the module `ir` (LLVM IR as text), compiled for this CPU.

    Object files are named by a hash of everything that they depend on, so a stale one is never found.
    """
    identity = "\n".join([ir, *cpu(), llvmlite.__version__, str(llvm.llvm_version_info), llvm.get_process_triple()])
    file = f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:32]}.o"
    code = cache.stored(file)
    if code is None:
        announce_compiling()
        code = _compiled(ir)
        cache.store(file, code)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _fresh_target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _loaded.append(engine)
    return engine.get_function_address(name)


def assembly(ir: str) -> str:
    """What the code generator makes of `ir`, for people to read: `minicnn.kernels.cpu.microkernel` has an example."""
    return target_machine().emit_assembly(_optimized(ir))


def _compiled(ir: str) -> bytes:
    return target_machine().emit_object(_optimized(ir))


def _optimized(ir: str) -> llvm.ModuleRef:
    module = llvm.parse_assembly(ir)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.slp_vectorization = False  # what is to be a vector is one already
    builder = llvm.create_pass_builder(target_machine(), options)
    builder.getModulePassManager().run(module, builder)
    return module


def _fresh_target_machine() -> llvm.TargetMachine:
    """An engine takes possession of its target machine, so each needs one of its own."""
    name, features = cpu()
    return llvm.Target.from_default_triple().create_target_machine(cpu=name, features=features, opt=3, jit=True)
