"""The page as somebody lives with it: a real server, a real browser, a strap that is a program. Nothing is answered in the server's place."""

import json
import math
import re
import time
from contextlib import contextmanager

import pytest
from browser import DESK, PERSON, PHONE, Program, chromium, needs_chromium, past_week, until, visitor, when
from reported import month, nothing
from served import served
from strap_program import ROOT

from somalink.storage.local import LocalStore

pytestmark = [pytest.mark.e2e, pytest.mark.slow, needs_chromium]

AXE = ROOT / ".venv" / "axe.min.js"
AS_BEFORE = "--no-movement"
"""The week before was worn with a plain strap, and its usual is a plain strap's: one that tells of movement begins its own."""
OPENING = 5
"""Points that come while the page still reads its day: what is told then is drawn with it."""
VIEWS = ("/", "/weeks", "/breathe", "/prompts", "/settings", "/welcome")


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with Program(folder, past_week(folder / "store.db"), AS_BEFORE) as running:
        yield running


@pytest.fixture
def page(browser, program):
    with visitor(browser, program.link()) as joined:
        yield joined
        assert joined.faults == []


@pytest.fixture
def alone(tmp_path):
    """A program of its own: what is asked in one test must not stand open in another."""
    with Program(tmp_path, past_week(tmp_path / "store.db", days=2), AS_BEFORE) as running:
        yield running


@pytest.fixture
def moving(tmp_path):
    """The same, and its strap tells of movement."""
    with Program(tmp_path, past_week(tmp_path / "store.db", days=2)) as running:
        yield running


@pytest.fixture
def asked(browser, alone):
    with visitor(browser, alone.link()) as joined:
        past_the_first_screen(joined)
        yield joined
        assert joined.faults == []


def tags(program: Program, kind: str) -> list:
    with program.kept() as store:
        return [event for event in store.events(PERSON) if event.kind == kind and event.source == "page"]


def past_the_first_screen(page) -> None:
    """After ten minutes away the kinds stand before the charts, so that a tag is blind."""
    page.locator(".now-page").wait_for()
    if page.locator("dialog.sheet.first[open]").count():
        page.locator("dialog.sheet.first .look").click()


def tap(page, kind: str) -> None:
    """In the dock if it is one of the four used most, else among all twelve."""
    docked = page.locator(f".dock [data-kind={kind}]")
    if docked.count():
        docked.click()
    else:
        page.locator(".dock .all").click()
        page.locator(f"dialog.sheet [data-kind={kind}]").click()


# ---------------------------------------------------------------- joining


def test_a_link_lets_one_browser_in_once_and_without_one_nothing_is_shown(browser, program):
    link = program.link()
    with visitor(browser, link) as first:
        assert "/join" not in first.url
    second = browser.new_context().new_page()
    second.goto(link)
    second.get_by_text("does not open the page any more").wait_for()
    assert "#" not in second.url, "the token is not left in the address bar"
    refused = second.request.get(f"{program.url}/api/v1/status")
    assert refused.status == 401
    second.goto(f"{program.url}/")
    second.wait_for_url("**/join")
    second.context.close()


# ---------------------------------------------------------------- now


def test_the_strap_is_heard_and_the_body_is_told_in_words_with_nothing_else_on_the_line(page):
    past_the_first_screen(page)
    when(page, "/connected/i.test(document.querySelector('.status .said').textContent)")
    when(page, "/usual|judged/i.test(document.querySelector('.now h1').textContent)")
    assert page.title() == "Now · somalink"


def test_a_value_is_drawn_within_a_tenth_of_a_second_of_its_notification(page, figures):
    past_the_first_screen(page)
    late = page.evaluate(
        """async () => { const { app } = await import('/static/js/app.js'); const end = Date.now() + 60000;
        while (app.drawn.length < 35 && Date.now() < end) await new Promise(r => setTimeout(r, 200));
        return app.drawn.map(d => d.late_ms); }"""
    )
    late = sorted(late[OPENING:])
    p50, p95 = late[len(late) // 2], late[int(len(late) * 0.95)]
    figures(f"{len(late)} points; from notification to drawn, ms: p50 {p50:.0f}, p95 {p95:.0f}, worst {late[-1]:.0f}")
    assert len(late) >= 15


# ---------------------------------------------------------------- tags


def test_one_tap_keeps_a_tag_and_it_can_be_filled_in_and_taken_back(page, program):
    past_the_first_screen(page)
    tap(page, "conflict")
    made = until(lambda: tags(program, "conflict"), "the tag in the store")[-1]
    assert abs(made.t_ns - time.time_ns()) < 60e9
    page.locator(".toast").get_by_role("button", name="Add more").click()
    page.locator("dialog.sheet").get_by_role("radio", name="6", exact=True).first.check(force=True)
    page.locator("dialog.sheet .btn.go").click()
    until(lambda: tags(program, "conflict")[-1].distress == 6, "the number in the store")
    page.locator(f"[data-tag='{made.id}']").click()
    page.locator("dialog.sheet").get_by_role("button", name="Delete").click()
    until(lambda: all(event.id != made.id for event in tags(program, "conflict")), "the tag is gone")


def test_a_tag_made_offline_is_kept_and_arrives_once(page, program):
    past_the_first_screen(page)
    before = len(tags(program, "criticism"))
    page.context.set_offline(True)
    tap(page, "criticism")
    page.locator(".toast", has_text="Kept here").wait_for()
    assert len(tags(program, "criticism")) == before
    page.context.set_offline(False)
    until(lambda: len(tags(program, "criticism")) == before + 1, "the tag arrives")
    page.reload()
    past_the_first_screen(page)
    page.wait_for_timeout(1500)
    assert len(tags(program, "criticism")) == before + 1
    page.faults.clear()


def test_a_tag_of_one_tab_shows_in_another(page, program):
    past_the_first_screen(page)
    other = page.context.new_page()
    other.goto(program.url)
    past_the_first_screen(other)
    page.locator(".dock .kind").first.click()
    kind = page.locator(".dock .kind").first.get_attribute("data-kind")
    until(lambda: tags(program, kind), "the tag in the store")
    other.locator(".tagrow").first.wait_for()
    other.close()


# ---------------------------------------------------------------- prompts


def test_a_prompt_is_answered_and_what_was_said_is_in_the_ledger(asked, alone):
    row = alone.ask()
    asked.locator(".prompt.ask").wait_for(timeout=30_000)
    assert "Anything going on?" in asked.locator(".prompt.ask").inner_text()
    asked.get_by_role("button", name="This didn’t fit").click()
    until(lambda: answered(alone, row.id) == "wrong", "the answer in the ledger")
    asked.locator(".prompt.ask").wait_for(state="hidden")


def test_a_prompt_that_nobody_answers_goes_by_itself_and_is_not_held_against_anybody(asked, alone):
    row = alone.ask(ago_s=580)
    asked.locator(".prompt.ask").get_by_text("Anything going on?").wait_for(timeout=30_000)
    asked.locator(".prompt.ask").get_by_text("Anything going on?").wait_for(state="hidden")
    until(lambda: answered(alone, row.id) == "expired", "its end in the ledger")
    asked.locator(".prompt.ask").get_by_text("Ten minutes on").wait_for(timeout=30_000)
    asked.get_by_role("button", name="Skip").click()


def test_who_says_no_to_moving_is_asked_on_and_who_says_yes_is_thanked(asked, alone):
    row = alone.ask(screen="asked")
    asked.locator(".prompt.ask").get_by_text("Were you moving just now?").wait_for(timeout=30_000)
    asked.get_by_role("button", name="Yes, moving").click()
    asked.locator(".prompt.ask").get_by_text("Thank you").first.wait_for()
    until(lambda: answered(alone, row.id) == "moving", "the answer in the ledger")


def answered(program: Program, id: str) -> str:
    with program.kept() as store:
        return next((row.answer for row in store.prompts(PERSON) if row.id == id), "")


def test_not_now_for_an_hour_keeps_it_quiet(asked, alone):
    row = alone.ask()
    asked.locator(".prompt.ask").wait_for(timeout=30_000)
    asked.get_by_role("button", name="Not now").click()
    asked.get_by_role("button", name="One hour").click()
    assert until(lambda: quiet_until(alone), "quiet for a while") - time.time_ns() > 50 * 60e9
    assert answered(alone, row.id) == "not_now"


def quiet_until(program: Program) -> int:
    with program.kept() as store:
        return max((int(setting.value) for setting in store.settings(PERSON) if setting.key == "not_now_until"), default=0)


# ---------------------------------------------------------------- breathing


def test_the_pacer_runs_is_stopped_and_the_session_is_kept(page, program):
    page.goto(f"{program.url}/breathe")
    page.locator("button.begin").click()
    page.locator("[data-running]").wait_for()
    when(page, "/Breathe (in|out)/i.test(document.body.innerText)")
    page.wait_for_timeout(6500)
    page.get_by_role("button", name="Stop").click()

    def kept() -> bool:
        with program.kept() as store:
            return any(session.kind == "breathing" for session in store.sessions(PERSON))

    until(kept, "the session in the store")


# ---------------------------------------------------------------- my weeks


def seen_at(page) -> int | None:
    found = page.evaluate(f"localStorage.getItem('somalink.seen.{PERSON}')")
    return None if found is None else int(float(found))


@pytest.fixture
def told(browser, tmp_path):
    """`with told(month()) as page`: my weeks, with these findings."""

    @contextmanager
    def opened(report, *, path="/weeks", **how):
        with served(tmp_path, lambda weeks: report) as (place, store), visitor(browser, place.link(PERSON), **how) as page:
            page.goto(f"{place.url}{path}")
            page.store = store
            yield page
            assert page.faults == []

    return opened


def test_my_weeks_say_what_stood_out_and_what_cannot_be_said_yet(told):
    with told(month()) as page:
        page.locator(".gist").wait_for()
        assert page.locator(".gist").inner_text().startswith("Worn on 25 of 28 days, 11.1 hours a day. After conflict and criticism your arousal was higher")
        rows = {row.get_attribute("data-group"): row.inner_text() for row in page.locator(".plot-line").all() if row.is_visible()}
        assert "+1.3 (+1.0 to +1.6) higher than matched" in rows["kind:conflict"] and "too few: 6 of 8" in rows["kind:ignored"]
        assert "listed only: 3 of 8" in rows["kind:rejection"] and "not told apart" in rows["kind:connection"]
        text = page.locator("main").inner_text()
        assert "Half-way back in 14 minutes" in text and "About 22 more would settle a medium one" in text and "happened 2 of 10" in text
        assert not re.search(r"\bp\s*[=<]|caus|trigger|stress|signific", text, re.IGNORECASE)
        assert seen_at(page) is not None


def test_a_kind_lists_its_moments_and_a_moment_says_what_it_is_matched_with_by_keyboard_alone(told):
    with told(month()) as page:
        row = page.locator("[data-group='kind:conflict']")
        row.focus()
        page.keyboard.press("Enter")
        assert row.get_attribute("aria-expanded") == "true"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("dialog.matched .matches tbody tr").first.wait_for()
        assert page.locator("dialog.matched tbody tr").count() == 10
        assert page.evaluate("document.activeElement.id") == "match-title"
        assert "This moment: +1.1 SD" in page.locator("dialog.matched").inner_text()
        page.keyboard.press("Escape")
        page.locator("dialog.matched").wait_for(state="hidden")
        assert page.evaluate("document.activeElement.dataset.event !== undefined"), "back where one was"


def test_somebody_with_nothing_is_told_so_and_has_seen_nothing_of_the_findings(told):
    with told(nothing()) as page:
        page.get_by_text("Nothing to compare yet").wait_for()
        assert page.locator(".plot-line").count() == 0


def test_a_longer_span_is_asked_for_by_a_tap(browser, tmp_path):
    asked = []
    with (
        served(tmp_path, lambda weeks: asked.append(weeks) or month()) as (place, _),
        visitor(browser, place.link(PERSON)) as page,
    ):
        page.goto(f"{place.url}/weeks")
        page.locator(".gist").wait_for()
        page.get_by_role("button", name="a year").click()
        until(lambda: asked == [4, 52], "the year's findings")
        assert page.get_by_role("button", name="a year").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_my_weeks_have_no_fault_that_axe_finds_open_or_closed_and_fit(told, viewport, scheme):
    with told(month(), viewport=viewport, color_scheme=scheme, bypass_csp=True) as page:
        page.locator(".others summary").click()
        page.locator("[data-group='kind:conflict']").click()
        page.add_script_tag(path=str(AXE))
        check = "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.target.join(' ')).slice(0, 3)])"
        assert page.evaluate(check) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("[data-event]").first.click()
        page.locator("dialog.matched tbody tr").first.wait_for()
        assert page.evaluate(check) == []
        page.keyboard.press("Escape")
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "from right to left too"


def test_who_stands_for_their_chest_sensor_is_told_what_came_of_it(browser, moving):
    with visitor(browser, moving.link()) as page:

        def sensor() -> str:
            with page.expect_response("**/api/v1/upright") as answer:
                page.goto(f"{moving.url}/settings")
            return answer.value.json()["device"]

        def stand(word: str) -> tuple[int, float]:
            """What is kept of it: for the how manieth time, and how hard the earth pulled, in mg."""
            card.get_by_role("button", name=word).click()
            card.get_by_text("Stay still").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            card.get_by_text("Thank you. It knows which way is up now.").wait_for()
            with moving.kept() as store:
                told = max((each for each in store.settings(PERSON) if each.key.startswith("upright/")), key=lambda each: each.revision)
            return told.revision, math.hypot(*map(int, told.value.split())) / 100

        until(sensor, "a chest sensor that is recorded")
        card = page.locator("#upright")
        assert card.get_by_role("status").inner_text() == ""

        page.goto(f"{moving.url}/welcome?step=1")
        forth = page.locator(".forth .btn").last
        for heading in ("You decide, one by one", "What your heart lives with", "Ten minutes to meet your body"):
            forth.click()
            page.get_by_role("heading", name=heading).wait_for()
        card.get_by_role("button", name="Stand for ten seconds").click()
        forth.click()
        page.get_by_role("heading", name="When may it ask?").wait_for()
        assert card.count() == 0, "passed over, even half-way"
        page.get_by_role("button", name="Back").click()
        again, pull_mg = stand("Stand for ten seconds")
        assert again == 1 and 900 < pull_mg < 1100
        page.get_by_role("button", name="Start with sitting").click()
        page.get_by_text("Sit quietly.", exact=True).wait_for()
        assert card.count() == 0, "nobody is asked to sit and to stand"
        page.get_by_role("button", name="Stop").click()
        card.get_by_text("It knows: you stood for it on").wait_for()

        page.goto(f"{moving.url}/settings")
        card.get_by_text("It knows: you stood for it on").wait_for()
        assert stand("Do it again")[0] == 2
        assert page.faults == []


def test_without_a_chest_sensor_the_first_days_ask_nobody_to_stand_for_it(told):
    with told(month(), path="/welcome?step=4") as page:
        page.get_by_text("another day, under Settings").wait_for()
        assert not page.locator("#upright").is_visible()


def test_what_a_report_may_contain_is_chosen_and_the_report_is_a_file(told):
    with told(month(), path="/settings#report") as page:
        card = page.locator("#report")
        card.get_by_role("switch", name="My notes and own words").click(force=True)
        card.get_by_text("only these days").click()
        card.locator("input[type=date]").first.fill("2026-02-10")
        card.locator("input[type=date]").last.fill("2026-02-20")
        card.locator("input[type=date]").last.dispatch_event("change")

        def chosen() -> dict[str, str]:
            return {setting.key: setting.value for setting in page.store.profile(PERSON)}

        until(lambda: chosen().get("report_spans") == "2026-02-10/2026-02-20" and chosen().get("report_notes") == "yes", "the choices in the store")
        with page.expect_download() as kept:
            card.get_by_role("button", name="Make a report").click()
        assert kept.value.suggested_filename == "somalink-4-weeks.html"
        card.get_by_text("Your browser has kept it").wait_for()


def test_a_planned_step_is_asked_what_it_came_to_and_the_number_arrives_once_from_offline_too(told):
    with told(month(), path="/") as page:
        past_the_first_screen(page)
        tap(page, "exposure_step")
        page.locator(".toast").get_by_role("button", name="Add more").click()
        page.context.set_offline(True)
        sheet = page.locator("dialog.sheet[open]")
        sheet.locator("label", has=page.locator("input[name=f-outcome][value='3']")).click()
        sheet.locator(".btn.go").click()
        page.locator(".tagrow", has_text="of what was feared 3").wait_for()
        page.context.set_offline(False)

        def outcomes() -> list:
            return [rating for rating in page.store.ratings(PERSON) if rating.kind == "outcome"]

        until(outcomes, "the number in the store")
        [event] = [each for each in page.store.events(PERSON) if each.kind == "exposure_step"]
        assert [(rating.value, rating.prompt_id) for rating in outcomes()] == [(3, f"event/{event.id}")]
        page.locator(f"[data-tag='{event.id}']").click()
        assert sheet.get_by_role("radiogroup", name="How much of what you feared happened?").get_by_role("radio", name="3", exact=True).is_checked()
        sheet.locator(".btn.go").click()
        page.wait_for_timeout(500)
        assert len(outcomes()) == 1, "looked at again, it is not said again"
        page.faults.clear()


# ---------------------------------------------------------------- everywhere


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_fault_that_axe_finds_or_scrolls_sideways(browser, program, viewport, scheme):
    with visitor(browser, program.link(), viewport=viewport, color_scheme=scheme, bypass_csp=True) as page:
        for view in VIEWS:
            page.goto(f"{program.url}{view}")
            page.locator("main h1, main h2, dialog[open] h2").first.wait_for(state="attached")  # a busy machine takes longer than any pause
            page.wait_for_timeout(1200)
            page.add_script_tag(path=str(AXE))
            found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.target.join(' ')).slice(0, 3)])")
            assert found == [], (view, json.dumps(found))
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        assert [fault for fault in page.faults if "axe" not in fault] == []


def test_everything_of_a_tag_can_be_done_with_the_keyboard(page, program):
    page.locator(".now-page").wait_for()
    if page.locator("dialog.sheet.first[open]").count():
        page.locator("dialog.sheet.first .look").focus()
        page.keyboard.press("Enter")
    kind = None
    for _ in range(80):
        page.keyboard.press("Tab")
        if kind := page.evaluate("document.activeElement.dataset.kind ?? null"):
            break
    before = len(tags(program, kind))
    page.keyboard.press("Enter")
    until(lambda: len(tags(program, kind)) == before + 1, "the tag in the store")


def test_the_page_comes_back_by_itself_when_the_program_does(browser, tmp_path):
    with Program(tmp_path, past_week(tmp_path / "store.db", days=2)) as program, visitor(browser, program.link()) as page:
        past_the_first_screen(page)
        page.evaluate("import('/static/js/app.js').then(m => { window.watched = []; m.app.listeners.add(name => window.watched.push(name)); })")
        port = re.search(r":(\d+)$", program.url)[1]
        program.end()
        when(page, "window.watched.includes('lost')")
        program.start(port=port)
        when(page, "window.watched.lastIndexOf('open') > window.watched.lastIndexOf('lost')")
        when(page, "window.watched.lastIndexOf('now') > window.watched.lastIndexOf('lost')")


def test_two_people_on_one_server_never_see_each_other(browser, program):
    with LocalStore.open(program.store) as store, store.transaction() as write:
        from somalink.domain.types import Setting

        write.put_setting(Setting("bea", "introduced", "yes", 1))
    with visitor(browser, program.link()) as ada, visitor(browser, program.link("bea")) as bea:
        past_the_first_screen(ada)
        ada.locator(".dock .kind").first.click()
        with program.kept() as store:
            event = store.events(PERSON)[-1]
        assert bea.evaluate("fetch('/api/v1/status').then(r => r.json()).then(s => s.person)") == "bea"
        status = bea.evaluate(
            f"fetch('/api/v1/events/{event.id}', {{method: 'PUT', headers: {{'X-Somalink': '1', 'Content-Type': 'application/json'}}, "
            "body: JSON.stringify({revision: 1, made_at_ns: '1', distress: 9})}).then(r => r.status)"
        )
        assert status in (400, 403, 404)
        mine = bea.evaluate("fetch('/api/v1/events?from_ms=0&to_ms=34000000000').then(r => r.json())")
        assert all(each["id"] != event.id for each in mine) if isinstance(mine, list) else True
        bea.faults.clear()
