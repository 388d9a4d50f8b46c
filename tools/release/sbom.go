package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM says in CycloneDX what a binary is made of, by what the linker wrote
// into it: nothing can be in the one and not in the other. It has neither time
// nor serial number, so that it is reproducible too.
func (r release) writeSBOM(p program) error {
	sum, err := sumOf(p.path)
	if err != nil {
		return err
	}
	root := module(cdx.ComponentTypeApplication, p.info.Main.Path, "v"+r.version)
	root.Name = "stompgw"
	root.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: sum}}
	root.Licenses = &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}}
	root.Properties = properties(p.info.Settings)

	bom := cdx.NewBOM()
	bom.SerialNumber = ""
	bom.Metadata = &cdx.Metadata{Component: &root}
	components := []cdx.Component{module(cdx.ComponentTypeLibrary, "std", strings.TrimPrefix(p.info.GoVersion, "go"))}
	for _, m := range p.info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := module(cdx.ComponentTypeLibrary, m.Path, m.Version)
		c.Properties = &[]cdx.Property{{Name: "go:sum", Value: m.Sum}}
		components = append(components, c)
	}
	bom.Components = &components
	var needs []string
	for _, c := range components {
		needs = append(needs, c.BOMRef)
	}
	bom.Dependencies = &[]cdx.Dependency{{Ref: root.BOMRef, Dependencies: &needs}}

	f, err := os.Create(r.path(p.name + ".cdx.json"))
	if err != nil {
		return err
	}
	if err := cdx.NewBOMEncoder(f, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		_ = f.Close() // the first error says more
		return fmt.Errorf("write the SBOM of %s: %w", p.name, err)
	}
	return f.Close()
}

func module(kind cdx.ComponentType, path, version string) cdx.Component {
	url := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cdx.Component{Type: kind, BOMRef: url, Name: path, Version: version, PackageURL: url}
}

// properties gives how a binary was built: architecture, flags, commit.
func properties(settings []debug.BuildSetting) *[]cdx.Property {
	var list []cdx.Property
	for _, s := range settings {
		list = append(list, cdx.Property{Name: "go:build:" + s.Key, Value: s.Value})
	}
	return &list
}
