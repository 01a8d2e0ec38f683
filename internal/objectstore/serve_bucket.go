package objectstore

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

// owner is of everything: there is one account in a store.
type owner struct {
	ID          string
	DisplayName string `xml:",omitempty"`
}

var theOwner = &owner{ID: "slipway"}

type bucketList struct {
	XMLName           xml.Name `xml:"ListAllMyBucketsResult"`
	Namespace         string   `xml:"xmlns,attr"`
	Owner             *owner
	Buckets           []bucketItem `xml:"Buckets>Bucket"`
	ContinuationToken string       `xml:",omitempty"`
	Prefix            string       `xml:",omitempty"`
}

type bucketItem struct {
	Name, CreationDate, BucketRegion string
}

const maxBuckets = 10000

func serveListBuckets(c *call) error {
	limit, err := c.intParam("max-buckets", maxBuckets, maxBuckets)
	if err != nil {
		return err
	}
	// The token is the last name seen; names are no secret to who may list them.
	buckets, err := c.store.listBuckets(c.ctx(), c.query.Get("prefix"), c.query.Get("continuation-token"), limit+1)
	if err != nil {
		return err
	}
	doc := bucketList{Namespace: namespace, Owner: theOwner, Prefix: c.query.Get("prefix")}
	for i, b := range buckets {
		if i == limit {
			doc.ContinuationToken = buckets[i-1].Name
			break
		}
		doc.Buckets = append(doc.Buckets, bucketItem{b.Name, xmlTime(b.Created), b.Region})
	}
	c.writeXML(http.StatusOK, doc)
	return nil
}

func serveCreateBucket(c *call) error {
	if err := checkPromises(c.r.Header); err != nil {
		return err
	}
	var conf struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
	}
	if c.r.ContentLength != 0 {
		if err := c.readXML(&conf); err != nil {
			return err
		}
	}
	region := conf.LocationConstraint
	if region == "" {
		region = c.auth.Region
	}
	if err := c.store.createBucket(c.ctx(), c.bucket, region); err != nil {
		return err
	}
	c.w.Header().Set("Location", "/"+c.bucket)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func serveHeadBucket(c *call) error {
	b, err := c.store.Bucket(c.ctx(), c.bucket)
	if err != nil {
		return err
	}
	c.w.Header().Set("X-Amz-Bucket-Region", b.Region)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func serveDeleteBucket(c *call) error {
	if err := c.store.deleteBucket(c.ctx(), c.bucket); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func serveBucketLocation(c *call) error {
	b, err := c.store.Bucket(c.ctx(), c.bucket)
	if err != nil {
		return err
	}
	doc := struct {
		XMLName   xml.Name `xml:"LocationConstraint"`
		Namespace string   `xml:"xmlns,attr"`
		Region    string   `xml:",chardata"`
	}{Namespace: namespace, Region: b.Region}
	if doc.Region == "us-east-1" {
		doc.Region = "" // the region before there were regions
	}
	c.writeXML(http.StatusOK, doc)
	return nil
}

type versioningXML struct {
	XMLName   xml.Name `xml:"VersioningConfiguration"`
	Namespace string   `xml:"xmlns,attr,omitempty"`
	Status    string   `xml:",omitempty"`
	MFADelete string   `xml:"MfaDelete,omitempty"`
}

func serveGetVersioning(c *call) error {
	b, err := c.store.Bucket(c.ctx(), c.bucket)
	if err != nil {
		return err
	}
	c.writeXML(http.StatusOK, versioningXML{Namespace: namespace, Status: b.Versioning})
	return nil
}

func servePutVersioning(c *call) error {
	var doc versioningXML
	if err := c.readXML(&doc); err != nil {
		return err
	}
	if doc.MFADelete == VersioningEnabled {
		return fail("NotImplemented", "A header or query you provided implies functionality that is not implemented").with("Header", "MfaDelete")
	}
	if err := c.store.SetVersioning(c.ctx(), c.bucket, doc.Status); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// intParam reads a number from the query; more than the limit is the limit.
func (c *call) intParam(name string, absent, limit int) (int, error) {
	v := c.query.Get(name)
	if v == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil {
		return 0, errInvalidArgument(name, v, "Provided "+name+" not an integer or within integer range")
	}
	if n < 0 {
		return 0, errInvalidArgument(name, v, "Argument "+name+" must be an integer between 0 and 2147483647")
	}
	return min(int(n), limit), nil
}
