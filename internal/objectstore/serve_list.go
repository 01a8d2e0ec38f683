package objectstore

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strings"
)

const maxKeys = 1000

type objectList struct {
	XMLName   xml.Name `xml:"ListBucketResult"`
	Namespace string   `xml:"xmlns,attr"`
	Name      string
	Prefix    string
	Delimiter string `xml:",omitempty"`
	// Version 1 only.
	Marker     *string
	NextMarker string `xml:",omitempty"`
	// Version 2 only.
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	KeyCount              *int

	MaxKeys        int
	EncodingType   encoder `xml:",omitempty"`
	IsTruncated    bool
	Contents       []objectItem
	CommonPrefixes []prefixItem
}

type objectItem struct {
	Key, LastModified, ETag string
	ChecksumAlgorithm       string `xml:",omitempty"`
	ChecksumType            string `xml:",omitempty"`
	Size                    int64
	StorageClass            string
	Owner                   *owner
}

type prefixItem struct{ Prefix string }

// serveListObjects serves both versions: they differ in how they page.
func serveListObjects(c *call) error {
	q, enc, err := c.listQuery()
	if err != nil {
		return err
	}
	doc := objectList{Namespace: namespace, Name: c.bucket, MaxKeys: q.limit, EncodingType: enc}
	v2 := c.query.Get("list-type") == "2"
	if v2 {
		q.from, err = c.pageV2(&doc, enc)
	} else {
		q.from = c.pageV1(&doc, q, enc)
	}
	if err != nil {
		return err
	}
	l, err := c.store.list(c.ctx(), q)
	if err != nil {
		return err
	}
	doc.Prefix, doc.Delimiter = enc.encode(q.prefix), enc.encode(q.delimiter)
	doc.IsTruncated = l.truncated
	withOwner := !v2 || c.query.Get("fetch-owner") == "true"
	for _, o := range l.objects {
		doc.Contents = append(doc.Contents, listItem(o, enc, withOwner))
	}
	doc.CommonPrefixes = prefixItems(l.groups, enc)
	if v2 {
		count := len(l.objects) + len(l.groups)
		doc.KeyCount = &count
	}
	switch {
	case l.truncated && v2:
		doc.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(l.next))
	case l.truncated:
		doc.NextMarker = enc.encode(l.last)
	}
	c.writeXML(http.StatusOK, doc)
	return nil
}

func (c *call) listQuery() (listQuery, encoder, error) {
	limit, err := c.intParam("max-keys", maxKeys, maxKeys)
	if err != nil {
		return listQuery{}, "", err
	}
	enc, err := c.encoder()
	return listQuery{
		bucket: c.bucket, prefix: c.query.Get("prefix"), delimiter: c.query.Get("delimiter"), limit: limit,
	}, enc, err
}

// pageV1 begins after a marker. One that is a group, as NextMarker may be,
// means after the group.
func (c *call) pageV1(doc *objectList, q listQuery, enc encoder) (from string) {
	marker := c.query.Get("marker")
	shown := enc.encode(marker)
	doc.Marker = &shown
	return after(marker, q)
}

// pageV2 begins where the token says; it is opaque to clients.
func (c *call) pageV2(doc *objectList, enc encoder) (from string, err error) {
	doc.StartAfter = enc.encode(c.query.Get("start-after"))
	doc.ContinuationToken = c.query.Get("continuation-token")
	if doc.ContinuationToken == "" {
		return after(c.query.Get("start-after"), listQuery{}), nil
	}
	b, err := base64.URLEncoding.DecodeString(doc.ContinuationToken)
	if err != nil {
		return "", errInvalidArgument("continuation-token", doc.ContinuationToken, "The continuation token provided is incorrect")
	}
	return string(b), nil
}

// after is where a page begins that follows a key or, if it is one, a group.
func after(marker string, q listQuery) string {
	switch {
	case marker == "":
		return ""
	case strings.HasPrefix(marker, q.prefix) && groupOf(marker, q.prefix, q.delimiter) == marker:
		return afterPrefix(toText(marker))
	default:
		return toText(marker) + first
	}
}

func listItem(o Object, enc encoder, withOwner bool) objectItem {
	item := objectItem{
		Key: enc.encode(o.Key), LastModified: xmlTime(o.Modified), ETag: quote(o.ETag), Size: o.Size,
		ChecksumAlgorithm: o.Checksum.Algorithm, ChecksumType: o.Checksum.Type, StorageClass: "STANDARD",
	}
	if withOwner {
		item.Owner = theOwner
	}
	return item
}

func prefixItems(groups []string, enc encoder) (items []prefixItem) {
	for _, g := range groups {
		items = append(items, prefixItem{enc.encode(g)})
	}
	return items
}
