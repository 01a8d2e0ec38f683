package objectstore

import (
	"encoding/xml"
	"net/http"
)

type partList struct {
	XMLName              xml.Name `xml:"ListPartsResult"`
	Namespace            string   `xml:"xmlns,attr"`
	Bucket, Key          string
	UploadID             string `xml:"UploadId"`
	Initiator, Owner     *owner
	StorageClass         string
	PartNumberMarker     int
	NextPartNumberMarker int `xml:",omitempty"`
	MaxParts             int
	IsTruncated          bool
	ChecksumAlgorithm    string `xml:",omitempty"`
	ChecksumType         string `xml:",omitempty"`
	Parts                []partItem
}

type partItem struct {
	XMLName      xml.Name `xml:"Part"`
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
	sums
}

func serveListParts(c *call) error {
	id := c.query.Get("uploadId")
	u, err := findUpload(c.ctx(), c.store.read, c.bucket, c.key, id)
	if err != nil {
		return err
	}
	limit, err := c.intParam("max-parts", maxKeys, maxKeys)
	if err != nil {
		return err
	}
	marker, err := c.intParam("part-number-marker", 0, maxPartNumber)
	if err != nil {
		return err
	}
	parts, err := c.store.parts(c.ctx(), c.store.read, id, marker, limit+1)
	if err != nil {
		return err
	}
	doc := partList{
		Namespace: namespace, Bucket: c.bucket, Key: c.key, UploadID: id, Initiator: theOwner, Owner: theOwner,
		StorageClass: "STANDARD", PartNumberMarker: marker, MaxParts: limit,
		ChecksumAlgorithm: u.checksum.Algorithm, ChecksumType: u.checksum.Type,
	}
	for i, p := range parts {
		if i == limit {
			doc.IsTruncated = true
			break
		}
		item := partItem{PartNumber: p.number, LastModified: xmlTime(p.modified), ETag: quote(p.etag), Size: p.size}
		*item.field(p.checksum.Algorithm) = p.checksum.Value
		doc.Parts = append(doc.Parts, item)
		doc.NextPartNumberMarker = p.number
	}
	c.writeXML(http.StatusOK, doc)
	return nil
}

type uploadList struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	Namespace          string   `xml:"xmlns,attr"`
	Bucket             string
	KeyMarker          string
	UploadIDMarker     string `xml:"UploadIdMarker"`
	NextKeyMarker      string `xml:",omitempty"`
	NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
	Prefix             string
	MaxUploads         int
	EncodingType       encoder `xml:",omitempty"`
	IsTruncated        bool
	Uploads            []uploadItem
}

type uploadItem struct {
	XMLName           xml.Name `xml:"Upload"`
	Key               string
	UploadID          string `xml:"UploadId"`
	Initiator, Owner  *owner
	StorageClass      string
	Initiated         string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

func serveListUploads(c *call) error {
	if c.query.Get("delimiter") != "" {
		return fail("NotImplemented", "A header or query you provided implies functionality that is not implemented").with("Header", "delimiter")
	}
	enc, err := c.encoder()
	if err != nil {
		return err
	}
	limit, err := c.intParam("max-uploads", maxKeys, maxKeys)
	if err != nil {
		return err
	}
	prefix, key, id := c.query.Get("prefix"), c.query.Get("key-marker"), c.query.Get("upload-id-marker")
	doc := uploadList{
		Namespace: namespace, Bucket: c.bucket, KeyMarker: enc.encode(key), UploadIDMarker: id,
		Prefix: enc.encode(prefix), MaxUploads: limit, EncodingType: enc,
	}
	if id == "" {
		id = beyond // after all uploads of the key
	}
	uploads, err := c.store.listUploads(c.ctx(), c.bucket, prefix, key, id, limit+1)
	if err != nil {
		return err
	}
	for i, u := range uploads {
		if i == limit {
			doc.IsTruncated = true
			break
		}
		doc.Uploads = append(doc.Uploads, uploadItem{
			Key: enc.encode(u.key), UploadID: u.id, Initiator: theOwner, Owner: theOwner, StorageClass: "STANDARD",
			Initiated: xmlTime(u.created), ChecksumAlgorithm: u.checksum.Algorithm, ChecksumType: u.checksum.Type,
		})
		doc.NextKeyMarker, doc.NextUploadIDMarker = enc.encode(u.key), u.id
	}
	if !doc.IsTruncated {
		doc.NextKeyMarker, doc.NextUploadIDMarker = "", ""
	}
	c.writeXML(http.StatusOK, doc)
	return nil
}
