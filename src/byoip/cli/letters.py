"""The work of a process that writes letters: it needs the operator's key and the public URL."""

from pathlib import Path

from byoip.adapters.checks.dns_exchange import Server
from byoip.adapters.letters.pyhanko_signer import PyhankoSigner, UnusableSeal, signer_of_our_own
from byoip.adapters.letters.typst_press import TypstPress
from byoip.adapters.system_random import SystemRandom
from byoip.composition.process import Composition
from byoip.settings.model import Settings, require_letter_url
from byoip.settings.names import SettingsError
from byoip.usecases.letters.generate_letter import GenerateLetter
from byoip.usecases.letters.renew_letters import RenewLetters
from byoip.worker.tasks import LetterWork


def letter_work(composition: Composition, public_url: str, *, own: Path) -> LetterWork:
    """Sign with the configured key, or without one with a key of the service's own.

    Args:
        composition: of this process.
        public_url: without a slash at the end; letters name it.
        own: directory of the service's own key.

    Raises:
        SettingsError: key and certificate cannot be used.
    """
    settings = composition.settings
    try:
        signer = configured_signer(settings) or signer_of_our_own(
            own, operator=settings.operator_name, now=composition.clock.now()
        )
    except UnusableSeal as fault:
        raise SettingsError(str(fault)) from None
    return _work(composition, signer, public_url)


def configured_letter_work(composition: Composition) -> LetterWork | None:
    """Sign with the configured key; None if there is none.

    Raises:
        SettingsError: key and certificate cannot be used, or the public URL is not configured.
    """
    settings = composition.settings
    signer = configured_signer(settings)
    if signer is None:
        return None
    require_letter_url(settings)
    return _work(composition, signer, str(settings.public_url).rstrip("/"))


def configured_signer(settings: Settings) -> PyhankoSigner | None:
    """The configured key; None if there is none.

    Raises:
        SettingsError: key and certificate cannot be used.
    """
    if settings.letter_key is None or settings.letter_certificate is None:
        return None
    try:
        return PyhankoSigner.load(settings.letter_key, settings.letter_certificate)
    except UnusableSeal as fault:
        raise SettingsError(str(fault)) from None


def _work(composition: Composition, signer: PyhankoSigner, public_url: str) -> LetterWork:
    store, clock = composition.store, composition.clock
    press = TypstPress(public_url, signer.seal)
    settings = composition.settings
    us = (settings.operator_name, settings.operator_contact)
    return LetterWork(
        GenerateLetter(
            store,
            clock,
            SystemRandom(),
            press,
            signer,
            *us,
            _resolvers(composition),
            composition.outside.registries,
        ),
        RenewLetters(store, clock),
    )


def _resolvers(composition: Composition) -> frozenset[str]:
    return frozenset(str(Server(*one)) for one in composition.outside.resolvers)
