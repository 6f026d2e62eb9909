// Whom to talk to, and what a customer does elsewhere: route object, ROA, TXT record.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

interface Story {
  root: string;
  base_url: string;
  control_url: string;
  account_id: string;
  api_token: string;
  operator_token: string;
  other_account_id: string;
  other_token: string;
  cidr: string;
  zone: string;
  letter: string;
}

const path = process.argv[2];
assert(path, "the story's file is missing");
export const story = JSON.parse(readFileSync(path, "utf8")) as Story;

// The customer's own letter of agency; the story has it in base64.
export const letter = Buffer.from(story.letter, "base64");

export async function bytes(answer: Blob | Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer());
}

export function isPdf(content: Buffer): boolean {
  return content.subarray(0, 5).toString() === "%PDF-";
}

async function control(method: string, at: string, body?: string): Promise<string> {
  const answer = await fetch(story.control_url + at, {
    method,
    ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
  });
  assert(answer.ok, `${method} ${at}: ${answer.status}`);
  return answer.text();
}

export async function publish(token: string): Promise<void> {
  const { cidr, zone } = story;
  const route = `route: ${cidr}\norigin: AS64500\nmnt-by: A-MNT\nsource: RIPE\n`;
  await control("PUT", "/irr/RIPE", route);
  const known = JSON.parse(await control("GET", "/rpki/vrps")) as object[];
  const roa = { prefix: cidr, asn: 64500, maxLength: 24, ta: "ripe" };
  await control("PUT", "/rpki/vrps", JSON.stringify([...known, roa]));
  await control("PUT", `/dns/txt/byoip-validation.${zone}`, JSON.stringify([token]));
}

export async function eventually(look: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await look()) return;
    await setTimeout(50);
  }
  assert.fail("it did not happen in time");
}
