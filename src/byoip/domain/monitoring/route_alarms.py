"""For which alarms about routes and speakers a person is called at once."""

from typing import Final

PAGED_KINDS: Final = (
    "lost",
    "vanishing",
    "imports_open",
    "sessions_shut",
    "no_longer_held",
    "restored",
    "in_doubt",
)
# Gauges of their own have an alert for these, which works while nobody writes alarms, too.
KINDS_WITH_GAUGES: Final = ("speaker_down", "reconciler_silent")

PAGED: Final = f'byoip_route_alarms{{kind=~"{"|".join(PAGED_KINDS)}"}}'
# A kind that is new is among these.
FOR_LATER: Final = f'byoip_route_alarms{{kind!~"{"|".join((*PAGED_KINDS, *KINDS_WITH_GAUGES))}"}}'
