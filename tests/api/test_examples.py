"""Every body that the OpenAPI document tells of is shown by an example, and the example holds."""

import email
import inspect
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from app.api.access import operations
from app.api.examples import OF_MODELS, OF_OPERATIONS
from app.api.guard import shape_of
from app.kit.db import Database
from app.main import create_app
from app.sla.ladder import Ladder
from app.sla.oncall import Schedule
from app.sla.policy import Policy
from tests.harness.world import World


@pytest.fixture
def app(sqlite_db: Database) -> FastAPI:
    world = World(sqlite_db)
    return create_app(world.db, world.house, world.clock)


def bodies(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation that takes a body, with each media type and what is told of it."""
    for methods in app.openapi()["paths"].values():
        for one in methods.values():
            for media_type, content in one.get("requestBody", {}).get("content", {}).items():
                yield one["operationId"], media_type, content


def test_every_body_has_an_example_that_its_schema_takes(app: FastAPI) -> None:
    components = app.openapi()["components"]
    without, wrong, seen = [], [], 0
    for operation, media_type, content in bodies(app):
        seen += 1
        if "example" not in content:
            without.append(f"{operation} {media_type}")
            continue
        schema = {**content.get("schema", {}), "components": components}
        judge = jsonschema_rs.validator_for(schema, validate_formats=True)
        wrong += [f"{operation}: {one.message}" for one in judge.iter_errors(content["example"])]
    assert seen > 70
    assert not without
    assert not wrong


def test_every_example_is_taken_by_what_reads_the_request(app: FastAPI) -> None:
    shown = {operation: content["example"] for operation, _, content in bodies(app)}
    read = 0
    for one in operations(app):
        shape = shape_of(one.endpoint)
        if shape is None or one.operation not in shown:
            continue
        body = inspect.signature(shape.endpoint).parameters["body"].annotation
        if isinstance(body, type) and issubclass(body, BaseModel):
            # The schema knows nothing of what validators refuse.
            body.model_validate_json(json.dumps(shown[one.operation]))
            read += 1
    assert read > 70


def test_documents_within_examples_are_whole(app: FastAPI) -> None:
    assert Policy.from_toml(OF_MODELS["PolicyIn"]["toml"]).name == "standard"
    assert Ladder.from_toml(OF_MODELS["LadderIn"]["toml"]).name == "default"
    schedule = OF_OPERATIONS["save_schedule", "application/json"]
    assert Schedule.from_dict({"name": "desk", **schedule}).everybody
    mail = email.message_from_string(OF_OPERATIONS["hand_over_email", "message/rfc822"])
    assert mail["Message-ID"]
    assert not mail.defects


def test_no_example_is_of_a_body_that_is_gone(app: FastAPI) -> None:
    told = list(bodies(app))
    models = {content.get("schema", {}).get("$ref", "").rpartition("/")[2] for *_, content in told}
    assert set(OF_MODELS) <= models
    assert set(OF_OPERATIONS) <= {(operation, media_type) for operation, media_type, _ in told}
