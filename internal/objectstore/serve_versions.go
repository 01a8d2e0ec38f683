package objectstore

import (
	"encoding/xml"
	"math"
	"net/http"
	"strconv"
)

type versionList struct {
	XMLName             xml.Name `xml:"ListVersionsResult"`
	Namespace           string   `xml:"xmlns,attr"`
	Name                string
	Prefix              string
	Delimiter           string `xml:",omitempty"`
	KeyMarker           string
	VersionIDMarker     string `xml:"VersionIdMarker"`
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys             int
	EncodingType        encoder `xml:",omitempty"`
	IsTruncated         bool
	Items               []versionItem // in order, markers among versions
	CommonPrefixes      []prefixItem
}

// versionItem is a Version or a DeleteMarker, as its XMLName says.
type versionItem struct {
	XMLName           xml.Name
	Key               string
	VersionID         string `xml:"VersionId"`
	IsLatest          bool
	LastModified      string
	ETag              string `xml:",omitempty"`
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              *int64
	StorageClass      string `xml:",omitempty"`
	Owner             *owner
}

func serveListVersions(c *call) error {
	q, enc, err := c.listQuery()
	if err != nil {
		return err
	}
	q.versions = true
	keyMarker, idMarker := c.query.Get("key-marker"), c.query.Get("version-id-marker")
	q.from = after(keyMarker, q)
	if idMarker != "" {
		if keyMarker == "" {
			return errInvalidArgument("version-id-marker", idMarker, "A version-id marker cannot be specified without a key marker.")
		}
		q.from = keyMarker
		if q.olderThan, err = c.placeOf(keyMarker, idMarker); err != nil {
			return err
		}
	}
	l, err := c.store.list(c.ctx(), q)
	if err != nil {
		return err
	}
	doc := versionList{
		Namespace: namespace, Name: c.bucket, Prefix: enc.encode(q.prefix), Delimiter: enc.encode(q.delimiter),
		KeyMarker: enc.encode(keyMarker), VersionIDMarker: idMarker, MaxKeys: q.limit, EncodingType: enc,
		IsTruncated: l.truncated, CommonPrefixes: prefixItems(l.groups, enc),
	}
	for _, o := range l.objects {
		doc.Items = append(doc.Items, versionListItem(o, enc))
	}
	if l.truncated {
		doc.NextKeyMarker = enc.encode(l.last)
		if l.nextOlder > 0 {
			doc.NextVersionIDMarker = l.objects[len(l.objects)-1].VersionID
		}
	}
	c.writeXML(http.StatusOK, doc)
	return nil
}

// placeOf finds a version in the order of all. It may be gone: clients delete
// what one page showed before they ask for the next. Most ids tell their place
// themselves; where "null" was nobody knows, so the key is shown again.
func (c *call) placeOf(key, versionID string) (int64, error) {
	o, err := findObject(c.ctx(), c.store.read, c.bucket, key, versionID)
	if err == nil {
		return o.seq, nil
	}
	if !IsCode(err, "NoSuchVersion") {
		return 0, err
	}
	if versionID == NullVersion {
		return math.MaxInt64, nil
	}
	if len(versionID) > seqDigits {
		if seq, err := strconv.ParseInt(versionID[:seqDigits], 16, 64); err == nil {
			return seq, nil
		}
	}
	return 0, errInvalidArgument("version-id-marker", versionID, "Invalid version id specified")
}

func versionListItem(o Object, enc encoder) versionItem {
	item := versionItem{
		XMLName: xml.Name{Local: "DeleteMarker"}, Key: enc.encode(o.Key), VersionID: o.VersionID, IsLatest: o.Latest,
		LastModified: xmlTime(o.Modified), Owner: theOwner,
	}
	if !o.DeleteMarker {
		item.XMLName.Local = "Version"
		item.ETag, item.Size, item.StorageClass = quote(o.ETag), &o.Size, "STANDARD"
		item.ChecksumAlgorithm, item.ChecksumType = o.Checksum.Algorithm, o.Checksum.Type
	}
	return item
}
