import base64, json, re, time
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

def verify_pass(token, key_set, issuer, audience, now=None):
    now = time.time() if now is None else now
    def refuse_if(wrong, why):
        if wrong: raise ValueError(why)
    decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    refuse_if(len(token) > 2048 or token.count(".") != 2, "not a signed JWT")
    header, body, signature = map(decode, token.split("."))
    header, claims = json.loads(header), json.loads(body)
    refuse_if(header.get("alg") != "EdDSA", "another algorithm")
    refuse_if(header.get("typ") != "adm+jwt" or "crit" in header, "not a pass")
    x = next((key["x"] for key in key_set["keys"] if key["kid"] == header.get("kid")), None)
    refuse_if(x is None, "unknown key")
    public_key = Ed25519PublicKey.from_public_bytes(decode(x))
    public_key.verify(signature, token.rpartition(".")[0].encode())  # raises InvalidSignature
    texts = {"jti": "[0-9a-f]{32}", "ags": "[0-9]{8}", "sub": "[A-Za-z0-9_-]{22}"}
    if "sub" not in claims: del texts["sub"]
    refuse_if(not all(re.fullmatch(texts[name], claims[name]) for name in texts), "bad claims")
    numbers = [claims[name] for name in ("iat", "nbf", "exp", "seats")]
    refuse_if(any(type(number) is not int for number in numbers), "bad claims")
    refuse_if(claims["exp"] <= claims["iat"] or not 1 <= claims["seats"] <= 4, "bad claims")
    refuse_if(claims["iss"] != issuer, "another issuer")
    refuse_if(claims["aud"] != audience, "another campaign")
    refuse_if(claims["nbf"] > now + 5 or now >= claims["exp"] + 5, "not valid now")
    return claims
