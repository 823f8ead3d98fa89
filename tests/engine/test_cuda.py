"""Memory, streams, events, copies and graphs: on a fake runtime, and on the GPU where one is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from surgeon_gui.engine import cuda as cuda_module
from surgeon_gui.engine.cuda import OPENERS, Cuda, open_cuda
from surgeon_gui.engine.cuda_runtime import RuntimeBinding
from surgeon_gui.errors import RunFailed
from tests.engine.fake_cuda import FakeRuntime

FLOAT = np.dtype(np.float32)


def fake() -> Cuda:
    return Cuda(RuntimeBinding(FakeRuntime(), 0))


def real(name: str) -> Callable[[], Cuda]:
    def opened() -> Cuda:
        try:
            return open_cuda(0, name)
        except RunFailed as error:
            pytest.skip(str(error))

    return opened


@pytest.fixture(params=["fake", *OPENERS])
def cuda(request: pytest.FixtureRequest) -> Cuda:
    return fake() if request.param == "fake" else real(request.param)()


def test_what_goes_to_the_device_comes_back(cuda: Cuda) -> None:
    with cuda:
        stream = cuda.stream()
        sent = cuda.pinned((3, 1000), FLOAT)
        back = cuda.pinned((3, 1000), FLOAT)
        memory = cuda.buffer(sent.size)
        sent.array[...] = np.arange(3000, dtype=np.float32).reshape(3, 1000)
        back.array[...] = 0
        stream.copy_to_device(memory, sent)
        stream.copy_to_host(back, memory)
        stream.synchronize()
        assert np.array_equal(back.array, sent.array)


def test_arrays_of_no_elements_and_of_odd_dtypes_travel(cuda: Cuda) -> None:
    with cuda:
        stream = cuda.stream()
        for shape, dtype in (((0, 4), FLOAT), ((), FLOAT), ((5,), np.dtype(np.bool_))):
            sent, back = cuda.pinned(shape, dtype), cuda.pinned(shape, dtype)
            memory = cuda.buffer(sent.size)
            sent.array[...] = 1
            stream.copy_to_device(memory, sent)
            stream.copy_to_host(back, memory)
            stream.synchronize()
            assert back.array.shape == shape
            assert np.array_equal(back.array, sent.array)


def test_events_measure_what_lies_between_them(cuda: Cuda) -> None:
    with cuda:
        stream = cuda.stream()
        sent = cuda.pinned((1 << 22,), FLOAT)
        memory = cuda.buffer(sent.size)
        marks = [cuda.event() for _ in range(3)]
        marks[0].record(stream)
        stream.copy_to_device(memory, sent)
        marks[1].record(stream)
        for _ in range(8):
            stream.copy_to_device(memory, sent)
        marks[2].record(stream)
        marks[2].wait()
        once, often = marks[1].since(marks[0]), marks[2].since(marks[1])
        assert 0 < once < often


def test_the_memory_of_the_device_is_told(cuda: Cuda) -> None:
    with cuda:
        free, total = cuda.memory()
        assert 0 < free <= total
        memory = cuda.buffer(256 << 20)
        assert cuda.memory()[0] <= free - (256 << 20)
        memory.close()
        memory.close()
        assert not cuda.held


def test_a_graph_does_again_what_was_captured(cuda: Cuda) -> None:
    with cuda:
        if not cuda.binding.has_graphs:
            pytest.skip(f"{cuda.binding.name} has no CUDA graphs")
        stream = cuda.stream()
        sent, back = cuda.pinned((16,), FLOAT), cuda.pinned((16,), FLOAT)
        memory = cuda.buffer(sent.size)
        back.array[...] = 0

        def work() -> None:
            stream.copy_to_device(memory, sent)
            stream.copy_to_host(back, memory)

        graph = stream.capture(work)
        stream.synchronize()
        assert not back.array.any()
        for value in (1.0, 2.0):
            sent.array[...] = value
            graph.launch(stream)
            stream.synchronize()
            assert (back.array == value).all()


def test_work_that_fails_while_captured_leaves_the_stream_usable(cuda: Cuda) -> None:
    with cuda:
        if not cuda.binding.has_graphs:
            pytest.skip(f"{cuda.binding.name} has no CUDA graphs")
        stream = cuda.stream()

        def refuse() -> None:
            raise RunFailed("no")

        with pytest.raises(RunFailed, match="no"):
            stream.capture(refuse)
        stream.synchronize()


def test_more_memory_than_there_is_fails_in_cudas_words(cuda: Cuda) -> None:
    with cuda:
        with pytest.raises(RunFailed, match="out of memory") as caught:
            cuda.buffer(1 << 50)
        assert caught.value.hint is not None
        assert "smaller batch" in caught.value.hint
        cuda.buffer(16)


def test_nothing_is_left_after_ten_thousand_runs(cuda: Cuda) -> None:
    with cuda:
        stream = cuda.stream()
        sent = cuda.pinned((256,), FLOAT)

        def run() -> None:
            memory, start, end = cuda.buffer(sent.size), cuda.event(), cuda.event()
            start.record(stream)
            stream.copy_to_device(memory, sent)
            end.record(stream)
            stream.synchronize()
            for each in (memory, start, end):
                each.close()

        run()
        before = cuda.memory()[0]
        for _ in range(10_000):
            run()
        assert cuda.memory()[0] >= before - (8 << 20)
        assert len(cuda.held) == 2


def test_closing_gives_back_what_was_forgotten() -> None:
    runtime = FakeRuntime()
    with Cuda(RuntimeBinding(runtime, 0)) as cuda:
        stream = cuda.stream()
        cuda.buffer(100)
        cuda.pinned((3,), FLOAT)
        cuda.event()
        stream.capture(lambda: None)
        assert len(runtime.live) == 5
    assert runtime.live == {}


@pytest.mark.parametrize(
    ("error", "words", "hint"),
    [(35, "driver version is insufficient", "driver"), (100, "no CUDA-capable device", "GPU")],
)
def test_no_driver_and_no_gpu_are_told_apart(error: int, words: str, hint: str) -> None:
    with pytest.raises(RunFailed, match=words) as caught:
        RuntimeBinding(FakeRuntime(error=error), 0)
    assert hint in str(caught.value.hint)


def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(RunFailed, match="invalid device ordinal"):
        RuntimeBinding(FakeRuntime(), 7)


def test_without_any_binding_the_error_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(device: int) -> cuda_module.Binding:
        raise ModuleNotFoundError("it is not installed")

    monkeypatch.setattr(cuda_module, "OPENERS", {"cuda-python": missing, "pycuda": missing})
    with pytest.raises(RunFailed, match="not installed") as caught:
        open_cuda()
    assert "pip install" in str(caught.value.hint)


def test_the_fake_has_nothing_the_real_runtime_lacks() -> None:
    real_module = pytest.importorskip("cuda.bindings.runtime")
    names = [name for name in vars(FakeRuntime) if name.startswith("cuda")]
    assert len(names) > 20
    assert [name for name in names if not hasattr(real_module, name)] == []
    for enumeration in ("cudaError_t", "cudaMemcpyKind", "cudaStreamCaptureMode"):
        for member in vars(getattr(FakeRuntime, enumeration)):
            assert hasattr(getattr(real_module, enumeration), member)
