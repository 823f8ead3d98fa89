"""Make the pages of docs/reference that the program knows best: `python -m docs.make_reference`.

Command line, targets, plugins, rules and edits, from their own help, catalogue, descriptions and
files.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from surgeon_gui.cli.app import VERBS
from surgeon_gui.edits.base import EDITS, edit_fields
from surgeon_gui.rewrite.actions import ACTIONS
from surgeon_gui.rewrite.library import bundled_rules, bundled_sets
from surgeon_gui.rewrite.plugins import Plugin, described_plugins
from surgeon_gui.rewrite.predicates import PREDICATES
from surgeon_gui.targets import catalogue

FOLDER = Path(__file__).parent / "reference"

_MADE = "Made by `python -m docs.make_reference`; do not edit.\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _code(value: object) -> str:
    return f"`{value}`"


def cli() -> str:
    """Return the verbs with their options, as `--help` tells them."""
    parts = [
        "# Command line\n",
        _MADE,
        "`surgeon` is `python -m surgeon_gui`. `--json` prints one JSON object on stdout and "
        "nothing else there; logs and progress go to stderr. Exit status: 0 done and yes, 1 done "
        "and the answer is no, 2 bad usage or bad input, 3 the work failed: it crashed, was "
        "cancelled, whoever read its output went away (`| head`), or TensorFlow, TensorRT or a "
        "GPU is missing.\n",
    ]
    for name in sorted(VERBS):
        command = VERBS[name]
        with click.Context(command, info_name=f"surgeon {name}") as context:
            usage = " ".join(command.collect_usage_pieces(context))
            records = [param.get_help_record(context) for param in command.params]
            options = [(_code(words), text) for words, text in filter(None, records)]
            parts.append(f"## {name}\n")
            parts.append(f"`surgeon {name} {usage}`\n")
            parts.append(
                "\n".join(line.strip() for line in (command.help or "").splitlines()) + "\n"
            )
            if options:
                parts.append(_table(("option", "what it does"), options))
    return "\n".join(parts)


def targets() -> str:
    """Return every target with what its page tells."""
    parts = [
        "# Targets\n",
        _MADE,
        "A target answers which nodes an engine route takes, and why not. `--target ID` asks one, "
        "`--target all` all of them.\n",
    ]
    for target in catalogue():
        # The first names the TensorRT of the machine it is asked on.
        here = target.id == "direct"
        title = "Direct · the TensorRT that is installed" if here else target.title
        parts.append(f"## {target.id}\n")
        parts.append(f"**{title}.** {target.summary}\n")
        if not here:
            parts.append(_table(("", ""), target.page.lines))
    return "\n".join(parts)


def plugins() -> str:
    """Return every TensorRT plugin that is described, with its fields."""
    parts = [
        "# Plugins\n",
        _MADE,
        "TensorRT's own plugins as `rules/plugins/*.toml` describe them. TensorRT for RTX has "
        "none.\n",
    ]
    for plugin in described_plugins().values():
        parts.append(_plugin(plugin))
    return "\n".join(parts)


def _plugin(plugin: Plugin) -> str:
    facts = [
        ("TensorRT", ", ".join(plugin.tensorrt)),
        ("replaces", plugin.replaces),
        ("notes", plugin.notes),
    ]
    text = f"## {plugin.name}\n\n" + _table(("", ""), [fact for fact in facts if fact[1]])
    if plugin.fields:
        rows = [
            (_code(field.name), field.type, field.length, field.meaning) for field in plugin.fields
        ]
        text += "\n" + _table(("field", "type", "length", "meaning"), rows)
    return text


def rules() -> str:
    """Return the bundled rules and rule sets."""
    rows = [
        (_code(rule.id), rule.group, ", ".join(sorted(rule.targets)) or "any", rule.summary)
        for rule in bundled_rules().values()
    ]
    sets = [(_code(one.id), one.title, one.note) for one in bundled_sets().values()]
    return "\n".join(
        (
            "# Rules and rule sets\n",
            _MADE,
            "`--rules NAME` applies one, in the window the rules panel does.\n",
            "## Rule sets\n",
            _table(("set", "title", "note"), sets),
            "## Rules\n",
            _table(("rule", "group", "for", "what it does"), rows),
            "## Conditions\n",
            "What `where` may test. The first argument is a capture.\n",
            _table(("condition", "holds when"), [_function(*item) for item in PREDICATES.items()]),
            "## Actions\n",
            "What `action` may name, for what a replacement pattern cannot say.\n",
            _table(("action", "what it does"), [_function(*item) for item in ACTIONS.items()]),
        )
    )


def _function(name: str, function: Callable[..., object]) -> tuple[str, str]:
    """Return how a test or action is called, and the first line of its docstring."""
    words = [
        f"{'...' if each.kind is each.VAR_POSITIONAL else ''}{each.name}"
        for each in list(inspect.signature(function).parameters.values())[1:]
    ]
    return _code(f"{name}({', '.join(words)})"), (inspect.getdoc(function) or "").split("\n\n")[0]


def edits() -> str:
    """Return the words of surgery scripts with their fields."""
    parts = [
        "# Script edits\n",
        _MADE,
        "A script is a list of `[[edit]]` tables; `do` is one of these words. *Save script* in the "
        "window writes one of what you did, `--script` replays it.\n",
    ]
    for word in sorted(EDITS):
        kind = EDITS[word]
        summary = (kind.__doc__ or "").strip().split("\n\n")[0]
        parts.append(f"## {word}\n\n{' '.join(summary.split())}\n")
        rows = [(_code(field.name), field.help) for field in edit_fields(kind)]
        if rows:
            parts.append(_table(("field", "what it is"), rows))
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "cli": cli,
    "targets": targets,
    "plugins": plugins,
    "rules": rules,
    "edits": edits,
}


def write(folder: Path) -> list[Path]:
    """Write the pages, touching none that stays as it is, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, page in PAGES.items():
        path, text = folder / f"{name}.md", page()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        made.append(path)
    return made


def main() -> int:
    for path in write(FOLDER):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
