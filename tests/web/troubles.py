"""Every kind of thing that needs a person: how it is planted, cleared from the page, or goes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from playwright.async_api import Locator, Page

from tests.api.test_operator_speaker_settings import WANTED
from tests.web.planting import (
    Machinery,
    Plant,
    alarm,
    alarms_end,
    all_agree,
    contest,
    dispute,
    dispute_of_a_number,
    drain,
    drains_are_over,
    ending_proof,
    gone_speaker,
    held_levels,
    in_doubt,
    its_owner_proves_it,
    old_statistics,
    orphan,
    quota,
    refused_roas,
    refused_set,
    refused_statistics,
    seen_otherwise,
    settings,
    shut,
    silent_edge,
    silent_listener,
    silent_speaker,
    statistics,
    stopped_job,
    suspension,
    the_edge_acknowledges,
    the_job_runs,
    the_listener_answers,
    the_speaker_answers,
    trip,
    unreleased,
    word_of_a_year_ago,
)

Clear: TypeAlias = Callable[[Page, str, str], Awaitable[Locator]]


@dataclass(frozen=True)
class Trouble:
    """One kind.

    Attributes:
        section: its heading on the page of what needs a person.
        plant: makes it; the title of its card.
        clear: what a person does, from that page on, with a reason; the button that is left to be
            pressed. None: it goes by itself.
        then: what workers make of it, or what ends it by itself.
    """

    section: str
    plant: Plant
    clear: Clear | None = None
    then: Machinery | None = None


async def filled(page: Page, label: str, reason: str, typed: str = "") -> Locator:
    """A form of the page that is folded open and filled in: its button."""
    summary = page.locator("summary").get_by_text(label, exact=True).first
    form = page.locator("details").filter(has=summary).last
    await summary.click()
    await form.locator('input[name="reason"]').fill(reason)
    if typed:
        await form.locator('input[name="confirm"]').fill(typed)
    return form.locator("form button")


def here(label: str, typed: str = "") -> Clear:
    """Decided where it is listed; `{}` stands for its title."""

    async def clear(page: Page, title: str, reason: str) -> Locator:
        return await filled(page, label.format(title), reason, typed)

    return clear


def there(label: str, typed: str = "") -> Clear:
    """Decided on the page that its title leads to."""

    async def clear(page: Page, title: str, reason: str) -> Locator:
        await page.get_by_role("heading", level=3).get_by_role("link", name=title).first.click()
        return await filled(page, label.format(title), reason, typed)

    return clear


async def accept_it(page: Page, title: str, reason: str) -> Locator:
    return await filled(page, f"Accept {title.lower()}", reason)


async def give_more(page: Page, title: str, reason: str) -> Locator:
    await page.get_by_role("heading", level=3).get_by_role("link", name=title).first.click()
    await page.get_by_text("change its name or quota").click()
    await page.get_by_label("Prefixes").fill("50")
    await page.locator("#change").get_by_label("Reason").fill(reason)
    return page.get_by_role("button", name="Change it")


TROUBLES: Final = {
    "contested": Trouble("Contested", contest, there("Settle the contest")),
    "suspended": Trouble("Suspended", suspension, there("Resume")),
    "a dispute": Trouble("Disputes", dispute, there("Decide for the holder")),
    "a dispute of a number": Trouble(
        "Disputes", dispute_of_a_number, there("Decide for the holder")
    ),
    "refused ROA data": Trouble("ROA data refused", refused_roas, accept_it),
    "refused statistics": Trouble("Statistics", refused_statistics, here("Accept"), statistics),
    "old statistics": Trouble("Statistics", old_statistics, None, statistics),
    "a breaker": Trouble("The breaker has tripped", trip, there("Re-arm it, and turn them back")),
    "a breaker that lets go": Trouble(
        "The breaker has tripped", trip, there("Re-arm it, and let them go on")
    ),
    "held levels": Trouble("Levels that are held", held_levels, there("Release them")),
    "held levels that are dropped": Trouble("Levels that are held", held_levels, here("Drop them")),
    "a route to be released": Trouble("Routes to be released", unreleased, there("release {}")),
    "a route in doubt": Trouble("Routes to be released", in_doubt, there("release {}")),
    "an orphan": Trouble("Orphans", orphan, here("Withdraw all 1", "ams1")),
    "sessions held shut": Trouble(
        "Alarm: sessions shut", shut, here("Open ams1", "ams1"), alarms_end("sessions_shut")
    ),
    "out of service": Trouble("Out of service", drain, here("Lift"), drains_are_over),
    "settings": Trouble("Settings of speakers to apply", settings, here("Apply", WANTED)),
    "a silent edge": Trouble("Silent", silent_edge, there("Drain fra1")),
    "an edge that is heard again": Trouble("Silent", silent_edge, None, the_edge_acknowledges),
    "a speaker that is gone": Trouble("Silent", gone_speaker, there("Forget old1", "old1")),
    "a speaker that answers again": Trouble("Silent", silent_speaker, None, the_speaker_answers),
    "a listener that is gone": Trouble("Silent", silent_listener, there("Forget rr1")),
    "a listener that answers again": Trouble("Silent", silent_listener, None, the_listener_answers),
    "perspectives that disagree": Trouble(
        "Perspectives that disagree", seen_otherwise, there("List {} no longer")
    ),
    "perspectives that agree again": Trouble(
        "Perspectives that disagree", seen_otherwise, there("Ask again about {}"), all_agree
    ),
    "a silent perspective": Trouble(
        "Alarm: perspective silent",
        alarm("perspective_silent", "nyc"),
        None,
        alarms_end("perspective_silent"),
    ),
    "a lost route": Trouble("Alarm: lost", alarm("lost", "31.0.0.0/24"), None, alarms_end("lost")),
    "a stopped job": Trouble("Jobs", stopped_job, here("Start")),
    "a refused set": Trouble(
        "Jobs", refused_set, here("Let it through", "close_unproven"), the_job_runs
    ),
    "an operator's word of a year ago": Trouble(
        "Proofs that end", word_of_a_year_ago, there("Say until when your word counts")
    ),
    "a proof that ends": Trouble("Proofs that end", ending_proof, None, its_owner_proves_it),
    "a quota": Trouble("Quotas used up", quota, give_more),
}
