"""The OpenAPI document holds: whatever it allows is answered as it says, and never with a fault.

schemathesis makes requests out of the document itself, so many of each operation, and asks the
real application on a real database. What it looks for: a fault of ours, a status or a header that
the document does not tell of, and an answer that is not of the shape it promises. Every role asks,
since what one may not do, or sees less of, is answered by other code.
"""

import os
import warnings
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.access import operations
from app.api.context import RANK
from app.api.limits import Buckets
from app.main import create_app
from app.models import Role
from tests.harness.world import World

# So many requests are made of each operation; who has time asks for more.
EXAMPLES = int(os.environ.get("SVARTID_FUZZ_EXAMPLES", "3"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# It never ends by itself.
STREAMS = {"list_events"}


@pytest.fixture
def app(world: World) -> FastAPI:
    """The application of a world with some tickets in it."""
    world.mail()
    world.mail(message_id="<2@fjellbod.example>", subject="Noe annet")
    world.process_all()
    world.postman.taken.clear()
    return create_app(world.db, world.house, world.clock)


def test_every_operation_says_what_a_client_needs(app: FastAPI) -> None:
    document = app.openapi()
    assert not [name for name in document["components"]["schemas"] if "__" in name], (
        "two models have one name: a generated client would lose one of them"
    )
    told = {tag["name"] for tag in document["tags"]}
    names = []
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            names.append(one["operationId"])
            assert set(one["tags"]) <= told
            assert one["description"].strip(), f"{method} {path}"
            if path.startswith("/api/v1") and not path.startswith("/api/v1/sign-in"):
                assert {"401", "403", "429", "503"} <= set(one["responses"]), f"{method} {path}"
            if method == "post" and path.startswith("/api/v1") and "sign-in" not in path:
                assert "Idempotency-Key" in [p["name"] for p in one["parameters"]], path
    assert len(names) == len(set(names))
    described = {one.operation for one in operations(app) if one.in_schema}
    assert described == set(names)


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("role", list(Role))
def test_what_the_document_allows_is_answered_as_it_says(
    world: World, app: FastAPI, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Buckets, "take", lambda *_, **__: None)
    asking = world.hire("Den som spør", "spør@desk.example", role)
    token = world.web(asking).headers["Authorization"]
    may = {
        one.operation: one.role is None or RANK[role] >= RANK[one.role] for one in operations(app)
    }
    document = schemathesis.openapi.from_asgi("/openapi.json", app)
    wrong: list[str] = []
    asked = 0
    for found in document.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        if name in STREAMS:
            continue

        @given(case=operation.as_strategy())
        @settings(
            # Whoever may not do it at all is told so, whatever the request says.
            max_examples=EXAMPLES if may[name] else 1,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Case) -> None:
            nonlocal asked
            let_in = may[case.operation.definition.raw["operationId"]]
            # What only some fields are shown of has not the shape of the whole.
            if case.query:
                case.query.pop("fields", None)
            asked += 1
            try:
                response: Any = case.call(headers={"Authorization": token})
                case.validate_response(response, checks=CHECKS)
                if not let_in and response.status_code < 400:
                    wrong.append(f"{case.method} {case.path}: done for the role {role.value}")
            except BaseExceptionGroup as several:
                wrong.extend(f"{case.method} {case.path}: {one}" for one in several.exceptions)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of ours
                wrong.append(f"{case.method} {case.path}: {error!r}")

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ask()
    world.postman.taken.clear()
    for phones in world.phones.values():
        phones.taken.clear()
    assert asked > 100
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(sorted(set(wrong)))[:6000]
