package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// keyEndpoint makes what fetches the key set, by way of the discovery document
// where no URL is given.
func keyEndpoint(o *JWTOptions, client *http.Client) func(context.Context) ([]verifyKey, error) {
	return func(ctx context.Context) ([]verifyKey, error) {
		address := o.KeySetURL
		if address == "" {
			var err error
			if address, err = discover(ctx, client, o); err != nil {
				return nil, err
			}
		}
		text, err := get(ctx, client, address)
		if err != nil {
			return nil, err
		}
		return parseKeySet(text)
	}
}

// discover asks the issuer where its keys are (OpenID Connect Discovery 1.0
// section 4). They may be on another host, as Google's are.
func discover(ctx context.Context, client *http.Client, o *JWTOptions) (string, error) {
	text, err := get(ctx, client, strings.TrimSuffix(o.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return "", errors.New("the discovery document is not JSON of the expected form")
	}
	if document.Issuer != o.Issuer { // section 4.3
		return "", fmt.Errorf("the discovery document is of issuer %q, not %q", short(document.Issuer), o.Issuer)
	}
	insecureIssuer := strings.HasPrefix(o.Issuer, "http://")
	if err := checkURL(document.Keys, o.AllowHTTP); err != nil || !insecureIssuer && !strings.HasPrefix(document.Keys, "https://") {
		return "", errors.New("the discovery document names no https URL of the keys")
	}
	return document.Keys, nil
}
