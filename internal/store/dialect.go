package store

import (
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strings"
)

// dialect is the database that a store is on. The SQL is the same for both;
// what is not asks for it.
type dialect int

const (
	sqlite dialect = iota
	postgres
)

var columnType = regexp.MustCompile(`\b(INTEGER|TEXT)\b`)

// inPostgres turns a migration, which is written in SQLite's types, into
// PostgreSQL's: an INTEGER has 64 bits, and text is ordered by its bytes
// whatever the language of the database. Lines that begin with "-- postgres:"
// are for PostgreSQL only.
func inPostgres(migration string) string {
	migration = strings.ReplaceAll(migration, "\n-- postgres:", "\n")
	return columnType.ReplaceAllStringFunc(migration, func(t string) string {
		if t == "INTEGER" {
			return "BIGINT"
		}
		return `TEXT COLLATE "C"`
	})
}

// postgresFiles are migrations as PostgreSQL reads them.
type postgresFiles struct{ fs.FS }

func (p postgresFiles) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return postgresFile{f, strings.NewReader(inPostgres(string(text)))}, nil
}

// postgresFile is an open file that reads as something else.
type postgresFile struct {
	fs.File
	text io.Reader
}

func (f postgresFile) Read(b []byte) (int, error) { return f.text.Read(b) }

// sqlState returns the code of an error of PostgreSQL, or "".
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// The codes that the store acts on.
const (
	uniqueViolation     = "23505"
	serializationFailed = "40001"
	deadlock            = "40P01"
	notInEncoding       = "22021" // a text that PostgreSQL cannot hold: it has a NUL or is no UTF-8
)
