"""Write down what TensorFlow says of its ops."""

from __future__ import annotations

from surgeon_gui.graph.graphdef import write_atomically
from surgeon_gui.jobs.op_docs import OpDocsResult, OpDocsSpec, op_docs_to_json
from surgeon_gui.jobs.report import Report
from surgeon_gui.worker.registry import task


@task("op-docs")
def describe(spec: OpDocsSpec, report: Report) -> OpDocsResult:
    """Ask TensorFlow's registry and write the answer whole."""
    from surgeon_gui.reference.op_docs import op_docs

    report.progress("Reading TensorFlow's documentation")
    docs, version = op_docs()
    spec.path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(spec.path, [op_docs_to_json(docs, version)])
    return OpDocsResult(spec.path, version, len(docs))
