"""The published interface is what is served: asked by a program that makes things up, it never fails and never answers what it does not name."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from house import HOST, ORIGIN, House, house_in
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from reported import Reported, month
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from dashboards.live.app import application
from dashboards.live.door import Limits

STREAMS = "/api/v1/(stream|breath)"
"""They never end; what they say has tests of its own."""
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance)
EACH = 10
OURS = {"host": HOST, "origin": ORIGIN, "x-somalink": "1"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = house_in(tmp_path_factory.mktemp("house"))
    made.app = application(Reported(made.desk, month()), made.guests, made.place)
    made.app.limits = Limits(joins=10**6, writes=10**6, reads=10**6)
    with made.store:
        yield made


@pytest.fixture(scope="module")
def cookie(house: House) -> str:
    return house.browser("ada").cookie


def test_whatever_is_asked_the_answer_is_one_that_was_published(house, cookie):
    interface = schemathesis.openapi.from_asgi("/openapi.json", house.app, headers=OURS).exclude(path_regex=STREAMS)
    asked: dict[str, set[int]] = {}
    operations = [(found.ok(), mode) for found in interface.get_all_operations() for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    for operation, mode in operations:

        @settings(max_examples=EACH, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            answer = case.call(headers=OURS | {"cookie": cookie})
            asked.setdefault(case.operation.label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
            ask()
    assert len(asked) >= 20 and {200, 201, 404, 422} <= set().union(*asked.values())
