"""What is told of a rule's examples that do not come true."""

from __future__ import annotations

import pytest

from surgeon_gui.rewrite.examples import FailedExample, failed_examples
from surgeon_gui.rewrite.library import bundled_rules, rules_of, set_of_rule_text
from surgeon_gui.rewrite.rule import Rule

HEAD = """
id = "ours"
group = "normalise"
benefit = 5
summary = "Relu becomes Identity"
source = "a test"
match = "Relu:root(?x)"
"""


def rule(*examples: tuple[str, str], replace: str = "Identity:root(?x)") -> Rule:
    text = f'{HEAD}replace = "{replace}"\n'
    for before, after in examples:
        text += f'[[example]]\nnote = "n"\nbefore = "{before}"\nafter = "{after}"\n'
    (made,) = rules_of(set_of_rule_text(text))
    return made


def test_examples_that_come_true_are_not_told() -> None:
    assert failed_examples(rule(("y = Relu(x)", "y = Identity(x)"), ("y = Elu(x)",) * 2)) == ()
    assert failed_examples(bundled_rules()["l2-normalize-decomposed"]) == ()


def test_the_failing_example_shows_what_the_rule_makes() -> None:
    failed = failed_examples(
        rule(("y = Relu(x)", "y = Identity(x)"), ("y = Relu(x)", "y = Sigmoid(x)"))
    )
    assert failed == (
        FailedExample(
            2,
            "n",
            "The rule makes something else of it.",
            ("- y = Sigmoid(x)", "+ y = Identity(x)"),
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("y = Elu(x)", "y = Identity(x)", "does not fit"),
        ("y = Relu(x", "y = Identity(x)", "before cannot be read"),
        ("y = Relu(x)", "y = Identity(x", "after cannot be read"),
    ],
)
def test_the_reason_is_told(before: str, after: str, reason: str) -> None:
    (failed,) = failed_examples(rule((before, after)))
    assert reason in failed.reason


def test_a_rule_that_feeds_itself_is_told() -> None:
    text = "x = Placeholder()\\ny = Relu(x)"
    (failed,) = failed_examples(rule((text, text), replace="Relu:root(Relu:more(?x))"))
    assert "these rules repeat" in failed.reason


def test_an_example_without_what_it_reads_is_told() -> None:
    (failed,) = failed_examples(rule(("y = Relu(x)",) * 2, replace="Relu:root(Relu:more(?x))"))
    assert "cannot be applied: y/more" in failed.reason
