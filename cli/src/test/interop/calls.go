// Calls an origin by Go's client and prints what comes back.
// Usage: calls (1|2) BASE...
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
)

func main() {
	transport := &http.Transport{ForceAttemptHTTP2: os.Args[1] == "2"}
	if os.Args[1] == "1" {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	// http.ProxyFromEnvironment leaves localhost out, whatever the environment says.
	if proxy, there := os.LookupEnv("https_proxy"); there {
		address, err := url.Parse(proxy)
		check(err)
		transport.Proxy = http.ProxyURL(address)
	}
	client := &http.Client{Transport: transport}
	for _, base := range os.Args[2:] {
		call(client, "GET", base, "/text", nil)
		call(client, "GET", base, "/coded/gzip", nil)
		call(client, "POST", base, "/echo", bytes.NewReader(bytes.Repeat([]byte("upload "), 40000)))
		// Of a reader whose length it cannot know, Go sends chunks.
		call(client, "PUT", base, "/digest", io.MultiReader(bytes.NewReader(make([]byte, 100000))))
		call(client, "GET", base, "/trailers", nil)
		call(client, "HEAD", base, "/text", nil)
	}
}

func call(client *http.Client, method, base, path string, body io.Reader) {
	request, err := http.NewRequest(method, base+path, body)
	check(err)
	response, err := client.Do(request)
	check(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	check(err)
	var names []string
	for name := range response.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Println(path, response.Proto, response.Status, response.ContentLength)
	for _, name := range names {
		fmt.Println(name, response.Header[name])
	}
	fmt.Printf("%d %x %v\n", len(content), sha256.Sum256(content), response.Trailer)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
