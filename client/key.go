package client

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/codec"
)

const keyHeader = "settle key v1"

// maxKeyFile bounds what is read of a key file.
const maxKeyFile = 1 << 10

var useNames = []string{"", "owner", "agent", "submit", "checkpoint", "node"}

// UseName returns the name of a key's use, such as "owner".
func UseName(use codec.Use) string {
	if use >= 1 && int(use) < len(useNames) {
		return useNames[use]
	}
	return fmt.Sprintf("use %d", use)
}

// ParseUse returns the use with a name.
func ParseUse(name string) (codec.Use, error) {
	if i := slices.Index(useNames, name); i > 0 {
		return codec.Use(i), nil
	}
	return 0, fmt.Errorf("unknown use %q: one of %s", name, strings.Join(useNames[1:], ", "))
}

// Key is an Ed25519 key pair of one use.
type Key struct {
	use     codec.Use
	private ed25519.PrivateKey
	public  codec.Hash
	id      codec.Hash
}

// GenerateKey makes a new key.
func GenerateKey(use codec.Use) *Key {
	var seed [32]byte
	fill(seed[:])
	return NewKey(seed, use)
}

// NewKey returns the key with a seed (RFC 8032 section 5.1.5).
func NewKey(seed [32]byte, use codec.Use) *Key {
	k := &Key{use: use, private: ed25519.NewKeyFromSeed(seed[:])}
	copy(k.public[:], k.private.Public().(ed25519.PublicKey))
	k.id = codec.KeyID(k.public[:])
	return k
}

// ID returns the key's id.
func (k *Key) ID() codec.Hash { return k.id }

// Public returns the public key.
func (k *Key) Public() codec.Hash { return k.public }

// Use returns what the key may sign.
func (k *Key) Use() codec.Use { return k.use }

// Private returns the private key, for signers of other packages.
func (k *Key) Private() ed25519.PrivateKey { return k.private }

// Sign signs a digest.
func (k *Key) Sign(digest codec.Hash) codec.Sig {
	return codec.Sig(ed25519.Sign(k.private, digest[:]))
}

// SignRequest signs a request for something that is not public: Key is an api.Signer.
func (k *Key) SignRequest(origin string, r *api.Request) {
	r.Key, r.Sent, r.Nonce = k.id, Now(), NewSalt()
	r.Signature = k.Sign(api.RequestDigest(origin, r))
}

// Format returns the key file.
func (k *Key) Format() []byte {
	return fmt.Appendf(nil, "%s\nuse %s\nid %s\npublic %s\nseed %x\n",
		keyHeader, UseName(k.use), k.id, k.public, k.private.Seed())
}

// ParseKey reads a key file. It accepts exactly what Format writes.
func ParseKey(file []byte) (*Key, error) {
	lines := strings.Split(string(file), "\n")
	if len(lines) != 6 || lines[0] != keyHeader {
		return nil, errors.New("not a settle key file")
	}
	name, _ := strings.CutPrefix(lines[1], "use ")
	use, err := ParseUse(name)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	text, _ := strings.CutPrefix(lines[4], "seed ")
	seed, err := hex.DecodeString(text)
	if err != nil || len(seed) != 32 {
		return nil, errors.New("key file: the seed is not 64 hex digits")
	}
	k := NewKey([32]byte(seed), use)
	if !bytes.Equal(k.Format(), file) {
		return nil, errors.New("key file: id or public key is not the seed's, or the form is another")
	}
	return k, nil
}

// SaveKey writes a key to a new file that only its owner can read. It never
// overwrites: a lost key cannot be made again.
func SaveKey(path string, k *Key) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("saving key: %w", err)
	}
	_, err = f.Write(k.Format())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("saving key: %w", err)
	}
	return nil
}

// LoadKey reads a key file. It refuses a file that others than its owner can read.
func LoadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("loading key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("loading key: %s can be read by others (mode %v): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("loading key: %s: %w", path, fs.ErrInvalid)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loading key: %w", err)
	}
	k, err := ParseKey(file)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return k, nil
}

// fill fills b with random bytes; the source never fails.
func fill(b []byte) { _, _ = rand.Read(b) }
