"""Tables of what a person said beside tags: read to the row, or left out with a notice that names the line."""

import csv
import io

import pytest
from recording_folders import folder

from ingest.recording import read_folder
from ingest.said import TABLES, read
from ingest.tables import rows
from somalink.domain.types import Answer, Plan, Prompt, Rating, Session

RR = "t_s,rr_ms\n1,1000\n2,1000\n"
START_NS = 1_772_352_000 * 10**9


def told(table: str, text: str):
    """(records, notices) of a table given as text."""
    header, lines = rows(table, text)
    return read(table, f"{table}.csv", header, lines, person="ada")


def test_what_else_the_person_said_comes_with_the_folder(tmp_path):
    ratings = f"id,person,t_ns,kind,value,prompt_id,blind\nu1,x,{START_NS},belonging,7,,1\nu2,x,{START_NS},mood,7,,\n"
    whole = read_folder(folder(tmp_path, rr=RR, ratings=ratings))
    assert [(said.person, said.kind, said.value, said.blind) for said in whole.said] == [("ada", "belonging", 7, True)]
    assert whole.notices == ("ratings.csv, line 3: rating 'mood' is not known; the row was left out",)


@pytest.mark.parametrize(
    ("table", "text", "record"),
    [
        ("ratings", "id,person,t_ns,kind,value,prompt_id,blind\nr,eve,5,distress,0,p,0\n", Rating("r", "ada", 5, "distress", 0, 5, "p", False)),
        ("ratings", "id,t_ns,kind,value,received_ns\nr,5,comfort,10,\n", Rating("r", "ada", 5, "comfort", 10, 5)),
        ("answers", "prompt_id,person,answer,received_ns\np,eve,not now,7\n", Answer("p", "ada", "not now", 7)),
        (
            "sessions",
            "id,revision,person,start_ns,stop_ns,kind,rate,in_s,ex_s,prompt_id,outcome\ns,2,eve,1,9,breathing,5.5,4,7,,done\n",
            Session("s", "ada", 1, 9, "breathing", 2, 5.5, 4.0, 7.0, "", "done"),
        ),
        (
            "plans",
            'id,revision,person,step,kind,t_ns,t_end_ns,planned_distress,expectancy,event_id,state\nq,1,eve,"ask, once",group,3,,6,,,done\n',
            Plan("q", "ada", "ask, once", "group", 3, planned_distress=6, state="done"),
        ),
        (
            "prompts",
            "id,person,t_ns,trigger,episode_id,eligible,reason,arm,probability,seed,shown_ns,answer,answered_ns\nw,eve,4,random,,1,,offer,0.6,ab,5,,\n",
            Prompt("w", "ada", 4, "random", "", True, "", "offer", 0.6, "ab", 5),
        ),
    ],
)
def test_a_row_of_every_table_becomes_what_the_person_said(table, text, record):
    assert told(table, text) == ([record], [])


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("ratings", {"t_ns": "5", "kind": "distress", "value": "11", "id": "r"}),
        ("ratings", {"t_ns": "5.5", "kind": "distress", "value": "1", "id": "r"}),
        ("ratings", {"t_ns": "9" * 30, "kind": "distress", "value": "1", "id": "r"}),
        ("ratings", {"kind": "distress", "value": "1", "id": "r"}),
        ("sessions", {"start_ns": "1", "stop_ns": "9", "kind": "running", "id": "s"}),
        ("sessions", {"start_ns": "1", "stop_ns": "9", "kind": "breathing", "rate": "nan", "id": "s"}),
        ("sessions", {"start_ns": "1", "stop_ns": "9", "kind": "breathing", "revision": "0", "id": "s"}),
        ("sessions", {"start_ns": "9", "stop_ns": "1", "kind": "breathing", "id": "s"}),
        ("plans", {"t_ns": "soon", "step": "x", "kind": "group", "id": "q"}),
        ("prompts", {"t_ns": "4", "eligible": "perhaps", "id": "w"}),
        ("answers", {"answer": "yes", "prompt_id": "p"}),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_and_its_neighbours_stay(table, row):
    good = {"ratings": "r,5,distress,1", "sessions": "s,1,9,breathing", "plans": "q,5,x,group", "prompts": "w,4,1", "answers": "p,5,yes"}[table]
    names = {"ratings": "id,t_ns,kind,value", "sessions": "id,start_ns,stop_ns,kind", "plans": "id,t_ns,step,kind", "prompts": "id,t_ns,eligible"}
    columns = names.get(table, "prompt_id,received_ns,answer").split(",")
    everything = [*columns, *(name for name in row if name not in columns)]
    text = io.StringIO()
    writer = csv.DictWriter(text, everything)
    writer.writeheader()
    writer.writerow(row)
    writer.writerow(dict(zip(columns, good.split(","), strict=True)))
    records, notices = told(table, text.getvalue())
    assert [type(record) for record in records] == [TABLES[table].record]
    assert len(notices) == 1
    assert notices[0].startswith(f"{table}.csv, line 2: ")


def test_a_column_nobody_knows_is_left_out_with_one_notice():
    records, notices = told("answers", "prompt_id,received_ns,answer,mood\np,5,yes,fine\nq,6,no,fine\n")
    assert len(records) == 2
    assert notices == ["answers.csv: column 'mood' is not known and was left out"]
