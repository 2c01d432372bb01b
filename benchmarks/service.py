"""The service under load: `python benchmarks/service.py --clients 50 --seconds 300`.

Starts `app.py --api` on a free port of this computer, sends it every photograph once, alone, and then lets so many
clients send photographs without a pause. A client that gets `Retry-After` waits for that time. At first there is one
client, for a fifth of the time, then all. Prints for each the answers per second, and p50 and p95 of the time to the
whole answer, by the photograph's size; what was lost or wrong; and the memory of the service over time. The photographs
are made here.

An answer is lost if its status is neither 200 nor 503, if a 503 has no `Retry-After`, or if it breaks off. It is wrong
if any sample differs by more than 2 of 255 from the answer without load (shared passes round differently). Exits with 1
if an answer is lost or wrong.
"""

import argparse
import collections
import hashlib
import http.client
import io
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"small": (480, 640), "middle": (1200, 1600), "large": (3000, 4000)}  # VGA, 2 and 12 megapixels
SHARES = {"small": 90, "middle": 8, "large": 2}  # percent of the requests
EACH = 4  # photographs of a size


def photograph(height, width, seed):
    """-> a JPEG file about as smooth as photographs."""
    random_, total, size = np.random.default_rng(seed), np.zeros((height, width), np.float32), 2
    while size < max(height, width) / 4:
        noise = random_.standard_normal((size, size)).astype(np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * (30 / size**0.5)
        size *= 2
    file = io.BytesIO()
    Image.fromarray(np.clip(total + 128, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=92)
    return file.getvalue()


class Service:
    """The program in a separate process; its numbers are read once a second."""

    def __init__(self, words):
        command = [sys.executable, str(ROOT / "app.py"), "--api", "--port", "0", *words]
        self.log = open("service.log", "w")  # noqa: SIM115 - until `end`
        pipes = {"stdout": subprocess.PIPE, "stderr": self.log, "text": True}
        self.process = subprocess.Popen(command, **pipes)
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:([0-9]+)/", line):
                self.port = int(found[1])
                break
        else:
            raise SystemExit("The service did not start: see service.log")
        while self.ask("GET", "/ready")[0] != 200:
            time.sleep(0.2)
        self.memory, self._ended = [], threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def ask(self, method, path, body=None):
        """-> status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            connection.request(method, path, body, {"Content-Type": "image/jpeg"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def _watch(self):
        while not self._ended.wait(1):
            text = self.ask("GET", "/metrics")[2].decode()
            value = re.search(r"^process_resident_memory_bytes (.+)$", text, re.MULTILINE)[1]
            self.memory.append((time.monotonic(), float(value) / 2**20))

    def end(self):
        """SIGTERM. -> exit status."""
        self._ended.set()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return status


class Load:
    """The clients' requests and answers. `photographs`: {name: file}, `expected`: {name: answer}."""

    def __init__(self, service, photographs, expected):
        self.service, self.photographs, self.expected = service, photographs, expected
        self.seconds, self.refused, self.lost, self.wrong = collections.defaultdict(list), 0, [], []
        self._lock, self._known = threading.Lock(), {}

    def run(self, clients, seconds):
        """-> seconds until the last answer."""
        start = time.monotonic()
        threads = [threading.Thread(target=self._visit, args=(i, start + seconds)) for i in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - start

    def _visit(self, seed, end):
        choose = random.Random(seed)
        while time.monotonic() < end:
            kind = choose.choices(list(SHARES), SHARES.values())[0]
            self._ask(f"{kind} {choose.randrange(EACH)}", kind)

    def _ask(self, name, kind):
        start = time.perf_counter()
        while True:
            try:
                status, headers, body = self.service.ask("POST", "/colorize?format=png", self.photographs[name])
            except (OSError, http.client.HTTPException) as error:
                return self.lost.append(f"{name}: {error!r}")
            if status != 503 or not headers["Retry-After"]:
                break
            with self._lock:
                self.refused += 1
            time.sleep(int(headers["Retry-After"]))
        if status != 200:
            return self.lost.append(f"{name}: {status} {body[:200]!r}")
        with self._lock:
            self.seconds[kind].append(time.perf_counter() - start)
        if not self._is_right(name, body):
            self.wrong.append(name)

    def _is_right(self, name, body):
        key = name, hashlib.sha256(body).digest()
        if key not in self._known:
            one, other = (np.asarray(Image.open(io.BytesIO(file))).astype(int) for file in (body, self.expected[name]))
            self._known[key] = one.shape == other.shape and np.abs(one - other).max() <= 2
        return self._known[key]

    def report(self, clients, seconds):
        """Print the results. -> the number of lost or wrong answers."""
        every = [one for some in self.seconds.values() for one in some]
        rate = len(every) * clients / max(sum(every), 1e-9)  # checked while clients wait
        title = f"{clients} clients" if clients > 1 else "one client"
        print(f"{title}: {len(every)} answers in {seconds:.0f} s, {rate:.2f} a second")
        for name, some in {"all": every, **self.seconds}.items():
            if len(some) > 1:
                cuts = statistics.quantiles(some, n=20)
                print(f"  {name:7}{len(some):6}  p50 {cuts[9]:6.2f} s  p95 {cuts[18]:6.2f} s")
        print(f"  told to come back {self.refused}, lost {len(self.lost)}, wrong {len(self.wrong)}", flush=True)
        for one in [*self.lost, *self.wrong][:10]:
            print(f"    {one}")
        return len(self.lost) + len(self.wrong)


def main():
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("words", nargs="*", help="flags of app.py, behind --")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    names = [(f"{kind} {i}", SIZES[kind]) for kind in SIZES for i in range(EACH)]
    photographs = {name: photograph(*size, i) for i, (name, size) in enumerate(names)}
    service = Service(args.words)
    expected = {name: service.ask("POST", "/colorize?format=png", file)[2] for name, file in photographs.items()}
    bad, begun = 0, time.monotonic()
    for clients, seconds in ((1, args.seconds / 5), (args.clients, args.seconds)):
        load = Load(service, photographs, expected)
        bad += load.report(clients, load.run(clients, seconds))
    rows = [service.memory[round(i * (len(service.memory) - 1) / 12)] for i in range(13)]
    print("memory, MiB: " + ", ".join(f"{value:.0f} at {at - begun:.0f} s" for at, value in rows))
    print(f"most {max(value for _, value in service.memory):.0f}; exit status after SIGTERM {service.end()}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
