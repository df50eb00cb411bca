"""An explanation in colours, where `rich` is installed and there is a terminal to show them.

Green is parallel, yellow is compiled but in order, red is left to Python.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Final

from conure.explanation import Explanation

with contextlib.suppress(ImportError):
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

_COLOURS: Final = {"parallel": "green", "serial": "yellow", "python": "red"}
_SIGNS: Final = {"parallel": "\u25cf", "serial": "\u25d0", "python": "\u25cb"}


def print_explanation(explanation: Explanation, colours: bool | None = None) -> None:
    """Print it; `colours` None means: where stdout is a terminal."""
    wanted = sys.stdout.isatty() if colours is None else colours
    if wanted and "rich.console" in sys.modules:
        _print_in_colours(explanation, Console(force_terminal=True, highlight=False))
    else:
        print(explanation)


def _print_in_colours(explanation: Explanation, console: Console) -> None:
    code = Syntax("", "python", theme="ansi_dark", background_color="default")
    console.print(Text(explanation.title(), style="bold"))
    for number, text, report in explanation.lines():
        if not number:
            console.print(Text("  ...", style="dim"))
        elif report is None:
            line = Text(f"{number:>5} \u2502 ", style="dim")
            console.print(line + _highlighted(code, text), soft_wrap=True)
        else:
            colour = _COLOURS[report.verdict]
            bare = text.lstrip()
            margin = Text(f"    {_SIGNS[report.verdict]} ", style=colour)
            bar = Text("\u2502 " + " " * (len(text) - len(bare)), style="dim")
            console.print(margin + bar + Text(bare, style=f"italic {colour}"), soft_wrap=True)


def _highlighted(code: Syntax, text: str) -> Text:
    shown = code.highlight(text)
    shown.rstrip()
    return shown
