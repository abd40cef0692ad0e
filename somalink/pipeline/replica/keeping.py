"""Ships for as long as a program runs: a drain every few seconds, and after every failure a longer wait, without end.

Nothing that befalls the server or the network is an error here; it is remembered in the store, where `status` reads it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from somalink.domain.errors import EngineLocked, SomalinkError
from somalink.pipeline.replica.shipping import Manner, Shipper
from somalink.pipeline.replica.standing import replica_id
from somalink.storage.influx.server import Place, Server, ServerError, Trouble
from somalink.storage.local import LocalStore

EVERY_S = 5.0
"""A page of dashboards asks no more often."""
FIRST_S, CAP_S = 1.0, 60.0
"""Waits after failures double from the first to the cap: a server that restarts is met again within a minute, however long it was away."""
MEND_CAP_S = 300.0
"""Where somebody has to mend something (a token, a bucket), nothing is gained by asking more often."""
LET_GO_S = 3.0
"""How long the end of the program waits for a request that is under way; what was not acknowledged is sent again the next time."""

Say = Callable[[str, str], None]
"""Hears (what, next step) when shipping fails, and ("", "") when it works again."""


def waits(trouble: Trouble) -> Iterator[float]:
    """Seconds after the first, second ... failure in a row."""
    cap = MEND_CAP_S if trouble in (Trouble.FORBIDDEN, Trouble.MISSING) else CAP_S
    wait = FIRST_S
    while True:
        yield wait
        wait = min(2 * wait, cap)


def keep_shipping(shipper: Shipper, wait: Callable[[float], bool], say: Say) -> None:
    """Until `wait(seconds)` says that it is over."""
    trouble: Trouble | None = None
    waiting: Iterator[float] = iter(())
    while True:
        try:
            shipper.drain()
            if trouble is not None:
                say("", "")
            trouble, pause = None, EVERY_S
        except SomalinkError as error:
            shipper.failed(error)
            kind = error.trouble if isinstance(error, ServerError) else Trouble.REFUSED
            if trouble is not kind:
                say(error.what, error.next_step)
                waiting = waits(kind)
            trouble, pause = kind, next(waiting)
        if wait(pause):
            return


@contextmanager
def shipping(store: Path, place: Place, manner: Manner, now_ns: Callable[[], int], say: Say) -> Iterator[None]:
    """Ships beside the body, in a thread and with a connection of its own. It never ends what it runs beside."""
    over = threading.Event()
    thread = threading.Thread(target=_beside, args=(store, place, manner, now_ns, say, over), name="ship", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(LET_GO_S)


def _beside(path: Path, place: Place, manner: Manner, now_ns: Callable[[], int], say: Say, over: threading.Event) -> None:
    """What goes wrong with the store, or by a mistake of ours, is told and tried again: a recording must not notice."""
    while not over.is_set():
        try:
            with LocalStore.open(path, create=False) as store, store.shipping_lock(replica_id(place)):
                server = Server(place)
                try:
                    keep_shipping(Shipper(store, server, place, manner, now_ns, over), over.wait, say)
                finally:
                    server.close()
        except EngineLocked:
            over.wait(CAP_S)  # another somalink ships: this one takes over when that has ended
        except SomalinkError as error:
            say(error.what, error.next_step)
            over.wait(CAP_S)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is tried again, and recording goes on)
            say(f"shipping stopped by a mistake in the program ({type(error).__name__})", "it is tried again in a minute; please report it")
            over.wait(CAP_S)
