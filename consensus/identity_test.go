package consensus

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// credentials writes those of a server to a new directory and loads them.
func credentials(t *testing.T, ca *Authority, server string, now func() time.Time) *Identity {
	t.Helper()
	dir := t.TempDir()
	c, err := ca.Issue(server, time.Now())
	must(t, err)
	must(t, c.Write(dir))
	id, err := LoadIdentity(dir, now)
	must(t, err)
	return id
}

func newTestAuthority(t *testing.T, cluster string) *Authority {
	t.Helper()
	ca, err := NewAuthority(cluster, time.Now())
	must(t, err)
	return ca
}

// TestWhoIsHeard is the table of peers that knock at the cluster port.
func TestWhoIsHeard(t *testing.T) {
	ca := newTestAuthority(t, "test")
	server := credentials(t, ca, "n1", nil)
	later := func() time.Time { return time.Now().Add(NodeLife + time.Hour) }
	earlier := func() time.Time { return time.Now().Add(-2 * backdate) }
	cases := []struct {
		name     string
		client   *Identity
		expect   string // server the client wants to reach
		protocol string
		ok       bool
	}{
		{"member", credentials(t, ca, "n2", nil), "n1", protocolRaft, true},
		{"member, http", credentials(t, ca, "n2", nil), "n1", protocolHTTP, true},
		{"member, any server", credentials(t, ca, "n2", nil), "", protocolPeer, true},
		{"certificate of this cluster, not a member", credentials(t, ca, "n9", nil), "n1", protocolRaft, false},
		{"other authority, same names", credentials(t, newTestAuthority(t, "test"), "n2", nil), "n1", protocolRaft, false},
		{"other cluster", credentials(t, newTestAuthority(t, "other"), "n2", nil), "n1", protocolRaft, false},
		{"reached another server", credentials(t, ca, "n2", nil), "n3", protocolRaft, false},
		{"unknown protocol", credentials(t, ca, "n2", nil), "n1", "settle-raft/2", false},
		{"expired", credentials(t, ca, "n2", later), "n1", protocolRaft, false},
		{"not yet valid", credentials(t, ca, "n2", earlier), "n1", protocolRaft, false},
	}
	m := startMux(t, server, func(id string) bool { return id == "n1" || id == "n2" })
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			conn, err := dial(ctx, tc.client, tc.protocol, m.inner.Addr().String(), tc.expect)
			if err == nil {
				defer conn.Close()
				_, err = bufio.NewReader(conn).ReadString('\n')
			}
			if (err == nil) != tc.ok {
				t.Fatalf("error %v, want success %v", err, tc.ok)
			}
		})
	}
}

// startMux serves a cluster port on which every protocol says its name and hangs up.
func startMux(t *testing.T, id *Identity, allowed func(string) bool) *mux {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	m := newMux(l, id.serverConfig(allowed), l.Addr(), quietSlog())
	done := make(chan struct{})
	for protocol, listener := range m.listeners {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, protocol+"\n")
				_ = conn.Close()
			}
		}()
	}
	t.Cleanup(func() {
		must(t, m.close())
		for range m.listeners {
			<-done
		}
	})
	return m
}

// TestWithoutCertificate knocks without one, and without TLS.
func TestWithoutCertificate(t *testing.T) {
	ca := newTestAuthority(t, "test")
	server := credentials(t, ca, "n1", nil)
	m := startMux(t, server, func(string) bool { return true })
	config := server.base()
	config.NextProtos = []string{protocolRaft}
	conn, err := tls.Dial("tcp", m.inner.Addr().String(), config)
	if err == nil {
		_, err = bufio.NewReader(conn).ReadString('\n')
		_ = conn.Close()
	}
	if err == nil {
		t.Error("a peer without a certificate was heard")
	}
	config = server.clientConfig(protocolRaft, "n1")
	config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if conn, err := tls.Dial("tcp", m.inner.Addr().String(), config); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.2 was accepted")
	}
	plain, err := net.Dial("tcp", m.inner.Addr().String())
	must(t, err)
	defer plain.Close()
	_, _ = io.WriteString(plain, "GET / HTTP/1.0\r\n\r\n")
	if answer, _ := io.ReadAll(plain); strings.Contains(string(answer), "settle") {
		t.Errorf("a plain connection got %q", answer)
	}
}

// TestRotation replaces a certificate under a running server.
func TestRotation(t *testing.T) {
	ca := newTestAuthority(t, "test")
	server := credentials(t, ca, "n1", nil)
	before, err := server.certificate()
	must(t, err)
	fresh, err := ca.Issue("n1", time.Now().Add(24*time.Hour))
	must(t, err)
	for name, text := range map[string][]byte{NodeKeyFile: fresh.KeyPEM, NodeFile: fresh.CertPEM} {
		must(t, os.WriteFile(filepath.Join(server.dir, name), text, 0o600))
	}
	must(t, os.Chtimes(filepath.Join(server.dir, NodeFile), time.Now(), time.Now().Add(time.Minute)))
	after, err := server.certificate()
	must(t, err)
	if before.Leaf.SerialNumber.Cmp(after.Leaf.SerialNumber) == 0 {
		t.Error("the old certificate is still in use")
	}
	if !server.Expires().Equal(after.Leaf.NotAfter) {
		t.Errorf("expires %v", server.Expires())
	}
	must(t, os.WriteFile(filepath.Join(server.dir, NodeFile), []byte("damaged"), 0o600))
	kept, err := server.certificate()
	if err != nil || kept.Leaf.SerialNumber.Cmp(after.Leaf.SerialNumber) != 0 {
		t.Errorf("a damaged file replaced the certificate: %v", err)
	}
}

func TestAuthorityFiles(t *testing.T) {
	ca := newTestAuthority(t, "test")
	dir := t.TempDir()
	must(t, ca.Write(dir))
	if err := ca.Write(dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("an authority was overwritten: %v", err)
	}
	loaded, err := LoadAuthority(dir)
	must(t, err)
	c, err := loaded.Issue("n1", time.Now())
	must(t, err)
	must(t, c.Write(dir))
	id, err := LoadIdentity(dir, nil)
	must(t, err)
	if id.Server != "n1" || id.Cluster != "test" {
		t.Errorf("%s of %s", id.Server, id.Cluster)
	}
	for _, name := range []string{NodeKeyFile, AuthorityKeyFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	for _, name := range []string{"", "a/b", "-a", strings.Repeat("a", 65), "a b", "é"} {
		if _, err := ca.Issue(name, time.Now()); err == nil {
			t.Errorf("a certificate was issued for %q", name)
		}
		if _, err := NewAuthority(name, time.Now()); err == nil {
			t.Errorf("an authority was made for %q", name)
		}
	}
}

// TestPrune drops the connection of a peer that is removed.
func TestPrune(t *testing.T) {
	ca := newTestAuthority(t, "test")
	server := credentials(t, ca, "n1", nil)
	var removed atomic.Bool
	m := &members{}
	m.follow(func() raft.Configuration {
		servers := []raft.Server{{ID: "n1"}}
		if !removed.Load() {
			servers = append(servers, raft.Server{ID: "n2"})
		}
		return raft.Configuration{Servers: servers}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := newMux(l, server.serverConfig(m.allowed), l.Addr(), quietSlog())
	defer port.close()
	layer := &streamLayer{
		subListener: port.listeners[protocolRaft], protocol: protocolRaft, identity: server, members: m, conns: make(map[*peerConn]struct{}),
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := dial(ctx, credentials(t, ca, "n2", nil), protocolRaft, l.Addr().String(), "n1")
	must(t, err)
	defer out.Close()
	in, err := layer.Accept()
	must(t, err)
	layer.prune()
	if _, err := in.Write([]byte("still here")); err != nil {
		t.Fatalf("a member's connection was closed: %v", err)
	}
	removed.Store(true)
	layer.prune()
	if _, err := in.Write([]byte("x")); err == nil {
		t.Error("the connection of a removed peer is still open")
	}
	if _, err := io.ReadAll(out); err != nil && !errors.Is(err, io.EOF) {
		t.Logf("the removed peer sees %v", err)
	}
}
