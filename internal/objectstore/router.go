package objectstore

import (
	"net/http"
	"slices"
)

// level is what an operation is about.
type level int

const (
	onService level = iota + 1
	onBucket
	onObject
)

// operation is one thing that S3 can do. It is chosen by the level, the
// method, a query parameter (only one of which may be there) and, for copies,
// a header.
type operation struct {
	level  level
	method string
	param  string
	header string
	action string // asked of Access before; "" where serve asks itself
	serve  func(*call) error
	change string // S3's name of it, "s3:" apart, where it changes something for good
}

const copySource = "X-Amz-Copy-Source"

// operations is everything there is. An operation with a header stands before
// the one without.
var operations = []operation{
	{onService, http.MethodGet, "", "", "s3:ListAllMyBuckets", serveListBuckets, ""},

	{onBucket, http.MethodPut, "", "", "s3:CreateBucket", serveCreateBucket, "CreateBucket"},
	{onBucket, http.MethodHead, "", "", "s3:ListBucket", serveHeadBucket, ""},
	{onBucket, http.MethodDelete, "", "", "s3:DeleteBucket", serveDeleteBucket, "DeleteBucket"},
	{onBucket, http.MethodGet, "location", "", "s3:GetBucketLocation", serveBucketLocation, ""},
	{onBucket, http.MethodGet, "versioning", "", "s3:GetBucketVersioning", serveGetVersioning, ""},
	{onBucket, http.MethodPut, "versioning", "", "s3:PutBucketVersioning", servePutVersioning, "PutBucketVersioning"},
	{onBucket, http.MethodGet, "", "", "s3:ListBucket", serveListObjects, ""},
	{onBucket, http.MethodGet, "versions", "", "s3:ListBucketVersions", serveListVersions, ""},
	{onBucket, http.MethodGet, "uploads", "", "s3:ListBucketMultipartUploads", serveListUploads, ""},
	{onBucket, http.MethodPost, "delete", "", "", serveDeleteObjects, "DeleteObjects"},

	{onObject, http.MethodGet, "", "", "s3:GetObject", serveGetObject, ""},
	{onObject, http.MethodHead, "", "", "s3:GetObject", serveGetObject, ""},
	{onObject, http.MethodPut, "", copySource, "s3:PutObject", serveCopyObject, "CopyObject"},
	{onObject, http.MethodPut, "", "", "s3:PutObject", servePutObject, "PutObject"},
	{onObject, http.MethodDelete, "", "", "s3:DeleteObject", serveDeleteObject, "DeleteObject"},
	{onObject, http.MethodGet, "tagging", "", "s3:GetObjectTagging", serveGetTagging, ""},
	{onObject, http.MethodPost, "uploads", "", "s3:PutObject", serveCreateUpload, "CreateMultipartUpload"},
	{onObject, http.MethodPut, "uploadId", copySource, "s3:PutObject", serveCopyPart, ""},
	{onObject, http.MethodPut, "uploadId", "", "s3:PutObject", servePutPart, ""},
	{onObject, http.MethodGet, "uploadId", "", "s3:ListMultipartUploadParts", serveListParts, ""},
	{onObject, http.MethodPost, "uploadId", "", "s3:PutObject", serveCompleteUpload, "CompleteMultipartUpload"},
	{onObject, http.MethodDelete, "uploadId", "", "s3:AbortMultipartUpload", serveAbortUpload, "AbortMultipartUpload"},
}

// versionActions are the actions on a named version.
var versionActions = map[string]string{
	"s3:GetObject":        "s3:GetObjectVersion",
	"s3:DeleteObject":     "s3:DeleteObjectVersion",
	"s3:GetObjectTagging": "s3:GetObjectVersionTagging",
}

// subresources are the parameters that choose an operation: those above, and
// those of operations that S3 has and this store has not. A client that asks
// for one of them must not get something else.
var subresources = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "lifecycle", "location", "logging", "metadataConfiguration", "metadataInventoryTable",
	"metadataJournalTable", "metadataTable", "metrics", "notification", "object-lock", "ownershipControls", "policy",
	"policyStatus", "publicAccessBlock", "renameObject", "replication", "requestPayment", "restore", "retention",
	"select", "session", "tagging", "torrent", "uploadId", "uploads", "versioning", "versions", "website",
}

func route(c *call) (operation, error) {
	at := onObject
	switch {
	case c.bucket == "" && c.key != "":
		return operation{}, fail("InvalidBucketName", "The specified bucket is not valid.").with("BucketName", "")
	case c.bucket == "":
		at = onService
	case c.key == "":
		at = onBucket
	}
	param := ""
	for _, name := range subresources {
		if !c.query.Has(name) {
			continue
		}
		if param != "" {
			return operation{}, errInvalidArgument("ResourceType", name, "Conflicting query string parameters: "+param+", "+name)
		}
		param = name
	}
	i := slices.IndexFunc(operations, func(op operation) bool {
		return op.level == at && op.method == c.r.Method && op.param == param &&
			(op.header == "" || c.r.Header.Get(op.header) != "")
	})
	if i >= 0 {
		return operations[i], nil
	}
	return operation{}, noOperation(c, at, param)
}

func noOperation(c *call, at level, param string) error {
	known := slices.ContainsFunc(operations, func(op operation) bool { return op.level == at && op.param == param })
	if param != "" && !known || at == onBucket && c.r.Method == http.MethodPost { // a form upload
		return fail("NotImplemented", "A header or query you provided implies functionality that is not implemented").
			with("Header", param)
	}
	return fail("MethodNotAllowed", "The specified method is not allowed against this resource.").with("Method", c.r.Method)
}
