"""Settings of perspectives: processes at other places that look at what proves ownership."""

from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl

from byoip.domain.perspectives.place import Place, complaints
from byoip.settings.parts import AsnText, Part, split

_KEY_BYTES: Final = 32
Region = Literal["afrinic", "apnic", "arin", "lacnic", "ripencc"]
PerspectiveName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


def public_key_text(given: str) -> str:
    """A public key of Ed25519, as `byoip perspective` tells it."""
    try:
        size = len(b64decode(given, validate=True))
    except ValueError:
        size = 0
    if size != _KEY_BYTES:
        raise ValueError("is not a public key of Ed25519: 32 bytes in base64")
    return given


PublicKey = Annotated[str, AfterValidator(public_key_text)]
PublicKeys = Annotated[tuple[PublicKey, ...], BeforeValidator(split)]


class PerspectiveSettings(Part):
    """`[[perspectives]]`: a `byoip perspective` that is asked.

    Attributes:
        url: where it answers; questions and answers are signed, so http will do.
        region: the registry in whose region it stands.
        latitude, longitude: in degrees, north and east.
        asn: the AS of the network from which it asks.
        public_key: its own, base64.
    """

    name: PerspectiveName
    url: HttpUrl
    region: Region
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    asn: AsnText
    public_key: PublicKey

    @property
    def place(self) -> Place:
        """The domain's value."""
        return Place(self.name, self.region, self.latitude, self.longitude, self.asn)


def check_perspectives(
    perspectives: Sequence[PerspectiveSettings], key: Path | None, own: frozenset[int]
) -> None:
    """Refuse places that may not be used together; `own` are the operator's AS numbers."""
    if perspectives and key is None:
        raise ValueError("perspectives need perspective_key")
    if said := complaints([one.place for one in perspectives], own):
        raise ValueError(f"perspectives: {'; '.join(said)}")
