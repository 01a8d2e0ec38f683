package objectstore

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is what S3 answers instead of a result. The store returns it too, for
// callers within the process: see [IsCode].
type Error struct {
	Code    string // S3's name: "NoSuchKey"
	Message string
	Status  int
	Details []Detail // further elements of the XML
}

// Detail is one more thing that an error says: the key, the bucket, ...
type Detail struct{ Name, Value string }

func (e *Error) Error() string { return e.Message }

// IsCode says whether err is S3's error of that name.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// statuses are the HTTP statuses of the codes that are not 400 Bad Request.
var statuses = map[string]int{
	"AccessDenied":            http.StatusForbidden,
	"BucketAlreadyOwnedByYou": http.StatusConflict,
	"BucketNotEmpty":          http.StatusConflict,
	"InternalError":           http.StatusInternalServerError,
	"InvalidAccessKeyId":      http.StatusForbidden,
	"InvalidRange":            http.StatusRequestedRangeNotSatisfiable,
	"MethodNotAllowed":        http.StatusMethodNotAllowed,
	"MissingContentLength":    http.StatusLengthRequired,
	"NoSuchBucket":            http.StatusNotFound,
	"NoSuchKey":               http.StatusNotFound,
	"NoSuchUpload":            http.StatusNotFound,
	"NoSuchVersion":           http.StatusNotFound,
	"NotImplemented":          http.StatusNotImplemented,
	"NotModified":             http.StatusNotModified,
	"PreconditionFailed":      http.StatusPreconditionFailed,
	"RequestTimeTooSkewed":    http.StatusForbidden,
	"SignatureDoesNotMatch":   http.StatusForbidden,
}

func fail(code, format string, args ...any) *Error {
	status := statuses[code]
	if status == 0 {
		status = http.StatusBadRequest
	}
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: status}
}

func (e *Error) with(name, value string) *Error {
	e.Details = append(e.Details, Detail{name, value})
	return e
}

func errInternal() *Error {
	return fail("InternalError", "We encountered an internal error. Please try again.")
}

func errNoSuchBucket(bucket string) error {
	return fail("NoSuchBucket", "The specified bucket does not exist").with("BucketName", bucket)
}

func errNoSuchKey(key string) error {
	return fail("NoSuchKey", "The specified key does not exist.").with("Key", key)
}

func errNoSuchVersion(key, versionID string) error {
	return fail("NoSuchVersion", "The specified version does not exist.").with("Key", key).with("VersionId", versionID)
}

func errNoSuchUpload(id string) error {
	return fail("NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, "+
		"or the upload may have been aborted or completed.").with("UploadId", id)
}

func errInvalidArgument(name, value, message string) error {
	return fail("InvalidArgument", "%s", message).with("ArgumentName", name).with("ArgumentValue", value)
}

func errPrecondition(condition string) error {
	return fail("PreconditionFailed", "At least one of the pre-conditions you specified did not hold").with("Condition", condition)
}

func errTooLarge(limit int64) error {
	return fail("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size").
		with("MaxSizeAllowed", fmt.Sprint(limit))
}
