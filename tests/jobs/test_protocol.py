"""Messages survive the line they travel on; anything else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.errors import ProtocolError, SurgeonError, Unsupported
from surgeon_gui.jobs.protocol import (
    Cancel,
    Event,
    Failure,
    Hello,
    Log,
    Progress,
    Request,
    Result,
    Start,
    decode_event,
    decode_request,
    encode_line,
)
from surgeon_gui.jobs.spec import ReferenceResult

TEXT = st.text(max_size=30)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Hello, st.integers(), TEXT, st.integers(), st.none() | TEXT),
    st.builds(Progress, TEXT, st.integers(), st.none() | st.integers()),
    st.builds(Log, TEXT, TEXT, TEXT),
    st.builds(Failure, TEXT, TEXT, st.none() | TEXT, st.none() | TEXT, TEXT),
    st.just(Result(ReferenceResult(Path("/y.npz"), ()))),
)


@given(EVENTS)
def test_an_event_survives_one_line(event: Event) -> None:
    line = encode_line(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode_event(line) == event


@pytest.mark.parametrize("request_", [Cancel(), Start("/m/job")])
def test_a_request_survives_one_line(request_: Request) -> None:
    assert decode_request(encode_line(request_)) == request_


@given(st.binary(max_size=60))
def test_noise_is_refused_and_never_crashes(line: bytes) -> None:
    for decode in (decode_event, decode_request):
        with pytest.raises(ProtocolError):
            decode(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "result"}',
        b'{"type": "result", "result": {"kind": "dance"}}',
        b'{"type": "progress", "phase": 3}',
        b'{"type": "progress"}',
        b'{"type": "hello", "protocol": true, "python": "3", "pid": 1}',
        b'{"type": ["log"]}',
        b"null",
    ],
)
def test_a_message_with_wrong_parts_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_event(line)


def test_an_error_crosses_as_what_it_is() -> None:
    error = Unsupported("conv", "Too wide.", "Narrow it.")
    back = decode_event(encode_line(Failure.from_error(error, "Traceback …")))
    assert isinstance(back, Failure)
    assert back.traceback == "Traceback …"
    raised = back.error()
    assert isinstance(raised, Unsupported)
    assert (raised.node, raised.reason, raised.remedy) == ("conv", "Too wide.", "Narrow it.")
    assert isinstance(Failure("dataclasses", "x").error(), SurgeonError)
