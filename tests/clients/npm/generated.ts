// The whole way with types that openapi-typescript makes of our document; schema.d.ts is beside it.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";
import { eventually, publish, story } from "./story.js";

function speaking(token: string) {
  const headers = { authorization: `Bearer ${token}` };
  return createClient<paths>({ baseUrl: story.root, headers });
}

function success<T>(answer: { data?: T; error?: unknown }): T {
  assert(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

function refusal(answer: { error?: { errors: { name: string }[] } }): string | undefined {
  return answer.error?.errors[0]?.name;
}

const root = "/client/v4/accounts/{account_id}/addressing";
const client = speaking(story.api_token);
const { account_id, cidr } = story;
const account = { params: { path: { account_id } } };

const body = { cidr, asn: 64500 };
const made = success(await client.POST(`${root}/prefixes`, { ...account, body })).result;
assert.equal(made.approved, "P");
const prefix_id = made.id;
const one = { params: { path: { account_id, prefix_id } } };
await publish(made.ownership_validation_token ?? assert.fail("there is no token"));
success(await client.POST(`${root}/prefixes/{prefix_id}/validate`, one));
await eventually(async () => {
  const shown = success(await client.GET(`${root}/prefixes/{prefix_id}`, one)).result;
  return shown.approved === "V";
});
const change = { ...one, body: { description: "Berlin" } };
const edited = success(await client.PATCH(`${root}/prefixes/{prefix_id}`, change)).result;
assert.equal(edited.description, "Berlin");

const offered = success(await client.GET(`${root}/services`, account)).result;
const service_id = offered.find((service) => service.name === "CDN")?.id;
assert(service_id);
const bindings = `${root}/prefixes/{prefix_id}/bindings` as const;
const bound = success(await client.POST(bindings, { ...one, body: { cidr, service_id } })).result;
assert.deepEqual(success(await client.GET(bindings, one)).result, [bound]);

const delegations = `${root}/prefixes/{prefix_id}/delegations` as const;
const wanted = { ...one, body: { cidr, delegated_account_id: story.other_account_id } };
const delegated = success(await client.POST(delegations, wanted)).result;
assert.equal(refusal(await client.POST(delegations, wanted)), "delegation_overlaps");
const other = { params: { path: { account_id: story.other_account_id } } };
const received = await speaking(story.other_token).GET(`${root}/delegations`, other);
assert.deepEqual(success(received).result, [delegated]);
const ending = { params: { path: { account_id, prefix_id, delegation_id: delegated.id } } };
const ended = success(await client.DELETE(`${delegations}/{delegation_id}`, ending)).result;
assert.equal(ended.id, delegated.id);

assert.equal(refusal(await client.DELETE(`${root}/prefixes/{prefix_id}`, one)), "withdraw_first");
const unbinding = { params: { path: { account_id, prefix_id, binding_id: bound.id } } };
success(await client.DELETE(`${bindings}/{binding_id}`, unbinding));
success(await client.DELETE(`${root}/prefixes/{prefix_id}`, one));
assert.equal(refusal(await client.GET(`${root}/prefixes/{prefix_id}`, one)), "prefix_not_found");
console.log("done");
