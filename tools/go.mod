// The linters, pinned, in a module of their own, so that the product's go.mod
// stays short. From the top folder:
//
//	go vet ./...
//	go tool -modfile=tools/go.mod staticcheck ./...
//	go tool -modfile=tools/go.mod errcheck -ignoretests -exclude tools/errcheck.txt ./...
//
// They stand for golangci-lint, which would bring hundreds of modules: its
// standard set is these three, unused, which is in staticcheck, and ineffassign,
// most of which is in staticcheck too (SA4006). What staticcheck checks stands
// in staticcheck.conf.
module github.com/stompgw/stompgw/tools

go 1.26.0

tool (
	github.com/kisielk/errcheck
	honnef.co/go/tools/cmd/staticcheck
)

require (
	github.com/BurntSushi/toml v1.4.1-0.20240526193622-a339e1f7089c // indirect
	github.com/kisielk/errcheck v1.30.0 // indirect
	golang.org/x/exp/typeparams v0.0.0-20231108232855-2478ac86f678 // indirect
	golang.org/x/mod v0.41.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	honnef.co/go/tools v0.8.2 // indirect
)
