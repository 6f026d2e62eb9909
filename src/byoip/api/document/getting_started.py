"""How one begins: the first words of /docs and of /docs/operator (Markdown)."""

from typing import Final

CUSTOMER: Final = """\
## Getting started

You need a token of your account; `BYOIP_TOKEN` stands for it below. From nothing
to announced, where things are done at each registry, and what to do about each blocker:
[/guide](/guide). Every list and name of refusals is at [/errors](/errors); the operator's part of
the API at [/docs/operator](/docs/operator).

1. **Which account?** `GET /client/v4/accounts` names the account that the token opens.
2. **Would it pass?** `POST .../prefix_preflights` with `cidr` and `asn` says what is missing, and
   keeps nothing.
3. **Bring it.** `POST .../prefixes`. `blockers` of the answer lists what to publish, in the order
   to do it, with the text to paste: the token, a route object at the registry of the space, a ROA.
4. **Have it checked.** `POST .../prefixes/{prefix_id}/validate`; then read the address in
   `Location` with `?wait=30`, which answers as soon as the run has ended. What failed says how to
   fix it.
5. **Bind a service.** `GET .../services`, then `POST .../prefixes/{prefix_id}/bindings` for the
   whole prefix.
6. **Announce it**, once `advertisable` is true: `next` of the prefix is the request to send.
7. **Follow it.** `GET .../events?after=0&wait=30`.

```shell
curl -X POST 'SERVER/client/v4/accounts/ACCOUNT/addressing/prefixes' \\
  -H "Authorization: Bearer $BYOIP_TOKEN" -H 'Content-Type: application/json' \\
  -d '{"cidr": "198.18.0.0/23", "asn": 64500}'
```

The official clients of the public v4 API work with `SERVER/client/v4` as their base URL.
"""

OPERATOR: Final = """\
## Getting started

You need an operator's token (`byoip token create NAME` makes one). What customers do is
at [/docs](/docs), every refusal at [/errors](/errors), your first hour at
[/guide/operator](/guide/operator).

1. **Make an account** (`POST /client/v4/operator/accounts`), then a token for it.
2. **Offer a service** (`POST /client/v4/operator/services`), which customers bind prefixes to.
3. **See what waits**: `GET /client/v4/operator/prefixes`, with each prefix's `blockers`.
4. **Settle what only you can**: waivers, reservations, suspended and contested prefixes.
5. **Before anything that withdraws**, look at the guards: what was stopped, and why.

```shell
curl -X POST 'SERVER/client/v4/operator/accounts' \\
  -H "Authorization: Bearer $BYOIP_TOKEN" -H 'Content-Type: application/json' \\
  -d '{"name": "Example Networks", "reason": "new customer"}'
```
"""
