package local

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// invocation is one on its way to a process.
type invocation struct {
	id            string
	arn           string // as it was invoked
	payload       []byte
	clientContext []byte
	limit         time.Duration
	result        chan outcome // takes one
	tail          tail
}

func newInvocation(r Request) *invocation {
	payload := r.Payload
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	return &invocation{id: newID(), arn: r.arn(), payload: payload, clientContext: r.ClientContext, result: make(chan outcome, 1)}
}

// runtimeAPI is what the program of a process calls. Everybody on the machine
// can call it: a port of loopback is no secret.
func (p *process) runtimeAPI() http.Handler {
	const root = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"invocation/next", p.serveNext)
	mux.HandleFunc("POST "+root+"invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { p.serveResult(w, r, false) })
	mux.HandleFunc("POST "+root+"invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { p.serveResult(w, r, true) })
	mux.HandleFunc("POST "+root+"init/error", p.serveInitError)
	return mux
}

// serveNext holds the program until there is an invocation.
func (p *process) serveNext(w http.ResponseWriter, r *http.Request) {
	p.take(failed("Runtime.NoResponse", "the runtime asked for the next invocation without an answer to this one"))
	var inv *invocation
	select {
	case inv = <-p.work:
	case <-r.Context().Done():
		return
	case <-p.ended:
		return
	}
	p.mu.Lock()
	p.current = inv
	p.mu.Unlock()
	p.write(inv, fmt.Appendf(nil, "START RequestId: %s Version: %s\n", inv.id, p.target.version.Number))
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(inv.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(inv.limit).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
	if len(inv.clientContext) > 0 {
		h.Set("Lambda-Runtime-Client-Context", string(inv.clientContext))
	}
	_, _ = w.Write(inv.payload) // a program that is gone is found out by its end
}

// take ends the invocation that the program is at, if there is one.
func (p *process) take(out outcome) {
	p.mu.Lock()
	inv := p.current
	p.current = nil
	p.mu.Unlock()
	if inv != nil {
		inv.result <- out
	}
}

// serveResult takes what a function returned, or the error that it ended with.
func (p *process) serveResult(w http.ResponseWriter, r *http.Request, isError bool) {
	p.mu.Lock()
	known := p.current != nil && p.current.id == r.PathValue("id")
	p.mu.Unlock()
	if !known {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	body, err := readAnswer(w, r)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		p.take(failed("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload))
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
		return
	case err != nil:
		p.take(failed("Runtime.TruncatedResponse", "the answer of the function broke off"))
		return
	case r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "": // of an answer that was streamed
		isError = true
	}
	p.take(outcome{body, isError})
	accepted(w)
}

// serveInitError takes why the program cannot start.
func (p *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := readAnswer(w, r)
	if err == nil {
		p.mu.Lock()
		p.init = &outcome{body, true}
		p.mu.Unlock()
	}
	accepted(w)
}

func readAnswer(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, strings.ReplaceAll(`{'errorType':'`+kind+`','errorMessage':'`+message+`'}`, "'", `"`))
}
