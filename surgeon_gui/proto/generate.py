"""Regenerate the protobuf code: `python surgeon_gui/proto/generate.py`, with grpcio-tools 1.73.1.

That release writes code for protobuf 6.31, which every later 6.x and 7.x runtime accepts; newer
generators would demand a newer runtime than TensorFlow may allow.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def main() -> None:
    for name in ("graphdef", "uff"):
        relative = (HERE / f"{name}.proto").relative_to(ROOT)
        command = ["-m", "grpc_tools.protoc", "-I.", "--python_out=.", "--pyi_out=.", str(relative)]
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
        stub = HERE / f"{name}_pb2.pyi"
        # mypy --strict wants the type arguments that the generator leaves out.
        stub.write_text(re.sub(r"_Mapping\]", "_Mapping[str, object]]", stub.read_text()))


if __name__ == "__main__":
    main()
