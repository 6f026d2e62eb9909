"""Verifies webhooks by the specification's own library: JSON in, how many are true out."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

told = json.load(sys.stdin)
hook, true = Webhook(told["secret"]), 0
for one in told["deliveries"]:
    try:
        hook.verify(one["body"], one["headers"])
    except WebhookVerificationError:
        continue
    true += 1
sys.stdout.write(f"{true}\n")
