package objectstore

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// claim is what the client says of a part when it completes an upload.
type claim struct {
	number   int
	etag     string
	checksum string // "" where it says nothing
}

// complete makes an object of the claimed parts. Said twice it answers twice:
// the first answer may have been lost.
func (s *Store) complete(ctx context.Context, bucket, key, id string, claims []claim, want string, cond precondition) (Object, error) {
	u, err := findUpload(ctx, s.read, bucket, key, id)
	if IsCode(err, "NoSuchUpload") {
		if o, headErr := s.Head(ctx, bucket, key, ""); headErr == nil && o.uploadID == id {
			return o, nil
		}
	}
	if err != nil {
		return Object{}, err
	}
	all, err := s.parts(ctx, s.read, id, 0, maxPartNumber)
	if err != nil {
		return Object{}, err
	}
	chosen, err := choose(all, claims)
	if err != nil {
		return Object{}, err
	}
	o, err := s.join(u, chosen)
	if err != nil {
		return Object{}, err
	}
	if want != "" && o.Checksum.Value != "" && want != o.Checksum.Value {
		s.contents.discard(o.content)
		return Object{}, fail("BadDigest", "The %s you specified did not match the calculated checksum.", o.Checksum.Algorithm)
	}
	o, err = s.commit(ctx, o, cond, func(tx *sql.Tx) error {
		if _, err := findUpload(ctx, tx, bucket, key, id); err != nil {
			return err
		}
		return dropUpload(ctx, tx, id)
	})
	if err != nil {
		return Object{}, err
	}
	for _, p := range all {
		s.contents.remove(p.content)
	}
	return o, nil
}

// choose finds the claimed parts among those uploaded.
func choose(all []part, claims []claim) ([]part, error) {
	byNumber := make(map[int]part, len(all))
	for _, p := range all {
		byNumber[p.number] = p
	}
	for i := 1; i < len(claims); i++ {
		if claims[i].number <= claims[i-1].number {
			return nil, fail("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
	}
	var chosen []part
	for i, c := range claims {
		p, ok := byNumber[c.number]
		if !ok || strings.Trim(c.etag, `"`) != p.etag || c.checksum != "" && c.checksum != p.checksum.Value {
			return nil, fail("InvalidPart", "One or more of the specified parts could not be found. The part may not have been uploaded, "+
				"or the specified entity tag may not match the part's entity tag.").with("PartNumber", fmt.Sprint(c.number))
		}
		if i < len(claims)-1 && p.size < minPartSize {
			return nil, fail("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size").
				with("PartNumber", fmt.Sprint(c.number)).with("ProposedSize", fmt.Sprint(p.size)).with("MinSizeAllowed", fmt.Sprint(minPartSize))
		}
		chosen = append(chosen, p)
	}
	if len(chosen) == 0 {
		return nil, fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return chosen, nil
}

// join copies parts into one content, so that all objects are alike to readers.
func (s *Store) join(u upload, parts []part) (Object, error) {
	o := Object{Bucket: u.bucket, Key: u.key, Headers: u.headers, uploadID: u.id}
	for _, p := range parts {
		o.Parts = append(o.Parts, p.size)
		o.Size += p.size
	}
	if o.Size > s.opts.MaxObjectSize {
		return Object{}, errTooLarge(s.opts.MaxObjectSize)
	}
	var err error
	if o.ETag, err = joinedETag(parts); err != nil {
		return Object{}, err
	}
	d := &digests{md5: md5.New(), algorithm: u.checksum.Algorithm}
	newHash := algorithms[u.checksum.Algorithm]
	whole := newHash != nil && u.checksum.Type == fullObject
	if whole {
		d.sum = newHash()
	}
	o.content, err = s.contents.create(func(w io.Writer) error {
		if whole { // else the kernel copies, and nobody need look at the bytes
			w = io.MultiWriter(w, d.sum)
		}
		for _, p := range parts {
			if err := s.copyContent(w, p.content); err != nil {
				return fmt.Errorf("join part %d: %w", p.number, err)
			}
		}
		return nil
	})
	if err != nil {
		return Object{}, err
	}
	o.Checksum = d.checksum()
	if newHash != nil && !whole {
		o.Checksum, err = compositeChecksum(u.checksum.Algorithm, parts)
	}
	return o, err
}

func (s *Store) copyContent(w io.Writer, id string) error {
	f, err := s.contents.open(id)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// joinedETag is S3's for a multipart upload: the MD5 of the parts' MD5s, and
// how many there are.
func joinedETag(parts []part) (string, error) {
	h := md5.New()
	for _, p := range parts {
		b, err := hex.DecodeString(p.etag)
		if err != nil {
			return "", fmt.Errorf("part %d in the index: %w", p.number, err)
		}
		h.Write(b)
	}
	return fmt.Sprintf("%x-%d", h.Sum(nil), len(parts)), nil
}

func compositeChecksum(algorithm string, parts []part) (Checksum, error) {
	h := algorithms[algorithm]()
	for _, p := range parts {
		b, err := base64.StdEncoding.DecodeString(p.checksum.Value)
		if err != nil {
			return Checksum{}, fmt.Errorf("part %d in the index: %w", p.number, err)
		}
		h.Write(b)
	}
	value := fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(h.Sum(nil)), len(parts))
	return Checksum{algorithm, value, composite}, nil
}
