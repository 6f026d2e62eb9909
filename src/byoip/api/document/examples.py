"""Examples of answers, made of the examples that the models carry."""

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel

_WITH_EPOCH = {"EventListAnswer", "AccountEventListAnswer"}
_EPOCH = "6f9c2b1e4d3a48d7b0a1c2e3f4051627"


def success_example(answer: type[BaseModel]) -> dict[str, Any]:
    """The answer's envelope around the example of its result's model."""
    result = answer.model_fields["result"].annotation
    envelope: dict[str, Any] = {"success": True, "errors": [], "messages": []}
    if items := get_args(result):
        info: dict[str, Any] = {"count": 1, "per_page": 50, "cursor": None}
        members = _members(answer.model_fields["result_info"].annotation)
        if "total_count" in members:
            info["total_count"] = 1
        if "page" in members:
            info = {"count": 1, "page": 1, "per_page": 50, "total_count": 1}
        if "epoch" in members:
            info["epoch"] = _EPOCH if answer.__name__ in _WITH_EPOCH else None
        return envelope | {"result": model_examples(items[0]), "result_info": info}
    examples = model_examples(result)
    return envelope | {"result": examples[0] if examples else None}


def model_examples(model: object) -> list[Any]:
    """The examples in a model's schema."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    extra = model.model_config.get("json_schema_extra")
    examples = extra.get("examples") if isinstance(extra, dict) else None
    return examples if isinstance(examples, list) else []


def _members(model: object) -> Iterable[str]:
    return model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else ()
