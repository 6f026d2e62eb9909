// Verifies webhooks by the specification's own library: JSON in, how many are true out.
import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const told = JSON.parse(readFileSync(0, "utf8"));
const hook = new Webhook(told.secret);
let verified = 0;
for (const one of told.deliveries) {
  try {
    hook.verify(one.body, one.headers);
    verified += 1;
  } catch (fault) {
    if (!(fault instanceof WebhookVerificationError)) throw fault;
  }
}
console.log(verified);
