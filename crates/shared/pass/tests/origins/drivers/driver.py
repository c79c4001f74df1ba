import json
import runpy
import sys

verify_pass = runpy.run_path(sys.argv[1])["verify_pass"]
key_set, issuer, audience, *cases = sys.stdin.read().rstrip("\n").split("\n")
for line in cases:
    now, token = line.split(" ")
    try:
        claims = verify_pass(token, json.loads(key_set), issuer, audience, int(now))
        print("accepted", claims["jti"], claims["seats"])
    except Exception as error:
        print("unknown key" if str(error) == "unknown key" else "refused")
