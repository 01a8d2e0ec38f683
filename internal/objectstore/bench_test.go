package objectstore_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func BenchmarkPut(b *testing.B) { benchmark(b, putOnce) }

func BenchmarkGet(b *testing.B) { benchmark(b, getOnce) }

func benchmark(b *testing.B, once func(*testing.B, *s3.Client, []byte)) {
	for _, size := range []int{4 << 10, 64 << 20} {
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			c, content := shop(b), pattern(size)
			putOnce(b, c, content)
			b.SetBytes(int64(size))
			for b.Loop() {
				once(b, c, content)
			}
		})
	}
}

func putOnce(b *testing.B, c *s3.Client, content []byte) {
	got(c.PutObject(b.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: aws.String("k"), Body: bytes.NewReader(content)}))(b)
}

func getOnce(b *testing.B, c *s3.Client, _ []byte) {
	out := got(c.GetObject(b.Context(), &s3.GetObjectInput{Bucket: aws.String("shop"), Key: aws.String("k")}))(b)
	_ = got(io.Copy(io.Discard, out.Body))(b)
	_ = out.Body.Close()
}
