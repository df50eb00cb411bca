"""LLVM IR as text: a module with its declarations and metadata, and functions made of blocks.

Nothing here knows what the text means; it hands out fresh names, keeps stack slots in the entry
block (where LLVM's mem2reg turns them into registers), and refuses nothing.

    >>> module = Module()
    >>> function = module.function("answer", "i64", [("i64", "%x")])
    >>> function.finish(f"ret i64 {function.value('add i64 %x, 1')}")
    >>> print(module.text())
    define i64 @answer(i64 %x) {
    entry:
      br label %start
    start:
      %v1 = add i64 %x, 1
      ret i64 %v1
    }
"""

from __future__ import annotations

from collections.abc import Sequence


class Function:
    """A function being written, block after block, in the order in which it will be printed."""

    def __init__(self, before: str, parameters: Sequence[tuple[str, str]], after: str) -> None:
        self._before, self._after = before, after
        self.parameters = list(parameters)
        """Pairs of type and name; more may be added while the function is written."""
        self._slots: list[str] = []
        self._lines: list[str] = ["start:"]
        self._count = 0
        self.block = "start"
        """The label of the block that instructions go to now."""
        self.open = True
        """Whether that block still lacks its terminator; what follows one is dead, and dropped."""
        self.flag = ""
        """The slot of the sticky failure, once something may fail."""
        self._doubt = ""

    def emit(self, line: str) -> None:
        """Add an instruction without a result."""
        if self.open:
            self._lines.append(f"  {line}")

    def value(self, instruction: str) -> str:
        """Add an instruction; the name of its result."""
        self._count += 1
        name = f"%v{self._count}"
        self.emit(f"{name} = {instruction}")
        return name

    def slot(self, type_text: str, start: str = "", align: int = 0) -> str:
        """A stack slot of the entry block, set to `start` there if given."""
        self._count += 1
        name = f"%s{self._count}"
        self._slots.append(f"  {name} = alloca {type_text}" + (f", align {align}" if align else ""))
        if start:
            self._slots.append(f"  store {type_text} {start}, ptr {name}")
        return name

    def label(self, hint: str) -> str:
        """A fresh label; `begin` starts its block."""
        self._count += 1
        return f"{hint}.{self._count}"

    def begin(self, label: str) -> None:
        """Start a block; the one before falls into it if it is still open."""
        self.branch(label)
        self._lines.append(f"{label}:")
        self.block = label
        self.open = True

    def finish(self, terminator: str) -> None:
        """End the current block."""
        self._note_doubt()
        self.emit(terminator)
        self.open = False

    def fail_later(self, condition: str) -> None:
        """Set the flag if the condition holds, once per block for all such conditions: a chain of
        updates would not be taken for a reduction."""
        if not self.flag:
            self.flag = self.slot("i64", "0")
        self._doubt = self.value(f"or i1 {self._doubt}, {condition}") if self._doubt else condition

    def failed(self) -> str:
        """An i1: whether the flag is set."""
        self._note_doubt()
        flag = self.value(f"load i64, ptr {self.flag}")
        return self.value(f"icmp ne i64 {flag}, 0")

    def _note_doubt(self) -> None:
        if self._doubt and self.open:
            old = self.value(f"load i64, ptr {self.flag}")
            bit = self.value(f"zext i1 {self._doubt} to i64")
            self.emit(f"store i64 {self.value(f'or i64 {old}, {bit}')}, ptr {self.flag}")
        self._doubt = ""

    def branch(self, label: str) -> None:
        """End the current block with a jump."""
        self.finish(f"br label %{label}")

    def branch_if(self, condition: str, yes: str, no: str, note: str = "") -> None:
        """End the current block with a choice; `note` is metadata such as branch weights."""
        suffix = f", {note}" if note else ""
        self.finish(f"br i1 {condition}, label %{yes}, label %{no}{suffix}")

    def text(self) -> str:
        """The whole definition."""
        entry = ["entry:", *self._slots, "  br label %start"]
        arguments = ", ".join(f"{kind} {parameter}" for kind, parameter in self.parameters)
        header = " ".join(part for part in (f"{self._before}({arguments})", self._after) if part)
        return "\n".join([f"{header} {{", *entry, *self._lines, "}"])


class Module:
    """Text of one LLVM module."""

    def __init__(self) -> None:
        self._functions: list[Function] = []
        self._definitions: dict[str, str] = {}
        self._declarations: dict[str, None] = {}
        self._attributes: dict[str, str] = {}
        self._metadata: list[str] = []
        self._shared: dict[str, str] = {}
        self._kept: dict[str, None] = {}

    def function(
        self,
        name: str,
        result: str,
        parameters: Sequence[tuple[str, str]],
        attributes: str = "",
        linkage: str = "",
    ) -> Function:
        """Start a function; parameters are (type, name) pairs."""
        words = ("define", linkage, result, f"@{name}")
        function = Function(" ".join(word for word in words if word), parameters, attributes)
        self._functions.append(function)
        return function

    def define(self, name: str, text: str) -> str:
        """Add a finished definition, once per name."""
        self._definitions.setdefault(name, text)
        return f"@{name}"

    def defined(self, name: str) -> bool:
        """Whether `define` has this name."""
        return name in self._definitions

    def declare(self, declaration: str) -> None:
        """Declare an outside function, `double @exp(double)`, once."""
        self._declarations.setdefault(f"declare {declaration}")

    def attributes(self, text: str) -> str:
        """The name of the attribute group with this text."""
        return self._attributes.setdefault(text, f"#{len(self._attributes)}")

    def keep(self, symbol: str) -> None:
        """Keep a declaration that only metadata mentions."""
        self._kept.setdefault(symbol)

    def node(self, text: str) -> str:
        """A metadata node, shared by all who ask for this text."""
        if text not in self._shared:
            self._shared[text] = f"!{len(self._metadata)}"
            self._metadata.append(text)
        return self._shared[text]

    def distinct(self, fields: str = "", itself: bool = False) -> str:
        """A metadata node of its own; `itself`: its first field is the node (loops, scopes)."""
        name = f"!{len(self._metadata)}"
        parts = [part for part in (name if itself else "", fields) if part]
        self._metadata.append(f"distinct !{{{', '.join(parts)}}}")
        return name

    def text(self) -> str:
        """The whole module."""
        parts = [*self._declarations]
        if self._kept:
            symbols = ", ".join(f"ptr @{symbol}" for symbol in self._kept)
            kind = f"[{len(self._kept)} x ptr]"
            place = 'section "llvm.metadata"'
            parts.append(f"@llvm.compiler.used = appending global {kind} [{symbols}], {place}")
        parts += [*self._definitions.values(), *(each.text() for each in self._functions)]
        parts += [f"attributes {name} = {{ {text} }}" for text, name in self._attributes.items()]
        parts += [f"!{number} = {text}" for number, text in enumerate(self._metadata)]
        return "\n".join(parts)
