"""What a person says: tag a moment, rate how it is, plan a step. Short writes that any process may make while an engine records."""

from __future__ import annotations

import uuid
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from somalink.cli import console
from somalink.cli.moments import now_ns
from somalink.cli.opening import Desk, reading, telling
from somalink.cli.options import JsonOption, PersonOption, StoreOption
from somalink.domain.catalogue import ACTIONS, CONTEXTS, KINDS, NEEDS, RATING_KINDS, SENSATIONS, THEMES, WITH_WHOM
from somalink.domain.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from somalink.domain.types import Event, Plan, Rating

    Said = TypeVar("Said", Event, Plan)

SHORT = 8
"""So much of an id is shown, and so much is enough to name one."""


def _choices(words: Iterable[str]) -> Callable[[str], list[str]]:
    """Shell completion of one of `words`, or of the last of several."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{word}" for word in words if word.startswith(last)]

    return complete


def _option(name: str, metavar: str, help: str, words: Iterable[str] = ()) -> Any:
    return typer.Option(name, metavar=metavar, help=help, show_default=False, autocompletion=_choices(words))


AtOption = Annotated[
    str | None, typer.Option("--at", "--when", metavar="WHEN", show_default=False, help='"20 min ago", 14:30, "this morning", or ISO 8601; else now.')
]
AheadOption = Annotated[
    str | None, typer.Option("--at", "--when", metavar="WHEN", show_default=False, help='"in 2 h", 18:00, "tomorrow morning", or ISO 8601.')
]
UntilOption = Annotated[str | None, _option("--until", "WHEN", "When it ended, where it lasted.")]
EditOption = Annotated[str | None, _option("--edit", "ID", f"Change this one; {SHORT} signs of its id are enough.")]
DeleteOption = Annotated[str | None, _option("--delete", "ID", "Take this one back.")]
RevisionOption = Annotated[int | None, typer.Option("--revision", min=1, show_default=False, help="The revision you saw: refuse if it was changed since.")]
ListOption = Annotated[bool, typer.Option("--list", help="Show what was said so far.")]
NotesOption = Annotated[bool, typer.Option("--notes", help="Show notes too; they are left out otherwise.")]
BlindOption = Annotated[bool | None, typer.Option("--blind/--not-blind", show_default=False, help="Said before, or after, seeing the chart.")]
PlannedOption = Annotated[str | None, _option("--planned-distress", "0-10", "Distress as it was expected when the step was planned.")]
ExpectancyOption = Annotated[str | None, _option("--expectancy", "0-10", "How likely the feared thing seemed.")]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(tag)
    app.command()(rate)
    app.command()(plan)


# ---------------------------------------------------------------- tag


def tag(
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="What it was: " + ", ".join(KINDS), autocompletion=_choices(KINDS))] = None,
    at: AtOption = None,
    until: UntilOption = None,
    certainty: Annotated[str | None, _option("--certainty", "1|5|15|45|part-of-day", "How sure the time is, in minutes.")] = None,
    distress: Annotated[str | None, _option("--distress", "0-10", "How hard it was.")] = None,
    belonging: Annotated[str | None, _option("--belonging", "0-10", "How much you felt you belonged.")] = None,
    sensations: Annotated[str | None, _option("--sensations", "LIST", "In the body: " + ", ".join(SENSATIONS), SENSATIONS)] = None,
    action: Annotated[str | None, _option("--action", "WORD", "What you did: " + ", ".join(ACTIONS), ACTIONS)] = None,
    with_whom: Annotated[str | None, _option("--with", "LIST", "With whom: " + ", ".join(WITH_WHOM), WITH_WHOM)] = None,
    theme: Annotated[str | None, _option("--theme", "WORD", "What it was about: " + ", ".join(THEMES), THEMES)] = None,
    need: Annotated[str | None, _option("--need", "WORD", "What you needed: " + ", ".join(NEEDS), NEEDS)] = None,
    spoken: Annotated[bool | None, typer.Option("--spoken/--unspoken", show_default=False, help="Whether the need was said aloud.")] = None,
    expectancy: ExpectancyOption = None,
    context: Annotated[str | None, _option("--context", "LIST", "Meanwhile: " + ", ".join(CONTEXTS), CONTEXTS)] = None,
    blind: BlindOption = None,
    planned_distress: PlannedOption = None,
    note: Annotated[str | None, _option("--note", "TEXT", "Your own words; they stay in the store.")] = None,
    edit: EditOption = None,
    delete: DeleteOption = None,
    revision: RevisionOption = None,
    list_: ListOption = False,
    notes: NotesOption = False,
    store: StoreOption = None,
    person: PersonOption = None,
    json: JsonOption = False,
) -> None:
    """Name a moment. It may come late and be vague about when; both are kept with it.

    Only the kind is needed. With --edit, an empty text unsays a field, as in --note "".
    """
    said = _given(
        kind=kind,
        when=at,
        until=until,
        certainty=certainty,
        distress=distress,
        belonging=belonging,
        sensations=sensations,
        action=action,
        with_whom=with_whom,
        theme=theme,
        need=need,
        spoken=_yes_no(spoken),
        expectancy=expectancy,
        context=context,
        blind=_yes_no(blind),
        planned_distress=planned_distress,
        note=note,
    )
    _one_of_these(list=list_, edit=edit, delete=delete)
    if list_:
        with reading(store, person) as desk:
            _say_events(desk, json=json, notes=notes)
        return
    with telling(store, person) as desk:
        event = _taken_back(desk, delete, said, revision) if delete else _edited(desk, edit, said, revision) if edit else _tagged(desk, said)
        _settle(desk)
        _say_event(desk, event, json=json, notes=notes)


def _tagged(desk: Desk, said: Mapping[str, str]) -> Event:
    from ingest import tags

    event = tags.tag(said, id=str(uuid.uuid4()), person=desk.person, now_ns=now_ns(), offset_s=_offset(desk, said))
    return _keep_event(desk, event)


def _edited(desk: Desk, id: str, said: Mapping[str, str], revision: int | None) -> Event:
    from ingest import tags

    if not said:
        raise UsageError("nothing to change was given", next_step="give the fields that change, as in --distress 4")
    known = tag_of(desk, id)
    if known.deleted:
        raise UsageError(f"the tag {known.id} was taken back", next_step="tag the moment anew")
    seen = known if revision is None else replace(known, revision=revision)
    return _keep_event(desk, tags.edit(seen, said, now_ns=now_ns(), offset_s=_offset(desk, said)))


def _taken_back(desk: Desk, id: str, said: Mapping[str, str], revision: int | None) -> Event:
    from ingest import tags

    if said:
        raise UsageError(f"--delete takes the whole tag back, but {', '.join(said)} was given too", next_step="use --edit to change a field")
    known = tag_of(desk, id)
    if known.deleted:
        return known
    seen = known if revision is None else replace(known, revision=revision)
    return _keep_event(desk, tags.delete(seen, now_ns=now_ns()))


def _keep_event(desk: Desk, event: Event) -> Event:
    with desk.store.transaction() as write:
        write.put_event(event)
    return event


def tag_of(desk: Desk, id: str) -> Event:
    """The person's tag whose id is this, or begins so."""
    exact = desk.store.event(id)
    return exact if exact is not None and exact.person == desk.person else _by_id(desk.store.events(desk.person), id, "tag")


def _settle(desk: Desk) -> None:
    """Links follow what was said. It is kept already: when the store is busy, links wait for the next one who settles them."""
    from somalink.domain.constants import Constants
    from somalink.pipeline.person import settle_person

    try:
        settle_person(desk.store, desk.person, Constants())
    except StoreError as error:
        console.note(f"kept; what it may belong to is worked out later ({error.what})")


def _say_event(desk: Desk, event: Event, *, json: bool, notes: bool) -> None:
    if json:
        console.emit_json(_event_json(desk, event, notes=notes))
        return
    done = "taken back" if event.deleted else "kept" if event.revision == 1 else f"changed (revision {event.revision})"
    console.stdout().print(f"{done}: {event.kind} {desk.local.said(event.t_ns)}, {_sure(event.certainty_s)}   {event.id}", markup=False)


def _say_events(desk: Desk, *, json: bool, notes: bool) -> None:
    events = desk.store.events(desk.person)
    if json:
        console.emit_json({"person": desk.person, "events": [_event_json(desk, event, notes=notes) for event in events]})
        return
    console.lines(_event_line(desk, event, notes=notes) for event in events)


def _event_line(desk: Desk, event: Event, *, notes: bool) -> tuple[str, ...]:
    felt = f"distress {event.distress}" if event.distress is not None else ""
    others = " ".join(word for words in (event.with_whom, event.sensations) for word in words)
    return (event.id[:SHORT], desk.local.said(event.t_ns), _sure(event.certainty_s), event.kind, felt, others, event.note if notes else "")


def _event_json(desk: Desk, event: Event, *, notes: bool) -> dict[str, Any]:
    """The event as it is stored. Its note leaves only when asked for, here as in an export."""
    said = asdict(event)
    said["local"] = desk.local.iso(event.t_ns)
    if not notes:
        said["has_note"] = bool(said.pop("note"))
    return said


def _sure(certainty_s: int) -> str:
    from ingest.tags import CERTAINTY_WORDS

    return "some part of the day" if certainty_s >= CERTAINTY_WORDS["part_of_day"] else f"± {certainty_s // 60} min"


# ---------------------------------------------------------------- rate


def rate(
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="What: " + ", ".join(RATING_KINDS), autocompletion=_choices(RATING_KINDS))] = None,
    value: Annotated[str | None, typer.Argument(metavar="VALUE", help="From 0 to 10.")] = None,
    at: AtOption = None,
    blind: BlindOption = None,
    prompt: Annotated[str | None, _option("--prompt", "ID", "The prompt it answers.")] = None,
    list_: ListOption = False,
    store: StoreOption = None,
    person: PersonOption = None,
    json: JsonOption = False,
) -> None:
    """Say how something is, from 0 to 10."""
    if list_:
        with reading(store, person) as desk:
            _say_ratings(desk, json=json)
        return
    if kind is None or value is None:
        raise UsageError("a rating needs a kind and a value", next_step=f"write it as `somalink rate distress 4`; kinds: {' '.join(RATING_KINDS)}")
    with telling(store, person) as desk:
        from ingest import tags

        t_ns = desk.local.been(at) if at else None
        rating = tags.rating(kind, value, id=str(uuid.uuid4()), person=desk.person, now_ns=now_ns(), t_ns=t_ns, prompt_id=prompt or "", blind=blind)
        with desk.store.transaction() as write:
            write.put_rating(rating)
        if json:
            console.emit_json(_rating_json(desk, rating))
        else:
            console.stdout().print(f"kept: {rating.kind} {rating.value}, {desk.local.said(rating.t_ns)}", markup=False)


def _say_ratings(desk: Desk, *, json: bool) -> None:
    ratings = desk.store.ratings(desk.person)
    if json:
        console.emit_json({"person": desk.person, "ratings": [_rating_json(desk, rating) for rating in ratings]})
        return
    console.lines((desk.local.said(rating.t_ns), rating.kind, str(rating.value)) for rating in ratings)


def _rating_json(desk: Desk, rating: Rating) -> dict[str, Any]:
    return {**asdict(rating), "local": desk.local.iso(rating.t_ns)}


# ---------------------------------------------------------------- plan


def plan(
    step: Annotated[str | None, typer.Argument(metavar="STEP", help="The step, in your own words.")] = None,
    kind: Annotated[str | None, _option("--kind", "KIND", "What it will be; exposure_step unless said.", KINDS)] = None,
    at: AheadOption = None,
    until: UntilOption = None,
    planned_distress: PlannedOption = None,
    expectancy: ExpectancyOption = None,
    edit: EditOption = None,
    delete: DeleteOption = None,
    done: Annotated[str | None, _option("--done", "EVENT", "With --edit: the tag that the step became.")] = None,
    revision: RevisionOption = None,
    list_: ListOption = False,
    store: StoreOption = None,
    person: PersonOption = None,
    json: JsonOption = False,
) -> None:
    """Plan a step back into contact.

    Once done, name the tag it became: --edit ID --done EVENT.
    """
    said = _given(step=step, kind=kind, when=at, until=until, planned_distress=planned_distress, expectancy=expectancy)
    _one_of_these(list=list_, edit=edit, delete=delete)
    if done and not edit:
        raise UsageError("--done needs the plan that was done", next_step="write --edit ID --done EVENT; `somalink plan --list` shows both ids")
    if list_:
        with reading(store, person) as desk:
            _say_plans(desk, json=json)
        return
    with telling(store, person) as desk:
        if delete:
            kept = _keep_plan(desk, replace(_seen_plan(desk, delete, revision), state="dropped"))
        elif edit:
            kept = _keep_plan(desk, _replanned(desk, _seen_plan(desk, edit, revision), said, done))
        else:
            kept = _planned(desk, said)
        _say_plan(desk, kept, json=json)


def _planned(desk: Desk, said: dict[str, str]) -> Plan:
    from ingest import tags

    fresh = {key: text for key, text in said.items() if key != "step"}
    made = tags.plan(said.get("step", ""), fresh, id=str(uuid.uuid4()), person=desk.person, now_ns=now_ns(), offset_s=_offset(desk, said, ahead=True))
    with desk.store.transaction() as write:
        write.put_plan(made)
    return made


def _replanned(desk: Desk, plan: Plan, said: Mapping[str, str], done: str | None) -> Plan:
    """The plan with what is said anew; a step that became a tag is done."""
    from ingest.tags import WORDS
    from ingest.when import parse_ahead

    if not said and not done:
        raise UsageError("nothing to change was given", next_step="give the fields that change, or --done EVENT")
    offset_s = _offset(desk, said, ahead=True)
    changed: dict[str, Any] = {key: WORDS[key](said[key]) for key in ("kind", "planned_distress", "expectancy") if said.get(key)}
    changed |= {"step": said["step"].strip()} if said.get("step", "").strip() else {}
    changed |= {name: parse_ahead(said[key], now_ns=now_ns(), offset_s=offset_s) for key, name in (("when", "t_ns"), ("until", "t_end_ns")) if said.get(key)}
    changed |= {"event_id": tag_of(desk, done).id, "state": "done"} if done else {}
    fresh = replace(plan, **changed)
    if fresh.t_end_ns is not None and fresh.t_end_ns < fresh.t_ns:
        raise UsageError("the plan would end before it begins", next_step="give --until a time after --at")
    return fresh


def _seen_plan(desk: Desk, id: str, revision: int | None) -> Plan:
    known = _by_id(desk.store.plans(desk.person), id, "plan")
    return known if revision is None else replace(known, revision=revision)


def _keep_plan(desk: Desk, plan: Plan) -> Plan:
    fresh = replace(plan, revision=plan.revision + 1)
    with desk.store.transaction() as write:
        write.put_plan(fresh)
    return fresh


def _say_plan(desk: Desk, plan: Plan, *, json: bool) -> None:
    if json:
        console.emit_json(_plan_json(desk, plan))
        return
    console.stdout().print(f"{plan.state}: {plan.step}, {desk.local.said(plan.t_ns)}   {plan.id}", markup=False)


def _say_plans(desk: Desk, *, json: bool) -> None:
    plans = desk.store.plans(desk.person)
    if json:
        console.emit_json({"person": desk.person, "plans": [_plan_json(desk, plan) for plan in plans]})
        return
    console.lines((plan.id[:SHORT], desk.local.said(plan.t_ns), plan.state, plan.step, plan.event_id[:SHORT]) for plan in plans)


def _plan_json(desk: Desk, plan: Plan) -> dict[str, Any]:
    return {**asdict(plan), "local": desk.local.iso(plan.t_ns)}


# ---------------------------------------------------------------- what they share


def _given(**said: str | None) -> dict[str, str]:
    """What was typed; an empty text was typed too."""
    return {key: text for key, text in said.items() if text is not None}


def _yes_no(said: bool | None) -> str | None:
    return None if said is None else "yes" if said else "no"


def _one_of_these(**options: object) -> None:
    given = [f"--{name}" for name, value in options.items() if value]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together", next_step="give one of them")


def _offset(desk: Desk, said: Mapping[str, str], *, ahead: bool = False) -> int:
    """The offset that the typed times are meant in."""
    return desk.local.offset_said(said["when"], ahead=ahead) if said.get("when", "").strip() else desk.local.offset_s(now_ns())


def _by_id(known: Iterable[Said], id: str, what: str) -> Said:
    """The one whose id begins so; UsageError when there is none, or more than one."""
    found = [each for each in known if each.id.startswith(id)]
    if len(found) != 1:
        many = "more than one has" if found else "none has"
        raise UsageError(f"{many} the id {id}", next_step=f"`somalink {what} --list` shows ids")
    return found[0]
