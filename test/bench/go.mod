module github.com/stompgw/stompgw/test/bench

go 1.26
