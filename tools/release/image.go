package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nobody is the user and group of the image, as in the Dockerfile.
const nobody = 65532

// config is what the Dockerfile says after FROM scratch; a test holds the two
// equal.
func (r release) config() v1.Config {
	return v1.Config{
		User:         fmt.Sprintf("%d:%d", nobody, nobody),
		Entrypoint:   []string{"/stompgw"},
		Env:          []string{"PATH=/"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "9090/tcp": {}},
		Healthcheck: &v1.HealthConfig{
			Test:     []string{"CMD", "/stompgw", "healthcheck"},
			Interval: 10 * time.Second, Timeout: 6 * time.Second, StartPeriod: 5 * time.Second,
		},
		Labels: map[string]string{
			"org.opencontainers.image.title":    "stompgw",
			"org.opencontainers.image.version":  r.version,
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
}

// writeImage makes one image for all architectures and writes it as a tar of an
// OCI image layout, which skopeo calls an oci-archive.
func (r release) writeImage(programs []program) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range programs {
		image, err := r.image(p)
		if err != nil {
			return fmt.Errorf("make the image of %s: %w", p.name, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: p.arch},
		}})
	}
	dir, err := os.MkdirTemp("", "stompgw-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	name := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.version,
		"io.containerd.image.name":          "stompgw:" + r.version,
	})
	if err := l.AppendIndex(index, name); err != nil {
		return err
	}
	return archive(dir, r.path("stompgw-image.tar"))
}

// image is the gateway and the certificates of public CAs, nothing else.
func (r release) image(p program) (v1.Image, error) {
	binary, err := os.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, file := range []struct {
		path string
		mode int64
		text []byte
	}{
		{"etc/ssl/certs/ca-certificates.crt", 0o644, certificates()},
		{"stompgw", 0o755, binary},
	} {
		content, err := layerOf(file.path, file.mode, file.text)
		if err != nil {
			return nil, err
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(content)), nil
		}, tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config, file.Created = "linux", p.arch, r.config(), v1.Time{Time: epoch}
	if commit, err := time.Parse(time.RFC3339, p.setting("vcs.time")); err == nil {
		file.Created = v1.Time{Time: commit}
		file.Config.Labels["org.opencontainers.image.revision"] = p.setting("vcs.revision")
	}
	return mutate.ConfigFile(image, file)
}

// certificates gives the CAs that Mozilla trusts, PEM. Those that it trusts with a
// condition are left out: a file of certificates cannot say so.
func certificates() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes all
		}
	}
	return b.Bytes()
}

// epoch is the time of every file, so that the bytes are the same whenever.
var epoch = time.Unix(0, 0).UTC()

// layerOf gives a tar with one file and the folders above it, owned by root.
func layerOf(path string, mode int64, text []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, c := range path {
		if c == '/' {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: path[:i+1], Mode: 0o755, ModTime: epoch}); err != nil {
				return nil, err
			}
		}
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: mode, Size: int64(len(text)), ModTime: epoch}); err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}

// archive writes a folder as a tar, in the order of names, all of one time.
func archive(dir, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close() // again below, where it tells
	w := tar.NewWriter(f)
	err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Mode: 0o644, Size: int64(len(text)), ModTime: epoch}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}
