"""Make the bundled samples: `python -m samples.make_samples [FOLDER [NAME…]]`.

Every sample is deterministic, so making it again gives the same bytes. TensorFlow is not needed.
Without names those that are bundled are made; `resnet50` (102 MB) and `boxes3d-vgg16` (78 MB) are
made when asked for. `python -m samples.digits` trains the digits network.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from samples.boxes3d import boxes3d
from samples.classifier import classifier, resnet50
from samples.detector import detector
from samples.segmentation import segmentation
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph

BUNDLED: dict[str, Callable[[], Graph]] = {
    "boxes3d": boxes3d,
    "classifier": classifier,
    "detector": detector,
    "segmentation": segmentation,
}
ON_DEMAND: dict[str, Callable[[], Graph]] = {
    "resnet50": resnet50,
    "boxes3d-vgg16": partial(
        boxes3d, size=224, widths=(64, 128, 256, 512, 512), depths=(2, 2, 3, 3, 3)
    ),
}


def main(argv: list[str] | None = None) -> int:
    """Make what is asked for; 2 for a name there is not."""
    arguments = sys.argv[1:] if argv is None else argv
    folder = Path(arguments[0]) if arguments else Path(__file__).parent
    known = {**BUNDLED, **ON_DEMAND}
    names = arguments[1:] or list(BUNDLED)
    for name in names:
        if name not in known:
            print(f"There is no sample {name}; there are {', '.join(known)}.", file=sys.stderr)
            return 2
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / f"{name}.pb"
        size = save_graphdef(known[name](), path)
        print(f"{path}: {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
