module github.com/stompgw/stompgw

go 1.26
