// The whole way with the official package, given a base URL and a token.
import Cloudflare, { ConflictError, NotFoundError, UnprocessableEntityError } from "cloudflare";
import assert from "node:assert/strict";
import { bytes, eventually, isPdf, letter, publish, story } from "./story.js";

const account_id = story.account_id;
const client = new Cloudflare({ apiToken: story.api_token, baseURL: story.base_url });
const { loaDocuments, prefixes } = client.addressing;

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

async function downloaded(id: string): Promise<Buffer> {
  return bytes(await loaDocuments.get(id, { account_id }));
}

const own = await loaDocuments.create({ account_id, loa_document: story.letter });
assert.deepEqual([own.size_bytes, own.auto_generated], [letter.length, false]);
const loa_document_id = own.id;
assert(loa_document_id);
assert.deepEqual(await downloaded(loa_document_id), letter);
const noLetter = { account_id, loa_document: "no letter" };
await assert.rejects(loaDocuments.create(noLetter), UnprocessableEntityError);

const letters = { loa_document_id, delegate_loa_creation: true };
const made = await prefixes.create({ account_id, cidr: story.cidr, asn: 64500, ...letters });
assert.deepEqual([made.approved, made.loa_document_id], ["P", loa_document_id]);
const id = made.id;
assert(id && made.ownership_validation_token);
await publish(made.ownership_validation_token);
assert.equal((await prefixes.validate(id, { account_id })).id, id);
await eventually(async () => (await prefixes.get(id, { account_id })).approved === "V");
const edited = await prefixes.edit(id, { account_id, description: "Berlin" });
assert.equal(edited.description, "Berlin");
assert((await all(prefixes.list({ account_id }))).some((one) => one.id === id));

const offered = await all(client.addressing.services.list({ account_id }));
const service_id = offered.find((one) => one.name === "CDN")?.id;
assert(service_id);
const bindings = prefixes.serviceBindings;
const bound = await bindings.create(id, { account_id, cidr: story.cidr, service_id });
assert(bound.id);
assert.equal(bound.provisioning?.state, "active");
const read = await bindings.get(bound.id, { account_id, prefix_id: id });
assert.deepEqual(read, bound);
assert.deepEqual(await all(bindings.list(id, { account_id })), [bound]);

const { delegations } = prefixes;
const wanted = { account_id, cidr: story.cidr, delegated_account_id: story.other_account_id };
const delegated = await delegations.create(id, wanted);
assert(delegated.id);
assert.equal(delegated.parent_prefix_id, id);
assert.deepEqual(await all(delegations.list(id, { account_id })), [delegated]);
await assert.rejects(delegations.create(id, wanted), ConflictError);
const ended = await delegations.delete(delegated.id, { account_id, prefix_id: id });
assert.equal(ended.id, delegated.id);

let written = loa_document_id;
await eventually(async () => {
  written = (await prefixes.get(id, { account_id })).loa_document_id ?? assert.fail("no letter");
  return written !== loa_document_id;
});
assert(isPdf(await downloaded(written)));

const routes = prefixes.bgpPrefixes;
const [route] = await all(routes.list(id, { account_id }));
assert(route?.id);
assert.deepEqual([route.cidr, route.on_demand?.advertised], [story.cidr, false]);
const here = { account_id, prefix_id: id };
const out = await routes.edit(route.id, { ...here, on_demand: { advertised: true } });
assert.equal(out.on_demand?.advertised, true);
assert.deepEqual(await routes.edit(route.id, { ...here, on_demand: { advertised: true } }), out);
const farther = await routes.edit(route.id, { ...here, asn_prepend_count: 2 });
assert.deepEqual([farther.on_demand?.advertised, farther.asn_prepend_count], [true, 2]);
assert.deepEqual(await routes.get(route.id, here), farther);
await assert.rejects(routes.delete(route.id, here), ConflictError);
await assert.rejects(bindings.delete(bound.id, here), ConflictError);
await assert.rejects(prefixes.delete(id, { account_id }), ConflictError);
const withdrawn = await routes.edit(route.id, { ...here, on_demand: { advertised: false } });
assert.deepEqual([withdrawn.on_demand?.advertised, withdrawn.asn_prepend_count], [false, 2]);

await assert.rejects(prefixes.delete(id, { account_id }), ConflictError);
await bindings.delete(bound.id, { account_id, prefix_id: id });
await prefixes.delete(id, { account_id });
await assert.rejects(prefixes.get(id, { account_id }), NotFoundError);
console.log("done");
