//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// A protocol gives exchanges their bytes, so that one situation can be played in several languages.
type protocol struct {
	name     string
	port     int
	request  func(n int) string // the n-th request
	response func(n, size int) string
}

var httpProtocol = protocol{"http", 8080,
	func(n int) string {
		return fmt.Sprintf("GET /items/%d HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: lab/1\r\nAccept: */*\r\n\r\n", n)
	},
	func(n, size int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "+
			"%d\r\n\r\n%s", size, strings.Repeat("x", size))
	}}

var redisProtocol = protocol{"redis", 6379,
	func(n int) string {
		k := fmt.Sprintf("key:%d", n)
		return fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", len(k), k)
	},
	func(n, size int) string { return fmt.Sprintf("$%d\r\n%s\r\n", size, strings.Repeat("v", size)) }}

// opaqueProtocol is a binary protocol that is not known: a length, an operation, bytes.
var opaqueProtocol = protocol{"opaque", 7400,
	func(n int) string { return message(byte(n), filler(24+13*n)) },
	func(n, size int) string { return message(byte(0x80|n), filler(size)) }}

func message(op byte, body []byte) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)+1))
	return string(append(append(b, op), body...))
}

var protocols = []protocol{httpProtocol, redisProtocol, opaqueProtocol}

// post is an HTTP request that announces a body of size bytes.
func post(size int) string {
	return fmt.Sprintf("POST /upload HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: lab/1\r\nContent-Type: "+
		"application/octet-stream\r\nContent-Length: %d\r\n\r\n", size)
}

// head is an HTTP response that announces a body of size bytes.
func head(size int) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: application/octet-stream\r\nContent-Length: "+
		"%d\r\n\r\n", size)
}

// serve gives the steps of a server that answers n whole exchanges.
func (p protocol) serve(n, size int) []string {
	var steps []string
	for i := range n {
		steps = append(steps, fmt.Sprintf("read %d", len(p.request(i))), send(p.response(i, size)))
	}
	return steps
}

// ask gives the steps of a client that makes n whole exchanges.
func (p protocol) ask(n, size int, between ...string) []string {
	var steps []string
	for i := range n {
		steps = append(steps, send(p.request(i)), fmt.Sprintf("read %d", len(p.response(i, size))))
		if i < n-1 {
			steps = append(steps, between...)
		}
	}
	return steps
}

// steps joins single steps and lists of them.
func steps(parts ...any) []string {
	var all []string
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, p)
		case []string:
			all = append(all, p...)
		}
	}
	return all
}
