"""Turns scheduled programs into code: LLVM IR text per target, and LLVM behind one file."""
