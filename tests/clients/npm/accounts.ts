// The official package's iterators end, and give each account once: for a customer its own, for an
// operator all of more than two pages.
import Cloudflare from "cloudflare";
import assert from "node:assert/strict";
import { story } from "./story.js";

const MADE = 60;
const PAGE = 20;

function client(apiToken: string): Cloudflare {
  return new Cloudflare({ apiToken, baseURL: story.base_url });
}

async function iterated(of: Cloudflare, direction: "asc" | "desc" = "asc"): Promise<string[]> {
  const found: string[] = [];
  for await (const one of of.accounts.list({ per_page: PAGE, direction })) found.push(one.id);
  return found;
}

const operator = client(story.operator_token);
const made: string[] = [];
for (let number = 0; number < MADE; number++) {
  const body = { name: `Account ${number}`, reason: "a test of lists" };
  const answer = await operator.post<{ result: { id: string } }>("/operator/accounts", { body });
  made.push(answer.result.id);
}

const found = await iterated(operator);
assert.equal(new Set(found).size, found.length);
for (const id of [...made, story.account_id, story.other_account_id]) assert(found.includes(id));
assert.deepEqual(await iterated(operator, "desc"), [...found].reverse());

const customer = client(story.api_token);
assert.deepEqual(await iterated(customer), [story.account_id]);
assert.equal((await customer.accounts.get({ account_id: story.account_id })).id, story.account_id);
assert.equal((await customer.user.tokens.verify())?.status, "active");
console.log("done");
