"""Kinds of alarm about routes and speakers: what operators should know as long as it lasts.

What each means and what to do is in `docs/runbook.md`.
"""

from typing import Final

ALARM_KINDS: Final = (
    "lost",
    "vanishing",
    "unanswered",
    "absent",
    "still_seen",
    "stage_skipped",
    "drained",
    "fed_by_one",
    "speaker_down",
    "no_next_hop",
    "another_as",
    "not_held",
    "imports_open",
    "prepend_lost",
    "sessions_shut",
    "no_longer_held",
    "strange_routes",
    "short_restart_time",
    "not_admin_down",
    "settings_differ",
    "settings_waiting",
    "settings_taken_back",
    "settings_in_doubt",
    "foreign_origin",
    "aspa_excludes_operator",
    "perspectives_disagree",
    "perspective_silent",
    "restored",
    "in_doubt",
    "unreleased",
    "reconciler_silent",
    "watcher_silent",
)
