package config

import (
	"errors"
	"net/http"
	"net/url"
	"os"
)

// fromEnvironment is the value of proxy that takes what the environment says.
const fromEnvironment = "environment"

// checkProxy reports a proxy that is none.
func (c *Config) checkProxy(f *File) {
	if c.Proxy == "" || c.Proxy == fromEnvironment {
		return
	}
	u, err := url.Parse(c.Proxy)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" || u.User != nil {
		f.wrong("proxy", `write "http://HOST:PORT", "socks5://HOST:PORT" or "environment"; a proxy that asks for a password is not supported`, "proxy is not the address of one")
	}
}

// proxyFunc chooses the proxy of a request; nil: there is none. A variable of the environment, which a login or another service may have
// set, decides nothing by itself: who runs the proxy sees where alerts go.
func proxyFunc(proxy string) func(*http.Request) (*url.URL, error) {
	switch proxy {
	case "":
		return nil
	case fromEnvironment:
		return http.ProxyFromEnvironment
	}
	u, err := url.Parse(proxy)
	if err != nil {
		err = errors.New("the proxy of the configuration cannot be used")
	}
	return func(*http.Request) (*url.URL, error) { return u, err }
}

// UnusedProxy is the variable of the environment that names a proxy which is not used; empty if there is none.
func (c *Config) UnusedProxy() string {
	if c.Proxy != "" {
		return ""
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}
