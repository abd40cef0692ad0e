"""Runs a command once and says how long it took and how large it grew: `python -m bench.starting COMMAND...`.

A process of its own and small, since a child's greatest memory counts what its parent held when it was born.
"""

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Wall and processor seconds and MB of the command, as JSON. Ends as the command ends."""
    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    told = {"wall_s": time.perf_counter() - began, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
    print(json.dumps(told))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
