"""Verifies a token's RS256 signature against the issuer's published keys."""

import jwt
import requests


def verified(token: str, issuer: str, ca: str | bool = True) -> dict:
    """The token's claims; raises unless a key of `issuer` signed it. `aud` is left to the caller."""
    keys = requests.get(f"{issuer}/.well-known/jwks.json", verify=ca, timeout=10).json()["keys"]
    assert len(keys) == 2, "a pool publishes two keys"
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(key for key in keys if key["kid"] == kid)
    return jwt.decode(token, jwt.PyJWK(key, "RS256").key, algorithms=["RS256"], issuer=issuer, options={"verify_aud": False})
