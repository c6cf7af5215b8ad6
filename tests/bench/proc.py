"""What /proc says of one process, for benchmarks of the whole product."""

import os
import re

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def _fields(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rsplit(")", 1)[1].split()  # from the third on: a name may hold blanks


def started_at_s(pid):
    """By CLOCK_BOOTTIME, to a tick (10 ms)."""
    return int(_fields(pid)[19]) / TICKS_PER_S


def cpu_s(pid):
    """Used so far by all of its threads."""
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024
