package consensus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Protocols on the one cluster port, chosen by TLS ALPN.
const (
	protocolRaft   = "settle-raft/1"   // hashicorp/raft
	protocolAppend = "settle-append/1" // raft's entries (append.go)
	protocolPeer   = "settle-peer/1"   // status and start announcements (peer.go)
	protocolHTTP   = "settle-http/1"   // HTTP between nodes, served by package node
)

// Identity is who this node is for its peers, and how it judges theirs. The files are
// read again when they change, so certificates are rotated without a restart.
type Identity struct {
	Cluster string
	Server  string // raft server id, from the certificate

	dir   string
	roots *x509.CertPool
	now   func() time.Time

	mu     sync.Mutex
	cert   *tls.Certificate
	loaded time.Time // modification time of the certificate file that cert is from
}

// LoadIdentity reads the credentials that (*Credentials).Write stored in dir. The
// clock judges validity; nil means the system's.
func LoadIdentity(dir string, now func() time.Time) (*Identity, error) {
	authority, err := readCert(filepath.Join(dir, AuthorityFile))
	if err != nil {
		return nil, err
	}
	cluster, err := clusterOf(authority)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	id := &Identity{Cluster: cluster, dir: dir, roots: x509.NewCertPool(), now: now}
	id.roots.AddCert(authority)
	cert, err := id.certificate()
	if err != nil {
		return nil, err
	}
	id.Server, err = id.serverOf(cert.Leaf)
	return id, err
}

// Expires returns the end of validity of the node's certificate.
func (id *Identity) Expires() time.Time {
	cert, err := id.certificate()
	if err != nil {
		return time.Time{}
	}
	return cert.Leaf.NotAfter
}

// certificate returns the node's certificate as it is on disk now. If the new file
// cannot be used, the one in memory stays.
func (id *Identity) certificate() (*tls.Certificate, error) {
	id.mu.Lock()
	defer id.mu.Unlock()
	path := filepath.Join(id.dir, NodeFile)
	info, err := os.Stat(path)
	if err == nil && (id.cert == nil || !info.ModTime().Equal(id.loaded)) {
		var cert tls.Certificate
		if cert, err = tls.LoadX509KeyPair(path, filepath.Join(id.dir, NodeKeyFile)); err == nil {
			id.cert, id.loaded = &cert, info.ModTime()
		}
	}
	if id.cert != nil {
		return id.cert, nil
	}
	return nil, fmt.Errorf("node certificate: %w", err)
}

// serverOf returns the server id in a node certificate of this cluster.
func (id *Identity) serverOf(cert *x509.Certificate) (string, error) {
	if len(cert.URIs) != 1 {
		return "", errors.New("certificate does not name one node")
	}
	server := strings.TrimPrefix(cert.URIs[0].Path, "/node/")
	if !validName.MatchString(server) || cert.URIs[0].String() != nodeURI(id.Cluster, server).String() {
		return "", fmt.Errorf("certificate is for %s, not for a node of cluster %s", cert.URIs[0], id.Cluster)
	}
	return server, nil
}

// base is what both directions have in common.
func (id *Identity) base() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		RootCAs:                id.roots,
		ClientCAs:              id.roots,
		Time:                   id.now,
		ServerName:             peerName,
		SessionTicketsDisabled: true, // a resumed session would keep a removed peer's old proof
	}
}

// serverConfig accepts peers of this cluster whom allowed admits.
func (id *Identity) serverConfig(allowed func(server string) bool) *tls.Config {
	c := id.base()
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.NextProtos = []string{protocolRaft, protocolAppend, protocolPeer, protocolHTTP}
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return id.certificate() }
	c.VerifyConnection = func(s tls.ConnectionState) error {
		server, err := id.serverOf(s.PeerCertificates[0])
		if err != nil {
			return err
		}
		if !allowed(server) {
			return fmt.Errorf("server %s is not in the configuration", server)
		}
		return nil
	}
	return c
}

// clientConfig reaches the server with this id, or any node of the cluster if it is
// empty.
func (id *Identity) clientConfig(protocol, server string) *tls.Config {
	c := id.base()
	c.NextProtos = []string{protocol}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return id.certificate() }
	c.VerifyConnection = func(s tls.ConnectionState) error {
		got, err := id.serverOf(s.PeerCertificates[0])
		switch {
		case err != nil:
			return err
		case server != "" && got != server:
			return fmt.Errorf("reached server %s instead of %s", got, server)
		case s.NegotiatedProtocol != protocol:
			return fmt.Errorf("peer does not speak %s", protocol)
		}
		return nil
	}
	return c
}
