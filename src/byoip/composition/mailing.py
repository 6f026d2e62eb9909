"""Mail of a process: the operator's server, and what sends by it."""

from random import SystemRandom

from byoip.adapters.mail.smtp_mailer import AT_ONCE, Relay, Security, SmtpMailer
from byoip.adapters.system_random import SystemRandom as Codes
from byoip.composition.process import Composition
from byoip.domain.mail.letter import Writer
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.store.mail.sending import MailQueue
from byoip.usecases.mail.post import Post
from byoip.worker.notifying import Notifier

_LONGEST_PASSWORD = 1024


def relay_of(settings: Settings) -> Relay | None:
    """The server of the settings; None: there is none.

    Raises:
        SettingsError: the file with the password cannot be read.
    """
    if settings.smtp_host is None or settings.mail_from is None:
        return None
    return Relay(
        settings.smtp_host,
        settings.smtp_port,
        Security(settings.smtp_security),
        settings.mail_from,
        " ".join(settings.operator_name.split()),
        settings.smtp_user,
        _password(settings),
    )


def _password(settings: Settings) -> str:
    path = settings.smtp_password
    if path is None:
        return ""
    try:
        with path.open() as file:
            return file.readline(_LONGEST_PASSWORD).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"smtp_password {path}: {fault}.") from None


def poster_of(composition: Composition, relay: Relay, root: str) -> Notifier:
    """What sends mail; `root` is where the API is, without a slash at the end, empty: unknown."""
    queue = MailQueue(composition.engine)
    post = Post(
        composition.store,
        queue,
        composition.clock,
        SmtpMailer(relay),
        Writer(relay.name, root),
        Codes(),
        SystemRandom().random,
    )
    return Notifier(queue, post, composition.clock, AT_ONCE, what="mail")
