package main

import (
	"bytes"
	"testing"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// FuzzDraft: a draft file that is accepted has one form.
func FuzzDraft(f *testing.F) {
	d := &draft{Draft: client.Draft{Kind: codec.KindParty, Body: []byte{0xa0}, Attachments: [][]byte{{1}}}, origin: "a/b"}
	d.Sign("a/b", client.NewKey([32]byte{1}, codec.UseOwner))
	f.Add(d.format())
	f.Add([]byte("settle draft v1\norigin \nkind genesis\nbody \n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := parseDraft(file)
		if err == nil && !bytes.Equal(d.format(), file) {
			t.Fatal("two forms of one draft")
		}
	})
}

// FuzzSignatureFile: a signature file that is accepted has one form.
func FuzzSignatureFile(f *testing.F) {
	k := client.NewKey([32]byte{1}, codec.UseOwner)
	digest := codec.BlobHash(nil)
	f.Add((&signatureFile{origin: "a", digest: digest, public: k.Public(), sig: k.Sign(digest)}).format())
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := parseSignatureFile(file)
		if err == nil && !bytes.Equal(s.format(), file) {
			t.Fatal("two forms of one signature")
		}
	})
}
