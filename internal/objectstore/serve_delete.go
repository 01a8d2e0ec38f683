package objectstore

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

func serveDeleteObject(c *call) error {
	done, err := c.store.remove(c.ctx(), c.bucket, target{c.key, c.query.Get("versionId")})
	if err != nil {
		return err
	}
	if d := done[0]; d.marker {
		c.w.Header().Set("X-Amz-Delete-Marker", "true")
		c.w.Header().Set("X-Amz-Version-Id", d.markerID)
	} else {
		c.versionHeader(d.versionID)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

const maxDeletions = 1000

type deleteXML struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Objects []struct {
		Key       string
		VersionID string `xml:"VersionId"`
	} `xml:"Object"`
}

type deleteResult struct {
	XMLName   xml.Name `xml:"DeleteResult"`
	Namespace string   `xml:"xmlns,attr"`
	Deleted   []deletedItem
	Error     []undeletedItem
}

type deletedItem struct {
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

type undeletedItem struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
	Code      string
	Message   string
}

// serveDeleteObjects deletes what of a list the caller may delete, and says
// what not.
func serveDeleteObjects(c *call) error {
	var doc deleteXML
	if err := c.readXML(&doc); err != nil {
		return err
	}
	if len(doc.Objects) == 0 || len(doc.Objects) > maxDeletions {
		return malformedXML()
	}
	result := deleteResult{Namespace: namespace}
	var targets []target
	for _, o := range doc.Objects {
		c.change.on(c.bucket, o.Key)
		if err := c.mayDelete(o.Key, o.VersionID); err != nil {
			result.Error = append(result.Error, undeletedItem{o.Key, o.VersionID, err.Code, err.Message})
			continue
		}
		targets = append(targets, target{o.Key, o.VersionID})
	}
	if n := len(result.Error); n > 0 {
		c.change.Message = fmt.Sprintf("%d of %d objects may not be deleted by this caller", n, len(doc.Objects))
	}
	done, err := c.store.remove(c.ctx(), c.bucket, targets...)
	if err != nil {
		return err
	}
	for _, d := range done {
		if !doc.Quiet {
			result.Deleted = append(result.Deleted, deletedItem{d.key, d.versionID, d.marker, d.markerID})
		}
	}
	c.writeXML(http.StatusOK, result)
	return nil
}

func (c *call) mayDelete(key, versionID string) *Error {
	err := checkKey(key)
	if err == nil {
		action := "s3:DeleteObject"
		if versionID != "" {
			action = versionActions[action]
		}
		err = c.allow(action, c.bucket, key)
	}
	var refused *Error
	errors.As(err, &refused)
	return refused
}
