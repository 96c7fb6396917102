package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/internal/damage"
	"github.com/forgepool/settle/ledger"
)

func (c *cluster) exit(server string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exits[server]
}

// TestDamagedRecordEndsTheNode: a record that lost a bit is found when it is read, if
// not at the start; the node ends with 73 and does not start again.
func TestDamagedRecordEndsTheNode(t *testing.T) {
	c := start(t, 1)
	var items []client.Item
	for range 20 {
		items = append(items, c.registration(party(codec.RoleCustomer)))
	}
	c.commit(0, items...)
	c.stop(0)
	if err := damage.FlipRecord(filepath.Join(c.configs[0].Dir, "ledger"), 7); err != nil {
		t.Fatal(err)
	}
	n, err := Start(c.configs[0])
	if err == nil {
		c.nodes[0] = n
		_, readErr := c.client(0).Service().Record(t.Context(), 7)
		if readErr == nil || c.exit("n1") != consensus.ExitIntegrity {
			t.Errorf("served: %v, exit %d", readErr, c.exit("n1"))
		}
		c.stop(0)
	}
	var marker *Marker
	if _, err := Start(c.configs[0]); !errors.As(err, &marker) || marker.Code != consensus.ExitIntegrity {
		t.Errorf("started again: %v", err)
	}
}

// TestPanicsBecomeExitCodes: what the ledger panics with decides the code.
func TestPanicsBecomeExitCodes(t *testing.T) {
	for _, test := range []struct {
		value any
		code  int
	}{
		{&ledger.IntegrityError{What: "test"}, consensus.ExitIntegrity},
		{fmt.Errorf("wrapped: %w", &ledger.IntegrityError{What: "test"}), consensus.ExitIntegrity},
		{"ledger: storage failed: test", consensus.ExitStorage},
		{&consensus.FatalError{Code: consensus.ExitStall, Err: errors.New("test")}, consensus.ExitStall},
	} {
		code := 0
		f := &fatality{config: &Config{Dir: t.TempDir(), Logger: quiet(), Exit: func(c int) { code = c }}}
		func() {
			defer func() { recover() }()
			defer f.guard()
			panic(test.value)
		}()
		if code != test.code {
			t.Errorf("%v: exit %d, want %d", test.value, code, test.code)
		}
	}
}

// TestAPIOverTLS serves the contract with a certificate.
func TestAPIOverTLS(t *testing.T) {
	c := start(t, 1)
	c.stop(0)
	authority, err := consensus.NewAuthority("api", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := authority.Issue("api", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(credentials.CertPEM, credentials.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	c.configs[0].APITLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	c.start(0)
	c.await()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.nodes[0].Address("api")+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
}

// TestShortOfSpace: submissions and artifacts are refused, reads go on.
func TestShortOfSpace(t *testing.T) {
	c := start(t, 1)
	c.stop(0)
	c.configs[0].MinFree = 1 << 62
	c.start(0)
	c.await()
	for deadline := time.Now().Add(patient); !c.nodes[0].space.short() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	sdk, data := c.client(0), []byte("x")
	if _, err := sdk.Service().Submit(t.Context(), c.batch(c.registration(party(codec.RoleCustomer))).Bytes); codeOf(err) != codec.CodeStorageFull {
		t.Errorf("submit: %v", err)
	}
	put := &api.Upload{Hash: codec.BlobHash(data), Size: 1, Party: c.hub.Party(), Key: c.submit.ID()}
	put.Signature = c.submit.Sign(api.UploadDigest(originA, put))
	if err := sdk.Service().PutArtifact(t.Context(), put, bytes.NewReader(data)); codeOf(err) != codec.CodeStorageFull {
		t.Errorf("artifact: %v", err)
	}
	if _, err := sdk.Service().Record(t.Context(), 0); err != nil {
		t.Errorf("read: %v", err)
	}
}
