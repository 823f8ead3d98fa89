"""Calibrating a network in ONNX Runtime, and measuring what rounding it costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import numpy as np

from surgeon_gui.errors import JobCancelled
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.jobs.quantize_spec import NO_NOISE_DB, CurvePoint, OutputNoise
from surgeon_gui.jobs.report import Report
from surgeon_gui.network.ir import Network
from surgeon_gui.network.layers import Constant
from surgeon_gui.network.quantize.histogram import COLLECTORS, Histogram
from surgeon_gui.network.quantize.place import Placement, quantized_network
from surgeon_gui.network.quantize.ranges import Ranges
from surgeon_gui.network.to_onnx import onnx_from_network
from surgeon_gui.reference.onnx_runner import OnnxRunner
from surgeon_gui.worker.samples import LABELS, Batch, Samples

GROUP_BYTES = 256 << 20
"""How much of a network's tensors one run may return."""

_LARGEST_CLASSES_RANK = 2


def input_types(network: Network) -> dict[str, TensorType]:
    """Return dtype and shape of the network's inputs."""
    return {item.name: TensorType(item.dtype, Shape(item.shape)) for item in network.inputs}


def float_tensors(network: Network) -> tuple[str, ...]:
    """Return the network's float32 tensors in the order they are made, constants with them."""
    made = (tensor for layer in network.layers for tensor in layer.outputs)
    return tuple(item.name for item in (*network.inputs, *made) if item.dtype is DType.FLOAT32)


def calibrate(
    network: Network, samples: Samples, tensors: Sequence[str], report: Report
) -> tuple[dict[str, Histogram], int, bool]:
    """Return the histograms of tensors over all samples, how many there were, and whether all.

    When the job is cancelled the histograms of what was run so far are returned.
    """
    histograms = {name: Histogram() for name in tensors}
    count = 0
    fixed = {
        layer.outputs[0].name: layer.kind.weights_
        for layer in network.layers
        if isinstance(layer.kind, Constant) and layer.outputs[0].name in histograms
    }
    for name, values in fixed.items():
        histograms[name].add(values)
    for group in _groups(network, [name for name in tensors if name not in fixed]):
        inner = [name for name in group if name not in input_types(network)]
        runner = OnnxRunner(onnx_from_network(network), extra=inner, optimised=True)
        count = 0
        for number, batch in enumerate(samples):
            try:
                report.progress("Calibrating", number, samples.total)
            except JobCancelled:
                return histograms, count, False
            feeds = _feeds(batch)
            found = runner.run(feeds, inner) if inner else {}
            for name in group:
                histograms[name].add(found[name] if name in found else feeds[name])
            count += samples.batch
    return histograms, count, True


def _groups(network: Network, tensors: Sequence[str]) -> Iterator[list[str]]:
    """Split the tensors so that one run's results stay small."""
    known = network.tensors
    group: list[str] = []
    size = 0
    for name in tensors:
        nbytes = 4 * math.prod(max(dim, 1) for dim in known[name].shape)
        if group and size + nbytes > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(name)
        size += nbytes
    if group:
        yield group


def _feeds(batch: Batch) -> dict[str, Array]:
    return {name: array for name, array in batch.items() if name != LABELS}


def ranges_from(histograms: Mapping[str, Histogram], collector: str, samples: int) -> Ranges:
    """Return the reach a collector chooses for each tensor."""
    choose = COLLECTORS[collector]
    reach = {name: float(choose(item)) for name, item in histograms.items()}
    largest = {name: item.largest for name, item in histograms.items()}
    return Ranges(reach, largest, collector, samples)


class Evidence:
    """Holds a network against its quantized forms, on samples that were set aside.

    Args:
        network: the float network.
        batches: the samples.
        placement: what can be rounded.
        dtype: INT8 or FLOAT8_E4M3FN.
    """

    def __init__(
        self, network: Network, batches: Sequence[Batch], placement: Placement, dtype: DType
    ) -> None:
        self._network = network
        self._batches = batches
        self._placement = placement
        self._dtype = dtype
        self._reference = self._run(network, network.outputs)

    def _run(self, network: Network, names: Sequence[str]) -> list[dict[str, Array]]:
        runner = OnnxRunner(onnx_from_network(network), extra=names)
        return [runner.run(_feeds(batch), names) for batch in self._batches]

    def quantized(self, ranges: Ranges, kept: Set[str] = frozenset()) -> Network:
        """Return the network rounded but for the layers kept."""
        return quantized_network(
            self._network, ranges, kept=kept, dtype=self._dtype, placement=self._placement
        )

    def outputs(self, network: Network) -> tuple[OutputNoise, ...]:
        """Return how far the outputs of a network are from the float one's."""
        return self._rows(self._run(network, network.outputs))

    def _rows(self, found: Sequence[Mapping[str, Array]]) -> tuple[OutputNoise, ...]:
        return tuple(
            output_noise(
                name,
                [batch[name] for batch in found],
                [batch[name] for batch in self._reference],
            )
            for name in self._network.outputs
        )

    def noise(self, ranges: Ranges, kept: Set[str] = frozenset()) -> float:
        """Return the noise of the worst output with these layers kept in float."""
        return worst(self.outputs(self.quantized(ranges, kept)))

    def layers(self, network: Network) -> dict[str, float]:
        """Return the SQNR in dB of each layer's output in a quantized network, by layer."""
        names = {}
        for layer in self._network.layers:
            if layer.name in self._placement.reads:
                names[layer.name] = layer.outputs[0].name
        wanted = list(dict.fromkeys(names.values()))
        signal = dict.fromkeys(wanted, 0.0)
        error = dict.fromkeys(wanted, 0.0)
        for group in _groups(self._network, wanted):
            runners = [
                OnnxRunner(onnx_from_network(item), extra=group)
                for item in (self._network, network)
            ]
            # One batch at a time: the inner tensors of all of them together are gigabytes.
            for batch in self._batches:
                one, other = (runner.run(_feeds(batch), group) for runner in runners)
                for name in group:
                    signal[name] += float(np.sum(np.square(one[name], dtype=np.float64)))
                    difference = one[name].astype(np.float64) - other[name]
                    error[name] += float(np.sum(np.square(difference)))
        return {layer: _decibel(signal[name], error[name]) for layer, name in names.items()}

    def alone(self, ranges: Ranges, report: Report) -> dict[str, float]:
        """Return the outputs' noise with each layer rounded by itself."""
        found = {}
        every = frozenset(self._placement.layers)
        for number, layer in enumerate(self._placement.layers):
            report.progress("Rounding one layer at a time", number, len(self._placement.layers))
            found[layer] = self.noise(ranges, every - {layer})
        return found

    def kept_for(
        self,
        ranges: Ranges,
        order: Sequence[str],
        tolerance: float,
        kept: Set[str],
        report: Report,
    ) -> frozenset[str]:
        """Return the fewest layers, from the front of `order`, that meet the tolerance.

        Found by halving: one more layer in float mostly means less noise. Where even all of them do
        not suffice, all are returned.
        """
        low, high = 0, len(order)
        if self.noise(ranges, kept) <= tolerance:
            return frozenset(kept)
        while low + 1 < high:
            middle = (low + high) // 2
            report.progress(f"Looking for the layers to keep: {middle}")
            if self.noise(ranges, {*kept, *order[:middle]}) <= tolerance:
                high = middle
            else:
                low = middle
        return frozenset({*kept, *order[:high]})

    def curve(
        self, ranges: Ranges, order: Sequence[str], kept: Set[str], report: Report
    ) -> tuple[CurvePoint, ...]:
        """Return the noise with none, 1, 2, 4, … and all layers of `order` kept in float."""
        steps = sorted({0, len(order), *(2**power for power in range(12) if 2**power < len(order))})
        points = []
        for count in steps:
            report.progress(f"Measuring with {count} layers in float")
            noise = self.noise(ranges, {*kept, *order[:count]})
            points.append(CurvePoint(count, noise))
        return tuple(points)

    def accuracy(self, network: Network | None = None) -> float | None:
        """Return the share of labelled samples a network gets right; the float one for None."""
        if not self._batches or LABELS not in self._batches[0]:
            return None
        name = self._network.outputs[0]
        found = self._reference if network is None else self._run(network, [name])
        right = total = 0
        for batch, arrays in zip(self._batches, found, strict=True):
            labels = np.asarray(batch[LABELS]).reshape(-1)
            guesses = arrays[name].reshape(len(labels), -1).argmax(1)
            right += int(np.count_nonzero(guesses == labels))
            total += len(labels)
        return right / total if total else None


def worst(rows: Iterable[OutputNoise]) -> float:
    """Return the noise of the worst output."""
    return max((row.noise for row in rows), default=0.0)


def output_noise(name: str, found: Sequence[Array], truth: Sequence[Array]) -> OutputNoise:
    """Compare an output over several batches."""
    value = np.concatenate([np.asarray(item, np.float64).reshape(-1) for item in found])
    reference = np.concatenate([np.asarray(item, np.float64).reshape(-1) for item in truth])
    signal = float(np.sum(reference**2))
    error = float(np.sum((value - reference) ** 2))
    length = math.sqrt(float(np.sum(value**2)) * signal)
    cosine = float(np.dot(value, reference)) / length if length else float(error == 0)
    top1, top5 = _agreement(found, truth)
    noise = math.sqrt(error / signal) if signal else (0.0 if error == 0 else math.inf)
    return OutputNoise(name, noise, _decibel(signal, error), cosine, top1, top5)


def _decibel(signal: float, error: float) -> float:
    if error == 0:
        return NO_NOISE_DB
    if signal == 0:
        return -NO_NOISE_DB
    return max(-NO_NOISE_DB, min(NO_NOISE_DB, 10 * math.log10(signal / error)))


def _agreement(found: Sequence[Array], truth: Sequence[Array]) -> tuple[float | None, float | None]:
    """Return top-1 and top-5 agreement of outputs that are rows of classes."""
    classes = truth[0].shape[-1] if truth and truth[0].ndim else 1
    flat = all(item.size == item.shape[0] * classes for item in truth if item.ndim)
    if classes < 2 or not flat or truth[0].ndim < _LARGEST_CLASSES_RANK:
        return None, None
    mine = np.concatenate([item.reshape(-1, classes) for item in found])
    theirs = np.concatenate([item.reshape(-1, classes) for item in truth])
    best = theirs.argmax(1)
    top1 = float(np.mean(mine.argmax(1) == best))
    if classes < 6:
        return top1, None
    five = np.argpartition(-mine, 5, axis=1)[:, :5]
    return top1, float(np.mean(np.any(five == best[:, None], axis=1)))
