"""What a judgement costs: ``python -m tests.bench.severity``."""

import resource
import statistics
import time
from collections.abc import Callable
from functools import partial

from app.sla.severity import Report, encode, judge
from app.sla.severity.judgement import Judgement
from app.sla.severity.model import base_examples


def median_ms(judges: Callable[[Report], Judgement], report: Report, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        judges(report)
        taken.append(time.process_time() - began)
    return statistics.median(taken) * 1000


def floor_ms() -> float:
    """What a hundred thousand additions cost on this machine, about 3 ms on an idle one."""
    began = time.process_time()
    total = 0
    for one in range(100_000):
        total += one
    return (time.process_time() - began) * 1000


def main() -> None:
    print("all in milliseconds of one core\n")
    print(f"100,000 additions         {floor_ms():8.2f} ms")
    print("\nwords alone")
    tell(judge)
    print("\nwith the encoder")
    tell(partial(judge, encode=encode))


def tell(judges: Callable[[Report], Judgement]) -> None:
    began = time.process_time()
    judges(Report("email", "Nede", "Alt er nede"))
    print(f"the first, with loading   {(time.process_time() - began) * 1000:8.2f} ms")
    each = [
        median_ms(judges, Report(one.channel, one.subject, one.body), 3)
        for one in base_examples()[::4]
    ]
    print(
        f"a short message, median   {statistics.median(each):8.2f} ms   slowest {max(each):.2f} ms"
    )
    long = " ".join(one.body for one in base_examples()[:12])
    of_long = median_ms(judges, Report("email", "Hei", long), 20)
    print(f"{len(long):,} letters             {of_long:8.2f} ms")
    print(f"peak memory so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:8} MB")
    for name, junk in {
        "100 kB of words": "alle kunder får ikke betalt " * 3600,
        "100 kB of junk": "\x00\xff" * 50_000,
        "100 kB in one word": "a" * 100_000,
    }.items():
        print(f"{name:25} {median_ms(judges, Report('email', junk, junk), 5):8.2f} ms")


if __name__ == "__main__":
    main()
