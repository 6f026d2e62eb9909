"""Settings: one TOML file for structures, the environment for scalars; read once, then frozen.

The file is named by `BYOIP_CONFIG`. A scalar `name` may stand in the file or be given as
`BYOIP_NAME`, which wins; lists of scalars are separated by commas there. Unknown keys, in the file
or with the prefix `BYOIP_` in the environment, are errors: a misspelt setting must not pass
silently.
"""

from typing import Literal

Mode = Literal["sandbox", "production"]
