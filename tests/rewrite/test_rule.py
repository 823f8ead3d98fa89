from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.errors import RuleError
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import load_rule_file
from surgeon_gui.rewrite.rule import Rule, rule_from_table
from surgeon_gui.rewrite.tomlfile import TomlFile

GOOD = """
id = "fuse"
group = "fuse"
summary = "a fusion"
match = "Maximum:root(Mul(Const:alpha, ?x), ?x)"
where = ["scalar(alpha)", "less(alpha, 1)"]
replace = "LeakyRelu:root(?x)"
attrs.root = { alpha = "$alpha" }
"""


def rule(text: str) -> Rule:
    file = TomlFile(text, "fuse.toml")
    return rule_from_table(file, file.table)


def test_a_rule_is_read() -> None:
    found = rule(GOOD)
    assert (found.id, found.group, found.benefit, found.exact) == ("fuse", "fuse", 0, True)
    assert [condition.text for condition in found.where] == ["scalar(alpha)", "less(alpha, 1)"]
    assert found.depth == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('id = "fuse"', "", 1, "key id is missing"),
        ('"fuse"\nsummary', '"fusion"\nsummary', 3, "no group fusion"),
        ("summary", "sumary", 4, "no key sumary"),
        ('summary = "a fusion"', "summary = 3", 4, "summary must be text"),
        ("?x), ?x)", "?x), ?x", 5, "In match: ',' or ')' is missing at its end"),
        ("Const:alpha", "Const:", 5, "capture's name is missing at ', ?x), ?x)'"),
        ("Const:alpha", "{constant}", 5, "{constant} is not stated"),
        ('"scalar(alpha)"', '"scaler(alpha)"', 6, "no test scaler"),
        ('"scalar(alpha)"', '"scalar(beta)"', 6, "captures no beta"),
        ('"scalar(alpha)"', '"scalar(alpha, 3)"', 6, "scalar takes (name)"),
        ('"less(alpha, 1)"', '"less(alpha)"', 6, "less takes (name, limit)"),
        ('"less(alpha, 1)"', '"less(alpha, one)"', 6, "'one' is no number"),
        ('"scalar(alpha)"', '"alpha > 1"', 6, "no condition such as"),
        ('"scalar(alpha)"', '"scalar(alpha) and const(x)"', 6, "only 'or'"),
        ('"scalar(alpha)"', '"dtype(x, flaot)"', 6, "no TensorFlow dtype"),
        ("where = [", "where = [1, ", 6, "where must be text or a list of texts"),
        ('replace = "LeakyRelu:root(?x)"', "", 1, "either replace or action"),
        ("LeakyRelu:root(?x)", "LeakyRelu:root(?y)", 7, "captures no y"),
        ("LeakyRelu:root(?x)", "LeakyRelu:root(_)", 7, "must be captured"),
        ("LeakyRelu:root(?x)", "LeakyRelu:root(...x)", 7, "captures no ...x"),
        ("attrs.root", "attrs.rot", 8, "attrs.rot belongs to no node"),
        ('"$alpha"', '"$beta"', 8, "captures no beta"),
        ("attrs.root = {", "attrs = {", 8, "attrs.alpha belongs to no node"),
        ('replace = "LeakyRelu:root(?x)"', 'action = "dorp"', 7, "no action dorp"),
        ('replace = "LeakyRelu:root(?x)"', 'action = "drop"', 8, "takes options, not attrs"),
        (
            'replace = "LeakyRelu:root(?x)"',
            'action = "drop"\noptions = {forward = true}',
            8,
            "no option forward",
        ),
        (
            'replace = "LeakyRelu:root(?x)"',
            'action = "drop"\noptions = {forward_controls = 1}',
            8,
            "must be like False",
        ),
        ('group = "fuse"', 'group = "fuse"\nshared = ["z"]', 4, "captures no z"),
        ('group = "fuse"', 'group = "fuse"\nbenefit = true', 4, "benefit must be a whole number"),
        ('match = "M', 'match = ["Relu:root(?y)", "M', 6, "no TOML"),
        ('group = "fuse"', 'group = "fuse"\ntargets = ["ufff"]', 4, "ufff is no route"),
    ],
)
def test_a_wrong_rule_names_file_and_line(old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    with pytest.raises(RuleError) as caught:
        rule(GOOD.replace(old, new).strip("\n") if line != 1 else GOOD.replace(old, new, 1).strip())
    assert told in caught.value.message
    expected = line - 1 if line > 1 else 1
    assert caught.value.where == f"fuse.toml:{expected}"


def test_an_example_must_be_whole() -> None:
    with pytest.raises(RuleError, match="key after is missing") as caught:
        rule(GOOD + '[[example]]\nbefore = """\na\n"""\nafter = ""\n[[example]]\nbefore = ""\n')
    assert caught.value.where == "fuse.toml:14"


def test_a_capture_used_later_must_be_in_every_alternative() -> None:
    text = GOOD.replace('match = "', 'match = ["Maximum:root(?x, Mul(_, ?x))", "').replace(
        '?x), ?x)"\n', '?x), ?x)"]\n'
    )
    with pytest.raises(RuleError, match="Not every alternative of match captures alpha"):
        rule(text)
    with pytest.raises(RuleError, match="In where: scalar: the pattern captures no alpha"):
        rule(text.replace('attrs.root = { alpha = "$alpha" }', ""))


def test_the_id_is_the_files_name(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(GOOD)
    with pytest.raises(RuleError, match="must be the file's name, other"):
        load_rule_file(tmp_path / "other.toml")
    with pytest.raises(RuleError, match="cannot be read"):
        load_rule_file(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleError, match="UTF-8"):
        load_rule_file(tmp_path / "binary.toml")


def test_pieces_of_patterns_are_combined() -> None:
    text = GOOD.replace("Mul(Const:alpha, ?x)", "{scaled}") + (
        '[let]\nscaled = ["Mul({constant}, ?x)", "Mul(?x, {constant})"]\n'
        'constant = ["Const:alpha", "HostConst:alpha"]\n'
    )
    assert [str(pattern) for pattern in rule(text).patterns] == [
        "Maximum:root(Mul(Const:alpha, ?x), ?x)",
        "Maximum:root(Mul(HostConst:alpha, ?x), ?x)",
        "Maximum:root(Mul(?x, Const:alpha), ?x)",
        "Maximum:root(Mul(?x, HostConst:alpha), ?x)",
    ]


def template(replace: str, attrs: str, match: str = "Relu:root(?x)") -> Rule:
    return rule(
        f'id = "t"\ngroup = "fuse"\nsummary = "s"\nmatch = "{match}"\n'
        f'replace = "{replace}"\n{attrs}'
    )


RELU = "x = Placeholder() {shape=[2, 4], dtype=f16}\ny = Relu(x)\nz = Sigmoid(y)"


def test_new_nodes_are_named_after_the_root_and_know_their_dtypes() -> None:
    made = template(
        "Maximum:root(Mul:scaled(?x, Const:half), ?x)",
        'attrs.half = { value = { tensor = 0.5, dtype = "float16" } }',
    )
    after = apply_rules(parse_text(RELU), [made]).graph
    assert after == parse_text(
        """
        x = Placeholder() {shape=[2, 4], dtype=f16}
        y/half = Const() {value=f16{0.5}}
        y/scaled = Mul(x, y/half) {T=f16}
        y = Maximum(y/scaled, x) {T=f16}
        z = Sigmoid(y)
        """
    )


def test_new_names_do_not_clash() -> None:
    made = template("Tanh:root(Neg(Neg(?x)))", "")
    after = apply_rules(parse_text(RELU + "\ny/neg = Neg(x)"), [made]).graph
    assert {node.name for node in after} == {"x", "y", "z", "y/neg", "y/neg_1", "y/neg_2"}


@pytest.mark.parametrize(
    ("value", "key", "made"),
    [
        ('"$root.T"', "f", DType.FLOAT16),
        ("[1, 2]", "f_u_ilist", (1, 2)),
        ("[1, 2.5]", "f_u_flist", (1.0, 2.5)),
        ('"$$x"', "f_u_str", b"$x"),
        ("true", "f_u_int", 1),
        ("{ float = 2 }", "f_u_float", 2.0),
        ("{ ints = [3] }", "f_u_ilist", (3,)),
        ('{ dtype = "int8" }', "f", DType.INT8),
    ],
)
def test_plugin_fields_are_typed_and_suffixed(value: str, key: str, made: object) -> None:
    after = apply_rules(
        parse_text(RELU), [template("My_TRT:root(?x)", f"attrs.root = {{ f = {value} }}")]
    ).graph
    assert dict(after["y"].attrs) == {key: made}


def test_a_value_that_is_not_there_refuses_the_match() -> None:
    graph = parse_text(RELU)
    absent = template("My_TRT:root(?x)", 'attrs.root = { f = "$root.axis" }')
    assert apply_rules(graph, [absent]).graph is graph
    unknown = template("My_TRT:root(?x)", 'attrs.root = { f = "$x" }')
    assert apply_rules(graph, [unknown]).graph is graph


def test_a_list_of_inputs_is_passed_on() -> None:
    made = template("Many_TRT:root(...xs)", "", match="ConcatV2:root(...xs, Const:axis)")
    graph = parse_text(
        """
        a = Placeholder() {shape=[2]}
        b = Placeholder() {shape=[2]}
        axis = Const() {value=i32{0}}
        y = ConcatV2(a, b, axis)
        """
    )
    after = apply_rules(graph, [made]).graph
    assert [str(ref) for ref in after["y"].inputs] == ["a", "b"]
    assert "axis" not in after


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000])
def test_values_toml_chokes_on_are_told(value: str) -> None:
    with pytest.raises(RuleError, match="nested deeper") as caught:
        TomlFile(f"a = {value}", "fuse.toml")
    assert caught.value.where == "fuse.toml"
