package sockjs

import (
	"net/http"
	"strings"
)

// transport is a way to answer a client with frames.
type transport struct {
	name        string
	method      string
	contentType string
	streaming   bool // many frames an answer, else one
	callback    bool // the query names a function of the page in its parameter c
	prelude     func(callback string) string
	begin       func(callback string) string // before each frame
	end         string                       // behind it
	// quoted says that a frame stands inside a JavaScript string.
	quoted bool
}

const (
	javaScript = "application/javascript; charset=UTF-8"
	plainText  = "text/plain; charset=UTF-8"
	htmlText   = "text/html; charset=UTF-8"
)

// transports are those whose requests wait for frames, by name.
var transports = map[string]*transport{
	XHR: {
		name: XHR, method: http.MethodPost, contentType: javaScript,
		end: "\n",
	},
	XHRStreaming: {
		name: XHRStreaming, method: http.MethodPost, contentType: javaScript, streaming: true,
		// Old browsers show nothing of an answer before it has so many bytes.
		prelude: always(strings.Repeat("h", 2048) + "\n"),
		end:     "\n",
	},
	EventSource: {
		name: EventSource, method: http.MethodGet, contentType: "text/event-stream; charset=UTF-8", streaming: true,
		prelude: always("\r\n"), begin: always("data: "), end: "\r\n\r\n",
	},
	HTMLFile: {
		name: HTMLFile, method: http.MethodGet, contentType: htmlText, streaming: true, callback: true, quoted: true,
		prelude: htmlPrelude, begin: always("<script>\np(\""), end: "\");\n</script>\r\n",
	},
	JSONP: {
		name: JSONP, method: http.MethodGet, contentType: javaScript, callback: true, quoted: true,
		// The comment keeps the answer from being taken for a file of another
		// kind that the callback's name spells.
		begin: func(callback string) string { return "/**/" + callback + "(\"" },
		end:   "\");\r\n",
	},
}

func always(s string) func(string) string { return func(string) string { return s } }

// receives gives the transport whose answers carry what a send request of the
// name belongs to; "" for one that sends nothing.
func receives(send string) string {
	switch send {
	case xhrSend:
		return XHR
	case jsonpSend:
		return JSONP
	}
	return ""
}

const maxCallback = 64

// goodCallback tells whether a callback is a plain name, which can be written
// into a script as it is.
func goodCallback(s string) bool {
	if s == "" || len(s) > maxCallback {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// htmlPrelude is the begin of the page that a hidden frame loads. Browsers show
// nothing of it before it has 1 KiB.
func htmlPrelude(callback string) string {
	page := `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.` + callback + `;
    c.start();
    function p(d) {c.message(d);};
    window.onload = c.stop;
  </script>`
	return page + strings.Repeat(" ", max(0, 1024-len(page))+1) + "\r\n\r\n"
}
