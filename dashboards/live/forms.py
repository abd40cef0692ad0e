"""What a page may send: fields, their words and their bounds. What is not in here is refused with the name of the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from somalink.domain.catalogue import (
    ACTIONS,
    CERTAINTIES_S,
    CONTEXTS,
    KINDS,
    MOMENT_ANSWERS,
    NEEDS,
    PROMPT_ANSWERS,
    RATING_KINDS,
    SENSATIONS,
    SESSION_KINDS,
    THEMES,
    WITH_WHOM,
)
from somalink.domain.choices import CHOICES
from somalink.domain.errors import UsageError

LATEST_NS = 2**62
"""Of the year 2116: a time beyond it is a mistake, and would not fit the store."""


@dataclass(frozen=True, slots=True)
class _OneOf:
    """A word of these; the published interface lists them."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.check, handler(kind))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "enum": list(self.words)}

    def check(self, value: str) -> str:
        if value not in self.words:
            raise ValueError(f"choose from: {' '.join(self.words)}")
        return value


@dataclass(frozen=True, slots=True)
class _SomeOf:
    """Words of these, each once."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.check, handler(kind))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "items": {"type": "string", "enum": list(self.words)}}

    def check(self, values: list[str]) -> list[str]:
        if sorted(set(values) - set(self.words)):
            raise ValueError(f"choose from: {' '.join(self.words)}")
        return list(dict.fromkeys(values))


def _from_text(value: Any) -> Any:
    """Nanoseconds come as text: a browser's numbers lose their last digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    raise ValueError("nanoseconds of UTC, as text of digits")


def _certainty(value: int) -> int:
    if value not in CERTAINTIES_S:
        raise ValueError(f"choose from: {' '.join(map(str, CERTAINTIES_S))}")
    return value


TEXT_NS = {"type": "string", "pattern": r"^[0-9]{1,19}$"}
Ns = Annotated[int, BeforeValidator(_from_text), Field(ge=0, le=LATEST_NS, json_schema_extra=TEXT_NS)]
WEEKS = (4, 12, 52)
"""How far back findings look: four weeks, twelve, a year."""


def weeks(value: int) -> int:
    if value not in WEEKS:
        raise ValueError(f"choose from: {' '.join(map(str, WEEKS))}")
    return value


Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Scale = Annotated[int, Field(ge=0, le=10, strict=True)]
Words = Annotated[list[str], Field(max_length=20)]
Short = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=8000)]


class Form(BaseModel):
    """Exactly these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(Form):
    """What may be said of a moment beside what it was and when, all of it optional and all of it later too."""

    t_end_ns: Ns | None = None
    certainty_s: Annotated[int, AfterValidator(_certainty), Field(json_schema_extra={"enum": list(CERTAINTIES_S)})] = 60
    distress: Scale | None = None
    belonging: Scale | None = None
    sensations: Annotated[Words, _SomeOf(SENSATIONS)] = []
    action: Annotated[str, _OneOf(("", *ACTIONS))] = ""
    with_whom: Annotated[Words, _SomeOf(WITH_WHOM)] = []
    theme: Annotated[str, _OneOf(("", *THEMES))] = ""
    need: Annotated[str, _OneOf(("", *NEEDS))] = ""
    spoken: bool | None = None
    expectancy: Scale | None = None
    context: Annotated[Words, _SomeOf(CONTEXTS)] = []
    blind: bool | None = None
    planned_distress: Scale | None = None
    note: Note = ""


class NewEvent(Said):
    """A tag, under the id that the page gave it: sent twice it is one."""

    id: Uuid
    kind: Annotated[str, _OneOf(KINDS)]
    t_ns: Ns
    made_at_ns: Ns


class EditedEvent(Said):
    """What changed of a tag since `revision` was read; what is left out stays as it is."""

    revision: Annotated[int, Field(ge=1, le=10**6)]
    made_at_ns: Ns
    kind: Annotated[str, _OneOf(KINDS)] | None = None
    t_ns: Ns | None = None

    def changed(self) -> dict[str, Any]:
        """The fields that were sent."""
        sent = self.model_dump(exclude_unset=True, exclude={"revision", "made_at_ns"})
        return {name: tuple(value) if isinstance(value, list) else value for name, value in sent.items() if value is not None or name not in ("kind", "t_ns")}


class NewRating(Form):
    """A number from 0 to 10."""

    id: Uuid
    t_ns: Ns
    kind: Annotated[str, _OneOf(RATING_KINDS)]
    value: Scale
    prompt_id: Short = ""
    blind: bool | None = None


class NewSession(Form):
    """An exercise as it was done."""

    id: Uuid
    start_ns: Ns
    stop_ns: Ns
    kind: Annotated[str, _OneOf(SESSION_KINDS)]
    rate: Annotated[float, Field(ge=3, le=12)] | None = None
    in_s: Annotated[float, Field(ge=1, le=12)] | None = None
    ex_s: Annotated[float, Field(ge=1, le=12)] | None = None
    prompt_id: Short = ""
    outcome: Short = ""


class NewPlan(Form):
    """A step back into contact, as it is planned."""

    id: Uuid
    step: Short
    kind: Annotated[str, _OneOf(KINDS)]
    t_ns: Ns
    t_end_ns: Ns | None = None
    planned_distress: Scale | None = None
    expectancy: Scale | None = None


class NewAnswer(Form):
    """What was said to a prompt, or of a moment that stood out."""

    prompt_id: Short = ""
    episode_id: Short = ""
    said_at_ns: Ns | None = None
    """When it was said, where that was before it could be sent; unsaid: now."""
    answer: Annotated[str, _OneOf((*PROMPT_ANSWERS, *MOMENT_ANSWERS[::2]))]

    @model_validator(mode="after")
    def _of_one_thing(self) -> Self:
        if bool(self.prompt_id) == bool(self.episode_id):
            raise ValueError("name either prompt_id or episode_id")
        fitting = PROMPT_ANSWERS if self.prompt_id else MOMENT_ANSWERS
        if self.answer not in fitting:
            raise ValueError(f"choose from: {' '.join(fitting)}")
        return self


class Token(Form):
    """What a QR code holds."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(max_length=60)] = ""


def _choices(given: dict[str, str]) -> dict[str, str]:
    read = {}
    for key, value in given.items():
        if key not in CHOICES:
            raise ValueError(f"{key[:40]!r} is not a setting")
        try:
            read[key] = CHOICES[key].read(value)
        except UsageError as error:
            raise ValueError(f"{error.what}: {error.next_step}") from error
    return read


Choices = Annotated[dict[str, str], Field(max_length=len(CHOICES)), AfterValidator(_choices)]
"""Some of the settings with what they are to be."""
