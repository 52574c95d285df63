"""Streams and events: queues of work that nobody does until somebody waits for it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any


class Mark:
    """A place in a stream that an event was recorded at; `passed` when all before it is done, `seconds` when."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.passed = False
        self.seconds = 0.0

    def pass_by(self) -> None:
        self.passed, self.seconds = True, time.perf_counter()

    def wait(self) -> None:
        self.stream.work_until(lambda: self.passed)


class Stream:
    """Of one device. Work is done in order, as late as possible."""

    def __init__(self, machine: Any, null: bool = False, non_blocking: bool = False) -> None:
        assert not null and non_blocking, "minicnn waits for nobody else's streams"
        self.machine = machine
        self._pending: deque[Callable[[], None]] = deque()
        self.device_id = machine.current
        self.ptr = id(self)

    def use(self) -> Stream:
        """As in CuPy: the current one, until another is used or a `with` of a stream ends."""
        assert self.device_id == self.machine.current, "the stream is of another device"
        self.machine.streams[self.device_id] = self
        return self

    def add(self, work: Callable[[], None]) -> None:
        self._pending.append(work)

    def work_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._pending.popleft()()

    def synchronize(self) -> None:
        self.work_until(lambda: not self._pending)

    def wait_event(self, event: Event) -> None:
        if event.mark is not None:
            self.add(event.mark.wait)


class Event:
    """The last place that it was recorded at."""

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        assert not interprocess
        self.timed = not disable_timing
        self.mark: Mark | None = None

    def record(self, stream: Stream) -> None:
        self.mark = Mark(stream)
        stream.add(self.mark.pass_by)

    def synchronize(self) -> None:
        if self.mark is not None:
            self.mark.wait()


def get_elapsed_time(start_event: Event, end_event: Event) -> float:
    """Milliseconds of this CPU."""
    assert start_event.timed and end_event.timed, "cudaErrorInvalidResourceHandle: the event has no time"
    assert start_event.mark and start_event.mark.passed and end_event.mark and end_event.mark.passed
    return 1e3 * (end_event.mark.seconds - start_event.mark.seconds)
