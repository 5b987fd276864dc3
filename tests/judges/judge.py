"""Judges requests by the types of the providers' own libraries.

Reads lines of JSON from standard input: {"api": ..., "body": {...}}. Prints one line for each body that its library would
not have sent, and exits with 1 if there is one. A member that the library does not know is a fault too.
"""

import inspect
import json
import sys
import typing

from anthropic.types import message_create_params
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from typing_extensions import is_typeddict

APIS = {
    "chat_completions": completion_create_params.CompletionCreateParamsStreaming,
    "messages": message_create_params.MessageCreateParamsStreaming,
    "responses": response_create_params.ResponseCreateParamsStreaming,
}


def is_model(annotation):
    return inspect.isclass(annotation) and issubclass(annotation, BaseModel)


def forbid_unknown_members(annotation, seen):
    """Goes through a type and all types in it."""
    if is_typeddict(annotation):
        if annotation in seen:
            return
        seen.add(annotation)
        annotation.__pydantic_config__ = ConfigDict(
            extra="forbid", arbitrary_types_allowed=True
        )
        for member in typing.get_type_hints(annotation, include_extras=True).values():
            forbid_unknown_members(member, seen)
    elif is_model(annotation):
        # Some members take an answer's model as it came.
        if annotation in seen:
            return
        seen.add(annotation)
        annotation.model_config = {**annotation.model_config, "extra": "forbid"}
        for member in annotation.model_fields.values():
            forbid_unknown_members(member.annotation, seen)
    for argument in typing.get_args(annotation):
        forbid_unknown_members(argument, seen)


def exhaust(value):
    """Iterables are validated as they are read."""
    if isinstance(value, dict):
        for member in value.values():
            exhaust(member)
    elif not isinstance(value, (str, bytes)) and hasattr(value, "__iter__"):
        for item in value:
            exhaust(item)


def main():
    adapters = {}
    for api, parameters in APIS.items():
        seen = set()
        forbid_unknown_members(parameters, seen)
        for model in filter(is_model, seen):
            model.model_rebuild(force=True)
        adapters[api] = TypeAdapter(parameters)
    faults = 0
    for number, line in enumerate(sys.stdin, 1):
        judged = json.loads(line)
        try:
            exhaust(adapters[judged["api"]].validate_python(judged["body"]))
        except ValidationError as error:
            faults += 1
            reasons = {f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()}
            print(f"{number}: {judged['api']}: {'; '.join(sorted(reasons))}")
    sys.exit(1 if faults else 0)


main()
