package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// readFile reads a file of at most 1 MiB.
func readFile(name string) ([]byte, error) {
	const most = 1 << 20
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(b) > most {
		err = errors.New("larger than 1MiB")
	}
	return b, err
}

// tryAppend says why a file could not be appended to; "" is none. It makes none
// where there is none yet: it would be of the user who checks, not of the one who
// serves.
func tryAppend(name string) error {
	if name == "" {
		return nil
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(name)); err != nil {
			return errors.New("its folder: " + cause(err))
		}
		return nil
	}
	if err != nil || !info.Mode().IsRegular() && !info.IsDir() { // a pipe might wait for its reader
		return err
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// cause is what went wrong with a file, without its name, which the mistake
// shows already.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// checkCA reads and parses the authorities that a variable names, if it names any.
func (r *reading) checkCA(name, file string) {
	if pem, ok := r.readPEM(Prefix+name, file); ok && !x509.NewCertPool().AppendCertsFromPEM(pem) {
		r.mistake(Prefix+name, "a PEM file with CA certificates")
	}
}

// checkKeyPair reads and parses a certificate and its key.
func (r *reading) checkKeyPair(certName, certFile, keyName, keyFile string) {
	cert, key := Prefix+certName, Prefix+keyName
	certPEM, certRead := r.readPEM(cert, certFile)
	keyPEM, keyRead := r.readPEM(key, keyFile)
	switch {
	case certFile == "" && keyFile != "":
		r.mistake(key, "only together with "+cert)
	case certFile != "" && keyFile == "":
		r.mistake(cert, "only together with "+key)
	case certRead && keyRead && !x509.NewCertPool().AppendCertsFromPEM(certPEM):
		r.mistake(cert, "a PEM file with a certificate")
	case certRead && keyRead:
		if _, err := tls.X509KeyPair(certPEM, keyPEM); err != nil {
			r.mistake(key, "a PEM file with the key of "+cert+" ("+err.Error()+")")
		}
	}
}

// readPEM reads the file that a variable names, if it names one.
func (r *reading) readPEM(variable, file string) ([]byte, bool) {
	if file == "" {
		return nil, false
	}
	pem, err := readFile(file)
	if err != nil {
		r.mistake(variable, "a readable PEM file ("+cause(err)+")")
	}
	return pem, err == nil
}
