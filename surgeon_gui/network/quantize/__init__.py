"""Eight-bit networks: how far each tensor reaches, and where rounding to eight bits is put."""

from surgeon_gui.network.quantize.histogram import COLLECTORS, Histogram
from surgeon_gui.network.quantize.place import Placement, kept_layers, quantized_network
from surgeon_gui.network.quantize.ranges import Ranges, load_ranges, save_ranges

__all__ = [
    "COLLECTORS",
    "Histogram",
    "Placement",
    "Ranges",
    "kept_layers",
    "load_ranges",
    "quantized_network",
    "save_ranges",
]
