"""Page, 2.1: the doctor sees whether people can sign in at the identity provider."""

from pathlib import Path

from tests.doctor.healthy import Service
from tests.web.sign_in.conftest import openid_server, provider
from tests.web.sign_in.elsewhere import Provider

__all__ = ["openid_server", "provider"]  # fixtures


async def test_2_1_what_is_wrong_with_the_identity_provider(
    healthy: Service,
    provider: Provider,
    tmp_path: Path,
) -> None:
    secret = tmp_path / "secret"
    healthy.settings |= {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": "byoip",
        "oidc_client_secret": secret,
        "oidc_groups": [{"group": "noc", "role": "operator"}],
    }
    assert "No such file" in (await healthy.to_mend())["oidc"].said
    secret.write_text("s:e/c ret\n")
    assert await healthy.to_mend() == {}
    assert "signs nothing that browsers bring" in await said(healthy)
    provider.tell(signs=True)
    assert "signs nothing" not in await said(healthy)
    healthy.settings["oidc_signed_answers"] = False
    assert "signs nothing" in await said(healthy)
    provider.tell(published=[])
    assert "no key" in (await healthy.to_mend())["oidc"].said
    provider.tell(metadata={"token_endpoint": "http://elsewhere.example/token"})
    assert "which oidc_hosts does not list" in (await healthy.to_mend())["oidc"].said
    healthy.settings["oidc_issuer"] = provider.issuer + "/"
    assert "calls itself" in (await healthy.to_mend())["oidc"].said
    healthy.settings["oidc_issuer"] = "http://127.0.0.1:1"
    assert "connection failed" in (await healthy.to_mend())["oidc"].said


async def said(healthy: Service) -> str:
    [found] = [one.said for one in await healthy.findings() if one.check == "oidc"]
    return found
