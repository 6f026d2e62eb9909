"""What operators hold on to: settings, commands, exit codes, and the jobs of workers."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from enum import EnumMeta
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from tests.net import today
from tests.net.held import hold, line, without_prose

# A text for each setting that may stand in the environment.
_TEXTS = {int: "7", bool: "true", float: "0.5", str: "some-text", Path: "/some/where"}
_APART = {
    "ORIGIN_ASNS": "AS64500, 64501",
    "ANNOUNCING_ASN": "AS64500",
    "UPSTREAM_ASNS": "AS64502, 64503",
    "NEIGHBOUR_ASNS": "AS64504, 64505",
    "DATABASE_URL": "postgresql://a@b/c",
    "PUBLIC_URL": "https://byoip.example",
    "IPV4_LENGTHS": "9-23",
    "IPV6_LENGTHS": "32",
    "INFRASTRUCTURE": "192.0.2.0/24, 2001:db8::/32",
    "WAIVE_IRR_AT": "",
    "RESOLVERS": "127.0.0.1, [::1]:53",
    "CONTACTABLE": "127.0.0.0/8",
    "PROOF_DAYS": "200",
    "PERSPECTIVE_NAME": "ams",
    "PERSPECTIVE_REGION": "ripencc",
    "PERSPECTIVE_CALLERS": "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
    "WEBHOOK_PORTS": "443, 8443",
    "WEBHOOK_CONTACTABLE": "127.0.0.0/8",
    "CORS_ORIGINS": "https://portal.example.net, http://localhost:3000",
    "RPKI_FEED_URL": "https://feed.example/vrps.json",
    "RPKI_ANCHORS": "ripe,arin",
    "SPEAKERS": "127.0.0.1:50051, 127.0.0.2:50051",
    "NEXT_HOP4": "192.0.2.1",
    "NEXT_HOP6": "2001:db8::1",
    "DATABASE_CONNECTIONS": "9",
    "RPKI_TIMEOUT_SECONDS": "70",
    "PORT": "8081",
    "SMTP_SECURITY": "tls",
    "OIDC_SCOPES": "openid,groups",
    "OIDC_HOSTS": "keys.example, tokens.example:8443",
    "OIDC_RECHECK_MINUTES": "20",
    "RECONCILE_SECONDS": "7",
    "ABSENT_SECONDS": "7",
}
_PAIRS = (
    {"LETTER_KEY": "/k.pem", "LETTER_CERTIFICATE": "/c.pem"},
    {"SMTP_HOST": "mail.example.net", "MAIL_FROM": "byoip@example.net"},
    {
        "OIDC_ISSUER": "https://sso.example/realm",
        "OIDC_CLIENT_ID": "byoip",
        "OIDC_CLIENT_SECRET": "/oidc-secret",
    },
    {"SMTP_USER": "byoip", "SMTP_PASSWORD": "/smtp-password"},
)
_TOGETHER = {name: pair for pair in _PAIRS for name in pair}
# Structures stand in the file only.
_STRUCTURES = {"SERVICES", "REGISTRIES", "REGISTRY_OVERRIDES", "STATISTICS_URLS", "LISTENERS"}
_STRUCTURES |= {"NATIONAL_REGISTRIES", "RDAP_URLS", "PERSPECTIVES", "OIDC_GROUPS"}


_OURS = {"type": "read by us"}


class Lenient(GenerateJsonSchema):
    """Values that only we can read are shown as such; their classes' names are free."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's signature
        return dict(_OURS)

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's signature
        return dict(_OURS)


def shown(value: Any) -> Any:
    """A setting's value; what is of a class of ours as its text."""
    if isinstance(value, BaseModel):
        return {name: shown(one) for name, one in value}
    if isinstance(value, Mapping):
        return {name: shown(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [shown(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def resolved(schema: Any, known: Mapping[str, Any]) -> Any:
    """References replaced by what they refer to."""
    if isinstance(schema, list):
        return [resolved(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return resolved(known[reference.rpartition("/")[2]], known)
    return {key: resolved(value, known) for key, value in schema.items()}


def setting_facts() -> Iterator[str]:
    schema = without_prose(today.settings_model().model_json_schema(schema_generator=Lenient))
    known = schema.pop("$defs", {})
    defaults = shown(today.settings_model()())
    assert schema["properties"].keys() == defaults.keys()
    for name, one in schema["properties"].items():
        kind = resolved({key: value for key, value in one.items() if key != "default"}, known)
        yield f"{name} is {line(kind)}"
        yield f"{name} = {line(defaults[name])}"
    yield f"whole: {line({key: one for key, one in schema.items() if key != 'properties'})}"


def text_for(name: str, annotation: Any) -> str:
    if name in _APART:
        return _APART[name]
    kinds = [kind for kind in _TEXTS if annotation is kind or annotation == kind | None]
    assert kinds, f"no text for BYOIP_{name}: add it above"
    return _TEXTS[kinds[0]]


def environment_facts() -> Iterator[str]:
    for field, about in today.settings_model().model_fields.items():
        name = field.upper()
        if name in _STRUCTURES:
            continue
        given = _TOGETHER.get(name) or {name: text_for(name, about.annotation)}
        environment = {f"BYOIP_{key}": text for key, text in given.items()}
        read = today.read_settings(environment)
        assert read is not None, f"BYOIP_{name} has a text that is refused: change it above"
        yield f"BYOIP_{name}={environment[f'BYOIP_{name}']} gives {line(shown(read)[field])}"
    read = today.read_settings({"DATABASE_URL": "postgresql://a@b/c", "ELSE": "x"})
    yield f"DATABASE_URL gives {line(shown(read)['database_url'])}"
    yield f"BYOIP_NOPE is refused: {today.read_settings({'BYOIP_NOPE': 'x'}) is None}"
    for apart in ("BYOIP_CONFIG", "BYOIP_URL", "BYOIP_OPERATOR_TOKEN"):
        yield f"{apart} is no setting: {today.read_settings({apart: ''}) is not None}"


_FILE = """
operator_name = "Example"
services = [{ name = "CDN", default_only = true }]
registry_overrides = [{ prefix = "192.0.2.0/24", registry = "own" }]
listeners = [{ name = "b", kind = "bird", socket = "/run/bird.ctl" }]
statistics_urls = { arin = "https://statistics.example/arin" }
rdap_urls = { own = "https://rdap.example" }
[[registries]]
key = "own"
source = "OWN"
host = "whois.example"
port = 44
dialect = "ripe"
rest_url = "https://rest.example"
holder_rule = true
offers_route_objects = false
budget = { connections = 1, per_minute = 2, per_day = 3 }
[[oidc_groups]]
group = "noc"
role = "operator"
[[speakers]]
name = "one"
address = "127.0.0.1:50051"
stage = 2
next_hop4 = "192.0.2.1"
next_hop6 = "2001:db8::1"
communities = ["64500:1"]
prepend_communities = ["64500:2", "64500:3", "64500:4"]
"""


_PARAMETER = (
    "default",
    "envvar",
    "hidden",
    "hide_input",
    "is_flag",
    "max",
    "metavar",
    "min",
    "multiple",
    "nargs",
    "prompt",
    "required",
)


def kind_of(annotation: Any) -> str:
    """The values of a choice, whatever its class is called; else the type."""
    if isinstance(annotation, EnumMeta):
        return "|".join(str(one.value) for one in annotation)  # type: ignore[var-annotated]
    if isinstance(annotation, type):
        return annotation.__name__
    within = ", ".join(kind_of(one) for one in get_args(annotation))
    return f"{getattr(get_origin(annotation), '__name__', '')}[{within}]"


def parameter_fact(where: str, parameter: Any) -> str:
    known = ((name, getattr(parameter, name, None)) for name in _PARAMETER)
    about = {name: value for name, value in known if value is not None and value is not False}
    # An argument's name is what its usage shows.
    words = " ".join([*parameter.opts, *parameter.secondary_opts])
    kind = kind_of(parameter.type_descriptor.annotation)
    return f"{where} {parameter.param_type_name} {words} {kind} {line(about)}"


def command_facts(where: str, command: Any) -> Iterator[str]:
    yield f"{where} ({'hidden' if command.hidden else 'shown'})"
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    if arguments:
        yield f"{where} arguments in this order: {' '.join(one.name for one in arguments)}"
    for parameter in command.params:
        yield parameter_fact(where, parameter)
    for name, one in getattr(command, "commands", {}).items():
        yield from command_facts(f"{where} {name}", one)


def task_facts(*, everything: bool) -> Iterator[str]:
    app = today.task_app(everything=everything)
    whose = "all" if everything else "bare"
    own = {name: task for name, task in app.tasks.items() if task.queue != "builtin"}
    for name, task in own.items():
        words = list(inspect.signature(task.func).parameters)
        asked = " ".join(words[1:] if task.pass_context else words)
        about = {
            "queue": task.queue,
            "priority": task.priority,
            "lock": task.lock,
            "queueing_lock": task.queueing_lock,
            "retries": task.retry_strategy is not None,
            "aliases": task.aliases,
        }
        yield f"{whose} task {name}({asked}) {line(about)}"
    for one in app.periodic_registry.periodic_tasks.values():
        about = {"cron": one.cron, "id": one.periodic_id, "more": one.configure_kwargs}
        yield f"{whose} clock {one.task.name} {line(about)}"


def test_settings_keep_their_names_types_and_defaults() -> None:
    hold("settings", setting_facts())


def test_the_environment_is_read_as_it_was() -> None:
    hold("environment", environment_facts())


def test_a_file_of_settings_is_read_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "byoip.toml").write_text(_FILE)
    read = today.read_settings({"BYOIP_CONFIG": str(tmp_path / "byoip.toml")})
    assert read is not None
    hold("settings_file", (f"{name} = {line(value)}" for name, value in shown(read).items()))


def test_commands_keep_their_names_options_and_arguments() -> None:
    hold("commands", command_facts("byoip", today.cli()))


def test_jobs_keep_their_names_queues_arguments_and_times() -> None:
    hold("jobs", [*task_facts(everything=True), *task_facts(everything=False)])


@pytest.mark.parametrize(
    ("words", "environment", "status"),
    [
        ("", {}, 2),
        ("--version", {}, 0),
        ("nonsense", {}, 2),
        ("config check --offline", {}, 0),
        ("config check --offline", {"BYOIP_NOPE": "x"}, 2),
        ("config check", {"BYOIP_RESOLVERS": "127.0.0.1:1"}, 1),
        ("api", {}, 2),
        ("worker", {"BYOIP_ORIGIN_ASNS": "64500"}, 2),
        ("migrate", {"DATABASE_URL": today.NO_DATABASE}, 2),
        ("operator edges", {}, 2),
    ],
)
def test_the_program_ends_with_the_same_status(
    words: str, environment: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["byoip", *words.split()])
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        today.run_cli()
    assert (ended.value.code or 0) == status
