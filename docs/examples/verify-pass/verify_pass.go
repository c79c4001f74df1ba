package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
)

type KeySet struct{ Keys []struct{ Kid, X string } }
type Claims struct {
	Iss, Aud, Jti, Ags string
	Iat, Nbf, Exp      int64
	Seats              int
	Sub                json.RawMessage // a text in quotation marks, or nothing
}

var form = regexp.MustCompile(`^[0-9a-f]{32} [0-9]{8} ("[\w-]{22}")?$`)

func VerifyPass(token string, set KeySet, issuer, audience string, now int64) (*Claims, error) {
	parts := append(strings.Split(token, "."), "", "")
	var header struct {
		Alg, Typ, Kid string
		Crit          json.RawMessage
	}
	claims, keys := new(Claims), map[string]string{}
	for _, key := range set.Keys {
		keys[key.Kid] = key.X
	}
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	malformed := json.Unmarshal(head, &header) != nil || json.Unmarshal(body, claims) != nil
	key, _ := base64.RawURLEncoding.DecodeString(keys[header.Kid])
	fields := claims.Jti + " " + claims.Ags + " " + string(claims.Sub)
	switch {
	case len(token) > 2048 || len(parts) != 5 || malformed:
		return nil, errors.New("not a signed JWT, or bad claims")
	case header.Alg != "EdDSA" || header.Typ != "adm+jwt" || header.Crit != nil:
		return nil, errors.New("not a pass")
	case len(key) != ed25519.PublicKeySize:
		return nil, errors.New("unknown key")
	case !ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature):
		return nil, errors.New("bad signature")
	case !form.MatchString(fields) || claims.Seats < 1 || claims.Seats > 4:
		return nil, errors.New("bad claims")
	case claims.Iat <= 0 || claims.Nbf <= 0 || claims.Exp <= claims.Iat:
		return nil, errors.New("bad claims")
	case claims.Iss != issuer || claims.Aud != audience:
		return nil, errors.New("another issuer or campaign")
	case claims.Nbf > now+5 || now >= claims.Exp+5:
		return nil, errors.New("not valid now")
	}
	return claims, nil
}
