"""The counters of a service, for Prometheus. The lanes are an argument."""

from __future__ import annotations

import contextlib
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Measures:
    """Counters of one service, in a separate registry.

    Args:
        lanes: a `Lanes`.

    Attributes:
        registry: of all counters, and of the process: memory, processor time and open files.
    """

    def __init__(self, lanes):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        own = {"registry": self.registry}
        in_hand = Gauge("colorgan_requests_in_hand", "Photographs being sent, waiting, or in work", **own)
        in_hand.set_function(lambda: lanes.count)
        in_hand_bytes = Gauge("colorgan_requests_in_hand_bytes", "Largest total size of their bodies", **own)
        in_hand_bytes.set_function(lambda: lanes.bytes)
        self._photographs = Counter("colorgan_photographs", "Photographs colorized", **own)
        self._megapixels = Counter("colorgan_megapixels", "Megapixels of the photographs colorized", **own)
        steps = Histogram("colorgan_step_seconds", "What a photograph takes", ["step"], buckets=SECONDS, **own)
        self._steps = {name: steps.labels(name) for name in ("read", "network", "write")}
        self._pass = Histogram(
            "colorgan_pass_photographs", "Photographs in a forward pass", buckets=(1, 2, 4, 8), **own
        )

    def passed(self, count: int, seconds: float) -> None:
        """Count a forward pass: its photographs and its time."""
        self._pass.observe(count)
        self._steps["network"].observe(seconds)

    def photograph(self, size: tuple[int, int]) -> None:
        """Count a finished photograph of a height and width."""
        self._photographs.inc()
        self._megapixels.inc(size[0] * size[1] / 1e6)

    @contextlib.contextmanager
    def timed(self, step: str):
        """Within: a step, `read` or `write`, is timed."""
        start = time.perf_counter()
        yield
        self._steps[step].observe(time.perf_counter() - start)
