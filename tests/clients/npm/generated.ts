// The whole way with types that openapi-typescript makes of our document; schema.d.ts is beside it.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";
import { bytes, eventually, isPdf, letter, publish, story } from "./story.js";

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

const documents = `${root}/loa_documents` as const;
const own = success(
  await client.POST(documents, {
    ...account,
    body: { loa_document: "" }, // the generator has no type for files; what is sent is the form
    bodySerializer: () => {
      const form = new FormData();
      form.append("loa_document", new Blob([letter]), "ours.pdf");
      return form;
    },
  }),
).result;
assert.deepEqual([own.size_bytes, own.filename], [letter.length, "ours.pdf"]);

async function downloaded(loa_document_id: string): Promise<Buffer> {
  const asked = { params: { path: { account_id, loa_document_id } }, parseAs: "blob" } as const;
  return bytes(success(await client.GET(`${documents}/{loa_document_id}/download`, asked)));
}
assert.deepEqual(await downloaded(own.id), letter);

const body = { cidr, asn: 64500, loa_document_id: own.id, delegate_loa_creation: true };
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

await eventually(async () => {
  const shown = success(await client.GET(`${root}/prefixes/{prefix_id}`, one)).result;
  return shown.loa_document_id !== own.id;
});
const shown = success(await client.GET(`${root}/prefixes/{prefix_id}`, one)).result;
assert(isPdf(await downloaded(shown.loa_document_id ?? assert.fail("there is no letter"))));
const history = success(await client.GET(`${root}/prefixes/{prefix_id}/events`, one)).result;
const issued = history.find((event) => event.kind === "letter.issued");
const reference = String(issued?.after["reference"]);
async function status(): Promise<string> {
  const page = success(await client.GET("/loa/{reference}", { params: { path: { reference } } }));
  assert(typeof page === "object"); // it is a page for people where those are asked for
  return page.result.status;
}
assert.equal(await status(), "valid");

const routes = `${root}/prefixes/{prefix_id}/bgp/prefixes` as const;
const [route] = success(await client.GET(routes, one)).result;
assert(route);
assert.deepEqual([route.cidr, route.desired.advertised], [cidr, false]);
const there = { params: { path: { account_id, prefix_id, bgp_prefix_id: route.id } } };
async function patched(wanted: { asn_prepend_count?: number; on_demand?: { advertised: boolean } }) {
  return success(
    await client.PATCH(`${routes}/{bgp_prefix_id}`, { ...there, body: wanted }),
  );
}
assert((await patched({ on_demand: { advertised: true } })).result.desired.advertised);
const repeated = await patched({ on_demand: { advertised: true } });
assert(repeated.messages.some((message) => message.name === "no_change"));
assert.equal((await patched({ asn_prepend_count: 2 })).result.asn_prepend_count, 2);
const read = success(await client.GET(`${routes}/{bgp_prefix_id}`, there)).result;
assert.deepEqual([read.desired.advertised, read.applied.advertised], [true, false]);
assert.equal(refusal(await client.DELETE(`${routes}/{bgp_prefix_id}`, there)), "withdraw_first");
assert.equal(refusal(await client.DELETE(`${root}/prefixes/{prefix_id}`, one)), "withdraw_first");
assert(!(await patched({ on_demand: { advertised: false } })).result.desired.advertised);

assert.equal(refusal(await client.DELETE(`${root}/prefixes/{prefix_id}`, one)), "withdraw_first");
const unbinding = { params: { path: { account_id, prefix_id, binding_id: bound.id } } };
success(await client.DELETE(`${bindings}/{binding_id}`, unbinding));
success(await client.DELETE(`${root}/prefixes/{prefix_id}`, one));
assert.equal(refusal(await client.GET(`${root}/prefixes/{prefix_id}`, one)), "prefix_not_found");
assert.equal(await status(), "revoked");
console.log("done");
