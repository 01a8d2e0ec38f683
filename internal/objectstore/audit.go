package objectstore

import (
	"log/slog"
	"net/http"
)

// Change is one call that changed something, or was refused to a caller who is
// known. What was put is no part of it.
type Change struct {
	RequestID string
	Request   *http.Request // where it came from; its body has been read
	Principal any           // as Access.Credential returned it
	Region    string        // that the request is signed for
	Operation string        // S3's name: "PutObject"
	Resources []string      // ARNs; of many objects the first, and the bucket
	Details   map[string]string
	Code      string // of the refusal; "" if there was none
	Message   string
}

// maxResources bounds how many objects of a list a change names.
const maxResources = 100

// on notes an object, or with no key the bucket, that the change is about.
func (c *Change) on(bucket, key string) {
	switch arn := resource(bucket, key); {
	case len(c.Resources) < maxResources:
		c.Resources = append(c.Resources, arn)
	case len(c.Resources) == maxResources:
		c.Resources = append(c.Resources, resource(bucket, "*"))
	}
}

// resource is the ARN of an object, of a bucket, or of everything.
func resource(bucket, key string) string {
	switch {
	case bucket == "":
		return "*"
	case key == "":
		return "arn:aws:s3:::" + bucket
	}
	return "arn:aws:s3:::" + bucket + "/" + key
}

// audited has the answer of a changing call wait for the audit. A part of an
// upload is no change: nobody can see it before the upload is completed, which
// is one.
func (c *call) audited(op operation) {
	if op.change == "" || c.audit == nil {
		return
	}
	c.change = Change{
		RequestID: c.id, Request: c.r, Principal: c.principal, Region: c.auth.Region,
		Operation: op.change, Details: c.details(),
	}
	if op.change != "DeleteObjects" { // which names them in its body
		c.change.on(c.bucket, c.key)
	}
	c.w = &auditWriter{ResponseWriter: c.w, call: c}
}

// details are what a change's request says beside the names.
func (c *call) details() map[string]string {
	d := map[string]string{}
	for _, name := range []string{"versionId", "uploadId"} {
		if v := c.query.Get(name); v != "" {
			d[name] = v
		}
	}
	if from := c.r.Header.Get(copySource); from != "" {
		d["copySource"] = from
	}
	return d
}

// auditWriter tells the audit before the first byte of the answer. When that
// fails the answer is an internal error, though the change is made: a client
// that repeats it makes no other.
type auditWriter struct {
	http.ResponseWriter
	call  *call
	begun bool
	void  bool // the answer has been replaced
}

func (w *auditWriter) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	c := w.call
	if len(c.change.Resources) == 0 { // a list that could not be read
		c.change.on(c.bucket, "")
	}
	if c.refused != nil {
		c.change.Code, c.change.Message = c.refused.Code, c.refused.Message
	}
	err := c.audit(c.ctx(), c.change)
	if err == nil {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	slog.ErrorContext(c.ctx(), "cannot save the audit record of a change", "operation", c.change.Operation,
		"bucket", c.bucket, "key", c.key, "error", err)
	w.void = true
	replaced := *c
	replaced.w = w.ResponseWriter
	replaced.writeError(errInternal())
}

func (w *auditWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	if w.void {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
