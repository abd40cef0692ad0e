"""Statistical answers that were worked out before, by what they rest on: kept with the person, lost without harm (`processing.findings.answers.Memory`)."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, TypeVar

from somalink.storage.local import LocalStore

NAME, VERSION = "answers", "1"
MOST = 3000
"""Answers that are kept, 0.2 kB each: three spans of a person with a thousand tags have some four hundred."""

T = TypeVar("T")


@dataclass(slots=True)
class Answered:
    """Those of one person; what was asked last is kept longest."""

    store: LocalStore
    person: str
    known: dict[str, dict[str, Any]]
    fresh: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: LocalStore, person: str) -> Answered:
        kept = store.keepsake(person, NAME, VERSION)
        return cls(store, person, {} if kept is None else json.loads(zlib.decompress(kept)))

    def get(self, name: str, of: type[T]) -> T | None:
        said = self.fresh.get(name) or self.known.get(name)
        if said is None:
            return None
        self.fresh[name] = said
        return of(**{key: _again(value) for key, value in said.items()})

    def put(self, name: str, value: object) -> None:
        assert is_dataclass(value) and not isinstance(value, type)
        self.fresh[name] = asdict(value)

    def keep(self) -> None:
        """Writes them where any is new."""
        if self.fresh.keys() <= self.known.keys():
            return
        newest = {**self.fresh, **{name: said for name, said in self.known.items() if name not in self.fresh}}
        some = dict(list(newest.items())[:MOST])
        self.store.keep(self.person, [(NAME, VERSION, zlib.compress(json.dumps(some).encode()))])


def _again(value: Any) -> Any:
    """Tuples again where JSON has lists."""
    return tuple(_again(each) for each in value) if isinstance(value, list) else value
