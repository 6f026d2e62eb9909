"""Imports all of the client that openapi-generator makes, and reads two answers with it."""

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import byoip_generator
from byoip_generator.models.failure import Failure
from byoip_generator.models.prefix_answer import PrefixAnswer

for module in pkgutil.walk_packages(byoip_generator.__path__, "byoip_generator."):
    importlib.import_module(module.name)

document = json.loads(Path(sys.argv[1]).read_text())
path = "/client/v4/accounts/{account_id}/addressing/prefixes/{prefix_id}"
answers = document["paths"][path]["get"]["responses"]
success = answers["200"]["content"]["application/json"]["example"]
failure = document["components"]["examples"]["prefix_not_found"]["value"]
prefix = PrefixAnswer.from_dict(success)
assert prefix is not None
assert prefix.result.cidr == success["result"]["cidr"]
refused = Failure.from_dict(failure)
assert refused is not None
assert refused.result is None
assert refused.errors[0].name == "prefix_not_found"
sys.stdout.write("done\n")
