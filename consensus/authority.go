package consensus

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Files of an authority and of a node's credentials inside their directory. Keys are
// written 0600.
const (
	AuthorityFile    = "cluster-ca.pem"
	AuthorityKeyFile = "cluster-ca.key"
	NodeFile         = "node.pem"
	NodeKeyFile      = "node.key"
)

// peerName is in every certificate, so that the standard verification of names works
// for servers whose address changes; who the peer is stands in the URI.
const peerName = "node.settle.invalid"

// Validity of new certificates, and how far they are dated back for clocks that lag.
const (
	AuthorityLife = 20 * 365 * 24 * time.Hour
	NodeLife      = 5 * 365 * 24 * time.Hour
	backdate      = time.Hour
)

// validName is what cluster and server names are made of: it is safe in a URI path, a
// file name and a raft server id.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Authority is the certificate authority of one cluster: the only root that its nodes
// trust for raft traffic and for each other's HTTP.
type Authority struct {
	Cluster string // name of the cluster
	cert    *x509.Certificate
	key     ed25519.PrivateKey
}

// Credentials are what one node needs: its certificate and key, and the authority's
// certificate.
type Credentials struct {
	AuthorityPEM []byte
	CertPEM      []byte
	KeyPEM       []byte
}

// NewAuthority makes an authority valid from now on. The name has 1 to 64 letters,
// digits, dots, underscores and hyphens.
func NewAuthority(cluster string, now time.Time) (*Authority, error) {
	if !validName.MatchString(cluster) {
		return nil, fmt.Errorf("cluster name %q: 1 to 64 letters, digits, '.', '_', '-' expected", cluster)
	}
	template, err := newTemplate(cluster, now, AuthorityLife)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	template.URIs = []*url.URL{clusterURI(cluster)}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pub, key)
	if err != nil {
		return nil, fmt.Errorf("create authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{Cluster: cluster, cert: cert, key: key}, err
}

// Issue makes the credentials of the node with this raft server id.
func (a *Authority) Issue(server string, now time.Time) (*Credentials, error) {
	if !validName.MatchString(server) {
		return nil, fmt.Errorf("server id %q: 1 to 64 letters, digits, '.', '_', '-' expected", server)
	}
	template, err := newTemplate(server, now, NodeLife)
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{peerName}
	template.URIs = []*url.URL{nodeURI(a.Cluster, server)}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, pub, a.key)
	if err != nil {
		return nil, fmt.Errorf("issue certificate of %s: %w", server, err)
	}
	keyPEM, err := formatKey(key)
	return &Credentials{AuthorityPEM: formatCert(a.cert.Raw), CertPEM: formatCert(der), KeyPEM: keyPEM}, err
}

// Write stores the authority in dir. It refuses to overwrite another one.
func (a *Authority) Write(dir string) error {
	key, err := formatKey(a.key)
	if err != nil {
		return err
	}
	if err := writeNew(filepath.Join(dir, AuthorityKeyFile), key); err != nil {
		return err
	}
	return writeNew(filepath.Join(dir, AuthorityFile), formatCert(a.cert.Raw))
}

// LoadAuthority reads what Write stored.
func LoadAuthority(dir string) (*Authority, error) {
	cert, err := readCert(filepath.Join(dir, AuthorityFile))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, AuthorityKeyFile))
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	if !key.Public().(ed25519.PublicKey).Equal(cert.PublicKey) {
		return nil, errors.New("authority: key and certificate do not belong together")
	}
	cluster, err := clusterOf(cert)
	return &Authority{Cluster: cluster, cert: cert, key: key}, err
}

// Write stores the credentials in dir, the key 0600. It refuses to overwrite others.
func (c *Credentials) Write(dir string) error {
	if err := writeNew(filepath.Join(dir, NodeKeyFile), c.KeyPEM); err != nil {
		return err
	}
	if err := writeNew(filepath.Join(dir, NodeFile), c.CertPEM); err != nil {
		return err
	}
	path := filepath.Join(dir, AuthorityFile)
	if old, err := os.ReadFile(path); err == nil && string(old) == string(c.AuthorityPEM) {
		return nil // the authority lives in the same directory
	}
	return writeNew(path, c.AuthorityPEM)
}

func newTemplate(name string, now time.Time, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(life),
	}, nil
}

func clusterURI(cluster string) *url.URL { return &url.URL{Scheme: "ledger", Host: cluster} }

func nodeURI(cluster, server string) *url.URL {
	return &url.URL{Scheme: "ledger", Host: cluster, Path: "/node/" + server}
}

func clusterOf(authority *x509.Certificate) (string, error) {
	if len(authority.URIs) != 1 || authority.URIs[0].String() != clusterURI(authority.URIs[0].Host).String() {
		return "", errors.New("certificate of the authority does not name a cluster")
	}
	return authority.URIs[0].Host, nil
}

func formatCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func formatKey(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func parseKey(text []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("no PEM private key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if key, ok := key.(ed25519.PrivateKey); ok {
		return key, nil
	}
	return nil, errors.New("not an Ed25519 key")
}

func readCert(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("certificate: %s is not PEM", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate: %s: %w", path, err)
	}
	return cert, nil
}

// writeNew writes a file that only its owner reads, and never replaces one.
func writeNew(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}
