"""Every error the program raises on purpose.

SurgeonError(message, where, hint)
├── OpenError          a file cannot be opened
│   ├── NotAGraphDef   it is something else (the message says what)
│   ├── NotFrozen      it holds variables or is a SavedModel
│   └── TruncatedFile  it ends too early
├── SaveError          a file cannot be written
├── GraphError         a graph would become invalid
│   ├── UnknownNode
│   ├── DuplicateName
│   ├── DanglingInput
│   └── GraphCycle
├── TextFormError      the text form of a graph cannot be read
├── EditError          an edit cannot be applied here
│   └── ScriptError    a surgery script stops at one of its edits
├── RuleError          a rule file is wrong
├── UsageError         an option or argument is wrong
├── ConvertError       a graph cannot be converted
│   ├── Unsupported    one node a target does not take
│   └── NotConvertible several nodes are in the way
├── JobError           work in another process went wrong
│   ├── JobNotStarted
│   ├── JobFailed
│   ├── JobCrashed
│   ├── JobTimedOut
│   ├── JobCancelled
│   └── ProtocolError
├── EngineError        TensorRT refused
│   ├── BuildFailed
│   ├── RunFailed
│   └── PlanMismatch   the network read back differs from the one emitted
├── CompareError       two sets of tensors cannot be compared
└── InternalError      a fault of the program itself, told by the command line

Only a SurgeonError becomes a message for the user; anything else is a bug.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class SurgeonError(Exception):
    """Something the user can act on.

    Args:
        message: what happened, one sentence.
        where: the file, node or line it happened at.
        hint: what to do next.

    Attributes:
        usual_hint: what mostly helps against errors of this kind, for those that say nothing else.
    """

    usual_hint: ClassVar[str] = "Try again; the log tells more."

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    @property
    def code(self) -> str:
        """The name of the error's kind, as printed in `--json` mode."""
        return type(self).__name__

    @property
    def advice(self) -> str:
        """What to do next, always something."""
        return self.hint or self.usual_hint

    def as_dict(self) -> dict[str, str | None]:
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "hint": self.advice,
        }

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.hint}" if self.hint else text


class OpenError(SurgeonError):
    usual_hint = "Check the path, and that the file is complete."


class NotAGraphDef(OpenError): ...


class NotFrozen(OpenError): ...


class TruncatedFile(OpenError): ...


class SaveError(SurgeonError):
    usual_hint = "Choose another folder or free some space."


class GraphError(SurgeonError):
    usual_hint = "Correct the graph where it was made, or undo the last edit."


class UnknownNode(GraphError): ...


class DuplicateName(GraphError): ...


class DanglingInput(GraphError): ...


class GraphCycle(GraphError): ...


class TextFormError(SurgeonError):
    usual_hint = "Correct this line of the file."


class EditError(SurgeonError):
    usual_hint = "Choose other nodes or other values."


class ScriptError(EditError): ...


class RuleError(SurgeonError):
    usual_hint = "Correct the rule file."


class UsageError(SurgeonError):
    usual_hint = "Correct the value and try again."


class ConvertError(SurgeonError):
    usual_hint = "Replace the node, or cut the graph before it."


class Unsupported(ConvertError):
    """One node a target does not take.

    Args:
        node: name of the GraphDef node.
        reason: why, in plain words.
        remedy: what to do about it, or None.
        rule: id of a bundled rule that cures it, or None.
    """

    def __init__(
        self, node: str, reason: str, remedy: str | None = None, *, rule: str | None = None
    ) -> None:
        super().__init__(reason, where=node, hint=remedy)
        self.node = node
        self.reason = reason
        self.remedy = remedy
        self.rule = rule


class NotConvertible(ConvertError):
    """Several nodes are in the way; `problems` holds an error for each.

    Args:
        problems: at least one.
    """

    def __init__(self, problems: Sequence[Unsupported]) -> None:
        shown = "; ".join(f"{problem.node}: {problem.reason}" for problem in problems[:3])
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        super().__init__(
            f"{len(problems)} nodes cannot be converted: {shown}{more}",
            hint=next((problem.remedy for problem in problems if problem.remedy), None),
        )
        self.problems = tuple(problems)


class JobError(SurgeonError): ...


class JobNotStarted(JobError): ...


class JobFailed(JobError): ...


class JobCrashed(JobError): ...


class JobTimedOut(JobError): ...


class JobCancelled(JobError):
    usual_hint = "Start it again when you want to."


class ProtocolError(JobError): ...


class EngineError(SurgeonError):
    usual_hint = "The log tells what TensorRT said."


class BuildFailed(EngineError): ...


class RunFailed(EngineError): ...


class PlanMismatch(EngineError): ...


class CompareError(SurgeonError):
    usual_hint = "Compare two runs of the same model on the same inputs."


class InternalError(SurgeonError): ...
