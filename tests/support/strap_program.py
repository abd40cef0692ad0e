"""The virtual strap as a program of its own: start it, steer it, kill it, start it again, read its beat log."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


class StrapProgram:
    """One strap program in `folder`. `log` grows over restarts; the sockets stay where they are."""

    def __init__(self, folder: Path, recording: Path, *options: str) -> None:
        self.socket, self.control, self.log = folder / "s", folder / "c", folder / "beats.jsonl"
        self.errors = folder / "errors.txt"
        self._typed = [str(recording), "--socket", str(self.socket), "--control", str(self.control), "--log", str(self.log), *options]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """What it prints once it advertises."""
        command = [sys.executable, "-c", "from somalink.cli import main; main()", "virtual-strap", *self._typed]
        with self.errors.open("a") as errors:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self._process.stdout is not None
        ready: dict[str, Any] = json.loads(self._process.stdout.readline())
        return ready

    def ask(self, words: str) -> dict[str, Any]:
        """Steer it: `drop`, `silence 5`, `status`, ..."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE_S)
            line.connect(str(self.control))
            line.sendall(words.encode() + b"\n")
            answer: dict[str, Any] = json.loads(line.makefile().readline())
        return answer

    def kill(self) -> None:
        """SIGKILL: no word of goodbye on any socket."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> int:
        """SIGTERM, and wait: its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Until it ends by itself: its exit code."""
        assert self._process is not None
        self._process.communicate(timeout=PATIENCE_S)
        code, self._process = self._process.returncode, None
        return code

    def rows(self, what: str = "") -> list[dict[str, Any]]:
        """The beat log so far, whole lines only."""
        whole = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        rows = [json.loads(line) for line in whole.splitlines()]
        return [row for row in rows if not what or row["what"] == what]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
