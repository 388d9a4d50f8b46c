package sockjs

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// maxPosts bounds the requests of a session that post or wait for their turn.
// Clients send one at a time. net/http does not notice that the client has gone of
// a request whose body is not read, so without a bound they would pile up.
const maxPosts = 4

// send takes the messages of a request in. It is answered well only when the
// session has taken them.
func (v *Server) send(w http.ResponseWriter, r *http.Request, q Request, c Caller) {
	s := v.find(q.session, c.Owner)
	if s == nil {
		http.NotFound(w, r)
		return
	}
	AllowOrigin(w.Header(), c.AllowOrigin)
	noCache(w.Header())
	select {
	case s.posts <- struct{}{}:
		defer func() { <-s.posts }()
	default:
		answer(w, http.StatusServiceUnavailable, "too many requests of this session send at the same time")
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // how long it takes is the session's to limit
	if !s.turn(r) {
		http.NotFound(w, r)
		return
	}
	status, err := v.post(control, w, r, s, q.Transport == jsonpSend)
	<-s.posting
	_ = control.SetWriteDeadline(time.Now().Add(v.options.WriteTimeout)) // else the write has none
	if err != nil {
		answer(w, status, err.Error())
		return
	}
	if status == http.StatusNotFound {
		http.NotFound(w, r)
		return
	}
	v.options.Cookie.set(w, r)
	if q.Transport == jsonpSend {
		answer(w, http.StatusOK, "ok")
		return
	}
	w.Header().Set("Content-Type", plainText)
	w.WriteHeader(http.StatusNoContent)
}

// turn waits until no other request posts to the session: only one body at a
// time takes memory, and messages keep their order.
func (s *Session) turn(r *http.Request) bool {
	select {
	case s.posting <- struct{}{}:
		return true
	case <-s.over:
	case <-r.Context().Done():
	}
	return false
}

// post hands the messages of a request over to the session.
func (v *Server) post(control *http.ResponseController, w http.ResponseWriter, r *http.Request, s *Session, form bool) (int, error) {
	body, err := v.readBody(control, w, r, int(s.maxPost.Load()))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return http.StatusRequestEntityTooLarge, errors.New("the messages of one request are larger than this server takes")
	case err != nil:
		return http.StatusBadRequest, errors.New("the body did not come whole")
	}
	if form {
		body = formPayload(r, body)
	}
	messages, err := Decode(body)
	if err != nil {
		return http.StatusInternalServerError, err
	}
	if len(messages) == 0 {
		return http.StatusNoContent, nil
	}
	select {
	case s.incoming <- messages:
		return http.StatusNoContent, nil
	case <-s.over:
	case <-r.Context().Done():
	}
	return http.StatusNotFound, nil
}

// readBody reads a body of at most so many bytes within the body timeout. After
// an error the rest is not waited for: the connection ends with the answer, or in
// HTTP/2 the stream alone.
func (v *Server) readBody(control *http.ResponseController, w http.ResponseWriter, r *http.Request, most int) ([]byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	_ = control.SetReadDeadline(time.Now().Add(v.options.BodyTimeout)) // else the body has no limit
	var b bytes.Buffer
	var err error
	if r.ContentLength > int64(most) {
		err = &http.MaxBytesError{Limit: int64(most)}
	} else {
		b.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
		_, err = b.ReadFrom(http.MaxBytesReader(w, r.Body, int64(most)))
	}
	if err != nil {
		if r.ProtoMajor == 1 { // in HTTP/2, all that share the connection would lose it
			w.Header().Set("Connection", "close")
		}
		_ = control.SetReadDeadline(time.Now()) // the same
		return nil, err
	}
	_ = control.SetReadDeadline(time.Time{}) // what follows the body is net/http's to wait for
	return b.Bytes(), nil
}

// formPayload takes the messages out of a form, which is how pages send them that
// have nothing but forms.
func formPayload(r *http.Request, body []byte) []byte {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return body
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	return []byte(form.Get("d"))
}

// answer writes a short text.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", plainText)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // nobody is left to tell
}
