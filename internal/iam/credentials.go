package iam

import (
	"crypto/rand"
	"encoding/base64"
)

// NewAccessKeyID returns a random access key id: AKIA and 16 capitals and
// digits.
func NewAccessKeyID() string { return "AKIA" + rand.Text()[:16] }

// NewSecretAccessKey returns 40 characters that hold 240 random bits.
func NewSecretAccessKey() string {
	var b [30]byte
	rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// NewUserID returns a random user id: AIDA and 17 capitals and digits.
func NewUserID() string { return "AIDA" + rand.Text()[:17] }

// NewSessionKeyID returns the access key id of a session: ASIA and 16 capitals
// and digits.
func NewSessionKeyID() string { return "ASIA" + rand.Text()[:16] }

// NewRoleID returns a random role id: AROA and 17 capitals and digits.
func NewRoleID() string { return "AROA" + rand.Text()[:17] }

// NewPolicyID returns the id of a managed policy: ANPA and 17 capitals and
// digits.
func NewPolicyID() string { return "ANPA" + rand.Text()[:17] }
