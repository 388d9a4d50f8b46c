package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
)

// verifyKey is a public key of a key set.
type verifyKey struct {
	id     string // "" for none
	alg    string // the only algorithm it may verify; "" for any of its kind
	public crypto.PublicKey
}

// minRSABits is the least modulus that RFC 7518 section 3.3 permits.
const minRSABits = 2048

// parseKeySet reads a JWK set (RFC 7517). Keys that are not public, not for
// signatures, too weak or of an unknown kind are passed over, as section 5 of the
// RFC has it, so that one odd key does not take the others with it.
func parseKeySet(text []byte) ([]verifyKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("not a JSON key set") // the cause would quote the text
	}
	if set.Keys == nil {
		return nil, errors.New(`a key set without "keys"`)
	}
	keys := make([]verifyKey, 0, len(set.Keys))
	for _, raw := range set.Keys {
		// Without the Private option symmetric keys are refused: a secret in a key
		// set would be one that everybody can read.
		jwk, err := jwkset.NewJWKFromRawJSON(raw, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err != nil || !forSignatures(jwk.Marshal()) || !strongPublic(jwk.Key()) {
			continue
		}
		keys = append(keys, verifyKey{id: jwk.Marshal().KID, alg: jwk.Marshal().ALG.String(), public: jwk.Key()})
	}
	return keys, nil
}

func forSignatures(k jwkset.JWKMarshal) bool {
	return (k.USE == "" || k.USE == jwkset.UseSig) &&
		(len(k.KEYOPS) == 0 || slices.Contains(k.KEYOPS, jwkset.KeyOpsVerify))
}

func strongPublic(key any) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// fits says whether the key may verify a token of this algorithm: the algorithm
// never chooses how a key is read.
func (k *verifyKey) fits(alg string) bool {
	if k.alg != "" {
		return k.alg == alg && ofKind(k.public, alg)
	}
	return ofKind(k.public, alg)
}

func ofKind(key crypto.PublicKey, alg string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		// Each algorithm has its curve (RFC 7518 section 3.4).
		return curves[alg] != "" && curves[alg] == key.Curve.Params().Name
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

var curves = map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

// choose gives the keys that may have signed a token: the one it names, or all
// that fit where it names none.
func choose(keys []verifyKey, id, alg string) []crypto.PublicKey {
	var chosen []crypto.PublicKey
	for _, k := range keys {
		if (id == "" || k.id == id) && k.fits(alg) {
			chosen = append(chosen, k.public)
		}
	}
	return chosen
}
