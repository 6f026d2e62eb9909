"""Pre-flights on the wire: what a customer sends, and the report."""

from typing import Any

from pydantic import Field

from byoip.api.border.envelope import AsnIn, Strict, Text, Wire, example
from byoip.api.checks.validation_schemas import CheckFinding, finding_of
from byoip.domain.asns.aspa import told
from byoip.domain.checks.evidence import Passed
from byoip.usecases.checks.preflight import PreflightReport


class NewPreflight(Strict):
    """A prefix to try."""

    model_config = example(cidr="198.18.0.0/23", asn=64500)

    cidr: str
    asn: AsnIn


class OtherOrigin(Wire):
    """Another network that is known to announce the space."""

    asn: int
    cidr: Text
    where: str


EXAMPLE: dict[str, Any] = {
    "cidr": "198.18.0.0/23",
    "asn": 64500,
    "would_pass": False,
    "checks": [
        {
            "check": "rpki",
            "end": "failed",
            "reason": "roa_missing",
            "fault": None,
            "seen": "No ROA covers 198.18.0.0/23.",
            "fix": "Publish a ROA for 198.18.0.0/23, origin AS64500, max length 23.",
            "documentation_url": "/errors#roa_missing",
            "warnings": [],
            "at": "2026-11-02T09:31:07Z",
        }
    ],
    "other_origins": [{"asn": 64501, "cidr": "198.18.0.0/24", "where": "route object in RIPE"}],
    "warnings": ["AS64501 announces 198.18.0.0/24: a ROA for AS64500 alone makes it invalid."],
}


class Preflight(Wire):
    """Whether a prefix would pass as things stand, and what would break."""

    model_config = example(**EXAMPLE)

    cidr: Text
    asn: int
    would_pass: bool = Field(description="irr and rpki pass; ownership is proven later.")
    checks: list[CheckFinding]
    other_origins: list[OtherOrigin] = Field(
        description="Publish ROAs for those first, if they are yours."
    )
    warnings: list[str]


def preflight_of(report: PreflightReport) -> Preflight:
    """A report as the wire shows it."""
    return Preflight.showing(
        report,
        cidr=report.prefix,
        asn=report.asn.number,
        checks=[finding_of(finding) for finding in report.findings],
        other_origins=[
            OtherOrigin.showing(one, asn=one.asn.number, cidr=one.prefix)
            for one in report.other_origins
        ],
        warnings=[*_would_break(report), *_remarks(report), *_of_aspas(report)],
    )


def _would_break(report: PreflightReport) -> list[str]:
    others = {(one.asn, one.prefix) for one in report.other_origins if one.asn != report.asn}
    return [
        f"{asn} announces {prefix}: a ROA for {report.asn} alone makes it invalid."
        for asn, prefix in sorted(others)
        if report.prefix.covers(prefix)
    ]


def _remarks(report: PreflightReport) -> list[str]:
    passed = [one.outcome for one in report.findings if isinstance(one.outcome, Passed)]
    return [warning for outcome in passed for warning in outcome.warnings]


def _of_aspas(report: PreflightReport) -> list[str]:
    pair = report.pair
    said = [] if pair is None else [told(pair)]
    return [*said, *([] if report.upstreams is None else [report.upstreams])]
